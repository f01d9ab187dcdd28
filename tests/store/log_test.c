/* The log over its renamed files: read forward, backward and as it grows; the times of its lines. */
#include "log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void all_files_in_order(void **state)
{
	struct folk *folk = *state;
	struct psg_log_line line;

	log_put(folk, "log.0000000010", "c\nd\n");
	log_put(folk, "log.0000000009", "a\nb\n");
	log_put(folk, "log", "e\n\nf\n");
	/* not ours */
	for (size_t i = 0; i < 5; i++)
		log_put(folk,
			(const char *const[]){"log.1", "log.00000000011", "log.000000000x",
					      "log.gz", "log.0000000000"}[i],
			"x\n");
	struct psg_log *log = log_opened(folk);

	for (const char *at = "abcde"; *at; at++)
		log_expect_next(log, (char[]){*at, '\0'});
	log_expect_next(log, "f");
	log_expect_no_more(log);
	psg_log_close(&log);
	log = log_opened(folk);
	log_expect_previous(log, "f");
	for (const char *at = "edcba"; *at; at++)
		log_expect_previous(log, (char[]){*at, '\0'});
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
		log_put(folk, "log", "a\nb\nc\n");
		log_put(folk, "log", ends[i]);
		struct psg_log *log = log_opened(folk);
		char whole[64];

		log_expect_previous(log, "c");
		log_expect_previous(log, "b");
		log_expect_no_more(log);
		log_put(folk, "log", "d\ne\n");
		snprintf(whole, sizeof(whole), "%sd", ends[i]);
		log_expect_next(log, whole);
		log_expect_next(log, "e");
		log_expect_no_more(log);
		psg_log_close(&log);
		assert_int_equal(unlink(log_path(folk, "log")), 0);
	}
	log_put(folk, "log", "never ended");
	struct psg_log *log = log_opened(folk);

	assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	log_put(folk, "log", "\n");
	log_expect_next(log, "never ended");
	psg_log_close(&log);
}

static void none_is_empty(void **state)
{
	struct folk *folk = *state;
	struct psg_log *log = log_opened(folk);
	struct psg_log_line line;

	log_expect_no_more(log);
	log_put(folk, "log", "first\n");
	log_expect_next(log, "first");
	log_expect_no_more(log);
	psg_log_close(&log);
	assert_int_equal(unlink(log_path(folk, "log")), 0);
	log = log_opened(folk);
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
		log_put(folk, "log", text);
	}
	log_put(folk, "log", "not ended");
	struct psg_log *log = log_opened(folk);

	for (size_t i = 0; i < PSG_COUNT(lengths); i++) {
		if (lengths[i] == 0 || lengths[i] >= PSG_LOG_LINE_MAX)
			continue;
		assert_int_equal(psg_log_next(log, &line), PSG_OK);
		assert_int_equal(line.len, lengths[i]);
		assert_true(line.text[line.len - 1] == 'a' + (int)i);
		given[count++] = line.len;
	}
	log_expect_no_more(log);
	assert_int_equal(psg_log_damaged(log, false), 4);
	assert_int_equal(psg_log_damaged(log, true), 1);
	psg_log_close(&log);
	log = log_opened(folk);
	while (count > 0) {
		assert_int_equal(psg_log_previous(log, &line), PSG_OK);
		assert_int_equal(line.len, given[--count]);
	}
	assert_int_equal(psg_log_previous(log, &line), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_log_damaged(log, true), 5);
	psg_log_close(&log);
	free(text);
}

/* Who follows sees what comes after each new name, and what a writer of before still had to say. */
static void followed_over_names(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct psg_log *log;
	int late;

	log_put(folk, "log", "a\n");
	log = log_opened(folk);
	log_expect_next(log, "a");
	log_expect_no_more(log);
	late = open(log_path(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	log_put(folk, "log", "b\n"); /* between its last look and the new name */
	log_retain_at(folk, DAY, 8, NOW, &done);
	assert_true(done.rotated && log_there(folk, "log.0000000001") && !log_there(folk, "log"));
	log_expect_next(log, "b");
	log_expect_no_more(log);
	assert_int_equal(write(late, "c\n", 2), 2);
	log_expect_next(log, "c");
	log_put(folk, "log", "d\n");
	log_retain_at(folk, DAY, 8, NOW, &done);
	log_put(folk, "log", "e\n");
	log_retain_at(folk, DAY, 8, NOW, &done);
	log_put(folk, "log", "f\n");
	for (const char *at = "def"; *at; at++)
		log_expect_next(log, (char[]){*at, '\0'});
	log_expect_no_more(log);
	assert_int_equal(truncate(log_path(folk, "log"), 0), 0);
	log_expect_no_more(log);
	log_put(folk, "log", "g\n");
	log_expect_next(log, "g");
	log_expect_no_more(log);
	assert_int_equal(psg_log_damaged(log, true), 0);
	psg_log_close(&log);
	close(late);
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
	    FOLK_FILES(all_files_in_order),  FOLK_FILES(turned_round),
	    FOLK_FILES(none_is_empty),       FOLK_FILES(lines_of_any_length),
	    FOLK_FILES(followed_over_names), cmocka_unit_test(times_of_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
