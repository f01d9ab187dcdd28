/* One assignment put or removed. */
#include <string.h>

#include "policy_write.h"

/* What is so already is not written. */
static bool changes(const struct psg_assignments *before, const struct psg_assignment *assignment,
		    bool put)
{
	for (size_t i = 0; i < before->count; i++)
		if (psg_policy_assignment_order(&before->items[i], assignment) == 0)
			return !put || before->items[i].until_s != assignment->until_s;
	return put;
}

static enum psg_err change(struct psg_folder *root, const struct psg_assignment *assignment,
			   bool put, bool *ret_changed)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct psg_assignments before PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_assignment one = *assignment;
	const struct psg_assignments list = {&one, 1};
	const struct psg_policy_update update = {.assign = put ? &list : NULL,
						 .unassign = put ? NULL : &list};

	if (!psg_policy_assignment_valid(assignment))
		return PSG_ERR_INVALID;
	enum psg_err err = psg_policy_open(root, &policy);

	if (!err)
		err = psg_policy_assigned(policy, assignment->assignee, &before);
	if (!err && !changes(&before, assignment, put)) {
		*ret_changed = false;
		return PSG_OK;
	}
	if (!err)
		err = psg_policy_stage(root, policy, &update, &staged);
	if (!err)
		err = psg_policy_commit(&staged);
	if (!err)
		*ret_changed = true;
	return err;
}

enum psg_err psg_policy_assign(struct psg_folder *root, const struct psg_assignment *assignment,
			       bool *ret_changed)
{
	return change(root, assignment, true, ret_changed);
}

enum psg_err psg_policy_unassign(struct psg_folder *root, const struct psg_assignment *assignment,
				 bool *ret_changed)
{
	return change(root, assignment, false, ret_changed);
}
