/* A process that is run to its N-th system call, and killed or held there. */
#ifndef PSG_TESTS_TRACER_H
#define PSG_TESTS_TRACER_H

#include <stdbool.h>
#include <sys/types.h>

struct tracer_place {
	long number; /* of the call, from 1 */
	bool after;  /* when it is done; else before it is */
	bool every;  /* count every call; else those that could change what others see (calls.h) */
	const char *
	    since; /* count from the first open of a path that contains this; NULL: from the start */
};
struct tracer {
	pid_t pid;
	struct tracer_place place;
	bool ended; /* and reaped: `status` is its wait status */
	int status;
	long call; /* the system call at which it stands */
};

/* Forks; `body` runs in the child as far as `place`, where the child is held: it runs no further, as a stopped process
 * does not. False: it ended before it came there. */
bool tracer_run(struct tracer *tracer, const struct tracer_place *place, void (*body)(void *arg),
		void *arg);
/* SIGKILL, and reaps it. */
void tracer_kill(struct tracer *tracer);
/* Lets it run to its end; its exit status, or -1 when something else ended it. */
int tracer_wake(struct tracer *tracer);
/* Waits for a child for half a minute at most: whoever waits longer waits for somebody. Its exit status. */
int tracer_await(pid_t pid, const char *what);

#endif
