/* Makes or takes away the assignments of a file: one write for all. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "assignee.h"
#include "bulk.h"
#include "reach.h"
#include "unassign.h"

#define OPENINGS_MOST 50U
#define EVENTS_MOST 1000U /* a million lines in the log would drown it */

struct openings {
	const struct ctl *ctl;
	size_t count;
};

static enum psg_err warn_opening(void *arg, const struct ctl_change *change)
{
	struct openings *openings = arg;
	if (change->through != NULL && openings->count++ < OPENINGS_MOST)
		ctl_warn_opening(openings->ctl, change);
	return PSG_OK;
}

/* Without the lock: the name service may be asked. The policy that was open is the one before. */
static void warn_openings(struct ctl *ctl, struct ctl_bulk *bulk)
{
	struct psg_policy *after PSG_CLEANUP(psg_policy_close) = NULL;
	struct openings openings = {.ctl = ctl};
	const struct ctl_differences differences = {.assigned = &bulk->changed,
						    .openings_only = true};
	enum psg_err err = psg_policy_open(ctl->store->root, &after);
	if (!err)
		err = ctl_reach_compare(ctl->policy, after, &differences, time(NULL), warn_opening,
					&openings);
	if (openings.count > OPENINGS_MOST)
		ctl_warn(ctl, "and %zu more need no activation any more",
			 openings.count - OPENINGS_MOST);
	if (err)
		ctl_warn(ctl,
			 "assigned, but not compared with what was needed before (%s); `psgctl "
			 "doctor` shows who gets through without an activation",
			 psg_strerror(err));
}

static enum ctl_exit put(struct ctl *ctl, struct ctl_bulk *bulk)
{
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	const struct psg_policy_update update = {
	    .assign = bulk->with_until ? &bulk->changed : NULL,
	    .unassign = bulk->with_until ? NULL : &bulk->changed,
	};
	if (bulk->changed.count == 0)
		return CTL_DONE;
	enum psg_err err =
	    bulk->with_until ? ctl_end_left(ctl, bulk->changed.items, bulk->changed.count) : PSG_OK;
	if (err)
		return ctl_store_error(ctl, "cannot end what was active before", err);
	ctl_progress_show(&bulk->progress, "Writing", 0, 0);
	err = psg_policy_stage(ctl->store->root, ctl->policy, &update, &staged);
	if (!err)
		err = psg_policy_commit(&staged);
	ctl_progress_end(&bulk->progress);
	if (err && !bulk->with_until && ctl_policy_replaced(ctl))
		ctl_end_unassigned(ctl, bulk->changed.items, bulk->changed.count);
	return err ? ctl_policy_failed(ctl, err) : CTL_DONE;
}

/* One event for each change, or one for all of them where they are many. */
static void log_changes(struct ctl *ctl, const struct ctl_bulk *bulk, enum psg_event_kind kind,
			const char *counts)
{
	char reason[1200];
	snprintf(reason, sizeof(reason), "%s, from %s", counts, ctl_bulk_name(bulk));
	if (bulk->changed.count > EVENTS_MOST) {
		struct psg_event event = {.kind = kind, .reason = reason};
		ctl_event(ctl, &event);
		return;
	}
	for (size_t i = 0; i < bulk->changed.count; i++) {
		const struct psg_assignment *assignment = &bulk->changed.items[i];
		char until[PSG_TIME_SIZE];
		psg_time_format(assignment->until_s, until);
		struct psg_event event = {
		    .kind = kind,
		    .user = assignment->assignee,
		    .target_type = psg_target_kind_name(assignment->kind),
		    .target = assignment->target,
		    .expires = bulk->with_until && assignment->until_s != 0 ? until : NULL,
		    .reason = reason,
		};
		ctl_event(ctl, &event);
	}
}

static enum ctl_exit begin(struct ctl *ctl, struct ctl_bulk *bulk, int *lock)
{
	if (!ctl_bulk_read(ctl, bulk))
		return CTL_INVALID;
	enum ctl_exit status = ctl_begin_change(ctl, lock);
	if (status != CTL_DONE)
		return status;
	enum psg_err err = ctl_bulk_resolve(ctl, bulk);
	if (err)
		return ctl_store_error(ctl, "cannot read the policy", err);
	return ctl_bulk_failed(ctl, bulk) ? CTL_INVALID : CTL_DONE;
}

enum ctl_exit ctl_assign_file(struct ctl *ctl, const char *file)
{
	struct ctl_bulk bulk PSG_CLEANUP(ctl_bulk_clear) = {
	    .file = file, .with_until = true, .now_s = (int64_t)time(NULL)};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	size_t added = 0;
	enum ctl_exit status = begin(ctl, &bulk, &lock);
	for (size_t i = 0; i < bulk.count && status == CTL_DONE; i++) {
		const struct ctl_bulk_row *row = &bulk.rows[i];
		const struct psg_assignment assignment = ctl_bulk_assignment(&bulk, i);
		if (row->had && row->had_until_s == row->until_s)
			continue;
		added += !row->had;
		if (ctl_bulk_change(&bulk, &assignment) != PSG_OK)
			return ctl_store_error(ctl, "cannot assign", PSG_ERR_NO_MEMORY);
	}
	if (status == CTL_DONE)
		status = put(ctl, &bulk);
	psg_close_fd(&lock);
	if (status != CTL_DONE)
		return status;
	char counts[160];
	size_t changed = bulk.changed.count - added, unchanged = bulk.count - bulk.changed.count;
	snprintf(counts, sizeof(counts), "%zu assigned, %zu with another end, %zu as before", added,
		 changed, unchanged);
	log_changes(ctl, &bulk, PSG_EVENT_ASSIGNED, counts);
	warn_openings(ctl, &bulk);
	ctl_note(ctl, "%s: %s", ctl_safe(ctl_bulk_name(&bulk)), counts);
	if (!ctl->json)
		return CTL_DONE;
	return ctl_print_json(json_pack("{s:I, s:I, s:I}", "assigned", (json_int_t)added, "changed",
					(json_int_t)changed, "unchanged", (json_int_t)unchanged));
}

enum ctl_exit ctl_unassign_file(struct ctl *ctl, const char *file)
{
	struct ctl_bulk bulk PSG_CLEANUP(ctl_bulk_clear) = {.file = file};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum ctl_exit status = begin(ctl, &bulk, &lock);
	if (status == CTL_DONE)
		status = put(ctl, &bulk);
	psg_close_fd(&lock);
	if (status != CTL_DONE)
		return status;
	char counts[160];
	size_t missing = 0;
	for (size_t i = 0; i < bulk.count; i++)
		missing += !bulk.rows[i].had;
	snprintf(counts, sizeof(counts), "%zu unassigned, %zu not assigned before",
		 bulk.changed.count, missing);
	log_changes(ctl, &bulk, PSG_EVENT_UNASSIGNED, counts);
	ctl_note(ctl, "%s: %s", ctl_safe(ctl_bulk_name(&bulk)), counts);
	ctl_end_unassigned(ctl, bulk.changed.items, bulk.changed.count);
	if (!ctl->json)
		return CTL_DONE;
	return ctl_print_json(json_pack("{s:I, s:I}", "unassigned", (json_int_t)bulk.changed.count,
					"unchanged", (json_int_t)missing));
}
