/* psgctl unassign: takes eligibility away. */
#include "psgctl.h"

#include <string.h>

#include "assignee.h"
#include "bulk.h"
#include "person.h"
#include "unassign.h"

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
		if (err) {
			if (ctl_policy_replaced(ctl))
				ctl_end_unassigned(ctl, assignment, 1);
			return ctl_policy_failed(ctl, err);
		}
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
		ctl_end_unassigned(ctl, assignment, 1);
	}
	return CTL_DONE;
}

enum ctl_exit ctl_unassign(struct ctl *ctl)
{
	const char *operands[2], *file = NULL;
	size_t count = 0;
	const struct ctl_option options[] = {{"file", true, &file, NULL},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, operands, 0, 2, &count) ||
	    !ctl_given_or_file(ctl, count, file))
		return CTL_USAGE;
	if (file != NULL)
		return ctl_unassign_file(ctl, file);
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
	count = 0;
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
	const char *near = count == 0 && known ? ctl_suggest_person(ctl, operands[0]) : NULL;
	if (count == 0)
		ctl_note(ctl, "%s is not assigned %s; nothing was changed%s%s%s",
			 ctl_safe(operands[0]), ctl_safe(operands[1]),
			 near ? ". Did you mean " : "", near ? near : "", near ? "?" : "");
	if (!ctl->json)
		return CTL_DONE;
	return ctl_print_json(json_pack("{s:o, s:o, s:b}", "assignee", ctl_json_text(operands[0]),
					"name", ctl_json_text(operands[1]), "changed", count > 0));
}
