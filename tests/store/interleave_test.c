/* Every interleaving of three processes over attempt, spend, end and tidy, with the clock stepping at any
 * moment, on a simulated folder (sim.h).
 *
 * Every state that can be reached is visited once and checked as it stands. That is a kill at each point: a
 * killed process is one that is never run again, and what the others meet then is a state of this graph, with
 * a newcomer tried in it. It is a stop at each point, too: a stopped process is one that the clock or the
 * others overtake. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../pam_psg/store/folder_memory.h"

#define DEPTH_MAX 512

struct scenario {
	const char *name;
	struct sim_script scripts[SIM_PROCESSES];
	uint32_t attempts;  /* of the throttle, at once; then 50 s, 100 s */
	int64_t clock_s[2]; /* what the clock may step by; 0: not */
	unsigned int clock_steps;
	bool devices_change;
	bool old_one; /* an activation by the code before was ended long ago */
	bool failed;  /* one wrong guess was made just before */
	enum { ON_BOTH = 0, ON_SPENT, ON_ATTEMPTS } focus;
};

struct explorer {
	struct sim sim;
	const struct scenario *scenario;
	unsigned int clock_steps;
	uint64_t *seen[2]; /* states; folders with their time and what was spent: open hash sets */
	size_t count[2], size[2];
	unsigned long opened,
	    refused; /* claims that finished well and otherwise, over all states */
};

static bool add_seen(struct explorer *e, int set, uint64_t hash)
{
	hash += hash == 0;
	if (2 * e->count[set] >= e->size[set]) {
		size_t size = e->size[set] == 0 ? 1 << 16 : 2 * e->size[set];
		uint64_t *grown = calloc(size, sizeof(*grown));

		assert_non_null(grown);
		for (size_t i = 0; i < e->size[set]; i++) {
			size_t at = (size_t)e->seen[set][i] & (size - 1);

			if (e->seen[set][i] == 0)
				continue;
			while (grown[at] != 0)
				at = (at + 1) & (size - 1);
			grown[at] = e->seen[set][i];
		}
		free(e->seen[set]);
		e->seen[set] = grown;
		e->size[set] = size;
	}
	for (size_t at = (size_t)hash & (e->size[set] - 1);; at = (at + 1) & (e->size[set] - 1)) {
		if (e->seen[set][at] == hash)
			return false;
		if (e->seen[set][at] == 0) {
			e->seen[set][at] = hash;
			e->count[set]++;
			return true;
		}
	}
}

/* -- what must hold in every state -- */

static uint32_t live_codes(const struct explorer *e, struct sim_state *state)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_store store;
	struct psg_now now;
	uint32_t live = 0;

	sim_visit(&e->sim, state, 0, &store, &now);
	assert_int_equal(psg_people_activations(&store, SIM_FOLK, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (psg_activation_live(&list.items[i], &now))
			live |= sim_code_bit(&e->sim, list.items[i].file);
	}
	return live;
}

static void check_ends(const struct explorer *e, struct sim_state *state)
{
	uint32_t live = live_codes(e, state);

	if ((live & state->ended) != 0)
		fail_msg("%s: live after its end returned success", e->scenario->name);
	for (int i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *p = &state->processes[i];
		uint32_t bit = p->spent > 0 ? UINT32_C(1) << (p->spent - 1) : 0;
		bool others = false;

		for (int j = 0; j < SIM_PROCESSES; j++)
			others |= j != i && state->processes[j].spent == p->spent;
		if (p->finished && p->result != PSG_OK && (live & bit) != 0 && !others)
			fail_msg("%s: live though its claim failed", e->scenario->name);
	}
}

static void check_successes(const struct explorer *e, const struct sim_state *state)
{
	for (int i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *p = &state->processes[i];

		if (e->sim.scripts[i].kind != SIM_CLAIM || !p->finished || p->result != PSG_OK)
			continue;
		if (p->wrote_in_vain)
			fail_msg("%s: success, though ended or gone before it was written",
				 e->scenario->name);
		if (p->behind)
			fail_msg("%s: an older code opened after a newer", e->scenario->name);
		if (p->write_s - p->attempt_now > 60)
			fail_msg("%s: success, though it slept over a minute", e->scenario->name);
		for (int j = 0; j < i; j++) {
			const struct sim_process *q = &state->processes[j];

			if (q->finished && q->result == PSG_OK && q->spent == p->spent &&
			    e->sim.scripts[j].kind == SIM_CLAIM)
				fail_msg("%s: one code opened twice", e->scenario->name);
		}
	}
}

