/* What assign and unassign share. */
#ifndef PSGCTL_ASSIGNEE_H
#define PSGCTL_ASSIGNEE_H

#include "psgctl.h"

#define CTL_ASSIGNEE_SIZE (PSG_SUBJECT_SIZE + 1)

/* The assignee as the gate will look for it: "alice" by pw_name, "%wheel" by gr_name. What the host does not know is taken as
 * it is (LDAP may be down, people come later): *ret_known is NOT_FOUND then, IO when nobody could say. False: malformed, said.
 * May wait for the name service: not to be called under the lock. */
bool ctl_assignee(const struct ctl *ctl, const char *given, char out[static CTL_ASSIGNEE_SIZE],
		  enum psg_err *ret_known);
void ctl_warn_assignee(const struct ctl *ctl, const char *given, enum psg_err known);
/* Whether there are two operands, or a --file and none; else says so. */
bool ctl_given_or_file(const struct ctl *ctl, size_t operands, const char *file);
/* Opens the store, takes the writers' lock, and opens the policy as it is under it. *lock is closed to let go. */
PSG_MUST_CHECK
enum ctl_exit ctl_begin_change(struct ctl *ctl, int *lock);

#endif
