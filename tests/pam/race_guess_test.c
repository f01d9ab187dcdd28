/* Guesses at once through the real module: never more are looked at than the throttle allows. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../soak.h"
#include "racers.h"

static const struct world_policy five_at_once = {
    .requires_activation = true, .scope = PSG_SCOPE_HOST, .attempts = 5};

/* Far outside the window: wrong, and an attempt. */
static void guess(struct racer *racer)
{
	(void)world_code_of(&racers_world, &racers_world.credential, 9, racer->code);
}

static unsigned looked_at_of(uid_t real_uid)
{
	unsigned found = 0;

	for (unsigned i = 0; i < RACERS; i++)
		found += racers[i].real_uid == real_uid &&
			 racers_arena->racers[i].result != PAM_MAXTRIES;
	return found;
}

static void guesses_are_counted_one_by_one(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(15, 300); round++) {
		racers_begin(&five_at_once);
		for (unsigned i = 0; i < RACERS; i++)
			guess(&racers[i]);
		racers_race();
		unsigned looked_at = arena_count(racers_arena, PAM_AUTH_ERR);

		if (looked_at != 5)
			fail_msg("round %u: %u guesses evaluated", round, looked_at);
		assert_int_equal(arena_count(racers_arena, PAM_MAXTRIES), RACERS - 5);
		assert_int_equal(world_attempts(&racers_world), 5);
		world_drop(&racers_world);
	}
}

/* A stranger's guesses in su wear out nobody's but their own. */
static void callers_count_apart(void **state)
{
	static const uid_t callers[] = {0, STRANGER, OTHER_STRANGER, 0};

	(void)state;
	for (unsigned round = 0; round < soak(5, 150); round++) {
		racers_begin(&five_at_once);
		for (unsigned i = 0; i < RACERS; i++) {
			racers[i].real_uid = callers[i % 4];
			guess(&racers[i]);
		}
		racers_race();
		for (unsigned i = 0; i < 3; i++)
			if (looked_at_of(callers[i]) != 5)
				fail_msg("round %u: %u guesses of uid %u evaluated", round,
					 looked_at_of(callers[i]), callers[i]);
		assert_int_equal(arena_count(racers_arena, PAM_AUTH_ERR), 15);
		world_drop(&racers_world);
	}
}

/* The highest attempt, forgiven or not, and the highest forgiven. */
static void read_attempts(unsigned *highest, unsigned *forgiven)
{
	char path[256];

	*highest = *forgiven = 0;
	snprintf(path, sizeof(path), "%s/people/%s/attempts", racers_world.store_dir, WORLD_USER);
	DIR *folder = opendir(path);

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		unsigned number = (unsigned)strtoul(entry->d_name, NULL, 10);

		if (number > *highest)
			*highest = number;
		if (strstr(entry->d_name, ".forgiven") && number > *forgiven)
			*forgiven = number;
	}
	closedir(folder);
}

/* One right answer forgives what came before it, and nothing after: at attempt S, five more may follow. */
static void right_ones_among_the_guesses(void **state)
{
	unsigned won = 0, followed = 0;

	(void)state;
	for (unsigned round = 0; round < soak(20, 400); round++) {
		unsigned highest, forgiven;

		racers_begin(&five_at_once);
		for (unsigned i = 0; i < RACERS; i++)
			if (i % 3)
				guess(&racers[i]);
			else
				(void)world_code_of(&racers_world, &racers_world.credential, 0,
						    racers[i].code);
		racers_race();
		unsigned in = arena_count(racers_arena, PAM_SUCCESS);
		unsigned looked_at = in + arena_count(racers_arena, PAM_AUTH_ERR);

		read_attempts(&highest, &forgiven);
		assert_true(in <= 1);
		assert_int_equal(looked_at + arena_count(racers_arena, PAM_MAXTRIES), RACERS);
		if (looked_at < 5 || looked_at > forgiven + 5 || forgiven > 5 ||
		    highest > forgiven + 5 || (in == 1) != (forgiven > 0))
			fail_msg("round %u: %u evaluated, %u right, %u attempts, %u forgiven",
				 round, looked_at, in, highest, forgiven);
		won += in;
		followed += looked_at > 5;
		world_drop(&racers_world);
	}
	/* Rounds in which nobody was forgiven in time would have shown nothing. */
	print_message("           %u with a right one, %u with guesses after it\n", won, followed);
	assert_true(won > 0);
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(guesses_are_counted_one_by_one),
	    cmocka_unit_test(callers_count_apart),
	    cmocka_unit_test(right_ones_among_the_guesses),
	};

	return cmocka_run_group_tests_name("race_guess", list, racers_set_up, racers_tear_down);
}

int main(void)
{
	return world_run_in_session(tests);
}
