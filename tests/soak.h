/* `make soak` runs the same tests for longer: PSG_SOAK=1 in their environment. */
#ifndef PSG_TESTS_SOAK_H
#define PSG_TESTS_SOAK_H

#include <stdlib.h>
#include <string.h>

/* How many rounds: `quick` in `make check`, `whole` in `make soak`. */
static inline unsigned soak(unsigned quick, unsigned whole)
{
	const char *set = getenv("PSG_SOAK");

	return set != NULL && strcmp(set, "1") == 0 ? whole : quick;
}

#endif
