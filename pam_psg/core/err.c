/* Errors: their texts, and what an errno value stands for. */
#include "psg/err.h"

#include <errno.h>
#include <stddef.h>

static const char *const texts[PSG_ERR_COUNT] = {
    [PSG_OK] = "no error",
    [PSG_ERR_NOT_FOUND] = "not found",
    [PSG_ERR_EXISTS] = "exists already",
    [PSG_ERR_IO] = "input/output error",
    [PSG_ERR_ACCESS] = "permission denied by the system",
    [PSG_ERR_UNSAFE] = "unsafe owner, mode or file type",
    [PSG_ERR_NO_MEMORY] = "out of memory",
    [PSG_ERR_LIMIT] = "too many open files",
    [PSG_ERR_NO_ROOM] = "the disk is full",
    [PSG_ERR_NO_INODES] = "the file system has no inode left",
    [PSG_ERR_QUOTA] = "the disk quota is used up",
    [PSG_ERR_FILE_LIMIT] = "the file size limit of this process is too low",
    [PSG_ERR_READ_ONLY] = "the file system is read-only",
    [PSG_ERR_CORRUPT] = "damaged record",
    [PSG_ERR_VERSION] = "written by a newer version of pam_psg",
    [PSG_ERR_OLD] = "written by an earlier version of pam_psg",
    [PSG_ERR_KEY] = "sealing key missing or malformed",
    [PSG_ERR_CLOCK] = "clock could not be read",
    [PSG_ERR_PROC] = "/proc could not be read",
    [PSG_ERR_NAMES] = "the name service cannot tell who the person is and in which groups",
    [PSG_ERR_INVALID] = "invalid argument or input",
    [PSG_ERR_NOT_ENROLLED] = "no authenticator enrolled",
    [PSG_ERR_THROTTLED] = "too many attempts",
    [PSG_ERR_MALFORMED] = "not a code",
    [PSG_ERR_CANCELLED] = "no answer",
    [PSG_ERR_WRONG_CODE] = "wrong code",
    [PSG_ERR_REPLAYED] = "code used before",
    [PSG_ERR_STEP_FUTURE] =
	"an earlier code was spent with the clock ahead; a new credential is needed",
    [PSG_ERR_STALE] = "too late: something changed while the code was checked",
};

const char *psg_strerror(enum psg_err err)
{
	size_t index = (size_t)err;

	return index < PSG_ERR_COUNT && texts[index] ? texts[index] : "unknown error";
}

const char *psg_remedy(enum psg_err err)
{
	static const char *const remedies[PSG_ERR_COUNT] = {
	    [PSG_ERR_NO_MEMORY] = "free memory, or raise the limits of this process (ulimit -v, "
				  "ulimit -d) and its memory cgroup",
	    [PSG_ERR_LIMIT] = "raise the limit on open files (ulimit -n; for the whole host "
			      "fs.file-max)",
	    [PSG_ERR_NO_ROOM] = "make room on its file system (df)",
	    [PSG_ERR_NO_INODES] = "remove files from its file system (df -i)",
	    [PSG_ERR_QUOTA] = "raise the quota of root there (repquota)",
	    [PSG_ERR_FILE_LIMIT] = "raise the limit on file size (ulimit -f)",
	    [PSG_ERR_NAMES] = "look for a source in /etc/nsswitch.conf that does not answer, "
			      "and for a group without a name (id)",
	    [PSG_ERR_READ_ONLY] = "mount it writable (the kernel's log says why it is not)",
	};
	size_t index = (size_t)err;

	return index < PSG_ERR_COUNT ? remedies[index] : NULL;
}

enum psg_err psg_err_lacking(int errnum, enum psg_err err)
{
	enum psg_err lacking = psg_err_from_errno(errnum);

	return lacking == PSG_ERR_LIMIT || lacking == PSG_ERR_NO_MEMORY ? lacking : err;
}

enum psg_err psg_err_from_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return PSG_ERR_NOT_FOUND;
	case EEXIST:
		return PSG_ERR_EXISTS;
	case EACCES:
	case EPERM:
		return PSG_ERR_ACCESS;
	/* What O_NOFOLLOW and O_DIRECTORY say of a symbolic link. */
	case ELOOP:
	case ENOTDIR:
		return PSG_ERR_UNSAFE;
	case ENOMEM:
		return PSG_ERR_NO_MEMORY;
	case EMFILE:
	case ENFILE:
		return PSG_ERR_LIMIT;
	case ENOSPC:
		return PSG_ERR_NO_ROOM;
	case EDQUOT:
		return PSG_ERR_QUOTA;
	case EFBIG:
		return PSG_ERR_FILE_LIMIT;
	case EROFS:
		return PSG_ERR_READ_ONLY;
	default:
		return PSG_ERR_IO;
	}
}
