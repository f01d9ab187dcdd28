#include "arena.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_S 600

struct arena *arena_new(void)
{
	struct arena *arena =
	    mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(arena != MAP_FAILED);
	return arena;
}

void arena_free(struct arena **arena)
{
	assert_int_equal(munmap(*arena, sizeof(**arena)), 0);
	*arena = NULL;
}

int64_t arena_now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_on(unsigned *word, unsigned value)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value)
		(void)syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(unsigned *word, unsigned value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void arena_wait(struct arena *arena, unsigned self)
{
	if (arena->racers[self].from_ns)
		return;
	if (__atomic_add_fetch(&arena->ready, 1, __ATOMIC_SEQ_CST) == arena->count)
		set(&arena->go, 1);
	else
		sleep_on(&arena->go, 0);
	arena->racers[self].from_ns = arena_now_ns();
}

static void race(struct arena *arena, unsigned self, arena_job *job)
{
	/* Nobody may wait for ever for one who never comes. */
	alarm(LIMIT_S);
	arena->racers[self].result = job(arena, self);
	arena->racers[self].to_ns = arena_now_ns();
	/* One who was refused before the prompt: the others are not to wait. */
	arena_wait(arena, self);
	_exit(0);
}

/* None is left standing still when the test is over. */
static void end_all(pid_t *pids, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (pids[i]) {
			(void)kill(pids[i], SIGKILL);
			(void)waitpid(pids[i], NULL, 0);
			pids[i] = 0;
		}
}

/* Reaps one if it has ended; true while it has not. */
static bool runs(pid_t *pids, unsigned count, unsigned self)
{
	int status = 0;

	if (pids[self] == 0 || waitpid(pids[self], &status, WNOHANG) == 0)
		return pids[self] != 0;
	pids[self] = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		end_all(pids, count);
		fail_msg("racer %u ended with wait status %#x", self, (unsigned)status);
	}
	return false;
}

/* Few processors give few interleavings: whoever happens to be picked stands still, wherever it is, until it is picked
 * again. */
static void stir_until_over(pid_t *pids, unsigned count)
{
	bool stopped[ARENA_MAX] = {false};
	static unsigned seed = 1;

	for (unsigned left = count; left > 0;) {
		unsigned self = (unsigned)rand_r(&seed) % count;

		if (runs(pids, count, self)) {
			/* One that stands still is let go with the next; more run than stand. */
			stopped[self] = !stopped[self] && rand_r(&seed) % 4 != 0;
			(void)kill(pids[self], stopped[self] ? SIGSTOP : SIGCONT);
		}
		(void)usleep(50);
		left = 0;
		for (unsigned i = 0; i < count; i++)
			left += pids[i] != 0;
	}
}

void arena_run(struct arena *arena, unsigned count, arena_job *job)
{
	pid_t pids[ARENA_MAX];

	assert_true(count <= ARENA_MAX);
	memset(arena, 0, sizeof(*arena));
	arena->count = count;
	for (unsigned i = 0; i < count; i++) {
		arena->racers[i].result = -1;
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			race(arena, i, job);
	}
	stir_until_over(pids, count);
}

unsigned arena_count(const struct arena *arena, int result)
{
	unsigned found = 0;

	for (unsigned i = 0; i < arena->count; i++)
		found += arena->racers[i].result == result;
	return found;
}

int arena_psgctl(struct world *world, const char *const *words)
{
	const char *arguments[32] = {"psgctl", "--quiet", "--store", world->store_dir};
	size_t count = 4;
	int status = 0;

	for (; *words && count < 31; words++)
		arguments[count++] = *words;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		execv(world_built("psgctl"), (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
		   ? WEXITSTATUS(status)
		   : 126;
}
