/* A policy seen from the side of its services: each set read once, each assigned target judged once. */
#include "reach.h"

#include <stdlib.h>
#include <string.h>

static void set_clear(struct ctl_reach_set *set)
{
	free(set->name);
	psg_strings_clear(&set->keys);
}

static void target_clear(struct ctl_reach_target *target)
{
	free(target->name);
	psg_strings_clear(&target->open);
	psg_strings_clear(&target->gated);
}

void ctl_reach_clear(struct ctl_reach *reach)
{
	for (size_t i = 0; i < reach->set_count; i++)
		set_clear(&reach->sets[i]);
	for (size_t i = 0; i < reach->target_count; i++)
		target_clear(&reach->targets[i]);
	free(reach->sets);
	free(reach->targets);
	psg_gate_settings_clear(&reach->settings);
	psg_assignments_clear(&reach->assignments);
	*reach = (struct ctl_reach){0};
}

static enum psg_err load_set(struct psg_policy *policy, const char *name, struct ctl_reach_set *out)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
	enum psg_err err = psg_policy_set(policy, name, &set);
	out->name = strdup(name);
	if (!err && out->name == NULL)
		err = PSG_ERR_NO_MEMORY;
	out->requires_activation = set.requires_activation;
	for (size_t i = 0; !err && i < set.permissions.count; i++) {
		const char *key = set.permissions.items[i];
		if (strncmp(key, CTL_APPLICATION_PREFIX, strlen(CTL_APPLICATION_PREFIX)) == 0)
			err = psg_strings_add(&out->keys, key);
	}
	return err;
}

static enum psg_err load_sets(struct ctl_reach *reach)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_set_names(reach->policy, &names);
	if (err || names.count == 0)
		return err;
	reach->sets = calloc(names.count, sizeof(*reach->sets));
	if (reach->sets == NULL)
		return PSG_ERR_NO_MEMORY;
	while (!err && reach->set_count < names.count) {
		size_t i = reach->set_count++;
		err = load_set(reach->policy, names.items[i], &reach->sets[i]);
	}
	return err;
}

static int set_by_name(const void *name, const void *set)
{
	return strcmp(name, ((const struct ctl_reach_set *)set)->name);
}

static enum psg_err judge_key(const struct ctl_reach *reach, const struct psg_group *group,
			      struct psg_path path, const char *key, struct ctl_reach_target *out)
{
	for (size_t i = 0; group != NULL && i < group->muting_sets.count && !path.muted; i++) {
		enum psg_err err =
		    psg_policy_mutes(reach->policy, group->muting_sets.items[i], key, &path.muted);
		if (err)
			return err;
	}
	const struct psg_facts facts = {
	    0}; /* no activation, no end: what the path comes to by itself */
	enum psg_verdict verdict = psg_decide_path(&facts, &path).verdict;
	if (verdict == PSG_ALLOW)
		return psg_strings_add(&out->open, key);
	return verdict == PSG_ACTIVATE ? psg_strings_add(&out->gated, key) : PSG_OK;
}

/* group NULL: the set by itself. */
static enum psg_err judge_set(const struct ctl_reach *reach, const struct psg_group *group,
			      const char *name, struct ctl_reach_target *out)
{
	if (reach->set_count == 0)
		return PSG_OK;
	const struct ctl_reach_set *set =
	    bsearch(name, reach->sets, reach->set_count, sizeof(*reach->sets), set_by_name);
	if (set == NULL) /* of a namespace that was never deployed: gives nothing */
		return PSG_OK;
	const struct psg_path path = {
	    .kind = out->kind,
	    .target = out->name,
	    .set = name,
	    .assignee = "",
	    .status = group != NULL ? group->status : PSG_STATUS_UPDATED,
	    .gives = true,
	    .requires_activation =
		set->requires_activation || (group != NULL && group->requires_activation),
	};
	enum psg_err err = PSG_OK;
	for (size_t i = 0; !err && i < set->keys.count; i++)
		err = judge_key(reach, group, path, set->keys.items[i], out);
	return err;
}

static enum psg_err load_target(const struct ctl_reach *reach, const struct psg_assignment *from,
				struct ctl_reach_target *out)
{
	out->kind = from->kind;
	out->name = strdup(from->target);
	if (out->name == NULL)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = PSG_OK;
	if (from->kind == PSG_TARGET_SET) {
		err = judge_set(reach, NULL, from->target, out);
	} else {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		err = psg_policy_group(reach->policy, from->target, &group);
		if (err == PSG_ERR_NOT_FOUND) /* assigned, and no more there: gives nothing */
			return PSG_OK;
		for (size_t i = 0; !err && i < group.sets.count; i++)
			err = judge_set(reach, &group, group.sets.items[i], out);
	}
	psg_strings_sort(&out->open);
	psg_strings_sort(&out->gated);
	return err;
}

static int by_target(const void *a, const void *b)
{
	const struct psg_assignment *left = *(const struct psg_assignment *const *)a;
	const struct psg_assignment *right = *(const struct psg_assignment *const *)b;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return strcmp(left->target, right->target);
}

static enum psg_err load_targets(struct ctl_reach *reach)
{
	size_t count = reach->assignments.count;
	if (count == 0)
		return PSG_OK;
	const struct psg_assignment **sorted PSG_CLEANUP(psg_free_bytes) =
	    calloc(count, sizeof(*sorted));
	reach->targets = calloc(count, sizeof(*reach->targets));
	if (sorted == NULL || reach->targets == NULL)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &reach->assignments.items[i];
	qsort(sorted, count, sizeof(*sorted), by_target);
	enum psg_err err = PSG_OK;
	for (size_t i = 0; !err && i < count; i++)
		if (i == 0 || by_target(&sorted[i - 1], &sorted[i]) != 0)
			err = load_target(reach, sorted[i], &reach->targets[reach->target_count++]);
	return err;
}

enum psg_err ctl_reach_load(struct psg_policy *policy, struct ctl_reach *ret)
{
	struct ctl_reach reach PSG_CLEANUP(ctl_reach_clear) = {.policy = policy};
	enum psg_err err = psg_policy_settings(policy, &reach.settings);
	if (!err)
		err = psg_policy_all_assigned(policy, &reach.assignments);
	if (!err)
		err = load_sets(&reach);
	if (!err)
		err = load_targets(&reach);
	if (err)
		return err;
	*ret = reach;
	reach = (struct ctl_reach){0};
	return PSG_OK;
}

const struct ctl_reach_target *ctl_reach_find(const struct ctl_reach *reach,
					      enum psg_target_kind kind, const char *name)
{
	for (size_t low = 0, high = reach->target_count; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct ctl_reach_target *target = &reach->targets[middle];
		int order = kind != target->kind ? (kind < target->kind ? -1 : 1)
						 : strcmp(name, target->name);
		if (order == 0)
			return target;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
