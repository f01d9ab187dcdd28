/* The name somebody meant: the nearest by insertions, deletions, changes and swapped neighbours. */
#include "psgctl.h"

#include <string.h>

#define LONGEST 100

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t a_len = strlen(a), b_len = strlen(b);
	if (a_len > LONGEST || b_len > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		const size_t *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];
		size_t *row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			row[j] = least(before[j - 1] + !same, least(before[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], two_before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *ctl_suggest(const char *given, const struct psg_strings *names)
{
	const char *best = NULL, *begins = NULL;
	size_t len = strlen(given), best_distance = len / 3 + (len < 6);
	for (size_t i = 0; i < names->count; i++) {
		size_t d = distance(given, names->items[i]);
		if (d < best_distance || (best == NULL && d == best_distance)) {
			best = names->items[i];
			best_distance = d;
		}
		if (begins == NULL && len >= 2 && strncasecmp(names->items[i], given, len) == 0)
			begins = names->items[i];
	}
	return best != NULL ? best : begins;
}
