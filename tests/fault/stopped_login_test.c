/* A login held at every system call it makes, as SIGSTOP would hold it, while the world goes on: everybody else gets in
 * meanwhile, and when it goes on in its turn nothing stale gets in or over anything newer. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "town.h"

#define TOO_LATE_S 61

/* -- the clock of the held process -- */

static const struct town_seen *mine;

/* Stands before libc's for the module too, which is loaded into this program. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ret);

	if (rc == 0 && mine != NULL)
		ret->tv_sec += mine->ahead_s;
	return rc;
}

static void held_visit(void *arg)
{
	const struct town_visit *visit = arg;

	mine = visit->seen;
	town_visit(arg);
}

/* -- what is there when it is held -- */

struct held {
	struct tracer tracer;
	struct town_visit visit;
	int phase;
	bool stamped; /* its attempt is made, with the time in it */
	bool named;   /* its code is spent */
	bool written; /* and what it opens stands in it */
};

static off_t size_of(const struct town *town, const char *part, const char *suffix)
{
	char path[512];
	off_t size = -1;
	struct dirent *entry;
	struct stat st;

	snprintf(path, sizeof(path), "%s/people/%s/%s", town->world.store_dir,
		 town_names[TOWN_VICTIM], part);
	DIR *folder = opendir(path);

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (strchr(entry->d_name, '.') == NULL &&
		    strncmp(entry->d_name, suffix, strlen(suffix)) == 0 &&
		    fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 && st.st_size > size)
			size = st.st_size;
	if (folder != NULL)
		closedir(folder);
	return size;
}

/* False: it ended before. */
static bool hold(struct town *town, long number, struct held *held)
{
	const struct tracer_place place = {
	    .number = number, .after = true, .every = soak(0, 1) == 1};

	*held = (struct held){.visit = {town, TOWN_VICTIM,
					town_code(town, &town->device[TOWN_VICTIM], -1),
					town_seen_new()}};
	if (!tracer_run(&held->tracer, &place, held_visit, &held->visit))
		return false;
	off_t record = size_of(town, "spent", town->device[TOWN_VICTIM].id);

	held->phase = held->visit.seen->phase;
	held->stamped = size_of(town, "attempts", "") > 0;
	held->named = record >= 0;
	held->written = record > 0;
	town->stops++;
	return true;
}

static void wake(struct held *held)
{
	assert_int_equal(tracer_wake(&held->tracer), 0);
	assert_int_equal(held->visit.seen->phase, TOWN_DONE);
}

static bool passed(const struct held *held, enum town_phase phase)
{
	return held->visit.seen->result[phase] == PAM_SUCCESS;
}

static void refused_from(const struct held *held, enum town_phase phase)
{
	for (; phase <= TOWN_OPEN; phase++)
		if (passed(held, phase))
			fail_msg(
			    "held in phase %d at call %ld (number %ld), it got through phase %d",
			    held->phase, held->tracer.call, held->tracer.place.number, phase);
}

/* -- what happens meanwhile, and what may come of it -- */

static void minute_passes(struct town *town, struct held *held)
{
	(void)town;
	held->visit.seen->ahead_s = TOO_LATE_S;
}

/* Syncing, it has its last look before it still. */
static void after_a_minute(struct town *town, const struct held *held)
{
	bool syncing =
	    held->written && held->tracer.call == SYS_fsync && size_of(town, "attempts", "") > 0;

	if (held->phase == TOWN_AUTH && held->stamped && (!held->written || syncing))
		refused_from(held, TOWN_AUTH);
}

static void deactivated(struct town *town, struct held *held)
{
	(void)held;
	town_deactivate(town, TOWN_VICTIM);
}

static void after_deactivation(struct town *town, const struct held *held)
{
	if (!held->named)
		return;
	if (held->phase == TOWN_AUTH)
		refused_from(held, held->written ? TOWN_ACCT : TOWN_AUTH);
	if (held->phase == TOWN_ACCT)
		refused_from(held, TOWN_OPEN);
	assert_false(town_has_live(town, TOWN_VICTIM));
}

static void unassigned(struct town *town, struct held *held)
{
	char victim[] = WORLD_USER, group[] = WORLD_GROUP;
	const struct psg_assignment assignment = {victim, PSG_TARGET_GROUP, group, 0, 0};
	bool changed;

	(void)held;
	assert_int_equal(psg_policy_unassign(town->world.store->root, &assignment, &changed),
			 PSG_OK);
}

static void muted(struct town *town, struct held *held)
{
	const struct world_policy policy = {.requires_activation = true, .muted = true};

	(void)held;
	world_deploy(&town->world, &policy);
}

/* With the name it looks at the policy once more; held after that look, it is the next phase that refuses. */
static void after_the_right_is_gone(struct town *town, const struct held *held)
{
	(void)town;
	if (held->phase <= TOWN_AUTH)
		refused_from(held, held->named ? TOWN_ACCT : TOWN_AUTH);
	if (held->phase == TOWN_ACCT)
		refused_from(held, TOWN_OPEN);
}

