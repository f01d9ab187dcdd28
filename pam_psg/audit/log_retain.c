/* How long the log is kept, see psg/log.h.
 *
 * MUST NOT lose a line that somebody is about to append: they open `log`, and may be stopped before they write
 *   (log_retain_test: a_writer_is_waited_for, what_was_late_is_kept)
 * MUST NOT remove a file before an older one that could be removed   (log_retain_test: the_oldest_first) */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log_parts.h"
#include "psg/clock.h"

#define DAY_S (INT64_C(24) * 3600)
#define ROTATE_MOST_S (30 * DAY_S)
#define SHARE 8 /* what one removal takes at once is no more than about this part */
#define NUMBER_MAX UINT64_C(9999999999)

struct round {
	struct psg_folder *root;
	const struct psg_log_retention *keep;
	int64_t now_s;
	struct psg_log_retained result;
};

/* What one file says of itself. */
struct judged {
	uint64_t size;
	int64_t first_s,
	    last_s;      /* times of lines; both the file's own time where no line says one */
	int64_t named_s; /* when the kernel last changed its name */
};

static enum psg_err edge(int fd, bool first, int64_t *ret_s)
{
	struct psg_log_part part PSG_CLEANUP(psg_log_part_close) = {.fd = -1, .at = -1};
	struct psg_log_line line;
	size_t damaged = 0;
	enum psg_err err;

	part.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (part.fd < 0 || lseek(part.fd, 0, SEEK_SET) != 0)
		return psg_err_from_errno(errno);
	do
		err = first ? psg_log_part_next(&part, &damaged, &line)
			    : psg_log_part_previous(&part, &damaged, &line);
	while (!err && !psg_log_line_time(&line, ret_s));
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err judge(int fd, struct judged *ret)
{
	struct stat st;
	enum psg_err err;

	if (fstat(fd, &st) != 0)
		return psg_err_from_errno(errno);
	*ret = (struct judged){(uint64_t)st.st_size, st.st_mtime, st.st_mtime, st.st_ctime};
	err = edge(fd, true, &ret->first_s);
	if (!err)
		err = edge(fd, false, &ret->last_s);
	if (ret->last_s < st.st_mtime)
		ret->last_s = st.st_mtime;
	return err;
}

static bool is_longer(int64_t now_s, int64_t since_s, int64_t than_s)
{
	return since_s <= now_s && now_s - since_s > than_s;
}

static bool is_over(const struct round *round, const struct judged *judged)
{
	const struct psg_log_retention *keep = round->keep;
	int64_t young_s = keep->age_s < PSG_LOG_YOUNG_S ? keep->age_s : PSG_LOG_YOUNG_S;

	return is_longer(round->now_s, judged->last_s, keep->age_s) ||
	       (round->result.size > keep->size &&
		is_longer(round->now_s, judged->last_s, young_s));
}

/* Nobody has it open to write, and from now on nobody gets to: the kernel gives a read lease on no other terms, and
 * only psgctl knows the name. Where the file system has no leases, a day is given to whoever opened it. */
static bool is_let_go(const struct round *round, int fd, const struct judged *judged)
{
	/* Else whoever wants the lease back would end us with SIGIO. */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return true;
	return errno != EAGAIN && is_longer(round->now_s, judged->named_s, DAY_S);
}

/* NOT_FOUND: it is kept, and so is what comes after it: that was written later, whatever a clock that was wrong says. */
static enum psg_err remove_one(struct round *round, uint64_t number)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	char name[PSG_LOG_PART_SIZE];
	struct judged judged;
	enum psg_err err;

	psg_log_part_name(number, name);
	err = round->root->ops->open_file(round->root, name, &fd);
	if (err) /* another's doing: nothing to decide */
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	err = judge(fd, &judged);
	if (err)
		return err;
	if (!is_over(round, &judged))
		return PSG_ERR_NOT_FOUND;
	if (!is_let_go(round, fd, &judged)) {
		round->result.held++;
		return PSG_OK;
	}
	/* Whoever let go may have written first. */
	err = judge(fd, &judged);
	if (err)
		return err;
	if (!is_over(round, &judged))
		return PSG_ERR_NOT_FOUND;
	err = round->root->ops->remove(round->root, name);
	if (err)
		return err;
	round->result.removed++;
	round->result.removed_size += judged.size;
	round->result.size -= judged.size < round->result.size ? judged.size : round->result.size;
	return PSG_OK;
}

static enum psg_err rotate(struct round *round, uint64_t number)
{
	const struct psg_log_retention *keep = round->keep;
	int64_t age_s = keep->age_s / SHARE < ROTATE_MOST_S ? keep->age_s / SHARE : ROTATE_MOST_S;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	char name[PSG_LOG_PART_SIZE];
	struct judged judged;
	enum psg_err err = round->root->ops->open_file(round->root, PSG_LOG_NAME, &fd);

	if (!err)
		err = judge(fd, &judged);
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	round->result.size += judged.size;
	if (judged.size == 0 || number > NUMBER_MAX ||
	    (judged.size <= keep->size / SHARE && !is_longer(round->now_s, judged.first_s, age_s)))
		return PSG_OK;
	psg_log_part_name(number, name);
	err = round->root->ops->rename(round->root, PSG_LOG_NAME, name, true);
	round->result.rotated = !err;
	return err;
}

static enum psg_err add_sizes(struct round *round, const struct psg_log_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		int fd PSG_CLEANUP(psg_close_fd) = -1;
		char name[PSG_LOG_PART_SIZE];
		struct stat st;

		psg_log_part_name(numbers->items[i], name);
		enum psg_err err = round->root->ops->open_file(round->root, name, &fd);

		if (err && err != PSG_ERR_NOT_FOUND)
			return err;
		if (!err && fstat(fd, &st) == 0)
			round->result.size += (uint64_t)st.st_size;
	}
	return PSG_OK;
}

enum psg_err psg_log_retain(struct psg_folder *root, const struct psg_log_retention *keep,
			    int64_t now_realtime_ns, struct psg_log_retained *ret)
{
	struct psg_log_numbers numbers PSG_CLEANUP(psg_log_numbers_clear) = {0};
	struct round round = {.root = root, .keep = keep, .now_s = now_realtime_ns / PSG_NS_PER_S};
	enum psg_err err = psg_log_numbers_list(root, 0, &numbers);

	if (!err)
		err = rotate(&round, numbers.count ? numbers.items[numbers.count - 1] + 1 : 1);
	if (!err)
		err = add_sizes(&round, &numbers);
	for (size_t i = 0; i < numbers.count && !err; i++)
		err = remove_one(&round, numbers.items[i]);
	if (err && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret = round.result;
	return PSG_OK;
}
