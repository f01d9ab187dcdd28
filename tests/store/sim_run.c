/* What a process has seen, when it is its turn, and what tells two states apart. See sim.h. */
#include <stdlib.h>
#include <string.h>

#include "../../pam_psg/store/folder_memory.h"
#include "sim_run.h"

bool sim_exact;

uint64_t sim_mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash ^ (hash >> 29);
}

/* -- results -- */

void sim_result_free(struct sim_result *result)
{
	while (result != NULL && --result->refs == 0) {
		struct sim_result *before = result->before;

		free(result);
		result = before;
	}
}

static uint64_t memory_of_process(const struct sim_process *p)
{
	uint64_t parts[] = {p->number,
			    p->devices_hash,
			    (uint64_t)p->first_now,
			    (uint64_t)p->last_now,
			    (uint64_t)p->attempt_now,
			    p->since,
			    p->evaluated,
			    p->winding_up,
			    (uint64_t)p->spent,
			    (uint64_t)p->write_s};

	return sim_mix(7, parts, sizeof(parts));
}

/* Whether the process has forgotten what it saw before this operation: a claim keeps no listing past the
 * next name it makes until it winds up; nobody keeps one past the next. */
static bool forgets(const struct sim_run *run, enum sim_op op)
{
	if (sim_exact)
		return false;
	if (op == OP_LIST)
		return true;
	return run->script->kind == SIM_CLAIM && !run->winding_up &&
	       (op == OP_CREATE || op == OP_WRITE || op == OP_EXISTS);
}

/* What a listing says to a claim that does not wind up: the highest numbers. */
static uint64_t gist(const struct sim_result *result)
{
	uint64_t highest[2] = {0, 0};

	for (size_t at = 0; at < result->len; at += strlen(result->bytes + at) + 1) {
		const char *name = result->bytes + at, *dash = strchr(name, '-');
		uint64_t number = strtoull(dash != NULL ? dash + 1 : name, NULL, 10);
		bool marker = strstr(name, ".forgiven") != NULL;

		if (number > highest[0])
			highest[0] = number;
		if (marker && number > highest[1])
			highest[1] = number;
	}
	return sim_mix(11, highest, sizeof(highest));
}

static uint64_t file_of(const char *name)
{
	return sim_mix(17, name, strcspn(name, "."));
}

/* What the process carries over into this operation, as a hash. Ending, tidying and winding up go through
 * a listing file by file, and know nothing of one when they are at the next. */
static uint64_t carried(const struct sim_run *run, enum sim_op op, const char *name)
{
	struct sim_process *process = run->process;
	uint64_t parts[] = {process->list_hash, process->gone_hash, (uint64_t)process->first_now};

	if (forgets(run, op))
		return memory_of_process(process);
	if (!sim_exact && name != NULL && (run->script->kind != SIM_CLAIM || run->winding_up) &&
	    file_of(name) != process->file_hash) {
		process->file_hash = file_of(name);
		return sim_mix(process->file_hash, parts, sizeof(parts));
	}
	return process->seen != NULL ? process->seen->hash : 7;
}

void sim_record(struct sim_run *run, enum sim_op op, const char *name, enum psg_err err,
		int64_t number, const void *bytes, size_t len)
{
	struct sim_result *result = calloc(1, sizeof(*result) + len + 1);
	struct sim_process *process = run->process;
	uint64_t parts[5];

	assert_non_null(result);
	process->since++;
	parts[0] = carried(run, op, name);
	result->before = process->seen;
	result->refs = 1;
	result->op = op;
	result->err = err;
	result->number = number;
	result->len = len;
	if (len > 0)
		memcpy(result->bytes, bytes, len);
	parts[1] = op;
	parts[2] = err;
	parts[3] = (uint64_t)number;
	parts[4] = sim_mix(13, result->bytes, len);
	if (op == OP_LIST && run->script->kind == SIM_CLAIM && !run->winding_up && !sim_exact)
		parts[4] = gist(result);
	/* Whoever ends all asks of a record only whether it is there. */
	if (op == OP_READ && run->script->kind == SIM_END && !run->tidying && !sim_exact)
		parts[3] = parts[4] = 0;
	result->hash = sim_mix(19, parts, sizeof(parts));
	if (op == OP_LIST) {
		process->list_hash = result->hash;
		process->gone_hash = process->file_hash = 0;
	} else if (err == PSG_ERR_NOT_FOUND && name != NULL) {
		process->gone_hash = sim_mix(process->gone_hash, name, strlen(name));
	}
	process->seen = result;
	process->count++;
	run->performed = run->performed || !run->is_free;
}

