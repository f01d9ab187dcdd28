/* The log over its renamed files: read forward, backward and as it grows, and how long it is kept. */
#include "folk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "psg/log.h"
#include "psg/text.h"

#define DAY (INT64_C(24) * 3600)
#define NOW INT64_C(1790000000)

static const char *path_of(const struct folk *folk, const char *name)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % PSG_COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folk->path, name);
	return path;
}

static bool there(const struct folk *folk, const char *name)
{
	return access(path_of(folk, name), F_OK) == 0;
}

static void put(const struct folk *folk, const char *name, const char *text)
{
	FILE *file = fopen(path_of(folk, name), "ae");

	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A file of one line of that time, last written then, too. */
static void put_of(const struct folk *folk, const char *name, int64_t when_s)
{
	const struct timespec times[2] = {{.tv_sec = when_s}, {.tv_sec = when_s}};
	char time[PSG_TIME_SIZE], line[128];

	psg_time_format(when_s, time);
	snprintf(line, sizeof(line), "{\"time\":\"%s\",\"event\":\"Bound\"}\n", time);
	put(folk, name, line);
	assert_int_equal(utimensat(AT_FDCWD, path_of(folk, name), times, 0), 0);
}

static struct psg_log *open_log(struct folk *folk)
{
	struct psg_log *log = NULL;

	assert_int_equal(psg_log_open(folk->store->root, &log), PSG_OK);
	return log;
}

static void expect_next(struct psg_log *log, const char *text)
{
	struct psg_log_line line;

	assert_int_equal(psg_log_next(log, &line), PSG_OK);
	assert_string_equal(line.text, text);
	assert_int_equal(line.len, strlen(text));
}

static void expect_previous(struct psg_log *log, const char *text)
{
	struct psg_log_line line;

	assert_int_equal(psg_log_previous(log, &line), PSG_OK);
	assert_string_equal(line.text, text);
	assert_int_equal(line.len, strlen(text));
}

static void expect_no_more(struct psg_log *log)
{
	struct psg_log_line line;

	for (int i = 0; i < 3; i++)
		assert_int_equal(psg_log_next(log, &line), PSG_ERR_NOT_FOUND);
}

static void all_files_in_order(void **state)
{
	struct folk *folk = *state;
	struct psg_log_line line;

	put(folk, "log.0000000010", "c\nd\n");
	put(folk, "log.0000000009", "a\nb\n");
	put(folk, "log", "e\n\nf\n");
	/* not ours */
	for (size_t i = 0; i < 5; i++)
		put(folk,
		    (const char *const[]){"log.1", "log.00000000011", "log.000000000x", "log.gz",
					  "log.0000000000"}[i],
		    "x\n");
	struct psg_log *log = open_log(folk);

	for (const char *at = "abcde"; *at; at++)
		expect_next(log, (char[]){*at, '\0'});
	expect_next(log, "f");
	expect_no_more(log);
	psg_log_close(&log);
	log = open_log(folk);
	expect_previous(log, "f");
	for (const char *at = "edcba"; *at; at++)
		expect_previous(log, (char[]){*at, '\0'});
	for (int i = 0; i < 3; i++)
		assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_log_damaged(log, true), 0);
	psg_log_close(&log);
}

/* The newest first, and then what comes. */
static void turned_round(void **state)
{
	static const char *const ends[] = {"", "half", "half a line of more than one"};
	struct folk *folk = *state;
	struct psg_log_line line;

	for (size_t i = 0; i < PSG_COUNT(ends); i++) {
		put(folk, "log", "a\nb\nc\n");
		put(folk, "log", ends[i]);
		struct psg_log *log = open_log(folk);
		char whole[64];

		expect_previous(log, "c");
		expect_previous(log, "b");
		expect_no_more(log);
		put(folk, "log", "d\ne\n");
		snprintf(whole, sizeof(whole), "%sd", ends[i]);
		expect_next(log, whole);
		expect_next(log, "e");
		expect_no_more(log);
		psg_log_close(&log);
		assert_int_equal(unlink(path_of(folk, "log")), 0);
	}
	put(folk, "log", "never ended");
	struct psg_log *log = open_log(folk);

	assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	put(folk, "log", "\n");
	expect_next(log, "never ended");
	psg_log_close(&log);
}

static void none_is_empty(void **state)
{
	struct folk *folk = *state;
	struct psg_log *log = open_log(folk);
	struct psg_log_line line;

	expect_no_more(log);
	put(folk, "log", "first\n");
	expect_next(log, "first");
	expect_no_more(log);
	psg_log_close(&log);
	assert_int_equal(unlink(path_of(folk, "log")), 0);
	log = open_log(folk);
	assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	psg_log_close(&log);
}

