/* The store's folders in memory, for tests: the contract of psg/folder.h without a disk. A file lives
 * as long as a name or an open number leads to it, as an inode does. */
#include "folder_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

struct memory {
	struct psg_folder folder;
	struct psg_tree *tree;
	struct psg_node *node;
	bool is_root;
	int put_fd;
};

static const struct psg_folder_ops memory_ops;

static struct memory *memory_of(struct psg_folder *folder)
{
	return (struct memory *)(void *)folder;
}

static enum psg_err memory_remove(struct psg_folder *folder, const char *name)
{
	struct psg_node *top = memory_of(folder)->node, *node;
	bool there;
	size_t at = psg_node_place(top, name, &there);

	if (!there)
		return PSG_ERR_NOT_FOUND;
	node = top->nodes[at];
	if (node->is_folder)
		return PSG_ERR_IO;
	top->count--;
	memmove(top->nodes + at, top->nodes + at + 1,
		(top->count - at) * sizeof(struct psg_node *));
	if (node->opened == 0) {
		psg_node_free(node);
	} else {
		free(node->name);
		node->name = NULL;
	}
	return PSG_OK;
}

/* -- the operations -- */

static enum psg_err memory_handle(struct psg_tree *tree, struct psg_node *node, bool is_root,
				  struct psg_folder **ret)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return PSG_ERR_NO_MEMORY;
	memory->folder.ops = &memory_ops;
	memory->tree = tree;
	memory->node = node;
	memory->is_root = is_root;
	memory->put_fd = -1;
	*ret = &memory->folder;
	return PSG_OK;
}

static enum psg_err memory_open(struct psg_folder *parent, const char *name, bool make,
				struct psg_folder **ret)
{
	struct memory *memory = memory_of(parent);
	struct psg_node *node = psg_node_find(memory->node, name);
	enum psg_err err;

	if (node == NULL && !make)
		return PSG_ERR_NOT_FOUND;
	if (node == NULL) {
		err = psg_node_add(memory->node, name, &node);
		if (err != PSG_OK)
			return err;
		node->is_folder = true;
	}
	return node->is_folder && !node->odd ? memory_handle(memory->tree, node, false, ret)
					     : PSG_ERR_UNSAFE;
}

static enum psg_err memory_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	const struct psg_node *top = memory_of(folder)->node;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_OK;

	/* Copied first: each() may make and remove names. */
	for (size_t i = 0; i < top->count && err == PSG_OK; i++) {
		if (top->nodes[i]->name[0] != '.')
			err = psg_strings_add(&names, top->nodes[i]->name);
	}
	for (size_t i = 0; i < names.count && err == PSG_OK; i++)
		err = each(arg, names.items[i]);
	return err;
}

static enum psg_err memory_create(struct psg_folder *folder, const char *name, int *ret_file)
{
	struct memory *memory = memory_of(folder);
	struct psg_tree *tree = memory->tree;
	struct psg_node **files, *node;
	size_t at = 0;
	enum psg_err err;

	while (at < tree->file_count && tree->files[at] != NULL)
		at++;
	if (at == tree->file_count) {
		files = realloc(tree->files, (at + 1) * sizeof(struct psg_node *));
		if (files == NULL)
			return PSG_ERR_NO_MEMORY;
		tree->files = files;
		tree->files[at] = NULL;
		tree->file_count = at + 1;
	}
	err = psg_node_add(memory->node, name, &node);
	if (err != PSG_OK)
		return err;
	node->mtime_ns = psg_tree_now(tree);
	node->opened = 1;
	tree->files[at] = node;
	*ret_file = (int)at;
	return PSG_OK;
}

static enum psg_err memory_write(struct psg_folder *folder, int file, const void *bytes, size_t len)
{
	struct psg_tree *tree = memory_of(folder)->tree;
	struct psg_node *node = psg_tree_file(tree, file);

	return node == NULL ? PSG_ERR_IO : psg_node_append(tree, node, bytes, len);
}

static enum psg_err memory_sync(struct psg_folder *folder, int file)
{
	return psg_tree_file(memory_of(folder)->tree, file) == NULL ? PSG_ERR_IO : PSG_OK;
}

