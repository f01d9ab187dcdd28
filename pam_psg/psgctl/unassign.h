/* What unassigning ends. */
#ifndef PSGCTL_UNASSIGN_H
#define PSGCTL_UNASSIGN_H

#include "psgctl.h"

/* Ends the users' activations of what they are assigned no more, in whatever way. Says what could not be ended. */
void ctl_end_unassigned(struct ctl *ctl, const struct psg_assignment *list, size_t count);

#endif
