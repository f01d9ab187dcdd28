/* psgctl assign: makes somebody eligible, and says what that opens. */
#include "psgctl.h"

#include <string.h>
#include <time.h>

#include "assignee.h"
#include "bulk.h"
#include "reach.h"
#include "shown.h"
#include "unassign.h"

static bool parse_until(const struct ctl *ctl, const char *text, int64_t *ret_s)
{
	int64_t until_s;
	if (psg_time_parse(text, &until_s) != PSG_OK) {
		ctl_error(ctl, "--until %s is no time: write 2026-12-31 or 2026-12-31T18:00Z",
			  ctl_safe(text));
		return false;
	}
	if (until_s <= (int64_t)time(NULL)) {
		char when[PSG_TIME_SIZE];
		psg_time_format(until_s, when);
		ctl_error(ctl, "--until %s is over already (%s): give a time to come",
			  ctl_safe(text), when);
		return false;
	}
	*ret_s = until_s;
	return true;
}

void ctl_warn_opening(const struct ctl *ctl, const struct ctl_change *change)
{
	const struct psg_assignment *through = change->through;
	ctl_warn(ctl,
		 "%s needed an activation for %s and no longer does: %s %s, assigned to %s, "
		 "gives it without; if that is not meant: psgctl unassign %s %s",
		 ctl_safe(change->person), ctl_safe(change->application),
		 psg_target_kind_name(through->kind), ctl_safe(through->target),
		 ctl_safe(through->assignee), ctl_safe(through->assignee),
		 ctl_safe(through->target));
}

static enum psg_err warn_opening(void *arg, const struct ctl_change *change)
{
	if (change->through != NULL)
		ctl_warn_opening(arg, change);
	return PSG_OK;
}

/* The policy that was open is the one before: an open file stays what it was when another takes its name. */
static void warn_openings(struct ctl *ctl, struct psg_assignment *assignment)
{
	struct psg_policy *after PSG_CLEANUP(psg_policy_close) = NULL;
	const struct psg_assignments assigned = {.items = assignment, .count = 1};
	const struct ctl_differences differences = {.assigned = &assigned, .openings_only = true};
	enum psg_err err = psg_policy_open(ctl->store->root, &after);
	if (!err)
		err = ctl_reach_compare(ctl->policy, after, &differences, time(NULL), warn_opening,
					ctl);
	if (err)
		ctl_warn(ctl,
			 "assigned, but not compared with what was needed before (%s); `psgctl "
			 "doctor` shows who gets through without an activation",
			 psg_strerror(err));
}

static const struct psg_assignment *find_assigned(const struct psg_assignments *list,
						  enum psg_target_kind kind, const char *target)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind == kind && strcmp(list->items[i].target, target) == 0)
			return &list->items[i];
	return NULL;
}

static enum ctl_exit may_assign(struct ctl *ctl, const struct psg_assignment *assignment)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	if (assignment->kind != PSG_TARGET_GROUP)
		return CTL_DONE;
	enum psg_err err = psg_policy_group(ctl->policy, assignment->target, &group);
	if (err)
		return ctl_store_error(ctl, "cannot read the policy", err);
	if (group.status == PSG_STATUS_UPDATED)
		return CTL_DONE;
	ctl_error(
	    ctl,
	    "You can only assign users to permission set groups that have the \"Updated\" status. "
	    "%s is %s%s%s (%s)",
	    ctl_safe(group.name), psg_group_status_name(group.status),
	    group.status_reason[0] != '\0' ? ": " : "", ctl_safe(group.status_reason),
	    ctl_status_remedy(group.status));
	return CTL_INVALID;
}

static json_t *json_assignment(const struct psg_assignment *assignment)
{
	return json_pack("{s:o, s:o, s:o}", "assignee", ctl_json_text(assignment->assignee),
			 assignment->kind == PSG_TARGET_GROUP ? "permissionSetGroup"
							      : "permissionSet",
			 ctl_json_text(assignment->target), "expirationDate",
			 ctl_json_time(assignment->until_s));
}

