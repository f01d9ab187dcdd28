/* The names of the log's files, and the lines of one of them. */
#include "log_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "psg/text.h"

#define DIGITS 10
#define BLOCK ((int64_t)64 * 1024)
/* A line, its end, and backward the end of the one before it. */
#define BUFFER_SIZE (PSG_LOG_LINE_MAX + 1)

struct listing {
	struct psg_log_numbers *numbers;
	uint64_t after;
};

void psg_log_numbers_clear(struct psg_log_numbers *numbers)
{
	free(numbers->items);
	*numbers = (struct psg_log_numbers){0};
}

/* Ten digits and nothing else: what an administrator's logrotate makes (log.1, log-20260131) is not ours to read or remove. */
static bool number_of(const char *name, uint64_t *ret)
{
	uint64_t number = 0;

	if (strncmp(name, PSG_LOG_NAME ".", sizeof(PSG_LOG_NAME)) != 0)
		return false;
	name += sizeof(PSG_LOG_NAME);
	if (strlen(name) != DIGITS || strspn(name, "0123456789") != DIGITS)
		return false;
	for (; *name; name++)
		number = number * 10 + (uint64_t)(*name - '0');
	*ret = number;
	return number > 0;
}

static enum psg_err add_number(void *arg, const char *name)
{
	struct listing *listing = arg;
	struct psg_log_numbers *numbers = listing->numbers;
	uint64_t number, *grown;

	if (!number_of(name, &number) || number <= listing->after)
		return PSG_OK;
	grown = reallocarray(numbers->items, numbers->count + 1, sizeof(*grown));
	if (!grown)
		return PSG_ERR_NO_MEMORY;
	numbers->items = grown;
	grown[numbers->count++] = number;
	return PSG_OK;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

enum psg_err psg_log_numbers_list(struct psg_folder *root, uint64_t after,
				  struct psg_log_numbers *ret)
{
	struct psg_log_numbers numbers PSG_CLEANUP(psg_log_numbers_clear) = {0};
	struct listing listing = {&numbers, after};
	enum psg_err err = root->ops->list(root, add_number, &listing);

	if (err)
		return err;
	if (numbers.count)
		qsort(numbers.items, numbers.count, sizeof(*numbers.items), by_number);
	*ret = numbers;
	numbers = (struct psg_log_numbers){0};
	return PSG_OK;
}

void psg_log_part_name(uint64_t number, char out[static PSG_LOG_PART_SIZE])
{
	snprintf(out, PSG_LOG_PART_SIZE, PSG_LOG_NAME ".%010ju",
		 (uintmax_t)(number % UINT64_C(10000000000)));
}

void psg_log_part_close(struct psg_log_part *part)
{
	psg_close_fd(&part->fd);
	free(part->buffer);
	*part = (struct psg_log_part){.fd = -1, .at = -1};
}

static bool has_buffer(struct psg_log_part *part)
{
	if (!part->buffer)
		part->buffer = malloc(BUFFER_SIZE);
	return part->buffer != NULL;
}

static enum psg_err read_some(int fd, char *into, size_t room, size_t *ret_got)
{
	ssize_t got;

	do
		got = read(fd, into, room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return psg_err_from_errno(errno);
	*ret_got = (size_t)got;
	return PSG_OK;
}

/* More into the buffer; NOT_FOUND when there is no more. */
static enum psg_err fill(struct psg_log_part *part, size_t *damaged)
{
	size_t left = part->end - part->start, got = 0;
	enum psg_err err;

	if (left == PSG_LOG_LINE_MAX) {
		*damaged += !part->skipping;
		part->skipping = true;
		left = 0;
	}
	memmove(part->buffer, part->buffer + part->start, left);
	part->start = 0;
	part->end = left;
	err = read_some(part->fd, part->buffer + left, PSG_LOG_LINE_MAX - left, &got);
	if (err)
		return err;
	part->end += got;
	return got ? PSG_OK : PSG_ERR_NOT_FOUND;
}

enum psg_err psg_log_part_next(struct psg_log_part *part, size_t *damaged, struct psg_log_line *ret)
{
	size_t looked = 0; /* of what is left, where no line ends */

