/* A deployment being worked out: what is put, what is removed, and what must be looked at for it. */
#ifndef PSG_METADATA_PLAN_H
#define PSG_METADATA_PLAN_H

#include "metadata.h"

struct psg_plan {
	struct psg_policy *before;
	const struct psg_deployment_options *options;
	struct psg_source *source;         /* NULL: a recalculation */
	const struct psg_package *package; /* of the source */
	struct psg_deployment out;
	/* Names of each type that are put or removed, sorted (psg_closure_load). */
	struct psg_strings changed[PSG_TYPE_COUNT];
	/* Groups and activation policies of the package, and their documents, that are as they were: they are not put, and what is to be
	 * warned of them is warned of each time. */
	struct psg_model unchanged;
	/* Groups to calculate although nothing of them changed. */
	struct psg_strings groups;
	struct psg_strings pending; /* of before, sorted */
	bool refused;               /* a deletion: what would come of it need not be said */
};

void psg_plan_clear(struct psg_plan *plan);
void psg_plan_progress(const struct psg_plan *plan, const char *doing, size_t done, size_t total);
/* "TYPE/NAME" */
PSG_MUST_CHECK
enum psg_err psg_plan_key(const char *type, const char *name, struct psg_strings *list);
/* Splits it; false when it is none. *ret_name points into it. */
bool psg_plan_split(const char *key, enum psg_type *ret_type, const char **ret_name);

/* -- components.c -- */

PSG_MUST_CHECK
enum psg_err psg_plan_add_component(struct psg_plan *plan, const char *type, const char *name,
				    const char *file, enum psg_change change);
/* By type, then name. */
void psg_plan_sort_components(struct psg_deployment *out);
/* Among the first `count`, which are sorted; NULL when it is not there. */
struct psg_component *psg_plan_find_component(const struct psg_plan *plan, size_t count,
					      const char *type, const char *name);

/* -- deployment_delete.c -- */

/* Adds what the package's destructive manifests delete to what is removed; sorts the components. */
PSG_MUST_CHECK
enum psg_err psg_plan_take_deletions(struct psg_plan *plan);

/* -- closure.c -- */

/* Completes a model that begins with what is put: adds the groups of `before` that contain what changed, as they are to be
 * calculated anew, and then for reference the members of all groups in it and the activation policies that govern anything in it. `put`
 * is the part that is put. */
PSG_MUST_CHECK
enum psg_err psg_closure_load(struct psg_plan *plan);
/* The same components as `model` has, as they are in `before`. */
PSG_MUST_CHECK
enum psg_err psg_closure_before(struct psg_policy *before, const struct psg_model *model,
				struct psg_model *ret);

/* -- reach.c -- */

/* Takes the groups of these names, what was deferred of them and of their members, and all groups that share such a member.
 * Errors: NOT_FOUND when a group is not there, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_reach_groups(struct psg_plan *plan, const char *const *groups, size_t count);

/* -- deletion.c -- */

/* Reports deletions of what is still a member or assigned: errors, with `force` warnings. Orphaned activation policies
 * go with their target when forced. */
PSG_MUST_CHECK
enum psg_err psg_deletion_check(struct psg_plan *plan);

/* -- plan_defer.c -- */

/* Of what is put leaves the documents, and the groups concerned as they are in force, Outdated. */
PSG_MUST_CHECK
enum psg_err psg_plan_defer(struct psg_plan *plan);
/* While the Gate settings are pending, what a policy governs is not all that was deployed: its lifetime may be theirs. */
void psg_plan_keep_outdated(struct psg_plan *plan);
/* What is pending from then on. */
PSG_MUST_CHECK
enum psg_err psg_plan_list_pending(struct psg_plan *plan);

/* -- plan.c -- */

/* From what is put and removed to the whole: closure, check, recalculation, update. */
PSG_MUST_CHECK
enum psg_err psg_plan_finish(struct psg_plan *plan, struct psg_deployment *ret);
/* Parses a document of the policy, as deployed, into the model that is put. */
PSG_MUST_CHECK
enum psg_err psg_plan_take_stored(struct psg_plan *plan, const char *type, const char *name);
/* Moves all of `from` to the end of `to`, but for documents. */
PSG_MUST_CHECK
enum psg_err psg_plan_move(struct psg_model *from, struct psg_model *to);
bool psg_plan_in_package(const struct psg_plan *plan, const char *type, const char *name);

#endif
