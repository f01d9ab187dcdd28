/* What a login asks of the policy: each question a look-up or two, whatever the policy's size.
 *
 * MUST: a flag that cannot be read is an error, never "no activation required"
 *       (tests/store/policy_damage_test.c: flips).
 * MUST: a muting set that is not there is an error, never "mutes nothing"
 *       (tests/store/policy_test.c: missing_members).
 * MUST: where the record says that an activation policy governs the target, its absence is damage, never
 *       the defaults (tests/store/policy_damage_test.c: a_promised_record_is_missing). */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

static enum psg_err get_set(struct psg_policy *policy, const char *prefix, const char *name,
			    struct psg_permission_set *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, prefix, name, &record);

	return err ? err : psg_policy_decode_set(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_set(struct psg_policy *policy, const char *name,
			    struct psg_permission_set *ret)
{
	return get_set(policy, PSG_KEY_SET, name, ret);
}

enum psg_err psg_policy_muting_set(struct psg_policy *policy, const char *name,
				   struct psg_permission_set *ret)
{
	return get_set(policy, PSG_KEY_MUTING, name, ret);
}

enum psg_err psg_policy_group(struct psg_policy *policy, const char *name, struct psg_group *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_GROUP, name, &record);

	return err ? err : psg_policy_decode_group(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_settings(struct psg_policy *policy, struct psg_gate_settings *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_SETTINGS, "", &record);

	/* Every policy has one: without it throttle and lifetimes would be anybody's guess. */
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
	return psg_policy_decode_settings(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_assigned(struct psg_policy *policy, const char *assignee,
				 struct psg_assignments *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_ASSIGNED, assignee, &record);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = (struct psg_assignments){0};
		return PSG_OK;
	}
	return err ? err
		   : psg_policy_decode_assigned(psg_policy_record_value(&record), assignee, ret);
}

/* Of a set what a login needs; `hashes` reads those of its permissions. */
struct brief {
	struct psg_policy_record record;
	bool requires_activation, has_policy;
	uint32_t permission_count;
	struct psg_reader hashes;
};

static void brief_clear(struct brief *brief)
{
	psg_policy_record_clear(&brief->record);
}

static enum psg_err get_brief(struct psg_policy *policy, const char *name, struct brief *ret)
{
	struct brief brief PSG_CLEANUP(brief_clear) = {.requires_activation = true};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_BRIEF, name, &brief.record);

	if (err)
		return err;
	struct psg_reader reader = psg_policy_record_value(&brief.record);
	uint8_t requires_activation = psg_read_u8(&reader);
	uint8_t has_policy = psg_read_u8(&reader);

	brief.permission_count = psg_read_u32(&reader);
	if (reader.failed || reader.left != (uint64_t)brief.permission_count * sizeof(uint64_t) ||
	    requires_activation > 1 || has_policy > 1)
		return PSG_ERR_CORRUPT;
	brief.requires_activation = requires_activation == 1;
	brief.has_policy = has_policy == 1;
	brief.hashes = reader;
	*ret = brief;
	brief.record = (struct psg_policy_record){0};
	return PSG_OK;
}

enum psg_err psg_policy_set_brief(struct psg_policy *policy, const char *name, bool *ret_requires,
				  uint32_t *ret_permission_count)
{
	struct brief brief PSG_CLEANUP(brief_clear) = {0};
	enum psg_err err = get_brief(policy, name, &brief);

	if (err)
		return err;
	if (ret_requires)
		*ret_requires = brief.requires_activation;
	if (ret_permission_count)
		*ret_permission_count = brief.permission_count;
	return PSG_OK;
}

enum psg_err psg_policy_set_gives(struct psg_policy *policy, const char *name,
				  const char *const *keys, size_t count, bool *ret_gives,
				  bool *ret_requires, uint32_t *ret_permission_count)
{
	struct brief brief PSG_CLEANUP(brief_clear) = {0};
	enum psg_err err = get_brief(policy, name, &brief);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = psg_policy_key_hash(keys[i], strlen(keys[i]));
		struct psg_reader reader = brief.hashes;
		bool found = false;

		while (reader.left > 0 && !found)
			found = psg_read_u64(&reader) == hash;
		ret_gives[i] = found;
	}
	*ret_requires = brief.requires_activation;
	*ret_permission_count = brief.permission_count;
	return PSG_OK;
}

