/* What was deployed and is not in force: Failed groups, and what was deferred. */
#include <stdio.h>

#include "doctor.h"

#define NAMED_MAX 5U

static enum psg_err judge_group(struct doctor *doctor, struct psg_policy *policy, const char *name,
				const char *file)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_group(policy, name, &group);

	if (!err && group.status == PSG_STATUS_FAILED)
		doctor_add(doctor, DOCTOR_GROUP_FAILED, (struct doctor_place){.file = file},
			   "the group %s is Failed and gives nothing: %s", name,
			   group.status_reason);
	return err;
}

static enum psg_err judge_pending(struct doctor *doctor, struct psg_policy *policy,
				  const char *file)
{
	struct psg_strings pending PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf names PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err = psg_policy_pending(policy, &pending);

	if (err || pending.count == 0)
		return err;
	for (size_t i = 0; i < pending.count && i < NAMED_MAX; i++)
		psg_buf_format(&names, "%s%s", i > 0 ? ", " : "", pending.items[i]);
	if (pending.count > NAMED_MAX)
		psg_buf_format(&names, " and %zu more", pending.count - NAMED_MAX);
	if (names.failed)
		return PSG_ERR_NO_MEMORY;
	doctor_add(doctor, DOCTOR_POLICY_DEFERRED, (struct doctor_place){.file = file},
		   "deployed with --defer and not in force: %s", names.data);
	return PSG_OK;
}

void doctor_judge_groups(struct doctor *doctor, const struct doctor_asked *asked)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	char file[4096];
	enum psg_err err = psg_policy_group_names(asked->policy, &names);

	snprintf(file, sizeof(file), "%s/policy", asked->path);
	for (size_t i = 0; !err && i < names.count; i++)
		err = judge_group(doctor, asked->policy, names.items[i], file);
	if (!err)
		err = judge_pending(doctor, asked->policy, file);
	if (err)
		doctor_add(doctor, DOCTOR_POLICY_UNREADABLE, (struct doctor_place){.file = file},
			   "the policy cannot be read: %s", psg_strerror(err));
}
