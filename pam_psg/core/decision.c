/* The decision: facts in, verdict out.
 *
 * MUST deny unless a path, whole and in force, says otherwise        (decision_test: one_path)
 * MUST give the same answer whatever order the facts come in         (decision_paths_test: order_*)
 * MUST NOT read a clock, a file or a global                          (pure by what it includes)
 * MUST NOT let unassigned_ok pass somebody whom a path concerns      (decision_paths_test: unassigned_ok)
 */
#include "psg/decision.h"

#include <string.h>

static bool assignment_over(const struct psg_facts *facts, const struct psg_path *path)
{
	return psg_until_over(path->assigned_until_s, facts->now.realtime_ns / PSG_NS_PER_S);
}

static bool status_gives(enum psg_group_status status)
{
	switch (status) {
	case PSG_STATUS_UPDATED:
	case PSG_STATUS_OUTDATED:
	case PSG_STATUS_UPDATING:
		return true;
	case PSG_STATUS_FAILED:
		return false;
	}
	return false;
}

/* Whether `a` has more time left than `b`; by name where it is the same. */
static bool lasts_longer(const struct psg_facts *facts, const struct psg_activation *a,
			 const struct psg_activation *b)
{
	int64_t left_a = psg_activation_left_ns(a, &facts->now);
	int64_t left_b = psg_activation_left_ns(b, &facts->now);

	return left_a != left_b ? left_a > left_b : strcmp(a->file, b->file) < 0;
}

static bool made_later(const struct psg_activation *a, const struct psg_activation *b)
{
	if (a->created_realtime_ns != b->created_realtime_ns)
		return a->created_realtime_ns > b->created_realtime_ns;
	return strcmp(a->file, b->file) < 0;
}

/* The live activation of the path's target with the most time left and the latest that is over,
 * each NULL where there is none. One of another session never was one here. */
static void find_activations(const struct psg_facts *facts, const struct psg_path *path,
			     const struct psg_activation **ret_live,
			     const struct psg_activation **ret_over)
{
	const struct psg_activation *live = NULL, *over = NULL;

	for (size_t i = 0; i < facts->activation_count; i++) {
		const struct psg_activation *activation = &facts->activations[i];

		if (!activation->valid || activation->kind != path->kind ||
		    strcmp(activation->target, path->target) != 0)
			continue;
		if (psg_activation_live(activation, &facts->now)) {
			if (!live || lasts_longer(facts, activation, live))
				live = activation;
		} else if (activation->in_session || activation->scope == PSG_SCOPE_HOST) {
			if (!over || made_later(activation, over))
				over = activation;
		}
	}
	*ret_live = live;
	*ret_over = over;
}

struct psg_path_decision psg_decide_path(const struct psg_facts *facts, const struct psg_path *path)
{
	struct psg_path_decision decision = {.verdict = PSG_DENY, .why = PSG_WHY_NOT_SERVED};
	const struct psg_activation *live, *over;

	if ((path->kind != PSG_TARGET_GROUP && path->kind != PSG_TARGET_SET) || !path->gives)
		return decision;
	/* What would stand in the way even if the later obstacles were gone is said first. */
	if (path->muted)
		decision.why = PSG_WHY_MUTED;
	else if (!status_gives(path->status))
		decision.why = PSG_WHY_FAILED;
	else if (assignment_over(facts, path))
		decision.why = PSG_WHY_EXPIRED;
	else
		decision.verdict = path->requires_activation ? PSG_ACTIVATE : PSG_ALLOW;
	if (decision.verdict == PSG_DENY)
		return decision;
	if (decision.verdict == PSG_ALLOW) {
		decision.why = PSG_WHY_NOT_REQUIRED;
		return decision;
	}
	find_activations(facts, path, &live, &over);
	if (live) {
		decision.verdict = PSG_ALLOW;
		decision.why = PSG_WHY_ACTIVE;
	} else {
		decision.why = over ? PSG_WHY_LAPSED : PSG_WHY_NEEDS_ACTIVATION;
	}
	decision.activation = live ? live : over;
	return decision;
}

/* A path with what it came to. */
struct weighed {
	const struct psg_path *path;
	struct psg_path_decision decision;
};

static struct weighed weigh(const struct psg_facts *facts, const struct psg_path *path)
{
	return (struct weighed){.path = path, .decision = psg_decide_path(facts, path)};
}

/* How good a reason is, best highest: the allowing before the activating, the nearest miss
 * before the others. */
