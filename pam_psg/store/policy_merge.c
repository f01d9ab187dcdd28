/* Records of who gives and who is assigned, changed by an update. */
#include <stdlib.h>
#include <string.h>

#include "policy_write.h"

static void add_givers(struct psg_policy_sink *sink, const char *permission,
		       const struct psg_strings *sets)
{
	struct psg_policy_record record;

	/* Nobody gives it: no record, as if nobody ever had. */
	if (sets->count == 0)
		return;
	psg_policy_record_start(&record, PSG_KEY_GIVERS, permission);
	psg_buf_strings(&record.frame, sets);
	psg_policy_sink_add(sink, &record);
}

/* A set that is named in the changes gives it or not as they say; of the others it stays. */
static bool stays(const struct psg_policy_changes *changes, size_t first, size_t end,
		  const char *set)
{
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = strcmp(changes->givers[middle].set, set);

		if (order == 0)
			return false;
		if (order < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return true;
}

enum psg_err psg_policy_merge_givers(struct psg_policy_sink *sink,
				     const struct psg_policy_record *record,
				     struct psg_policy_changes *changes, size_t first)
{
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings after PSG_CLEANUP(psg_strings_clear) = {0};
	size_t end = psg_policy_givers_end(changes, first);
	enum psg_err err = psg_policy_decode_strings(psg_policy_record_value(record), &before);

	for (size_t i = 0; i < before.count && !err; i++)
		if (stays(changes, first, end, before.items[i]))
			err = psg_strings_add(&after, before.items[i]);
	for (size_t i = first; i < end && !err; i++)
		if (changes->givers[i].gives)
			err = psg_strings_add(&after, changes->givers[i].set);
	if (err)
		return err;
	psg_strings_sort(&after);
	add_givers(sink, changes->givers[first].permission, &after);
	changes->givers[first].done = true;
	return PSG_OK;
}

void psg_policy_put_givers(struct psg_policy_sink *sink, const struct psg_policy_changes *changes)
{
	for (size_t first = 0, end; first < changes->giver_count; first = end) {
		struct psg_policy_record record;
		uint32_t count = 0;

		end = psg_policy_givers_end(changes, first);
		for (size_t i = first; i < end; i++)
			count += changes->givers[i].gives;
		if (changes->givers[first].done || count == 0)
			continue;
		psg_policy_record_start(&record, PSG_KEY_GIVERS, changes->givers[first].permission);
		psg_buf_u32(&record.frame, count);
		for (size_t i = first; i < end; i++)
			if (changes->givers[i].gives)
				psg_buf_string(&record.frame, changes->givers[i].set);
		psg_policy_sink_add(sink, &record);
	}
}

/* -- assignments -- */

static int pointer_order(const void *a, const void *b)
{
	return psg_policy_assignment_order(*(const struct psg_assignment *const *)a,
					   *(const struct psg_assignment *const *)b);
}

static void add_assigned(struct psg_policy_sink *sink, const struct psg_assignment **items,
			 size_t count)
{
	struct psg_policy_record record;

	if (count == 0)
		return;
	qsort(items, count, sizeof(*items), pointer_order);
	psg_policy_record_start(&record, PSG_KEY_ASSIGNED, items[0]->assignee);
	psg_policy_encode_assigned(&record.frame, items, count);
	psg_policy_sink_add(sink, &record);
}

static bool goes(const struct psg_policy_changes *changes, size_t first, size_t end,
		 const struct psg_assignment *assignment)
{
	const struct psg_strings *gone =
	    assignment->kind == PSG_TARGET_GROUP ? &changes->gone_groups : &changes->gone_sets;

	if (psg_strings_has(gone, assignment->target))
		return true;
	for (size_t i = first; i < end; i++)
		if (psg_policy_assignment_order(changes->assigned[i].assignment, assignment) == 0)
			return true;
	return false;
}

static size_t add_put(const struct psg_policy_changes *changes, size_t first, size_t end,
		      const struct psg_assignment **items, size_t count)
{
	for (size_t i = first; i < end; i++)
		if (changes->assigned[i].put)
			items[count++] = changes->assigned[i].assignment;
	return count;
}

/* Assigned again is assigned since the first time, unless that had ended: else another end would be another week to
 * enrol in. `copies` has room for all of them. */
static void keep_since(const struct psg_assignments *before, const struct psg_assignment **items,
		       size_t count, struct psg_assignment *copies)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < before->count; j++) {
			const struct psg_assignment *old = &before->items[j];

			if (items[i] == old || psg_policy_assignment_order(items[i], old) != 0 ||
			    psg_until_over(old->until_s, items[i]->created_s))
				continue;
			*copies = *items[i];
			copies->created_s = old->created_s;
			items[i] = copies++;
			break;
		}
}