/* Both ways the same lines, whatever their lengths to the buffer's. */
static void lines_of_any_length(void **state)
{
	static const size_t lengths[] = {PSG_LOG_LINE_MAX,
					 0,
					 1,
					 65535,
					 65536,
					 65537,
					 PSG_LOG_LINE_MAX - 1,
					 PSG_LOG_LINE_MAX,
					 PSG_LOG_LINE_MAX + 1,
					 3 * PSG_LOG_LINE_MAX + 5,
					 7,
					 0};
	struct folk *folk = *state;
	char *text = malloc(4 * PSG_LOG_LINE_MAX);
	struct psg_log_line line;
	size_t given[PSG_COUNT(lengths)], count = 0;

	assert_non_null(text);
	for (size_t i = 0; i < PSG_COUNT(lengths); i++) {
		memset(text, 'a' + (int)i, lengths[i]);
		strcpy(text + lengths[i], "\n");
		put(folk, "log", text);
	}
	put(folk, "log", "not ended");
	struct psg_log *log = open_log(folk);

	for (size_t i = 0; i < PSG_COUNT(lengths); i++) {
		if (lengths[i] == 0 || lengths[i] >= PSG_LOG_LINE_MAX)
			continue;
		assert_int_equal(psg_log_next(log, &line), PSG_OK);
		assert_int_equal(line.len, lengths[i]);
		assert_true(line.text[line.len - 1] == 'a' + (int)i);
		given[count++] = line.len;
	}
	expect_no_more(log);
	assert_int_equal(psg_log_damaged(log, false), 4);
	assert_int_equal(psg_log_damaged(log, true), 1);
	psg_log_close(&log);
	log = open_log(folk);
	while (count > 0) {
		assert_int_equal(psg_log_previous(log, &line), PSG_OK);
		assert_int_equal(line.len, given[--count]);
	}
	assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_log_damaged(log, true), 5);
	psg_log_close(&log);
	free(text);
}

static void retain_at(struct folk *folk, int64_t age_s, uint64_t size, int64_t now_s,
		      struct psg_log_retained *ret)
{
	const struct psg_log_retention keep = {.age_s = age_s, .size = size};

	assert_int_equal(psg_log_retain(folk->store->root, &keep, now_s * PSG_NS_PER_S, ret),
			 PSG_OK);
}

/* Who follows sees what comes after each new name, and what a writer of before still had to say. */
static void followed_over_names(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct psg_log *log;
	int late;

	put(folk, "log", "a\n");
	log = open_log(folk);
	expect_next(log, "a");
	expect_no_more(log);
	late = open(path_of(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	put(folk, "log", "b\n"); /* between its last look and the new name */
	retain_at(folk, DAY, 8, NOW, &done);
	assert_true(done.rotated && there(folk, "log.0000000001") && !there(folk, "log"));
	expect_next(log, "b");
	expect_no_more(log);
	assert_int_equal(write(late, "c\n", 2), 2);
	expect_next(log, "c");
	put(folk, "log", "d\n");
	retain_at(folk, DAY, 8, NOW, &done);
	put(folk, "log", "e\n");
	retain_at(folk, DAY, 8, NOW, &done);
	put(folk, "log", "f\n");
	for (const char *at = "def"; *at; at++)
		expect_next(log, (char[]){*at, '\0'});
	expect_no_more(log);
	assert_int_equal(truncate(path_of(folk, "log"), 0), 0);
	expect_no_more(log);
	put(folk, "log", "g\n");
	expect_next(log, "g");
	expect_no_more(log);
	assert_int_equal(psg_log_damaged(log, true), 0);
	psg_log_close(&log);
	close(late);
}

static void renamed_when_large_or_old(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	retain_at(folk, DAY, 800, NOW, &done);
	assert_false(done.rotated);
	put(folk, "log", "");
	retain_at(folk, DAY, 0, NOW, &done);
	assert_false(done.rotated); /* empty */
	put_of(folk, "log", NOW - 40 * DAY);
	retain_at(folk, 366 * DAY, 800, NOW - 10 * DAY, &done);
	assert_false(done.rotated);
	retain_at(folk, 366 * DAY, 800, NOW - 10 * DAY + 1, &done);
	assert_true(done.rotated && done.size > 0);
	put_of(folk, "log", NOW);
	put_of(folk, "log", NOW);
	retain_at(folk, 366 * DAY, 800, NOW, &done);
	assert_false(done.rotated);
	put_of(folk, "log", NOW);
	retain_at(folk, 366 * DAY, 800, NOW, &done);
	assert_true(done.rotated && there(folk, "log.0000000002"));
	/* A clock that stood far ahead does not keep it from going by its size. */
	put_of(folk, "log", NOW + 1000 * DAY);
	retain_at(folk, DAY, 800, NOW, &done);
	assert_false(done.rotated);
}

static void by_age(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	put_of(folk, "log.0000000001", NOW - 91 * DAY);
	put_of(folk, "log.0000000002", NOW - 90 * DAY);
	put_of(folk, "log", NOW);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.removed, 1);
	assert_true(done.removed_size > 0 && done.size > 0 && done.held == 0);
	assert_true(!there(folk, "log.0000000001") && there(folk, "log.0000000002"));
	retain_at(folk, 90 * DAY, 1000000, NOW + 1, &done);
	assert_int_equal(done.removed, 1);
	assert_true(there(folk, "log"));
	/* What was just renamed stays, however old. */
	retain_at(folk, 90 * DAY, 1000000, NOW + 1000 * DAY, &done);
	assert_true(done.rotated && done.removed == 0);
	retain_at(folk, 90 * DAY, 1000000, NOW + 1000 * DAY, &done);
	assert_int_equal(done.removed, 1);
}

static void the_oldest_first(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct stat st;

	put_of(folk, "log.0000000001", NOW - 30 * DAY);
	put_of(folk, "log.0000000002", NOW - 20 * DAY);
	put_of(folk, "log.0000000003", NOW - 7 * DAY);
	put_of(folk, "log.0000000004", NOW - 6 * DAY);
	assert_int_equal(stat(path_of(folk, "log.0000000001"), &st), 0);
	retain_at(folk, 90 * DAY, 3 * (uint64_t)st.st_size, NOW, &done);
	assert_true(done.removed == 1 && there(folk, "log.0000000002"));
	/* For size alone nothing of the last week goes. */
	retain_at(folk, 90 * DAY, 1, NOW, &done);
	assert_true(done.removed == 1 && there(folk, "log.0000000003"));
	assert_int_equal(done.size, 2 * st.st_size);
	/* Unless the age itself is shorter. */
	retain_at(folk, 7 * DAY - 1, 1, NOW, &done);
	assert_true(done.removed == 1 && there(folk, "log.0000000004"));
}

/* A file whose clock stood in the past was still written after the one before it. */
static void a_clock_in_the_past(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	put_of(folk, "log.0000000001", NOW - 10 * DAY);
	put_of(folk, "log.0000000002", 1000 * DAY);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.removed, 0);
	retain_at(folk, 90 * DAY, 1000000, NOW + 81 * DAY, &done);
	assert_int_equal(done.removed, 2);
}

