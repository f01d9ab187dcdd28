/* Names and their numbers: each name kept once, found in one step however many there are. */
#ifndef PSGCTL_INDEX_H
#define PSGCTL_INDEX_H

#include "psg/base.h"

#define CTL_INDEX_NONE UINT32_MAX

/* Zeroed is empty. The name of number n is names.items[n]; borrowed as long as the index is. */
struct ctl_index {
	struct psg_strings names;
	uint32_t *slots; /* number + 1; 0: free */
	size_t slot_count;
};

/* CTL_INDEX_NONE when it is not there. */
uint32_t ctl_index_find(const struct ctl_index *index, const char *name);
/* The number of the name, which is added where it is new: numbers count from 0. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err ctl_index_add(struct ctl_index *index, const char *name, uint32_t *ret);
void ctl_index_clear(struct ctl_index *index);

#endif