static int rank(enum psg_why why)
{
	static const enum psg_why order[] = {
	    PSG_WHY_NOT_SERVED, PSG_WHY_EXPIRED, PSG_WHY_FAILED,       PSG_WHY_MUTED,
	    PSG_WHY_LAPSED,     PSG_WHY_ACTIVE,  PSG_WHY_NOT_REQUIRED,
	};

	/* Whether one was here before says nothing about which target to take. */
	if (why == PSG_WHY_NEEDS_ACTIVATION)
		why = PSG_WHY_LAPSED;
	for (size_t i = 0; i < PSG_COUNT(order); i++)
		if (order[i] == why)
			return (int)i + 1;
	return 0;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Negative when `a` comes before `b`: fewest permissions, then names. */
static int compare_paths(const struct psg_path *a, const struct psg_path *b)
{
	int order;

	if (a->permission_count != b->permission_count)
		return a->permission_count < b->permission_count ? -1 : 1;
	order = compare_text(a->target, b->target);
	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	if (order == 0)
		order = compare_text(a->set, b->set);
	if (order == 0)
		order = compare_text(a->assignee, b->assignee);
	if (order == 0 && a->assigned_until_s != b->assigned_until_s)
		order = a->assigned_until_s < b->assigned_until_s ? -1 : 1;
	return order;
}

static bool better(const struct psg_facts *facts, const struct weighed *a, const struct weighed *b)
{
	int rank_a = rank(a->decision.why), rank_b = rank(b->decision.why);

	if (rank_a != rank_b)
		return rank_a > rank_b;
	if (a->decision.why == PSG_WHY_ACTIVE && a->decision.activation != b->decision.activation)
		return lasts_longer(facts, a->decision.activation, b->decision.activation);
	return compare_paths(a->path, b->path) < 0;
}

static struct psg_decision decision_of(enum psg_verdict verdict, enum psg_why why)
{
	return (struct psg_decision){.verdict = verdict, .why = why};
}

/* Where any path gives the demand, or a Failed group may have, the person is somebody the rules
 * mean: unassigned_ok is for the others. */
static bool concerned(const struct psg_facts *facts)
{
	for (size_t i = 0; i < facts->path_count; i++)
		if (facts->paths[i].gives || !status_gives(facts->paths[i].status))
			return true;
	return false;
}

struct psg_decision psg_decide(const struct psg_facts *facts)
{
	struct weighed best = {0};

	if (facts->subject_is_root && !facts->even_root)
		return decision_of(PSG_ALLOW, PSG_WHY_ROOT);
	if (facts->exempt)
		return decision_of(PSG_ALLOW, PSG_WHY_EXEMPT);
	if (facts->error)
		return decision_of(PSG_DENY, PSG_WHY_ERROR);
	for (size_t i = 0; i < facts->path_count; i++) {
		struct weighed next = weigh(facts, &facts->paths[i]);

		if (!best.path || better(facts, &next, &best))
			best = next;
	}
	if (best.decision.verdict == PSG_DENY && facts->unassigned_ok && !concerned(facts))
		return decision_of(PSG_ALLOW, PSG_WHY_UNASSIGNED_OK);
	if (!best.path)
		return decision_of(PSG_DENY, PSG_WHY_UNASSIGNED);
	return (struct psg_decision){
	    .verdict = best.decision.verdict,
	    .why = best.decision.why,
	    .path = best.decision.why == PSG_WHY_NOT_SERVED ? NULL : best.path,
	    .activation = best.decision.activation,
	};
}

static bool same_target(const struct psg_path *a, const struct psg_path *b)
{
	return a->kind == b->kind && strcmp(a->target, b->target) == 0;
}

/* True when `path` may be chosen and no better path, in order or in place, names its target. */
static bool stands_for_target(const struct psg_facts *facts, const struct psg_path *path)
{
	if (psg_decide_path(facts, path).verdict != PSG_ACTIVATE)
		return false;
	for (size_t i = 0; i < facts->path_count; i++) {
		const struct psg_path *other = &facts->paths[i];
		int order;

		if (other == path || !same_target(other, path))
			continue;
		order = compare_paths(other, path);
		if ((order < 0 || (order == 0 && other < path)) &&
		    psg_decide_path(facts, other).verdict == PSG_ACTIVATE)
			return false;
	}
	return true;
}

size_t psg_decide_candidates(const struct psg_facts *facts, const struct psg_path **ret,
			     size_t size)
{
	size_t total = 0, kept = 0;

	if (facts->error)
		return 0;
	for (size_t i = 0; i < facts->path_count; i++) {
		const struct psg_path *path = &facts->paths[i];
		size_t at = kept;

		if (!stands_for_target(facts, path))
			continue;
		total++;
		while (at > 0 && compare_paths(path, ret[at - 1]) < 0)
			at--;
		if (at >= size)
			continue;
		if (kept < size)
			kept++;
		memmove(&ret[at + 1], &ret[at], (kept - at - 1) * sizeof(*ret));
		ret[at] = path;
	}
	return total;
}

const char *psg_verdict_name(enum psg_verdict verdict)
{
	static const char *const names[] = {
	    [PSG_DENY] = "DENY",
	    [PSG_ACTIVATE] = "ACTIVATE",
	    [PSG_ALLOW] = "ALLOW",
	};
	size_t index = (size_t)verdict;

	return index < PSG_COUNT(names) ? names[index] : "DENY";
}

const char *psg_why_name(enum psg_why why)
{
	static const char *const names[PSG_WHY_COUNT] = {
	    [PSG_WHY_ERROR] = "Error",
	    [PSG_WHY_UNASSIGNED] = "Unassigned",
	    [PSG_WHY_NOT_SERVED] = "NotServed",
	    [PSG_WHY_MUTED] = "Muted",
	    [PSG_WHY_EXPIRED] = "Expired",
	    [PSG_WHY_FAILED] = "Failed",
	    [PSG_WHY_NEEDS_ACTIVATION] = "NeedsActivation",
	    [PSG_WHY_LAPSED] = "Lapsed",
	    [PSG_WHY_ROOT] = "Root",
	    [PSG_WHY_EXEMPT] = "Exempt",
	    [PSG_WHY_NOT_REQUIRED] = "NotRequired",
	    [PSG_WHY_ACTIVE] = "Active",
	    [PSG_WHY_UNASSIGNED_OK] = "UnassignedOk",
	};
	size_t index = (size_t)why;

	return index < PSG_WHY_COUNT ? names[index] : "Error";
}
