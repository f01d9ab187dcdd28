#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../pam_psg/store/folder_memory.h"

enum op { OP_LIST, OP_CREATE, OP_WRITE, OP_READ, OP_EXISTS, OP_REPLACE, OP_REMOVE, OP_NOW };

struct sim_result {
	struct sim_result *before;
	unsigned int refs;
	uint64_t hash; /* of this and all before */
	enum op op;
	enum psg_err err;
	int64_t number; /* a handle, a time, true or false */
	size_t len;
	char bytes[]; /* names parted by NUL, or content */
};

bool sim_exact;

/* One process running. */
struct run {
	const struct sim *sim;
	struct sim_state *state;
	struct sim_process *process;
	const struct sim_script *script;
	const struct sim_result **seen;
	unsigned int at, known; /* results that are given back, of those there were at first */
	bool tidying;
	bool performed, cut, clock_stands, is_free;
	bool written, winding_up; /* how far a claim is at this point of the run */
};

struct part {
	struct psg_folder folder;
	struct run *run;
	struct psg_folder *inner;
	bool attempts, spent, devices;
};

static const struct psg_folder_ops sim_ops;

static struct part *part_of(struct psg_folder *folder)
{
	return (struct part *)(void *)folder;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash ^ (hash >> 29);
}

/* -- results -- */

static void result_free(struct sim_result *result)
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

	return mix(7, parts, sizeof(parts));
}

/* Whether the process has forgotten what it saw before this operation: a claim keeps no listing past the
 * next name it makes until it winds up; nobody keeps one past the next. */
static bool forgets(const struct run *run, enum op op)
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
	return mix(11, highest, sizeof(highest));
}

static uint64_t file_of(const char *name)
{
	return mix(17, name, strcspn(name, "."));
}

/* What the process carries over into this operation, as a hash. Ending, tidying and winding up go through
 * a listing file by file, and know nothing of one when they are at the next. */
static uint64_t carried(const struct run *run, enum op op, const char *name)
{
	struct sim_process *process = run->process;
	uint64_t parts[] = {process->list_hash, process->gone_hash, (uint64_t)process->first_now};

	if (forgets(run, op))
		return memory_of_process(process);
	if (!sim_exact && name != NULL && (run->script->kind != SIM_CLAIM || run->winding_up) &&
	    file_of(name) != process->file_hash) {
		process->file_hash = file_of(name);
		return mix(process->file_hash, parts, sizeof(parts));
	}
	return process->seen != NULL ? process->seen->hash : 7;
}

/* `name`: of the file, NULL for what has none. */
static void record(struct run *run, enum op op, const char *name, enum psg_err err, int64_t number,
		   const void *bytes, size_t len)
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
	parts[4] = mix(13, result->bytes, len);
	if (op == OP_LIST && run->script->kind == SIM_CLAIM && !run->winding_up && !sim_exact)
		parts[4] = gist(result);
	/* Whoever ends all asks of a record only whether it is there. */
	if (op == OP_READ && run->script->kind == SIM_END && !run->tidying && !sim_exact)
		parts[3] = parts[4] = 0;
	result->hash = mix(19, parts, sizeof(parts));
	if (op == OP_LIST) {
		process->list_hash = result->hash;
		process->gone_hash = process->file_hash = 0;
	} else if (err == PSG_ERR_NOT_FOUND && name != NULL) {
		process->gone_hash = mix(process->gone_hash, name, strlen(name));
	}
	process->seen = result;
	process->count++;
	run->performed = run->performed || !run->is_free;
}

static void note_now(struct sim_process *process, int64_t elapsed_s)
{
	if (!process->has_now)
		process->first_now = elapsed_s;
	process->has_now = true;
	process->last_now = elapsed_s;
	if (process->wants_attempt_now)
		process->attempt_now = elapsed_s;
	process->wants_attempt_now = false;
}

enum turn { TURN_AGAIN, TURN_NEW, TURN_OVER };

/* Whether an operation needs no turn of its own. */
static bool is_free(const struct run *run, enum op op, const struct part *part)
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

