/* An open store: its folder, its key, its clock. */
#ifndef PSG_STORE_H
#define PSG_STORE_H

#include "psg/clock.h"
#include "psg/folder.h"
#include "psg/key.h"
#include "psg/session.h"

#define PSG_STORE_DEFAULT "/var/lib/psg"
#define PSG_KEY_DEFAULT "/etc/psg/key"

struct psg_store {
	struct psg_folder *root; /* owned */
	struct psg_key *key;     /* owned; NULL when opened without */
	struct psg_clock clock;
	struct psg_proc proc;
	char boot_id[PSG_BOOT_ID_SIZE]; /* psg_clock_system's */
	struct psg_proc_view proc_view; /* psg_proc_system's */
};

/* Opens the store at `path`. key_path NULL: `/etc/psg/key` for the default store, else PATH/key.
 * with_key false leaves key NULL (policy only). Errors: as psg_folder_open_files and psg_key_read. */
PSG_MUST_CHECK
enum psg_err psg_store_open(const char *path, const char *key_path, bool with_key,
			    struct psg_store **ret);
/* Around a folder of the caller's, which it takes over; a random key; for tests. */
PSG_MUST_CHECK
enum psg_err psg_store_wrap(struct psg_folder *root, const struct psg_clock *clock,
			    const struct psg_proc *proc, struct psg_store **ret);
/* Makes what is missing of a store: directory 0700, people, sessions, key. Idempotent: *ret_made says whether
 * anything was made. Not the policy file (psg_policy_write). Errors: as above, INVALID for a relative path. */
PSG_MUST_CHECK
enum psg_err psg_store_make(const char *path, const char *key_path, bool *ret_made);
/* The same, with this text for the key where there is none (psg_key_put). */
PSG_MUST_CHECK
enum psg_err psg_store_make_with(const char *path, const char *key_path, const char *key_text,
				 bool *ret_made);
/* The key path that psg_store_open would use. */
void psg_store_key_path(const char *path, const char *key_path, char out[static 4096]);
void psg_store_close(struct psg_store **store);

#endif
