/* Private to enforce/: the control groups that systemd puts sessions and services in. */
#ifndef PSG_ENFORCE_SCOPE_H
#define PSG_ENFORCE_SCOPE_H

#include "psg/base.h"

#define PSG_CGROUP_SIZE 1024

/* Where a session is, as its leader's control group tells. Zeroed: not known. */
struct psg_scope_place {
	char leader[PSG_CGROUP_SIZE]; /* path below the hierarchy's root; "" not known */
	uid_t uid;
};

void psg_scope_place(pid_t leader, uid_t uid, struct psg_scope_place *ret);
/* A session-N.scope of logind's is the session's alone: all in it are members. */
bool psg_scope_holds(const struct psg_scope_place *place, pid_t pid);
/* In another group than the session's leader, which is not below it and not the user's own to make. */
bool psg_scope_is_elsewhere(const struct psg_scope_place *place, pid_t pid);

#endif
