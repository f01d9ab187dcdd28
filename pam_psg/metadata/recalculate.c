/* Effective permissions of every group: union of its sets minus the union of its muting sets.
 *
 * Permissions are numbered once and each set becomes a row of numbers, so that 10,000 groups of 20 sets
 * compare no text. Results are put into the model only when all are there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psg/metadata.h"

/* Text to number, open addressing, never more than half full. */
struct table {
	const char **texts;
	uint32_t *numbers;
	size_t size, count;
};

static void table_clear(struct table *table)
{
	free(table->texts);
	free(table->numbers);
	*table = (struct table){0};
}

/* Room for `most` texts. */
static enum psg_err table_make(struct table *table, size_t most)
{
	size_t size = 16;

	if (most > UINT32_MAX / 4)
		return PSG_ERR_NO_MEMORY;
	while (size < 2 * most)
		size *= 2;
	table->texts = calloc(size, sizeof(*table->texts));
	table->numbers = calloc(size, sizeof(*table->numbers));
	table->size = size;
	return table->texts && table->numbers ? PSG_OK : PSG_ERR_NO_MEMORY;
}

/* Where `text` is, or the empty place where it would be. FNV-1a. */
static size_t table_find(const struct table *table, const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
	size_t at = (hash ^ (hash >> 32)) & (table->size - 1);

	while (table->texts[at] && strcmp(table->texts[at], text) != 0)
		at = (at + 1) & (table->size - 1);
	return at;
}

/* The text's number: the next free one when it is new. `text` is borrowed. */
static uint32_t table_number(struct table *table, const char *text)
{
	size_t at = table_find(table, text);

	if (!table->texts[at]) {
		table->texts[at] = text;
		table->numbers[at] = (uint32_t)table->count++;
	}
	return table->numbers[at];
}

static bool table_get(const struct table *table, const char *text, uint32_t *ret)
{
	size_t at = table_find(table, text);

	if (!table->texts[at])
		return false;
	*ret = table->numbers[at];
	return true;
}

/* Sets (or muting sets) as rows of permission numbers: of set n, numbers[starts[n]] up to starts[n + 1]. */
struct rows {
	struct table names;
	size_t *starts;
	uint32_t *numbers;
};

static void rows_clear(struct rows *rows)
{
	table_clear(&rows->names);
	free(rows->starts);
	free(rows->numbers);
	*rows = (struct rows){0};
}

static size_t key_count(const struct psg_permission_set *sets, size_t count)
{
	size_t keys = 0;

	for (size_t i = 0; i < count; i++)
		keys += sets[i].permissions.count;
	return keys;
}

static enum psg_err rows_make(struct rows *rows, const struct psg_permission_set *sets,
			      size_t count, struct table *permissions)
{
	size_t next = 0;
	enum psg_err err = table_make(&rows->names, count);

	if (err)
		return err;
	rows->starts = calloc(count + 1, sizeof(*rows->starts));
	rows->numbers = calloc(key_count(sets, count) + 1, sizeof(*rows->numbers));
	if (!rows->starts || !rows->numbers)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		/* A name that is there twice is an error elsewhere (psg_model_check); the first counts,
		 * and rows stay in step with their names. */
		size_t before = rows->names.count;

		(void)table_number(&rows->names, sets[i].name);
		if (rows->names.count == before)
			continue;
		for (size_t k = 0; k < sets[i].permissions.count; k++)
			rows->numbers[next++] =
			    table_number(permissions, sets[i].permissions.items[k]);
		rows->starts[rows->names.count] = next;
	}
	return PSG_OK;
}

struct result {
	enum psg_group_status status;
	char *reason;
	uint32_t count;
	bool has_policy;
};

struct work {
	struct table permissions, policies;
	struct rows sets, muting_sets;
	uint32_t *marks; /* of each permission: the group and use it was last seen in */
	struct result *results;
	size_t result_count;
};

static void work_clear(struct work *work)
{
	for (size_t i = 0; i < work->result_count; i++)
		free(work->results[i].reason);
	free(work->results);
	free(work->marks);
	rows_clear(&work->sets);
	rows_clear(&work->muting_sets);
	table_clear(&work->permissions);
	table_clear(&work->policies);
}

