/* The log as one sequence of lines, see psg/log.h.
 *
 * MUST NOT miss a line, nor give one twice, that was there when it looked, however often the file is renamed
 *   meanwhile (log_race_test: all of it) */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log_parts.h"
#include "psg/text.h"

/* Renamed as often as this within one look: somebody does nothing else. */
#define TRIES 1000

struct psg_log {
	struct psg_folder *root; /* borrowed */
	struct psg_log_numbers
	    numbers; /* of renamed files, from `next` on not yet read; backward: up to it */
	size_t next;
	uint64_t last;              /* the highest number seen */
	struct psg_log_part tail;   /* `log` itself */
	struct psg_log_part part;   /* a renamed file that is read */
	struct psg_log_part before; /* the last renamed: who had it open may still write */
	bool turned;                /* psg_log_previous was called last */
	bool backward, emptied;     /* backward: beyond the tail; emptied: it was read
				 * to its end after it was renamed */
	size_t damaged;
};

void psg_log_close(struct psg_log **log)
{
	struct psg_log *old = *log;

	*log = NULL;
	if (!old)
		return;
	psg_log_numbers_clear(&old->numbers);
	psg_log_part_close(&old->tail);
	psg_log_part_close(&old->part);
	psg_log_part_close(&old->before);
	free(old);
}

static bool numbers_equal(const struct psg_log_numbers *a, const struct psg_log_numbers *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0);
}

/* The renamed files above `last`, and `log`, of one moment: nothing was renamed between the two. */
static enum psg_err look(struct psg_log *log)
{
	struct psg_folder *root = log->root;
	struct psg_log_numbers numbers PSG_CLEANUP(psg_log_numbers_clear) = {0};
	enum psg_err err = psg_log_numbers_list(root, log->last, &numbers);

	for (int i = 0; !err && i < TRIES; i++) {
		struct psg_log_numbers again PSG_CLEANUP(psg_log_numbers_clear) = {0};
		int fd PSG_CLEANUP(psg_close_fd) = -1;

		err = root->ops->open_file(root, PSG_LOG_NAME, &fd);
		if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
		if (!err)
			err = psg_log_numbers_list(root, log->last, &again);
		if (err)
			return err;
		struct psg_log_numbers swap = numbers;

		numbers = again;
		again = swap;
		if (!numbers_equal(&numbers, &again))
			continue;
		psg_log_numbers_clear(&log->numbers);
		log->numbers = numbers;
		numbers = (struct psg_log_numbers){0};
		log->next = 0;
		if (log->numbers.count)
			log->last = log->numbers.items[log->numbers.count - 1];
		log->tail.fd = fd;
		fd = -1;
		return PSG_OK;
	}
	return err ? err : PSG_ERR_IO;
}

enum psg_err psg_log_open(struct psg_folder *root, struct psg_log **ret)
{
	struct psg_log *log PSG_CLEANUP(psg_log_close) = calloc(1, sizeof(*log));
	enum psg_err err;

	if (!log)
		return PSG_ERR_NO_MEMORY;
	log->root = root;
	log->tail = log->part = log->before = (struct psg_log_part){.fd = -1, .at = -1};
	err = look(log);
	if (err)
		return err;
	*ret = log;
	log = NULL;
	return PSG_OK;
}

