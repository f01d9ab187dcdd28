/* The model by name: sorted pointers, searched by halves. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

int psg_document_compare(const void *a, const void *b)
{
	const struct psg_document *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->path, y->path);
}

struct document_key {
	const char *type, *name;
};

static int match_document(const void *key, const void *item)
{
	const struct document_key *wanted = key;
	const struct psg_document *document = item;
	int order = strcmp(wanted->type, document->type);

	return order ? order : strcmp(wanted->name, document->name);
}

static int match_document_pointer(const void *key, const void *item)
{
	return match_document(key, *(const struct psg_document *const *)item);
}

const struct psg_document *psg_document_find(const struct psg_document *sorted, size_t count,
					     const char *type, const char *name)
{
	struct document_key key = {type, name};

	return count ? bsearch(&key, sorted, count, sizeof(*sorted), match_document) : NULL;
}

static int compare_documents(const void *a, const void *b)
{
	return psg_document_compare(*(const struct psg_document *const *)a,
				    *(const struct psg_document *const *)b);
}

static int compare_sets(const void *a, const void *b)
{
	return strcmp((*(const struct psg_permission_set *const *)a)->name,
		      (*(const struct psg_permission_set *const *)b)->name);
}

static int compare_groups(const void *a, const void *b)
{
	return strcmp((*(const struct psg_group *const *)a)->name,
		      (*(const struct psg_group *const *)b)->name);
}

/* Defines a function that makes sorted pointers to `count` items. */
#define POINTERS(function, item, compare)                                                          \
	static const struct item **function(const struct item *items, size_t count)                \
	{                                                                                          \
		const struct item **list = calloc(count + 1, sizeof(*list));                       \
                                                                                                   \
		for (size_t i = 0; list && i < count; i++)                                         \
			list[i] = &items[i];                                                       \
		if (list && count > 1)                                                             \
			qsort(list, count, sizeof(*list), compare);                                \
		return list;                                                                       \
	}

POINTERS(document_pointers, psg_document, compare_documents)
POINTERS(set_pointers, psg_permission_set, compare_sets)
POINTERS(group_pointers, psg_group, compare_groups)

enum psg_err psg_index_init(const struct psg_model *model, struct psg_index *ret)
{
	struct psg_index index = {
	    .model = model,
	    .documents = document_pointers(model->documents, model->document_count),
	    .sets = set_pointers(model->sets, model->set_count),
	    .muting_sets = set_pointers(model->muting_sets, model->muting_set_count),
	    .groups = group_pointers(model->groups, model->group_count),
	};

	if (!index.documents || !index.sets || !index.muting_sets || !index.groups) {
		psg_index_clear(&index);
		return PSG_ERR_NO_MEMORY;
	}
	*ret = index;
	return PSG_OK;
}

void psg_index_clear(struct psg_index *index)
{
	free(index->documents);
	free(index->sets);
	free(index->muting_sets);
	free(index->groups);
	*index = (struct psg_index){0};
}

const struct psg_document *psg_index_document(const struct psg_index *index, const char *type,
					      const char *name)
{
	struct document_key key = {type, name};
	const struct psg_document *const *found =
	    bsearch(&key, index->documents, index->model->document_count, sizeof(*found),
		    match_document_pointer);

	return found ? *found : NULL;
}

static int match_set(const void *name, const void *item)
{
	return strcmp(name, (*(const struct psg_permission_set *const *)item)->name);
}

static int match_group(const void *name, const void *item)
{
	return strcmp(name, (*(const struct psg_group *const *)item)->name);
}

const struct psg_permission_set *psg_index_set(const struct psg_index *index, const char *name)
{
	const struct psg_permission_set *const *found =
	    bsearch(name, index->sets, index->model->set_count, sizeof(*found), match_set);

	return found ? *found : NULL;
}

const struct psg_permission_set *psg_index_muting_set(const struct psg_index *index,
						      const char *name)
{
	const struct psg_permission_set *const *found = bsearch(
	    name, index->muting_sets, index->model->muting_set_count, sizeof(*found), match_set);

	return found ? *found : NULL;
}

const struct psg_group *psg_index_group(const struct psg_index *index, const char *name)
{
	const struct psg_group *const *found =
	    bsearch(name, index->groups, index->model->group_count, sizeof(*found), match_group);

	return found ? *found : NULL;
}

bool psg_index_has(const struct psg_index *index, const char *type, const char *name)
{
	if (psg_index_document(index, type, name))
		return true;
	if (strcmp(type, "PermissionSetGroup") == 0)
		return psg_index_group(index, name);
	if (strcmp(type, "MutingPermissionSet") == 0)
		return psg_index_muting_set(index, name);
	return strcmp(type, "PermissionSet") == 0 && psg_index_set(index, name);
}
