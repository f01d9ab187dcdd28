/* A group or permission set with all that is in force about it. */
#ifndef PSGCTL_SHOWN_H
#define PSGCTL_SHOWN_H

#include "psgctl.h"

/* One group or set, as it is in force. */
struct ctl_shown {
	enum psg_target_kind kind;
	struct psg_group group;        /* of a group */
	struct psg_permission_set set; /* of a set */
	struct psg_activation_policy policy;
	struct psg_strings effective;
	const struct psg_assignments *assignments; /* everybody's, borrowed */
};

const char *ctl_shown_name(const struct ctl_shown *shown);
/* Whether this is an assignment of it. */
bool ctl_shown_assigned(const struct psg_assignment *assignment, const struct ctl_shown *shown);
/* What to do about a group that has another status than Updated; "" for that one. */
const char *ctl_status_remedy(enum psg_group_status status);
/* With the API's names; whoever takes it owns it. NULL: out of memory. */
json_t *ctl_shown_json(const struct ctl_shown *shown);
void ctl_shown_print(const struct ctl_shown *shown);

#endif
