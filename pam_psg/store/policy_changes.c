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

static int giver_order(const void *a, const void *b)
{
	const struct psg_policy_giver *left = a, *right = b;
	int order = strcmp(left->permission, right->permission);

	return order ? order : strcmp(left->set, right->set);
}

static enum psg_err add_giver(struct psg_policy_changes *changes, const char *permission,
			      const char *set, bool gives)
{
	if (changes->giver_count == changes->giver_room) {
		size_t room = changes->giver_room ? 2 * changes->giver_room : 64;
		struct psg_policy_giver *grown =
		    reallocarray(changes->givers, room, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		changes->givers = grown;
		changes->giver_room = room;
	}
	if (changes->giver_count == UINT32_MAX)
		return PSG_ERR_INVALID;
	changes->givers[changes->giver_count++] =
	    (struct psg_policy_giver){.permission = permission, .set = set, .gives = gives};
	return PSG_OK;
}

/* One that is no longer given; its text is the changes' to keep. */
static enum psg_err add_lost(struct psg_policy_changes *changes, const char *permission,
			     const char *set)
{
	enum psg_err err = psg_strings_add(&changes->lost, permission);

	return err ? err
		   : add_giver(changes, changes->lost.items[changes->lost.count - 1], set, false);
}

/* What a set that gave `before` gives when it gives `after`, both sorted: what it gave and gives is no change. */
static enum psg_err compare(struct psg_policy_changes *changes, const char *set,
			    const struct psg_strings *before, const struct psg_strings *after)
{
	size_t old = 0, new = 0;
	enum psg_err err = PSG_OK;

	while (!err && (old < before->count || new < after->count)) {
		int order = 0;

		if (old == before->count)
			order = 1;
		else if (new == after->count)
			order = -1;
		else
			order = strcmp(before->items[old], after->items[new]);
		if (order < 0)
			err = add_lost(changes, before->items[old], set);
		else if (order > 0)
			err = add_giver(changes, after->items[new], set, true);
		old += order <= 0;
		new += order >= 0;
	}
	return err;
}

static enum psg_err compare_set(struct psg_policy *base, const char *name,
				const struct psg_strings *after, struct psg_policy_changes *changes)
{
	struct psg_permission_set before PSG_CLEANUP(psg_permission_set_clear) = {0};
	enum psg_err err = base ? psg_policy_set(base, name, &before) : PSG_ERR_NOT_FOUND;

	if (err && err != PSG_ERR_NOT_FOUND)
		return err;
	return compare(changes, name, &before.permissions, after);
}

static enum psg_err find_givers(struct psg_policy *base, const struct psg_policy_update *update,
				struct psg_policy_changes *changes)
{
	struct psg_strings put PSG_CLEANUP(psg_strings_clear) = {0};
	const struct psg_strings *removed = &changes->gone_sets, nothing = {0};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; update->put && i < update->put->set_count && !err; i++) {
		const struct psg_permission_set *set = &update->put->sets[i];

		err = psg_strings_add(&put, set->name);
		if (!err)
			err = compare_set(base, set->name, &set->permissions, changes);
	}
	psg_strings_sort(&put);
	for (size_t i = 0; i < removed->count && !err; i++)
		if (!psg_strings_has(&put, removed->items[i]))
			err = compare_set(base, removed->items[i], &nothing, changes);
	if (!err && changes->giver_count > 0)
		qsort(changes->givers, changes->giver_count, sizeof(*changes->givers), giver_order);
	return err;
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
	       assignment->target[0] && assignment->until_s >= 0 && assignment->created_s >= 0 &&
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
	enum psg_err err = append(&changes.gone_groups, update->removed_groups);

	if (!err)
		err = append(&changes.gone_sets, update->removed_sets);
	psg_strings_sort(&changes.gone_groups);
	psg_strings_sort(&changes.gone_sets);
	if (!err)
		err = find_givers(base, update, &changes);
	if (!err)
		err = find_assigned(update, &changes);
	if (!err)
		err = find_governed(base, update, &changes.governed);
	if (err)
		return err;
	*ret = changes;
	changes = (struct psg_policy_changes){0};
	return PSG_OK;
}

void psg_policy_changes_clear(struct psg_policy_changes *changes)
{
	psg_strings_clear(&changes->lost);
	free(changes->givers);
	free(changes->assigned);
	psg_strings_clear(&changes->gone_groups);
	psg_strings_clear(&changes->gone_sets);
	psg_strings_clear(&changes->governed);
	*changes = (struct psg_policy_changes){0};
}
