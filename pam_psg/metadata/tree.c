/* The tree: its memory, and the way around in it. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

/* Most files are small: the first chunk is, too. */
#define FIRST_CHUNK_SIZE (4U * 1024)
#define CHUNK_SIZE (64U * 1024)

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

void *psg_xml_allocate(struct psg_xml *xml, size_t size)
{
	struct chunk *chunk = xml->chunks;
	void *ret;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!chunk || chunk->size - chunk->used < size) {
		size_t usual = chunk ? CHUNK_SIZE : FIRST_CHUNK_SIZE;
		size_t room = size > usual ? size : usual;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct chunk){.next = xml->chunks, .size = room};
		xml->chunks = chunk;
	}
	ret = (char *)chunk->bytes + chunk->used;
	chunk->used += size;
	return ret;
}

const char *psg_xml_keep(struct psg_xml *xml, const char *text, size_t len)
{
	char *copy = len == 0 ? NULL : psg_xml_allocate(xml, len + 1);

	if (len == 0)
		return "";
	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

void psg_xml_free(struct psg_xml **xml)
{
	struct chunk *chunk = *xml ? (*xml)->chunks : NULL;

	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	free(*xml);
	*xml = NULL;
}

const struct psg_xml_node *psg_xml_child(const struct psg_xml_node *node, const char *name)
{
	const struct psg_xml_node *child = node->children;

	while (child && (*child->name != *name || strcmp(child->name, name) != 0))
		child = child->next;
	return child;
}