static enum ctl_exit report(const struct ctl *ctl, const struct psg_assignment *assignment,
			    bool changed, const char *had)
{
	char until[PSG_TIME_SIZE];
	psg_time_format(assignment->until_s, until);
	const char *before = changed && had == NULL ? " is now assigned"
			     : changed              ? " stays assigned"
						    : " is already assigned";
	ctl_note(ctl, "%s%s %s %s%s%s%s", ctl_safe(assignment->assignee), before,
		 psg_target_kind_name(assignment->kind), ctl_safe(assignment->target),
		 assignment->until_s != 0 ? " until "
		 : changed && had != NULL ? ", now without end"
					  : "",
		 assignment->until_s != 0 ? until : "",
		 changed && had != NULL && had[0] != '\0' ? had : "");
	return ctl->json ? ctl_print_json(json_assignment(assignment)) : CTL_DONE;
}

/* Lets go of the lock as soon as it is written: the name service is asked after that. */
static enum ctl_exit put(struct ctl *ctl, struct psg_assignment *assignment, int *lock)
{
	struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_assigned(ctl->policy, assignment->assignee, &has);
	if (err)
		return ctl_store_error(ctl, "cannot read the policy", err);
	const struct psg_assignment *old =
	    find_assigned(&has, assignment->kind, assignment->target);
	enum ctl_exit status = old == NULL ? may_assign(ctl, assignment) : CTL_DONE;
	if (status != CTL_DONE)
		return status;

	char had[PSG_TIME_SIZE + 16] = "";
	if (old != NULL && old->until_s != 0) {
		strcpy(had, " (before: ");
		psg_time_format(old->until_s, had + strlen(had));
		strcat(had, ")");
	}
	if (old == NULL || psg_until_over(old->until_s, (int64_t)time(NULL)))
		err = ctl_end_left(ctl, assignment, 1);
	if (err)
		return ctl_store_error(ctl, "cannot end what was active before", err);
	bool changed = false;
	err = psg_policy_assign(ctl->store->root, assignment, &changed);
	if (err)
		return ctl_policy_failed(ctl, err);
	psg_close_fd(lock);
	if (changed) {
		char until[PSG_TIME_SIZE];
		psg_time_format(assignment->until_s, until);
		struct psg_event event = {.kind = PSG_EVENT_ASSIGNED,
					  .user = assignment->assignee,
					  .target_type = psg_target_kind_name(assignment->kind),
					  .target = assignment->target,
					  .expires = assignment->until_s != 0 ? until : NULL};
		ctl_event(ctl, &event);
		warn_openings(ctl, assignment);
	}
	return report(ctl, assignment, changed, old != NULL ? had : NULL);
}

enum ctl_exit ctl_assign(struct ctl *ctl)
{
	const char *operands[2], *until = NULL, *file = NULL;
	size_t count = 0;
	const struct ctl_option options[] = {
	    {"file", true, &file, NULL}, {"until", true, &until, NULL}, {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, operands, 0, 2, &count) ||
	    !ctl_given_or_file(ctl, count, file))
		return CTL_USAGE;
	if (file != NULL && until != NULL) {
		ctl_error(ctl, "--until does not go with --file: the lines say until when");
		return CTL_USAGE;
	}
	if (file != NULL)
		return ctl_assign_file(ctl, file);

	char assignee[CTL_ASSIGNEE_SIZE], target[PSG_API_NAME_SIZE];
	struct psg_assignment assignment = {
	    .assignee = assignee, .target = target, .created_s = (int64_t)time(NULL)};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err known;
	if ((until != NULL && !parse_until(ctl, until, &assignment.until_s)) ||
	    !ctl_assignee(ctl, operands[0], assignee, &known))
		return CTL_INVALID;
	enum ctl_exit status = ctl_begin_change(ctl, &lock);
	if (status != CTL_DONE)
		return status;
	if (!ctl_find_target(ctl, operands[1], &assignment.kind))
		return CTL_STORE;
	if (assignment.kind == PSG_TARGET_NONE || strlen(operands[1]) >= sizeof(target))
		return ctl_unknown_target(ctl, operands[1], CTL_INVALID);
	memcpy(target, operands[1], strlen(operands[1]) + 1);
	ctl_warn_assignee(ctl, operands[0], known);
	return put(ctl, &assignment, &lock);
}
