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

/* -- all of them -- */

static void check(struct explorer *e, struct sim_state *state)
{
	uint64_t folder = psg_folder_memory_hash(state->root);

	sim_check_state(&e->sim, state);
	folder = folder * 31 + (uint64_t)state->elapsed_s;
	folder = folder * 31 + state->spent_ever;
	if (!add_seen(e, 1, folder))
		return;
	sim_check_folder(&e->sim, state);
}

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
	char code[PSG_ANSWER_SIZE];
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
	if (e->sim.recovery)
		folk_recovery(&store, SIM_FOLK, 'e', (const char *const[]){SIM_RECOVERY_CODE}, 1);
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

/* How often the clock may step. Under valgrind, thirty times slower, it stands, and under the address
 * sanitizer it steps once: every interleaving is visited all the same. */
static unsigned int clock_steps(unsigned int wanted)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		return 0;
#if defined(__SANITIZE_ADDRESS__)
	return wanted > 1 ? 1 : wanted;
#else
	return wanted;
#endif
}

static void explore(const struct scenario *scenario)
{
	struct folk *folk;
	void *cmocka_state = &folk_in_memory;
	struct explorer e = {.scenario = scenario};

	assert_int_equal(folk_setup(&cmocka_state), 0);
	folk = cmocka_state;
	e.sim.name = scenario->name;
	e.sim.store = folk->store;
	e.sim.start = folk->now;
	e.sim.start.realtime_ns = INT64_C(1700000010) * FOLK_S;
	e.sim.credential = folk->phone;
	e.sim.throttle = (struct psg_throttle){scenario->attempts, 50, 100};
	e.sim.devices_change = scenario->devices_change;
	e.sim.attempts_apart = scenario->focus == ON_SPENT;
	e.sim.spent_apart = scenario->focus == ON_ATTEMPTS;
	memcpy(e.sim.scripts, scenario->scripts, sizeof(e.sim.scripts));
	e.clock_steps = clock_steps(scenario->clock_steps);
	for (int i = 0; i < SIM_PROCESSES; i++)
		e.sim.tidies |=
		    scenario->scripts[i].kind == SIM_TIDY || scenario->scripts[i].then_tidy;
	for (int i = 0; i < SIM_PROCESSES; i++)
		e.sim.recovery |= scenario->scripts[i].code == SIM_RECOVERY;
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
#define CLAIM(c)                                                                                   \
	{                                                                                          \
		.kind = SIM_CLAIM, .code = (c)                                                     \
	}

static const struct scenario scenarios[] = {
    {.name = "one code, two processes, unlock",
     .scripts = {CLAIM(0), CLAIM(0), {.kind = SIM_UNLOCK}},
     .attempts = 5},
    {.name = "one code, three processes",
     .scripts = {CLAIM(0), CLAIM(0), CLAIM(0)},
     .attempts = 5,
     .focus = ON_SPENT,
     .clock_s = {61},
     .clock_steps = 1},
    {.name = "one code, two processes, tidy, old ones about",
     .scripts = {CLAIM(0), CLAIM(0), {.kind = SIM_TIDY}},
     .attempts = 5,
     .focus = ON_SPENT,
     .old_one = true,
     .clock_s = {61, 4000},
     .clock_steps = 1},
    {.name = "end and tidy against claim",
     .scripts = {CLAIM(0), {.kind = SIM_END}, {.kind = SIM_TIDY}},
     .attempts = 5,
     .focus = ON_SPENT,
     .old_one = true,
     .clock_s = {61, 4000},
     .clock_steps = 1},
    {.name = "end, then tidy, against older and newer claim",
     .scripts = {CLAIM(0),
		 {.kind = SIM_CLAIM, .code = 1, .at_once = true},
		 {.kind = SIM_END, .then_tidy = true}},
     .attempts = 5,
     .focus = ON_SPENT,
     .clock_s = {61, 4000},
     .clock_steps = 2},
    {.name = "older and newer code, tidy",
     .scripts = {CLAIM(-1), CLAIM(0), {.kind = SIM_TIDY}},
     .attempts = 5,
     .focus = ON_SPENT,
     .clock_s = {4000},
     .clock_steps = 1},
    {.name = "older and newer code, end",
     .scripts = {CLAIM(-1), CLAIM(0), {.kind = SIM_END}},
     .attempts = 5,
     .focus = ON_SPENT},
    {.name = "one recovery code, two processes, tidy",
     .scripts = {CLAIM(SIM_RECOVERY), CLAIM(SIM_RECOVERY), {.kind = SIM_TIDY}},
     .attempts = 5,
     .focus = ON_SPENT,
     .clock_s = {61, 4000},
     .clock_steps = 1},
    {.name = "a recovery code and a device's, end",
     .scripts = {CLAIM(SIM_RECOVERY), CLAIM(0), {.kind = SIM_END}},
     .attempts = 5,
     .focus = ON_SPENT},
    {.name = "the device is taken away",
     .scripts = {CLAIM(0), CLAIM(1), {.kind = SIM_UNENROLL}},
     .attempts = 5,
     .focus = ON_SPENT,
     .devices_change = true,
     .clock_s = {61},
     .clock_steps = 1},
    {.name = "wrong, wrong and right, one at once",
     .scripts = {CLAIM(SIM_WRONG), CLAIM(SIM_WRONG), CLAIM(0)},
     .attempts = 1,
     .focus = ON_ATTEMPTS,
     .clock_s = {61},
     .clock_steps = 1},
    {.name = "wrong, wrong and right, two at once, after a wrong one",
     .scripts = {CLAIM(SIM_WRONG), CLAIM(SIM_WRONG), CLAIM(0)},
     .attempts = 2,
     .focus = ON_ATTEMPTS,
     .failed = true,
     .clock_s = {61},
     .clock_steps = 1},
    {.name = "woken guesser: right, unlock and wrong",
     .scripts = {CLAIM(0), {.kind = SIM_UNLOCK}, CLAIM(SIM_WRONG)},
     .attempts = 1,
     .focus = ON_ATTEMPTS,
     .clock_s = {61},
     .clock_steps = 1},
    {.name = "wrong, right and tidy",
     .scripts = {CLAIM(SIM_WRONG), CLAIM(0), {.kind = SIM_TIDY}},
     .attempts = 1,
     .focus = ON_ATTEMPTS,
     .old_one = true,
     .clock_s = {61, 4000},
     .clock_steps = 1},
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
