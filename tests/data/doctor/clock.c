/* Preloaded: a host whose clock is synchronised, or with CLOCK=lost is not. */
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

int adjtimex(struct timex *clock)
{
	const char *state = getenv("CLOCK");

	memset(clock, 0, sizeof(*clock));
	if (!state || strcmp(state, "lost") != 0)
		return TIME_OK;
	clock->status = STA_UNSYNC;
	return TIME_ERROR;
}
