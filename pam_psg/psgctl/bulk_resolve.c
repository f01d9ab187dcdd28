/* Holds the lines of a file of assignments against the policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "reach_view.h"
#include "shown.h"

struct psg_assignment ctl_bulk_assignment(const struct ctl_bulk *bulk, size_t at)
{
	const struct ctl_bulk_row *row = &bulk->rows[at];
	return (struct psg_assignment){
	    .assignee = bulk->assignees.names.items[row->assignee],
	    .kind = bulk->kinds[row->target],
	    .target = bulk->targets.names.items[row->target],
	    .until_s = row->until_s,
	    .created_s = bulk->now_s,
	};
}

enum psg_err ctl_bulk_change(struct ctl_bulk *bulk, const struct psg_assignment *assignment)
{
	enum psg_err err = ctl_view_room(&bulk->changed.items, sizeof(*bulk->changed.items),
					 bulk->changed.count, &bulk->changed_room);
	if (!err)
		bulk->changed.items[bulk->changed.count++] = *assignment;
	return err;
}

static enum psg_err look_up_target(struct ctl *ctl, struct ctl_bulk *bulk, uint32_t number)
{
	const char *name = bulk->targets.names.items[number];
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_group(ctl->policy, name, &group);
	if (err == PSG_OK) {
		bulk->kinds[number] = PSG_TARGET_GROUP;
		bulk->statuses[number] = group.status;
		bulk->reasons[number] = strdup(group.status_reason);
		return bulk->reasons[number] != NULL ? PSG_OK : PSG_ERR_NO_MEMORY;
	}
	if (err == PSG_ERR_NOT_FOUND)
		err = psg_policy_set_brief(ctl->policy, name, NULL, NULL);
	bulk->statuses[number] = PSG_STATUS_UPDATED;
	bulk->kinds[number] = err == PSG_OK ? PSG_TARGET_SET : PSG_TARGET_NONE;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err look_up_targets(struct ctl *ctl, struct ctl_bulk *bulk)
{
	size_t count = bulk->targets.names.count;
	bulk->kinds = calloc(count + 1, sizeof(*bulk->kinds));
	bulk->statuses = calloc(count + 1, sizeof(*bulk->statuses));
	bulk->reasons = calloc(count + 1, sizeof(*bulk->reasons));
	if (bulk->kinds == NULL || bulk->statuses == NULL || bulk->reasons == NULL)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = PSG_OK;
	for (uint32_t i = 0; i < count && !err; i++)
		err = look_up_target(ctl, bulk, i);
	return err;
}

static int by_names(const void *a, const void *b)
{
	const struct ctl_bulk_row *left = a, *right = b;
	if (left->assignee != right->assignee)
		return left->assignee < right->assignee ? -1 : 1;
	if (left->target != right->target)
		return left->target < right->target ? -1 : 1;
	return (left->line > right->line) - (left->line < right->line);
}

/* Under the account's own spelling; what is taken away also as it was written, for the account may be gone. */
static enum psg_err spell(struct ctl_bulk *bulk)
{
	for (size_t i = 0, count = bulk->count; i < count; i++) {
		struct ctl_bulk_row row = bulk->rows[i];
		uint32_t own = bulk->known_as[row.assignee];
		if (own == row.assignee)
			continue;
		row.assignee = own;
		size_t at = bulk->with_until ? i : bulk->count;
		enum psg_err err = ctl_view_room(&bulk->rows, sizeof(*bulk->rows), at, &bulk->room);
		if (err)
			return err;
		bulk->rows[at] = row;
		bulk->count += !bulk->with_until;
	}
	return PSG_OK;
}

/* Each assignment once. */
static enum psg_err drop_repeats(struct ctl_bulk *bulk)
{
	size_t kept = 0;
	if (bulk->count > 1)
		qsort(bulk->rows, bulk->count, sizeof(*bulk->rows), by_names);
	for (size_t i = 1; i < bulk->count; i++) {
		const struct ctl_bulk_row *row = &bulk->rows[i], *first = &bulk->rows[kept];
		if (row->assignee != first->assignee || row->target != first->target)
			bulk->rows[++kept] = *row;
		else if (row->until_s != first->until_s &&
			 !ctl_bulk_error(bulk, row->line, "leave one of the two lines out",
					 "%s is given %s with another end in line %u",
					 ctl_safe(bulk->assignees.names.items[row->assignee]),
					 ctl_safe(bulk->targets.names.items[row->target]),
					 first->line))
			return PSG_ERR_NO_MEMORY;
	}
	bulk->count = bulk->count > 0 ? kept + 1 : 0;
	return PSG_OK;
}

