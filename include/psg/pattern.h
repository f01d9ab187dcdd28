/* reasonPattern: POSIX extended regular expressions (IEEE Std 1003.1, XBD 9.4) that are safe to run inside sshd.
 *
 * libc's regcomp and regexec are not: a pattern of twenty characters takes gigabytes, or minutes, of the process that
 * lets people in, and what a class of characters is hangs on that process's locale. Here a pattern becomes at most
 * PSG_PATTERN_STEPS_MAX steps, all of which are followed side by side over the text (Thompson, CACM 11(6), 1968):
 * memory is bounded, and time is steps times characters, whatever the pattern and whatever was typed. Characters are
 * UTF-8's code points, and the classes are ASCII's, in every process alike. */
#ifndef PSG_PATTERN_H
#define PSG_PATTERN_H

#include <stdbool.h>

#include "psg/err.h"

#define PSG_PATTERN_CHARACTERS_MAX 255
#define PSG_PATTERN_STEPS_MAX 4096
#define PSG_PATTERN_WHY_SIZE 160

struct psg_pattern;

/* Reads a pattern. What POSIX leaves undefined is refused, and so are back-references, which it does not have in
 * extended expressions; an empty alternative is taken. *ret_why says in a sentence without its stop what is wrong.
 * The caller owns *ret, and ends it with psg_pattern_free.
 * Errors: INVALID (not such an expression, too long, too many steps), NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_pattern_parse(const char *text, struct psg_pattern **ret,
			       char ret_why[static PSG_PATTERN_WHY_SIZE]);
/* Whether the whole text matches: false also where it is not UTF-8. Not for two threads at once with one pattern. */
bool psg_pattern_matches(struct psg_pattern *pattern, const char *text);
/* For PSG_CLEANUP; accepts NULL in the variable. */
void psg_pattern_free(struct psg_pattern **pattern);

#endif
