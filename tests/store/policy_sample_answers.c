#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "policy_sample.h"
#include "psg/bytes.h"

/* Adds what the buffer holds, or what the error comes to, and empties it. */
static void answer(struct psg_strings *list, enum psg_err err, struct psg_buf *buf)
{
	const char *text = buf->data ? buf->data : "";

	assert_false(buf->failed);
	if (err)
		text = err == PSG_ERR_NOT_FOUND ? "none" : POLICY_SAMPLE_ERROR;
	assert_int_equal(psg_strings_add(list, text), PSG_OK);
	psg_buf_clear(buf);
}

static void show_strings(struct psg_buf *buf, const struct psg_strings *list)
{
	psg_buf_format(buf, " [%zu", list->count);
	for (size_t i = 0; i < list->count; i++)
		psg_buf_format(buf, " %s", list->items[i]);
	psg_buf_text(buf, "]");
}

static void ask_settings(struct psg_policy *policy, struct psg_strings *ret)
{
	struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_settings(policy, &gate);

	psg_buf_format(&buf, "settings %ld %d %s %u %ld %ld %u", (long)gate.default_lifetime_s,
		       (int)gate.default_scope, gate.issuer ? gate.issuer : "",
		       gate.throttle.attempts, (long)gate.throttle.delay_s,
		       (long)gate.throttle.maximum_delay_s, gate.window_steps);
	show_strings(&buf, &gate.exempt_users);
	answer(ret, err, &buf);
}

static void show_assignments(struct psg_buf *buf, const struct psg_assignments *list)
{
	psg_buf_format(buf, "assigned %zu:", list->count);
	for (size_t i = 0; i < list->count; i++)
		psg_buf_format(buf, " %s %d %s %ld since %ld,", list->items[i].assignee,
			       (int)list->items[i].kind, list->items[i].target,
			       (long)list->items[i].until_s, (long)list->items[i].created_s);
}

static void ask_assigned(struct psg_policy *policy, const char *assignee, struct psg_strings *ret)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_assigned(policy, assignee, &list);

	show_assignments(&buf, &list);
	answer(ret, err, &buf);
}

static void ask_group(struct psg_policy *policy, const char *name, struct psg_strings *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_group(policy, name, &group);

	if (!err)
		psg_buf_format(&buf, "group %s '%s' '%s' %d %d '%s' %d %u", group.name, group.label,
			       group.description, group.requires_activation, (int)group.status,
			       group.status_reason, group.has_activation_policy,
			       group.permission_count);
	show_strings(&buf, &group.sets);
	show_strings(&buf, &group.muting_sets);
	answer(ret, err, &buf);
}

static void ask_set(struct psg_policy *policy, bool muting, const char *name,
		    struct psg_strings *ret)
{
	struct psg_permission_set found PSG_CLEANUP(psg_permission_set_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = muting ? psg_policy_muting_set(policy, name, &found)
				  : psg_policy_set(policy, name, &found);

	if (!err)
		psg_buf_format(&buf, "set %s '%s' '%s' '%s' %d", found.name, found.label,
			       found.description, found.license, found.requires_activation);
	show_strings(&buf, &found.permissions);
	answer(ret, err, &buf);
}

static void ask_brief(struct psg_policy *policy, const char *name, struct psg_strings *ret)
{
	static const char *const keys[] = {"applicationVisibilities.sshd",
					   "applicationVisibilities.sudo"};
	bool requires_activation = false, same = false, gives[2] = {false, false};
	uint32_t count = 0, same_count = 0;
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_set_gives(policy, name, keys, PSG_COUNT(keys), gives,
						&requires_activation, &count);

	if (psg_policy_set_brief(policy, name, &same, &same_count) != err ||
	    same != requires_activation || same_count != count)
		err = PSG_ERR_INVALID;
	psg_buf_format(&buf, "brief %d %u gives %d %d", requires_activation, count, gives[0],
		       gives[1]);
	answer(ret, err, &buf);
}

static void ask_policy(struct psg_policy *policy, enum psg_target_kind kind, const char *name,
		       struct psg_strings *ret)
{
	struct psg_activation_policy found PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_activation_policy(policy, kind, name, &found);

	if (!err)
		psg_buf_format(&buf, "policy %s %ld %ld %ld %d %d %d '%s' %d %d %ld", found.name,
			       (long)found.lifetime_s, (long)found.maximum_lifetime_s,
			       (long)found.warn_before_s, (int)found.scope, found.has_scope,
			       (int)found.reason, found.reason_pattern, (int)found.enrollment,
			       found.end_sessions, (long)found.enroll_within_s);
	for (size_t i = 0; i < found.unix_group_count; i++)
		psg_buf_format(&buf, " %s=%s", found.unix_groups[i].group,
			       found.unix_groups[i].permission);
	answer(ret, err, &buf);
}

static void ask_names(struct psg_policy *policy,
		      enum psg_err (*names)(struct psg_policy *policy, struct psg_strings *ret),
		      struct psg_strings *ret)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = names(policy, &found);