static int64_t delay_s(const struct explorer *e, int count)
{
	int64_t delay = e->sim.throttle.delay_s;

	if (count < (int)e->sim.throttle.attempts)
		return 0;
	for (int i = (int)e->sim.throttle.attempts; i < count; i++)
		delay *= 2;
	return delay < e->sim.throttle.maximum_delay_s ? delay : e->sim.throttle.maximum_delay_s;
}

/* Whether the guesses that were believed and not forgiven are what the throttle allows one process that
 * makes them in a row; `more`: with one now. */
static bool throttle_holds(const struct explorer *e, const struct sim_state *state, bool more)
{
	int64_t before = 0;
	int count = 0;

	for (int order = 1; order <= state->orders; order++) {
		for (int i = 0; i < SIM_PROCESSES; i++) {
			const struct sim_process *p = &state->processes[i];

			if (p->order != order || !p->evaluated || p->covered)
				continue;
			if (p->attempt_s - before < delay_s(e, count))
				return false;
			before = p->attempt_s;
			count++;
		}
	}
	return !more || state->elapsed_s - before >= delay_s(e, count);
}

static void check_throttle(const struct explorer *e, struct sim_state *state)
{
	int64_t wait;
	enum psg_err err;

	if (!throttle_holds(e, state, false))
		fail_msg("%s: more guesses than the throttle allows", e->scenario->name);
	if (!throttle_holds(e, state, true)) {
		err = sim_newcomer(&e->sim, state, 0, "000000", &wait);
		if (err != PSG_ERR_THROTTLED)
			fail_msg("%s: a newcomer guessed past the throttle: %s", e->scenario->name,
				 psg_strerror(err));
	}
}

/* Whoever was killed or stopped where they stand now: a newcomer with a newer code gets in, at the latest
 * after the delay that it is told. */
static void check_nobody_is_blocked(const struct explorer *e, struct sim_state *state)
{
	struct sim_state *copy = sim_state_copy(&e->sim, state);
	char code[PSG_CODE_DIGITS_MAX + 1];
	enum psg_err err = PSG_ERR_THROTTLED;
	int64_t wait = 0;

	for (int i = 0; i < 2 && err == PSG_ERR_THROTTLED; i++) {
		sim_code(&e->sim, 2 + (int)(copy->elapsed_s / 30), code);
		err = sim_newcomer(&e->sim, copy, 30, code, &wait);
		copy->elapsed_s += wait / FOLK_S + 1;
		copy->realtime_ns += wait + FOLK_S;
	}
	sim_state_free(copy);
	if (err != PSG_OK && !e->scenario->devices_change)
		fail_msg("%s: a newcomer is blocked: %s", e->scenario->name, psg_strerror(err));
}

/* A code that was spent once opens nothing, even with the wall clock back at the time it was shown. */
static void check_spent_stays_spent(const struct explorer *e, struct sim_state *state)
{
	for (int c = -1; c <= 1; c++) {
		struct sim_state *copy;
		char code[PSG_CODE_DIGITS_MAX + 1];
		int64_t wait = 0;
		enum psg_err err = PSG_ERR_THROTTLED;

		if ((state->spent_ever & (UINT32_C(1) << (c + 8))) == 0)
			continue;
		sim_code(&e->sim, c, code);
		copy = sim_state_copy(&e->sim, state);
		for (int i = 0; i < 2 && err == PSG_ERR_THROTTLED; i++) {
			err = sim_newcomer(&e->sim, copy, -copy->elapsed_s, code, &wait);
			copy->elapsed_s += wait / FOLK_S + 1;
		}
		sim_state_free(copy);
		if (err == PSG_OK)
			fail_msg("%s: a spent code opened again", e->scenario->name);
	}
}

static void check(struct explorer *e, struct sim_state *state)
{
	uint64_t folder = psg_folder_memory_hash(state->root);

	check_successes(e, state);
	check_ends(e, state);
	check_throttle(e, state);
	folder = folder * 31 + (uint64_t)state->elapsed_s;
	folder = folder * 31 + state->spent_ever;
	if (!add_seen(e, 1, folder))
		return;
	check_nobody_is_blocked(e, state);
	check_spent_stays_spent(e, state);
}

/* -- all of them -- */

static void visit(struct explorer *e, struct sim_state *state);

