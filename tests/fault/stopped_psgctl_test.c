/* psgctl held at its system calls, as SIGSTOP would hold it: logins go on, other psgctl commands go on or say that they
 * wait, and when it goes on in its turn it writes over nothing that came meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "town.h"

#define PATIENCE_MS 30000

struct scenario {
	const char *words[8];
	const char *puts; /* a line that the policy has of it in the end; NULL: it changes none */
	const char *other[4], *other_puts; /* the other psgctl and its line */
	bool live;                         /* the victim has an activation before */
	bool refused;                      /* it may be, after what happened meanwhile */
	void (*meanwhile)(struct town *town), (*then)(struct town *town, bool named);
};

/* -- the other psgctl, beside the one that is held -- */

struct other {
	struct town_command command;
	pid_t pid;
	bool waits;
};

static bool says_it_waits(const struct town *town)
{
	char *said = town_said(town, "other");
	bool waits = strstr(said, "waiting for it") != NULL;

	free(said);
	return waits;
}

/* Until it is done or says that it waits. */
static void other_start(struct town *town, const struct scenario *scenario, struct other *other)
{
	struct timespec moment = {.tv_nsec = 1000000};
	char path[256];
	int status;

	*other = (struct other){.command = {.town = town, .said = "other"}};
	memcpy(other->command.words, scenario->other, sizeof(scenario->other));
	snprintf(path, sizeof(path), "%s/other", town->world.dir);
	unlink(path);
	other->pid = fork();
	assert_true(other->pid >= 0);
	if (other->pid == 0)
		town_command(&other->command);
	for (int waited = 0; waited < PATIENCE_MS; waited++) {
		if (waitpid(other->pid, &status, WNOHANG) == other->pid) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			other->pid = 0;
			return;
		}
		if (access(path, F_OK) == 0 && says_it_waits(town)) {
			other->waits = true;
			return;
		}
		nanosleep(&moment, NULL);
	}
	fail_msg("another psgctl waits and does not say so");
}

static void other_end(struct other *other)
{
	if (other->waits)
		assert_int_equal(tracer_await(other->pid, "the other psgctl"), 0);
}

/* -- at each call -- */

static unsigned waited;

/* Both did what they were told, whichever came first. */
static void nothing_is_lost(const struct town *town, const struct scenario *scenario)
{
	char *policy = town_policy(town);

	assert_non_null(strstr(policy, scenario->other_puts));
	if (scenario->puts != NULL && strstr(policy, scenario->puts) == NULL)
		fail_msg("woken, psgctl %s lost \"%s\" of the policy:\n%s", scenario->words[0],
			 scenario->puts, policy);
	free(policy);
}

/* -- what happens meanwhile -- */

static void logins_go_on(struct town *town)
{
	assert_true(town_lets_in(town, TOWN_LIVE, NULL));
	for (enum town_who who = 0; who < TOWN_LIVE; who++) {
		town_deactivate(town, who);
		assert_true(town_lets_in(town, who, town_code(town, &town->device[who], 0)));
	}
}

static void victim_is_deactivated(struct town *town)
{
	logins_go_on(town);
	town_deactivate(town, TOWN_VICTIM);
}

/* What had a name by then has ended. */
static void stays_ended(struct town *town, bool named)
{
	if (named)
		assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
}

static void victim_is_unassigned(struct town *town)
{
	const struct town_command unassign = {.town = town,
					      .words = {"unassign", WORLD_USER, WORLD_GROUP}};

	logins_go_on(town);
	assert_int_equal(town_psgctl(&unassign), 0);
}

/* Whatever was written for somebody who had nothing is not waiting for the day he has it again. */
static void needs_a_code_again(struct town *town, bool named)
{
	const struct town_command assign = {.town = town,
					    .words = {"assign", WORLD_USER, WORLD_GROUP}};

	(void)named;
	assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
	assert_int_equal(town_psgctl(&assign), 0);
	assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
}