	show_strings(&buf, &found);
	answer(ret, err, &buf);
}

static void ask_givers(struct psg_policy *policy, const char *permission, struct psg_strings *ret)
{
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_givers(policy, permission, &sets);

	psg_buf_text(&buf, "givers");
	show_strings(&buf, &sets);
	answer(ret, err, &buf);
}

static void ask_mutes(struct psg_policy *policy, const char *name, const char *permission,
		      struct psg_strings *ret)
{
	bool mutes = false;
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_mutes(policy, name, permission, &mutes);

	psg_buf_format(&buf, "mutes %d", mutes);
	answer(ret, err, &buf);
}

static void ask_effective(struct psg_policy *policy, enum psg_target_kind kind, const char *name,
			  struct psg_strings *ret)
{
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_effective(policy, kind, name, &keys);

	psg_buf_text(&buf, "effective");
	show_strings(&buf, &keys);
	answer(ret, err, &buf);
}

void policy_sample_answers(struct psg_folder *root, struct psg_strings *ret)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_buf buf = {0};

	*ret = (struct psg_strings){0};
	if (psg_policy_open(root, &policy))
		return;
	psg_buf_format(&buf, "policy %lu %d", (unsigned long)psg_policy_generation(policy),
		       psg_policy_has_unix_groups(policy));
	answer(ret, PSG_OK, &buf);
	ask_settings(policy, ret);
	ask_assigned(policy, "alice", ret);
	ask_assigned(policy, "bob", ret);
	ask_assigned(policy, "%wheel", ret);
	ask_assigned(policy, "carol", ret);
	ask_group(policy, "Ops", ret);
	ask_group(policy, "Broken", ret);
	ask_group(policy, "Nowhere", ret);
	ask_set(policy, false, "Operator", ret);
	ask_set(policy, true, "Quiet", ret);
	ask_brief(policy, "Reader", ret);
	ask_brief(policy, "Operator", ret);
	ask_brief(policy, "Nowhere", ret);
	ask_policy(policy, PSG_TARGET_GROUP, "Ops", ret);
	ask_policy(policy, PSG_TARGET_GROUP, "Open", ret);
	ask_policy(policy, PSG_TARGET_SET, "Plain", ret);
	ask_policy(policy, PSG_TARGET_SET, "Nowhere", ret);
	ask_givers(policy, "applicationVisibilities.sshd", ret);
	ask_givers(policy, "customPermissions.Deploy", ret);
	ask_givers(policy, "applicationVisibilities.none", ret);
	ask_mutes(policy, "Quiet", "applicationVisibilities.sshd", ret);
	ask_mutes(policy, "Quiet", "applicationVisibilities.sudo", ret);
	ask_mutes(policy, "Nowhere", "applicationVisibilities.sshd", ret);
	ask_effective(policy, PSG_TARGET_GROUP, "Ops", ret);
	ask_effective(policy, PSG_TARGET_GROUP, "Broken", ret);
	ask_effective(policy, PSG_TARGET_SET, "Reader", ret);
}

static void show_documents(struct psg_policy *policy, struct psg_strings *ret)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf buf = {0};
	enum psg_err err = psg_policy_document_names(policy, &names);

	for (size_t i = 0; i < names.count && !err; i++) {
		struct psg_document found PSG_CLEANUP(psg_document_clear) = {0};
		char *slash = strchr(names.items[i], '/');

		*slash = '\0';
		err = psg_policy_document(policy, names.items[i], slash + 1, &found);
		if (err)
			break;
		psg_buf_format(&buf, "%s/%s %s %zu", found.type, found.name, found.path, found.len);
		for (size_t k = 0; k < found.len; k++)
			psg_buf_format(&buf, " %02x", (unsigned char)found.bytes[k]);
		psg_buf_text(&buf, ",");
	}
	if (err)
		psg_buf_clear(&buf);
	answer(ret, err, &buf);
}

void policy_sample_lists(struct psg_folder *root, struct psg_strings *ret)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_buf buf = {0};

	*ret = (struct psg_strings){0};
	if (psg_policy_open(root, &policy))
		return;
	ask_names(policy, psg_policy_group_names, ret);
	ask_names(policy, psg_policy_set_names, ret);
	ask_names(policy, psg_policy_governed_names, ret);
	ask_names(policy, psg_policy_document_names, ret);
	ask_names(policy, psg_policy_pending, ret);
	enum psg_err err = psg_policy_all_assigned(policy, &assigned);

	show_assignments(&buf, &assigned);
	answer(ret, err, &buf);
	show_documents(policy, ret);
}
