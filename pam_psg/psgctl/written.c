/* Why a policy could not be put in force, and whether it is all the same: what fails last is making it durable. */
#include "psgctl.h"

static enum psg_err look(const struct ctl *ctl, bool *ret_replaced)
{
	struct psg_policy *now PSG_CLEANUP(psg_policy_close) = NULL;
	enum psg_err err = psg_policy_open(ctl->store->root, &now);
	if (err == PSG_OK)
		*ret_replaced = psg_policy_generation(now) != psg_policy_generation(ctl->policy);
	return err;
}

/* Only who holds the lock changes it: another generation is what this process wrote. */
bool ctl_policy_replaced(const struct ctl *ctl)
{
	bool replaced = false;
	return look(ctl, &replaced) == PSG_OK && replaced;
}

enum ctl_exit ctl_policy_failed(const struct ctl *ctl, enum psg_err err)
{
	bool replaced = false;
	enum psg_err unseen = look(ctl, &replaced);
	if (unseen != PSG_OK)
		ctl_error(
		    ctl,
		    "the policy cannot be read back (%s): whether the new one or the one before "
		    "is in force is not known; see `psgctl groups`, then run this again",
		    psg_strerror(unseen));
	return ctl_store_error(
	    ctl,
	    unseen != PSG_OK ? "cannot write the policy"
	    : replaced       ? "the new policy is in force, and a loss of power may bring back the "
			       "one before: run this again when the disk is well"
			     : "cannot write the policy; the one before stays in force",
	    err);
}
