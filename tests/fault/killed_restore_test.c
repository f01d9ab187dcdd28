/* psgctl restore killed with SIGKILL at every system call it makes from the opening of the store on: on a host that lost
 * what it knew of somebody, and whose policy is another by now. Whenever it dies, a code that was used since the backup
 * opens nothing, nobody else's access is another, and the same command once more completes it. Then psgctl backup: the
 * file is the older backup or the new one, and a restore takes either. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../soak.h"
#include "town.h"

static char *before, *after; /* the policy, as text */
static const char *const backup[] = {"backup", "b", NULL};
static const char *const restore[] = {"restore", "b", NULL};

static struct town_command command_of(struct town *town, const char *const *words)
{
	struct town_command command = {.town = town};

	for (size_t i = 0; words[i] != NULL; i++)
		command.words[i] = words[i];
	return command;
}

static int psgctl(struct town *town, const char *const *words)
{
	const struct town_command command = command_of(town, words);

	return town_psgctl(&command);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void lose_victim(const struct town *town)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/people/%s", town->world.store_dir,
		 town_names[TOWN_VICTIM]);
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* What the killed ones were just writing lies there for an hour, and each command looks at all of it: it would make more
 * calls each time, and the test would chase its own end. */
static void sweep(const struct town *town)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s/.tmp-*", town->world.store_dir);
	assert_int_equal(system(command), 0);
}

static void begin(struct town *town)
{
	static const char *const unassign[] = {"unassign", "daemon", WORLD_GROUP, NULL};

	sweep(town);
	lose_victim(town);
	assert_int_equal(psg_people_enroll(town->world.store, town_names[TOWN_VICTIM],
					   &town->device[TOWN_VICTIM]),
			 PSG_OK);
	town_policy_put(town);
	if (after == NULL)
		after = town_policy(town);
	assert_int_equal(psgctl(town, backup), 0);
	/* Used after the backup; the activation that it opened is lost with it. */
	assert_true(
	    town_lets_in(town, TOWN_VICTIM, town_code(town, &town->device[TOWN_VICTIM], 0)));
	lose_victim(town);
	assert_int_equal(psgctl(town, unassign), 0);
	if (before == NULL)
		before = town_policy(town);
}

static void nothing_came_to_life(struct town *town)
{
	for (int offset = -1; offset <= 1; offset++)
		if (town_lets_in(town, TOWN_VICTIM,
				 town_code(town, &town->device[TOWN_VICTIM], offset)))
			fail_msg("killed %u times: a code of step %d is accepted again",
				 town->kills, offset);
	assert_true(town_lets_in(town, TOWN_LIVE, NULL));
	assert_false(town_lets_in(town, TOWN_BYSTANDER, NULL));
}

static bool has_device(struct town *town)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	assert_int_equal(psg_people_credentials(town->world.store, town_names[TOWN_VICTIM], &list),
			 PSG_OK);
	return list.count == 1 &&
	       memcmp(list.items[0].secret, town->device[TOWN_VICTIM].secret, 20) == 0;
}

static void judge(struct town *town, bool killed)
{
	char *now = town_policy(town);

	assert_true(strcmp(now, after) == 0 || (killed && strcmp(now, before) == 0));
	free(now);
	nothing_came_to_life(town);
	if (killed)
		assert_int_equal(psgctl(town, restore), 0);
	now = town_policy(town);
	assert_string_equal(now, after);
	free(now);
	assert_true(has_device(town));
	nothing_came_to_life(town);
}

static bool restore_killed_at(struct town *town, const struct tracer_place *place)
{
	struct town_command command = command_of(town, restore);
	struct tracer tracer;

	begin(town);
	bool there = tracer_run(&tracer, place, town_command, &command);

	if (there) {
		tracer_kill(&tracer);
		town->kills++;
	} else {
		assert_true(WIFEXITED(tracer.status) && WEXITSTATUS(tracer.status) == 0);
	}
	judge(town, there);
	return there;
}

static void make(struct town *town)
{
	const struct world_policy policy = {.requires_activation = true, .scope = PSG_SCOPE_HOST};

	town_make(town, &policy);
}

static void restore_killed(void **state)
{
	struct town town;

	(void)state;
	make(&town);
	struct tracer_place place = {.since = town.world.store_dir};

	for (unsigned pass = 0; pass < soak(1, 2); pass++) {
		place.after = pass == 0;
		place.every = soak(0, 1) == 1;
		for (place.number = 1; restore_killed_at(&town, &place);)
			place.number += soak(3, 1);
	}
	print_message("psgctl restore: killed at %u calls\n", town.kills);
	assert_true(town.kills > 10);
	free(before);
	free(after);
	before = after = NULL;
	town_drop(&town);
}

static void backup_killed(void **state)
{
	static const char *const look[] = {"restore", "b", "--check-only", NULL};
	struct town town;
	bool there = true;

	(void)state;
	make(&town);
	assert_int_equal(psgctl(&town, backup), 0);
	struct tracer_place place = {.since = town.world.store_dir, .after = true};

	for (place.number = 1; there; place.number += soak(3, 1)) {
		struct town_command command = command_of(&town, backup);
		struct tracer tracer;

		there = tracer_run(&tracer, &place, town_command, &command);
		if (there)
			tracer_kill(&tracer);
		town.kills += there;
		assert_int_equal(psgctl(&town, look), 0);
	}
	print_message("psgctl backup: killed at %u calls\n", town.kills);
	assert_true(town.kills > 1);
	town_drop(&town);
}

static int tests(void)
{
	const struct CMUnitTest list[] = {cmocka_unit_test(restore_killed),
					  cmocka_unit_test(backup_killed)};

	return cmocka_run_group_tests(list, NULL, NULL);
}

int main(void)
{
	return town_run(tests);
}
