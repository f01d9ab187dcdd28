/* Values of the policy file to structures. A value has passed its checksum; it is still read
 * bounded, whole and in range, so that a file written by a bug is refused and not believed. */
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"
#include "psg/text.h"

static bool read_bool(struct psg_reader *reader)
{
	uint8_t value = psg_read_u8(reader);

	if (value > 1)
		reader->failed = true;
	return value == 1;
}

/* first <= value <= last, else the reader fails. */
static unsigned read_enum(struct psg_reader *reader, unsigned first, unsigned last)
{
	uint8_t value = psg_read_u8(reader);

	if (value < first || value > last) {
		reader->failed = true;
		return first;
	}
	return value;
}

/* Never negative. */
static int64_t read_seconds(struct psg_reader *reader)
{
	uint64_t value = psg_read_u64(reader);

	if (value > INT64_MAX) {
		reader->failed = true;
		return 0;
	}
	return (int64_t)value;
}

/* A length of time: the nanoseconds that it is reckoned in must not overflow. */
static int64_t read_duration(struct psg_reader *reader, int64_t least)
{
	uint64_t value = psg_read_u64(reader);

	if (value < (uint64_t)least || value > (uint64_t)PSG_DURATION_MAX_S) {
		reader->failed = true;
		return least;
	}
	return (int64_t)value;
}

/* least <= value <= most, else the reader fails. */
static uint32_t read_number(struct psg_reader *reader, uint32_t least, uint32_t most)
{
	uint32_t value = psg_read_u32(reader);

	if (value < least || value > most) {
		reader->failed = true;
		return least;
	}
	return value;
}

enum psg_err psg_policy_decode_format(struct psg_reader reader, struct psg_policy_format *ret)
{
	struct psg_policy_format format;

	if (reader.left < PSG_POLICY_MAGIC_SIZE ||
	    memcmp(reader.at, PSG_POLICY_MAGIC, PSG_POLICY_MAGIC_SIZE) != 0)
		return PSG_ERR_CORRUPT;
	reader.at += PSG_POLICY_MAGIC_SIZE;
	reader.left -= PSG_POLICY_MAGIC_SIZE;
	uint32_t version = psg_read_u32(&reader);

	if (reader.failed || version == 0)
		return PSG_ERR_CORRUPT;
	if (version > PSG_POLICY_VERSION)
		return PSG_ERR_VERSION;
	if (version < PSG_POLICY_VERSION_OLDEST)
		return PSG_ERR_OLD;
	format.generation = psg_read_u64(&reader);
	format.created_s = psg_read_u64(&reader);
	format.records = psg_read_u32(&reader);
	format.buckets = psg_read_u32(&reader);
	format.groups = psg_read_u32(&reader);
	format.sets = psg_read_u32(&reader);
	format.assignments = psg_read_u32(&reader);
	format.unix_group_assignments = psg_read_u32(&reader);
	bool has_unix_groups = read_bool(&reader);

	if (psg_read_end(&reader) != PSG_OK ||
	    has_unix_groups != (format.unix_group_assignments > 0) ||
	    format.buckets < PSG_POLICY_BUCKETS_MIN || format.buckets > PSG_POLICY_BUCKETS_MAX ||
	    (format.buckets & (format.buckets - 1)) != 0)
		return PSG_ERR_CORRUPT;
	*ret = format;
	return PSG_OK;
}

enum psg_err psg_policy_decode_settings(struct psg_reader reader, struct psg_gate_settings *ret)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};

	settings.default_lifetime_s = read_duration(&reader, 1);
	settings.default_scope = read_enum(&reader, PSG_SCOPE_SESSION, PSG_SCOPE_HOST);
	psg_read_strings(&reader, &settings.exempt_users);
	settings.issuer = psg_read_string(&reader);
	settings.throttle.attempts = read_number(&reader, 1, PSG_THROTTLE_ATTEMPTS_MAX);
	/* Of a delay of nothing the doubling would have no end. */
	settings.throttle.delay_s = read_duration(&reader, 1);
	settings.throttle.maximum_delay_s = read_duration(&reader, settings.throttle.delay_s);
	settings.window_steps = read_number(&reader, 0, PSG_WINDOW_MAX);
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = settings;
	settings = (struct psg_gate_settings){0};
	return PSG_OK;
}

