/* The part of the policy that a change concerns: small, however large the policy is.
 *
 * Who is concerned: a group that is changed, or contains what is; a group or set that a changed activation policy
 * governs; with changed settings everything that a policy governs, for its defaults are theirs. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static bool changed(const struct psg_plan *plan, enum psg_type type, const char *name)
{
	return psg_strings_has(&plan->changed[type], name);
}

/* A list being sorted out: `wanted` names, less those in the model already. */
struct loading {
	struct psg_policy *policy;
	struct psg_model *model;
	const struct psg_plan *plan; /* NULL: everything as it is in the policy */
};

static bool removed(const struct loading *loading, enum psg_type type, const char *name)
{
	return loading->plan && changed(loading->plan, type, name);
}

static bool contains_any(const struct psg_strings *members, const struct psg_plan *plan)
{
	/* Both kinds: a name may have become the other's. */
	for (size_t i = 0; i < members->count; i++)
		if (changed(plan, PSG_TYPE_SET, members->items[i]) ||
		    changed(plan, PSG_TYPE_MUTING_SET, members->items[i]))
			return true;
	return false;
}

static bool concerned(const struct psg_plan *plan, const struct psg_group *group)
{
	return contains_any(&group->sets, plan) || contains_any(&group->muting_sets, plan) ||
	       changed(plan, PSG_TYPE_SET, group->name) ||
	       changed(plan, PSG_TYPE_POLICY, group->name) ||
	       psg_strings_has(&plan->groups, group->name) ||
	       (changed(plan, PSG_TYPE_SETTINGS, "Gate") && group->has_activation_policy);
}

static enum psg_err load_group(struct loading *loading, const char *name)
{
	struct psg_model *model = loading->model;
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_group(loading->policy, name, &group);
	struct psg_group *added;

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	if (err != PSG_OK || (loading->plan && !concerned(loading->plan, &group)))
		return err;
	added = psg_array_add(&model->groups, &model->group_count, sizeof(*added));
	if (!added)
		return PSG_ERR_NO_MEMORY;
	*added = group;
	group = (struct psg_group){0};
	return PSG_OK;
}

static enum psg_err load_groups(struct loading *loading, const struct psg_strings *names)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < names->count && err == PSG_OK; i++)
		if (!removed(loading, PSG_TYPE_GROUP, names->items[i]))
			err = load_group(loading, names->items[i]);
	return err;
}

typedef enum psg_err set_reader(struct psg_policy *policy, const char *name,
				struct psg_permission_set *ret);

/* Those that are not there are added to `absent`. */
static enum psg_err load_sets(struct loading *loading, enum psg_type type,
			      const struct psg_strings *names, struct psg_strings *absent)
{
	bool muting = type == PSG_TYPE_MUTING_SET;
	set_reader *read = muting ? psg_policy_muting_set : psg_policy_set;
	void *items = muting ? (void *)&loading->model->muting_sets : (void *)&loading->model->sets;
	size_t *count = muting ? &loading->model->muting_set_count : &loading->model->set_count;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < names->count && err == PSG_OK; i++) {
		struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
		struct psg_permission_set *added;

		if (removed(loading, type, names->items[i]))
			continue;
		err = read(loading->policy, names->items[i], &set);
		if (err == PSG_ERR_NOT_FOUND) {
			err = absent ? psg_strings_add(absent, names->items[i]) : PSG_OK;
			continue;
		}
		if (err != PSG_OK)
			break;
		added = psg_array_add(items, count, sizeof(*added));
		if (!added)
			return PSG_ERR_NO_MEMORY;
		*added = set;
		set = (struct psg_permission_set){0};
	}
	return err;
}

static enum psg_err add_all(struct psg_strings *list, const struct psg_strings *more)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < more->count && err == PSG_OK; i++)
		err = psg_strings_add(list, more->items[i]);
	return err;
}

/* What one is not of the kind it should be may be of the other: the message is to say so. */
static enum psg_err load_members(struct loading *loading, const struct psg_strings *more_sets)
{
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings muting PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings no_sets PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings no_muting PSG_CLEANUP(psg_strings_clear) = {0};
	const struct psg_model *model = loading->model;
	enum psg_err err = add_all(&sets, more_sets);

