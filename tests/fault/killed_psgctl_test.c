/* psgctl killed with SIGKILL at every system call it makes from the opening of the store on, before the call and after:
 * the policy is the old one or the new one and never anything else, everybody's next login is right at once, the same
 * command once more finishes the work, and in the end nothing is left behind (town_judge). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../soak.h"
#include "town.h"

struct scenario {
	const char *words[10];
	bool secret; /* on its standard input: town->other's */
	bool live;   /* the victim has an activation before */
	enum town_expect expect;
	void (*before)(struct town *town), (*mend)(struct town *town);
};

static const struct scenario *current;
static char *before, *after; /* the policy, as text */
static bool was_done;        /* the killed one had put its policy in force */

static int psgctl(struct town *town, const struct scenario *scenario)
{
	struct town_command command = {.town = town};
	char secret[128] = "";

	memcpy(command.words, scenario->words, sizeof(scenario->words));
	if (scenario->secret) {
		assert_int_equal(psg_base32_encode(town->other.secret, town->other.secret_len,
						   secret, sizeof(secret)),
				 PSG_OK);
		command.input = secret;
	}
	return town_psgctl(&command);
}

static void again(struct town *town)
{
	assert_int_equal(psgctl(town, current), 0);
	char *policy = town_policy(town);

	if (after != NULL)
		assert_string_equal(policy, after);
	free(policy);
}

/* Assigned once more, one starts with a code, whatever the killed one had left to be ended. */
static void assigned_again(struct town *town)
{
	static const struct scenario assign = {.words = {"assign", WORLD_USER, WORLD_GROUP}};

	if (town->kills % 2 == 0 || !was_done)
		again(town);
	assert_int_equal(psgctl(town, &assign), 0);
	assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
}

static void deferred(struct town *town)
{
	static const struct scenario deploy = {.words = {"deploy", "--defer", "package"}};

	assert_int_equal(psgctl(town, &deploy), 0);
}

/* A policy file from elsewhere, which differs. */
static void exported(struct town *town)
{
	static const struct scenario assign = {.words = {"assign", WORLD_USER, "Wide"}};
	static const struct scenario export = {.words = {"policy", "export", "exported"}};

	assert_int_equal(psgctl(town, &assign), 0);
	assert_int_equal(psgctl(town, &export), 0);
	town_policy_put(town);
}

static void throttled(struct town *town)
{
	for (int i = 0; i < 5; i++)
		assert_false(town_lets_in(town, TOWN_VICTIM,
					  town_code(town, &town->device[TOWN_VICTIM], 9)));
}

/* By the old one or by the new one, before anybody mends anything. */
static void enrolled_still(struct town *town)
{
	town_deactivate(town, TOWN_VICTIM);
	assert_true(
	    town_lets_in(town, TOWN_VICTIM, town_code(town, &town->device[TOWN_VICTIM], 0)) ||
	    town_lets_in(town, TOWN_VICTIM, town_code(town, &town->other, 0)));
	again(town);
}

static void new_device(struct town *town)
{
	town->other = town->device[TOWN_VICTIM];
	psg_random(town->other.secret, town->other.secret_len);
}