enum psg_err psg_policy_merge_assigned(struct psg_policy_sink *sink,
				       const struct psg_policy_record *record,
				       struct psg_policy_changes *changes, size_t first)
{
	struct psg_assignments before PSG_CLEANUP(psg_assignments_clear) = {0};
	const struct psg_assignment **items PSG_CLEANUP(psg_free_bytes) = NULL;
	struct psg_assignment *copies PSG_CLEANUP(psg_free_bytes) = NULL;
	char *assignee PSG_CLEANUP(psg_free_bytes) = NULL;
	size_t end = first, count = 0, kept;
	enum psg_err err = psg_policy_record_name(record, PSG_KEY_ASSIGNED, &assignee);

	if (!err)
		err =
		    psg_policy_decode_assigned(psg_policy_record_value(record), assignee, &before);
	if (err)
		return err;
	if (first < changes->assigned_count)
		end = psg_policy_assigned_end(changes, first);
	items = calloc(before.count + (end - first), sizeof(*items));
	copies = calloc(end - first + 1, sizeof(*copies));
	if (!items || !copies)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < before.count; i++)
		if (!goes(changes, first, end, &before.items[i]))
			items[count++] = &before.items[i];
	kept = count;
	count = add_put(changes, first, end, items, count);
	keep_since(&before, items + kept, count - kept, copies);
	add_assigned(sink, items, count);
	if (first < end)
		changes->assigned[first].done = true;
	return PSG_OK;
}

void psg_policy_put_assigned(struct psg_policy_sink *sink, const struct psg_policy_changes *changes)
{
	for (size_t first = 0, end; first < changes->assigned_count; first = end) {
		const struct psg_assignment **items PSG_CLEANUP(psg_free_bytes) = NULL;

		end = psg_policy_assigned_end(changes, first);
		if (changes->assigned[first].done)
			continue;
		items = calloc(end - first, sizeof(*items));
		if (!items) {
			psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
			return;
		}
		add_assigned(sink, items, add_put(changes, first, end, items, 0));
	}
}

/* The target as it lies in the record, with no copy: this is asked of a million. */
static bool is_gone(const struct psg_strings *gone, const unsigned char *target, size_t len)
{
	size_t first = 0, end = gone->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		size_t other = strlen(gone->items[middle]);
		int order = memcmp(gone->items[middle], target, other < len ? other : len);

		if (order == 0 && other == len)
			return true;
		if (order < 0 || (order == 0 && other < len))
			first = middle + 1;
		else
			end = middle;
	}
	return false;
}

enum psg_err psg_policy_loses_target(const struct psg_policy_record *record,
				     const struct psg_policy_changes *changes, bool *ret)
{
	struct psg_reader reader = psg_policy_record_value(record);
	uint32_t count = psg_read_u32(&reader);
	bool loses = false;

	for (uint32_t i = 0; i < count && !reader.failed; i++) {
		uint8_t kind = psg_read_u8(&reader);
		bool group = (kind & ~PSG_POLICY_DATED) == PSG_TARGET_GROUP;
		uint32_t len = psg_read_u32(&reader);

		if (reader.failed || len > reader.left)
			return PSG_ERR_CORRUPT;
		loses = loses || is_gone(group ? &changes->gone_groups : &changes->gone_sets,
					 reader.at, len);
		reader.at += len;
		reader.left -= len;
		(void)psg_read_u64(&reader);
		if (kind & PSG_POLICY_DATED)
			(void)psg_read_u64(&reader);
	}
	if (reader.failed)
		return PSG_ERR_CORRUPT;
	*ret = loses;
	return PSG_OK;
}
