/* What two policies mean for people: who reaches which service under the one and the other, and whether an
 * activation is needed for it. */
#ifndef PSGCTL_REACH_H
#define PSGCTL_REACH_H

#include "psgctl.h"

#define CTL_APPLICATION_PREFIX "applicationVisibilities."
/* Every service there is: of exempt users. */
#define CTL_APPLICATION_ANY "*"

/* How somebody reaches a service; ordered, the best path counts. */
enum ctl_reach {
	CTL_REACH_NONE = 0,
	CTL_REACH_GATED, /* with an activation */
	CTL_REACH_OPEN,  /* without */
};

/* What is different for one person and service. All borrowed. */
struct ctl_change {
	const char *person;           /* "alice", or "%wheel": whoever is in it */
	const char *application;      /* CTL_APPLICATION_ANY: all that the person is not assigned */
	enum ctl_reach before, after; /* never the same */
	/* What gives it now; what gave it, when nothing does any more. NULL: being an exempt user. */
	const struct psg_assignment *through;
};
typedef enum psg_err ctl_change_fn(void *arg, const struct ctl_change *change);

/* Needed an activation, and needs none from now on: what an administrator must be told. */
bool ctl_change_opens(const struct ctl_change *change);
/* "gains", "loses", "now needs activation", "no longer needs activation"; and for JSON. */
const char *ctl_change_words(const struct ctl_change *change);
const char *ctl_change_name(const struct ctl_change *change);

/* Where two policies may differ; whatever is not named here is the same in both. The lists are sorted, each may be
 * NULL. Exempt users are compared by themselves. */
struct ctl_differences {
	const struct psg_strings *groups,
	    *sets; /* changed, come or gone; a group also when a member is */
	const struct psg_assignments *assigned; /* come or gone, or with another end */
	bool openings_only; /* other changes need not be told, nor looked for among `assigned` */
};

/* Calls `each` for everything that `after` changes for people against `before`: Unix groups first, then people by
 * name, and for each the services by name. What the line of a Unix group says is not repeated for its members. Looked at
 * are assignees of what is different, the members that Unix groups among them list, and assignees who have one of those as
 * primary group. The name service is asked only where one of the policies assigns anything to a Unix group. */
PSG_MUST_CHECK
enum psg_err ctl_reach_compare(struct psg_policy *before, struct psg_policy *after,
			       const struct ctl_differences *differences, int64_t now_s,
			       ctl_change_fn *each, void *arg);

#endif
