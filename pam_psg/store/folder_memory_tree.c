/* The tree under a folder in memory, see folder_memory.h. */
#include <stdlib.h>
#include <string.h>

#include "folder_memory.h"

int64_t psg_tree_now(const struct psg_tree *tree)
{
	return tree->realtime_ns == NULL ? 0 : *tree->realtime_ns;
}

void psg_node_free(struct psg_node *node)
{
	free(node->name);
	free(node->bytes);
	free(node);
}

void psg_node_drop_all(struct psg_node *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		psg_node_drop_all(folder->nodes[i]);
		psg_node_free(folder->nodes[i]);
	}
	free(folder->nodes);
	folder->nodes = NULL;
	folder->count = 0;
}

size_t psg_node_place(const struct psg_node *folder, const char *name, bool *ret_there)
{
	size_t low = 0, high = folder->count;

	*ret_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(folder->nodes[middle]->name, name);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct psg_node *psg_node_find(const struct psg_node *folder, const char *name)
{
	bool there;
	size_t at = psg_node_place(folder, name, &there);

	return there ? folder->nodes[at] : NULL;
}

enum psg_err psg_node_add(struct psg_node *folder, const char *name, struct psg_node **ret)
{
	bool there;
	size_t at = psg_node_place(folder, name, &there);
	struct psg_node **nodes, *node;

	if (there)
		return PSG_ERR_EXISTS;
	nodes = realloc(folder->nodes, (folder->count + 1) * sizeof(struct psg_node *));
	if (nodes == NULL)
		return PSG_ERR_NO_MEMORY;
	folder->nodes = nodes;
	node = calloc(1, sizeof(*node));
	if (node != NULL)
		node->name = strdup(name);
	if (node == NULL || node->name == NULL) {
		free(node);
		return PSG_ERR_NO_MEMORY;
	}
	memmove(nodes + at + 1, nodes + at, (folder->count - at) * sizeof(struct psg_node *));
	nodes[at] = node;
	folder->count++;
	*ret = node;
	return PSG_OK;
}

enum psg_err psg_node_append(const struct psg_tree *tree, struct psg_node *node, const void *bytes,
			     size_t len)
{
	unsigned char *grown = realloc(node->bytes, node->len + len + 1);

	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	if (len > 0)
		memcpy(grown + node->len, bytes, len);
	node->bytes = grown;
	node->len += len;
	node->mtime_ns = psg_tree_now(tree);
	return PSG_OK;
}

struct psg_node *psg_tree_file(const struct psg_tree *tree, int file)
{
	return file >= 0 && (size_t)file < tree->file_count ? tree->files[file] : NULL;
}

/* -- copies -- */

static enum psg_err node_copy(struct psg_node *from, struct psg_node *to)
{
	enum psg_err err = PSG_OK;

	to->is_folder = from->is_folder;
	to->odd = from->odd;
	to->mtime_ns = from->mtime_ns;
	to->opened = from->opened;
	from->copy = to;
	if (from->len > 0) {
		to->bytes = malloc(from->len);
		if (to->bytes == NULL)
			return PSG_ERR_NO_MEMORY;
		memcpy(to->bytes, from->bytes, from->len);
		to->len = from->len;
	}
	for (size_t i = 0; i < from->count && err == PSG_OK; i++) {
		struct psg_node *child;

		err = psg_node_add(to, from->nodes[i]->name, &child);
		if (err == PSG_OK)
			err = node_copy(from->nodes[i], child);
	}
	return err;
}

/* Open files that lost their name belong to no folder: they are copied by their number alone. */
static enum psg_err files_copy(const struct psg_tree *from, struct psg_tree *to)
{
	if (from->file_count == 0)
		return PSG_OK;
	to->files = calloc(from->file_count, sizeof(struct psg_node *));
	if (to->files == NULL)
		return PSG_ERR_NO_MEMORY;
	to->file_count = from->file_count;
	for (size_t i = 0; i < from->file_count; i++) {
		struct psg_node *file = from->files[i];
		enum psg_err err;

		if (file == NULL)
			continue;
		if (file->name == NULL) {
			to->files[i] = calloc(1, sizeof(struct psg_node));
			if (to->files[i] == NULL)
				return PSG_ERR_NO_MEMORY;
			err = node_copy(file, to->files[i]);
			if (err != PSG_OK)
				return err;
			continue;
		}
		to->files[i] = file->copy;
	}
	return PSG_OK;
}

enum psg_err psg_folder_memory_copy(struct psg_folder *root, const int64_t *realtime_ns,
				    struct psg_folder **ret)
{
	struct psg_folder *copy PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_tree *from = psg_folder_memory_tree(root);
	enum psg_err err = psg_folder_open_memory(realtime_ns, &copy);

	if (err == PSG_OK)
		err = node_copy(&from->top, &psg_folder_memory_tree(copy)->top);
	if (err == PSG_OK)
		err = files_copy(from, psg_folder_memory_tree(copy));
	if (err == PSG_OK) {
		*ret = copy;
		copy = NULL;
	}
	return err;
}

/* -- hashes: states are compared, not defended -- */

#define HASH_START UINT64_C(14695981039346656037)

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_word(hash, word);
	}
	word = 0;
	if (len > 0)
		memcpy(&word, at, len);
	return hash_word(hash, word ^ (uint64_t)len << 60);
}

static uint64_t hash_node(uint64_t hash, const struct psg_node *node)
{
	if (node->name != NULL)
		hash = hash_bytes(hash, node->name, strlen(node->name) + 1);
	hash = hash_word(hash, (uint64_t)node->mtime_ns);
	hash = hash_word(hash, node->len);
	hash = hash_bytes(hash, node->bytes, node->len);
	hash = hash_word(hash, node->count);
	for (size_t i = 0; i < node->count; i++)
		hash = hash_node(hash, node->nodes[i]);
	return hash;
}

uint64_t psg_folder_memory_hash(struct psg_folder *root)
{
	return hash_node(HASH_START, &psg_folder_memory_tree(root)->top);
}

uint64_t psg_folder_memory_file_hash(struct psg_folder *root, int file)
{
	const struct psg_node *node = psg_tree_file(psg_folder_memory_tree(root), file);

	return node == NULL || node->name == NULL ? 0 : hash_node(HASH_START, node);
}
