/* What two policies mean for one person after the other. */
#ifndef PSGCTL_REACH_JUDGE_H
#define PSGCTL_REACH_JUDGE_H

#include "reach_view.h"

/* All that is assigned to somebody under either policy matters. */
PSG_MUST_CHECK
enum psg_err ctl_judge_choose(struct ctl_view *view, const char *name);
/* To the Unix groups among `people`: their members, and the assignees whose primary group one is. Sorted before and after. */
PSG_MUST_CHECK
enum psg_err ctl_judge_add_members(struct ctl_view *view, struct psg_strings *people);
/* Adds whom a Unix group lists; *ret_gid is set when it was found. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err ctl_listed_members(const char *group, struct psg_strings *people, bool *ret_found,
				gid_t *ret_gid);
/* Tells what changes for each. Sorted. */
PSG_MUST_CHECK
enum psg_err ctl_judge_people(struct ctl_view *view, const struct psg_strings *people,
			      ctl_change_fn *each, void *arg);

#endif
