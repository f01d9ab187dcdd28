/* The effective permissions of a group or set: union of its sets minus its muting sets. */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

static enum psg_err add_all(struct psg_strings *list, const struct psg_strings *more)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < more->count && !err; i++)
		err = psg_strings_add(list, more->items[i]);
	return err;
}

static enum psg_err add_set(struct psg_policy *policy, const char *name, struct psg_strings *list)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
	enum psg_err err = psg_policy_set(policy, name, &set);

	/* A member of a namespace that was never deployed gives nothing (psg_recalculate). */
	if (err == PSG_ERR_NOT_FOUND && strstr(name, "__"))
		return PSG_OK;
	return err ? err : add_all(list, &set.permissions);
}

static enum psg_err add_muting_set(struct psg_policy *policy, const char *name,
				   struct psg_strings *list)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
	enum psg_err err = psg_policy_muting_set(policy, name, &set);

	return err ? err : add_all(list, &set.permissions);
}

static void subtract(struct psg_strings *list, const struct psg_strings *sorted)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (psg_strings_has(sorted, list->items[i]))
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static enum psg_err of_group(struct psg_policy *policy, const char *name, struct psg_strings *given)
{
	struct psg_strings muted PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_group(policy, name, &group);

	/* A Failed group gives nothing; its members may not even be there. */
	if (err || group.status == PSG_STATUS_FAILED)
		return err;
	for (size_t i = 0; i < group.sets.count && !err; i++)
		err = add_set(policy, group.sets.items[i], given);
	for (size_t i = 0; i < group.muting_sets.count && !err; i++)
		err = add_muting_set(policy, group.muting_sets.items[i], &muted);
	if (err)
		return err;
	psg_strings_sort(&muted);
	subtract(given, &muted);
	return PSG_OK;
}

static enum psg_err of_set(struct psg_policy *policy, const char *name, struct psg_strings *given)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
	enum psg_err err = psg_policy_set(policy, name, &set);

	if (err)
		return err;
	*given = set.permissions;
	set.permissions = (struct psg_strings){0};
	return PSG_OK;
}

enum psg_err psg_policy_effective(struct psg_policy *policy, enum psg_target_kind kind,
				  const char *target, struct psg_strings *ret_keys)
{
	struct psg_strings given PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_ERR_INVALID;

	switch (kind) {
	case PSG_TARGET_GROUP:
		err = of_group(policy, target, &given);
		break;
	case PSG_TARGET_SET:
		err = of_set(policy, target, &given);
		break;
	case PSG_TARGET_NONE:
		break;
	}
	if (err)
		return err;
	psg_strings_sort(&given);
	*ret_keys = given;
	given = (struct psg_strings){0};
	return PSG_OK;
}
