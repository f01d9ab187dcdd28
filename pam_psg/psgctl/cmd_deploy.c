/* psgctl deploy: a package checked whole, then put in force whole, or not at all. */
#include "deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "reach.h"

void ctl_deploy_clear(struct ctl_deploy_run *run)
{
	psg_model_clear(&run->before);
	psg_assignments_clear(&run->assignments);
	psg_deployment_clear(&run->deployment);
}

static const char *file_of(const struct psg_deployment *deployment, const char *type,
			   const char *name)
{
	for (size_t i = 0; i < deployment->component_count; i++)
		if (strcmp(deployment->components[i].type, type) == 0 &&
		    strcmp(deployment->components[i].name, name) == 0)
			return deployment->components[i].file;
	return "";
}

enum psg_err ctl_deploy_warn(struct psg_deployment *deployment, const char *type, const char *name,
			     const char *text, const char *remedy)
{
	struct psg_problems *list = &deployment->problems;
	struct psg_problem *grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	list->items = grown;
	struct psg_problem problem = {
	    .warning = true,
	    .file = strdup(file_of(deployment, type, name)),
	    .type = strdup(type),
	    .name = strdup(name),
	    .element = strdup(""),
	    .text = strdup(text),
	    .remedy = strdup(remedy),
	};
	grown[list->count++] = problem; /* owned from here on, whole or not */
	return problem.file != NULL && problem.type != NULL && problem.name != NULL &&
		       problem.element != NULL && problem.text != NULL && problem.remedy != NULL
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

static enum psg_err add_opening(void *arg, const struct ctl_opening *opening)
{
	const struct psg_assignment *through = opening->through;
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	psg_buf_format(&text, "%s needed an activation for %s and no longer does", opening->person,
		       opening->application);
	if (through != NULL)
		psg_buf_format(&text, ": %s %s, assigned to %s, gives it without",
			       psg_target_kind_name(through->kind), through->target,
			       through->assignee);
	else
		psg_buf_text(&text, ": an exempt user from now on");
	if (text.failed)
		return PSG_ERR_NO_MEMORY;
	return ctl_deploy_warn(arg,
			       through != NULL ? psg_target_kind_name(through->kind) : "Settings",
			       through != NULL ? through->target : "Gate", text.data,
			       through != NULL ? "set hasActivationRequired if that is not meant"
					       : "remove it from exemptUsers if that is not meant");
}

/* The policy to be is written to memory and read back: compared as the module will see it. */
static enum psg_err find_openings(struct ctl *ctl, struct ctl_deploy_run *run)
{
	struct psg_folder *memory PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_policy *after PSG_CLEANUP(psg_policy_close) = NULL;
	enum psg_err err = psg_folder_open_memory(NULL, &memory);
	if (!err)
		err = psg_policy_write(memory, &run->deployment.model, &run->assignments, 1);
	if (!err)
		err = psg_policy_open(memory, &after);
	return err ? err
		   : ctl_reach_compare(ctl->policy, after, run->started_s, add_opening,
				       &run->deployment);
}

static enum ctl_exit read_present(struct ctl *ctl, struct ctl_deploy_run *run, int *lock)
{
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	if (!run->check_only) {
		enum psg_err err = psg_policy_lock(ctl->store->root, lock);
		if (err)
			return ctl_store_error(ctl, "cannot lock the policy", err);
	}
	if (!ctl_open_policy(ctl))
		return CTL_STORE;
	enum psg_err err = psg_policy_documents(ctl->policy, &run->before);
	if (!err)
		err = psg_policy_all_assigned(ctl->policy, &run->assignments);
	return err ? ctl_store_error(ctl, "cannot read the policy", err) : CTL_DONE;
}

static enum ctl_exit prepare(struct ctl *ctl, struct ctl_deploy_run *run)
{
	struct stat info;
	if (stat(run->directory, &info) == 0 && !S_ISDIR(info.st_mode)) {
		ctl_error(ctl, "%s is no directory; nothing was changed", ctl_safe(run->directory));
		return CTL_INVALID;
	}
	enum psg_err err = psg_deployment_prepare(run->directory, &run->before, &run->deployment);
	if (err) {
		ctl_error(ctl, "cannot read the package %s: %s; nothing was changed",
			  ctl_safe(run->directory), psg_strerror(err));
		return err == PSG_ERR_NO_MEMORY ? CTL_STORE : CTL_INVALID;
	}
	const struct psg_problems *problems = &run->deployment.problems;
	if (problems->error_count == 0 && run->deployment.changed && run->assignments.count > 0) {
		err = find_openings(ctl, run);
		if (err)
			return ctl_store_error(ctl, "cannot compare the policies", err);
	}
	run->stopped = problems->error_count > 0 || (run->strict && problems->count > 0);
	return CTL_DONE;
}

static enum ctl_exit put_in_force(struct ctl *ctl, struct ctl_deploy_run *run)
{
	enum psg_err err =
	    psg_policy_write(ctl->store->root, &run->deployment.model, &run->assignments,
			     psg_policy_generation(ctl->policy) + 1);
	if (err)
		return ctl_store_error(
		    ctl, "cannot write the policy; the one before stays in force", err);
	run->written = true;
	char counts[160];
	ctl_deploy_counts(&run->deployment, counts, sizeof(counts));
	struct psg_event event = {.kind = PSG_EVENT_DEPLOYED, .reason = counts};
	ctl_event(ctl, &event);
	return CTL_DONE;
}

enum ctl_exit ctl_deploy(struct ctl *ctl)
{
	struct ctl_deploy_run run PSG_CLEANUP(ctl_deploy_clear) = {.started_s = time(NULL)};
	const struct ctl_option options[] = {{"check-only", false, NULL, &run.check_only},
					     {"strict", false, NULL, &run.strict},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, &run.directory, 1, 1, NULL))
		return CTL_USAGE;

	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum ctl_exit status = read_present(ctl, &run, &lock);
	if (status == CTL_DONE)
		status = prepare(ctl, &run);
	if (status != CTL_DONE)
		return status;
	ctl_print_problems(ctl, run.directory, &run.deployment.problems);
	if (!run.stopped && !run.check_only && run.deployment.changed)
		status = put_in_force(ctl, &run);
	if (status != CTL_DONE)
		return status;
	status = ctl_deploy_report(ctl, &run);
	return run.stopped ? CTL_INVALID : status;
}
