/* Single files, see files.h.
 *
 * The caller of su or sudo chose our umask, limits and which of descriptors 0 to 2 are open.
 * MUST judge what was opened, by its descriptor (files_odd_are_unsafe in tests/store/folder_test.c).
 * MUST NOT block: a FIFO in the place of a record holds nobody up (files_fifo_does_not_block).
 * MUST NOT hand out descriptor 0, 1 or 2: a host's message to stderr would land in a record
 *   (files_descriptors_above_two). */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "psg/key.h"
#include "psg/text.h"

int psg_files_above_two(int fd)
{
	int high, saved;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	saved = errno;
	close(fd);
	errno = saved;
	return high;
}

enum psg_err psg_files_no_name(int folder, int errnum)
{
	struct statvfs fs;

	/* btrfs and its like count no inodes: f_files is 0 there. */
	if (errnum == ENOSPC && fstatvfs(folder, &fs) == 0 && fs.f_files > 0 && fs.f_ffree == 0)
		return PSG_ERR_NO_INODES;
	return psg_err_from_errno(errnum);
}

/* Asked, not tried: a write that begins at the limit is a SIGXFSZ, and the host's end. */
enum psg_err psg_files_fit(int fd, bool at_end, size_t len)
{
	struct rlimit limit;
	off_t at;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return psg_err_from_errno(errno);
	if (limit.rlim_cur == RLIM_INFINITY)
		return PSG_OK;
	at = lseek(fd, 0, at_end ? SEEK_END : SEEK_CUR);
	if (at < 0)
		return psg_err_from_errno(errno);
	return (rlim_t)at <= limit.rlim_cur && len <= limit.rlim_cur - (rlim_t)at
		   ? PSG_OK
		   : PSG_ERR_FILE_LIMIT;
}

enum psg_err psg_files_own(int fd, uid_t owner)
{
	/* su runs with the caller's group; only root can and need give the file to group 0. */
	gid_t group = owner == 0 ? 0 : (gid_t)-1;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return psg_err_from_errno(errno);
	/* Mostly it is so already, and each change is one more for the journal. */
	if ((st.st_uid != owner || (owner == 0 && st.st_gid != 0)) && fchown(fd, owner, group) != 0)
		return psg_err_from_errno(errno);
	if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) != 0)
		return psg_err_from_errno(errno);
	return PSG_OK;
}

enum psg_err psg_files_odd_errno(int errnum)
{
	/* ENXIO: a FIFO that nobody reads, or a socket, in the place of a file. */
	if (errnum == ENOTDIR || errnum == ELOOP || errnum == ENXIO)
		return PSG_ERR_UNSAFE;
	return psg_err_from_errno(errnum);
}

static bool is_safe(const struct stat *st, uid_t owner)
{
	return S_ISREG(st->st_mode) && st->st_uid == owner && (st->st_mode & 077) == 0;
}

/* Why it could not be opened: a link, a socket, or a mode that even its owner may not read are
 * "not a record of ours", not a failing disk. */
static enum psg_err open_failed(int folder, const char *name, uid_t owner, int errnum)
{
	struct stat st;

	if (errnum == ELOOP || errnum == ENXIO || errnum == ENODEV)
		return PSG_ERR_UNSAFE;
	if (errnum == EACCES && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_uid == owner && !(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600))
		return PSG_ERR_UNSAFE;
	return psg_err_from_errno(errnum);
}

enum psg_err psg_files_open(int folder, const char *name, uid_t owner, int *ret_fd,
			    struct stat *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat st;

	do
		fd =
		    openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return open_failed(folder, name, owner, errno);
	fd = psg_files_above_two(fd);
	if (fd < 0 || fstat(fd, &st) != 0)
		return psg_err_from_errno(errno);
	if (!is_safe(&st, owner))
		return PSG_ERR_UNSAFE;
	*ret_fd = fd;
	*ret = st;
	fd = -1;
	return PSG_OK;
}

enum psg_err psg_files_read(int fd, const struct stat *st, void *buf, size_t size, size_t *ret_len)
{
	unsigned char *at = buf, more;
	size_t len = 0;

	/* Most files end where they ended a moment ago, and one read says so. */
	while (len == 0 || (off_t)len != st->st_size) {
		ssize_t n = read(fd, len < size ? at + len : &more, len < size ? size - len : 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return psg_err_from_errno(errno);
		if (n == 0)
			break;
		if (len == size)
			return PSG_ERR_CORRUPT;
		len += (size_t)n;
	}
	*ret_len = len;
	return PSG_OK;
}

enum psg_err psg_files_write(int fd, const void *bytes, size_t len)
{
	enum psg_err err = psg_files_fit(fd, false, len);
	ssize_t n;

