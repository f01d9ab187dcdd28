/* A deployment under way, and the report of it. */
#ifndef PSGCTL_DEPLOY_H
#define PSGCTL_DEPLOY_H

#include "psg/metadata.h"
#include "psgctl.h"

struct ctl_deploy_run {
	const char *directory;
	bool check_only, strict;
	int64_t started_s;
	struct psg_model before; /* documents only */
	struct psg_assignments assignments;
	struct psg_deployment deployment;
	bool stopped; /* by an error, or a warning under --strict */
	bool written;
};

void ctl_deploy_clear(struct ctl_deploy_run *run);
/* Adds a warning about a component ("" and "": none) to the problems. */
PSG_MUST_CHECK
enum psg_err ctl_deploy_warn(struct psg_deployment *deployment, const char *type, const char *name,
			     const char *text, const char *remedy);
/* Each problem on stderr: `file:line:column: Error: [Type Name] element: problem (remedy)`; warnings not
 * under --quiet. `directory` (may be NULL) goes before the file. */
void ctl_print_problems(const struct ctl *ctl, const char *directory,
			const struct psg_problems *problems);
/* "3 components: 1 created, 2 unchanged" */
void ctl_deploy_counts(const struct psg_deployment *deployment, char *out, size_t size);
/* The outcome on stdout: Salesforce's DeployResult, or lines for people. */
enum ctl_exit ctl_deploy_report(const struct ctl *ctl, const struct ctl_deploy_run *run);

#endif
