/* Whether a demand can be met at all, whoever is assigned what. */
#include "doctor.h"

enum psg_err doctor_is_given(struct psg_policy *policy, const struct psg_demand *demand, bool *ret)
{
	static const char *const elements[] = {"applicationVisibilities", "userPermissions",
					       "customPermissions"};
	size_t first = demand->kind == PSG_DEMAND_APPLICATION ? 0 : 1;
	size_t last = demand->kind == PSG_DEMAND_APPLICATION ? 1 : 3;
	enum psg_err err = PSG_OK;

	*ret = false;
	if (demand->kind == PSG_DEMAND_GROUP) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};

		err = psg_policy_group(policy, demand->name, &group);
		if (err == PSG_ERR_NOT_FOUND)
			err = psg_policy_set_brief(policy, demand->name, NULL, NULL);
		*ret = err == PSG_OK;
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	}
	for (size_t i = first; i < last && !err; i++) {
		struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
		struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

		psg_buf_format(&key, "%s.%s", elements[i], demand->name);
		err = key.failed ? PSG_ERR_NO_MEMORY : psg_policy_givers(policy, key.data, &sets);
		*ret |= sets.count > 0;
	}
	return err;
}
