/* What every part uses: attributes, cleanup on every return, small owned types. */
#ifndef PSG_BASE_H
#define PSG_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "psg/err.h"

#define PSG_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#define PSG_CLEANUP(function) __attribute__((cleanup(function)))
#define PSG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Releases for PSG_CLEANUP. Each takes the address of the variable and accepts its empty value
 * (NULL, or -1 for a descriptor). errno is preserved. */
void psg_free_bytes(void *pointer_to_pointer); /* char *p PSG_CLEANUP(psg_free_bytes) = NULL; */
void psg_close_fd(int *fd);

/* A list of owned strings. Zeroed is empty. */
struct psg_strings {
	char **items;
	size_t count;
};

/* Appends a copy of `text` (not NULL). Errors: PSG_ERR_NO_MEMORY, the list is as it was. */
PSG_MUST_CHECK
enum psg_err psg_strings_add(struct psg_strings *list, const char *text);
/* Sorts bytewise and drops duplicates. */
void psg_strings_sort(struct psg_strings *list);
/* Binary search in a sorted list. */
bool psg_strings_has(const struct psg_strings *sorted, const char *text);
/* Frees the strings and empties the list. */
void psg_strings_clear(struct psg_strings *list);

#endif
