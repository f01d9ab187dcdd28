/* The operations of a simulated folder: given back, performed once, or over the end. See sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../pam_psg/store/folder_memory.h"
#include "sim_run.h"

static struct sim_part *part_of(struct psg_folder *folder)
{
	return (struct sim_part *)(void *)folder;
}

/* -- what the checks want to know -- */

/* A success forgives up to its own attempt, an administrator all there are; nobody else forgives here. */
static void note_covered(struct sim_run *run)
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

static void note_create(struct sim_run *run, const struct sim_part *part, const char *name)
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
		/* A recovery code is of no step: none is newer or older. */
		run->process->behind = bit != UINT32_C(1) << (8 + SIM_RECOVERY) &&
				       run->state->spent_ever > (bit | (bit - 1));
		run->state->spent_ever |= bit;
		run->process->spent = 1 + __builtin_ctz(bit);
	}
}

/* A claim writes its record. */
static void note_record(struct sim_run *run, const struct sim_part *part, int handle)
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
	struct sim_part *from = part_of(parent), *part;
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
static bool is_constant(const struct sim_part *part)
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
	struct sim_part *part = part_of(folder);
	struct sim_run *run = part->run;
	const struct sim_result *result;
	enum psg_err err;

	if (is_constant(part))
		return part->inner->ops->list(part->inner, each, arg);
	run->winding_up = run->written;
	switch (sim_turn(run, OP_LIST, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW: {
		struct names names = {.len = 0};

		err = part->inner->ops->list(part->inner, collect, &names);
		run->process->winding_up = run->winding_up;
		if (part->spent && run->script->kind == SIM_CLAIM)
			run->process->evaluated = true;
		sim_record(run, OP_LIST, NULL, err, part->spent, names.bytes, names.len);
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
	struct sim_part *part = part_of(folder);
	struct sim_run *run = part->run;
	struct sim_process *process = run->process;
	const struct sim_result *result;
	enum psg_err err;
	int file;

	switch (sim_turn(run, OP_CREATE, part, &result)) {
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
		sim_record(run, OP_CREATE, name, err, (int64_t)process->handle_count - 1, NULL, 0);
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
	struct sim_part *part = part_of(folder);
	struct sim_run *run = part->run;
	const struct sim_result *result;
	bool is_record = part->spent && run->script->kind == SIM_CLAIM && !run->written;
	enum psg_err err;

	run->written = run->written || is_record;
	switch (sim_turn(run, OP_WRITE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		if (is_record)
			note_record(run, part, run->process->handles[file]);
		err = part->inner->ops->write(part->inner, run->process->handles[file], bytes, len);
		sim_record(run, OP_WRITE, NULL, err, 0, NULL, 0);
		return err;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

/* A claim's look at what it just wrote, where nobody removes names: always the same. */
static bool reads_back(const struct sim_part *part, const char *name)
{
	const struct sim_run *run = part->run;

	return part->spent && !run->sim->tidies && !sim_exact && run->written && !run->winding_up &&
	       sim_code_bit(run->sim, name) == UINT32_C(1) << (run->process->spent - 1);
}

static enum psg_err sim_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
			     struct psg_file_info *ret)
{
	struct sim_part *part = part_of(folder);
	struct sim_run *run = part->run;
	const struct sim_result *result;
	struct psg_file_info info = {0};
	char bytes[PSG_FILE_MAX];
	enum psg_err err;

	if (is_constant(part) || reads_back(part, name))
		return part->inner->ops->read(part->inner, name, buf, size, ret);
	switch (sim_turn(run, OP_READ, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		err = part->inner->ops->read(part->inner, name, bytes, size, &info);
		sim_record(run, OP_READ, name, err, info.mtime_realtime_ns, bytes, info.len);
		result = run->process->seen;
		if (part->devices)
			run->process->devices_hash = sim_mix(run->process->devices_hash,
							     &result->hash, sizeof(result->hash));
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
	struct sim_part *part = part_of(folder);
	const struct sim_result *result;
	bool there = false;
	enum psg_err err;

	switch (sim_turn(part->run, OP_EXISTS, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		err = part->inner->ops->exists(part->inner, name, &there);
		sim_record(part->run, OP_EXISTS, name, err, there, NULL, 0);
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
	struct sim_part *part = part_of(folder);
	const struct sim_result *result;

	switch (sim_turn(part->run, OP_REPLACE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		sim_record(part->run, OP_REPLACE, name,
			   part->inner->ops->replace(part->inner, name, bytes, len), 0, NULL, 0);
		result = part->run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

static enum psg_err sim_rename(struct psg_folder *folder, const char *name, const char *to,
			       bool over)
{
	struct sim_part *part = part_of(folder);
	const struct sim_result *result;

	switch (sim_turn(part->run, OP_RENAME, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		if (part->attempts)
			note_covered(part->run);
		sim_record(part->run, OP_RENAME, name,
			   part->inner->ops->rename(part->inner, name, to, over), 0, NULL, 0);
		result = part->run->process->seen;
		break;
	case TURN_AGAIN:
		break;
	}
	return result->err;
}

static enum psg_err sim_remove(struct psg_folder *folder, const char *name)
{
	struct sim_part *part = part_of(folder);
	const struct sim_result *result;

	switch (sim_turn(part->run, OP_REMOVE, part, &result)) {
	case TURN_OVER:
		return PSG_ERR_IO;
	case TURN_NEW:
		if (part->attempts)
			note_covered(part->run);
		sim_record(part->run, OP_REMOVE, name, part->inner->ops->remove(part->inner, name),
			   0, NULL, 0);
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

const struct psg_folder_ops sim_ops = {
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
    .rename = sim_rename,
    .remove = sim_remove,
    .release = sim_release,
    .sweep = sim_sweep,
};