	for (size_t i = 0; i < model->group_count && err == PSG_OK; i++) {
		err = add_all(&sets, &model->groups[i].sets);
		if (err == PSG_OK)
			err = psg_strings_add(&sets, model->groups[i].name);
		if (err == PSG_OK)
			err = add_all(&muting, &model->groups[i].muting_sets);
	}
	psg_strings_sort(&sets);
	psg_strings_sort(&muting);
	if (err == PSG_OK)
		err = load_sets(loading, PSG_TYPE_SET, &sets, &no_sets);
	if (err == PSG_OK)
		err = load_sets(loading, PSG_TYPE_MUTING_SET, &muting, &no_muting);
	for (size_t i = 0; i < no_sets.count && err == PSG_OK; i++)
		if (!psg_strings_has(&muting, no_sets.items[i])) {
			struct psg_strings one = {.items = &no_sets.items[i], .count = 1};

			err = load_sets(loading, PSG_TYPE_MUTING_SET, &one, NULL);
		}
	for (size_t i = 0; i < no_muting.count && err == PSG_OK; i++)
		if (!psg_strings_has(&sets, no_muting.items[i])) {
			struct psg_strings one = {.items = &no_muting.items[i], .count = 1};

			err = load_sets(loading, PSG_TYPE_SET, &one, NULL);
		}
	return err;
}

static enum psg_err load_policies(struct loading *loading, const struct psg_strings *names)
{
	struct psg_model *model = loading->model;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < names->count && err == PSG_OK; i++) {
		struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};
		struct psg_activation_policy *added;

		if (removed(loading, PSG_TYPE_POLICY, names->items[i]))
			continue;
		err = psg_policy_activation_policy_raw(loading->policy, names->items[i], &policy);
		if (err == PSG_ERR_NOT_FOUND) {
			err = PSG_OK;
			continue;
		}
		if (err != PSG_OK)
			break;
		added = psg_array_add(&model->policies, &model->policy_count, sizeof(*added));
		if (!added)
			return PSG_ERR_NO_MEMORY;
		*added = policy;
		policy = (struct psg_activation_policy){0};
	}
	return err;
}

/* Whose policies are looked at: those of everything that is put, and with changed settings all. */
static enum psg_err governed(const struct psg_plan *plan, const struct psg_model *model,
			     struct psg_strings *ret)
{
	struct psg_strings all PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	bool whole = changed(plan, PSG_TYPE_SETTINGS, "Gate");
	enum psg_err err = psg_policy_governed_names(plan->before, &all);

	for (size_t i = 0; i < model->group_count && err == PSG_OK; i++)
		err = psg_strings_add(&names, model->groups[i].name);
	if (err == PSG_OK)
		err = add_all(&names, &plan->changed[PSG_TYPE_SET]);
	if (err == PSG_OK)
		err = add_all(&names, &plan->changed[PSG_TYPE_GROUP]);
	psg_strings_sort(&names);
	for (size_t i = 0; i < all.count && err == PSG_OK; i++)
		if (whole || psg_strings_has(&names, all.items[i]))
			err = psg_strings_add(ret, all.items[i]);
	psg_strings_sort(ret);
	return err;
}

static enum psg_err load_settings(struct loading *loading)
{
	struct psg_model *model = loading->model;
	enum psg_err err;

	if (model->has_settings || removed(loading, PSG_TYPE_SETTINGS, "Gate"))
		return PSG_OK;
	err = psg_policy_settings(loading->policy, &model->settings);
	model->has_settings = err == PSG_OK;
	return err;
}

#define ADD_NAMES(items, count, list)                                                              \
	for (size_t i_ = 0; i_ < (count) && err == PSG_OK; i_++)                                   \
		err = psg_strings_add((list), (items)[i_].name);

static enum psg_err name_changed(struct psg_plan *plan)
{
	const struct psg_model *model = &plan->out.model;
	enum psg_err err = PSG_OK;

	for (size_t type = 0; type < PSG_TYPE_COUNT && err == PSG_OK; type++) {
		/* The package's own deletions, then those that were deferred: searched from here on. */
		psg_strings_sort(&plan->out.removed[type]);
		err = add_all(&plan->changed[type], &plan->out.removed[type]);
	}
	ADD_NAMES(model->policies, model->policy_count, &plan->changed[PSG_TYPE_POLICY])
	ADD_NAMES(model->muting_sets, model->muting_set_count, &plan->changed[PSG_TYPE_MUTING_SET])
	ADD_NAMES(model->sets, model->set_count, &plan->changed[PSG_TYPE_SET])
	ADD_NAMES(model->groups, model->group_count, &plan->changed[PSG_TYPE_GROUP])
	if (model->has_settings && err == PSG_OK)
		err = psg_strings_add(&plan->changed[PSG_TYPE_SETTINGS], "Gate");
	for (size_t type = 0; type < PSG_TYPE_COUNT; type++)
		psg_strings_sort(&plan->changed[type]);
	psg_strings_sort(&plan->groups);
	return err;
}

