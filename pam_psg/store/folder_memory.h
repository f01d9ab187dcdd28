/* Private: the tree under a folder in memory, and what the tests of the protocol want of it. */
#ifndef PSG_FOLDER_MEMORY_H
#define PSG_FOLDER_MEMORY_H

#include "psg/folder.h"

struct psg_node {
	char *name; /* NULL once no name leads to it */
	bool is_folder, odd;
	unsigned int opened;
	struct psg_node *copy; /* while a tree is copied */
	/* a file */
	unsigned char *bytes;
	size_t len;
	int64_t mtime_ns;
	/* a folder, sorted by name */
	struct psg_node **nodes;
	size_t count;
};

struct psg_tree {
	struct psg_node top;
	const int64_t *realtime_ns;
	struct psg_node **files; /* by file number; NULL: closed */
	size_t file_count;
};

void psg_node_free(struct psg_node *node);
/* Frees all that is in a folder; no file of it may be open. */
void psg_node_drop_all(struct psg_node *folder);
/* Where `name` is, or would be. */
size_t psg_node_place(const struct psg_node *folder, const char *name, bool *ret_there);
struct psg_node *psg_node_find(const struct psg_node *folder, const char *name);
PSG_MUST_CHECK
enum psg_err psg_node_add(struct psg_node *folder, const char *name, struct psg_node **ret);
PSG_MUST_CHECK
enum psg_err psg_node_append(const struct psg_tree *tree, struct psg_node *node, const void *bytes,
			     size_t len);
struct psg_node *psg_tree_file(const struct psg_tree *tree, int file);
int64_t psg_tree_now(const struct psg_tree *tree);
struct psg_tree *psg_folder_memory_tree(struct psg_folder *root);

/* A copy of a whole tree with its open files: a file number of the one stands for the same file in the
 * other, still open, unlinked or not. `root` has no subfolder open. */
PSG_MUST_CHECK
enum psg_err psg_folder_memory_copy(struct psg_folder *root, const int64_t *realtime_ns,
				    struct psg_folder **ret);
/* Names, contents and times of all that can still be reached by a name. */
uint64_t psg_folder_memory_hash(struct psg_folder *root);
/* The same of one open file: 0 when no name leads to it any more. */
uint64_t psg_folder_memory_file_hash(struct psg_folder *root, int file);
/* Puts a file as an administrator or a broken disk might: no rule is looked at. odd: read() is UNSAFE. */
PSG_MUST_CHECK
enum psg_err psg_folder_memory_plant(struct psg_folder *folder, const char *name, const void *bytes,
				     size_t len, int64_t mtime_realtime_ns, bool odd);

#endif
