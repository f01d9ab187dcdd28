/* An activation policy against what it governs, Gate's defaults, and this host's Unix groups. */
#include "metadata.h"

#include <string.h>

#include "psg/text.h"
#include "psg/unix_group.h"

#define POLICY "ActivationPolicy"

static bool set_gives(const struct psg_permission_set *set, const char *key)
{
	return set && psg_strings_has(&set->permissions, key);
}

static bool group_gives(const struct psg_index *index, const struct psg_group *group,
			const char *key)
{
	bool gives = false;

	for (size_t i = 0; i < group->sets.count && !gives; i++)
		gives = set_gives(psg_index_set(index, group->sets.items[i]), key);
	for (size_t i = 0; i < group->muting_sets.count && gives; i++)
		gives = !set_gives(psg_index_muting_set(index, group->muting_sets.items[i]), key);
	return gives;
}

static bool target_gives(struct psg_check *check, const char *target, const char *permission)
{
	static const char *const elements[] = {"userPermissions", "customPermissions"};
	const struct psg_group *group = psg_index_group(check->index, target);
	const struct psg_permission_set *set = psg_index_set(check->index, target);
	bool gives = false;

	for (size_t i = 0; i < PSG_COUNT(elements) && !gives; i++) {
		struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

		psg_buf_format(&key, "%s.%s", elements[i], permission);
		if (key.failed)
			check->err = PSG_ERR_NO_MEMORY;
		else
			gives = (group && group_gives(check->index, group, key.data)) ||
				set_gives(set, key.data);
	}
	return gives;
}

/* Checked here, and again at every login: a group may come and go. */
static void check_unix_group(struct psg_check *check, const struct psg_activation_policy *policy,
			     const char *name)
{
	struct psg_unix_group group;
	enum psg_err err = psg_unix_group_find(name, &group);

	if (err == PSG_ERR_NO_MEMORY)
		check->err = err;
	else if (err == PSG_ERR_NOT_FOUND)
		psg_check_report(check, true, POLICY, policy->name, "group", name,
				 "Create it (groupadd), or correct the name.",
				 "There is no Unix group '%s' on this host", name);
	else if (err)
		psg_check_report(check, true, POLICY, policy->name, "group", name,
				 "Look at the services of nsswitch.conf, then deploy again.",
				 "The name service could not say whether there is a Unix group "
				 "'%s'",
				 name);
	else if (group.gid == 0)
		psg_check_report(check, true, POLICY, policy->name, "group", name,
				 "Name another group.",
				 "The Unix group '%s' is root's (gid 0): it is never lent", name);
}

static void check_unix_groups(struct psg_check *check, const struct psg_activation_policy *policy)
{
	for (size_t i = 0; i < policy->unix_group_count; i++) {
		const struct psg_unix_group_grant *grant = &policy->unix_groups[i];

		check->beside = grant->group;
		if (*grant->permission && !target_gives(check, policy->name, grant->permission))
			psg_check_report(check, true, POLICY, policy->name, "permission",
					 grant->permission,
					 "Name one of its user permissions or custom permissions.",
					 "'%s' does not give the permission '%s': its Unix group "
					 "'%s' is never lent",
					 policy->name, grant->permission, grant->group);
		check->beside = grant->permission;
		if (*grant->group)
			check_unix_group(check, policy, grant->group);
	}
	check->beside = NULL;
}

/* The lifetime left out is Gate's: then the other two are judged against that. */
static void check_default(struct psg_check *check, const struct psg_activation_policy *policy)
{
	struct psg_gate_settings defaults PSG_CLEANUP(psg_gate_settings_clear) = {0};
	const struct psg_model *model = check->index->model;
	int64_t lifetime_s = model->settings.default_lifetime_s;
	char text[PSG_TIME_SIZE];

	if (policy->lifetime_s > 0)
		return;
	if (!model->has_settings) {
		check->err = psg_gate_settings_default(&defaults);
		lifetime_s = defaults.default_lifetime_s;
	}
	psg_duration_format(lifetime_s, text);
	if (policy->maximum_lifetime_s > 0 && policy->maximum_lifetime_s < lifetime_s)
		psg_check_report(check, false, POLICY, policy->name, "maximumLifetime", NULL,
				 "Give a lifetime, or raise maximumLifetime.",
				 "maximumLifetime is shorter than the default lifetime, %s", text);
	if (policy->warn_before_s >= lifetime_s)
		psg_check_report(check, false, POLICY, policy->name, "warnBefore", NULL,
				 "Give a lifetime, or make warnBefore shorter.",
				 "warnBefore is not shorter than the default lifetime, %s", text);
}

void psg_check_policy(struct psg_check *check, const struct psg_activation_policy *policy)
{
	if (!psg_index_has(check->index, "PermissionSetGroup", policy->name) &&
	    !psg_index_has(check->index, "PermissionSet", policy->name)) {
		bool stored = !psg_index_document(check->index, POLICY, policy->name);

		psg_check_report(check, false, POLICY, policy->name, NULL, NULL,
				 stored ? "Delete it too, or leave what it governs."
					: "Name the file after the group or permission set it "
					  "governs.",
				 "The activation policy governs nothing: there is neither a "
				 "permission set group nor a permission set named '%s'",
				 policy->name);
		return;
	}
	check_unix_groups(check, policy);
	if (check->err == PSG_OK)
		check_default(check, policy);
}
