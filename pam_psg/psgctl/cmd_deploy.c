/* psgctl deploy: a package checked whole, then put in force whole, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deploy.h"

static void run_clear(struct ctl_deploy_run *run)
{
	psg_policy_drop(&run->staged);
	psg_deployment_clear(&run->deployment);
	psg_source_close(&run->source);
	psg_problems_clear(&run->found);
	psg_strings_clear(&run->manifests);
	ctl_changes_clear(&run->changes);
}

static enum ctl_exit open_present(struct ctl *ctl, const struct ctl_deploy_run *run, int *lock)
{
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	if (!run->check_only) {
		enum ctl_exit status = ctl_lock_policy(ctl, lock);
		if (status != CTL_DONE)
			return status;
	}
	return ctl_open_policy(ctl) ? CTL_DONE : CTL_STORE;
}

static enum ctl_exit open_source(const struct ctl *ctl, struct ctl_deploy_run *run)
{
	static const char *const manifests[] = {"package.xml", "destructiveChanges.xml",
						"destructiveChangesPre.xml",
						"destructiveChangesPost.xml"};
	enum psg_err err = psg_source_open(run->path, &run->found, &run->source);
	for (size_t i = 0; !err && i < psg_source_count(run->source); i++)
		for (size_t k = 0; !err && k < PSG_COUNT(manifests); k++)
			if (strcmp(psg_source_path(run->source, i), manifests[k]) == 0)
				err = psg_strings_add(&run->manifests, manifests[k]);
	if (err == PSG_ERR_INVALID)
		ctl_error(ctl,
			  "%s is neither a directory nor a zip file: name one that holds a "
			  "package; nothing was changed",
			  ctl_safe(run->path));
	else if (err)
		ctl_error(ctl,
			  "cannot read the package %s: %s: name a directory or zip that root can "
			  "read; nothing was changed",
			  ctl_safe(run->path), psg_strerror(err));
	return err == PSG_ERR_NO_MEMORY ? CTL_STORE : err ? CTL_INVALID : CTL_DONE;
}

/* What was found wrong with the source goes with what is wrong in it. */
static enum psg_err join_problems(struct ctl_deploy_run *run)
{
	struct psg_problems *to = &run->deployment.problems, *from = &run->found;
	if (from->count == 0)
		return PSG_OK;
	struct psg_problem *grown =
	    reallocarray(to->items, to->count + from->count, sizeof(*grown));
	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	to->items = grown;
	memcpy(grown + to->count, from->items, from->count * sizeof(*grown));
	to->count += from->count;
	to->error_count += from->error_count;
	free(from->items); /* the array alone: what is in it has moved */
	*from = (struct psg_problems){0};
	psg_problems_sort(to);
	return PSG_OK;
}

/* Staged beside the policy in force, or, so that --check-only writes nothing at all, in memory. */
static enum psg_err stage(struct ctl *ctl, struct ctl_deploy_run *run)
{
	struct psg_folder *memory PSG_CLEANUP(psg_folder_release) = NULL;
	enum psg_err err = PSG_OK;
	if (run->check_only)
		err = psg_folder_open_memory(NULL, &memory);
	else if (run->deployment.recalculated.count > 0)
		err = psg_policy_announce(ctl->store->root, &run->deployment.recalculated);
	if (err)
		return err;
	ctl_progress_show(&run->progress, "Writing", 0, 0);
	err = psg_policy_stage(memory != NULL ? memory : ctl->store->root, ctl->policy,
			       &run->deployment.update, &run->staged);
	if (!err)
		err = ctl_deploy_compare(run, ctl->policy);
	/* It may refer to the memory that ends here. */
	if (err || run->check_only)
		psg_policy_drop(&run->staged);
	return err;
}

static enum ctl_exit prepare(struct ctl *ctl, struct ctl_deploy_run *run)
{
	const struct psg_deployment_options options = {.force = run->force,
						       .defer = run->defer,
						       .progress = ctl_progress_show,
						       .progress_arg = &run->progress};
	const struct psg_problems *problems = &run->deployment.problems;
	enum psg_err err =
	    psg_deployment_prepare(run->source, ctl->policy, &options, &run->deployment);
	if (!err)
		err = ctl_deploy_name_files(run);
	if (!err)
		err = join_problems(run);
	if (err)
		return ctl_store_error(ctl, "cannot compare the package with what is in force",
				       err);
	if (problems->error_count == 0 && run->deployment.changed) {
		err = stage(ctl, run);
		if (err)
			return ctl_policy_failed(ctl, err);
	}
	run->stopped = problems->error_count > 0 || (run->strict && problems->count > 0);
	return CTL_DONE;
}

static enum ctl_exit put_in_force(struct ctl *ctl, struct ctl_deploy_run *run)
{
	enum psg_err err = ctl_deploy_commit(ctl, run);
	if (err)
		return ctl_policy_failed(ctl, err);
	run->written = true;
	char counts[160];
	ctl_deploy_counts(&run->deployment, counts, sizeof(counts));
	size_t len = strlen(counts);
	snprintf(counts + len, sizeof(counts) - len, "%s%s", run->force ? ", forced" : "",
		 run->defer ? ", deferred" : "");
	struct psg_event event = {.kind = PSG_EVENT_DEPLOYED, .reason = counts};
	ctl_event(ctl, &event);
	return CTL_DONE;
}

static int64_t now_ns(void)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum ctl_exit ctl_deploy(struct ctl *ctl)
{
	struct ctl_deploy_run run PSG_CLEANUP(run_clear) = {.started_s = time(NULL),
							    .started_ns = now_ns()};
	const struct ctl_option options[] = {{"check-only", false, NULL, &run.check_only},
					     {"defer", false, NULL, &run.defer},
					     {"force", false, NULL, &run.force},
					     {"strict", false, NULL, &run.strict},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, &run.path, 1, 1, NULL))
		return CTL_USAGE;

	int lock PSG_CLEANUP(psg_close_fd) = -1;
	ctl_progress_begin(ctl, &run.progress);
	enum ctl_exit status = open_present(ctl, &run, &lock);
	if (status == CTL_DONE)
		status = open_source(ctl, &run);
	if (status == CTL_DONE)
		status = prepare(ctl, &run);
	ctl_progress_end(&run.progress);
	if (status != CTL_DONE)
		return status;
	ctl_print_problems(ctl, run.path, &run.deployment.problems);
	if (!run.stopped && !run.check_only && run.deployment.changed)
		status = put_in_force(ctl, &run);
	if (status != CTL_DONE)
		return status;
	status = ctl_deploy_report(ctl, &run);
	return run.stopped ? CTL_INVALID : status;
}
