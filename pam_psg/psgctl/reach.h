/* Who reaches a service without activation under one policy, who needed one under another. */
#ifndef PSGCTL_REACH_H
#define PSGCTL_REACH_H

#include "psgctl.h"

#define CTL_APPLICATION_PREFIX "applicationVisibilities."

/* What one permission set says of services. */
struct ctl_reach_set {
	char *name;
	bool requires_activation;
	struct psg_strings keys; /* applicationVisibilities.NAME, sorted */
};

/* What one assigned target comes to. */
struct ctl_reach_target {
	enum psg_target_kind kind;
	char *name;
	struct psg_strings open, gated; /* keys served without and with activation, sorted */
};

/* A policy seen from the side of its services. */
struct ctl_reach {
	struct psg_policy *policy; /* borrowed */
	struct psg_gate_settings settings;
	struct psg_assignments assignments;
	struct ctl_reach_set *sets; /* sorted by name */
	size_t set_count;
	struct ctl_reach_target *targets; /* those assigned, sorted by kind and name */
	size_t target_count;
};

PSG_MUST_CHECK
enum psg_err ctl_reach_load(struct psg_policy *policy, struct ctl_reach *ret);
void ctl_reach_clear(struct ctl_reach *reach);
/* NULL when it is not assigned to anybody. */
const struct ctl_reach_target *ctl_reach_find(const struct ctl_reach *reach,
					      enum psg_target_kind kind, const char *name);

/* Somebody who needed an activation for a service and from now on does not. All borrowed. */
struct ctl_opening {
	const char *person;      /* "alice", or "%wheel": whoever is in it */
	const char *application; /* the service */
	/* Through what; NULL when the person became an exempt user. */
	const struct psg_assignment *through;
};
typedef enum psg_err ctl_opening_fn(void *arg, const struct ctl_opening *opening);

/* Calls `each` for every opening that `after` makes against `before`: assigned users with their Unix groups, assigned
 * Unix groups, and the members these list (those who have one as primary group only are not searched for). */
PSG_MUST_CHECK
enum psg_err ctl_reach_compare(struct psg_policy *before, struct psg_policy *after, int64_t now_s,
			       ctl_opening_fn *each, void *arg);

#endif
