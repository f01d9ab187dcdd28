/* Why a policy could not be put in force, and whether it is all the same: what fails last is making it durable. */
#include "psgctl.h"

/* Only who holds the lock changes it: another generation is what this process wrote. */
bool ctl_policy_replaced(const struct ctl *ctl)
{
	struct psg_policy *now PSG_CLEANUP(psg_policy_close) = NULL;
	return psg_policy_open(ctl->store->root, &now) == PSG_OK &&
	       psg_policy_generation(now) != psg_policy_generation(ctl->policy);
}

enum ctl_exit ctl_policy_failed(const struct ctl *ctl, enum psg_err err)
{
	return ctl_store_error(
	    ctl,
	    ctl_policy_replaced(ctl)
		? "the new policy is in force, and a loss of power may bring back the one "
		  "before: run this again when the disk is well"
		: "cannot write the policy; the one before stays in force",
	    err);
}
