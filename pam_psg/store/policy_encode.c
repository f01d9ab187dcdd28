/* Structures to values of the policy file; policy_read_decode.c is the way back. */
#include <string.h>

#include "policy_private.h"

void psg_policy_encode_format(struct psg_buf *buf, const struct psg_policy_format *format)
{
	psg_buf_put(buf, PSG_POLICY_MAGIC, PSG_POLICY_MAGIC_SIZE);
	psg_buf_u32(buf, PSG_POLICY_VERSION);
	psg_buf_u64(buf, format->generation);
	psg_buf_u64(buf, format->created_s);
	psg_buf_u32(buf, format->records);
	psg_buf_u32(buf, format->buckets);
	psg_buf_u32(buf, format->groups);
	psg_buf_u32(buf, format->sets);
	psg_buf_u32(buf, format->assignments);
	psg_buf_u32(buf, format->unix_group_assignments);
	psg_buf_u8(buf, format->unix_group_assignments > 0);
}

void psg_policy_encode_settings(struct psg_buf *buf, const struct psg_gate_settings *settings)
{
	psg_buf_u64(buf, (uint64_t)settings->default_lifetime_s);
	psg_buf_u8(buf, (uint8_t)settings->default_scope);
	psg_buf_strings(buf, &settings->exempt_users);
	psg_buf_string(buf, settings->issuer);
	psg_buf_u32(buf, settings->throttle.attempts);
	psg_buf_u64(buf, (uint64_t)settings->throttle.delay_s);
	psg_buf_u64(buf, (uint64_t)settings->throttle.maximum_delay_s);
	psg_buf_u32(buf, settings->window_steps);
}

/* has_policy is the second byte here and in brief/: where an update that changes nothing else finds it. */
void psg_policy_encode_group(struct psg_buf *buf, const struct psg_group *group, bool has_policy)
{
	psg_buf_u8(buf, group->requires_activation);
	psg_buf_u8(buf, has_policy);
	psg_buf_u8(buf, (uint8_t)group->status);
	psg_buf_u32(buf, group->permission_count);
	psg_buf_string(buf, group->name);
	psg_buf_string(buf, group->label);
	psg_buf_string(buf, group->description);
	psg_buf_string(buf, group->status_reason);
	psg_buf_strings(buf, &group->sets);
	psg_buf_strings(buf, &group->muting_sets);
}

/* The permissions come before the texts: psg_policy_mutes reads no further. */
void psg_policy_encode_set(struct psg_buf *buf, const struct psg_permission_set *set)
{
	psg_buf_u8(buf, set->requires_activation);
	psg_buf_strings(buf, &set->permissions);
	psg_buf_string(buf, set->name);
	psg_buf_string(buf, set->label);
	psg_buf_string(buf, set->description);
	psg_buf_string(buf, set->license);
}

void psg_policy_encode_brief(struct psg_buf *buf, const struct psg_permission_set *set,
			     bool has_policy)
{
	psg_buf_u8(buf, set->requires_activation);
	psg_buf_u8(buf, has_policy);
	psg_buf_u32(buf, (uint32_t)set->permissions.count);
	for (size_t i = 0; i < set->permissions.count; i++)
		psg_buf_u64(buf, psg_policy_key_hash(set->permissions.items[i],
						     strlen(set->permissions.items[i])));
}

void psg_policy_encode_policy(struct psg_buf *buf, const struct psg_activation_policy *policy)
{
	psg_buf_u64(buf, (uint64_t)policy->lifetime_s);
	psg_buf_u64(buf, (uint64_t)policy->maximum_lifetime_s);
	psg_buf_u64(buf, (uint64_t)policy->warn_before_s);
	psg_buf_u8(buf, (uint8_t)policy->scope);
	psg_buf_u8(buf, policy->has_scope);
	psg_buf_u8(buf, (uint8_t)policy->reason);
	psg_buf_u8(buf, (uint8_t)policy->enrollment);
	psg_buf_u8(buf, policy->end_sessions);
	psg_buf_string(buf, policy->name);
	psg_buf_string(buf, policy->reason_pattern);
	psg_buf_u32(buf, (uint32_t)policy->unix_group_count);
	for (size_t i = 0; i < policy->unix_group_count; i++) {
		psg_buf_string(buf, policy->unix_groups[i].group);
		psg_buf_string(buf, policy->unix_groups[i].permission);
	}
	psg_buf_u64(buf, (uint64_t)policy->enroll_within_s);
}

void psg_policy_encode_assigned(struct psg_buf *buf, const struct psg_assignment *const *items,
				size_t count)
{
	psg_buf_u32(buf, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		psg_buf_u8(buf, (uint8_t)items[i]->kind | PSG_POLICY_DATED);
		psg_buf_string(buf, items[i]->target);
		psg_buf_u64(buf, (uint64_t)items[i]->until_s);
		psg_buf_u64(buf, (uint64_t)items[i]->created_s);
	}
}
