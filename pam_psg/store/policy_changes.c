/* An update seen from the side of the policy's keys: who gives a permission, who is assigned what. */
#include <stdlib.h>
#include <string.h>

#include "policy_write.h"

static enum psg_err append(struct psg_strings *list, const struct psg_strings *more)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; more && i < more->count && !err; i++)
		err = psg_strings_add(list, more->items[i]);
	return err;
}

/* -- who gives what -- */

/* The sets that are in force and will not be, or not so. */
static enum psg_err read_old_sets(struct psg_policy *base, const struct psg_policy_update *update,
				  struct psg_policy_changes *changes)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = append(&names, update->removed_sets);

	for (size_t i = 0; update->put && i < update->put->set_count && !err; i++)
		err = psg_strings_add(&names, update->put->sets[i].name);
	if (err || !base || names.count == 0)
		return err;
	psg_strings_sort(&names);
	changes->old_sets = calloc(names.count, sizeof(*changes->old_sets));
	if (!changes->old_sets)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < names.count; i++) {
		err = psg_policy_set(base, names.items[i],
				     &changes->old_sets[changes->old_set_count]);
		if (err && err != PSG_ERR_NOT_FOUND)
			return err;
		changes->old_set_count += !err;
	}
	return PSG_OK;
}

static int giver_order(const void *a, const void *b)
{
	const struct psg_policy_giver *left = a, *right = b;
	int order = strcmp(left->permission, right->permission);

	return order ? order : strcmp(left->set, right->set);
}

static int giver_order_gives_last(const void *a, const void *b)
{
	const struct psg_policy_giver *left = a, *right = b;
	int order = giver_order(left, right);

	return order ? order : (int)left->gives - (int)right->gives;
}

static size_t add_givers(struct psg_policy_giver *givers, size_t at,
			 const struct psg_permission_set *sets, size_t count, bool gives)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sets[i].permissions.count; k++)
			givers[at++] = (struct psg_policy_giver){
			    .permission = sets[i].permissions.items[k],
			    .set = sets[i].name,
			    .gives = gives,
			};
	return at;
}

static size_t permissions_of(const struct psg_permission_set *sets, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sets[i].permissions.count;
	return sum;
}

/* A pair once; one that was and will be is no change. */
static void keep_changes(struct psg_policy_changes *changes, size_t count)
{
	struct psg_policy_giver *givers = changes->givers;

	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (giver_order(&givers[first], &givers[end]) != 0)
				break;
		if (givers[first].gives == givers[end - 1].gives)
			givers[changes->giver_count++] = givers[first];
	}
}

static enum psg_err find_givers(struct psg_policy *base, const struct psg_policy_update *update,
				struct psg_policy_changes *changes)
{
	const struct psg_permission_set *sets = update->put ? update->put->sets : NULL;
	size_t set_count = update->put ? update->put->set_count : 0, count;
	enum psg_err err = read_old_sets(base, update, changes);

	if (err)
		return err;
	count = permissions_of(sets, set_count) +
		permissions_of(changes->old_sets, changes->old_set_count);
	if (count == 0)
		return PSG_OK;
	if (count > UINT32_MAX)
		return PSG_ERR_INVALID;
	changes->givers = calloc(count, sizeof(*changes->givers));
	if (!changes->givers)
		return PSG_ERR_NO_MEMORY;
	count = add_givers(changes->givers, 0, changes->old_sets, changes->old_set_count, false);
	count = add_givers(changes->givers, count, sets, set_count, true);
	qsort(changes->givers, count, sizeof(*changes->givers), giver_order_gives_last);
	keep_changes(changes, count);
	return PSG_OK;
}

size_t psg_policy_givers_end(const struct psg_policy_changes *changes, size_t first)
{
	const struct psg_policy_giver *givers = changes->givers;
	size_t end = first + 1;

	while (end < changes->giver_count &&
	       strcmp(givers[first].permission, givers[end].permission) == 0)
		end++;
	return end;
}

/* -- who is assigned what -- */

bool psg_policy_assignment_valid(const struct psg_assignment *assignment)
{
	return assignment->assignee && assignment->assignee[0] && assignment->target &&
	       assignment->target[0] && assignment->until_s >= 0 &&
	       (assignment->kind == PSG_TARGET_GROUP || assignment->kind == PSG_TARGET_SET);
}

int psg_policy_assignment_order(const struct psg_assignment *a, const struct psg_assignment *b)
{
	int order = strcmp(a->assignee, b->assignee);

	if (!order)
		order = (int)a->kind - (int)b->kind;
	return order ? order : strcmp(a->target, b->target);
}