static void visit_later(struct explorer *e, struct sim_state *state)
{
	for (size_t i = 0; i < PSG_COUNT(e->scenario->clock_s); i++) {
		int64_t seconds = e->scenario->clock_s[i];
		struct sim_state *next;

		if (seconds == 0 || state->steps == e->clock_steps)
			continue;
		next = sim_state_copy(&e->sim, state);
		next->steps++;
		next->elapsed_s += seconds;
		next->realtime_ns += seconds * FOLK_S;
		visit(e, next);
	}
}

/* Takes over `state`. */
static void visit(struct explorer *e, struct sim_state *state)
{
	if (!add_seen(e, 0, sim_state_hash(&e->sim, state))) {
		sim_state_free(state);
		return;
	}
	check(e, state);
	for (int i = 0; i < SIM_PROCESSES; i++) {
		struct sim_state *next;

		if (state->processes[i].finished)
			continue;
		next = sim_state_copy(&e->sim, state);
		sim_step(&e->sim, next, i, state->steps == e->clock_steps);
		if (next->processes[i].finished && e->sim.scripts[i].kind == SIM_CLAIM) {
			e->opened += next->processes[i].result == PSG_OK;
			e->refused += next->processes[i].result != PSG_OK;
		}
		visit(e, next);
	}
	visit_later(e, state);
	sim_state_free(state);
}

static void make_parts(struct psg_store *store)
{
	static const char *const parts[] = {"authenticators", "attempts", "spent"};
	struct psg_folder *people PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_folder *person PSG_CLEANUP(psg_folder_release) = NULL;

	assert_int_equal(store->root->ops->open(store->root, "people", true, &people), PSG_OK);
	assert_int_equal(people->ops->open(people, SIM_FOLK, true, &person), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(parts); i++) {
		struct psg_folder *part PSG_CLEANUP(psg_folder_release) = NULL;

		assert_int_equal(person->ops->open(person, parts[i], true, &part), PSG_OK);
	}
}

/* The first state: an enrolled person, and what the scenario wants to have happened before. */
static struct sim_state *begin(struct explorer *e)
{
	struct sim_state *state = sim_state_new(&e->sim);
	struct psg_grant grant = sim_grant();
	struct psg_store store;
	struct psg_now now;
	char code[PSG_CODE_DIGITS_MAX + 1];
	struct psg_claim claim = {.subject = SIM_FOLK,
				  .code = code,
				  .apart = PSG_NOT_APART,
				  .throttle = &e->sim.throttle,
				  .window_steps = 1,
				  .grant = &grant};
	struct psg_activation old;
	int64_t wait;

	sim_visit(&e->sim, state, 0, &store, &now);
	make_parts(&store);
	assert_int_equal(psg_people_enroll(&store, SIM_FOLK, &e->sim.credential), PSG_OK);
	if (e->scenario->old_one) {
		state->elapsed_s = -30 * 200;
		sim_visit(&e->sim, state, 0, &store, &now);
		sim_code(&e->sim, -200, code);
		assert_int_equal(psg_people_claim(&store, &claim, &old, &wait), PSG_OK);
		assert_int_equal(
		    psg_activation_end(&store, SIM_FOLK, old.file, PSG_END_CLOSED, NULL), PSG_OK);
		state->elapsed_s = 0;
	}
	if (e->scenario->failed) {
		struct psg_attempt attempt;

		sim_visit(&e->sim, state, 0, &store, &now);
		assert_int_equal(psg_attempt_take(&store, SIM_FOLK, PSG_NOT_APART, &e->sim.throttle,
						  &attempt, &wait),
				 PSG_OK);
	}
	return state;
}

/* Thirty times slower there: every interleaving still, but under a clock that stands. */
static bool on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

static void explore(const struct scenario *scenario)
{
	struct folk *folk;
	void *cmocka_state = &folk_in_memory;
	struct explorer e = {.scenario = scenario};

	assert_int_equal(folk_setup(&cmocka_state), 0);
	folk = cmocka_state;
	e.sim.store = folk->store;
	e.sim.start = folk->now;
	e.sim.start.realtime_ns = INT64_C(1700000010) * FOLK_S;
	e.sim.credential = folk->phone;
	e.sim.throttle = (struct psg_throttle){scenario->attempts, 50, 100};
	e.sim.devices_change = scenario->devices_change;
	e.sim.attempts_apart = scenario->focus == ON_SPENT;
	e.sim.spent_apart = scenario->focus == ON_ATTEMPTS;
	memcpy(e.sim.scripts, scenario->scripts, sizeof(e.sim.scripts));
	e.clock_steps = scenario->clock_steps;
	if (on_valgrind())
		e.clock_steps = 0;
	for (int i = 0; i < SIM_PROCESSES; i++)
		e.sim.tidies |=
		    scenario->scripts[i].kind == SIM_TIDY || scenario->scripts[i].then_tidy;
	visit(&e, begin(&e));
	print_message("           %zu states, %zu folders: %s\n", e.count[0], e.count[1],
		      scenario->name);
	/* A run in which nobody got anywhere would have shown nothing. */
	assert_true(e.count[0] > 100);
	assert_true(e.opened > 0 && e.refused > 0);
	free(e.seen[0]);
	free(e.seen[1]);
	assert_int_equal(folk_teardown(&cmocka_state), 0);
}

