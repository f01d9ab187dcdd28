/* Some groups compiled anew: they, what was deferred of their parts, and whoever shares such a part.
 *
 * What is shared spreads: with every set deferred all groups are reached, so each group is read once, and which
 * parts it has is kept as numbers. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A group has a part: a deferred set that it contains, in force or as deployed. */
struct link {
	uint32_t group, part;
};

struct reach {
	struct psg_plan *plan;
	struct psg_strings names; /* of all groups, sorted; a group's number is its place here */
	struct link *links;       /* by group */
	size_t link_count;
	size_t *firsts;       /* of each group, and one after the last: its first link */
	struct link *sharers; /* the same links by part */
	size_t *sharer_firsts;
	bool *taken;     /* of each part: plan->pending by its place */
	bool *reached;   /* of each group */
	uint32_t *queue; /* the groups reached, in the order they were */
	size_t queued;
};

static void reach_clear(struct reach *reach)
{
	psg_strings_clear(&reach->names);
	free(reach->links);
	free(reach->firsts);
	free(reach->sharers);
	free(reach->sharer_firsts);
	free(reach->taken);
	free(reach->reached);
	free(reach->queue);
}

static int compare(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

static bool place(const struct psg_strings *sorted, const char *text, uint32_t *ret)
{
	char *const *found = sorted->count == 0 ? NULL
						: bsearch(text, sorted->items, sorted->count,
							  sizeof(*sorted->items), compare);

	if (found)
		*ret = (uint32_t)(found - sorted->items);
	return found;
}

/* The part that component was deferred as. */
static enum psg_err find_part(const struct reach *reach, enum psg_type type, const char *name,
			      bool *ret_found, uint32_t *ret)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&key, "%s/%s", psg_file_types[type].name, name);
	if (key.failed)
		return PSG_ERR_NO_MEMORY;
	*ret_found = place(&reach->plan->pending, key.data, ret);
	return PSG_OK;
}

static enum psg_err add_links(struct reach *reach, uint32_t group,
			      const struct psg_strings *members)
{
	/* Both kinds: a name may have become the other's. */
	static const enum psg_type types[] = {PSG_TYPE_SET, PSG_TYPE_MUTING_SET};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < 2 * members->count && err == PSG_OK; i++) {
		struct link *link;
		uint32_t part;
		bool found;

		err = find_part(reach, types[i % 2], members->items[i / 2], &found, &part);
		if (err != PSG_OK || !found)
			continue;
		link = psg_array_add(&reach->links, &reach->link_count, sizeof(*link));
		if (!link)
			return PSG_ERR_NO_MEMORY;
		*link = (struct link){.group = group, .part = part};
	}
	return err;
}

/* What it contains in force, and where it was deferred itself what it will. */
static enum psg_err read_group(struct reach *reach, uint32_t number)
{
	const char *type = psg_file_types[PSG_TYPE_GROUP].name;
	const char *name = reach->names.items[number];
	struct psg_plan *plan = reach->plan;
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	struct psg_model deployed PSG_CLEANUP(psg_model_clear) = {0};
	uint32_t part;
	bool deferred;
	enum psg_err err = psg_policy_group(plan->before, name, &group);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_ERR_CORRUPT; /* the list says that it is there */
	if (err == PSG_OK)
		err = add_links(reach, number, &group.sets);
	if (err == PSG_OK)
		err = add_links(reach, number, &group.muting_sets);
	if (err == PSG_OK)
		err = find_part(reach, PSG_TYPE_GROUP, name, &deferred, &part);
	if (err != PSG_OK || !deferred)
		return err;
	err = psg_policy_document(plan->before, type, name, &document);
	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK; /* its deletion was */
	if (err == PSG_OK)
		err = psg_metadata_parse(&document, 0, &deployed, NULL, &plan->out.problems);
	for (size_t i = 0; i < deployed.group_count && err == PSG_OK; i++) {
		err = add_links(reach, number, &deployed.groups[i].sets);
		if (err == PSG_OK)
			err = add_links(reach, number, &deployed.groups[i].muting_sets);
	}
	return err;
}

static enum psg_err read_groups(struct reach *reach)
{
	enum psg_err err = psg_policy_group_names(reach->plan->before, &reach->names);
	size_t count = reach->names.count;

