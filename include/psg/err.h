/* What can go wrong. Zero is success and nothing else is; every error denies.
 * A verdict is another type (psg/decision.h) and never travels as an error. */
#ifndef PSG_ERR_H
#define PSG_ERR_H

#define PSG_MUST_CHECK __attribute__((warn_unused_result))

enum psg_err {
	PSG_OK = 0,
	/* the store and the machine */
	PSG_ERR_NOT_FOUND, /* ENOENT, and only ENOENT: it is not there */
	PSG_ERR_EXISTS,    /* the name is taken */
	PSG_ERR_IO,        /* EIO and what has no better name */
	PSG_ERR_ACCESS,    /* EACCES, EPERM */
	PSG_ERR_UNSAFE,    /* an owner, mode or file type that lets others write or read */
	PSG_ERR_NO_MEMORY,
	PSG_ERR_LIMIT,      /* EMFILE, ENFILE: no descriptor left */
	PSG_ERR_NO_ROOM,    /* ENOSPC */
	PSG_ERR_NO_INODES,  /* ENOSPC where a name was to be made and no inode is left */
	PSG_ERR_QUOTA,      /* EDQUOT */
	PSG_ERR_FILE_LIMIT, /* EFBIG, or a write cut short by RLIMIT_FSIZE */
	PSG_ERR_READ_ONLY,  /* EROFS */
	PSG_ERR_CORRUPT,    /* a checksum, seal or form that does not hold */
	PSG_ERR_VERSION,    /* written by a newer pam_psg */
	PSG_ERR_OLD,        /* written by an earlier pam_psg whose form is no longer read */
	PSG_ERR_KEY,        /* the sealing key is missing or malformed */
	PSG_ERR_CLOCK,
	PSG_ERR_PROC,    /* /proc could not be read: never "unset" */
	PSG_ERR_NAMES,   /* the name service could not tell: never "there is none" */
	PSG_ERR_INVALID, /* an argument or input of the wrong form */
	/* a person's answer */
	PSG_ERR_NOT_ENROLLED,
	PSG_ERR_THROTTLED,
	PSG_ERR_MALFORMED, /* cannot be a code: costs no attempt */
	PSG_ERR_CANCELLED, /* NULL answer, or the conversation failed */
	PSG_ERR_WRONG_CODE,
	PSG_ERR_REPLAYED, /* its step, or a later one, was spent before */
	PSG_ERR_STEP_FUTURE, /* the credential's spent steps lie beyond the window: a clock was once wrong */
	PSG_ERR_STALE, /* the world moved on while the answer was checked */
	PSG_ERR_COUNT
};

/* A short English text, never NULL, for any value. */
const char *psg_strerror(enum psg_err err);
/* What to do about a resource that is used up, as a sentence without its stop; NULL for any other error. */
const char *psg_remedy(enum psg_err err);
/* The error that stands for an errno value; 0 gives PSG_ERR_IO. */
enum psg_err psg_err_from_errno(int errnum);
/* The error that names a resource this process lacks (LIMIT, NO_MEMORY), or else `err`: for sources that have an
 * error of their own, and are not at fault when there is no descriptor to read them with. */
enum psg_err psg_err_lacking(int errnum, enum psg_err err);

#endif