static enum psg_err look_at(void *arg, const struct psg_assignment *assignment)
{
	struct ctl_bulk *bulk = arg;
	const struct ctl_bulk_row key = {
	    .assignee = ctl_index_find(&bulk->assignees, assignment->assignee),
	    .target = ctl_index_find(&bulk->targets, assignment->target),
	};
	if (key.assignee == CTL_INDEX_NONE || key.target == CTL_INDEX_NONE ||
	    (bulk->with_until && bulk->kinds[key.target] != assignment->kind))
		return PSG_OK;
	/* by_names with line 0: the first row that is not before it. */
	size_t low = 0, high = bulk->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_names(&bulk->rows[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == bulk->count || bulk->rows[low].assignee != key.assignee ||
	    bulk->rows[low].target != key.target)
		return PSG_OK;
	bulk->rows[low].had = true;
	bulk->rows[low].had_until_s = assignment->until_s;
	return bulk->with_until
		   ? PSG_OK
		   : ctl_bulk_change(bulk,
				     &(struct psg_assignment){
					 .assignee = bulk->assignees.names.items[key.assignee],
					 .kind = assignment->kind,
					 .target = bulk->targets.names.items[key.target],
					 .until_s = assignment->until_s,
				     });
}

static bool report_unknown(struct ctl *ctl, struct ctl_bulk *bulk, const struct ctl_bulk_row *row)
{
	const char *name = bulk->targets.names.items[row->target];
	char *near PSG_CLEANUP(psg_free_bytes) = ctl_suggest_target(ctl, name);
	char remedy[PSG_API_NAME_SIZE + 32] = "`psgctl groups` lists the groups";
	if (near != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean %s?", ctl_safe(near));
	return ctl_bulk_error(bulk, row->line, remedy,
			      "there is no permission set group or permission set %s",
			      ctl_safe(name));
}

static bool report_status(struct ctl_bulk *bulk, const struct ctl_bulk_row *row)
{
	enum psg_group_status status = bulk->statuses[row->target];
	const char *reason = bulk->reasons[row->target];
	return ctl_bulk_error(bulk, row->line, ctl_status_remedy(status),
			      "You can only assign users to permission set groups that have the "
			      "\"Updated\" status. %s is %s%s%s",
			      ctl_safe(bulk->targets.names.items[row->target]),
			      psg_group_status_name(status),
			      reason != NULL && reason[0] != '\0' ? ": " : "", ctl_safe(reason));
}

static enum psg_err find_errors(struct ctl *ctl, struct ctl_bulk *bulk)
{
	bool kept = true;
	for (size_t i = 0; i < bulk->count && kept; i++) {
		const struct ctl_bulk_row *row = &bulk->rows[i];
		if (bulk->error_count >= CTL_BULK_REPORTED) { /* no more than their number */
			bulk->error_count +=
			    bulk->kinds[row->target] == PSG_TARGET_NONE ||
			    (!row->had && bulk->statuses[row->target] != PSG_STATUS_UPDATED);
			continue;
		}
		if (bulk->kinds[row->target] == PSG_TARGET_NONE)
			kept = report_unknown(ctl, bulk, row);
		else if (!row->had && bulk->statuses[row->target] != PSG_STATUS_UPDATED)
			kept = report_status(bulk, row);
	}
	return kept ? PSG_OK : PSG_ERR_NO_MEMORY;
}

enum psg_err ctl_bulk_resolve(struct ctl *ctl, struct ctl_bulk *bulk)
{
	enum psg_err err = look_up_targets(ctl, bulk);
	if (!err)
		err = spell(bulk);
	if (!err)
		err = drop_repeats(bulk);
	if (!err)
		err = psg_policy_each_assigned(ctl->policy, look_at, bulk);
	if (!err && bulk->with_until)
		err = find_errors(ctl, bulk);
	return err;
}

bool ctl_bulk_failed(struct ctl *ctl, struct ctl_bulk *bulk)
{
	if (bulk->error_count == 0)
		return false;
	psg_problems_sort(&bulk->problems);
	ctl_print_problems(ctl, NULL, &bulk->problems);
	if (bulk->error_count > bulk->problems.count)
		ctl_error(ctl, "and %zu more", bulk->error_count - bulk->problems.count);
	ctl_error(ctl, "%zu error%s in %s: nothing was changed", bulk->error_count,
		  bulk->error_count == 1 ? "" : "s", ctl_safe(ctl_bulk_name(bulk)));
	return true;
}
