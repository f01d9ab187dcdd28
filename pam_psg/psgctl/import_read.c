/* The file, whole, in memory that is wiped.
 *
 * MUST NOT: follow a link nor wait for a FIFO: root reads what may lie in somebody's home
 *           (tests/cli/test_import.py, test_odd_files). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import.h"

static bool open_file(const struct import *import, int *ret_fd, struct stat *ret)
{
	/* O_NOFOLLOW: root reads this, and a home belongs to its owner. O_NONBLOCK: a FIFO must not hold us. */
	int fd = open(import->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, ret) != 0) {
		ctl_error(import->ctl,
			  "cannot read %s: %s: name a file that root can read; nothing was changed",
			  ctl_safe(import->file),
			  errno == ELOOP ? "it is a link" : strerror(errno));
	} else if (!S_ISREG(ret->st_mode)) {
		ctl_error(import->ctl,
			  "%s is no plain file: name the file itself; nothing was changed",
			  ctl_safe(import->file));
	} else if ((uint64_t)ret->st_size > IMPORT_SIZE_MAX) {
		ctl_error(import->ctl,
			  "%s is larger than %u MiB: name the right file; nothing was changed",
			  ctl_safe(import->file), IMPORT_SIZE_MAX >> 20);
	} else {
		*ret_fd = fd;
		return true;
	}
	if (fd >= 0)
		close(fd);
	return false;
}

void import_text_wipe(struct import_text *text)
{
	psg_wipe(text->data, text->size);
	free(text->data);
}

bool import_read(const struct import *import, struct import_text *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat info;
	size_t len = 0;
	ssize_t got = 1;

	if (!open_file(import, &fd, &info))
		return false;
	ret->size = (size_t)info.st_size + 1;
	ret->data = calloc(1, ret->size);
	while (ret->data != NULL && got > 0 && len < ret->size) {
		got = read(fd, ret->data + len, ret->size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (ret->data == NULL || got < 0 || len == ret->size || strlen(ret->data) != len) {
		ctl_error(import->ctl,
			  "cannot read %s: %s: name a file that root can read; nothing was changed",
			  ctl_safe(import->file),
			  ret->data == NULL  ? "out of memory"
			  : got < 0          ? strerror(errno)
			  : len == ret->size ? "it grew meanwhile"
					     : "it has a byte 0 in it");
		return false;
	}
	if (info.st_mode & (S_IRWXG | S_IRWXO))
		ctl_warn(import->ctl, "others may read %s: its secrets may be known",
			 ctl_safe(import->file));
	return true;
}