static void memory_close(struct psg_folder *folder, int file)
{
	struct psg_tree *tree = memory_of(folder)->tree;
	struct psg_node *node = psg_tree_file(tree, file);

	if (node == NULL)
		return;
	tree->files[file] = NULL;
	if (--node->opened == 0 && node->name == NULL)
		psg_node_free(node);
}

static enum psg_err memory_sync_names(struct psg_folder *folder)
{
	(void)folder;
	return PSG_OK;
}

static enum psg_err find_file(struct psg_folder *folder, const char *name, struct psg_node **ret)
{
	struct psg_node *node = psg_node_find(memory_of(folder)->node, name);

	if (node == NULL)
		return PSG_ERR_NOT_FOUND;
	if (node->is_folder || node->odd)
		return PSG_ERR_UNSAFE;
	*ret = node;
	return PSG_OK;
}

static enum psg_err memory_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
				struct psg_file_info *ret)
{
	struct psg_node *node;
	enum psg_err err = find_file(folder, name, &node);

	if (err != PSG_OK)
		return err;
	if (node->len > size)
		return PSG_ERR_CORRUPT;
	if (node->len > 0)
		memcpy(buf, node->bytes, node->len);
	ret->len = node->len;
	ret->mtime_realtime_ns = node->mtime_ns;
	return PSG_OK;
}

static enum psg_err memory_exists(struct psg_folder *folder, const char *name, bool *ret)
{
	*ret = psg_node_find(memory_of(folder)->node, name) != NULL;
	return PSG_OK;
}

enum psg_err psg_folder_memory_plant(struct psg_folder *folder, const char *name, const void *bytes,
				     size_t len, int64_t mtime_realtime_ns, bool odd)
{
	struct memory *memory = memory_of(folder);
	struct psg_node *node;
	enum psg_err err = memory_remove(folder, name);

	if (err == PSG_OK || err == PSG_ERR_NOT_FOUND)
		err = psg_node_add(memory->node, name, &node);
	if (err == PSG_OK)
		err = psg_node_append(memory->tree, node, bytes, len);
	if (err == PSG_OK) {
		node->mtime_ns = mtime_realtime_ns;
		node->odd = odd;
	}
	return err;
}

static enum psg_err memory_rename(struct psg_folder *folder, const char *name, const char *to,
				  bool over)
{
	struct psg_node *top = memory_of(folder)->node, *node = psg_node_find(top, name);
	char *own PSG_CLEANUP(psg_free_bytes) = NULL;
	bool there;
	size_t at;

	if (node == NULL || strcmp(name, to) == 0)
		return node == NULL ? PSG_ERR_NOT_FOUND : PSG_OK;
	if (!over && psg_node_find(top, to) != NULL)
		return PSG_ERR_EXISTS;
	own = strdup(to);
	if (own == NULL)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = memory_remove(folder, to);

	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	at = psg_node_place(top, name, &there);
	top->count--;
	memmove(top->nodes + at, top->nodes + at + 1,
		(top->count - at) * sizeof(struct psg_node *));
	free(node->name);
	node->name = own;
	own = NULL;
	at = psg_node_place(top, to, &there);
	memmove(top->nodes + at + 1, top->nodes + at,
		(top->count - at) * sizeof(struct psg_node *));
	top->nodes[at] = node;
	top->count++;
	return PSG_OK;
}

static enum psg_err memory_replace(struct psg_folder *folder, const char *name, const void *bytes,
				   size_t len)
{
	return psg_folder_memory_plant(folder, name, bytes, len,
				       psg_tree_now(memory_of(folder)->tree), false);
}

static enum psg_err memory_append(struct psg_folder *folder, const char *name, const void *line,
				  size_t len)
{
	struct memory *memory = memory_of(folder);
	struct psg_node *node;
	enum psg_err err = find_file(folder, name, &node);

	if (err == PSG_ERR_NOT_FOUND)
		err = psg_node_add(memory->node, name, &node);
	return err == PSG_OK ? psg_node_append(memory->tree, node, line, len) : err;
}

