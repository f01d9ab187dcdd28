/* A retrieval under way: the policy's documents as files of a package, one at a time. */
#ifndef PSG_RETRIEVE_PRIVATE_H
#define PSG_RETRIEVE_PRIVATE_H

#include "metadata.h"

struct psg_retrieval {
	struct psg_policy *policy;
	const struct psg_strings *documents; /* "TYPE/NAME", sorted */
};

/* One file: its path in the package and all its bytes. Zeroed is empty. */
struct psg_retrieved {
	struct psg_buf path, bytes;
};

void psg_retrieved_clear(struct psg_retrieved *file);
/* The documents, and package.xml as the last: what was cut short has no new manifest. */
size_t psg_retrieval_count(const struct psg_retrieval *retrieval);
/* Replaces *ret. Errors: CORRUPT when the policy does not have such a document, VERSION for a type of a newer release, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieval_file(const struct psg_retrieval *retrieval, size_t number,
				struct psg_retrieved *ret);

/* *ret_where: as in psg_retrieve_write. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_directory(const struct psg_retrieval *retrieval, const char *output,
				    bool replace, struct psg_buf *ret_where);
PSG_MUST_CHECK
enum psg_err psg_retrieve_zip(const struct psg_retrieval *retrieval, const char *output,
			      bool replace, struct psg_buf *ret_where);
/* Writes a file beside and renames it over whatever has the name, which is neither opened nor followed. `sync`: its
 * bytes are on disk before it has the name. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_put(int folder, const char *name, const struct psg_buf *bytes, bool sync);

#endif
