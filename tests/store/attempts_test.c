/* The throttle, on files and in memory. */
#include "folk.h"

#include <stdio.h>
#include <string.h>

#define YEARS_10 (INT64_C(3653) * 86400)

static enum psg_err take(struct folk *folk, uid_t apart, struct psg_attempt *ret, int64_t *wait)
{
	return psg_attempt_take(folk->store, "alice", apart, &folk->throttle, ret, wait);
}

static void take_ok(struct folk *folk, uint64_t number)
{
	struct psg_attempt attempt;
	int64_t wait;

	assert_int_equal(take(folk, PSG_NOT_APART, &attempt, &wait), PSG_OK);
	assert_int_equal(attempt.number, number);
}

static void throttled(struct folk *folk, int64_t seconds)
{
	struct psg_attempt attempt;
	int64_t wait = -1;

	assert_int_equal(take(folk, PSG_NOT_APART, &attempt, &wait), PSG_ERR_THROTTLED);
	assert_int_equal(wait, seconds * FOLK_S);
}

static void throttle_grows_to_its_maximum(void **state)
{
	static const int64_t delays[] = {30, 60, 120, 240, 480, 900, 900, 900};
	struct folk *folk = *state;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	for (size_t i = 0; i < PSG_COUNT(delays); i++) {
		throttled(folk, delays[i]);
		folk_pass(folk, delays[i] - 1);
		throttled(folk, 1);
		folk_pass(folk, 1);
		take_ok(folk, 6 + i);
	}
	/* Being throttled writes nothing. */
	assert_int_equal(folk_count(folk, "alice", "attempts"), 5 + PSG_COUNT(delays));
}

static void throttle_wall_clock(void **state)
{
	struct folk *folk = *state;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	folk->now.realtime_ns += YEARS_10 * FOLK_S;
	throttled(folk, 30);
	folk->now.realtime_ns -= 2 * YEARS_10 * FOLK_S;
	throttled(folk, 30);
	folk->now.boottime_ns += 30 * FOLK_S;
	take_ok(folk, 6);
}

static void throttle_reboot(void **state)
{
	struct folk *folk = *state;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	folk_reboot(folk, 10);
	throttled(folk, 20);
	folk_pass(folk, 20);
	take_ok(folk, 6);
	throttled(folk, 60);
}

static void throttle_day(void **state)
{
	struct folk *folk = *state;
	uint64_t count;
	int64_t wait;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	folk_pass(folk, 86399);
	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &count, &wait),
	    PSG_OK);
	assert_int_equal(count, 5);
	folk_pass(folk, 1);
	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &count, &wait),
	    PSG_OK);
	assert_int_equal(count, 0);
	for (uint64_t i = 6; i <= 10; i++)
		take_ok(folk, i);
	throttled(folk, 30);
	/* The forgiven ones are gone, their marker stays. */
	assert_int_equal(folk_count(folk, "alice", "attempts"), 6);
	assert_true(folk_has(folk, "alice", "attempts", "5.forgiven"));
}

static void forgiving(void **state)
{
	struct folk *folk = *state;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	assert_int_equal(psg_attempts_forgive(folk->store, "alice", PSG_NOT_APART, 3), PSG_OK);
	take_ok(folk, 6);
	take_ok(folk, 7);
	take_ok(folk, 8);
	throttled(folk, 30);
	/* An older success that comes late takes nothing back. */
	assert_int_equal(psg_attempts_forgive(folk->store, "alice", PSG_NOT_APART, 2), PSG_OK);
	throttled(folk, 30);
	assert_int_equal(psg_attempts_forgive(folk->store, "alice", PSG_NOT_APART, UINT64_MAX),
			 PSG_OK);
	assert_int_equal(folk_count(folk, "alice", "attempts"), 1);
	/* Numbers go on: no name is ever made twice. */
	take_ok(folk, 9);
	assert_int_equal(psg_attempts_forgive(folk->store, "nobody", PSG_NOT_APART, 1), PSG_OK);
}

static void others_count_apart(void **state)
{
	struct folk *folk = *state;
	struct psg_attempt attempt;
	uint64_t count;
	int64_t wait;

	for (int i = 0; i < 5; i++)
		assert_int_equal(take(folk, 1001, &attempt, &wait), PSG_OK);
	assert_int_equal(take(folk, 1001, &attempt, &wait), PSG_ERR_THROTTLED);
	assert_int_equal(take(folk, 1002, &attempt, &wait), PSG_OK);
	take_ok(folk, 1);
	assert_int_equal(psg_attempts_forgive_all(folk->store, "alice"), PSG_OK);
	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", 1001, &folk->throttle, &count, &wait), PSG_OK);
	assert_int_equal(count, 0);
	assert_int_equal(psg_attempts_forgive_all(folk->store, "nobody"), PSG_OK);
}

