/* What to do next, for the administrator who reads the answer. */
#include <string.h>

#include "explain.h"

#define SUGGESTED_MAX 3

struct search {
	struct psg_policy *policy;
	const char *key;
	struct psg_strings sets;    /* that give the key */
	struct psg_strings targets; /* to assign */
};

static void search_clear(struct search *search)
{
	psg_strings_clear(&search->sets);
	psg_strings_clear(&search->targets);
}

static enum psg_err group_gives(struct search *search, const char *name, bool *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	bool gives = false, mutes = false;
	enum psg_err err = psg_policy_group(search->policy, name, &group);

	if (err)
		return err;
	for (size_t i = 0; i < group.sets.count; i++)
		gives |= psg_strings_has(&search->sets, group.sets.items[i]);
	if (group.status == PSG_STATUS_FAILED)
		gives = false;
	for (size_t i = 0; gives && !mutes && i < group.muting_sets.count && !err; i++)
		err = psg_policy_mutes(search->policy, group.muting_sets.items[i], search->key,
				       &mutes);
	*ret = gives && !mutes;
	return err;
}

/* A few groups that would serve; sets themselves where no group does. */
static enum psg_err find(struct search *search)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_givers(search->policy, search->key, &search->sets);

	if (err || search->sets.count == 0)
		return err;
	err = psg_policy_group_names(search->policy, &names);
	for (size_t i = 0; i < names.count && !err && search->targets.count < SUGGESTED_MAX; i++) {
		bool gives = false;

		err = group_gives(search, names.items[i], &gives);
		if (!err && gives)
			err = psg_strings_add(&search->targets, names.items[i]);
	}
	bool none = search->targets.count == 0;

	for (size_t i = 0; i < search->sets.count && i < SUGGESTED_MAX && none && !err; i++)
		err = psg_strings_add(&search->targets, search->sets.items[i]);
	return err;
}

static void suggest_assign(const struct explain *explain, struct psg_buf *out)
{
	const struct psg_demand *demand = &explain->deciding->args.demand;
	const char *user = ctl_safe(explain->subject.name);
	static const char *const elements[] = {"applicationVisibilities", "userPermissions",
					       "customPermissions"};
	size_t first = demand->kind == PSG_DEMAND_APPLICATION ? 0 : 1;
	size_t last = demand->kind == PSG_DEMAND_APPLICATION ? 1 : 3;

	if (demand->kind == PSG_DEMAND_GROUP) {
		psg_buf_format(out, "psgctl assign %s %s", user, ctl_safe(demand->name));
		return;
	}
	for (size_t i = first; i < last; i++) {
		struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};
		struct search search PSG_CLEANUP(search_clear) = {
		    .policy = explain->deciding->gate->policy};

		psg_buf_format(&key, "%s.%s", elements[i], demand->name);
		search.key = key.data;
		/* A suggestion that cannot be had is left out; the verdict does not depend on it. */
		if (key.failed || find(&search) || search.targets.count == 0)
			continue;
		psg_buf_format(out, "psgctl assign %s %s", user, search.targets.items[0]);
		for (size_t j = 1; j < search.targets.count; j++)
			psg_buf_format(out, "%s %s", j == 1 ? " (or" : ",",
				       search.targets.items[j]);
		psg_buf_text(out, search.targets.count > 1 ? ")" : "");
		return;
	}
	psg_buf_format(out, "no group that may be assigned gives %s %s: deploy one, then assign it",
		       explain_demand_kind(demand), ctl_safe(demand->name));
}

static void next_activate(const struct explain *explain, struct psg_buf *out)
{
	const struct psg_path *path = explain->deciding->gate->decision.path;
	const char *user = ctl_safe(explain->subject.name);
	char wait[PSG_TIME_SIZE];

	bool none = explain->authenticators + explain->recovery_left == 0;

	if (none && explain->unreadable) {
		psg_buf_format(out,
			       "the key does not open the authenticator: restore the key, or "
			       "psgctl enroll %s --replace",
			       user);
	} else if (explain_enrols(explain, explain_phase(explain, PSG_PHASE_AUTH))) {
		psg_buf_format(out,
			       "%s enrols an authenticator where the service asks for one, or "
			       "psgctl enroll %s",
			       user, user);
	} else if (none) {
		psg_buf_format(out, "psgctl enroll %s", user);
	} else if (explain->wait_ns > 0) {
		psg_duration_format_human((explain->wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S,
					  wait);
		psg_buf_format(out, "wait %s, or psgctl unlock %s", wait, user);
	} else {
		psg_buf_format(out,
			       "%s gives a code where the service asks for one, or psgctl "
			       "activate %s --user %s",
			       user, path ? path->target : "NAME", user);
	}
}

static void next_deny(const struct explain *explain, struct psg_buf *out)
{
	const struct psg_decision *decision = &explain->deciding->gate->decision;
	const char *target = decision->path ? decision->path->target : "NAME";
	const char *user = ctl_safe(explain->subject.name);

	switch ((int)decision->why) {
	case PSG_WHY_MUTED:
		psg_buf_format(out, "a muting permission set of %s takes it away: change %s, or ",
			       target, target);
		suggest_assign(explain, out);
		break;
	case PSG_WHY_FAILED:
		psg_buf_format(out, "see psgctl groups %s: the group has status Failed", target);
		break;
	case PSG_WHY_EXPIRED:
		psg_buf_format(out, "psgctl assign %s %s --until TIME", user, target);
		break;
	default:
		suggest_assign(explain, out);
	}
}

void explain_next(const struct explain *explain, struct psg_buf *out)
{
	const struct judged *deciding = explain->deciding;

	if (deciding->bad_argument)
		psg_buf_format(out, "correct the argument %s: the module denies everybody for it",
			       ctl_safe(deciding->bad_argument));
	else if (deciding->outcome.verdict == PSG_ALLOW)
		psg_buf_text(out, "nothing");
	else if (explain->err)
		psg_buf_format(out, "%s", ctl_remedy(explain->err));
	else if (deciding->outcome.verdict == PSG_ACTIVATE)
		next_activate(explain, out);
	else
		next_deny(explain, out);
}
