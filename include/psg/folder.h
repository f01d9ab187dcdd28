/* The store interface: a tree of folders in which names decide, as in a maildir.
 *
 * One implementation is on files, one in memory for tests; one suite runs on both. Every rule that
 * makes pam_psg lock-free is written once, above this table (store/people_*.c). What an
 * implementation must hold:
 *   - create() lets exactly one caller make a name, in any number of processes;
 *   - replace() puts the whole content or nothing, durably;
 *   - sync() and sync_names() return only when the file and the folder's names are durable;
 *   - no operation waits for another process. */
#ifndef PSG_FOLDER_H
#define PSG_FOLDER_H

#include "psg/base.h"

#define PSG_FILE_MAX 4096 /* the largest record read() returns; a longer file is PSG_ERR_CORRUPT */

struct psg_folder;

struct psg_file_info {
	size_t len;
	int64_t mtime_realtime_ns;
};

/* Called for every name but those that begin with '.'; anything but PSG_OK ends the listing and is returned. */
typedef enum psg_err psg_name_fn(void *arg, const char *name);

struct psg_folder_ops {
	/* Opens a subfolder; `make` creates it (0700, root) where it is missing. The opened handle is
	 * judged: a folder, of the store's owner, mode without group or other. Errors: NOT_FOUND,
	 * UNSAFE, ACCESS, LIMIT, NO_ROOM, IO, NO_MEMORY. */
	enum psg_err (*open)(struct psg_folder *parent, const char *name, bool make,
			     struct psg_folder **ret);
	enum psg_err (*list)(struct psg_folder *folder, psg_name_fn *each, void *arg);
	/* Makes an empty file that was not there; *ret_file is to be written, synced, closed.
	 * Owner 0:0 and mode 0600 at once, whatever the umask. Errors: EXISTS, … */
	enum psg_err (*create)(struct psg_folder *folder, const char *name, int *ret_file);
	/* All in one write; a short one is NO_ROOM. */
	enum psg_err (*write)(struct psg_folder *folder, int file, const void *bytes, size_t len);
	enum psg_err (*sync)(struct psg_folder *folder, int file);
	void (*close)(struct psg_folder *folder, int file);
	enum psg_err (*sync_names)(struct psg_folder *folder);
	/* A whole small file and its info. `size` at least the file's length, else CORRUPT. UNSAFE for
	 * what is not a plain file with the store's owner and no group or other mode. */
	enum psg_err (*read)(struct psg_folder *folder, const char *name, void *buf, size_t size,
			     struct psg_file_info *ret);
	/* True or false in *ret without opening. */
	enum psg_err (*exists)(struct psg_folder *folder, const char *name, bool *ret);
	/* Writes beside, syncs, renames over, syncs the folder. */
	enum psg_err (*replace)(struct psg_folder *folder, const char *name, const void *bytes,
				size_t len);
	/* Gives a file another name in one step: in the place of whatever has that name (`over`), or else only where nothing
	 * has (EXISTS: somebody made it first). NOT_FOUND: there is none. */
	enum psg_err (*rename)(struct psg_folder *folder, const char *name, const char *to,
			       bool over);
	/* NOT_FOUND is a success for the caller to ignore. */
	enum psg_err (*remove)(struct psg_folder *folder, const char *name);
	/* A read-only descriptor of a file of any size, judged as in read(); the caller closes it. */
	enum psg_err (*open_file)(struct psg_folder *folder, const char *name, int *ret_fd);
	/* Starts a file of any size beside `name`; put_finish syncs and renames it over, or (keep
	 * false) drops it. Only psgctl, under its lock, uses these. */
	enum psg_err (*put_start)(struct psg_folder *folder, const char *name, int *ret_fd);
	enum psg_err (*put_finish)(struct psg_folder *folder, const char *name, int fd, bool keep);
	/* Appends one line by a single write, making the file when missing. */
	enum psg_err (*append)(struct psg_folder *folder, const char *name, const void *line,
			       size_t len);
	void (*release)(struct psg_folder *folder);
	/* Removes what a killed replace or put_start left behind (names that begin with '.') when its
	 * mtime is before `before_realtime_ns`. */
	enum psg_err (*sweep)(struct psg_folder *folder, int64_t before_realtime_ns);
};

/* Each implementation's folder begins with this. */
struct psg_folder {
	const struct psg_folder_ops *ops;
};

/* The store directory on files. `owner`: whose files they must be, 0 but in tests.
 * The path's parents are the administrator's; from `path` down every descriptor is judged.
 * Errors: NOT_FOUND when there is no store, UNSAFE, ACCESS, LIMIT, NO_MEMORY, IO. */
PSG_MUST_CHECK
enum psg_err psg_folder_open_files(const char *path, uid_t owner, struct psg_folder **ret);
/* A fresh empty tree in memory. `realtime_ns` (may be NULL) is read for mtimes. */
PSG_MUST_CHECK
enum psg_err psg_folder_open_memory(const int64_t *realtime_ns, struct psg_folder **ret);

/* Cleanup form: releases *folder unless NULL. */
void psg_folder_release(struct psg_folder **folder);

#endif
