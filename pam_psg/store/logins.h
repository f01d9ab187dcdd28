/* Private: the files of sessions/, shared by people_sessions.c and people_logins.c. */
#ifndef PSG_STORE_LOGINS_H
#define PSG_STORE_LOGINS_H

#include "people.h"

#define PSG_LOGINS_FOLDER "sessions"
#define PSG_LOGIN_NAME_SIZE (PSG_BOOT_ID_SIZE + 48)

/* BOOT-AUDIT, or BOOT-PID-START where audit_id is PSG_AUDIT_NONE. */
PSG_MUST_CHECK
enum psg_err psg_login_name(struct psg_store *store, const struct psg_binding *binding,
			    char out[static PSG_LOGIN_NAME_SIZE]);
/* BOOT-AUDIT.shared: the id is several logins'. */
void psg_login_shared_name(const char *name, char out[static PSG_LOGIN_NAME_SIZE]);
/* The login registered under `name`; `alive` is left false. Errors: NOT_FOUND; CORRUPT for whatever is there and is no
 * registration; store's. */
PSG_MUST_CHECK
enum psg_err psg_login_read(struct psg_store *store, struct psg_folder *folder, const char *name,
			    struct psg_login *ret);

#endif
