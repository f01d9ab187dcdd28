/* Is this person eligible for this target, now? */
#include <string.h>

#include "activate.h"

enum standing { NOT_ASSIGNED = 0, OVER, ELIGIBLE };

static enum psg_err stand(struct activate *activate, struct psg_policy *policy, enum standing *ret)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_now now;
	enum standing standing = NOT_ASSIGNED;
	enum psg_err err = psg_gate_assignments(policy, &activate->subject, &list);

	if (!err)
		err = psg_clock_now(&activate->ctl->store->clock, &now);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_assignment *assignment = &list.items[i];

		if (assignment->kind != activate->kind ||
		    strcmp(assignment->target, activate->target) != 0)
			continue;
		if (!assignment->until_s || now.realtime_ns / PSG_NS_PER_S < assignment->until_s)
			standing = ELIGIBLE;
		else if (standing == NOT_ASSIGNED)
			standing = OVER;
	}
	if (!err)
		*ret = standing;
	return err;
}

/* A Failed group gives nothing, so there is nothing to activate. */
static enum psg_err usable(const struct activate *activate, struct psg_policy *policy, bool *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};

	if (activate->kind == PSG_TARGET_SET) {
		*ret = true;
		return psg_policy_set_brief(policy, activate->target, NULL, NULL);
	}
	enum psg_err err = psg_policy_group(policy, activate->target, &group);

	if (!err)
		*ret = group.status != PSG_STATUS_FAILED;
	return err;
}

enum psg_err activate_recheck(void *arg)
{
	struct activate *activate = arg;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};
	enum standing standing = NOT_ASSIGNED;
	bool gives = false;
	enum psg_err err = psg_policy_open(activate->ctl->store->root, &policy);

	if (!err)
		err = stand(activate, policy, &standing);
	if (!err)
		err = usable(activate, policy, &gives);
	if (!err)
		err =
		    psg_policy_activation_policy(policy, activate->kind, activate->target, &rules);
	if (!err && activate->self)
		err = activate_follow(activate);
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_STALE : err;
	return standing == ELIGIBLE && gives && rules.lifetime_s >= activate->lifetime_s &&
		       rules.maximum_lifetime_s >= activate->policy.maximum_lifetime_s &&
		       rules.scope == activate->policy.scope &&
		       rules.reason == activate->policy.reason
		   ? PSG_OK
		   : PSG_ERR_STALE;
}

static enum ctl_exit judge(struct activate *activate, enum standing standing, bool gives)
{
	struct ctl *ctl = activate->ctl;
	const char *person = ctl_safe(activate->subject.name);
	const char *ask = activate->self ? "ask your administrator: " : "";

	if (standing == NOT_ASSIGNED)
		ctl_error(ctl, "%s is not assigned %s; %s`psgctl assign %s %s` makes it so", person,
			  activate->target, ask, person, activate->target);
	else if (standing == OVER)
		ctl_error(ctl,
			  "the assignment of %s to %s is over; %s`psgctl assign %s %s` renews it",
			  activate->target, person, ask, person, activate->target);
	else if (!gives)
		ctl_error(ctl,
			  "group %s has status Failed and gives nothing; see `psgctl groups %s`",
			  activate->target, activate->target);
	return standing == ELIGIBLE && gives ? CTL_DONE : CTL_REFUSED;
}

enum ctl_exit activate_target(struct activate *activate, const char *name)
{
	struct ctl *ctl = activate->ctl;
	enum standing standing;
	bool gives;

	if (!ctl_open_policy(ctl) || !ctl_find_target(ctl, name, &activate->kind))
		return CTL_STORE;
	if (activate->kind == PSG_TARGET_NONE || strlen(name) >= sizeof(activate->target)) {
		return ctl_unknown_target(ctl, name, CTL_REFUSED);
	}
	strcpy(activate->target, name);
	enum psg_err err = stand(activate, ctl->policy, &standing);

	if (!err)
		err = usable(activate, ctl->policy, &gives);
	if (err)
		return ctl_store_error(ctl, "reading the policy", err);
	return judge(activate, standing, gives);
}
