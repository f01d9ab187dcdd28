/* Who may enrol the first authenticator alone, and until when. */
#include <string.h>

#include "psg/gate.h"

/* By the answer to the gate's question. */
static bool serves(const struct psg_gate *gate, const struct psg_assignment *assignment)
{
	for (size_t i = 0; i < gate->facts.path_count; i++) {
		const struct psg_path *path = &gate->facts.paths[i];

		if (path->kind == assignment->kind && !strcmp(path->target, assignment->target) &&
		    !strcmp(path->assignee, assignment->assignee) &&
		    psg_decide_path(&gate->facts, path).verdict != PSG_DENY)
			return true;
	}
	return false;
}

/* A clock that stands before the assignment tells nothing: that is not within. */
static void weigh(const struct psg_assignment *assignment,
		  const struct psg_activation_policy *policy, int64_t now_s,
		  struct psg_enrolling *lets, int64_t *ended_s)
{
	int64_t since_s = assignment->created_s, ends_s;

	if (policy->enrollment != PSG_ENROLLMENT_SELF || since_s == 0 ||
	    __builtin_add_overflow(since_s, policy->enroll_within_s, &ends_s))
		return;
	if (now_s < since_s || now_s >= ends_s)
		*ended_s = ends_s > *ended_s ? ends_s : *ended_s;
	else if (since_s > lets->since_s)
		*lets = (struct psg_enrolling){.since_s = since_s, .ends_s = ends_s};
}

enum psg_err psg_enrolling_judge(struct psg_policy *policy, const struct psg_assignments *list,
				 const struct psg_gate *gate, int64_t now_s,
				 struct psg_enrolling *ret)
{
	struct psg_enrolling lets = {0};
	int64_t ended_s = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct psg_assignment *one = &list->items[i];
		struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};

		if (psg_until_over(one->until_s, now_s) || (gate && !serves(gate, one)))
			continue;
		enum psg_err err =
		    psg_policy_activation_policy(policy, one->kind, one->target, &rules);

		if (err)
			return err;
		weigh(one, &rules, now_s, &lets, &ended_s);
	}
	if (lets.since_s == 0)
		lets.ends_s = ended_s;
	*ret = lets;
	return PSG_OK;
}
