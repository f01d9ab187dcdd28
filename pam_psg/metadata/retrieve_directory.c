/* A package into a directory, which may be a person's checkout.
 *
 * MUST NOT follow a symbolic link below the directory: whoever owns it would choose what root overwrites
 *          (retrieve_test: links_are_not_followed)
 * MUST NOT touch what is not of the package (what_is_there_stays) */
#include "retrieve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum psg_err write_all(int fd, const struct psg_buf *bytes)
{
	size_t done = 0;

	while (done < bytes->len) {
		ssize_t step = write(fd, bytes->data + done, bytes->len - done);

		if (step < 0 && errno != EINTR)
			return psg_err_from_errno(errno);
		if (step == 0)
			return PSG_ERR_NO_ROOM;
		done += step > 0 ? (size_t)step : 0;
	}
	return PSG_OK;
}

enum psg_err psg_retrieve_put(int folder, const char *name, const struct psg_buf *bytes, bool sync)
{
	char beside[64];
	enum psg_err err;

	/* Short, for `name` may be as long as a name can be. */
	snprintf(beside, sizeof(beside), ".psgctl-%ld", (long)getpid());
	(void)unlinkat(folder, beside, 0); /* of a process that had our number and was killed */
	int fd PSG_CLEANUP(psg_close_fd) =
	    openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return psg_err_from_errno(errno);
	err = write_all(fd, bytes);
	if (err == PSG_OK && sync && fsync(fd) != 0)
		err = psg_err_from_errno(errno);
	if (err == PSG_OK && renameat(folder, beside, folder, name) != 0)
		err = psg_err_from_errno(errno);
	if (err != PSG_OK)
		(void)unlinkat(folder, beside, 0);
	return err;
}

static enum psg_err open_folder(int at, const char *name, int flags, int *ret)
{
	if (mkdirat(at, name, 0755) != 0 && errno != EEXIST)
		return psg_err_from_errno(errno);
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? PSG_ERR_UNSAFE
							  : psg_err_from_errno(errno);
	psg_close_fd(ret);
	*ret = fd;
	return PSG_OK;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Names that begin with a dot are no part of a package: .git may be there. */
static enum psg_err is_empty(int folder, bool *ret)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir PSG_CLEANUP(close_dir) = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		enum psg_err err = psg_err_from_errno(errno);

		psg_close_fd(&fd);
		return err;
	}
	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && entry->d_name[0] == '.');
	if (!entry && errno != 0)
		return psg_err_from_errno(errno);
	*ret = !entry;
	return PSG_OK;
}

/* Writes one file into its folder. `open` is the folder of the file before, `open_name` its name. */
static enum psg_err put_file(int root, const struct psg_retrieved *file, int *open,
			     struct psg_buf *open_name)
{
	const char *slash = strchr(file->path.data, '/');
	size_t len = slash ? (size_t)(slash - file->path.data) : 0;

	if (!slash)
		return psg_retrieve_put(root, file->path.data, &file->bytes, false);
	if (open_name->len != len || memcmp(open_name->data, file->path.data, len) != 0) {
		psg_buf_clear(open_name);
		psg_buf_put(open_name, file->path.data, len);
		if (open_name->failed)
			return PSG_ERR_NO_MEMORY;
		enum psg_err err = open_folder(root, open_name->data, O_NOFOLLOW, open);

		if (err != PSG_OK)
			return err;
	}
	return psg_retrieve_put(*open, slash + 1, &file->bytes, false);
}

static enum psg_err put_files(const struct psg_retrieval *retrieval, int root, const char *output,
			      struct psg_buf *ret_where)
{
	struct psg_retrieved file PSG_CLEANUP(psg_retrieved_clear) = {0};
	struct psg_buf open_name PSG_CLEANUP(psg_buf_clear) = {0};
	int open PSG_CLEANUP(psg_close_fd) = -1;

	for (size_t i = 0; i < psg_retrieval_count(retrieval); i++) {
		enum psg_err err = psg_retrieval_file(retrieval, i, &file);

		if (err != PSG_OK)
			return err;
		err = put_file(root, &file, &open, &open_name);
		if (err != PSG_OK) {
			psg_buf_format(ret_where, "%s/%s", output, file.path.data);
			return err;
		}
	}
	return PSG_OK;
}

enum psg_err psg_retrieve_directory(const struct psg_retrieval *retrieval, const char *output,
				    bool replace, struct psg_buf *ret_where)
{
	int root PSG_CLEANUP(psg_close_fd) = -1;
	bool empty = false;
	enum psg_err err = open_folder(AT_FDCWD, output, 0, &root);

	if (err == PSG_OK)
		err = is_empty(root, &empty);
	if (err == PSG_OK && !empty && !replace)
		err = PSG_ERR_EXISTS;
	if (err != PSG_OK) {
		psg_buf_text(ret_where, output);
		return err;
	}
	err = put_files(retrieval, root, output, ret_where);
	/* Once for all: ten thousand fsyncs take minutes. */
	if (err == PSG_OK && syncfs(root) != 0) {
		err = psg_err_from_errno(errno);
		psg_buf_text(ret_where, output);
	}
	return err;
}
