/* The store's folders on files, see psg/folder.h.
 *
 * MUST judge every folder and file by its open descriptor (folders_odd_are_unsafe, files_odd_are_unsafe
 *   in tests/store/folder_test.c): owner, type, nothing for group and others.
 * MUST say NOT_FOUND for ENOENT alone: a process out of descriptors that reads an empty folder would
 *   find no code spent (files_out_of_descriptors).
 * MUST make a folder's name durable before anything is written in it, whoever made it
 *   (test_a_login_after_one_that_was_killed_is_spent in tests/hosts/test_power.py).
 * MUST NOT wait for another process; MUST NOT follow a link from the store's own folder down. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "psg/clock.h"

struct files {
	struct psg_folder folder;
	int fd;
	uid_t owner;
	bool no_hidden; /* the last listing showed no name that begins with '.' */
	int put_fd;     /* -1, or the descriptor of the put that is under way */
	char put_name[PSG_TEMPORARY_SIZE];
};

static const struct psg_folder_ops files_ops;

static struct files *files_of(struct psg_folder *folder)
{
	return (struct files *)(void *)folder;
}

/* -- folders -- */

/* A folder that its maker has not made durable yet. Whoever is about to write into it first makes its name
 * durable himself, for the maker may have been killed: else a synced code in it could be lost with the folder. */
#define UNSYNCED S_ISVTX

/* Killed between mkdir and chmod under umask 0777, a maker leaves a folder of mode 01000, which root's capabilities
 * open and others' do not. */
static enum psg_err folder_finish(int fd, const struct stat *st, const struct files *maker)
{
	enum psg_err err = PSG_OK;

	if (maker == NULL || (st->st_mode & (UNSYNCED | 0700)) == 0700)
		return PSG_OK;
	err = psg_files_sync(maker->fd);
	if (err == PSG_OK && fchmod(fd, 0700) != 0)
		err = psg_err_from_errno(errno);
	return err;
}

/* Takes over `fd`. `maker`: the folder it is in, if it may be made; or NULL. */
static enum psg_err folder_judge(int fd, uid_t owner, const struct files *maker,
				 struct psg_folder **ret)
{
	int held PSG_CLEANUP(psg_close_fd) = psg_files_above_two(fd);
	struct files *files;
	struct stat st;
	enum psg_err err;

	if (held < 0 || fstat(held, &st) != 0)
		return psg_err_from_errno(errno);
	if (!S_ISDIR(st.st_mode) || st.st_uid != owner || (st.st_mode & 077) != 0)
		return PSG_ERR_UNSAFE;
	err = folder_finish(held, &st, maker);
	if (err != PSG_OK)
		return err;
	files = calloc(1, sizeof(*files));
	if (files == NULL)
		return PSG_ERR_NO_MEMORY;
	files->folder.ops = &files_ops;
	files->fd = held;
	files->owner = owner;
	files->put_fd = -1;
	held = -1;
	*ret = &files->folder;
	return PSG_OK;
}