/* Whatever became of the import: the device that was there is good, and no second one is there half. */
static void users_file(struct town *town)
{
	char path[128], secret[2 * PSG_SECRET_MAX + 1];
	FILE *file;

	new_device(town);
	psg_hex_encode(town->other.secret, town->other.secret_len, secret);
	snprintf(path, sizeof(path), "%s/users.oath", town->world.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "HOTP/T30 %s - %s 0 123456 2026-01-01T00:00:00L\n", WORLD_USER, secret);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static const struct scenario scenarios[] = {
    {{"deploy", "package"}, false, true, TOWN_IS_LIVE, NULL, again},
    {{"recalculate", "Extra"}, false, true, TOWN_IS_LIVE, deferred, again},
    {{"assign", WORLD_USER, "Wide"}, false, true, TOWN_IS_LIVE, NULL, again},
    {{"unassign", WORLD_USER, WORLD_GROUP}, false, true, TOWN_EITHER, NULL, assigned_again},
    {{"policy", "install", "exported"}, false, true, TOWN_IS_LIVE, exported, again},
    {{"activate", WORLD_GROUP, "--user", WORLD_USER, "--scope", "Host"},
     false,
     false,
     TOWN_EITHER,
     NULL,
     again},
    {{"deactivate", WORLD_GROUP, "--user", WORLD_USER}, false, true, TOWN_EITHER, NULL, again},
    {{"unlock", WORLD_USER}, false, false, TOWN_NOT_LIVE, throttled, again},
    {{"enroll", WORLD_USER, "--replace", "--no-confirm", "--qr", "none", "--period", "3600",
      "--secret", "-"},
     true,
     true,
     TOWN_IS_LIVE,
     new_device,
     enrolled_still},
    {{"recovery", WORLD_USER}, false, true, TOWN_IS_LIVE, NULL, again},
    {{"import", "users.oath", "--format", "oath", "--add"},
     false,
     true,
     TOWN_IS_LIVE,
     users_file,
     again},
};

/* -- at each call -- */

static void begin(struct town *town, const struct scenario *scenario)
{
	town_fresh(town);
	town_policy_put(town);
	if (scenario->live)
		world_activate(&town->world, 0, 3600, NULL);
	if (scenario->before != NULL)
		scenario->before(town);
	free(before);
	before = town_policy(town);
}

static void judge(struct town *town, const struct scenario *scenario, bool killed)
{
	const struct town_verdict verdict = {.victim = killed ? scenario->expect : TOWN_EITHER,
					     .mend = scenario->mend,
					     .fresh = 1,
					     .doctor = town->kills % soak(20, 50) == 0};
	char *now = town_policy(town);

	if (!killed) {
		free(after);
		after = strdup(now);
	}
	if (strcmp(now, before) != 0)
		assert_string_equal(now, after);
	was_done = strcmp(now, before) != 0;
	free(now);
	town_judge(town, &verdict);
	town_policy_put(town);
}

static bool killed_at(struct town *town, const struct scenario *scenario,
		      const struct tracer_place *place)
{
	struct town_command command = {.town = town};
	char secret[128];
	struct tracer tracer;

	begin(town, scenario);
	memcpy(command.words, scenario->words, sizeof(scenario->words));
	if (scenario->secret) {
		assert_int_equal(psg_base32_encode(town->other.secret, town->other.secret_len,
						   secret, sizeof(secret)),
				 PSG_OK);
		command.input = secret;
	}
	bool there = tracer_run(&tracer, place, town_command, &command);

	if (there) {
		tracer_kill(&tracer);
		town->kills++;
	} else {
		assert_true(WIFEXITED(tracer.status));
		assert_int_equal(WEXITSTATUS(tracer.status), 0);
	}
	judge(town, scenario, there);
	return there;
}

static void run(const struct scenario *scenario)
{
	const struct world_policy policy = {.requires_activation = true, .scope = PSG_SCOPE_HOST};
	struct tracer_place place = {.number = 1000000};
	struct town town;

	current = scenario;
	town_make(&town, &policy);
	place.since = town.world.store_dir;
	assert_false(killed_at(&town, scenario, &place));
	for (unsigned pass = 0; pass < soak(1, 2); pass++) {
		place.after = pass == 0;
		place.every = place.after && soak(0, 1) == 1;
		for (place.number = 1; killed_at(&town, scenario, &place);)
			place.number++;
	}
	print_message("psgctl %s: killed at %u calls\n", scenario->words[0], town.kills);
	assert_true(town.kills > 2);
	free(before);
	free(after);
	before = after = NULL;
	town_drop(&town);
}

static void killed(void **state)
{
	run(*state);
}

static int tests(void)
{
	struct CMUnitTest list[PSG_COUNT(scenarios)];

	for (size_t i = 0; i < PSG_COUNT(scenarios); i++)
		list[i] = (struct CMUnitTest){.name = scenarios[i].words[0],
					      .test_func = killed,
					      .initial_state = (void *)(uintptr_t)&scenarios[i]};
	return cmocka_run_group_tests(list, NULL, NULL);
}

int main(void)
{
	return town_run(tests);
}