static enum psg_err work_make(struct work *work, const struct psg_model *model)
{
	enum psg_err err = table_make(&work->permissions,
				      key_count(model->sets, model->set_count) +
					  key_count(model->muting_sets, model->muting_set_count));

	if (!err)
		err = rows_make(&work->sets, model->sets, model->set_count, &work->permissions);
	if (!err)
		err = rows_make(&work->muting_sets, model->muting_sets, model->muting_set_count,
				&work->permissions);
	if (!err)
		err = table_make(&work->policies, model->policy_count);
	if (err)
		return err;
	for (size_t i = 0; i < model->policy_count; i++)
		(void)table_number(&work->policies, model->policies[i].name);
	work->marks = calloc(work->permissions.count + 1, sizeof(*work->marks));
	work->results = calloc(model->group_count + 1, sizeof(*work->results));
	if (!work->marks || !work->results)
		return PSG_ERR_NO_MEMORY;
	work->result_count = model->group_count;
	return PSG_OK;
}

/* Marks one row; counts what was marked neither so nor `muted` before. */
static uint32_t mark_row(struct work *work, const struct rows *rows, uint32_t row, uint32_t mark,
			 uint32_t muted)
{
	uint32_t fresh = 0;

	for (size_t k = rows->starts[row]; k < rows->starts[row + 1]; k++) {
		uint32_t *seen = &work->marks[rows->numbers[k]];

		if (*seen == mark || *seen == muted)
			continue;
		*seen = mark;
		fresh++;
	}
	return fresh;
}

static enum psg_err fail(struct result *result, const char *what, const char *name)
{
	result->status = PSG_STATUS_FAILED;
	result->count = 0;
	if (asprintf(&result->reason, "The %s %s does not exist.", what, name) >= 0)
		return PSG_OK;
	result->reason = NULL; /* asprintf leaves it undefined */
	return PSG_ERR_NO_MEMORY;
}

static enum psg_err calculate(struct work *work, const struct psg_group *group, uint32_t number,
			      struct result *result)
{
	uint32_t muted = 2 * number + 1, given = 2 * number + 2, row;

	*result = (struct result){.status = PSG_STATUS_UPDATED};
	result->has_policy = table_get(&work->policies, group->name, &row);
	for (size_t i = 0; i < group->muting_sets.count; i++) {
		const char *name = group->muting_sets.items[i];

		if (!table_get(&work->muting_sets.names, name, &row))
			return fail(result, "muting permission set", name);
		(void)mark_row(work, &work->muting_sets, row, muted, muted);
	}
	for (size_t i = 0; i < group->sets.count; i++) {
		const char *name = group->sets.items[i];

		if (table_get(&work->sets.names, name, &row))
			result->count += mark_row(work, &work->sets, row, given, muted);
		else if (!strstr(name, "__"))
			return fail(result, "permission set", name);
		/* Else a namespace's: two thirds of real groups name such members, of packages that
		 * are nowhere here. What is not there gives nothing. */
	}
	return PSG_OK;
}

static void take_result(struct psg_group *group, struct result *result)
{
	free(group->status_reason);
	group->status_reason = result->reason;
	result->reason = NULL;
	group->status = result->status;
	group->permission_count = result->count;
	group->has_activation_policy = result->has_policy;
}

enum psg_err psg_recalculate(struct psg_model *model)
{
	struct work work PSG_CLEANUP(work_clear) = {0};
	enum psg_err err = work_make(&work, model);

	if (!err && model->group_count > UINT32_MAX / 4)
		err = PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < model->group_count && !err; i++) {
		err = calculate(&work, &model->groups[i], (uint32_t)i, &work.results[i]);
		if (!err && !work.results[i].reason) {
			work.results[i].reason = strdup("");
			err = work.results[i].reason ? PSG_OK : PSG_ERR_NO_MEMORY;
		}
	}
	if (err)
		return err;
	for (size_t i = 0; i < model->group_count; i++)
		take_result(&model->groups[i], &work.results[i]);
	return PSG_OK;
}
