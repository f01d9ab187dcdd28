/* What unassigning ends. */
#ifndef PSGCTL_UNASSIGN_H
#define PSGCTL_UNASSIGN_H

#include "psgctl.h"

/* Ends the users' activations of what they are assigned no more, in whatever way. Says what could not be ended. */
void ctl_end_unassigned(struct ctl *ctl, const struct psg_assignment *list, size_t count);
/* The same before they are assigned anew: an unassign or a deletion that was killed when it had changed the policy and
 * had not ended everything yet left activations that would serve again. To be called under the lock. */
PSG_MUST_CHECK
enum psg_err ctl_end_left(struct ctl *ctl, const struct psg_assignment *list, size_t count);

#endif
