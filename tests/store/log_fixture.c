#include "log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "psg/text.h"

const char *log_path(const struct folk *folk, const char *name)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % PSG_COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folk->path, name);
	return path;
}

bool log_there(const struct folk *folk, const char *name)
{
	return access(log_path(folk, name), F_OK) == 0;
}

void log_put(const struct folk *folk, const char *name, const char *text)
{
	FILE *file = fopen(log_path(folk, name), "ae");

	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void log_put_of(const struct folk *folk, const char *name, int64_t when_s)
{
	const struct timespec times[2] = {{.tv_sec = when_s}, {.tv_sec = when_s}};
	char time[PSG_TIME_SIZE], line[128];

	psg_time_format(when_s, time);
	snprintf(line, sizeof(line), "{\"time\":\"%s\",\"event\":\"Bound\"}\n", time);
	log_put(folk, name, line);
	assert_int_equal(utimensat(AT_FDCWD, log_path(folk, name), times, 0), 0);
}

struct psg_log *log_opened(struct folk *folk)
{
	struct psg_log *log = NULL;

	assert_int_equal(psg_log_open(folk->store->root, &log), PSG_OK);
	return log;
}

void log_expect_next(struct psg_log *log, const char *text)
{
	struct psg_log_line line;

	assert_int_equal(psg_log_next(log, &line), PSG_OK);
	assert_string_equal(line.text, text);
	assert_int_equal(line.len, strlen(text));
}

void log_expect_previous(struct psg_log *log, const char *text)
{
	struct psg_log_line line;

	assert_int_equal(psg_log_previous(log, &line), PSG_OK);
	assert_string_equal(line.text, text);
	assert_int_equal(line.len, strlen(text));
}

void log_expect_no_more(struct psg_log *log)
{
	struct psg_log_line line;

	for (int i = 0; i < 3; i++)
		assert_int_equal(psg_log_next(log, &line), PSG_ERR_NOT_FOUND);
}

void log_retain_at(struct folk *folk, int64_t age_s, uint64_t size, int64_t now_s,
		   struct psg_log_retained *ret)
{
	const struct psg_log_retention keep = {.age_s = age_s, .size = size};

	assert_int_equal(psg_log_retain(folk->store->root, &keep, now_s * PSG_NS_PER_S, ret),
			 PSG_OK);
}
