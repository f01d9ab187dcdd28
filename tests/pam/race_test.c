/* Everybody at once through the real module: one code opens one door, and everybody with a code of their own gets in. */
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../soak.h"
#include "racers.h"

/* -- one code -- */

/* `codes` different ones were given: so many get in, and all others hear that theirs is spent. */
static void expect_let_in(unsigned round, unsigned codes)
{
	unsigned in = arena_count(racers_arena, PAM_SUCCESS);

	if (in != codes)
		fail_msg("round %u: %u got in", round, in);
	assert_int_equal(arena_count(racers_arena, PAM_AUTH_ERR), RACERS - codes);
}

/* The throttle is another test's business: here all may be looked at. */
static const struct world_policy all_looked_at = {
    .requires_activation = true, .scope = PSG_SCOPE_HOST, .attempts = 100};
static const struct world_policy in_a_session = {
    .requires_activation = true, .scope = PSG_SCOPE_SESSION, .attempts = 100};

static void one_code_opens_once(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(15, 300); round++) {
		racers_begin(round % 2 ? &all_looked_at : &in_a_session);
		for (unsigned i = 0; i < RACERS; i++)
			(void)world_code_of(&racers_world, &racers_world.credential, 0,
					    racers[i].code);
		racers_race();
		expect_let_in(round, 1);
		assert_int_equal(world_live(&racers_world, WORLD_USER), 1);
		world_drop(&racers_world);
	}
}

/* Of three devices two hold one secret: a code of theirs is one code. For the Host the newer of two activations ends
 * the older, and what is ended before its SUCCESS is none: one of the two codes may be refused then. */
static void several_devices(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(5, 150); round++) {
		racers_begin(round % 2 ? &all_looked_at : &in_a_session);
		struct psg_credential twin =
		    world_device(&racers_world, WORLD_USER, 1, racers_world.credential.secret);
		struct psg_credential other = world_device(&racers_world, WORLD_USER, 2, NULL);
		const struct psg_credential *devices[] = {&racers_world.credential, &twin, &other};

		for (unsigned i = 0; i < RACERS; i++)
			(void)world_code_of(&racers_world, devices[i % 3], 0, racers[i].code);
		racers_race();
		if (round % 2 && arena_count(racers_arena, PAM_SUCCESS) == 1)
			expect_let_in(round, 1);
		else
			expect_let_in(round, 2);
		assert_true(world_live(&racers_world, WORLD_USER) > 0);
		world_drop(&racers_world);
	}
}

/* In su the real uid is the caller's: root and 31 strangers have the code, and one of them all gets in. Their attempts
 * count apart, so nothing holds one up behind another before the code is spent. */
static void whoever_calls(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(5, 150); round++) {
		racers_begin(&all_looked_at);
		for (unsigned i = 0; i < RACERS; i++) {
			racers[i].real_uid = i;
			(void)world_code_of(&racers_world, &racers_world.credential, 0,
					    racers[i].code);
		}
		racers_race();
		expect_let_in(round, 1);
		assert_int_equal(world_live(&racers_world, WORLD_USER), 1);
		world_drop(&racers_world);
	}
}

/* sudo's: the person is whose real uid it is, and PAM_USER is whom they want to be. Some come by sshd meanwhile. */
static void subject_is_the_caller(void **state)
{
	struct psg_subject person;

	(void)state;
	assert_int_equal(psg_subject_by_name(WORLD_USER, &person), PSG_OK);
	for (unsigned round = 0; round < soak(5, 150); round++) {
		racers_begin(round % 2 ? &all_looked_at : &in_a_session);
		for (unsigned i = 0; i < RACERS; i++) {
			if (i % 4)
				racers[i] = (struct racer){
				    .service = "caller", .user = "root", .real_uid = person.uid};
			(void)world_code_of(&racers_world, &racers_world.credential, 0,
					    racers[i].code);
		}
		racers_race();
		expect_let_in(round, 1);
		assert_int_equal(world_live(&racers_world, WORLD_USER), 1);
		world_drop(&racers_world);
	}
}

