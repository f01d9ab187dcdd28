/* A group or permission set with all that is in force about it: as JSON, and for people. */
#include "shown.h"

#include <stdio.h>
#include <string.h>

const char *ctl_shown_name(const struct ctl_shown *shown)
{
	return shown->kind == PSG_TARGET_GROUP ? shown->group.name : shown->set.name;
}

bool ctl_shown_assigned(const struct psg_assignment *assignment, const struct ctl_shown *shown)
{
	return assignment->kind == shown->kind &&
	       strcmp(assignment->target, ctl_shown_name(shown)) == 0;
}

const char *ctl_status_remedy(enum psg_group_status status)
{
	switch (status) {
	case PSG_STATUS_FAILED:
		return "it gives nothing: deploy what it lacks, or the group without it";
	case PSG_STATUS_OUTDATED:
		return "`psgctl recalculate` puts in force what was deployed; until then it gives "
		       "what it "
		       "gave before";
	case PSG_STATUS_UPDATING:
		return "wait: another psgctl is about to put it in force";
	case PSG_STATUS_UPDATED:
		break;
	}
	return "";
}

static json_t *json_duration(int64_t seconds)
{
	char text[PSG_TIME_SIZE];
	psg_duration_format(seconds, text);
	return seconds == 0 ? json_null() : json_string(text);
}

static json_t *json_policy(const struct psg_activation_policy *policy)
{
	json_t *lent = json_array();
	for (size_t i = 0; lent != NULL && i < policy->unix_group_count; i++)
		if (json_array_append_new(
			lent, json_pack("{s:o, s:o}", "group",
					ctl_json_text(policy->unix_groups[i].group), "permission",
					ctl_json_text(policy->unix_groups[i].permission))) != 0)
			ctl_output_failed();
	return json_pack(
	    "{s:b, s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:o}", "endSessions",
	    policy->end_sessions, "enrollWithin",
	    policy->enrollment == PSG_ENROLLMENT_SELF ? json_duration(policy->enroll_within_s)
						      : json_null(),
	    "enrollment", psg_enrollment_name(policy->enrollment), "lifetime",
	    json_duration(policy->lifetime_s), "maximumLifetime",
	    json_duration(policy->maximum_lifetime_s), "reason",
	    psg_reason_rule_name(policy->reason), "reasonPattern",
	    policy->reason_pattern[0] != '\0' ? ctl_json_text(policy->reason_pattern) : json_null(),
	    "scope", psg_scope_name(policy->scope), "unixGroups", lent, "warnBefore",
	    json_duration(policy->warn_before_s));
}

static json_t *json_assignees(const struct ctl_shown *shown)
{
	json_t *array = json_array();
	for (size_t i = 0; array != NULL && i < shown->assignments->count; i++) {
		const struct psg_assignment *assignment = &shown->assignments->items[i];
		if (ctl_shown_assigned(assignment, shown) &&
		    json_array_append_new(
			array, json_pack("{s:o, s:o, s:o}", "assignee",
					 ctl_json_text(assignment->assignee), "createdDate",
					 ctl_json_time(assignment->created_s), "expirationDate",
					 ctl_json_time(assignment->until_s))) != 0)
			ctl_output_failed();
	}
	return array;
}

json_t *ctl_shown_json(const struct ctl_shown *shown)
{
	const struct psg_group *group = &shown->group;
	const struct psg_permission_set *set = &shown->set;
	json_t *document;
	if (shown->kind == PSG_TARGET_GROUP)
		document = json_pack(
		    "{s:s, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o}", "type", "PermissionSetGroup",
		    "fullName", ctl_json_text(group->name), "label", ctl_json_text(group->label),
		    "description", ctl_json_text(group->description), "hasActivationRequired",
		    group->requires_activation, "status", psg_group_status_name(group->status),
		    "statusReason",
		    group->status_reason[0] != '\0' ? ctl_json_text(group->status_reason)
						    : json_null(),
		    "permissionSets", ctl_json_strings(&group->sets), "mutingPermissionSets",
		    ctl_json_strings(&group->muting_sets));
	else
		document =
		    json_pack("{s:s, s:o, s:o, s:o, s:b, s:o}", "type", "PermissionSet", "fullName",
			      ctl_json_text(set->name), "label", ctl_json_text(set->label),
			      "description", ctl_json_text(set->description),
			      "hasActivationRequired", set->requires_activation, "license",
			      set->license[0] != '\0' ? ctl_json_text(set->license) : json_null());
	json_t *more = json_pack("{s:o, s:o, s:o}", "activationPolicy", json_policy(&shown->policy),
				 "effectivePermissions", ctl_json_strings(&shown->effective),
				 "assignees", json_assignees(shown));
	if (document == NULL || more == NULL || json_object_update(document, more) != 0)
		ctl_output_failed();
	json_decref(more);
	return document;
}