	if (err != PSG_OK)
		return err;
	reach->firsts = calloc(count + 1, sizeof(*reach->firsts));
	reach->reached = calloc(count + 1, sizeof(*reach->reached));
	reach->queue = calloc(count + 1, sizeof(*reach->queue));
	if (!reach->firsts || !reach->reached || !reach->queue)
		return PSG_ERR_NO_MEMORY;
	/* Nothing deferred, nothing shared. */
	for (uint32_t i = 0; i < count && reach->plan->pending.count > 0 && err == PSG_OK; i++) {
		err = read_group(reach, i);
		reach->firsts[i + 1] = reach->link_count;
	}
	return err;
}

static enum psg_err sort_sharers(struct reach *reach)
{
	size_t parts = reach->plan->pending.count;

	reach->taken = calloc(parts + 1, sizeof(*reach->taken));
	reach->sharers = calloc(reach->link_count + 1, sizeof(*reach->sharers));
	/* Each begins where the one before ends; it has moved to its end, the next one's beginning, when all are laid out. */
	reach->sharer_firsts = calloc(parts + 2, sizeof(*reach->sharer_firsts));
	if (!reach->taken || !reach->sharers || !reach->sharer_firsts)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < reach->link_count; i++)
		reach->sharer_firsts[reach->links[i].part + 2]++;
	for (size_t i = 2; i < parts + 2; i++)
		reach->sharer_firsts[i] += reach->sharer_firsts[i - 1];
	for (size_t i = 0; i < reach->link_count; i++)
		reach->sharers[reach->sharer_firsts[reach->links[i].part + 1]++] = reach->links[i];
	return PSG_OK;
}

static void reach_group(struct reach *reach, uint32_t group)
{
	if (reach->reached[group])
		return;
	reach->reached[group] = true;
	reach->queue[reach->queued++] = group;
}

/* The parts of one group, and for each that others share, the others. */
static enum psg_err take_parts_of(struct reach *reach, uint32_t group)
{
	static const enum psg_type own[] = {PSG_TYPE_GROUP, PSG_TYPE_POLICY};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < PSG_COUNT(own) && err == PSG_OK; i++) {
		uint32_t part;
		bool found = false;

		err = find_part(reach, own[i], reach->names.items[group], &found, &part);
		if (err == PSG_OK && found)
			reach->taken[part] = true;
	}
	for (size_t i = reach->firsts[group]; i < reach->firsts[group + 1]; i++) {
		uint32_t part = reach->links[i].part;

		if (reach->taken[part])
			continue;
		reach->taken[part] = true;
		for (size_t k = reach->sharer_firsts[part]; k < reach->sharer_firsts[part + 1]; k++)
			reach_group(reach, reach->sharers[k].group);
	}
	return err;
}

static enum psg_err take(struct reach *reach)
{
	struct psg_plan *plan = reach->plan;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++) {
		enum psg_type type;
		const char *name;

		if (!reach->taken[i] || !psg_plan_split(plan->pending.items[i], &type, &name))
			continue;
		err = psg_plan_take_stored(plan, psg_file_types[type].name, name);
		if (err == PSG_ERR_NOT_FOUND)
			err = psg_strings_add(&plan->out.removed[type], name);
	}
	for (size_t i = 0; i < reach->queued && err == PSG_OK; i++)
		err = psg_strings_add(&plan->groups, reach->names.items[reach->queue[i]]);
	return err;
}

enum psg_err psg_reach_groups(struct psg_plan *plan, const char *const *groups, size_t count)
{
	struct reach reach PSG_CLEANUP(reach_clear) = {.plan = plan};
	enum psg_err err = read_groups(&reach);

	if (err == PSG_OK)
		err = sort_sharers(&reach);
	for (size_t i = 0; i < count && err == PSG_OK; i++) {
		uint32_t group;

		if (place(&reach.names, groups[i], &group))
			reach_group(&reach, group);
		else
			err = PSG_ERR_NOT_FOUND;
	}
	for (size_t i = 0; i < reach.queued && err == PSG_OK; i++)
		err = take_parts_of(&reach, reach.queue[i]);
	return err ? err : take(&reach);
}
