/* Private to enforce/: one look at all processes, as one session sees them. */
#ifndef PSG_ENFORCE_ROSTER_H
#define PSG_ENFORCE_ROSTER_H

#include "psg/enforce.h"

struct psg_roster {
	struct psg_processes processes;
	enum psg_member *marks; /* of the session that was asked for last */
};

/* Reads the process table. Errors: PROC, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_roster_read(struct psg_roster *ret);
void psg_roster_clear(struct psg_roster *roster);
/* Marks the members of one session. `logins` are all there are; its own among them is told apart by the leader.
 * Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_roster_mark(struct psg_roster *roster, const struct psg_binding *session,
			     uid_t subject_uid, const struct psg_logins *logins,
			     const struct psg_leader *known, size_t known_count);

#endif