enum psg_err psg_policy_givers(struct psg_policy *policy, const char *permission_key,
			       struct psg_strings *ret_sets)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_GIVERS, permission_key, &record);

	if (!err) {
		struct psg_reader reader = psg_policy_record_value(&record);

		psg_read_strings(&reader, &sets);
		err = psg_read_end(&reader);
	}
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret_sets = sets;
	sets = (struct psg_strings){0};
	return PSG_OK;
}

/* The next string of a list, compared where it lies: no copy of a whole set to look for one name. */
static bool next_is(struct psg_reader *reader, const char *text, size_t len)
{
	uint32_t next = psg_read_u32(reader);

	if (reader->failed || next > reader->left) {
		reader->failed = true;
		return false;
	}
	bool same = next == len && memcmp(reader->at, text, len) == 0;

	reader->at += next;
	reader->left -= next;
	return same;
}

enum psg_err psg_policy_mutes(struct psg_policy *policy, const char *muting_set,
			      const char *permission_key, bool *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_MUTING, muting_set, &record);

	if (err)
		return err;
	struct psg_reader reader = psg_policy_record_value(&record);
	size_t len = strlen(permission_key);
	bool found = false;

	(void)psg_read_u8(&reader); /* requires_activation: nothing to a muting set */
	uint32_t count = psg_read_u32(&reader);

	for (uint32_t i = 0; i < count && !found && !reader.failed; i++)
		found = next_is(&reader, permission_key, len);
	if (reader.failed)
		return PSG_ERR_CORRUPT;
	*ret = found;
	return PSG_OK;
}

static enum psg_err has_policy(struct psg_policy *policy, enum psg_target_kind kind,
			       const char *target, bool *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	struct brief brief PSG_CLEANUP(brief_clear) = {0};
	enum psg_err err;

	switch (kind) {
	case PSG_TARGET_GROUP:
		err = psg_policy_group(policy, target, &group);
		if (!err)
			*ret = group.has_activation_policy;
		return err;
	case PSG_TARGET_SET:
		err = get_brief(policy, target, &brief);
		if (!err)
			*ret = brief.has_policy;
		return err;
	case PSG_TARGET_NONE:
		break;
	}
	return PSG_ERR_INVALID;
}

static enum psg_err no_policy(const char *target, struct psg_activation_policy *ret)
{
	*ret = (struct psg_activation_policy){.name = strdup(target), .reason_pattern = strdup("")};
	return ret->name && ret->reason_pattern ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static enum psg_err get_policy(struct psg_policy *policy, const char *target,
			       struct psg_activation_policy *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_get(policy, PSG_KEY_POLICY, target, &record);

	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
	return psg_policy_decode_policy(psg_policy_record_value(&record), ret);
}

enum psg_err psg_policy_activation_policy(struct psg_policy *policy, enum psg_target_kind kind,
					  const char *target, struct psg_activation_policy *ret)
{
	struct psg_activation_policy found PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	bool governed = false;
	enum psg_err err = has_policy(policy, kind, target, &governed);

	if (!err)
		err = governed ? get_policy(policy, target, &found) : no_policy(target, &found);
	if (!err)
		err = psg_policy_settings(policy, &settings);
	if (err)
		return err;
	if (found.lifetime_s == 0)
		found.lifetime_s = settings.default_lifetime_s;
	if (found.maximum_lifetime_s == 0)
		found.maximum_lifetime_s = found.lifetime_s;
	/* A maximum alone, below the default lifetime: the maximum is what somebody decided. */
	if (found.lifetime_s > found.maximum_lifetime_s)
		found.lifetime_s = found.maximum_lifetime_s;
	if (found.enroll_within_s == 0)
		found.enroll_within_s = PSG_ENROLL_WITHIN_DEFAULT_S;
	if (!found.has_scope)
		found.scope = settings.default_scope;
	*ret = found;
	found = (struct psg_activation_policy){0};
	return PSG_OK;
}
