/* A policy read whole, as no login ever does: one made elsewhere is put in force only when nothing in it is damaged. */
#include <string.h>

#include "policy_private.h"

static enum psg_err decode_group(struct psg_policy *policy, struct psg_reader value)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_decode_group(value, &group);

	/* What it is made of: a login that missed it would deny, but to find that out then is too late. */
	for (size_t i = 0; !err && i < group.sets.count; i++)
		err = psg_policy_set_brief(policy, group.sets.items[i], NULL, NULL);
	for (size_t i = 0; !err && i < group.muting_sets.count; i++) {
		struct psg_permission_set muting PSG_CLEANUP(psg_permission_set_clear) = {0};

		err = psg_policy_muting_set(policy, group.muting_sets.items[i], &muting);
	}
	/* A group that failed says so, and gives nothing. */
	if (err == PSG_ERR_NOT_FOUND)
		err = group.status == PSG_STATUS_FAILED ? PSG_OK : PSG_ERR_CORRUPT;
	return err;
}

static enum psg_err decode_set(struct psg_reader value)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};

	return psg_policy_decode_set(value, &set);
}

static enum psg_err decode_policy(struct psg_reader value)
{
	struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};

	return psg_policy_decode_policy(value, &rules);
}

static enum psg_err decode_settings(struct psg_reader value)
{
	struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};

	return psg_policy_decode_settings(value, &gate);
}

static enum psg_err decode_document(struct psg_reader value)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};

	return psg_policy_decode_document(value, &document);
}

static enum psg_err decode_strings(struct psg_reader value)
{
	struct psg_strings list PSG_CLEANUP(psg_strings_clear) = {0};

	return psg_policy_decode_strings(value, &list);
}

static enum psg_err decode_assigned(const struct psg_policy_record *record)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	char *assignee PSG_CLEANUP(psg_free_bytes) = NULL;
	enum psg_err err = psg_policy_record_name(record, PSG_KEY_ASSIGNED, &assignee);

	return err ? err
		   : psg_policy_decode_assigned(psg_policy_record_value(record), assignee, &list);
}

static enum psg_err decode(void *arg, const struct psg_policy_record *record)
{
	struct psg_reader value = psg_policy_record_value(record);

	if (psg_policy_record_under(record, PSG_KEY_GROUP))
		return decode_group(arg, value);
	if (psg_policy_record_under(record, PSG_KEY_SET) ||
	    psg_policy_record_under(record, PSG_KEY_MUTING))
		return decode_set(value);
	if (psg_policy_record_under(record, PSG_KEY_POLICY))
		return decode_policy(value);
	if (psg_policy_record_under(record, PSG_KEY_ASSIGNED))
		return decode_assigned(record);
	if (psg_policy_record_under(record, PSG_KEY_DOCUMENT))
		return decode_document(value);
	if (psg_policy_record_is(record, PSG_KEY_SETTINGS, ""))
		return decode_settings(value);
	if (psg_policy_record_is(record, PSG_KEY_PENDING, "") ||
	    psg_policy_record_under(record, PSG_KEY_GIVERS) ||
	    psg_policy_record_under(record, PSG_KEY_NAMES))
		return decode_strings(value);
	/* Read by those that look something up: format by opening, brief/ and keys/ below. */
	return psg_policy_record_under(record, PSG_KEY_BRIEF) ||
		       psg_policy_record_under(record, PSG_KEY_KEYS) ||
		       psg_policy_record_is(record, PSG_KEY_FORMAT, "")
		   ? PSG_OK
		   : PSG_ERR_CORRUPT;
}

/* By the index, as a login finds them: a name that it does not lead to is one that nobody has. */
static enum psg_err find_all(struct psg_policy *policy)
{
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};
	enum psg_err err = psg_policy_settings(policy, &gate);

	if (!err)
		err = psg_policy_group_names(policy, &groups);
	if (!err)
		err = psg_policy_set_names(policy, &sets);
	for (size_t i = 0; !err && i < groups.count; i++) {
		struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};

		err =
		    psg_policy_activation_policy(policy, PSG_TARGET_GROUP, groups.items[i], &rules);
	}
	for (size_t i = 0; !err && i < sets.count; i++)
		err = psg_policy_set_brief(policy, sets.items[i], NULL, NULL);
	return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
}

enum psg_err psg_policy_sound(struct psg_policy *policy)
{
	enum psg_err err = psg_policy_walk(policy, decode, policy);

	return err ? err : find_all(policy);
}
