/* psgctl unassign: takes eligibility away.
 *
 * The gate reads the policy anew for every decision, so that nothing serves any more from then on. A user's
 * activations are ended besides: assigned once more, one starts with a code again. */
#include "psgctl.h"

#include <string.h>

#include "assignee.h"
#include "live.h"

/* Whether the user has the target in another way still: as a member of some %group. */
static enum psg_err still_assigned(const struct psg_store *store,
				   const struct psg_assignment *assignment, bool *ret)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_subject subject;
	enum psg_err err = psg_subject_by_name(assignment->assignee, &subject);
	bool found = false;

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = false;
		return PSG_OK;
	}
	if (!err)
		err = psg_policy_open(store->root, &policy);
	if (!err)
		err = psg_gate_assignments(policy, &subject, &has);
	if (err)
		return err;
	for (size_t i = 0; i < has.count; i++)
		found |= has.items[i].kind == assignment->kind &&
			 !strcmp(has.items[i].target, assignment->target);
	*ret = found;
	return PSG_OK;
}

static enum psg_err end_all(struct ctl *ctl, struct psg_store *store,
			    const struct psg_assignment *assignment)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	const char *subject = assignment->assignee;
	struct psg_now now;
	enum psg_err err = psg_clock_now(&store->clock, &now);

	if (!err)
		err = psg_people_activations(store, subject, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct psg_activation *one = &list.items[i];
		bool first = false;

		bool closed = ctl_closed_early(one, &now);

		if (!one->valid || (one->ended && !closed) || ctl_lapsed(one, &now) ||
		    one->kind != assignment->kind || strcmp(one->target, assignment->target) != 0)
			continue;
		enum psg_err failed =
		    closed
			? psg_activation_end_closed(store, subject, one->file, PSG_END_UNASSIGNED)
			: psg_activation_end(store, subject, one->file, PSG_END_UNASSIGNED, &first);

		if (first)
			ctl_live_event(ctl, PSG_EVENT_ENDED, subject, one, "unassigned");
		err = err ? err : failed;
	}
	return err;
}

/* That this fails leaves no door open: without the assignment nothing serves. */
static void end_activations(struct ctl *ctl, const struct psg_assignment *assignment)
{
	struct psg_store *store PSG_CLEANUP(psg_store_close) = NULL;
	bool still = true;
	enum psg_err err;

	if (assignment->assignee[0] == '%')
		return;
	/* The policy was changed without the key; what is recorded of people is sealed with it. */
	err = psg_store_open(ctl->store_path, ctl->key_path, true, &store);
	if (!err)
		err = still_assigned(store, assignment, &still);
	if (!err && !still)
		err = end_all(ctl, store, assignment);
	if (err)
		ctl_warn(ctl,
			 "activations of %s could not be ended (%s): they serve nothing now, and "
			 "would again if %s were assigned again before they lapse",
			 ctl_safe(assignment->assignee), psg_strerror(err),
			 ctl_safe(assignment->target));
}

/* Removes what `has` holds of that name, group and set alike: afterwards the assignee has nothing called so. */
static enum ctl_exit take(struct ctl *ctl, const struct psg_assignments *has, const char *name,
			  size_t *count)
{
	for (size_t i = 0; i < has->count; i++) {
		const struct psg_assignment *assignment = &has->items[i];
		bool changed = false;
		if (strcmp(assignment->target, name) != 0)
			continue;
		enum psg_err err = psg_policy_unassign(ctl->store->root, assignment, &changed);
		if (err)
			return ctl_store_error(
			    ctl, "cannot write the policy; the one before stays in force", err);
		if (!changed)
			continue;
		(*count)++;
		struct psg_event event = {.kind = PSG_EVENT_UNASSIGNED,
					  .user = assignment->assignee,
					  .target_type = psg_target_kind_name(assignment->kind),
					  .target = assignment->target};
		ctl_event(ctl, &event);
		ctl_note(ctl, "%s is no longer assigned %s %s", ctl_safe(assignment->assignee),
			 psg_target_kind_name(assignment->kind), ctl_safe(assignment->target));
		end_activations(ctl, assignment);
	}
	return CTL_DONE;
}

enum ctl_exit ctl_unassign(struct ctl *ctl)
{
	const char *operands[2];
	if (!ctl_parse(ctl, NULL, operands, 2, 2, NULL))
		return CTL_USAGE;
	char assignee[CTL_ASSIGNEE_SIZE];
	enum psg_err known; /* nobody need exist to lose something */
	if (!ctl_assignee(ctl, operands[0], assignee, &known))
		return CTL_INVALID;
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum ctl_exit status = ctl_begin_change(ctl, &lock);
	if (status != CTL_DONE)
		return status;

	/* As it was typed too: the account may be gone, or have got another spelling since. */
	const char *spellings[] = {operands[0], assignee};
	size_t count = 0;
	for (size_t i = 0; i < PSG_COUNT(spellings) && status == CTL_DONE; i++) {
		struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
		enum psg_err err = psg_policy_assigned(ctl->policy, spellings[i], &has);
		if (err)
			return ctl_store_error(ctl, "cannot read the policy", err);
		if (i == 0 || strcmp(spellings[0], spellings[1]) != 0)
			status = take(ctl, &has, operands[1], &count);
	}
	if (status != CTL_DONE)
		return status;
	enum psg_target_kind kind;
	if (count == 0 && !ctl_find_target(ctl, operands[1], &kind))
		return CTL_STORE;
	if (count == 0 && kind == PSG_TARGET_NONE)
		(void)ctl_unknown_target(ctl, operands[1], CTL_DONE);
	if (count == 0)
		ctl_note(ctl, "%s is not assigned %s; nothing was changed", ctl_safe(operands[0]),
			 ctl_safe(operands[1]));
	if (!ctl->json)
		return CTL_DONE;
	return ctl_print_json(json_pack("{s:o, s:o, s:b}", "assignee", ctl_json_text(operands[0]),
					"name", ctl_json_text(operands[1]), "changed", count > 0));
}
