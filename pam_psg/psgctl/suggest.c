/* The name somebody meant: the nearest by insertions, deletions, changes and swapped neighbours. */
#include "psgctl.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 100
#define NEAR_MOST 3

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

/* "A", "A or B", "A, B or C". */
static const char *joined(const char *const *names, size_t count)
{
	static char text[NEAR_MOST * 300];
	size_t len = 0;
	for (size_t i = 0; i < count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.250s",
					i == 0          ? ""
					: i + 1 < count ? ", "
							: " or ",
					ctl_safe(names[i]));
	return text;
}

const char *ctl_suggest(const char *given, const struct psg_strings *names)
{
	const char *near[NEAR_MOST], *begins[NEAR_MOST];
	size_t near_count = 0, begins_count = 0;
	size_t len = strlen(given), nearest = len / 3 + (len < 6);
	for (size_t i = 0; i < names->count; i++) {
		size_t d = distance(given, names->items[i]);
		if (d < nearest)
			near_count = 0;
		if (d <= nearest && near_count < NEAR_MOST)
			near[near_count++] = names->items[i];
		if (d < nearest)
			nearest = d;
		if (begins_count < NEAR_MOST && len >= 2 &&
		    strncasecmp(names->items[i], given, len) == 0)
			begins[begins_count++] = names->items[i];
	}
	return near_count > 0     ? joined(near, near_count)
	       : begins_count > 0 ? joined(begins, begins_count)
				  : NULL;
}