/* Whether an operation needs no turn of its own. */
static bool is_free(const struct sim_run *run, enum sim_op op, const struct sim_part *part)
{
	if (run->script->at_once)
		return true;
	if (sim_exact)
		return false;
	if (op == OP_NOW)
		return run->clock_stands;
	return (part->attempts && run->sim->attempts_apart) ||
	       (part->spent && run->sim->spent_apart);
}

enum sim_turn sim_turn(struct sim_run *run, enum sim_op op, const struct sim_part *part,
		       const struct sim_result **ret)
{
	if (run->at < run->known) {
		*ret = run->seen[run->at++];
		if ((*ret)->op != op)
			fail_msg("the code under test is not deterministic");
		return TURN_AGAIN;
	}
	run->is_free = is_free(run, op, part);
	if (!run->performed || (run->is_free && !run->cut))
		return TURN_NEW;
	run->cut = true;
	return TURN_OVER;
}

/* -- states -- */

static uint64_t process_hash(struct sim_state *state, const struct sim_process *p)
{
	uint64_t parts[] = {p->seen != NULL ? p->seen->hash : 0,
			    p->finished,
			    p->result,
			    (uint64_t)p->order,
			    (uint64_t)p->attempt_s,
			    (uint64_t)p->write_s,
			    p->evaluated,
			    p->covered,
			    p->wrote_in_vain,
			    p->behind,
			    (uint64_t)p->spent};
	uint64_t hash = sim_mix(7, parts, sizeof(parts));

	/* Nobody writes into any file but the last that it made. */
	if (p->handle_count > 0) {
		uint64_t file =
		    psg_folder_memory_file_hash(state->root, p->handles[p->handle_count - 1]);

		hash = sim_mix(hash, &file, sizeof(file));
	}
	return hash;
}

static bool same_script(const struct sim_script *a, const struct sim_script *b)
{
	return a->kind == b->kind && a->code == b->code && a->then_tidy == b->then_tidy &&
	       a->at_once == b->at_once;
}

uint64_t sim_state_hash(const struct sim *sim, struct sim_state *state)
{
	uint64_t hash = psg_folder_memory_hash(state->root), processes[SIM_PROCESSES];

	hash = sim_mix(hash, &state->elapsed_s, sizeof(state->elapsed_s));
	hash = sim_mix(hash, &state->steps, sizeof(state->steps));
	hash = sim_mix(hash, &state->spent_ever, sizeof(state->spent_ever));
	hash = sim_mix(hash, &state->ended, sizeof(state->ended));
	for (int i = 0; i < SIM_PROCESSES; i++) {
		int at = i;

		processes[i] = process_hash(state, &state->processes[i]);
		while (at > 0 && !sim_exact &&
		       same_script(&sim->scripts[at - 1], &sim->scripts[i]) &&
		       processes[at - 1] > processes[at]) {
			uint64_t swap = processes[at];

			processes[at] = processes[at - 1];
			processes[--at] = swap;
		}
	}
	return sim_mix(hash, processes, sizeof(processes));
}

static void sim_note_now(struct sim_process *process, int64_t elapsed_s)
{
	if (!process->has_now)
		process->first_now = elapsed_s;
	process->has_now = true;
	process->last_now = elapsed_s;
	if (process->wants_attempt_now)
		process->attempt_now = elapsed_s;
	process->wants_attempt_now = false;
}

enum psg_err sim_now(void *self, struct psg_now *ret)
{
	struct sim_run *run = self;
	const struct sim_result *result;

	switch (sim_turn(run, OP_NOW, NULL, &result)) {
	case TURN_OVER:
		return PSG_ERR_CLOCK;
	case TURN_NEW:
		sim_note_now(run->process, run->state->elapsed_s);
		sim_record(run, OP_NOW, NULL, PSG_OK, run->state->elapsed_s, NULL, 0);
		result = run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	*ret = run->sim->start;
	ret->boottime_ns += result->number * FOLK_S;
	ret->realtime_ns += result->number * FOLK_S;
	return PSG_OK;
}
