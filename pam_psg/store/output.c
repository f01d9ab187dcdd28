/* Private files outside the store, see psg/output.h.
 *
 * MUST NOT write through a link, nor over what is something else: `psgctl backup /etc/passwd` is a mistake of the
 *   hand, and a link in a folder that others may write is a trap (tests/cli/test_backup.py, test_what_stands_there). */
#include "psg/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static enum psg_err split(const char *path, char parent[static 4096], char name[static 256])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0 ||
	    strlen(base) >= 256 || len >= 4096)
		return PSG_ERR_INVALID;
	if (len == 0)
		strcpy(parent, ".");
	else
		(void)snprintf(parent, 4096, "%.*s", (int)len, path);
	strcpy(name, base);
	return PSG_OK;
}

static enum psg_err judge_present(int folder, const char *name, psg_output_ours_fn *ours)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? PSG_OK : psg_err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return PSG_ERR_UNSAFE;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return psg_files_odd_errno(errno);
	return ours(fd) ? PSG_OK : PSG_ERR_EXISTS;
}

enum psg_err psg_output_begin(const char *path, psg_output_ours_fn *ours, struct psg_output *ret)
{
	struct psg_output output PSG_CLEANUP(psg_output_drop) = {.folder = -1, .fd = -1};
	char parent[4096];
	enum psg_err err = split(path, parent, output.name);

	if (err != PSG_OK)
		return err;
	output.folder = psg_files_above_two(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (output.folder < 0)
		return psg_files_odd_errno(errno);
	err = judge_present(output.folder, output.name, ours);
	if (err == PSG_OK)
		err = psg_files_temporary(output.folder, geteuid(), output.beside, &output.fd);
	if (err != PSG_OK)
		return err;
	*ret = output;
	output = (struct psg_output){.folder = -1, .fd = -1};
	return PSG_OK;
}

enum psg_err psg_output_end(struct psg_output *output, bool keep)
{
	enum psg_err err = keep ? psg_files_sync(output->fd) : PSG_OK;

	if (keep && err == PSG_OK &&
	    renameat(output->folder, output->beside, output->folder, output->name) != 0)
		err = psg_err_from_errno(errno);
	if (!keep || err != PSG_OK)
		(void)unlinkat(output->folder, output->beside, 0);
	psg_close_fd(&output->fd);
	if (keep && err == PSG_OK)
		err = psg_files_sync(output->folder);
	psg_close_fd(&output->folder);
	*output = (struct psg_output){.folder = -1, .fd = -1};
	return err;
}

void psg_output_drop(struct psg_output *output)
{
	if (output->fd >= 0)
		(void)!psg_output_end(output, false);
	psg_close_fd(&output->folder);
	*output = (struct psg_output){.folder = -1, .fd = -1};
}

enum psg_err psg_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? psg_err_from_errno(errno) : PSG_ERR_NO_ROOM;
		at += n;
		len -= (size_t)n;
	}
	return PSG_OK;
}

enum psg_err psg_input_open(const char *path, mode_t forbidden, int *ret_fd)
{
	int fd PSG_CLEANUP(psg_close_fd) = psg_files_above_two(
	    open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	struct stat st;

	if (fd < 0)
		return psg_files_odd_errno(errno);
	if (fstat(fd, &st) != 0)
		return psg_err_from_errno(errno);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & forbidden) != 0)
		return PSG_ERR_UNSAFE;
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}
