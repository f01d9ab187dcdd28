/* Puts in force what is staged. Who loses an assignment because what was assigned is deleted loses the activation too: were the
 * name deployed and assigned again before it lapses, the door would else be open without a code. */
#include <stdlib.h>
#include <string.h>

#include "deploy.h"
#include "unassign.h"

struct gathering {
	const struct psg_strings *groups, *sets;
	struct psg_assignments list;
	size_t room;
};

static void gathering_clear(struct gathering *gathering)
{
	psg_assignments_clear(&gathering->list);
}

static enum psg_err gather(void *arg, const struct psg_assignment *assignment)
{
	struct gathering *gathering = arg;
	struct psg_assignments *list = &gathering->list;
	const struct psg_strings *names =
	    assignment->kind == PSG_TARGET_GROUP ? gathering->groups : gathering->sets;
	if (!psg_strings_has(names, assignment->target))
		return PSG_OK;
	if (list->count == gathering->room) {
		size_t room = gathering->room > 0 ? 2 * gathering->room : 16;
		struct psg_assignment *grown = reallocarray(list->items, room, sizeof(*grown));
		if (grown == NULL)
			return PSG_ERR_NO_MEMORY;
		list->items = grown;
		gathering->room = room;
	}
	struct psg_assignment copy = {.assignee = strdup(assignment->assignee),
				      .kind = assignment->kind,
				      .target = strdup(assignment->target)};
	list->items[list->count++] = copy; /* owned from here on, whole or not */
	return copy.assignee != NULL && copy.target != NULL ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static enum psg_err gather_unassigned(struct psg_policy *before,
				      const struct psg_policy_update *update,
				      struct psg_assignments *ret)
{
	struct gathering gathering PSG_CLEANUP(gathering_clear) = {.groups = update->removed_groups,
								   .sets = update->removed_sets};
	if (gathering.groups->count + gathering.sets->count == 0)
		return PSG_OK;
	enum psg_err err = psg_policy_each_assigned(before, gather, &gathering);
	if (err)
		return err;
	*ret = gathering.list;
	gathering.list = (struct psg_assignments){0};
	return PSG_OK;
}

enum psg_err ctl_deploy_commit(struct ctl *ctl, struct ctl_deploy_run *run)
{
	struct psg_assignments gone PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = gather_unassigned(ctl->policy, &run->deployment.update, &gone);
	if (!err)
		err = psg_policy_commit(&run->staged);
	if (gone.count > 0 && (!err || ctl_policy_replaced(ctl)))
		ctl_end_unassigned(ctl, gone.items, gone.count);
	return err;
}