	if (part->fd < 0)
		return PSG_ERR_NOT_FOUND;
	if (!has_buffer(part))
		return PSG_ERR_NO_MEMORY;
	for (;;) {
		char *line = part->buffer + part->start;
		size_t left = part->end - part->start;
		char *end = looked < left ? memchr(line + looked, '\n', left - looked) : NULL;

		if (end) {
			bool whole = !part->skipping;

			*end = '\0';
			part->start += (size_t)(end - line) + 1;
			part->skipping = false;
			looked = 0;
			if (!whole || end == line)
				continue;
			*ret = (struct psg_log_line){line, (size_t)(end - line)};
			return PSG_OK;
		}
		looked = left == PSG_LOG_LINE_MAX ? 0 : left;
		enum psg_err err = fill(part, damaged);

		if (err)
			return err;
	}
}

static enum psg_err begin_backward(struct psg_log_part *part, size_t *damaged)
{
	struct stat st;
	char last = '\n';

	if (fstat(part->fd, &st) != 0)
		return psg_err_from_errno(errno);
	part->at = st.st_size;
	part->start = part->end = 0;
	if (st.st_size > 0 && pread(part->fd, &last, 1, st.st_size - 1) != 1)
		return PSG_ERR_IO;
	/* What is not ended is skipped as the rest of a line is that is too long. */
	part->skipping = last != '\n';
	*damaged += part->skipping;
	part->ended = part->skipping ? -1 : part->at;
	return PSG_OK;
}

/* What stands before the buffer into its beginning; NOT_FOUND at the file's. */
static enum psg_err fill_before(struct psg_log_part *part, size_t *damaged)
{
	ssize_t got;

	if (part->end == BUFFER_SIZE) {
		*damaged += !part->skipping;
		part->skipping = true;
	}
	if (part->skipping)
		part->end = 0;
	int64_t room = (int64_t)(BUFFER_SIZE - part->end), wanted = room < BLOCK ? room : BLOCK;

	if (wanted > part->at)
		wanted = part->at;
	if (wanted == 0)
		return PSG_ERR_NOT_FOUND;
	memmove(part->buffer + wanted, part->buffer, part->end);
	do
		got = pread(part->fd, part->buffer, (size_t)wanted, part->at - wanted);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return psg_err_from_errno(errno);
	if (got != wanted) /* cut short meanwhile */
		return PSG_ERR_IO;
	part->end += (size_t)wanted;
	part->at -= wanted;
	return PSG_OK;
}

/* Leaves out the end of a line that is not given; false when it begins before the buffer. */
static bool pass_skipped(struct psg_log_part *part)
{
	const char *before = part->end ? memrchr(part->buffer, '\n', part->end) : NULL;

	if (part->skipping && before) {
		part->end = (size_t)(before - part->buffer) + 1;
		part->skipping = false;
		if (part->ended < 0)
			part->ended = part->at + (int64_t)part->end;
	}
	return !part->skipping;
}

/* The last line of a buffer that ends with a line break, when it is whole in it. */
static bool take_last(struct psg_log_part *part, struct psg_log_line *ret)
{
	if (!pass_skipped(part) || part->end == 0)
		return false;
	size_t last = part->end - 1;
	const char *before = memrchr(part->buffer, '\n', last);
	size_t from = before ? (size_t)(before - part->buffer) + 1 : 0;

	if (!before && part->at > 0)
		return false;
	part->buffer[last] = '\0';
	part->end = from;
	*ret = (struct psg_log_line){part->buffer + from, last - from};
	return true;
}

enum psg_err psg_log_part_previous(struct psg_log_part *part, size_t *damaged,
				   struct psg_log_line *ret)
{
	enum psg_err err = PSG_OK;

	if (part->fd < 0)
		return PSG_ERR_NOT_FOUND;
	if (!has_buffer(part))
		return PSG_ERR_NO_MEMORY;
	if (part->at < 0)
		err = begin_backward(part, damaged);
	while (!err) {
		if (!take_last(part, ret)) {
			err = fill_before(part, damaged);
			continue;
		}
		/* As long as no line read forward: the first of a file may be. */
		*damaged += ret->len == PSG_LOG_LINE_MAX;
		if (ret->len > 0 && ret->len < PSG_LOG_LINE_MAX)
			return PSG_OK;
	}
	return err;
}