static void print_field(const char *label, const char *text)
{
	if (text != NULL && text[0] != '\0')
		printf("%-22s %s\n", label, ctl_safe(text));
}

static void print_list(const char *label, const struct psg_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		printf("%-22s %s\n", i == 0 ? label : "", ctl_safe(list->items[i]));
	if (list->count == 0)
		printf("%-22s none\n", label);
}

static void print_policy(const struct psg_activation_policy *policy)
{
	char lifetime[PSG_TIME_SIZE], most[PSG_TIME_SIZE], warn[PSG_TIME_SIZE];
	char within[PSG_TIME_SIZE];
	psg_duration_format_human(policy->lifetime_s, lifetime);
	psg_duration_format_human(policy->maximum_lifetime_s, most);
	printf("%-22s for %s, at most %s, scope %s, reason %s, enrollment %s%s\n", "Activation",
	       lifetime, most, psg_scope_name(policy->scope), psg_reason_rule_name(policy->reason),
	       psg_enrollment_name(policy->enrollment),
	       policy->end_sessions ? ", open sessions end with it" : "");
	print_field("  reason pattern", policy->reason_pattern);
	psg_duration_format_human(policy->warn_before_s, warn);
	if (policy->warn_before_s > 0)
		print_field("  renewal offered", warn);
	psg_duration_format_human(policy->enroll_within_s, within);
	if (policy->enrollment == PSG_ENROLLMENT_SELF)
		print_field("  to enrol within", within);
	for (size_t i = 0; i < policy->unix_group_count; i++)
		printf("%-22s %s while %s is active\n", "  lends Unix group",
		       ctl_safe(policy->unix_groups[i].group),
		       ctl_safe(policy->unix_groups[i].permission));
}

static void print_assignees(const struct ctl_shown *shown)
{
	size_t count = 0;
	for (size_t i = 0; i < shown->assignments->count; i++) {
		const struct psg_assignment *assignment = &shown->assignments->items[i];
		char until[PSG_TIME_SIZE];
		if (!ctl_shown_assigned(assignment, shown))
			continue;
		psg_time_format(assignment->until_s, until);
		printf("%-22s %s%s%s\n", count++ == 0 ? "Assigned to" : "",
		       ctl_safe(assignment->assignee), assignment->until_s != 0 ? " until " : "",
		       assignment->until_s != 0 ? until : "");
	}
	if (count == 0)
		printf("%-22s nobody\n", "Assigned to");
}

void ctl_shown_print(const struct ctl_shown *shown)
{
	bool group = shown->kind == PSG_TARGET_GROUP;
	bool requires = group ? shown->group.requires_activation : shown->set.requires_activation;
	print_field(psg_target_kind_name(shown->kind), ctl_shown_name(shown));
	print_field("Label", group ? shown->group.label : shown->set.label);
	print_field("Description", group ? shown->group.description : shown->set.description);
	print_field("Requires activation", requires ? "yes" : "no");
	if (group) {
		print_field("Status", psg_group_status_name(shown->group.status));
		print_field("  because", shown->group.status_reason);
		print_field("  what to do", ctl_status_remedy(shown->group.status));
		print_list("Permission sets", &shown->group.sets);
		if (shown->group.muting_sets.count > 0)
			print_list("Muting sets", &shown->group.muting_sets);
	} else {
		print_field("License", shown->set.license);
	}
	print_policy(&shown->policy);
	print_list("Effective permissions", &shown->effective);
	print_assignees(shown);
}
