/* One line more at the end of a file, see files.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files.h"

#define TRIES 100

static int append_open(int folder, const char *name, bool make)
{
	int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd;

	do
		fd = openat(folder, name, make ? flags | O_CREAT | O_EXCL : flags, 0600);
	while (fd < 0 && errno == EINTR);
	return psg_files_above_two(fd);
}

/* A disk that fills cuts a line short; the next must not be read as the rest of it. Still one
 * write, so that lines of several processes never mix. A line that another process is just writing across a page looks
 * cut short too, for that moment: then an empty line comes between the two, which says nothing. */
static enum psg_err append_line(int fd, const struct stat *st, const void *line, size_t len)
{
	char last = '\n';
	struct iovec parts[2] = {{(char[]){'\n'}, 1}, {(void *)(uintptr_t)line, len}};
	size_t first;
	ssize_t n;
	enum psg_err err = psg_files_fit(fd, true, len + 1);

	if (err != PSG_OK)
		return err;
	if (st->st_size > 0 && pread(fd, &last, 1, st->st_size - 1) != 1)
		last = '\n';
	first = last == '\n';
	do
		n = writev(fd, parts + first, 2 - (int)first);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return psg_err_from_errno(errno);
	return (size_t)n == len + 1 - first ? PSG_OK : PSG_ERR_NO_ROOM;
}

enum psg_err psg_files_append(int folder, const char *name, uid_t owner, const void *line,
			      size_t len)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = PSG_OK;
	struct stat st;

	/* Another makes it, and yet another renames it (psg_log_retain), while a caller of su has us stopped in between. */
	for (int i = 0; i < TRIES && fd < 0 && (i == 0 || errno == EEXIST); i++) {
		fd = append_open(folder, name, false);
		if (fd >= 0 || errno != ENOENT)
			break;
		fd = append_open(folder, name, true);
		if (fd >= 0)
			err = psg_files_own(fd, owner);
	}
	if (fd < 0 || (err == PSG_OK && fstat(fd, &st) != 0))
		return psg_files_odd_errno(errno);
	if (err != PSG_OK)
		return err;
	if (!S_ISREG(st.st_mode) || st.st_uid != owner || (st.st_mode & 077) != 0)
		return PSG_ERR_UNSAFE;
	return append_line(fd, &st, line, len);
}
