/* Names and assignments of the whole policy, for psgctl. */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

static enum psg_err names(struct psg_policy *policy, const char *kind, struct psg_strings *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_NAMES, kind, &record);

	/* Every policy has them, empty ones too. */
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
	return psg_policy_decode_strings(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_group_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_NAMES_GROUPS, ret);
}

enum psg_err psg_policy_set_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_NAMES_SETS, ret);
}

enum psg_err psg_policy_governed_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_NAMES_POLICIES, ret);
}

enum psg_err psg_policy_document_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_NAMES_DOCUMENTS, ret);
}

enum psg_err psg_policy_pending(struct psg_policy *policy, struct psg_strings *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_PENDING, "", &record);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = (struct psg_strings){0};
		return PSG_OK;
	}
	return err ? err : psg_policy_decode_strings(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_activation_policy_raw(struct psg_policy *policy, const char *name,
					      struct psg_activation_policy *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_POLICY, name, &record);

	return err ? err : psg_policy_decode_policy(psg_policy_record_value(&record), ret);
}

struct visiting {
	psg_policy_assignment_fn *each;
	void *arg;
};

static enum psg_err visit(void *arg, const struct psg_policy_record *record)
{
	const struct visiting *visiting = arg;
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	char *assignee PSG_CLEANUP(psg_free_bytes) = NULL;

	if (!psg_policy_record_under(record, PSG_KEY_ASSIGNED))
		return PSG_OK;
	enum psg_err err = psg_policy_record_name(record, PSG_KEY_ASSIGNED, &assignee);

	if (!err)
		err = psg_policy_decode_assigned(psg_policy_record_value(record), assignee, &list);
	for (size_t i = 0; i < list.count && !err; i++)
		err = visiting->each(visiting->arg, &list.items[i]);
	return err;
}

enum psg_err psg_policy_each_assigned(struct psg_policy *policy, psg_policy_assignment_fn *each,
				      void *arg)
{
	struct visiting visiting = {each, arg};

	return psg_policy_walk(policy, visit, &visiting);
}

struct gathering {
	struct psg_assignments list;
	size_t room;
};

static void gathering_clear(struct gathering *gathering)
{
	psg_assignments_clear(&gathering->list);
}

static enum psg_err gather(void *arg, const struct psg_assignment *assignment)
{
	struct gathering *gathering = arg;
	struct psg_assignments *list = &gathering->list;

	if (list->count == gathering->room) {
		size_t room = gathering->room ? 2 * gathering->room : 64;
		struct psg_assignment *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return PSG_ERR_NO_MEMORY;
		list->items = items;
		gathering->room = room;
	}
	struct psg_assignment copy = {strdup(assignment->assignee), assignment->kind,
				      strdup(assignment->target), assignment->until_s,
				      assignment->created_s};

	list->items[list->count++] = copy;
	return copy.assignee && copy.target ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static int by_target(const void *a, const void *b)
{
	const struct psg_assignment *left = a, *right = b;
	int order = strcmp(left->assignee, right->assignee);

	if (!order)
		order = strcmp(left->target, right->target);
	return order ? order : (int)left->kind - (int)right->kind;
}

enum psg_err psg_policy_all_assigned(struct psg_policy *policy, struct psg_assignments *ret)
{
	struct gathering gathering PSG_CLEANUP(gathering_clear) = {0};
	enum psg_err err = psg_policy_each_assigned(policy, gather, &gathering);

	if (err)
		return err;
	if (gathering.list.count > 0)
		qsort(gathering.list.items, gathering.list.count, sizeof(*gathering.list.items),
		      by_target);
	*ret = gathering.list;
	gathering = (struct gathering){0};
	return PSG_OK;
}