static enum turn turn(struct run *run, enum op op, const struct part *part,
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

/* -- what the checks want to know -- */

/* A success forgives up to its own attempt, an administrator all there are; nobody else forgives here. */
static void note_covered(struct run *run)
{
	const struct sim_process *self = run->process;

	for (int i = 0; i < SIM_PROCESSES; i++) {
		struct sim_process *other = &run->state->processes[i];
		bool forgiven = run->script->kind == SIM_UNLOCK ||
				(run->script->kind == SIM_CLAIM && other->order <= self->order);

		if (other->order > 0 && forgiven)
			other->covered = true;
	}
}

static void note_create(struct run *run, const struct part *part, const char *name)
{
	uint32_t bit = sim_code_bit(run->sim, name);

	if (part->attempts && strchr(name, '.') != NULL) {
		note_covered(run);
	} else if (part->attempts) {
		run->process->order = ++run->state->orders;
		run->process->attempt_s = run->state->elapsed_s;
		run->process->covered = false;
		run->process->number = strtoull(name, NULL, 10);
		run->process->wants_attempt_now = true;
	} else if (part->spent && bit != 0 && strchr(name, '.') == NULL) {
		run->process->behind = run->state->spent_ever > (bit | (bit - 1));
		run->state->spent_ever |= bit;
		run->process->spent = 1 + __builtin_ctz(bit);
	}
}

/* A claim writes its record. */
static void note_record(struct run *run, const struct part *part, int handle)
{
	const struct psg_node *node =
	    psg_tree_file(psg_folder_memory_tree(run->state->root), handle);
	char ended[128];
	bool there = true;

	run->process->write_s = run->state->elapsed_s;
	if (node->name != NULL) {
		(void)snprintf(ended, sizeof(ended), "%s.ended", node->name);
		assert_int_equal(part->inner->ops->exists(part->inner, ended, &there), PSG_OK);
	}
	run->process->wrote_in_vain = there;
}

/* -- the operations -- */

static enum psg_err sim_open(struct psg_folder *parent, const char *name, bool make,
			     struct psg_folder **ret)
{
	struct part *from = part_of(parent), *part;
	struct psg_folder *inner;
	enum psg_err err = from->inner->ops->open(from->inner, name, make, &inner);

	if (err != PSG_OK)
		return err;
	part = calloc(1, sizeof(*part));
	assert_non_null(part);
	part->folder.ops = &sim_ops;
	part->run = from->run;
	part->inner = inner;
	part->attempts = strcmp(name, "attempts") == 0;
	part->spent = strcmp(name, "spent") == 0;
	part->devices = strcmp(name, "authenticators") == 0;
	*ret = &part->folder;
	return PSG_OK;
}

/* Nothing changes there in this run, so when it is read makes no difference. */
static bool is_constant(const struct part *part)
{
	return !part->attempts && !part->spent &&
	       !(part->devices && part->run->sim->devices_change);
}

struct names {
	char bytes[4096];
	size_t len;
};

static enum psg_err collect(void *arg, const char *name)
{
	struct names *names = arg;
	size_t len = strlen(name) + 1;

	assert_true(names->len + len <= sizeof(names->bytes));
	memcpy(names->bytes + names->len, name, len);
	names->len += len;
	return PSG_OK;
}

static enum psg_err sim_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	struct part *part = part_of(folder);
	struct run *run = part->run;
	const struct sim_result *result;
	enum psg_err err;

	if (is_constant(part))
		return part->inner->ops->list(part->inner, each, arg);
	run->winding_up = run->written;
	switch (turn(run, OP_LIST, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW: {
		struct names names = {.len = 0};

		err = part->inner->ops->list(part->inner, collect, &names);
		run->process->winding_up = run->winding_up;
		if (part->spent && run->script->kind == SIM_CLAIM)
			run->process->evaluated = true;
		record(run, OP_LIST, NULL, err, part->spent, names.bytes, names.len);
		result = run->process->seen;
		break;
	}
	case TURN_AGAIN:
		break;
	}
	err = result->err;
	for (size_t at = 0; at < result->len && err == PSG_OK; at += strlen(result->bytes + at) + 1)
		err = each(arg, result->bytes + at);
	return err;
}

static enum psg_err sim_create(struct psg_folder *folder, const char *name, int *ret_file)
{
	struct part *part = part_of(folder);
	struct run *run = part->run;
	struct sim_process *process = run->process;
	const struct sim_result *result;
	enum psg_err err;
	int file;

	switch (turn(run, OP_CREATE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		err = part->inner->ops->create(part->inner, name, &file);
		if (err == PSG_OK) {
			assert_true(process->handle_count < SIM_HANDLES);
			process->handles[process->handle_count++] = file;
			process->since = 0;
			note_create(run, part, name);
		}
		record(run, OP_CREATE, name, err, (int64_t)process->handle_count - 1, NULL, 0);
		result = process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	if (result->err == PSG_OK)
		*ret_file = (int)result->number;
	return result->err;
}

static enum psg_err sim_write(struct psg_folder *folder, int file, const void *bytes, size_t len)
{
	struct part *part = part_of(folder);
	struct run *run = part->run;
	const struct sim_result *result;
	bool is_record = part->spent && run->script->kind == SIM_CLAIM && !run->written;
	enum psg_err err;

	run->written = run->written || is_record;
	switch (turn(run, OP_WRITE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		if (is_record)
			note_record(run, part, run->process->handles[file]);
		err = part->inner->ops->write(part->inner, run->process->handles[file], bytes, len);
		record(run, OP_WRITE, NULL, err, 0, NULL, 0);
		return err;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

/* A claim's look at what it just wrote, where nobody removes names: always the same. */
static bool reads_back(const struct part *part, const char *name)
{
	const struct run *run = part->run;

	return part->spent && !run->sim->tidies && !sim_exact && run->written && !run->winding_up &&
	       sim_code_bit(run->sim, name) == UINT32_C(1) << (run->process->spent - 1);
}

static enum psg_err sim_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
			     struct psg_file_info *ret)
{
	struct part *part = part_of(folder);
	struct run *run = part->run;
	const struct sim_result *result;
	struct psg_file_info info = {0};
	char bytes[PSG_FILE_MAX];
	enum psg_err err;

	if (is_constant(part) || reads_back(part, name))
		return part->inner->ops->read(part->inner, name, buf, size, ret);
	switch (turn(run, OP_READ, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		err = part->inner->ops->read(part->inner, name, bytes, size, &info);
		record(run, OP_READ, name, err, info.mtime_realtime_ns, bytes, info.len);
		result = run->process->seen;
		if (part->devices)
			run->process->devices_hash =
			    mix(run->process->devices_hash, &result->hash, sizeof(result->hash));
		break;
	case TURN_AGAIN:
		break;
	}
	if (result->err != PSG_OK)
		return result->err;
	memcpy(buf, result->bytes, result->len);
	ret->len = result->len;
	ret->mtime_realtime_ns = result->number;
	return PSG_OK;
}

static enum psg_err sim_exists(struct psg_folder *folder, const char *name, bool *ret)
{
	struct part *part = part_of(folder);
	const struct sim_result *result;
	bool there = false;
	enum psg_err err;

	switch (turn(part->run, OP_EXISTS, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		err = part->inner->ops->exists(part->inner, name, &there);
		record(part->run, OP_EXISTS, name, err, there, NULL, 0);
		result = part->run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	*ret = result->number != 0;
	return result->err;
}

static enum psg_err sim_replace(struct psg_folder *folder, const char *name, const void *bytes,
				size_t len)
{
	struct part *part = part_of(folder);
	const struct sim_result *result;

	switch (turn(part->run, OP_REPLACE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		record(part->run, OP_REPLACE, name,
		       part->inner->ops->replace(part->inner, name, bytes, len), 0, NULL, 0);
		result = part->run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

static enum psg_err sim_remove(struct psg_folder *folder, const char *name)
{
	struct part *part = part_of(folder);
	const struct sim_result *result;

	switch (turn(part->run, OP_REMOVE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		if (part->attempts)
			note_covered(part->run);
		record(part->run, OP_REMOVE, name, part->inner->ops->remove(part->inner, name), 0,
		       NULL, 0);
		result = part->run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

static enum psg_err sim_sync(struct psg_folder *folder, int file)
{
	(void)folder;
	(void)file;
	return PSG_OK;
}

/* Left open: what a file number leads to belongs to the state, not to this run. */
static void sim_close(struct psg_folder *folder, int file)
{
	(void)folder;
	(void)file;
}

static enum psg_err sim_sync_names(struct psg_folder *folder)
{
	(void)folder;
	return PSG_OK;
}

static enum psg_err sim_sweep(struct psg_folder *folder, int64_t before_realtime_ns)
{
	(void)folder;
	(void)before_realtime_ns;
	return PSG_OK;
}

static void sim_release(struct psg_folder *folder)
{
	psg_folder_release(&part_of(folder)->inner);
	free(part_of(folder));
}

static const struct psg_folder_ops sim_ops = {
    .open = sim_open,
    .list = sim_list,
    .create = sim_create,
    .write = sim_write,
    .sync = sim_sync,
    .close = sim_close,
    .sync_names = sim_sync_names,
    .read = sim_read,
    .exists = sim_exists,
    .replace = sim_replace,
    .remove = sim_remove,
    .release = sim_release,
    .sweep = sim_sweep,
};

static struct psg_now time_of(const struct sim *sim, const struct sim_state *state, int64_t wall_s)
{
	struct psg_now now = sim->start;

	now.boottime_ns += state->elapsed_s * FOLK_S;
	now.realtime_ns += (state->elapsed_s + wall_s) * FOLK_S;
	return now;
}

static enum psg_err sim_now(void *self, struct psg_now *ret)
{
	struct run *run = self;
	const struct sim_result *result;

	switch (turn(run, OP_NOW, NULL, &result)) {
	case TURN_OVER:
		return PSG_ERR_CLOCK;
	case TURN_NEW:
		note_now(run->process, run->state->elapsed_s);
		record(run, OP_NOW, NULL, PSG_OK, run->state->elapsed_s, NULL, 0);
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

/* -- the processes -- */

void sim_code(const struct sim *sim, int c, char out[static PSG_CODE_DIGITS_MAX + 1])
{
	uint64_t step = psg_totp_step(&sim->credential, sim->start.realtime_ns / FOLK_S);

	assert_int_equal(psg_totp_code(&sim->credential, step + (uint64_t)(int64_t)c, out), PSG_OK);
}

uint32_t sim_code_bit(const struct sim *sim, const char *file)
{
	uint64_t first = psg_totp_step(&sim->credential, sim->start.realtime_ns / FOLK_S) - 8;
	const char *dash = strchr(file, '-');
	uint64_t step;

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

static enum psg_err run_claim(struct run *run, struct psg_store *store)
{
	struct psg_grant grant = sim_grant();
	char code[PSG_CODE_DIGITS_MAX + 1];
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
static enum psg_err run_end(struct run *run, struct psg_store *store)
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

static enum psg_err run_script(struct run *run, struct psg_store *store)
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
	struct run run = {.sim = sim,
			  .state = state,
			  .process = process,
			  .script = &sim->scripts[who],
			  .seen = seen,
			  .known = process->count,
			  .clock_stands = clock_stands};
	struct part root = {.folder.ops = &sim_ops, .run = &run, .inner = state->root};
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
		result_free(state->processes[i].seen);
	psg_folder_release(&state->root);
	free(state);
}

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
	uint64_t hash = mix(7, parts, sizeof(parts));

	/* Nobody writes into any file but the last that it made. */
	if (p->handle_count > 0) {
		uint64_t file =
		    psg_folder_memory_file_hash(state->root, p->handles[p->handle_count - 1]);

		hash = mix(hash, &file, sizeof(file));
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

	hash = mix(hash, &state->elapsed_s, sizeof(state->elapsed_s));
	hash = mix(hash, &state->steps, sizeof(state->steps));
	hash = mix(hash, &state->spent_ever, sizeof(state->spent_ever));
	hash = mix(hash, &state->ended, sizeof(state->ended));
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
	return mix(hash, processes, sizeof(processes));
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
