/* A hash table of names, open addressing, never more than half full. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64U

/* FNV-1a. The names are the administrator's own: nobody gains by making them collide. */
static size_t first_slot(const struct ctl_index *index, const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (size_t)(hash ^ (hash >> 32)) & (index->slot_count - 1);
}

/* Where the name is, or the free slot where it belongs. */
static size_t slot_of(const struct ctl_index *index, const char *name)
{
	size_t at = first_slot(index, name);
	while (index->slots[at] != 0 && strcmp(index->names.items[index->slots[at] - 1], name) != 0)
		at = (at + 1) & (index->slot_count - 1);
	return at;
}

uint32_t ctl_index_find(const struct ctl_index *index, const char *name)
{
	if (index->slot_count == 0)
		return CTL_INDEX_NONE;
	uint32_t found = index->slots[slot_of(index, name)];
	return found != 0 ? found - 1 : CTL_INDEX_NONE;
}

static enum psg_err grow(struct ctl_index *index)
{
	struct ctl_index grown = {.names = index->names};
	grown.slot_count = index->slot_count > 0 ? 2 * index->slot_count : FIRST_SLOTS;
	grown.slots = calloc(grown.slot_count, sizeof(*grown.slots));
	if (grown.slots == NULL || grown.names.count >= CTL_INDEX_NONE - 1) {
		free(grown.slots);
		return PSG_ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < grown.names.count; i++)
		grown.slots[slot_of(&grown, grown.names.items[i])] = (uint32_t)i + 1;
	free(index->slots);
	*index = grown;
	return PSG_OK;
}

enum psg_err ctl_index_add(struct ctl_index *index, const char *name, uint32_t *ret)
{
	if (2 * (index->names.count + 1) > index->slot_count) {
		enum psg_err err = grow(index);
		if (err)
			return err;
	}
	size_t at = slot_of(index, name);
	if (index->slots[at] == 0) {
		enum psg_err err = psg_strings_add(&index->names, name);
		if (err)
			return err;
		index->slots[at] = (uint32_t)index->names.count;
	}
	*ret = index->slots[at] - 1;
	return PSG_OK;
}

void ctl_index_clear(struct ctl_index *index)
{
	psg_strings_clear(&index->names);
	free(index->slots);
	*index = (struct ctl_index){0};
}
