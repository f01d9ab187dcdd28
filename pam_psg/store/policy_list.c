/* Names, assignments and documents of the whole policy, for psgctl. */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

/* What follows the prefix of a record's key, as a fresh string. A NUL cannot be in a name. */
static enum psg_err name_of(const struct psg_policy_record *record, const char *prefix, char **ret)
{
	size_t skip = strlen(prefix);
	const char *name = psg_policy_record_key(record) + skip;
	size_t len = record->key_len - skip;

	if (memchr(name, '\0', len))
		return PSG_ERR_CORRUPT;
	*ret = strndup(name, len);
	return *ret ? PSG_OK : PSG_ERR_NO_MEMORY;
}

struct naming {
	const char *prefix;
	struct psg_strings *names;
};

static enum psg_err add_name(void *arg, const struct psg_policy_record *record)
{
	const struct naming *naming = arg;
	char *name PSG_CLEANUP(psg_free_bytes) = NULL;

	if (!psg_policy_record_under(record, naming->prefix))
		return PSG_OK;
	enum psg_err err = name_of(record, naming->prefix, &name);

	return err ? err : psg_strings_add(naming->names, name);
}

static enum psg_err names(struct psg_policy *policy, const char *prefix, struct psg_strings *ret)
{
	struct psg_strings list PSG_CLEANUP(psg_strings_clear) = {0};
	struct naming naming = {.prefix = prefix, .names = &list};
	enum psg_err err = psg_policy_walk(policy, add_name, &naming);

	if (err)
		return err;
	psg_strings_sort(&list);
	*ret = list;
	list = (struct psg_strings){0};
	return PSG_OK;
}

enum psg_err psg_policy_group_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_KEY_GROUP, ret);
}

enum psg_err psg_policy_set_names(struct psg_policy *policy, struct psg_strings *ret)
{
	return names(policy, PSG_KEY_SET, ret);
}

struct gathering {
	struct psg_assignments list;
	size_t room;
};

static void gathering_clear(struct gathering *gathering)
{
	psg_assignments_clear(&gathering->list);
}

static enum psg_err gather(struct gathering *gathering, struct psg_assignments *more)
{
	struct psg_assignments *list = &gathering->list;

	if (list->count + more->count > gathering->room) {
		size_t room = 2 * (list->count + more->count);
		struct psg_assignment *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return PSG_ERR_NO_MEMORY;
		list->items = items;
		gathering->room = room;
	}
	/* The strings move over; of `more` only the array is left to free. */
	for (size_t i = 0; i < more->count; i++)
		list->items[list->count++] = more->items[i];
	free(more->items);
	*more = (struct psg_assignments){0};
	return PSG_OK;
}

static enum psg_err add_assigned(void *arg, const struct psg_policy_record *record)
{
	struct psg_assignments more PSG_CLEANUP(psg_assignments_clear) = {0};
	char *assignee PSG_CLEANUP(psg_free_bytes) = NULL;

	if (!psg_policy_record_under(record, PSG_KEY_ASSIGNED))
		return PSG_OK;
	enum psg_err err = name_of(record, PSG_KEY_ASSIGNED, &assignee);

	if (!err)
		err = psg_policy_decode_assigned(psg_policy_record_value(record), assignee, &more);
	return err ? err : gather(arg, &more);
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
	enum psg_err err = psg_policy_walk(policy, add_assigned, &gathering);

	if (err)
		return err;
	if (gathering.list.count > 0)
		qsort(gathering.list.items, gathering.list.count, sizeof(*gathering.list.items),
		      by_target);
	*ret = gathering.list;
	gathering = (struct gathering){0};
	return PSG_OK;
}

struct reading {
	struct psg_model model;
	size_t room;
};

static void reading_clear(struct reading *reading)
{
	psg_model_clear(&reading->model);
}

static enum psg_err add_document(void *arg, const struct psg_policy_record *record)
{
	struct reading *reading = arg;
	struct psg_model *model = &reading->model;

	if (!psg_policy_record_under(record, PSG_KEY_DOCUMENT))
		return PSG_OK;
	if (model->document_count == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 64;
		struct psg_document *grown = reallocarray(model->documents, room, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		model->documents = grown;
		reading->room = room;
	}
	enum psg_err err = psg_policy_decode_document(psg_policy_record_value(record),
						      &model->documents[model->document_count]);

	if (!err)
		model->document_count++;
	return err;
}

static int by_type(const void *a, const void *b)
{
	const struct psg_document *left = a, *right = b;
	int order = strcmp(left->type, right->type);

	return order ? order : strcmp(left->name, right->name);
}

enum psg_err psg_policy_documents(struct psg_policy *policy, struct psg_model *ret)
{
	struct reading reading PSG_CLEANUP(reading_clear) = {0};
	enum psg_err err = psg_policy_walk(policy, add_document, &reading);

	if (err)
		return err;
	if (reading.model.document_count > 0)
		qsort(reading.model.documents, reading.model.document_count,
		      sizeof(*reading.model.documents), by_type);
	*ret = reading.model;
	reading = (struct reading){0};
	return PSG_OK;
}
