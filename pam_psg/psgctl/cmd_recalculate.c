/* psgctl recalculate: what groups give, derived again from the metadata as it was deployed. */
#include "deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct psg_group *find_group(const struct psg_model *model, const char *name)
{
	for (size_t i = 0; i < model->group_count; i++)
		if (strcmp(model->groups[i].name, name) == 0)
			return &model->groups[i];
	return NULL;
}

static bool wanted(const char *name, const char *const *names, size_t count)
{
	bool found = count == 0;
	for (size_t i = 0; i < count && !found; i++)
		found = strcmp(names[i], name) == 0;
	return found;
}

static enum ctl_exit report_json(const struct psg_model *model, const char *const *names,
				 size_t count)
{
	size_t put = 0;
	for (size_t i = 0; i < model->group_count; i++) {
		const struct psg_group *group = &model->groups[i];
		if (wanted(group->name, names, count))
			ctl_json_array_put(
			    &put,
			    json_pack(
				"{s:o, s:s, s:o, s:I}", "fullName", ctl_json_text(group->name),
				"status", psg_group_status_name(group->status), "statusReason",
				group->status_reason != NULL && group->status_reason[0] != '\0'
				    ? ctl_json_text(group->status_reason)
				    : json_null(),
				"permissionCount", (json_int_t)group->permission_count));
	}
	return ctl_json_array_end(put);
}

static enum ctl_exit report(const struct ctl *ctl, const struct psg_model *model,
			    const char *const *names, size_t count)
{
	if (ctl->json)
		return report_json(model, names, count);
	if (ctl->quiet)
		return CTL_DONE;
	struct ctl_table *table =
	    ctl_table_new((const char *const[]){"NAME", "STATUS", "PERMISSIONS"}, 3);
	for (size_t i = 0; i < model->group_count; i++) {
		const struct psg_group *group = &model->groups[i];
		char permissions[24];
		snprintf(permissions, sizeof(permissions), "%u", group->permission_count);
		if (wanted(group->name, names, count))
			ctl_table_row(table, (const char *const[]){
						 group->name, psg_group_status_name(group->status),
						 permissions});
	}
	ctl_table_print_free(table);
	return CTL_DONE;
}

static enum ctl_exit recalculate(struct ctl *ctl, const char *const *names, size_t count)
{
	struct psg_model documents PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_assignments assignments PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_deployment derived PSG_CLEANUP(psg_deployment_clear) = {0};
	const struct psg_model *model = &derived.model;
	enum psg_err err = psg_policy_documents(ctl->policy, &documents);
	if (!err)
		err = psg_policy_all_assigned(ctl->policy, &assignments);
	if (!err)
		err = psg_deployment_prepare(NULL, &documents, &derived);
	if (err)
		return ctl_store_error(ctl, "cannot derive the policy", err);
	for (size_t i = 0; i < count; i++)
		if (find_group(model, names[i]) == NULL)
			return ctl_unknown_target(ctl, names[i], CTL_REFUSED);
	ctl_print_problems(ctl, NULL, &derived.problems);
	if (derived.problems.error_count > 0) {
		ctl_error(ctl,
			  "the metadata in force no longer passes: deploy a corrected package; "
			  "nothing was changed");
		return CTL_INVALID;
	}
	err = psg_policy_write(ctl->store->root, model, &assignments,
			       psg_policy_generation(ctl->policy) + 1);
	if (err)
		return ctl_store_error(
		    ctl, "cannot write the policy; the one before stays in force", err);
	struct psg_event event = {.kind = PSG_EVENT_DEPLOYED, .reason = "recalculated"};
	ctl_event(ctl, &event);
	return report(ctl, model, names, count);
}

enum ctl_exit ctl_recalculate(struct ctl *ctl)
{
	size_t most = (size_t)ctl->argc, count = 0;
	const char **names PSG_CLEANUP(psg_free_bytes) = calloc(most, sizeof(*names));
	if (names == NULL)
		return CTL_STORE;
	if (!ctl_parse(ctl, NULL, names, 0, most, &count))
		return CTL_USAGE;
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = psg_policy_lock(ctl->store->root, &lock);
	if (err)
		return ctl_store_error(ctl, "cannot lock the policy", err);
	return ctl_open_policy(ctl) ? recalculate(ctl, names, count) : CTL_STORE;
}
