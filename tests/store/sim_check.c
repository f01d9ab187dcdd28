/* What must hold in every state of the simulation. See sim.h. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static uint32_t live_codes(const struct sim *sim, struct sim_state *state)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_store store;
	struct psg_now now;
	uint32_t live = 0;

	sim_visit(sim, state, 0, &store, &now);
	assert_int_equal(psg_people_activations(&store, SIM_FOLK, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (psg_activation_live(&list.items[i], &now))
			live |= sim_code_bit(sim, list.items[i].file);
	}
	return live;
}

static void check_ends(const struct sim *sim, struct sim_state *state)
{
	uint32_t live = live_codes(sim, state);

	if ((live & state->ended) != 0)
		fail_msg("%s: live after its end returned success", sim->name);
	for (int i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *p = &state->processes[i];
		uint32_t bit = p->spent > 0 ? UINT32_C(1) << (p->spent - 1) : 0;
		bool others = false;

		for (int j = 0; j < SIM_PROCESSES; j++)
			others |= j != i && state->processes[j].spent == p->spent;
		if (p->finished && p->result != PSG_OK && (live & bit) != 0 && !others)
			fail_msg("%s: live though its claim failed", sim->name);
	}
}

static void check_successes(const struct sim *sim, const struct sim_state *state)
{
	for (int i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *p = &state->processes[i];

		if (sim->scripts[i].kind != SIM_CLAIM || !p->finished || p->result != PSG_OK)
			continue;
		if (p->wrote_in_vain)
			fail_msg("%s: success, though ended or gone before it was written",
				 sim->name);
		if (p->behind)
			fail_msg("%s: an older code opened after a newer", sim->name);
		if (p->write_s - p->attempt_now > 60)
			fail_msg("%s: success, though it slept over a minute", sim->name);
		for (int j = 0; j < i; j++) {
			const struct sim_process *q = &state->processes[j];

			if (q->finished && q->result == PSG_OK && q->spent == p->spent &&
			    sim->scripts[j].kind == SIM_CLAIM)
				fail_msg("%s: one code opened twice", sim->name);
		}
	}
}

static int64_t delay_s(const struct sim *sim, int count)
{
	int64_t delay = sim->throttle.delay_s;

	if (count < (int)sim->throttle.attempts)
		return 0;
	for (int i = (int)sim->throttle.attempts; i < count; i++)
		delay *= 2;
	return delay < sim->throttle.maximum_delay_s ? delay : sim->throttle.maximum_delay_s;
}

/* Whether the guesses that were believed and not forgiven are what the throttle allows one process that
 * makes them in a row; `more`: with one now. */
static bool throttle_holds(const struct sim *sim, const struct sim_state *state, bool more)
{
	int64_t before = 0;
	int count = 0;

	for (int order = 1; order <= state->orders; order++) {
		for (int i = 0; i < SIM_PROCESSES; i++) {
			const struct sim_process *p = &state->processes[i];

			if (p->order != order || !p->evaluated || p->covered)
				continue;
			if (p->attempt_s - before < delay_s(sim, count))
				return false;
			before = p->attempt_s;
			count++;
		}
	}
	return !more || state->elapsed_s - before >= delay_s(sim, count);
}

static void check_throttle(const struct sim *sim, struct sim_state *state)
{
	int64_t wait;
	enum psg_err err;

	if (!throttle_holds(sim, state, false))
		fail_msg("%s: more guesses than the throttle allows", sim->name);
	if (!throttle_holds(sim, state, true)) {
		err = sim_newcomer(sim, state, 0, "000000", &wait);
		if (err != PSG_ERR_THROTTLED)
			fail_msg("%s: a newcomer guessed past the throttle: %s", sim->name,
				 psg_strerror(err));
	}
}

/* Whoever was killed or stopped where they stand now: a newcomer with a newer code gets in, at the latest
 * after the delay that it is told. */
static void check_nobody_is_blocked(const struct sim *sim, struct sim_state *state)
{
	struct sim_state *copy = sim_state_copy(sim, state);
	char code[PSG_ANSWER_SIZE];
	enum psg_err err = PSG_ERR_THROTTLED;
	int64_t wait = 0;

	for (int i = 0; i < 2 && err == PSG_ERR_THROTTLED; i++) {
		sim_code(sim, 2 + (int)(copy->elapsed_s / 30), code);
		err = sim_newcomer(sim, copy, 30, code, &wait);
		copy->elapsed_s += wait / FOLK_S + 1;
		copy->realtime_ns += wait + FOLK_S;
	}
	sim_state_free(copy);
	if (err != PSG_OK && !sim->devices_change)
		fail_msg("%s: a newcomer is blocked: %s", sim->name, psg_strerror(err));
}

/* A code that was spent once opens nothing, even with the wall clock back at the time it was shown. */
static void check_spent_stays_spent(const struct sim *sim, struct sim_state *state)
{
	for (int i = 0; i < 4; i++) {
		int c = i < 3 ? i - 1 : SIM_RECOVERY;
		struct sim_state *copy;
		char code[PSG_ANSWER_SIZE];
		int64_t wait = 0;
		enum psg_err err = PSG_ERR_THROTTLED;

		if ((state->spent_ever & (UINT32_C(1) << (c + 8))) == 0)
			continue;
		sim_code(sim, c, code);
		copy = sim_state_copy(sim, state);
		for (int try = 0; try < 2 && err == PSG_ERR_THROTTLED; try++) {
			err = sim_newcomer(sim, copy, -copy->elapsed_s, code, &wait);
			copy->elapsed_s += wait / FOLK_S + 1;
		}
		sim_state_free(copy);
		if (err == PSG_OK)
			fail_msg("%s: a spent code opened again", sim->name);
	}
}

void sim_check_state(const struct sim *sim, struct sim_state *state)
{
	check_successes(sim, state);
	check_ends(sim, state);
	check_throttle(sim, state);
}

void sim_check_folder(const struct sim *sim, struct sim_state *state)
{
	check_nobody_is_blocked(sim, state);
	check_spent_stays_spent(sim, state);
}