/* What a killed process, umask 0777 or a broken disk leaves as the highest attempt. */
static void throttle_bad_files(void **state)
{
	static const struct {
		const char *text;
		int64_t mtime_s; /* ago */
		bool odd;
		int64_t wait_s;
	} rows[] = {
	    {"", 10, false, 20},
	    {"", 40, false, 0},
	    {"", -YEARS_10, false, 30}, /* in the future: rewritten */
	    {"psg-attempt 2\nnew\n", 12, false, 18},
	    {"psg-attempt 1\nboot x\nboottime 5\n", 10, false, 20},
	    {"psg-attempt 1\nboot " FOLK_BOOT_A "\nboottime 9999999000000000\n", 10, false, 20},
	    {"psg-attempt 1\nboot " FOLK_BOOT_A "\n", 10, false, 20},
	    {"", 40, true, 30},
	};
	struct folk *folk = *state;

	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		char subject[16];
		struct psg_attempt attempt;
		int64_t wait = 0;
		enum psg_err err;

		(void)snprintf(subject, sizeof(subject), "u%zu", i);
		folk_plant(folk, subject, "attempts", "5", rows[i].text, strlen(rows[i].text),
			   folk->now.realtime_ns - rows[i].mtime_s * FOLK_S, rows[i].odd);
		err = psg_attempt_take(folk->store, subject, PSG_NOT_APART, &folk->throttle,
				       &attempt, &wait);
		assert_int_equal(err, rows[i].wait_s > 0 ? PSG_ERR_THROTTLED : PSG_OK);
		assert_int_equal(wait, rows[i].wait_s * FOLK_S);
		/* It delays; it does not delay for ever. */
		folk_pass(folk, 30);
		err = psg_attempt_take(folk->store, subject, PSG_NOT_APART, &folk->throttle,
				       &attempt, &wait);
		assert_int_equal(err, rows[i].wait_s > 0 ? PSG_OK : PSG_ERR_THROTTLED);
	}
}

/* Where the file's time alone tells, the wall clock set forward makes it no older than this boot. */
static void throttle_file_time(void **state)
{
	struct folk *folk = *state;

	folk_reboot(folk, 10);
	folk_plant(folk, "alice", "attempts", "5", "", 0, folk->now.realtime_ns, false);
	folk->now.realtime_ns += YEARS_10 * FOLK_S;
	throttled(folk, 20);
	folk_pass(folk, 20);
	take_ok(folk, 6);
}

static void strange_names_count_for_nothing(void **state)
{
	static const char *const names[] = {
	    "0", "007", "x", "99999999999999999999", "6.forgave", "18446744073709551615"};
	struct folk *folk = *state;

	for (size_t i = 0; i < PSG_COUNT(names); i++)
		folk_plant(folk, "alice", "attempts", names[i], "", 0, folk->now.realtime_ns,
			   false);
	take_ok(folk, 1);
}

/* A process that slept between its listing and its create: the number it makes was forgiven meanwhile. */
static void woken_guesser_has_no_guess_for_free(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	int file;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	assert_int_equal(psg_attempts_forgive(folk->store, "alice", PSG_NOT_APART, 5), PSG_OK);
	folder = folk_part(folk, "alice", "attempts");
	assert_int_equal(folder->ops->create(folder, "3", &file), PSG_OK);
	folder->ops->close(folder, file);
	take_ok(folk, 6);
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	assert_false(folk_has(folk, "alice", "attempts", "3"));
	assert_true(folk_has(folk, "alice", "attempts", "5.forgiven"));
	take_ok(folk, 7);
}

/* Somebody forgives all there is while the clock is looked at. */
static enum psg_err forgives(void *self, struct psg_now *ret)
{
	struct folk *folk = self;

	*ret = folk->now;
	return psg_attempts_forgive(folk->store, "alice", PSG_NOT_APART, UINT64_MAX);
}

static void an_attempt_forgiven_as_it_is_made_is_none(void **state)
{
	struct folk *folk = *state;
	struct psg_clock clock = folk->store->clock;
	struct psg_attempt attempt;
	int64_t wait;

	folk->throttle.attempts = 1;
	folk->store->clock = (struct psg_clock){.self = folk, .now = forgives};
	assert_int_equal(
	    psg_attempt_take(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &attempt, &wait),
	    PSG_ERR_STALE);
	folk->store->clock = clock;
	assert_int_equal(
	    psg_attempt_take(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &attempt, &wait),
	    PSG_OK);
	assert_true(attempt.number > 1);
}

static void tidy_forgives_after_a_day(void **state)
{
	struct folk *folk = *state;

	for (uint64_t i = 1; i <= 5; i++)
		take_ok(folk, i);
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	assert_int_equal(folk_count(folk, "alice", "attempts"), 5);
	folk_pass(folk, 86400);
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	assert_int_equal(folk_count(folk, "alice", "attempts"), 1);
	take_ok(folk, 6);
}

static void looking_writes_nothing(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_folder *root = folk->store->root;
	uint64_t count = 9;
	int64_t wait = 9;

	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &count, &wait),
	    PSG_OK);
	assert_int_equal(count, 0);
	assert_int_equal(wait, 0);
	assert_int_equal(root->ops->open(root, "people", false, &folder), PSG_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(throttle_grows_to_its_maximum),
	    FOLK_BOTH(throttle_wall_clock),
	    FOLK_BOTH(throttle_reboot),
	    FOLK_BOTH(throttle_day),
	    FOLK_BOTH(forgiving),
	    FOLK_BOTH(others_count_apart),
	    FOLK_BOTH(throttle_bad_files),
	    FOLK_BOTH(throttle_file_time),
	    FOLK_BOTH(strange_names_count_for_nothing),
	    FOLK_BOTH(woken_guesser_has_no_guess_for_free),
	    FOLK_BOTH(an_attempt_forgiven_as_it_is_made_is_none),
	    FOLK_BOTH(tidy_forgives_after_a_day),
	    FOLK_BOTH(looking_writes_nothing),
	};

	return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
