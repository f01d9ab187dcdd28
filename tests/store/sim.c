/* The processes, and whole visits outside the schedule. See sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../pam_psg/store/folder_memory.h"
#include "sim_run.h"

static struct psg_now time_of(const struct sim *sim, const struct sim_state *state, int64_t wall_s)
{
	struct psg_now now = sim->start;

	now.boottime_ns += state->elapsed_s * FOLK_S;
	now.realtime_ns += (state->elapsed_s + wall_s) * FOLK_S;
	return now;
}

/* -- the processes -- */

void sim_code(const struct sim *sim, int c, char out[static PSG_ANSWER_SIZE])
{
	uint64_t step = psg_totp_step(&sim->credential, sim->start.realtime_ns / FOLK_S);

	if (c == SIM_RECOVERY) {
		strcpy(out, SIM_RECOVERY_CODE);
		return;
	}
	assert_int_equal(psg_totp_code(&sim->credential, step + (uint64_t)(int64_t)c, out), PSG_OK);
}

uint32_t sim_code_bit(const struct sim *sim, const char *file)
{
	uint64_t first = psg_totp_step(&sim->credential, sim->start.realtime_ns / FOLK_S) - 8;
	const char *dash = strchr(file, '-');
	uint64_t step;

	if (psg_recovery_opened(file))
		return UINT32_C(1) << (8 + SIM_RECOVERY);
	if (dash == NULL || strncmp(file, sim->credential.id, strlen(sim->credential.id)) != 0)
		return 0;
	step = strtoull(dash + 1, NULL, 10);
	return step < first || step - first > 31 ? 0 : UINT32_C(1) << (step - first);
}

struct psg_grant sim_grant(void)
{
	return (struct psg_grant){.kind = PSG_TARGET_GROUP,
				  .target = "Closers",
				  .scope = PSG_SCOPE_HOST,
				  .lifetime_s = 8 * 3600,
				  .maximum_lifetime_s = 8 * 3600,
				  .service = "sim"};
}

static enum psg_err run_claim(struct sim_run *run, struct psg_store *store)
{
	struct psg_grant grant = sim_grant();
	char code[PSG_ANSWER_SIZE];
	struct psg_claim claim = {.subject = SIM_FOLK,
				  .code = code,
				  .apart = PSG_NOT_APART,
				  .throttle = &run->sim->throttle,
				  .window_steps = 1,
				  .grant = &grant};
	int64_t wait;

	sim_code(run->sim, run->script->code, code);
	return psg_people_claim(store, &claim, NULL, &wait);
}

/* What `psgctl deactivate --all` does: every name there is. */
static enum psg_err run_end(struct sim_run *run, struct psg_store *store)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_people_activations(store, SIM_FOLK, &list);

	for (size_t i = 0; i < list.count && err == PSG_OK; i++) {
		err = psg_activation_end(store, SIM_FOLK, list.items[i].file, PSG_END_DEACTIVATED,
					 NULL);
		/* An end whose last operation is done has returned, whatever this run cuts next. */
		if (err == PSG_OK && !run->cut)
			run->state->ended |= sim_code_bit(run->sim, list.items[i].file);
		if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	run->tidying = run->script->then_tidy;
	if (err == PSG_OK && run->script->then_tidy)
		err = psg_people_tidy(store, SIM_FOLK);
	return err;
}

static enum psg_err run_script(struct sim_run *run, struct psg_store *store)
{
	size_t removed;

	switch (run->script->kind) {
	case SIM_CLAIM:
		return run_claim(run, store);
	case SIM_END:
		return run_end(run, store);
	case SIM_TIDY:
		return psg_people_tidy(store, SIM_FOLK);
	case SIM_UNLOCK:
		return psg_attempts_forgive(store, SIM_FOLK, PSG_NOT_APART, UINT64_MAX);
	case SIM_UNENROLL:
		return psg_people_unenroll(store, SIM_FOLK, NULL, &removed);
	}
	return PSG_ERR_INVALID;
}

void sim_step(const struct sim *sim, struct sim_state *state, int who, bool clock_stands)
{
	struct sim_process *process = &state->processes[who];
	const struct sim_result *seen[256];
	struct sim_run run = {.sim = sim,
			      .state = state,
			      .process = process,
			      .script = &sim->scripts[who],
			      .seen = seen,
			      .known = process->count,
			      .clock_stands = clock_stands};
	struct sim_part root = {.folder.ops = &sim_ops, .run = &run, .inner = state->root};
	struct psg_store store = *sim->store;
	const struct sim_result *result = process->seen;
	enum psg_err err;

	assert_true(process->count <= PSG_COUNT(seen));
	for (unsigned int i = process->count; i > 0; i--) {
		seen[i - 1] = result;
		result = result->before;
	}
	store.root = &root.folder;
	store.clock = (struct psg_clock){sim_now, &run};
	err = run_script(&run, &store);
	if (!run.cut) {
		process->finished = true;
		process->result = err;
	}
}

/* -- states -- */

struct sim_state *sim_state_new(const struct sim *sim)
{
	struct sim_state *state = calloc(1, sizeof(*state));

	assert_non_null(state);
	state->realtime_ns = sim->start.realtime_ns;
	assert_int_equal(psg_folder_open_memory(&state->realtime_ns, &state->root), PSG_OK);
	return state;
}

struct sim_state *sim_state_copy(const struct sim *sim, struct sim_state *from)
{
	struct sim_state *state = malloc(sizeof(*state));

	(void)sim;
	assert_non_null(state);
	*state = *from;
	assert_int_equal(psg_folder_memory_copy(from->root, &state->realtime_ns, &state->root),
			 PSG_OK);
	for (int i = 0; i < SIM_PROCESSES; i++) {
		if (state->processes[i].seen != NULL)
			state->processes[i].seen->refs++;
	}
	return state;
}

void sim_state_free(struct sim_state *state)
{
	for (int i = 0; i < SIM_PROCESSES; i++)
		sim_result_free(state->processes[i].seen);
	psg_folder_release(&state->root);
	free(state);
}

/* -- whole visits, outside the schedule -- */

static enum psg_err visit_now(void *self, struct psg_now *ret)
{
	*ret = *(struct psg_now *)self;
	return PSG_OK;
}

void sim_visit(const struct sim *sim, struct sim_state *state, int64_t wall_s,
	       struct psg_store *ret, struct psg_now *now)
{
	*now = time_of(sim, state, wall_s);
	*ret = *sim->store;
	ret->root = state->root;
	ret->clock = (struct psg_clock){visit_now, now};
}

enum psg_err sim_newcomer(const struct sim *sim, struct sim_state *state, int64_t wall_s,
			  const char *code, int64_t *ret_wait_ns)
{
	struct sim_state *copy = sim_state_copy(sim, state);
	struct psg_grant grant = sim_grant();
	struct psg_claim claim = {.subject = SIM_FOLK,
				  .code = code,
				  .apart = PSG_NOT_APART,
				  .throttle = &sim->throttle,
				  .window_steps = 1,
				  .grant = &grant};
	struct psg_store store;
	struct psg_now now;
	enum psg_err err;

	sim_visit(sim, copy, wall_s, &store, &now);
	err = psg_people_claim(&store, &claim, NULL, ret_wait_ns);
	sim_state_free(copy);
	return err;
}
