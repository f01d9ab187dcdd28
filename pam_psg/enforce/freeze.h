/* Private to enforce/: making a user's processes stand still. */
#ifndef PSG_ENFORCE_FREEZE_H
#define PSG_ENFORCE_FREEZE_H

#include "psg/session.h"

/* Who stands still, and who of them did before. Zeroed: nobody. */
struct psg_frozen {
	uid_t *uids;
	size_t count;
	struct psg_leader *before; /* stopped already, by a ^Z say */
	size_t before_count;
};

/* Stops every process whose real or saved uid this is, in one step of the kernel's. Nobody for uid 0 and (uid_t)-1.
 * Errors: PROC, NO_MEMORY: then nobody more is stopped. */
PSG_MUST_CHECK
enum psg_err psg_freeze(uid_t uid, struct psg_frozen *frozen);
/* Lets all go on but those who had been stopped before. For PSG_CLEANUP. */
void psg_thaw(struct psg_frozen *frozen);

#endif
