/* Private: opening, judging and making single files, for the folders on files and for the key. */
#ifndef PSG_STORE_FILES_H
#define PSG_STORE_FILES_H

#include <sys/stat.h>

#include "psg/folder.h"

#define PSG_TEMPORARY_SIZE 40 /* ".tmp-" and 32 digits */

/* Moves a descriptor above 2 and wants it open; returns -1 with errno else (fd is closed then). */
int psg_files_above_two(int fd);
/* What failed where a name was to be made in the open `folder`: ENOSPC stands for two resources. */
enum psg_err psg_files_no_name(int folder, int errnum);
/* Whether `len` bytes written at the file's end, or at fd's place, stay within RLIMIT_FSIZE. Errors: FILE_LIMIT. */
PSG_MUST_CHECK
enum psg_err psg_files_fit(int fd, bool at_end, size_t len);
/* Owner and mode 0600, whatever the umask and the caller's group. */
PSG_MUST_CHECK
enum psg_err psg_files_own(int fd, uid_t owner);
/* The error of an open that was to find a plain file or a folder: UNSAFE for what is neither. */
PSG_MUST_CHECK
enum psg_err psg_files_odd_errno(int errnum);
/* Opens for reading and judges the handle: a plain file, of `owner`, nothing for group and others. */
PSG_MUST_CHECK
enum psg_err psg_files_open(int folder, const char *name, uid_t owner, int *ret_fd,
			    struct stat *ret);
/* Reads to the end, which is where `st` has it unless the file grew; CORRUPT when there is more than `size`. */
PSG_MUST_CHECK
enum psg_err psg_files_read(int fd, const struct stat *st, void *buf, size_t size, size_t *ret_len);
/* One write; a short one is NO_ROOM. Errors also: FILE_LIMIT, with nothing written. */
PSG_MUST_CHECK
enum psg_err psg_files_write(int fd, const void *bytes, size_t len);
PSG_MUST_CHECK
enum psg_err psg_files_sync(int fd);
/* A new file under a random name that begins with '.'. */
PSG_MUST_CHECK
enum psg_err psg_files_temporary(int folder, uid_t owner, char name[static PSG_TEMPORARY_SIZE],
				 int *ret_fd);
/* Calls `each` for the names of an open folder as they were at one moment: those that begin with '.'
 * (hidden), without "." and "..", or all others. *ret_hidden (may be NULL): whether there are hidden ones. */
PSG_MUST_CHECK
enum psg_err psg_files_list(int folder, bool hidden, psg_name_fn *each, void *arg,
			    bool *ret_hidden);
/* Appends a whole line with one write, to a file that is made where there is none. */
PSG_MUST_CHECK
enum psg_err psg_files_append(int folder, const char *name, uid_t owner, const void *line,
			      size_t len);
/* Makes the name `path` durable: syncs the folder it is in. */
PSG_MUST_CHECK
enum psg_err psg_files_sync_name(const char *path);
/* Makes `path` with this content, whole and durable, or not at all. Errors: EXISTS, durable likewise. */
PSG_MUST_CHECK
enum psg_err psg_files_make_whole(const char *path, const void *bytes, size_t len);

#endif
