/* A policy made elsewhere put in force whole: by `policy install`, and by restore. */
#ifndef PSGCTL_INSTALL_H
#define PSGCTL_INSTALL_H

#include "changes.h"

struct ctl_install {
	bool check_only;
	int64_t now_s;
	struct psg_policy *before; /* in force; an empty one where there is none that can be read */
	bool unread;               /* there is none that can be read */
	struct psg_folder *memory; /* of what must not be written */
	struct psg_policy_staged *staged;
	struct psg_assignments gained, lost; /* against `before`; owned */
	struct ctl_changes changes; /* for people: all under check_only, else those that open */
	size_t opened;              /* of them */
};
void ctl_install_clear(struct ctl_install *install);

/* Stages a copy of `from`, judges all of it and finds what it changes; under the lock unless check_only. ctl->store may be
 * NULL under check_only: there is none. *ret_bad: what is wrong is the policy's own (CORRUPT, VERSION, OLD, INVALID), and
 * not this store's. */
PSG_MUST_CHECK
enum psg_err ctl_install_stage(struct ctl *ctl, struct ctl_install *install,
			       struct psg_policy *from, bool *ret_bad);
/* Puts in force what is staged. What was left active of what somebody gains is ended before, what somebody loses after. */
PSG_MUST_CHECK
enum psg_err ctl_install_commit(struct ctl *ctl, struct ctl_install *install);
/* Each opening as a warning on stderr. */
void ctl_install_warn(const struct ctl *ctl, const struct ctl_install *install);
/* All changes for people on stdout, as deploy --check-only lists them. */
void ctl_install_print(const struct ctl_install *install);
/* CTL_STORE after saying that the policy cannot be written, and which one is in force. */
enum ctl_exit ctl_install_failed(struct ctl *ctl, struct ctl_install *install, enum psg_err err);

#endif
