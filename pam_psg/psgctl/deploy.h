/* A deployment under way, and the report of it. */
#ifndef PSGCTL_DEPLOY_H
#define PSGCTL_DEPLOY_H

#include "changes.h"
#include "progress.h"
#include "psg/metadata.h"

struct ctl_deploy_run {
	const char *path; /* of a directory or a zip */
	bool check_only, strict, force, defer;
	int64_t started_s, started_ns; /* by the wall clock, by the monotonic one */
	struct psg_source *source;
	struct psg_problems found; /* about the source itself */
	struct psg_strings
	    manifests; /* package.xml and destructiveChanges*.xml, where there are any */
	struct psg_deployment deployment;
	struct psg_policy_staged *staged; /* what is to be, beside what is */
	struct ctl_changes changes; /* for people: all under check_only, else those that open */
	struct ctl_progress progress;
	bool stopped; /* by an error, or a warning under --strict */
	bool written;
};

/* -- deploy_files.c -- */
/* Names the files of what was found and what is deployed as they are in the directory or zip that was given: the
 * package may begin in a folder of it. */
PSG_MUST_CHECK
enum psg_err ctl_deploy_name_files(struct ctl_deploy_run *run);

/* -- deploy_people.c -- */
/* Compares what is staged with what is in force; what opens becomes a warning. */
PSG_MUST_CHECK
enum psg_err ctl_deploy_compare(struct ctl_deploy_run *run, struct psg_policy *before);

/* -- deploy_commit.c -- */
/* Puts what is staged in force, and ends the activations of whom it unassigns. On an error the policy before stays. */
PSG_MUST_CHECK
enum psg_err ctl_deploy_commit(struct ctl *ctl, struct ctl_deploy_run *run);

/* -- deploy_report.c -- */
/* "3 components: 1 created, 2 unchanged" */
void ctl_deploy_counts(const struct psg_deployment *deployment, char *out, size_t size);
/* The outcome on stdout: Salesforce's DeployResult, or lines for people. */
enum ctl_exit ctl_deploy_report(const struct ctl *ctl, const struct ctl_deploy_run *run);
/* Which groups are Outdated after it, and what is to be done, on stderr. Of Failed ones there is a warning among the problems. */
void ctl_say_outdated(const struct ctl *ctl, const struct psg_model *put);

/* -- deploy_json.c -- */
/* Salesforce's DeployResult on stdout. */
enum ctl_exit ctl_deploy_json(const struct ctl_deploy_run *run);

#endif
