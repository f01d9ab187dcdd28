/* Private to enforce/: making a user's processes stand still. */
#ifndef PSG_ENFORCE_FREEZE_H
#define PSG_ENFORCE_FREEZE_H

#include "psg/session.h"

/* A user whose processes stand still, and who holds them. */
struct psg_freeze {
	uid_t uid;
	pid_t holder; /* a child of this process's that has become the user */
	int rope;     /* let go of it and the holder lets them go on */
};

/* Who stands still, and who of them did before. Zeroed: nobody. */
struct psg_frozen {
	struct psg_freeze *users;
	size_t count;
	struct psg_leader *before; /* stopped already, by a ^Z say */
	size_t before_count;
};

/* Stops every process whose real or saved uid this is, in one step of the kernel's, until psg_thaw, the end of this
 * process however it comes, or two seconds are over. Nobody for uid 0 and (uid_t)-1.
 * Errors: PROC, NO_MEMORY, LIMIT: then nobody more is stopped. */
PSG_MUST_CHECK
enum psg_err psg_freeze(uid_t uid, struct psg_frozen *frozen);
/* Lets all go on but those who had been stopped before. For PSG_CLEANUP. */
void psg_thaw(struct psg_frozen *frozen);

#endif