/* -- everybody -- */

static unsigned names_in(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(folder);
	return count;
}

/* A device, a spent code, the mark up to which attempts are forgiven: nothing else, hidden names counted too. */
static void expect_left_of(const char *user)
{
	static const char *const parts[] = {"authenticators", "spent", "attempts"};
	char path[256];

	snprintf(path, sizeof(path), "%s/people/%s", racers_world.store_dir, user);
	assert_int_equal(names_in(path), PSG_COUNT(parts));
	for (size_t i = 0; i < PSG_COUNT(parts); i++) {
		snprintf(path, sizeof(path), "%s/people/%s/%s", racers_world.store_dir, user,
			 parts[i]);
		assert_int_equal(names_in(path), 1);
	}
}

/* Whole lines, one for each: single writes are never torn by others'. An empty one may come between (files_append.c). */
static void expect_logged(unsigned activated)
{
	char path[128], line[4096];
	unsigned found = 0;

	snprintf(path, sizeof(path), "%s/log", racers_world.store_dir);
	FILE *log = fopen(path, "r");

	assert_non_null(log);
	while (fgets(line, sizeof(line), log)) {
		if (strcmp(line, "\n") == 0)
			continue;
		json_t *event = json_loads(line, 0, NULL);

		assert_non_null(event);
		found +=
		    strcmp(json_string_value(json_object_get(event, "event")), "Activated") == 0;
		json_decref(event);
	}
	fclose(log);
	assert_int_equal(found, activated);
}

/* What a process that was not there tells: psgctl, by name of user. */
static void expect_status(unsigned count)
{
	char command[8400];
	unsigned char seen[RACERS] = {0};

	snprintf(command, sizeof(command), "%s --store %s --json status", world_built("psgctl"),
		 racers_world.store_dir);
	FILE *out = popen(command, "r");

	assert_non_null(out);
	json_t *list = json_loadf(out, 0, NULL);

	assert_int_equal(pclose(out), 0);
	assert_int_equal(json_array_size(list), count);
	for (unsigned i = 0; i < count; i++) {
		const char *user =
		    json_string_value(json_object_get(json_array_get(list, i), "userName"));
		unsigned number = RACERS;

		assert_int_equal(sscanf(user, "racer%u", &number), 1);
		assert_true(number < RACERS && !seen[number]++);
	}
	json_decref(list);
}

static void everybody_gets_in(void **state)
{
	static const struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_HOST, .users = RACERS};
	char people[128];

	(void)state;
	for (unsigned round = 0; round < soak(4, 200); round++) {
		world_make(&racers_world, &policy);
		for (unsigned i = 0; i < RACERS; i++) {
			struct psg_credential device =
			    world_device(&racers_world, world_user(i), i, NULL);

			racers[i] = (struct racer){.service = "gate", .user = world_user(i)};
			(void)world_code_of(&racers_world, &device, 0, racers[i].code);
		}
		racers_race();
		assert_int_equal(arena_count(racers_arena, PAM_SUCCESS), RACERS);
		expect_status(RACERS);
		for (unsigned i = 0; i < RACERS; i++) {
			assert_int_equal(world_live(&racers_world, world_user(i)), 1);
			expect_left_of(world_user(i));
		}
		snprintf(people, sizeof(people), "%s/people", racers_world.store_dir);
		assert_int_equal(names_in(people), RACERS);
		expect_logged(RACERS);
		world_drop(&racers_world);
	}
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(one_code_opens_once), cmocka_unit_test(several_devices),
	    cmocka_unit_test(whoever_calls),       cmocka_unit_test(subject_is_the_caller),
	    cmocka_unit_test(everybody_gets_in),
	};

	return cmocka_run_group_tests_name("race", list, racers_set_up, racers_tear_down);
}

int main(void)
{
	return world_run_in_session(tests);
}
