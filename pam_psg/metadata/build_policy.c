/* ActivationPolicy: how long, how far, with what reason, and what is lent meanwhile. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "psg/base.h"
#include "psg/pattern.h"
#include "psg/text.h"

static void check_times(const struct psg_xml_node *root, const struct psg_activation_policy *policy,
			struct psg_report *report)
{
	/* Against Gate's default where no lifetime is given: that only the whole shows (check.c). */
	if (policy->lifetime_s == 0)
		return;
	if (policy->maximum_lifetime_s > 0 && policy->maximum_lifetime_s < policy->lifetime_s)
		psg_report_error(report, psg_xml_child(root, "maximumLifetime"),
				 "Raise maximumLifetime, or shorten lifetime.",
				 "maximumLifetime is shorter than lifetime");
	if (policy->warn_before_s >= policy->lifetime_s)
		psg_report_error(report, psg_xml_child(root, "warnBefore"),
				 "Make warnBefore shorter than lifetime.",
				 "warnBefore is not shorter than lifetime");
}

static enum psg_err check_reason(const struct psg_xml_node *root,
				 const struct psg_activation_policy *policy,
				 struct psg_report *report)
{
	const struct psg_xml_node *node = psg_xml_child(root, "reasonPattern");
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = NULL;
	char why[PSG_PATTERN_WHY_SIZE];

	/* Of one that is too long that has been said. */
	if (!node || !*node->text || psg_utf8_count(node->text) > PSG_PATTERN_CHARACTERS_MAX)
		return PSG_OK;
	enum psg_err err = psg_pattern_parse(node->text, &pattern, why);

	if (err == PSG_ERR_NO_MEMORY)
		return err;
	if (err)
		psg_report_error(report, node, "Write a POSIX extended regular expression.",
				 "reasonPattern is not a valid regular expression: %s", why);
	else if (policy->reason == PSG_REASON_NONE)
		psg_report_warning(report, node, "Set reason to Optional or Required.",
				   "reasonPattern has no effect: no reason is asked for");
	return PSG_OK;
}

static void check_enrollment(const struct psg_xml_node *root,
			     const struct psg_activation_policy *policy, struct psg_report *report)
{
	if (policy->enroll_within_s > 0 && policy->enrollment != PSG_ENROLLMENT_SELF)
		psg_report_warning(report, psg_xml_child(root, "enrollWithin"),
				   "Set enrollment to Self.",
				   "enrollWithin has no effect: nobody enrols by themselves");
}

static enum psg_err add_unix_group(const struct psg_xml_node *node,
				   struct psg_activation_policy *policy, struct psg_report *report)
{
	struct psg_unix_group_grant *grant =
	    psg_array_add(&policy->unix_groups, &policy->unix_group_count, sizeof(*grant));
	const struct psg_xml_node *group = psg_xml_child(node, "group");
	char snippet[PSG_SNIPPET_SIZE];

	if (!grant)
		return PSG_ERR_NO_MEMORY;
	grant->group = strdup(psg_value_text(node, "group"));
	grant->permission = strdup(psg_value_text(node, "permission"));
	if (!grant->group || !grant->permission)
		return PSG_ERR_NO_MEMORY;
	if (group && *group->text && !psg_subject_name_valid(group->text)) {
		psg_utf8_snippet(group->text, snippet);
		psg_report_error(report, group, "Name a Unix group, without %.",
				 "'%s' cannot be the name of a Unix group", snippet);
	}
	return PSG_OK;
}

static int by_group(const void *a, const void *b)
{
	const struct psg_unix_group_grant *x = a, *y = b;
	int order = strcmp(x->group, y->group);

	return order ? order : strcmp(x->permission, y->permission);
}

/* What is lent, in the order of the canonical form: a file that says the same compiles to the same. */
static enum psg_err add_unix_groups(const struct psg_xml_node *root,
				    struct psg_activation_policy *policy, struct psg_report *report)
{
	enum psg_err err = PSG_OK;

	for (const struct psg_xml_node *child = root->children; child && err == PSG_OK;
	     child = child->next) {
		if (strcmp(child->name, "unixGroups") == 0)
			err = add_unix_group(child, policy, report);
	}
	if (err == PSG_OK && policy->unix_group_count > 1)
		qsort(policy->unix_groups, policy->unix_group_count, sizeof(*policy->unix_groups),
		      by_group);
	return err;
}

enum psg_err psg_build_policy(const struct psg_xml_node *root, const char *name,
			      struct psg_report *report, struct psg_model *model)
{
	struct psg_activation_policy *policy =
	    psg_array_add(&model->policies, &model->policy_count, sizeof(*policy));
	enum psg_err err;

	if (!policy)
		return PSG_ERR_NO_MEMORY;
	policy->name = strdup(name);
	policy->reason_pattern = strdup(psg_value_text(root, "reasonPattern"));
	if (!policy->name || !policy->reason_pattern)
		return PSG_ERR_NO_MEMORY;
	policy->lifetime_s = psg_value_duration(root, "lifetime", 0);
	policy->maximum_lifetime_s = psg_value_duration(root, "maximumLifetime", 0);
	policy->warn_before_s = psg_value_duration(root, "warnBefore", 0);
	policy->has_scope = psg_xml_child(root, "scope") != NULL;
	policy->scope = psg_value_enum(root, psg_policy_elements, "scope", PSG_SCOPE_SESSION);
	policy->reason = psg_value_enum(root, psg_policy_elements, "reason", PSG_REASON_NONE);
	policy->enrollment =
	    psg_value_enum(root, psg_policy_elements, "enrollment", PSG_ENROLLMENT_ADMIN);
	policy->enroll_within_s = psg_value_duration(root, "enrollWithin", 0);
	policy->end_sessions = psg_value_boolean(root, "endSessions", false);
	err = add_unix_groups(root, policy, report);
	check_times(root, policy, report);
	if (err == PSG_OK)
		err = check_reason(root, policy, report);
	check_enrollment(root, policy, report);
	return err;
}
