/* 32 processes, one right code, released together after the prompt: exactly one gets in, 100
 * rounds. And 32 wrong guesses together: never more evaluated than the throttle allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

#define PROCESSES 32
#define ROUNDS 100

static struct world world;
static int ready[2], release[2];

/* The person has read the prompt; all answer when the last is there. */
static void wait_for_all(void *arg)
{
	char byte = 0;

	(void)arg;
	if (write(ready[1], &byte, 1) != 1 || read(release[0], &byte, 1) != 0)
		_exit(90);
}

static int log_in(const char *code)
{
	close(release[1]);
	world.person = (struct person){.answers = {code}, .before_answer = wait_for_all};
	world.pamh = NULL;
	world_start(&world, "gate", WORLD_USER);
	return pam_authenticate(world.pamh, 0);
}

/* How many of the processes came out with `wanted`. */
static int together(const char *code, int wanted)
{
	int count = 0;
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(log_in(code));
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(release[1]);
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		count += WEXITSTATUS(status) == wanted;
	}
	close(release[0]);
	close(ready[0]);
	close(ready[1]);
	return count;
}

static void one_code_opens_once(void **state)
{
	/* The throttle is another test's business: here all 32 may be looked at. */
	static const struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_SESSION, .attempts = 100};

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		world_make(&world, &policy);
		world_enroll(&world);
		int got_in = together(world_code(&world, 0), PAM_SUCCESS);

		if (got_in != 1)
			fail_msg("round %d: %d got in", round, got_in);
		world_drop(&world);
	}
}

static void guesses_are_counted_one_by_one(void **state)
{
	static const struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_SESSION, .attempts = 5};

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		world_make(&world, &policy);
		world_enroll(&world);
		/* A code far outside the window is wrong, and costs an attempt each. */
		int looked_at = together(world_code(&world, 9), PAM_AUTH_ERR);

		if (looked_at != 5)
			fail_msg("round %d: %d guesses evaluated", round, looked_at);
		assert_int_equal(world_attempts(&world), 5);
		world_drop(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_code_opens_once),
	    cmocka_unit_test(guesses_are_counted_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
