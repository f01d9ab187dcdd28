/* Random valid documents of every type, by the tables of the product: as values, and as text in any form that means the same. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "../../pam_psg/metadata/metadata.h"

/* An element: a value, or children. */
struct value {
	const struct psg_element_type *type;
	char *text; /* of a leaf: booleans true or false, durations in seconds */
	struct value *children;
	size_t count;
};

struct documents {
	uint64_t state; /* the seed at first: the same seed, the same documents */
	const struct psg_file_type *type;
	struct value root; /* its children are the document's */
	unsigned names;    /* given so far */
	const char *name;  /* of the component; NULL: see documents_name */
};

/* 0 to below - 1. */
uint64_t documents_random(struct documents *documents, uint64_t below);
/* The next document, of a random type. */
void documents_next(struct documents *documents);
void documents_clear(struct documents *documents);
/* One edit after which it means something else. */
void documents_change(struct documents *documents);
/* Its component's name: Gate of Settings, else `name`, or Random where that is NULL. */
const char *documents_name(const struct documents *documents);
/* A child of the root, or NULL. */
struct value *documents_find(struct documents *documents, const char *name);

/* The document as somebody might have written it: any order, spacing, escapes, comments, spelling. */
void documents_write(struct documents *documents, struct psg_buf *ret);
/* The one form it is to have, written by another hand than the product's. */
void documents_expect(const struct documents *documents, struct psg_buf *ret);

#endif