/* Where the throttle cannot bind, attempts are taken in one go; where one claim alone can spend, spending is. */
static const struct scenario scenarios[] = {
    {"one code, two processes, unlock",
     {{SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 0, false, false}, {SIM_UNLOCK, 0, false, false}},
     5,
     {0, 0},
     0,
     false,
     false,
     false,
     ON_BOTH},
    {"one code, three processes",
     {{SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 0, false, false}},
     5,
     {61, 0},
     1,
     false,
     false,
     false,
     ON_SPENT},
    {"one code, two processes, tidy, old ones about",
     {{SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 0, false, false}, {SIM_TIDY, 0, false, false}},
     5,
     {61, 4000},
     1,
     false,
     true,
     false,
     ON_SPENT},
    {"end and tidy against claim",
     {{SIM_CLAIM, 0, false, false}, {SIM_END, 0, false, false}, {SIM_TIDY, 0, false, false}},
     5,
     {61, 4000},
     1,
     false,
     true,
     false,
     ON_SPENT},
    {"end, then tidy, against older and newer claim",
     {{SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 1, false, true}, {SIM_END, 0, true, false}},
     5,
     {61, 4000},
     2,
     false,
     false,
     false,
     ON_SPENT},
    {"older and newer code, tidy",
     {{SIM_CLAIM, -1, false, false}, {SIM_CLAIM, 0, false, false}, {SIM_TIDY, 0, false, false}},
     5,
     {4000, 0},
     1,
     false,
     false,
     false,
     ON_SPENT},
    {"the device is taken away",
     {{SIM_CLAIM, 0, false, false}, {SIM_CLAIM, 1, false, false}, {SIM_UNENROLL, 0, false, false}},
     5,
     {61, 0},
     1,
     true,
     false,
     false,
     ON_SPENT},
    {"wrong, wrong and right, one at once",
     {{SIM_CLAIM, SIM_WRONG, false, false},
      {SIM_CLAIM, SIM_WRONG, false, false},
      {SIM_CLAIM, 0, false, false}},
     1,
     {61, 0},
     1,
     false,
     false,
     false,
     ON_ATTEMPTS},
    {"wrong, wrong and right, two at once, after a wrong one",
     {{SIM_CLAIM, SIM_WRONG, false, false},
      {SIM_CLAIM, SIM_WRONG, false, false},
      {SIM_CLAIM, 0, false, false}},
     2,
     {61, 0},
     1,
     false,
     false,
     true,
     ON_ATTEMPTS},
    {"woken guesser: right, unlock and wrong",
     {{SIM_CLAIM, 0, false, false},
      {SIM_UNLOCK, 0, false, false},
      {SIM_CLAIM, SIM_WRONG, false, false}},
     1,
     {61, 0},
     1,
     false,
     false,
     false,
     ON_ATTEMPTS},
    {"wrong, right and tidy",
     {{SIM_CLAIM, SIM_WRONG, false, false},
      {SIM_CLAIM, 0, false, false},
      {SIM_TIDY, 0, false, false}},
     1,
     {61, 4000},
     1,
     false,
     true,
     false,
     ON_ATTEMPTS},
};

static void every_interleaving(void **state)
{
	explore(*state);
}

int main(void)
{
	struct CMUnitTest tests[PSG_COUNT(scenarios)];

	for (size_t i = 0; i < PSG_COUNT(scenarios); i++) {
		tests[i] = (struct CMUnitTest)cmocka_unit_test_prestate(
		    every_interleaving, (void *)(uintptr_t)&scenarios[i]);
		tests[i].name = scenarios[i].name;
	}
	return cmocka_run_group_tests_name("interleave", tests, NULL, NULL);
}
