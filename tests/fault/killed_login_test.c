/* A login killed with SIGKILL at every system call it makes, before the call and after, and at random moments: whatever
 * it left, everybody's next login is right at once, and in the end nothing is left of it (town_judge). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "town.h"

struct scenario {
	struct world_policy policy;
	int code;     /* offset of the code that is typed */
	bool renewal; /* of an activation with five minutes left */
	enum town_expect live;
};

/* -1 is the code whose second use town_judge tries; 9 is wrong. */
static const struct scenario right = {{.requires_activation = true}, -1, false, TOWN_NOT_LIVE};
static const struct scenario wrong = {{.requires_activation = true}, 9, false, TOWN_NOT_LIVE};
static const struct scenario renewal = {{.requires_activation = true,
					 .scope = PSG_SCOPE_HOST,
					 .maximum_lifetime_s = 7200,
					 .warn_before_s = 600},
					-1,
					true,
					TOWN_IS_LIVE};

static struct town_visit visit_of(struct town *town, const struct scenario *scenario)
{
	town_fresh(town);
	if (scenario->renewal)
		world_activate(&town->world, 3300, 3600, NULL);
	return (struct town_visit){town, TOWN_VICTIM,
				   town_code(town, &town->device[TOWN_VICTIM], scenario->code),
				   town_seen_new()};
}

static void judge(struct town *town, const struct scenario *scenario, struct town_visit *visit)
{
	const struct town_verdict verdict = {.victim = scenario->live,
					     .doctor = town->kills % soak(20, 50) == 0};

	munmap(visit->seen, sizeof(*visit->seen));
	town_judge(town, &verdict);
}

/* One login up to that place; false: it ended before, as it does with nobody near. */
static bool killed_at(struct town *town, const struct scenario *scenario,
		      const struct tracer_place *place)
{
	struct town_visit visit = visit_of(town, scenario);
	struct tracer tracer;

	bool there = tracer_run(&tracer, place, town_visit, &visit);

	if (there) {
		tracer_kill(&tracer);
		town->kills++;
	} else {
		assert_true(WIFEXITED(tracer.status));
		assert_int_equal(visit.seen->phase, TOWN_DONE);
	}
	judge(town, scenario, &visit);
	return there;
}

static unsigned at_every_call(struct town *town, const struct scenario *scenario)
{
	struct tracer_place place = {.number = 1000000};
	long number = 0;

	/* Nobody is killed: what it leaves is what all others are to leave. */
	assert_false(killed_at(town, scenario, &place));
	/* Before a call is after the one before it, but for what the process itself remembers. */
	for (unsigned pass = 0; pass < soak(1, 2); pass++) {
		place.after = pass == 0;
		place.every = place.after && soak(0, 1) == 1;
		for (place.number = 1; killed_at(town, scenario, &place); place.number++)
			number = place.number;
		assert_true(number > (place.every ? 200 : scenario == &wrong ? 10 : 20));
	}
	return town->kills;
}

/* Inside a call too: a write, a sync. */
static void at_random(struct town *town, const struct scenario *scenario, unsigned rounds)
{
	unsigned range_us = 4000;

	for (unsigned i = 0; i < rounds; i++) {
		struct town_visit visit = visit_of(town, scenario);
		struct timespec moment = {.tv_nsec = 1000L * (rand() % (long)range_us)};
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			town_visit(&visit);
			_exit(0);
		}
		nanosleep(&moment, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		town->kills += WIFSIGNALED(status);
		/* Most of the moments are to be within a login, however fast this machine is. */
		range_us =
		    WIFSIGNALED(status) ? range_us + range_us / 50 : range_us - range_us / 10;
		judge(town, scenario, &visit);
	}
}

static void run(const struct scenario *scenario, const char *what)
{
	struct town town;

	town_make(&town, &scenario->policy);
	unsigned calls = at_every_call(&town, scenario);

	at_random(&town, scenario, soak(20, 250));
	print_message("%s: killed at %u calls and at %u random moments\n", what, calls,
		      town.kills - calls);
	town_drop(&town);
}

static void with_a_right_code(void **state)
{
	(void)state;
	run(&right, "a login with a right code");
}

static void with_a_wrong_code(void **state)
{
	(void)state;
	run(&wrong, "a login with a wrong code");
}

static void renewing(void **state)
{
	(void)state;
	run(&renewal, "a renewal");
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(with_a_right_code),
	    cmocka_unit_test(with_a_wrong_code),
	    cmocka_unit_test(renewing),
	};

	return cmocka_run_group_tests(list, NULL, NULL);
}

int main(void)
{
	return town_run(tests);
}
