/* Cleanup functions and lists of strings. */
#include "psg/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void psg_free_bytes(void *pointer_to_pointer)
{
	int saved = errno;
	void *bytes;

	/* memcpy: the variable may be a char * or a struct pointer, a void ** would alias it. */
	memcpy(&bytes, pointer_to_pointer, sizeof(bytes));
	free(bytes);
	bytes = NULL;
	memcpy(pointer_to_pointer, &bytes, sizeof(bytes));
	errno = saved;
}

void psg_close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

enum psg_err psg_strings_add(struct psg_strings *list, const char *text)
{
	size_t room = 8;
	char **items, *copy;

	while (room <= list->count)
		room *= 2;
	if (room > SIZE_MAX / sizeof(*items))
		return PSG_ERR_NO_MEMORY;
	/* At every call, to the same size mostly, which costs nothing: the list may have been cut. */
	items = realloc(list->items, room * sizeof(*items));
	if (!items)
		return PSG_ERR_NO_MEMORY;
	list->items = items;
	copy = strdup(text);
	if (!copy)
		return PSG_ERR_NO_MEMORY;
	list->items[list->count++] = copy;
	return PSG_OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_sorted(const struct psg_strings *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->items[i - 1], list->items[i]) >= 0)
			return false;
	return true;
}

void psg_strings_sort(struct psg_strings *list)
{
	size_t kept = 0;

	/* Most lists come sorted: from a policy, or a file that a tool has written. */
	if (is_sorted(list))
		return;
	qsort(list->items, list->count, sizeof(*list->items), compare);
	for (size_t i = 1; i < list->count; i++) {
		if (strcmp(list->items[kept], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[++kept] = list->items[i];
	}
	list->count = kept + 1;
}

bool psg_strings_has(const struct psg_strings *sorted, const char *text)
{
	return sorted->count > 0 && bsearch(&text, sorted->items, sorted->count,
					    sizeof(*sorted->items), compare) != NULL;
}

void psg_strings_clear(struct psg_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct psg_strings){0};
}
