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

/* What is in force, and who changes it at this moment. */
struct listing {
	struct psg_policy *policy; /* borrowed */
	struct psg_assignments assignments;
	struct psg_strings names, updating;
};

static void listing_clear(struct listing *listing)
{
	psg_assignments_clear(&listing->assignments);
	psg_strings_clear(&listing->names);
	psg_strings_clear(&listing->updating);
}

static enum psg_err load_group(const struct listing *listing, const char *name,
			       struct psg_group *ret)
{
	enum psg_err err = psg_policy_group(listing->policy, name, ret);
	if (!err && psg_strings_has(&listing->updating, name))
		ret->status = PSG_STATUS_UPDATING;
	return err;
}

static enum psg_err load(const struct listing *listing, enum psg_target_kind kind, const char *name,
			 struct ctl_shown *shown)
{
	shown->kind = kind;
	shown->assignments = &listing->assignments;
	enum psg_err err = kind == PSG_TARGET_GROUP
			       ? load_group(listing, name, &shown->group)
			       : psg_policy_set(listing->policy, name, &shown->set);
	if (!err)
		err = psg_policy_activation_policy(listing->policy, kind, name, &shown->policy);
	if (!err)
		err = psg_policy_effective(listing->policy, kind, name, &shown->effective);
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
						   sets, permissions, group->status_reason});
}

/* One at a time: ten thousand groups with all they give would be gigabytes as one document. */
static enum psg_err list_json(const struct listing *listing)
{
	size_t count = 0;
	for (size_t i = 0; i < listing->names.count; i++) {
		struct ctl_shown shown PSG_CLEANUP(ctl_shown_clear) = {0};
		enum psg_err err = load(listing, PSG_TARGET_GROUP, listing->names.items[i], &shown);
		if (err)
			return err;
		ctl_json_array_put(&count, ctl_shown_json(&shown));
	}
	(void)ctl_json_array_end(count);
	return PSG_OK;
}

static enum psg_err any_reason(const struct listing *listing, bool *ret)
{
	bool found = false;
	for (size_t i = 0; i < listing->names.count && !found; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		enum psg_err err = load_group(listing, listing->names.items[i], &group);
		if (err)
			return err;
		found = group.status_reason[0] != '\0';
	}
	*ret = found;
	return PSG_OK;
}

/* The column of reasons only where there is one. */
static enum psg_err list_table(const struct listing *listing)
{
	bool reasons;
	enum psg_err err = any_reason(listing, &reasons);
	if (err)
		return err;
	struct ctl_table *table =
	    ctl_table_new((const char *const[]){"NAME", "LABEL", "STATUS", "ACTIVATION", "SETS",
						"PERMISSIONS", "BECAUSE"},
			  reasons ? 7 : 6);
	ctl_table_shorten(table, 1);
	if (reasons)
		ctl_table_shorten(table, 6);
	for (size_t i = 0; i < listing->names.count && !err; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		err = load_group(listing, listing->names.items[i], &group);
		if (!err)
			add_row(table, &group);
	}
	ctl_table_print_free(table);
	return err;
}

static enum ctl_exit show(struct ctl *ctl, const char *name, const struct listing *listing)
{
	enum psg_target_kind kind;
	if (!ctl_find_target(ctl, name, &kind))
		return CTL_STORE;
	if (kind == PSG_TARGET_NONE)
		return ctl_unknown_target(ctl, name, CTL_REFUSED);
	struct ctl_shown shown PSG_CLEANUP(ctl_shown_clear) = {0};
	enum psg_err err = load(listing, kind, name, &shown);
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
	struct listing listing PSG_CLEANUP(listing_clear) = {.policy = ctl->policy};
	enum psg_err err = psg_policy_updating(ctl->store->root, &listing.updating);
	psg_strings_sort(&listing.updating);
	if (!err && (name != NULL || ctl->json))
		err = psg_policy_all_assigned(ctl->policy, &listing.assignments);
	if (!err && name != NULL)
		return show(ctl, name, &listing);
	if (!err)
		err = psg_policy_group_names(ctl->policy, &listing.names);
	if (!err)
		err = ctl->json ? list_json(&listing) : list_table(&listing);
	return err ? ctl_store_error(ctl, "cannot read the policy", err) : CTL_DONE;
}
