/* Processes that race: each stops where it is told to (at its prompt) until all are there.
 *
 * They are let go by one futex wake, when the last has arrived. On fewer processors than racers that alone hits few
 * races (none in 30 rounds of one code with O_EXCL taken out): so the parent stirs, stopping and letting go of
 * racers at random until all have ended. */
#ifndef PSG_TESTS_ARENA_H
#define PSG_TESTS_ARENA_H

#include "world.h"

#define ARENA_MAX 64

struct arena_racer {
	int result;      /* what its job returned */
	int64_t from_ns; /* when it was let go */
	int64_t to_ns;   /* when its job returned */
};

/* Shared by all of one race. */
struct arena {
	unsigned ready, go;
	unsigned stop, told, let_in; /* the jobs' own */
	unsigned count;
	struct arena_racer racers[ARENA_MAX];
};

/* Runs in a process of its own. Calls arena_wait once, at the place where the race begins; what runs before
 * that is over when the race begins. */
typedef int arena_job(struct arena *arena, unsigned self);

struct arena *arena_new(void);
void arena_free(struct arena **arena);
/* `count` processes; returns when all ended. A racer that crashed or hung fails the test. */
void arena_run(struct arena *arena, unsigned count, arena_job *job);
void arena_wait(struct arena *arena, unsigned self);
/* How many came out with `result`. */
unsigned arena_count(const struct arena *arena, int result);
int64_t arena_now_ns(void);

/* Runs psgctl on the world's store, its words ended by NULL; returns its exit status. Silent. */
int arena_psgctl(struct world *world, const char *const *words);

#endif