static bool same_file(int a, int b)
{
	struct stat one, other;

	return a >= 0 && b >= 0 && fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Opens a renamed file; NOT_FOUND where it was removed meanwhile, or is the one that was read as `log`. */
static enum psg_err open_part(struct psg_log *log, uint64_t number)
{
	char name[PSG_LOG_PART_SIZE];
	enum psg_err err;

	psg_log_part_name(number, name);
	psg_log_part_close(&log->part);
	err = log->root->ops->open_file(log->root, name, &log->part.fd);
	if (!err && same_file(log->part.fd, log->before.fd))
		psg_log_part_close(&log->part);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* A last line without an end: whoever wrote it did so in one write, and nothing more comes of it. */
static void end_part(struct psg_log *log, const struct psg_log_part *part)
{
	log->damaged += part->end > part->start && !part->skipping;
}

/* Whether `log` is another file by now. A tail that was cut short is read from its beginning. */
static enum psg_err judge_tail(struct psg_log *log, bool *ret_other)
{
	struct psg_log_part *tail = &log->tail;
	struct stat st;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = log->root->ops->open_file(log->root, PSG_LOG_NAME, &fd);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret_other = tail->fd >= 0;
		return PSG_OK;
	}
	if (err)
		return err;
	*ret_other = !same_file(fd, tail->fd);
	if (!*ret_other && fstat(fd, &st) == 0 && st.st_size < lseek(tail->fd, 0, SEEK_CUR)) {
		end_part(log, tail);
		tail->start = tail->end = 0;
		tail->skipping = false;
		if (lseek(tail->fd, 0, SEEK_SET) != 0)
			return PSG_ERR_IO;
	}
	return PSG_OK;
}

/* Of what was read to its end the last renamed file is kept at hand. */
static void keep_before(struct psg_log *log, struct psg_log_part *part)
{
	if (part->fd < 0)
		return;
	end_part(log, &log->before);
	psg_log_part_close(&log->before);
	log->before = *part;
	*part = (struct psg_log_part){.fd = -1, .at = -1};
}

/* The tail was renamed: what is new is read after the rest of it. */
static enum psg_err move_on(struct psg_log *log)
{
	keep_before(log, &log->tail);
	log->emptied = false;
	return look(log);
}

/* NOT_FOUND: nothing new; OK without a line: something changed, look again. */
static enum psg_err go_on(struct psg_log *log, bool *ret_line, struct psg_log_line *ret)
{
	bool other = false;
	enum psg_err err = psg_log_part_next(&log->tail, &log->damaged, ret);

	if (err == PSG_ERR_NOT_FOUND && !log->emptied)
		err = psg_log_part_next(&log->before, &log->damaged, ret);
	*ret_line = !err;
	if (err != PSG_ERR_NOT_FOUND)
		return err;
	if (log->emptied)
		return move_on(log);
	off_t was = log->tail.fd >= 0 ? lseek(log->tail.fd, 0, SEEK_CUR) : 0;

	err = judge_tail(log, &other);
	if (err)
		return err;
	/* Once more to its end, which may have come just before the name. */
	log->emptied = other;
	return other || (log->tail.fd >= 0 && lseek(log->tail.fd, 0, SEEK_CUR) < was)
		   ? PSG_OK
		   : PSG_ERR_NOT_FOUND;
}

/* After psg_log_previous: on from where the last line ended. */
static enum psg_err turn_round(struct psg_log *log)
{
	struct psg_log_part *tail = &log->tail;

	log->turned = log->backward = false;
	psg_log_part_close(&log->part);
	log->next = log->numbers.count;
	tail->start = tail->end = 0;
	tail->skipping = false;
	tail->at = -1;
	if (tail->fd >= 0 && lseek(tail->fd, tail->ended > 0 ? tail->ended : 0, SEEK_SET) < 0)
		return PSG_ERR_IO;
	return PSG_OK;
}

enum psg_err psg_log_next(struct psg_log *log, struct psg_log_line *ret)
{
	enum psg_err err = log->turned ? turn_round(log) : PSG_OK;

	while (!err) {
		bool line = false;

		err = psg_log_part_next(&log->part, &log->damaged, ret);
		if (err != PSG_ERR_NOT_FOUND)
			return err;
		keep_before(log, &log->part);
		if (log->next < log->numbers.count) {
			err = open_part(log, log->numbers.items[log->next++]);
			continue;
		}
		err = go_on(log, &line, ret);
		if (line)
			return err;
	}
	return err;
}

enum psg_err psg_log_previous(struct psg_log *log, struct psg_log_line *ret)
{
	struct psg_log_part *part = log->backward ? &log->part : &log->tail;
	enum psg_err err = psg_log_part_previous(part, &log->damaged, ret);

	log->turned = true;
	while (err == PSG_ERR_NOT_FOUND) {
		if (!log->backward) {
			log->backward = true;
			log->next = log->numbers.count;
		}
		if (log->next == 0)
			return PSG_ERR_NOT_FOUND;
		err = open_part(log, log->numbers.items[--log->next]);
		if (!err)
			err = psg_log_part_previous(&log->part, &log->damaged, ret);
	}
	return err;
}

size_t psg_log_damaged(struct psg_log *log, bool ended)
{
	size_t damaged = log->damaged;

	if (ended && !log->turned) {
		end_part(log, &log->tail);
		end_part(log, &log->before);
		damaged = log->damaged;
	}
	log->damaged = 0;
	return damaged;
}

bool psg_log_line_time(const struct psg_log_line *line, int64_t *ret_s)
{
	static const char begins[] = "{\"time\":\"";
	const size_t before = sizeof(begins) - 1, len = sizeof("2026-01-31T12:00:00Z") - 1;
	char time[PSG_TIME_SIZE];

	if (line->len < before + len + 1 || memcmp(line->text, begins, before) != 0 ||
	    line->text[before + len] != '"')
		return false;
	memcpy(time, line->text + before, len);
	time[len] = '\0';
	return psg_time_parse(time, ret_s) == PSG_OK;
}