#define OTHER .other = {"assign", "daemon", "Wide"}, .other_puts = "daemon has Wide\n"

static const struct scenario scenarios[] = {
    {.words = {"deploy", "package"},
     .puts = "PermissionSetGroup/Extra\n",
     .live = true,
     .other = {"deploy", "later"},
     .other_puts = "PermissionSetGroup/Later\n"},
    {.words = {"assign", WORLD_USER, "Wide"},
     .puts = WORLD_USER " has Wide\n",
     .live = true,
     OTHER},
    {.words = {"deactivate", WORLD_GROUP, "--user", WORLD_USER}, .live = true, OTHER},
    {.words = {"enforce"}, .live = true, OTHER},
    {.words = {"activate", WORLD_GROUP, "--user", WORLD_USER, "--scope", "Host"},
     .refused = true,
     .meanwhile = victim_is_deactivated,
     .then = stays_ended,
     OTHER},
    {.words = {"activate", WORLD_GROUP, "--user", WORLD_USER, "--scope", "Host"},
     .refused = true,
     .meanwhile = victim_is_unassigned,
     .then = needs_a_code_again,
     OTHER},
};

static size_t names(struct town *town)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	assert_int_equal(psg_people_activations(town->world.store, town_names[TOWN_VICTIM], &list),
			 PSG_OK);
	return list.count;
}

static bool held_at(struct town *town, const struct scenario *scenario, long number)
{
	const struct town_command groups = {.town = town, .words = {"groups"}};
	const struct tracer_place place = {.number = number,
					   .after = true,
					   .every = soak(0, 1) == 1,
					   .since = town->world.store_dir};
	struct town_command command = {.town = town};
	struct tracer tracer;
	struct other other;

	town_fresh(town);
	town_policy_put(town);
	if (scenario->live)
		world_activate(&town->world, 0, 3600, NULL);
	memcpy(command.words, scenario->words, sizeof(scenario->words));
	size_t before = names(town);

	if (!tracer_run(&tracer, &place, town_command, &command)) {
		assert_int_equal(WEXITSTATUS(tracer.status), 0);
		return false;
	}
	bool named = names(town) > before;

	town->stops++;
	other_start(town, scenario, &other);
	waited += other.waits;
	assert_int_equal(town_psgctl(&groups), 0);
	if (scenario->meanwhile != NULL)
		scenario->meanwhile(town);
	else
		logins_go_on(town);
	int status = tracer_wake(&tracer);

	assert_true(status == 0 || (scenario->refused && status == 1));
	other_end(&other);
	nothing_is_lost(town, scenario);
	if (scenario->then != NULL)
		scenario->then(town, named);
	return true;
}

static void held(void **state)
{
	const struct scenario *scenario = *state;
	const struct world_policy policy = {.requires_activation = true, .scope = PSG_SCOPE_HOST};
	struct town town;
	const struct town_command first = {.town = &town, .words = {"assign", "bin", "Wide"}};

	waited = 0;
	town_make(&town, &policy);
	/* The lock's file is there from the first command on. */
	assert_int_equal(town_psgctl(&first), 0);
	for (long number = 1; held_at(&town, scenario, number);)
		number++;
	print_message("psgctl %s: held at %u calls, another psgctl waited %u times\n",
		      scenario->words[0], town.stops, waited);
	assert_true(town.stops > 3);
	/* Else nothing was seen of the lock. */
	assert_int_equal(waited > 0, scenario->puts != NULL);
	town_drop(&town);
}

static int tests(void)
{
	struct CMUnitTest list[PSG_COUNT(scenarios)];

	for (size_t i = 0; i < PSG_COUNT(scenarios); i++)
		list[i] = (struct CMUnitTest){.name = scenarios[i].words[0],
					      .test_func = held,
					      .initial_state = (void *)(uintptr_t)&scenarios[i]};
	return cmocka_run_group_tests(list, NULL, NULL);
}

int main(void)
{
	return town_run(tests);
}
