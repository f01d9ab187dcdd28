/* How long an activation has: by its record, the clocks, the policy, the assignment.
 *
 * MUST NOT take what a name service does not show for something that is gone. */
#include <string.h>

#include "dues.h"
#include "psg/unix_group.h"

/* Whether the target is assigned to a Unix group of which it is not to be seen whether the person is in it: the account
 * or the group is of a name service that does not show it just now. */
static bool maybe_by_group(const struct psg_judge *judge, const struct psg_activation *activation)
{
	struct psg_assignments all PSG_CLEANUP(psg_assignments_clear) = {0};
	int64_t now_s = judge->now.realtime_ns / PSG_NS_PER_S;
	struct psg_unix_group group;

	if (!psg_policy_has_unix_groups(judge->policy))
		return false;
	if (psg_policy_all_assigned(judge->policy, &all) != PSG_OK)
		return true;
	for (size_t i = 0; i < all.count; i++) {
		const struct psg_assignment *one = &all.items[i];

		if (one->assignee[0] == '%' && one->kind == activation->kind &&
		    !strcmp(one->target, activation->target) &&
		    !psg_until_over(one->until_s, now_s) &&
		    (judge->subject.uid == (uid_t)-1 ||
		     psg_unix_group_find(one->assignee + 1, &group) != PSG_OK))
			return true;
	}
	return false;
}

/* Whether any Unix group is assigned the target: then who has it is for a name service to say. */
static bool is_a_groups(const struct psg_judge *judge, const struct psg_activation *activation)
{
	struct psg_assignments all PSG_CLEANUP(psg_assignments_clear) = {0};

	if (!psg_policy_has_unix_groups(judge->policy))
		return false;
	if (psg_policy_all_assigned(judge->policy, &all) != PSG_OK)
		return true;
	for (size_t i = 0; i < all.count; i++)
		if (all.items[i].assignee[0] == '%' && all.items[i].kind == activation->kind &&
		    !strcmp(all.items[i].target, activation->target))
			return true;
	return false;
}

/* `--until` may be the year 9999, which is more nanoseconds than there are. */
static int64_t until_ns(const struct psg_judge *judge, int64_t until_s)
{
	int64_t ns;

	if (until_s == 0 || __builtin_mul_overflow(until_s, PSG_NS_PER_S, &ns) ||
	    __builtin_sub_overflow(ns, judge->now.realtime_ns, &ns))
		return INT64_MAX;
	return ns;
}

/* How long until the assignment is over; INT64_MAX where it has no end, or where it is not to be seen: a Unix group
 * that a name service does not show just now is not a group that somebody left. */
static int64_t assigned_ns(const struct psg_judge *judge, const struct psg_activation *activation)
{
	int64_t longest = INT64_MIN;

	for (size_t i = 0; i < judge->assignments.count && judge->assignments_known; i++) {
		const struct psg_assignment *assignment = &judge->assignments.items[i];

		if (assignment->kind != activation->kind ||
		    strcmp(assignment->target, activation->target) != 0)
			continue;
		int64_t left = until_ns(judge, assignment->until_s);

		longest = left > longest ? left : longest;
	}
	if (longest == INT64_MIN)
		return judge->assignments_known && !is_a_groups(judge, activation) ? 0 : INT64_MAX;
	if (longest <= 0 && maybe_by_group(judge, activation))
		return INT64_MAX;
	return longest > 0 ? longest : 0;
}

/* Time until it is over, 0 when it is. Closed, its session may have left jobs behind: they have until the lapse. So has an
 * end whose reason is not written yet: its file is made first, and the writing of it stirs again. */
int64_t psg_due_left_ns(const struct psg_judge *judge, const struct psg_activation *activation)
{
	int64_t left = psg_activation_left_ns(activation, &judge->now);
	int64_t assigned = assigned_ns(judge, activation);

	if (activation->ended && activation->end_reason != PSG_END_CLOSED &&
	    activation->end_reason != PSG_END_NONE)
		return 0;
	return left < assigned ? left : assigned;
}

/* Whether it says anything about open sessions: a whole record of this boot that was in force once and whose place no
 * newer one took. */
bool psg_due_counts(const struct psg_judge *judge, const struct psg_activation *activation)
{
	return activation->valid && psg_boot_same(activation->boot_id, judge->now.boot_id) &&
	       !(activation->ended && (activation->end_reason == PSG_END_SUPERSEDED ||
				       activation->end_reason == PSG_END_FAILED));
}

enum psg_err psg_due_serves(const struct psg_judge *judge, const struct psg_activation *activation,
			    bool *ret)
{
	*ret = psg_due_counts(judge, activation) && !activation->ended &&
	       psg_due_left_ns(judge, activation) > 0;
	if (!*ret || activation->scope == PSG_SCOPE_HOST)
		return PSG_OK;
	if (!activation->bound) {
		*ret = false;
		return PSG_OK;
	}
	return psg_session_alive(&judge->store->proc, &activation->binding.leader, ret);
}

enum psg_end_reason psg_due_why(const struct psg_judge *judge,
				const struct psg_activation *activation)
{
	if (activation->ended && activation->end_reason != PSG_END_NONE)
		return activation->end_reason;
	return activation->ended || psg_activation_left_ns(activation, &judge->now) <= 0
		   ? PSG_END_LAPSED
		   : PSG_END_UNASSIGNED;
}
