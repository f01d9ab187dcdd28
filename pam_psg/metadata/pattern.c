/* reasonPattern: a POSIX extended regular expression that is safe to run inside sshd.
 *
 * The module compiles and runs it on what a person types, so what glibc takes beyond POSIX and what
 * grows without bound is refused here: a back-reference makes matching exponential in the text; nested
 * intervals, and a `+`, for which glibc copies what it repeats, make compiling exponential in the pattern. */
#include "metadata.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVALS_MAX 100000U

/* Past a bracket expression, in which neither a backslash nor a brace means anything. */
static const char *skip_bracket(const char *at)
{
	at++;
	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		if (*at == '[' && at[1] && strchr(".:=", at[1])) {
			const char end[] = {at[1], ']', '\0'};
			const char *close = strstr(at + 2, end);

			if (!close)
				return at + strlen(at);
			at = close + 1;
		}
		at++;
	}
	return *at ? at + 1 : at;
}

/* Multiplies by the larger bound of {LOW,HIGH}; {LOW,} is LOW copies and one that repeats. */
static void count_interval(const char *at, unsigned long *product)
{
	char *end;
	unsigned long low = strtoul(at + 1, &end, 10);
	unsigned long high = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
	unsigned long most = low > high ? low : high;

	if (*end == ',' && end[1] == '}')
		most = low < INTERVALS_MAX ? low + 1 : low;
	if (most > 1)
		*product = most > INTERVALS_MAX || *product > INTERVALS_MAX ? INTERVALS_MAX + 1UL
									    : *product * most;
}

/* What repeats the atom before it: its end, else NULL. */
static const char *repetition(const char *at)
{
	const char *close = *at == '{' ? strchr(at, '}') : NULL;

	if (close)
		return close + 1;
	return *at && strchr("*+?{", *at) ? at + 1 : NULL;
}

/* A copy of a group is a copy of all the copies in it. */
static void count_copies(const char *pattern, const char *at, unsigned long *product)
{
	if (*at == '{')
		count_interval(at, product);
	else if (*at == '+' && at > pattern && at[-1] == ')' && *product <= INTERVALS_MAX)
		*product *= 2;
}

static const char *find_fault(const char *pattern)
{
	unsigned long product = 1;
	size_t open = 0;
	bool repeated = false;

	for (const char *at = pattern; *at;) {
		if (*at == '\\' && at[1] >= '1' && at[1] <= '9')
			return "back-references are not part of POSIX extended expressions";
		/* glibc takes a lone `)` for itself: `a)|(b` would be two halves nobody meant. */
		if (*at == ')' && open-- == 0)
			return "Unmatched )";
		if (*at == '(')
			open++;
		const char *after = repetition(at);

		/* POSIX leaves it undefined, and each would copy the copies of the one before. */
		if (after && repeated)
			return "one repetition directly follows another";
		count_copies(pattern, at, &product);
		if (product > INTERVALS_MAX)
			return "the counts in {} and the repeated groups multiply to more than "
			       "100000";
		repeated = after != NULL;
		if (after)
			at = after;
		else if (*at == '[')
			at = skip_bracket(at);
		else
			at += *at == '\\' && at[1] ? 2 : 1;
	}
	return NULL;
}

bool psg_pattern_valid(const char *pattern, char ret_why[static PSG_PATTERN_WHY_SIZE])
{
	const char *fault = find_fault(pattern);
	regex_t regex;
	int code;

	if (fault) {
		snprintf(ret_why, PSG_PATTERN_WHY_SIZE, "%s", fault);
		return false;
	}
	code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code != 0)
		regerror(code, &regex, ret_why, PSG_PATTERN_WHY_SIZE);
	else
		regfree(&regex);
	return code == 0;
}