/* Moves one item to the end of an array. */
static enum psg_err move_one(void *items_pointer, size_t *count, void *item, size_t size)
{
	void *added = psg_array_add(items_pointer, count, size);

	if (!added)
		return PSG_ERR_NO_MEMORY;
	memcpy(added, item, size);
	memset(item, 0, size);
	return PSG_OK;
}

/* What of the package is as it was, unless it is calculated anew or goes. */
static enum psg_err add_unchanged(struct psg_plan *plan)
{
	struct psg_model *model = &plan->out.model, *from = &plan->unchanged;
	struct psg_strings there PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_OK;

	ADD_NAMES(model->groups, model->group_count, &there)
	psg_strings_sort(&there);
	for (size_t i = 0; i < from->group_count && err == PSG_OK; i++)
		if (!changed(plan, PSG_TYPE_GROUP, from->groups[i].name) &&
		    !psg_strings_has(&there, from->groups[i].name))
			err = move_one(&model->groups, &model->group_count, &from->groups[i],
				       sizeof(*model->groups));
	for (size_t i = 0; i < from->policy_count && err == PSG_OK; i++)
		if (!changed(plan, PSG_TYPE_POLICY, from->policies[i].name))
			err = move_one(&model->policies, &model->policy_count, &from->policies[i],
				       sizeof(*model->policies));
	for (size_t i = 0; i < from->document_count && err == PSG_OK; i++)
		err = move_one(&model->documents, &model->document_count, &from->documents[i],
			       sizeof(*model->documents));
	return err;
}

/* Activation policies that are not in the model yet. */
static enum psg_err load_governing(struct loading *loading)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings there PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings missing PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = governed(loading->plan, loading->model, &names);

	ADD_NAMES(loading->model->policies, loading->model->policy_count, &there)
	psg_strings_sort(&there);
	for (size_t i = 0; i < names.count && err == PSG_OK; i++)
		if (!psg_strings_has(&there, names.items[i]))
			err = psg_strings_add(&missing, names.items[i]);
	return err ? err : load_policies(loading, &missing);
}

enum psg_err psg_closure_load(struct psg_plan *plan)
{
	struct psg_model *model = &plan->out.model;
	struct loading loading = {.policy = plan->before, .model = model, .plan = plan};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings policies PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = name_changed(plan);

	if (err == PSG_OK)
		err = psg_policy_group_names(plan->before, &names);
	plan->out.put = *model;
	if (err == PSG_OK)
		err = load_groups(&loading, &names);
	plan->out.put.group_count = model->group_count;
	if (err == PSG_OK)
		err = add_unchanged(plan);
	if (err == PSG_OK)
		err = load_governing(&loading);
	/* A set that is governed must be known to be there. */
	for (size_t i = 0; i < model->policy_count && err == PSG_OK; i++)
		err = psg_strings_add(&policies, model->policies[i].name);
	psg_strings_sort(&policies);
	if (err == PSG_OK)
		err = load_members(&loading, &policies);
	if (err == PSG_OK)
		err = load_settings(&loading);
	/* The arrays may have moved since. */
	plan->out.put.sets = model->sets;
	plan->out.put.muting_sets = model->muting_sets;
	plan->out.put.groups = model->groups;
	plan->out.put.policies = model->policies;
	plan->out.put.documents = model->documents;
	plan->out.put.settings = model->settings;
	return err;
}

enum psg_err psg_closure_before(struct psg_policy *before, const struct psg_model *model,
				struct psg_model *ret)
{
	struct psg_model old PSG_CLEANUP(psg_model_clear) = {0};
	struct loading loading = {.policy = before, .model = &old};
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings policies PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_OK;

	ADD_NAMES(model->groups, model->group_count, &groups)
	/* Also what has gone since: a policy is no orphan before. */
	ADD_NAMES(model->policies, model->policy_count, &groups)
	ADD_NAMES(model->policies, model->policy_count, &policies)
	psg_strings_sort(&groups);
	psg_strings_sort(&policies);
	if (err == PSG_OK)
		err = load_groups(&loading, &groups);
	if (err == PSG_OK)
		err = load_policies(&loading, &policies);
	if (err == PSG_OK)
		err = load_members(&loading, &policies);
	if (err == PSG_OK)
		err = load_settings(&loading);
	if (err != PSG_OK)
		return err;
	*ret = old;
	old = (struct psg_model){0};
	return PSG_OK;
}