enum psg_err psg_policy_decode_group(struct psg_reader reader, struct psg_group *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};

	group.requires_activation = read_bool(&reader);
	group.has_activation_policy = read_bool(&reader);
	group.status = read_enum(&reader, PSG_STATUS_FAILED, PSG_STATUS_UPDATING);
	group.permission_count = psg_read_u32(&reader);
	group.name = psg_read_string(&reader);
	group.label = psg_read_string(&reader);
	group.description = psg_read_string(&reader);
	group.status_reason = psg_read_string(&reader);
	psg_read_strings(&reader, &group.sets);
	psg_read_strings(&reader, &group.muting_sets);
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = group;
	group = (struct psg_group){0};
	return PSG_OK;
}

enum psg_err psg_policy_decode_set(struct psg_reader reader, struct psg_permission_set *ret)
{
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};

	set.requires_activation = read_bool(&reader);
	psg_read_strings(&reader, &set.permissions);
	set.name = psg_read_string(&reader);
	set.label = psg_read_string(&reader);
	set.description = psg_read_string(&reader);
	set.license = psg_read_string(&reader);
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = set;
	set = (struct psg_permission_set){0};
	return PSG_OK;
}

static void read_grants(struct psg_reader *reader, struct psg_activation_policy *policy)
{
	uint32_t count = psg_read_u32(reader);

	/* Two lengths at least to each. */
	if (reader->failed || count > reader->left / 8) {
		reader->failed = true;
		return;
	}
	if (count == 0)
		return;
	policy->unix_groups = calloc(count, sizeof(*policy->unix_groups));
	if (!policy->unix_groups) {
		reader->failed = reader->no_memory = true;
		return;
	}
	policy->unix_group_count = count;
	for (uint32_t i = 0; i < count; i++) {
		policy->unix_groups[i].group = psg_read_string(reader);
		policy->unix_groups[i].permission = psg_read_string(reader);
	}
}

enum psg_err psg_policy_decode_policy(struct psg_reader reader, struct psg_activation_policy *ret)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};

	/* 0: as the settings have it, or none. */
	policy.lifetime_s = read_duration(&reader, 0);
	policy.maximum_lifetime_s = read_duration(&reader, 0);
	policy.warn_before_s = read_duration(&reader, 0);
	policy.scope = read_enum(&reader, PSG_SCOPE_SESSION, PSG_SCOPE_HOST);
	policy.has_scope = read_bool(&reader);
	policy.reason = read_enum(&reader, PSG_REASON_NONE, PSG_REASON_REQUIRED);
	policy.enrollment = read_enum(&reader, PSG_ENROLLMENT_ADMIN, PSG_ENROLLMENT_SELF);
	policy.end_sessions = read_bool(&reader);
	policy.name = psg_read_string(&reader);
	policy.reason_pattern = psg_read_string(&reader);
	read_grants(&reader, &policy);
	/* Version 3 ended here. */
	if (reader.left > 0)
		policy.enroll_within_s = read_duration(&reader, 0);
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = policy;
	policy = (struct psg_activation_policy){0};
	return PSG_OK;
}

static void read_assignment(struct psg_reader *reader, struct psg_assignment *item)
{
	uint8_t kind = psg_read_u8(reader);
	bool dated = kind & PSG_POLICY_DATED;

	item->kind = kind & ~PSG_POLICY_DATED;
	if (item->kind != PSG_TARGET_GROUP && item->kind != PSG_TARGET_SET)
		reader->failed = true;
	item->target = psg_read_string(reader);
	item->until_s = read_seconds(reader);
	if (dated)
		item->created_s = read_seconds(reader);
}

enum psg_err psg_policy_decode_assigned(struct psg_reader reader, const char *assignee,
					struct psg_assignments *ret)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	uint32_t count = psg_read_u32(&reader);

	/* Kind, length and time at least to each; a record without any is never written. */
	if (reader.failed || count == 0 || count > reader.left / 13)
		return PSG_ERR_CORRUPT;
	list.items = calloc(count, sizeof(*list.items));
	if (!list.items)
		return PSG_ERR_NO_MEMORY;
	for (list.count = 0; list.count < count && !reader.failed; list.count++) {
		struct psg_assignment *item = &list.items[list.count];

		read_assignment(&reader, item);
		item->assignee = strdup(assignee);
		if (!item->assignee) {
			list.count++;
			return PSG_ERR_NO_MEMORY;
		}
	}
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = list;
	list = (struct psg_assignments){0};
	return PSG_OK;
}

enum psg_err psg_policy_decode_strings(struct psg_reader reader, struct psg_strings *ret)
{
	struct psg_strings list PSG_CLEANUP(psg_strings_clear) = {0};

	psg_read_strings(&reader, &list);
	enum psg_err err = psg_read_end(&reader);

	if (err != PSG_OK)
		return err;
	*ret = list;
	list = (struct psg_strings){0};
	return PSG_OK;
}
