/* What was deployed compiled anew, from the documents themselves. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Everything: a document that is there is compiled, and what is pending without one was deleted. */
static enum psg_err take_all(struct psg_plan *plan)
{
	struct psg_strings documents PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_document_names(plan->before, &documents);
	enum psg_type type;
	const char *name;

	for (size_t i = 0; i < documents.count && err == PSG_OK; i++) {
		psg_plan_progress(plan, "Compiling", i, documents.count);
		if (psg_plan_split(documents.items[i], &type, &name))
			err = psg_plan_take_stored(plan, psg_file_types[type].name, name);
	}
	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++)
		if (!psg_strings_has(&documents, plan->pending.items[i]) &&
		    psg_plan_split(plan->pending.items[i], &type, &name))
			err = psg_strings_add(&plan->out.removed[type], name);
	return err;
}

/* -- some groups: they, what was deferred of their parts, and whoever shares such a part -- */

struct reach {
	struct psg_plan *plan;
	struct psg_strings names;  /* groups reached, in the order they were */
	struct psg_strings sorted; /* the same */
	struct psg_strings parts;  /* "TYPE/NAME" of the pending that are taken, sorted */
};

static void reach_clear(struct reach *reach)
{
	psg_strings_clear(&reach->names);
	psg_strings_clear(&reach->sorted);
	psg_strings_clear(&reach->parts);
}

static enum psg_err reach_group(struct reach *reach, const char *name)
{
	enum psg_err err;

	if (psg_strings_has(&reach->sorted, name))
		return PSG_OK;
	err = psg_strings_add(&reach->names, name);
	if (err == PSG_OK)
		err = psg_strings_add(&reach->sorted, name);
	psg_strings_sort(&reach->sorted);
	return err;
}

/* The group as it is in force, and as it was deployed: what it contained and what it will. NULL entries are absent. */
struct versions {
	struct psg_group in_force;
	struct psg_model deployed;
	bool deleted; /* deferred: its document is gone */
};

static void versions_clear(struct versions *versions)
{
	psg_group_clear(&versions->in_force);
	psg_model_clear(&versions->deployed);
}

static enum psg_err read_versions(struct psg_plan *plan, const char *name, struct versions *ret)
{
	const char *type = psg_file_types[PSG_TYPE_GROUP].name;
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	enum psg_err err = psg_policy_group(plan->before, name, &ret->in_force);

	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	err = psg_policy_document(plan->before, type, name, &document);
	ret->deleted = err == PSG_ERR_NOT_FOUND;
	if (err == PSG_OK)
		err = psg_metadata_parse(&document, 0, &ret->deployed, NULL, &plan->out.problems);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static bool names_it(const struct versions *versions, const char *part)
{
	const struct psg_group *deployed = versions->deployed.groups;

	return psg_strings_has(&versions->in_force.sets, part) ||
	       psg_strings_has(&versions->in_force.muting_sets, part) ||
	       (deployed && (psg_strings_has(&deployed->sets, part) ||
			     psg_strings_has(&deployed->muting_sets, part)));
}

/* Every group that contains the part. */
static enum psg_err reach_sharers(struct reach *reach, const char *part)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_plan *plan = reach->plan;
	enum psg_err err = psg_policy_group_names(plan->before, &names);

	for (size_t i = 0; i < names.count && err == PSG_OK; i++) {
		struct versions versions PSG_CLEANUP(versions_clear) = {0};

		if (psg_strings_has(&reach->sorted, names.items[i]))
			continue;
		err = read_versions(plan, names.items[i], &versions);
		if (err == PSG_OK && names_it(&versions, part))
			err = reach_group(reach, names.items[i]);
	}
	return err;
}

/* Takes what of the group itself was deferred. */
static enum psg_err reach_parts(struct reach *reach, const char *group)
{
	struct versions versions PSG_CLEANUP(versions_clear) = {0};
	struct psg_plan *plan = reach->plan;
	enum psg_err err = read_versions(plan, group, &versions);

	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++) {
		const char *key = plan->pending.items[i], *name;
		enum psg_type type;
		bool member;

		if (!psg_plan_split(key, &type, &name) || psg_strings_has(&reach->parts, key))
			continue;
		member = (type == PSG_TYPE_SET || type == PSG_TYPE_MUTING_SET) &&
			 names_it(&versions, name);
		if (!member && !((type == PSG_TYPE_GROUP || type == PSG_TYPE_POLICY) &&
				 strcmp(name, group) == 0))
			continue;
		err = psg_strings_add(&reach->parts, key);
		psg_strings_sort(&reach->parts);
		if (err == PSG_OK && member)
			err = reach_sharers(reach, name);
	}
	return err;
}

static enum psg_err take_parts(struct reach *reach)
{
	struct psg_plan *plan = reach->plan;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < reach->parts.count && err == PSG_OK; i++) {
		enum psg_type type;
		const char *name;

		if (!psg_plan_split(reach->parts.items[i], &type, &name))
			continue;
		err = psg_plan_take_stored(plan, psg_file_types[type].name, name);
		if (err == PSG_ERR_NOT_FOUND)
			err = psg_strings_add(&plan->out.removed[type], name);
	}
	for (size_t i = 0; i < reach->names.count && err == PSG_OK; i++)
		err = psg_strings_add(&plan->groups, reach->names.items[i]);
	return err;
}

static enum psg_err take_groups(struct psg_plan *plan, const char *const *groups, size_t count)
{
	struct reach reach PSG_CLEANUP(reach_clear) = {.plan = plan};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < count && err == PSG_OK; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};

		err = psg_policy_group(plan->before, groups[i], &group);
		if (err == PSG_OK)
			err = reach_group(&reach, groups[i]);
	}
	for (size_t i = 0; i < reach.names.count && err == PSG_OK; i++)
		err = reach_parts(&reach, reach.names.items[i]);
	return err ? err : take_parts(&reach);
}

enum psg_err psg_recalculation_prepare(struct psg_policy *before, const char *const *groups,
				       size_t count, const struct psg_deployment_options *options,
				       struct psg_deployment *ret)
{
	struct psg_plan plan PSG_CLEANUP(psg_plan_clear) = {.before = before, .options = options};
	enum psg_err err = psg_policy_pending(before, &plan.pending);

	if (err == PSG_OK)
		err = count == 0 ? take_all(&plan) : take_groups(&plan, groups, count);
	plan.out.changed = true;
	return err ? err : psg_plan_finish(&plan, ret);
}
