/* psgctl recalculate: what groups give, compiled anew from the metadata as it was deployed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deploy.h"

static json_t *json_group(const struct psg_group *group)
{
	return json_pack("{s:o, s:s, s:o, s:I}", "fullName", ctl_json_text(group->name), "status",
			 psg_group_status_name(group->status), "statusReason",
			 group->status_reason != NULL && group->status_reason[0] != '\0'
			     ? ctl_json_text(group->status_reason)
			     : json_null(),
			 "permissionCount", (json_int_t)group->permission_count);
}

static enum psg_err report_one(struct psg_policy *policy, const char *name, size_t *count,
			       struct ctl_table *table)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	char permissions[24];
	enum psg_err err = psg_policy_group(policy, name, &group);
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err; /* its deletion was deferred */
	snprintf(permissions, sizeof(permissions), "%u", group.permission_count);
	if (table != NULL)
		ctl_table_row(table,
			      (const char *const[]){group.name, psg_group_status_name(group.status),
						    permissions});
	else
		ctl_json_array_put(count, json_group(&group));
	return PSG_OK;
}

/* Only those that were recalculated, as they are now. */
static enum ctl_exit report(struct ctl *ctl, const struct psg_strings *names)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	enum psg_err err = psg_policy_open(ctl->store->root, &policy);
	if (err)
		return ctl_store_error(ctl, "cannot read the policy", err);
	if (!ctl->json && ctl->quiet)
		return CTL_DONE;
	struct ctl_table *table =
	    ctl->json ? NULL
		      : ctl_table_new((const char *const[]){"NAME", "STATUS", "PERMISSIONS"}, 3);
	size_t count = 0;
	for (size_t i = 0; i < names->count && !err; i++)
		err = report_one(policy, names->items[i], &count, table);
	if (table != NULL)
		ctl_table_print_free(table);
	else
		(void)ctl_json_array_end(count);
	return err ? ctl_store_error(ctl, "cannot read the policy", err) : CTL_DONE;
}

static void run_clear(struct ctl_deploy_run *run)
{
	psg_policy_drop(&run->staged);
	psg_deployment_clear(&run->deployment);
	ctl_changes_clear(&run->changes);
}

/* Compared as a deployment is: what was deferred opens when it comes into force, and was not warned of before. */
static enum psg_err stage(struct ctl *ctl, struct ctl_deploy_run *run)
{
	enum psg_err err = psg_policy_announce(ctl->store->root, &run->deployment.recalculated);
	ctl_progress_show(&run->progress, "Writing", 0, 0);
	if (!err)
		err = psg_policy_stage(ctl->store->root, ctl->policy, &run->deployment.update,
				       &run->staged);
	return err ? err : ctl_deploy_compare(run, ctl->policy);
}

static enum ctl_exit put_in_force(struct ctl *ctl, struct ctl_deploy_run *run)
{
	size_t count = run->deployment.recalculated.count;
	enum psg_err err = ctl_deploy_commit(ctl, run);
	if (err)
		return ctl_policy_failed(ctl, err);
	char reason[64];
	snprintf(reason, sizeof(reason), "recalculated %zu group%s", count, count == 1 ? "" : "s");
	struct psg_event event = {.kind = PSG_EVENT_DEPLOYED, .reason = reason};
	ctl_event(ctl, &event);
	return CTL_DONE;
}

static enum ctl_exit say_unknown(struct ctl *ctl, const char *name)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	const char *near = NULL;
	if (psg_policy_set_brief(ctl->policy, name, NULL, NULL) == PSG_OK) {
		ctl_error(ctl,
			  "%s is a permission set: name groups that contain it, or none to "
			  "recalculate everything",
			  ctl_safe(name));
		return CTL_REFUSED;
	}
	if (psg_policy_group_names(ctl->policy, &names) == PSG_OK)
		near = ctl_suggest(name, &names);
	if (near != NULL)
		ctl_error(ctl, "there is no permission set group %s; did you mean %s?",
			  ctl_safe(name), ctl_safe(near));
	else
		ctl_error(ctl,
			  "there is no permission set group %s; `psgctl groups` lists the groups",
			  ctl_safe(name));
	return CTL_REFUSED;
}

static enum ctl_exit check_names(struct ctl *ctl, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		if (psg_policy_group(ctl->policy, names[i], &group) == PSG_ERR_NOT_FOUND)
			return say_unknown(ctl, names[i]);
	}
	return CTL_DONE;
}

static enum ctl_exit recalculate(struct ctl *ctl, const char *const *names, size_t count)
{
	struct ctl_deploy_run run PSG_CLEANUP(run_clear) = {.started_s = time(NULL)};
	struct psg_deployment *derived = &run.deployment;
	const struct psg_deployment_options options = {.progress = ctl_progress_show,
						       .progress_arg = &run.progress};
	enum ctl_exit status = check_names(ctl, names, count);
	if (status != CTL_DONE)
		return status;
	ctl_progress_begin(ctl, &run.progress);
	enum psg_err err = psg_recalculation_prepare(ctl->policy, names, count, &options, derived);
	enum psg_err staged =
	    !err && derived->problems.error_count == 0 ? stage(ctl, &run) : PSG_OK;
	ctl_progress_end(&run.progress);
	if (err)
		return ctl_store_error(ctl, "cannot derive the policy", err);
	if (staged)
		return ctl_policy_failed(ctl, staged);
	ctl_print_problems(ctl, NULL, &derived->problems);
	if (derived->problems.error_count > 0) {
		ctl_error(ctl, "what was deployed does not pass: deploy a corrected package; "
			       "nothing was changed");
		return CTL_INVALID;
	}
	status = put_in_force(ctl, &run);
	if (status != CTL_DONE)
		return status;
	ctl_say_outdated(ctl, &derived->put);
	return report(ctl, &derived->recalculated);
}

enum ctl_exit ctl_recalculate(struct ctl *ctl)
{
	size_t most = (size_t)ctl->argc, count = 0;
	const char **names PSG_CLEANUP(psg_free_bytes) = calloc(most, sizeof(*names));
	if (names == NULL)
		return ctl_store_error(ctl, "cannot recalculate", PSG_ERR_NO_MEMORY);
	if (!ctl_parse(ctl, NULL, names, 0, most, &count))
		return CTL_USAGE;
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum ctl_exit status = ctl_lock_policy(ctl, &lock);
	if (status != CTL_DONE)
		return status;
	return ctl_open_policy(ctl) ? recalculate(ctl, names, count) : CTL_STORE;
}