	if (err != PSG_OK)
		return err;
	do
		n = write(fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return psg_err_from_errno(errno);
	return (size_t)n == len ? PSG_OK : PSG_ERR_NO_ROOM;
}

enum psg_err psg_files_sync(int fd)
{
	int rc;

	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	return rc == 0 ? PSG_OK : psg_err_from_errno(errno);
}

enum psg_err psg_files_temporary(int folder, uid_t owner, char name[static PSG_TEMPORARY_SIZE],
				 int *ret_fd)
{
	uint8_t unique[16];
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err;

	psg_random(unique, sizeof(unique));
	memcpy(name, ".tmp-", 6);
	psg_hex_encode(unique, sizeof(unique), name + 5);
	do
		fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return psg_files_no_name(folder, errno);
	fd = psg_files_above_two(fd);
	err = fd < 0 ? psg_err_from_errno(errno) : psg_files_own(fd, owner);
	if (err != PSG_OK) {
		(void)unlinkat(folder, name, 0);
		return err;
	}
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}

static enum psg_err open_parent(const char *path, const char **ret_base, int *ret_fd)
{
	const char *slash = strrchr(path, '/');
	char parent[4096] = ".";
	int fd;

	*ret_base = slash == NULL ? path : slash + 1;
	if (slash != NULL &&
	    snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path),
		     path) >= (int)sizeof(parent))
		return PSG_ERR_INVALID;
	if (**ret_base == '\0')
		return PSG_ERR_INVALID;
	fd = psg_files_above_two(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0)
		return psg_err_from_errno(errno);
	*ret_fd = fd;
	return PSG_OK;
}

enum psg_err psg_files_sync_name(const char *path)
{
	int folder PSG_CLEANUP(psg_close_fd) = -1;
	const char *base;
	enum psg_err err = open_parent(path, &base, &folder);

	return err == PSG_OK ? psg_files_sync(folder) : err;
}

/* Through /proc a file gets its first name without any capability. */
#define OWN_FILES "/proc/self/fd"

/* Without a name of its own until it is whole: a crash leaves no copy of a key behind, which nobody would ever
 * look for. A name beside (`name` not empty) where the file system has no such files, or nothing is mounted at /proc,
 * as where an image is built. */
static enum psg_err make_unnamed(int folder, char name[static PSG_TEMPORARY_SIZE], int *ret_fd)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err;

	name[0] = '\0';
	if (access(OWN_FILES, X_OK) == 0)
		fd = psg_files_above_two(openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	if (fd < 0)
		return psg_files_temporary(folder, geteuid(), name, ret_fd);
	err = psg_files_own(fd, geteuid());
	if (err != PSG_OK)
		return err;
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}

static enum psg_err give_name(int folder, const char *name, int fd, const char *base)
{
	char own[32];
	int rc;

	(void)snprintf(own, sizeof(own), OWN_FILES "/%d", fd);
	if (name[0] != '\0')
		rc = linkat(folder, name, folder, base, 0);
	else
		rc = linkat(AT_FDCWD, own, folder, base, AT_SYMLINK_FOLLOW);
	return rc == 0 ? PSG_OK : psg_err_from_errno(errno);
}

/* A link, not a rename: it fails where the name is taken, and what it makes is whole already. */
enum psg_err psg_files_make_whole(const char *path, const void *bytes, size_t len)
{
	int folder PSG_CLEANUP(psg_close_fd) = -1;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	char name[PSG_TEMPORARY_SIZE];
	const char *base;
	enum psg_err err = open_parent(path, &base, &folder), synced;

	if (err == PSG_OK)
		err = make_unnamed(folder, name, &fd);
	if (err != PSG_OK)
		return err;
	err = psg_files_write(fd, bytes, len);
	if (err == PSG_OK)
		err = psg_files_sync(fd);
	if (err == PSG_OK)
		err = give_name(folder, name, fd, base);
	if (name[0] != '\0')
		(void)unlinkat(folder, name, 0);
	/* Taken: perhaps by somebody who was killed before this. */
	if (err != PSG_OK && err != PSG_ERR_EXISTS)
		return err;
	synced = psg_files_sync(folder);
	return synced != PSG_OK ? synced : err;
}