static int assigning_order(const void *a, const void *b)
{
	const struct psg_policy_assigning *left = a, *right = b;
	int order = psg_policy_assignment_order(left->assignment, right->assignment);

	return order ? order : (int)left->put - (int)right->put;
}

static enum psg_err add_assigned(struct psg_policy_changes *changes,
				 const struct psg_assignments *list, bool put)
{
	for (size_t i = 0; list && i < list->count; i++) {
		if (!psg_policy_assignment_valid(&list->items[i]))
			return PSG_ERR_INVALID;
		changes->assigned[changes->assigned_count++] =
		    (struct psg_policy_assigning){.assignment = &list->items[i], .put = put};
	}
	return PSG_OK;
}

/* Each once: removed and put is put, put twice with two ends is nobody's guess. */
static enum psg_err keep_last(struct psg_policy_changes *changes)
{
	struct psg_policy_assigning *items = changes->assigned;
	size_t kept = 0;

	for (size_t i = 0; i < changes->assigned_count; i++) {
		if (kept > 0 && psg_policy_assignment_order(items[kept - 1].assignment,
							    items[i].assignment) == 0) {
			if (items[kept - 1].put && items[i].put &&
			    items[kept - 1].assignment->until_s != items[i].assignment->until_s)
				return PSG_ERR_INVALID;
			kept--;
		}
		items[kept++] = items[i];
	}
	changes->assigned_count = kept;
	return PSG_OK;
}

static enum psg_err find_assigned(const struct psg_policy_update *update,
				  struct psg_policy_changes *changes)
{
	size_t count = (update->assign ? update->assign->count : 0) +
		       (update->unassign ? update->unassign->count : 0);

	if (count == 0)
		return PSG_OK;
	if (count > UINT32_MAX)
		return PSG_ERR_INVALID;
	changes->assigned = calloc(count, sizeof(*changes->assigned));
	if (!changes->assigned)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = add_assigned(changes, update->unassign, false);

	if (!err)
		err = add_assigned(changes, update->assign, true);
	if (err)
		return err;
	qsort(changes->assigned, count, sizeof(*changes->assigned), assigning_order);
	return keep_last(changes);
}

size_t psg_policy_assigned_end(const struct psg_policy_changes *changes, size_t first)
{
	const struct psg_policy_assigning *items = changes->assigned;
	size_t end = first + 1;

	while (end < changes->assigned_count &&
	       strcmp(items[first].assignment->assignee, items[end].assignment->assignee) == 0)
		end++;
	return end;
}

/* -- the rest -- */

static enum psg_err find_governed(struct psg_policy *base, const struct psg_policy_update *update,
				  struct psg_strings *governed)
{
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings removed PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = base ? psg_policy_governed_names(base, &before) : PSG_OK;

	if (!err)
		err = append(&removed, update->removed_policies);
	psg_strings_sort(&removed);
	for (size_t i = 0; i < before.count && !err; i++)
		if (!psg_strings_has(&removed, before.items[i]))
			err = psg_strings_add(governed, before.items[i]);
	for (size_t i = 0; update->put && i < update->put->policy_count && !err; i++)
		err = psg_strings_add(governed, update->put->policies[i].name);
	psg_strings_sort(governed);
	return err;
}

enum psg_err psg_policy_changes_build(struct psg_policy *base,
				      const struct psg_policy_update *update,
				      struct psg_policy_changes *ret)
{
	struct psg_policy_changes changes PSG_CLEANUP(psg_policy_changes_clear) = {0};
	enum psg_err err = find_givers(base, update, &changes);

	if (!err)
		err = find_assigned(update, &changes);
	if (!err)
		err = find_governed(base, update, &changes.governed);
	if (!err)
		err = append(&changes.gone_groups, update->removed_groups);
	if (!err)
		err = append(&changes.gone_sets, update->removed_sets);
	if (err)
		return err;
	psg_strings_sort(&changes.gone_groups);
	psg_strings_sort(&changes.gone_sets);
	*ret = changes;
	changes = (struct psg_policy_changes){0};
	return PSG_OK;
}

void psg_policy_changes_clear(struct psg_policy_changes *changes)
{
	for (size_t i = 0; i < changes->old_set_count; i++)
		psg_permission_set_clear(&changes->old_sets[i]);
	free(changes->old_sets);
	free(changes->givers);
	free(changes->assigned);
	psg_strings_clear(&changes->gone_groups);
	psg_strings_clear(&changes->gone_sets);
	psg_strings_clear(&changes->governed);
	*changes = (struct psg_policy_changes){0};
}
