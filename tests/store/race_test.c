/* Real processes on the file store: one code opens one door, and guesses in parallel are guesses in a row. */
#include "folk.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 32
#define ROUNDS 100

/* Shared by all: the gate they wait at, and what each got. */
struct arena {
	int ready, go;
	int results[PROCESSES];
};

static struct arena *arena_new(void)
{
	struct arena *arena =
	    mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(arena != MAP_FAILED);
	return arena;
}

/* One process: its own opening of the store with the parent's key, as a login's would be. */
static void contend(const struct folk *folk, struct arena *arena, int self, const char *subject,
		    const char *code)
{
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim = {.subject = subject,
				  .code = code,
				  .apart = PSG_NOT_APART,
				  .throttle = &folk->throttle,
				  .window_steps = 1,
				  .grant = &grant};
	struct psg_store store = *folk->store;
	int64_t wait;

	arena->results[self] = PSG_ERR_COUNT;
	if (psg_folder_open_files(folk->path, geteuid(), &store.root) != PSG_OK)
		_exit(1);
	(void)__atomic_add_fetch(&arena->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arena->go, __ATOMIC_SEQ_CST) == 0)
		usleep(50);
	arena->results[self] = (int)psg_people_claim(&store, &claim, NULL, &wait);
	_exit(0);
}

static void all_at_once(struct folk *folk, struct arena *arena, const char *subject,
			const char *code)
{
	pid_t pids[PROCESSES];

	memset(arena, 0, sizeof(*arena));
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			contend(folk, arena, i, subject, code);
	}
	while (__atomic_load_n(&arena->ready, __ATOMIC_SEQ_CST) < PROCESSES)
		usleep(100);
	__atomic_store_n(&arena->go, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static int count(const struct arena *arena, enum psg_err err)
{
	int n = 0;

	for (int i = 0; i < PROCESSES; i++)
		n += arena->results[i] == (int)err;
	return n;
}

static void one_code_one_door(void **state)
{
	struct folk *folk = *state;
	struct arena *arena = arena_new();

	for (int round = 0; round < ROUNDS; round++) {
		char subject[32], code[16];

		(void)snprintf(subject, sizeof(subject), "alice%d", round);
		folk_enroll(folk, subject, &folk->phone);
		(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
		/* Every other time all may try at once, so that all reach the name. */
		folk->throttle.attempts = round % 2 == 0 ? 5 : PROCESSES;
		all_at_once(folk, arena, subject, code);
		assert_int_equal(count(arena, PSG_OK), 1);
		assert_int_equal(count(arena, PSG_OK) + count(arena, PSG_ERR_REPLAYED) +
				     count(arena, PSG_ERR_THROTTLED),
				 PROCESSES);
		assert_int_equal(folk_live(folk, subject), 1);
	}
	assert_int_equal(munmap(arena, sizeof(*arena)), 0);
}

static void parallel_guesses(void **state)
{
	struct folk *folk = *state;
	struct arena *arena = arena_new();

	for (int round = 0; round < ROUNDS / 4; round++) {
		char subject[32];

		(void)snprintf(subject, sizeof(subject), "bob%d", round);
		folk_enroll(folk, subject, &folk->phone);
		for (int again = 0; again < 3; again++) {
			/* A file caught empty is as old as its mtime, which is the machine's. */
			folk->now.realtime_ns = (int64_t)time(NULL) * FOLK_S;
			all_at_once(folk, arena, subject, "000000");
			/* Five at once; then one, when its delay is over. */
			assert_int_equal(count(arena, PSG_ERR_WRONG_CODE), again == 0   ? 5
									   : again == 1 ? 1
											: 0);
			assert_int_equal(count(arena, PSG_ERR_THROTTLED),
					 PROCESSES - count(arena, PSG_ERR_WRONG_CODE));
			if (again == 0)
				folk->now.boottime_ns += 30 * FOLK_S;
		}
	}
	assert_int_equal(munmap(arena, sizeof(*arena)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_FILES(one_code_one_door),
	    FOLK_FILES(parallel_guesses),
	};

	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
