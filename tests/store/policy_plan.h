/* A policy that is described by a few numbers: changed at random by an update, or made whole at once. */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "psg/policy.h"

#define PLAN_NAMES                                                                                 \
	6U /* of groups and sets: the same names for both, so that one policy governs two */
#define PLAN_MUTING 3U
#define PLAN_PEOPLE 7U /* the last two are Unix groups */

/* 0: not there; else what it is made of. */
struct policy_plan {
	unsigned groups[PLAN_NAMES], sets[PLAN_NAMES], muting_sets[PLAN_MUTING];
	unsigned policies[PLAN_NAMES], documents[PLAN_NAMES];
	unsigned settings, pending;
	/* 0: not assigned; else until + 1. */
	unsigned group_until[PLAN_PEOPLE][PLAN_NAMES], set_until[PLAN_PEOPLE][PLAN_NAMES];
};

/* An update with all that it points to. */
struct policy_plan_update {
	struct psg_model put;
	struct psg_strings removed_groups, removed_sets, removed_muting_sets, removed_policies,
	    removed_documents, pending;
	struct psg_assignments assign, unassign;
	struct psg_policy_update update;
};

/* Changes the plan at random and says how. */
void policy_plan_change(struct policy_plan *plan, struct policy_plan_update *ret);
/* All of it, over nothing. */
void policy_plan_whole(const struct policy_plan *plan, struct policy_plan_update *ret);
void policy_plan_clear(struct policy_plan_update *update);
/* 0 to below - 1, the same in every run. */
unsigned policy_plan_random(unsigned below);

/* Every record, key and value, sorted; of the format the counts alone. */
void policy_plan_records(struct psg_policy *policy, struct psg_strings *ret);

#endif