static void a_writer_is_waited_for(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	int late;

	put_of(folk, "log", NOW - 400 * DAY);
	late = open(path_of(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_true(done.rotated);
	put_of(folk, "log.0000000002", NOW - 300 * DAY);
	for (int i = 0; i < 2; i++) {
		retain_at(folk, 90 * DAY, 1000000, NOW, &done);
		/* It holds up no other. */
		assert_true(done.held == 1 && done.removed == (size_t)!i);
		assert_true(there(folk, "log.0000000001"));
	}
	/* A reader is no writer. */
	struct psg_log *log = open_log(folk);
	struct psg_log_line line;

	assert_int_equal(psg_log_next(log, &line), PSG_OK);
	close(late);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_true(done.held == 0 && done.removed == 1);
	psg_log_close(&log);
}

/* What it wrote while it was waited for makes the file young again. */
static void what_was_late_is_kept(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct psg_log *log;
	int late;

	put_of(folk, "log", NOW - 400 * DAY);
	late = open(path_of(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.held, 1);
	assert_int_equal(write(late, "late\n", 5), 5);
	close(late);
	retain_at(folk, 90 * DAY, 1000000, time(NULL) + 1, &done);
	assert_int_equal(done.removed, 0);
	log = open_log(folk);
	expect_previous(log, "late");
	psg_log_close(&log);
}

static void times_of_lines(void **state)
{
	static const char *const none[] = {
	    "",
	    "{}",
	    "{\"time\":\"2026-01-31T12:00:00Z",
	    "{\"time\":\"2026-01-31T12:00:00.1Z\"}",
	    " {\"time\":\"2026-01-31T12:00:00Z\"}",
	    "{\"time\":\"2026-13-31T12:00:00Z\"}",
	};
	const char *good = "{\"time\":\"2026-01-31T12:00:00Z\"";
	struct psg_log_line line = {good, strlen(good)};
	int64_t when = 0;

	(void)state;
	assert_true(psg_log_line_time(&line, &when));
	assert_int_equal(when, 1769860800);
	for (size_t i = 0; i < PSG_COUNT(none); i++) {
		line = (struct psg_log_line){none[i], strlen(none[i])};
		assert_false(psg_log_line_time(&line, &when));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_FILES(all_files_in_order),
	    FOLK_FILES(turned_round),
	    FOLK_FILES(none_is_empty),
	    FOLK_FILES(lines_of_any_length),
	    FOLK_FILES(followed_over_names),
	    FOLK_FILES(renamed_when_large_or_old),
	    FOLK_FILES(by_age),
	    FOLK_FILES(the_oldest_first),
	    FOLK_FILES(a_clock_in_the_past),
	    FOLK_FILES(a_writer_is_waited_for),
	    FOLK_FILES(what_was_late_is_kept),
	    cmocka_unit_test(times_of_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