/* Files of any size go through real descriptors, as their readers and writers expect. */
static enum psg_err memory_open_file(struct psg_folder *folder, const char *name, int *ret_fd)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct psg_node *node;
	enum psg_err err = find_file(folder, name, &node);

	if (err != PSG_OK)
		return err;
	fd = psg_files_above_two(memfd_create("psg", MFD_CLOEXEC));
	if (fd < 0)
		return psg_err_from_errno(errno);
	if (node->len > 0)
		err = psg_files_write(fd, node->bytes, node->len);
	if (err == PSG_OK && lseek(fd, 0, SEEK_SET) != 0)
		err = psg_err_from_errno(errno);
	if (err != PSG_OK)
		return err;
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}

static enum psg_err memory_put_start(struct psg_folder *folder, const char *name, int *ret_fd)
{
	struct memory *memory = memory_of(folder);

	(void)name;
	if (memory->put_fd >= 0)
		return PSG_ERR_EXISTS;
	memory->put_fd = psg_files_above_two(memfd_create("psg", MFD_CLOEXEC));
	if (memory->put_fd < 0)
		return psg_err_from_errno(errno);
	*ret_fd = memory->put_fd;
	return PSG_OK;
}

static enum psg_err memory_put_finish(struct psg_folder *folder, const char *name, int fd,
				      bool keep)
{
	struct memory *memory = memory_of(folder);
	char *bytes PSG_CLEANUP(psg_free_bytes) = NULL;
	enum psg_err err = fd >= 0 && fd == memory->put_fd ? PSG_OK : PSG_ERR_INVALID;
	struct stat st;
	size_t len;

	if (err != PSG_OK)
		return err;
	if (keep && (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0))
		err = psg_err_from_errno(errno);
	if (keep && err == PSG_OK) {
		bytes = malloc((size_t)st.st_size + 1);
		err = bytes == NULL ? PSG_ERR_NO_MEMORY
				    : psg_files_read(fd, &st, bytes, (size_t)st.st_size, &len);
	}
	psg_close_fd(&memory->put_fd);
	memory->put_fd = -1;
	return keep && err == PSG_OK ? memory_replace(folder, name, bytes, len) : err;
}

static enum psg_err memory_sweep(struct psg_folder *folder, int64_t before_realtime_ns)
{
	struct psg_node *top = memory_of(folder)->node;
	enum psg_err err = PSG_OK;

	for (size_t i = top->count; i > 0 && err == PSG_OK; i--) {
		const struct psg_node *node = top->nodes[i - 1];

		if (node->name[0] == '.' && node->mtime_ns < before_realtime_ns)
			err = memory_remove(folder, node->name);
	}
	return err;
}

static void memory_release(struct psg_folder *folder)
{
	struct memory *memory = memory_of(folder);
	struct psg_tree *tree = memory->tree;

	psg_close_fd(&memory->put_fd);
	if (memory->is_root) {
		for (size_t i = 0; i < tree->file_count; i++)
			memory_close(folder, (int)i);
		psg_node_drop_all(&tree->top);
		free(tree->files);
		free(tree);
	}
	free(memory);
}

static const struct psg_folder_ops memory_ops = {
    .open = memory_open,
    .list = memory_list,
    .create = memory_create,
    .write = memory_write,
    .sync = memory_sync,
    .close = memory_close,
    .sync_names = memory_sync_names,
    .read = memory_read,
    .exists = memory_exists,
    .replace = memory_replace,
    .rename = memory_rename,
    .remove = memory_remove,
    .open_file = memory_open_file,
    .put_start = memory_put_start,
    .put_finish = memory_put_finish,
    .append = memory_append,
    .release = memory_release,
    .sweep = memory_sweep,
};

enum psg_err psg_folder_open_memory(const int64_t *realtime_ns, struct psg_folder **ret)
{
	struct psg_tree *tree = calloc(1, sizeof(*tree));
	enum psg_err err;

	if (tree == NULL)
		return PSG_ERR_NO_MEMORY;
	tree->realtime_ns = realtime_ns;
	tree->top.is_folder = true;
	err = memory_handle(tree, &tree->top, true, ret);
	if (err != PSG_OK)
		free(tree);
	return err;
}

struct psg_tree *psg_folder_memory_tree(struct psg_folder *root)
{
	return memory_of(root)->tree;
}
