/* psgctl groups: the list, or one group or permission set with all that it gives, and to whom. */
#include "psgctl.h"

#include <stdio.h>

#include "shown.h"

static void ctl_shown_clear(struct ctl_shown *shown)
{
	psg_group_clear(&shown->group);
	psg_permission_set_clear(&shown->set);
	psg_activation_policy_clear(&shown->policy);
	psg_strings_clear(&shown->effective);
}

static enum psg_err load(struct psg_policy *policy, enum psg_target_kind kind, const char *name,
			 struct ctl_shown *shown)
{
	shown->kind = kind;
	enum psg_err err = kind == PSG_TARGET_GROUP ? psg_policy_group(policy, name, &shown->group)
						    : psg_policy_set(policy, name, &shown->set);
	if (!err)
		err = psg_policy_activation_policy(policy, kind, name, &shown->policy);
	if (!err)
		err = psg_policy_effective(policy, kind, name, &shown->effective);
	return err;
}

static void add_row(struct ctl_table *table, const struct psg_group *group)
{
	char sets[24], permissions[24];
	snprintf(sets, sizeof(sets), "%zu", group->sets.count);
	snprintf(permissions, sizeof(permissions), "%u", group->permission_count);
	ctl_table_row(table, (const char *const[]){group->name, group->label,
						   psg_group_status_name(group->status),
						   group->requires_activation ? "required" : "no",
						   sets, permissions});
}

/* One at a time: ten thousand groups with all they give would be gigabytes as one document. */
static enum psg_err list_json(struct psg_policy *policy, const struct psg_strings *names,
			      const struct psg_assignments *assignments)
{
	size_t count = 0;
	for (size_t i = 0; i < names->count; i++) {
		struct ctl_shown shown PSG_CLEANUP(ctl_shown_clear) = {.assignments = assignments};
		enum psg_err err = load(policy, PSG_TARGET_GROUP, names->items[i], &shown);
		if (err)
			return err;
		ctl_json_array_put(&count, ctl_shown_json(&shown));
	}
	(void)ctl_json_array_end(count);
	return PSG_OK;
}

static enum psg_err list_table(struct psg_policy *policy, const struct psg_strings *names)
{
	struct ctl_table *table = ctl_table_new(
	    (const char *const[]){"NAME", "LABEL", "STATUS", "ACTIVATION", "SETS", "PERMISSIONS"},
	    6);
	enum psg_err err = PSG_OK;
	for (size_t i = 0; i < names->count && !err; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		err = psg_policy_group(policy, names->items[i], &group);
		if (!err)
			add_row(table, &group);
	}
	ctl_table_print_free(table);
	return err;
}

static enum ctl_exit show(struct ctl *ctl, const char *name,
			  const struct psg_assignments *assignments)
{
	enum psg_target_kind kind;
	if (!ctl_find_target(ctl, name, &kind))
		return CTL_STORE;
	if (kind == PSG_TARGET_NONE)
		return ctl_unknown_target(ctl, name, CTL_REFUSED);
	struct ctl_shown shown PSG_CLEANUP(ctl_shown_clear) = {.assignments = assignments};
	enum psg_err err = load(ctl->policy, kind, name, &shown);
	if (err)
		return ctl_store_error(ctl, "cannot read the policy", err);
	if (ctl->json)
		return ctl_print_json(ctl_shown_json(&shown));
	ctl_shown_print(&shown);
	return CTL_DONE;
}

enum ctl_exit ctl_groups(struct ctl *ctl)
{
	const char *name;
	if (!ctl_parse(ctl, NULL, &name, 0, 1, NULL))
		return CTL_USAGE;
	if (!ctl_open_policy(ctl))
		return CTL_STORE;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_assignments assignments PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_all_assigned(ctl->policy, &assignments);
	if (!err && name != NULL)
		return show(ctl, name, &assignments);
	if (!err)
		err = psg_policy_group_names(ctl->policy, &names);
	if (!err)
		err = ctl->json ? list_json(ctl->policy, &names, &assignments)
				: list_table(ctl->policy, &names);
	return err ? ctl_store_error(ctl, "cannot read the policy", err) : CTL_DONE;
}
