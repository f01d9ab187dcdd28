/* The model seen from the side of the policy's keys: who gives a permission, who is assigned what. */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

static int giver_order(const void *a, const void *b)
{
	const struct psg_policy_giver *left = a, *right = b;
	int order = strcmp(left->permission, right->permission);

	return order ? order : strcmp(left->set, right->set);
}

static enum psg_err index_givers(const struct psg_model *model, struct psg_policy_index *index)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < model->set_count; i++)
		count += model->sets[i].permissions.count;
	if (count == 0)
		return PSG_OK;
	index->givers = calloc(count, sizeof(*index->givers));
	if (!index->givers)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0, at = 0; i < model->set_count; i++) {
		const struct psg_permission_set *set = &model->sets[i];

		for (size_t k = 0; k < set->permissions.count; k++)
			index->givers[at++] =
			    (struct psg_policy_giver){set->permissions.items[k], set->name};
	}
	qsort(index->givers, count, sizeof(*index->givers), giver_order);
	for (size_t i = 0; i < count; i++) {
		struct psg_policy_giver giver = index->givers[i];

		if (kept > 0 && giver_order(&index->givers[kept - 1], &giver) == 0)
			continue;
		if (kept == 0 || strcmp(index->givers[kept - 1].permission, giver.permission) != 0)
			index->permission_count++;
		index->givers[kept++] = giver;
	}
	index->giver_count = kept;
	return PSG_OK;
}

bool psg_policy_assignment_valid(const struct psg_assignment *assignment)
{
	return assignment->assignee && assignment->assignee[0] && assignment->target &&
	       assignment->target[0] && assignment->until_s >= 0 &&
	       (assignment->kind == PSG_TARGET_GROUP || assignment->kind == PSG_TARGET_SET);
}

int psg_policy_assignment_order(const void *a, const void *b)
{
	const struct psg_assignment *left = *(const struct psg_assignment *const *)a;
	const struct psg_assignment *right = *(const struct psg_assignment *const *)b;
	int order = strcmp(left->assignee, right->assignee);

	if (!order)
		order = (int)left->kind - (int)right->kind;
	return order ? order : strcmp(left->target, right->target);
}

static enum psg_err index_assigned(const struct psg_assignments *assignments,
				   struct psg_policy_index *index)
{
	if (assignments->count == 0)
		return PSG_OK;
	index->assigned = calloc(assignments->count, sizeof(*index->assigned));
	if (!index->assigned)
		return PSG_ERR_NO_MEMORY;
	index->assigned_count = assignments->count;
	for (size_t i = 0; i < assignments->count; i++) {
		index->assigned[i] = &assignments->items[i];
		if (!psg_policy_assignment_valid(index->assigned[i]))
			return PSG_ERR_INVALID;
		index->unix_group_count += assignments->items[i].assignee[0] == '%';
	}
	qsort(index->assigned, index->assigned_count, sizeof(*index->assigned),
	      psg_policy_assignment_order);
	for (size_t i = 0; i < index->assigned_count; i++) {
		const struct psg_assignment *const *at = &index->assigned[i];

		if (i > 0 && psg_policy_assignment_order(at - 1, at) == 0)
			return PSG_ERR_INVALID;
		index->assignee_count += i == 0 || strcmp(at[-1]->assignee, at[0]->assignee) != 0;
	}
	return PSG_OK;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum psg_err index_policies(const struct psg_model *model, struct psg_policy_index *index)
{
	if (model->policy_count == 0)
		return PSG_OK;
	index->policies = calloc(model->policy_count, sizeof(*index->policies));
	if (!index->policies)
		return PSG_ERR_NO_MEMORY;
	index->policy_count = model->policy_count;
	for (size_t i = 0; i < model->policy_count; i++)
		index->policies[i] = model->policies[i].name;
	qsort(index->policies, index->policy_count, sizeof(*index->policies), name_order);
	return PSG_OK;
}

bool psg_policy_index_governs(const struct psg_policy_index *index, const char *name)
{
	return index->policy_count > 0 && bsearch(&name, index->policies, index->policy_count,
						  sizeof(*index->policies), name_order) != NULL;
}

enum psg_err psg_policy_index_build(const struct psg_model *model,
				    const struct psg_assignments *assignments,
				    struct psg_policy_index *ret)
{
	struct psg_policy_index index PSG_CLEANUP(psg_policy_index_clear) = {0};
	enum psg_err err = index_givers(model, &index);

	if (!err)
		err = index_assigned(assignments, &index);
	if (!err)
		err = index_policies(model, &index);
	if (err)
		return err;
	*ret = index;
	index = (struct psg_policy_index){0};
	return PSG_OK;
}

void psg_policy_index_clear(struct psg_policy_index *index)
{
	free(index->givers);
	free(index->assigned);
	free(index->policies);
	*index = (struct psg_policy_index){0};
}