static void newer(struct town *town, struct held *held)
{
	(void)held;
	assert_true(
	    town_lets_in(town, TOWN_VICTIM, town_code(town, &town->device[TOWN_VICTIM], 0)));
}

/* Scope Host: the newer one serves everywhere. The older one opened nothing, and ended nothing. */
static void after_a_newer(struct town *town, const struct held *held)
{
	if (!held->named && held->phase <= TOWN_AUTH)
		assert_false(passed(held, TOWN_AUTH));
	assert_true(town_lets_in(town, TOWN_VICTIM, NULL));
}

struct event {
	const char *name;
	enum psg_scope scope;
	void (*happens)(struct town *town, struct held *held);
	void (*then)(struct town *town, const struct held *held);
};

static const struct event events[] = {
    {"a minute", PSG_SCOPE_SESSION, minute_passes, after_a_minute},
    {"a deactivation", PSG_SCOPE_SESSION, deactivated, after_deactivation},
    {"an unassign", PSG_SCOPE_SESSION, unassigned, after_the_right_is_gone},
    {"a deployment", PSG_SCOPE_SESSION, muted, after_the_right_is_gone},
    {"a newer login", PSG_SCOPE_HOST, newer, after_a_newer},
};

static void judge(struct town *town)
{
	const struct town_verdict verdict = {
	    .victim = TOWN_EITHER, .doctor = town->stops % 50 == 0, .fresh = 1};

	town_policy_put(town);
	town_deactivate(town, TOWN_BYSTANDER);
	town_judge(town, &verdict);
}

static bool held_at(struct town *town, const struct event *event, long number)
{
	struct held held;

	town_fresh(town);
	bool there = hold(town, number, &held);

	if (there) {
		assert_true(town_lets_in(town, TOWN_BYSTANDER,
					 town_code(town, &town->device[TOWN_BYSTANDER], 0)));
		assert_true(town_lets_in(town, TOWN_LIVE, NULL));
		event->happens(town, &held);
		wake(&held);
		event->then(town, &held);
		if (!passed(&held, TOWN_OPEN) && event->scope == PSG_SCOPE_SESSION)
			assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
	}
	munmap(held.visit.seen, sizeof(*held.visit.seen));
	/* The first is what a store looks like in the end. */
	if (!there || town->stops % soak(5, 4) == 0)
		judge(town);
	town_policy_put(town);
	return there;
}

static void held(void **state)
{
	const struct event *event = *state;
	const struct world_policy policy = {.requires_activation = true, .scope = event->scope};
	/* That minute has one call, the last sync, at which it must tell. */
	const long stride = event == events ? 1 : soak(2, 5), first = 1 + (event - events) % stride;
	struct town town;

	town_make(&town, &policy);
	assert_false(held_at(&town, event, 1000000));
	for (long number = first; held_at(&town, event, number);)
		number += stride;
	print_message("%s while a login is held: at %u calls\n", event->name, town.stops);
	assert_true(town.stops > 10);
	town_drop(&town);
}

/* -- and with a real minute, many side by side -- */

#define SIDE_BY_SIDE 64

static void held_for_a_real_minute(void **state)
{
	const struct world_policy policy = {.requires_activation = true};
	struct town *towns = calloc(SIDE_BY_SIDE, sizeof(*towns));
	struct held *all = calloc(SIDE_BY_SIDE, sizeof(*all));
	long count = 0;

	(void)state;
	assert_true(towns != NULL && all != NULL);
	for (bool there = true; there && count < SIDE_BY_SIDE; count++) {
		town_make(&towns[count], &policy);
		there = hold(&towns[count], 1 + 8 * count, &all[count]);
	}
	if (all[count - 1].tracer.ended)
		town_drop(&towns[--count]);
	sleep(TOO_LATE_S);
	for (long i = 0; i < count; i++) {
		wake(&all[i]);
		after_a_minute(&towns[i], &all[i]);
		if (!passed(&all[i], TOWN_OPEN))
			assert_false(town_lets_in(&towns[i], TOWN_VICTIM, NULL));
		town_drop(&towns[i]);
	}
	print_message("a real minute while %ld logins are held side by side\n", count);
	free(towns);
	free(all);
}

static int tests(void)
{
	struct CMUnitTest list[PSG_COUNT(events) + 1];
	size_t count = 0;

	for (; count < PSG_COUNT(events); count++)
		list[count] =
		    (struct CMUnitTest){.name = events[count].name,
					.test_func = held,
					.initial_state = (void *)(uintptr_t)&events[count]};
	if (soak(0, 1) == 1)
		list[count++] = (struct CMUnitTest)cmocka_unit_test(held_for_a_real_minute);
	return _cmocka_run_group_tests("tests", list, count, NULL, NULL);
}

int main(void)
{
	return town_run(tests);
}