static int folder_openat(int parent, const char *name)
{
	int fd;

	do
		fd = openat(parent, name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static enum psg_err files_make_folder(struct files *parent, const char *name)
{
	gid_t group = parent->owner == 0 ? 0 : (gid_t)-1;

	if (mkdirat(parent->fd, name, UNSYNCED | 0700) != 0)
		return errno == EEXIST ? PSG_OK : psg_files_no_name(parent->fd, errno);
	/* By name, while umask 0777 may have left a folder that cannot be opened: nobody else can
	 * change what the name stands for inside a 0700 folder. */
	if (fchmodat(parent->fd, name, UNSYNCED | 0700, 0) != 0 ||
	    fchownat(parent->fd, name, parent->owner, group, AT_SYMLINK_NOFOLLOW) != 0)
		return psg_err_from_errno(errno);
	return PSG_OK; /* folder_finish does the rest */
}

static enum psg_err files_open(struct psg_folder *folder, const char *name, bool make,
			       struct psg_folder **ret)
{
	struct files *parent = files_of(folder);
	int fd = folder_openat(parent->fd, name);
	enum psg_err err;

	if (fd < 0 && errno == ENOENT && make) {
		err = files_make_folder(parent, name);
		if (err != PSG_OK)
			return err;
		fd = folder_openat(parent->fd, name);
	}
	if (fd < 0)
		return psg_files_odd_errno(errno);
	return folder_judge(fd, parent->owner, make ? parent : NULL, ret);
}

enum psg_err psg_folder_open_files(const char *path, uid_t owner, struct psg_folder **ret)
{
	char own[4096];
	size_t len = strlen(path);
	int fd;

	if (len == 0 || len >= sizeof(own))
		return PSG_ERR_INVALID;
	memcpy(own, path, len + 1);
	/* "store/" would follow a link in the last place, which O_NOFOLLOW is there to refuse. */
	while (len > 1 && own[len - 1] == '/')
		own[--len] = '\0';
	fd = folder_openat(AT_FDCWD, own);
	if (fd < 0)
		return psg_files_odd_errno(errno);
	return folder_judge(fd, owner, NULL, ret);
}

static void files_release(struct psg_folder *folder)
{
	struct files *files = files_of(folder);

	if (files->put_fd >= 0)
		(void)unlinkat(files->fd, files->put_name, 0);
	psg_close_fd(&files->put_fd);
	psg_close_fd(&files->fd);
	free(files);
}

/* -- names -- */

static enum psg_err files_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	struct files *files = files_of(folder);
	bool hidden = true;
	enum psg_err err = psg_files_list(files->fd, false, each, arg, &hidden);

	files->no_hidden = err == PSG_OK && !hidden;
	return err;
}

static enum psg_err files_exists(struct psg_folder *folder, const char *name, bool *ret)
{
	struct stat st;

	if (fstatat(files_of(folder)->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = true;
	else if (errno == ENOENT)
		*ret = false;
	else
		return psg_err_from_errno(errno);
	return PSG_OK;
}

static enum psg_err files_remove(struct psg_folder *folder, const char *name)
{
	return unlinkat(files_of(folder)->fd, name, 0) == 0 ? PSG_OK : psg_err_from_errno(errno);
}

/* Not over: a link, which fails where the name is taken, on every file system. */
static enum psg_err files_rename(struct psg_folder *folder, const char *name, const char *to,
				 bool over)
{
	int fd = files_of(folder)->fd;

	if (over)
		return renameat(fd, name, fd, to) == 0 ? PSG_OK : psg_err_from_errno(errno);
	if (linkat(fd, name, fd, to, 0) != 0)
		return errno == ENOENT ? PSG_ERR_NOT_FOUND : psg_files_no_name(fd, errno);
	(void)unlinkat(fd, name, 0);
	return PSG_OK;
}

static enum psg_err files_sync_names(struct psg_folder *folder)
{
	return psg_files_sync(files_of(folder)->fd);
}

struct sweep {
	struct files *files;
	int64_t before_ns;
};

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * PSG_NS_PER_S + st->st_mtim.tv_nsec;
}

static enum psg_err sweep_one(void *arg, const char *name)
{
	struct sweep *sweep = arg;
	struct stat st;

	if (fstatat(sweep->files->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    mtime_ns(&st) < sweep->before_ns)
		(void)unlinkat(sweep->files->fd, name, 0);
	return PSG_OK;
}

static enum psg_err files_sweep(struct psg_folder *folder, int64_t before_realtime_ns)
{
	struct sweep sweep = {files_of(folder), before_realtime_ns};

	/* Whoever has listed the folder knows; what was put there since is not old. */
	if (sweep.files->no_hidden)
		return PSG_OK;
	return psg_files_list(sweep.files->fd, true, sweep_one, &sweep, NULL);
}

/* -- records -- */

static enum psg_err files_create(struct psg_folder *folder, const char *name, int *ret_file)
{
	struct files *files = files_of(folder);
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err;

	do
		fd = openat(files->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return psg_files_no_name(files->fd, errno);
	fd = psg_files_above_two(fd);
	err = fd < 0 ? psg_err_from_errno(errno) : psg_files_own(fd, files->owner);
	if (err != PSG_OK)
		return err;
	*ret_file = fd;
	fd = -1;
	return PSG_OK;
}

static enum psg_err files_write(struct psg_folder *folder, int file, const void *bytes, size_t len)
{
	(void)folder;
	return psg_files_write(file, bytes, len);
}

static enum psg_err files_sync(struct psg_folder *folder, int file)
{
	(void)folder;
	return psg_files_sync(file);
}

static void files_close(struct psg_folder *folder, int file)
{
	(void)folder;
	psg_close_fd(&file);
}

static enum psg_err files_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
			       struct psg_file_info *ret)
{
	struct files *files = files_of(folder);
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat st;
	size_t len;
	enum psg_err err = psg_files_open(files->fd, name, files->owner, &fd, &st);

	if (err == PSG_OK)
		err = psg_files_read(fd, &st, buf, size, &len);
	if (err != PSG_OK)
		return err;
	ret->len = len;
	ret->mtime_realtime_ns = mtime_ns(&st);
	return PSG_OK;
}

static enum psg_err files_open_file(struct psg_folder *folder, const char *name, int *ret_fd)
{
	struct files *files = files_of(folder);
	struct stat st;

	return psg_files_open(files->fd, name, files->owner, ret_fd, &st);
}

static enum psg_err files_put_start(struct psg_folder *folder, const char *name, int *ret_fd)
{
	struct files *files = files_of(folder);
	enum psg_err err;

	(void)name;
	if (files->put_fd >= 0)
		return PSG_ERR_EXISTS;
	err = psg_files_temporary(files->fd, files->owner, files->put_name, &files->put_fd);
	if (err == PSG_OK)
		*ret_fd = files->put_fd;
	return err;
}

static enum psg_err files_put_finish(struct psg_folder *folder, const char *name, int fd, bool keep)
{
	struct files *files = files_of(folder);
	enum psg_err err = fd >= 0 && fd == files->put_fd ? PSG_OK : PSG_ERR_INVALID;

	if (err != PSG_OK)
		return err;
	if (keep)
		err = psg_files_sync(fd);
	if (keep && err == PSG_OK && renameat(files->fd, files->put_name, files->fd, name) != 0)
		err = psg_err_from_errno(errno);
	if (!keep || err != PSG_OK)
		(void)unlinkat(files->fd, files->put_name, 0);
	psg_close_fd(&files->put_fd);
	files->put_fd = -1;
	return keep && err == PSG_OK ? psg_files_sync(files->fd) : err;
}

static enum psg_err files_replace(struct psg_folder *folder, const char *name, const void *bytes,
				  size_t len)
{
	int fd;
	enum psg_err err = files_put_start(folder, name, &fd), written;

	if (err != PSG_OK)
		return err;
	written = psg_files_write(fd, bytes, len);
	err = files_put_finish(folder, name, fd, written == PSG_OK);
	return written != PSG_OK ? written : err;
}

static enum psg_err files_append(struct psg_folder *folder, const char *name, const void *line,
				 size_t len)
{
	struct files *files = files_of(folder);

	return psg_files_append(files->fd, name, files->owner, line, len);
}

static const struct psg_folder_ops files_ops = {
    .open = files_open,
    .list = files_list,
    .create = files_create,
    .write = files_write,
    .sync = files_sync,
    .close = files_close,
    .sync_names = files_sync_names,
    .read = files_read,
    .exists = files_exists,
    .replace = files_replace,
    .rename = files_rename,
    .remove = files_remove,
    .open_file = files_open_file,
    .put_start = files_put_start,
    .put_finish = files_put_finish,
    .append = files_append,
    .release = files_release,
    .sweep = files_sweep,
};

void psg_folder_release(struct psg_folder **folder)
{
	int saved = errno;

	if (*folder != NULL)
		(*folder)->ops->release(*folder);
	*folder = NULL;
	errno = saved;
}
