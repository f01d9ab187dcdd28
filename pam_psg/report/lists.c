/* What a ledger is kept in: lists that grow, and each text once. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "keep.h"

struct placed {
	const char *first, *second;
	size_t place;
};

void *ledger_list_add(struct psg_ledger *ledger, struct ledger_list *list, size_t item_size)
{
	if (list->count == list->size) {
		size_t size = list->size ? list->size * 2 : 16;
		void *grown = reallocarray(list->items, size, item_size);

		if (!grown) {
			ledger->failed = true;
			return NULL;
		}
		list->items = grown;
		list->size = size;
	}
	return memset((char *)list->items + list->count++ * item_size, 0, item_size);
}

int ledger_order(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return a == b ? 0 : strcmp(a, b);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Both are names that were taken in: equal texts are one pointer. */
static int by_names(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	if (a->first != b->first)
		return (uintptr_t)a->first < (uintptr_t)b->first ? -1 : 1;
	if (a->second != b->second)
		return (uintptr_t)a->second < (uintptr_t)b->second ? -1 : 1;
	return 0;
}

static int by_pair(const void *left, const void *right)
{
	const struct ledger_pair *a = left, *b = right;

	if (a->user != b->user)
		return (uintptr_t)a->user < (uintptr_t)b->user ? -1 : 1;
	if (a->target != b->target)
		return (uintptr_t)a->target < (uintptr_t)b->target ? -1 : 1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

const char *ledger_name(struct psg_ledger *ledger, const char *text)
{
	void **found = text ? tfind(text, &ledger->names, by_text) : NULL;
	char *copy;

	if (!text || found)
		return found ? *found : NULL;
	copy = strdup(text);
	if (copy && tsearch(copy, &ledger->names, by_text))
		return copy;
	free(copy);
	ledger->failed = true;
	return NULL;
}

size_t *ledger_place(struct psg_ledger *ledger, void **tree, const char *first, const char *second,
		     bool make)
{
	struct placed wanted = {first, second, SIZE_MAX}, *made;
	struct placed **found = tfind(&wanted, tree, by_names);

	if (found || !make)
		return found ? &(*found)->place : NULL;
	made = malloc(sizeof(*made));
	if (made)
		*made = wanted;
	if (made && tsearch(made, tree, by_names))
		return &made->place;
	free(made);
	ledger->failed = true;
	return NULL;
}

struct ledger_pair *ledger_pair(struct psg_ledger *ledger, const char *user,
				enum psg_target_kind kind, const char *target, bool make)
{
	struct ledger_pair wanted = {.user = user, .target = target, .kind = kind}, *made;
	struct ledger_pair **found = tfind(&wanted, &ledger->pairs, by_pair);

	if (found || !make)
		return found ? *found : NULL;
	made = malloc(sizeof(*made));
	if (made)
		*made = wanted;
	if (made && tsearch(made, &ledger->pairs, by_pair))
		return made;
	free(made);
	ledger->failed = true;
	return NULL;
}

void psg_ledger_free(struct psg_ledger **ledger)
{
	struct psg_ledger *old = *ledger;

	if (!old)
		return;
	tdestroy(old->ids, free);
	tdestroy(old->pairs, free);
	tdestroy(old->failure_keys, free);
	tdestroy(old->would_keys, free);
	tdestroy(old->names, free);
	struct ledger_list *lists[] = {
	    &old->records,   &old->marks,         &old->failures,        &old->would,
	    &old->acts,      &old->eligible,      &old->holdings,        &old->by_user,
	    &old->by_target, &old->marks_by_user, &old->marks_by_target, &old->people,
	    &old->targets};

	for (size_t i = 0; i < PSG_COUNT(lists); i++)
		free(lists[i]->items);
	free(old);
	*ledger = NULL;
}
