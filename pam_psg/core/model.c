/* The model: what is owned is freed here, what has a name in the API is spelled here. */
#include <stdlib.h>
#include <string.h>

#include "psg/model.h"

/* The Gate's defaults, as DESIGN section 1 shows them. */
#define DEFAULT_LIFETIME_S (INT64_C(8) * 3600)
#define DEFAULT_ATTEMPTS 5U
#define DEFAULT_DELAY_S INT64_C(30)
#define DEFAULT_MAXIMUM_DELAY_S (INT64_C(15) * 60)
#define DEFAULT_WINDOW_STEPS 1U

enum psg_err psg_gate_settings_default(struct psg_gate_settings *ret)
{
	char *issuer = strdup("");

	if (!issuer)
		return PSG_ERR_NO_MEMORY;
	*ret = (struct psg_gate_settings){
	    .default_lifetime_s = DEFAULT_LIFETIME_S,
	    .default_scope = PSG_SCOPE_SESSION,
	    .issuer = issuer,
	    .throttle = {.attempts = DEFAULT_ATTEMPTS,
			 .delay_s = DEFAULT_DELAY_S,
			 .maximum_delay_s = DEFAULT_MAXIMUM_DELAY_S},
	    .window_steps = DEFAULT_WINDOW_STEPS,
	};
	return PSG_OK;
}

void psg_permission_set_clear(struct psg_permission_set *set)
{
	free(set->name);
	free(set->label);
	free(set->description);
	free(set->license);
	psg_strings_clear(&set->permissions);
	*set = (struct psg_permission_set){0};
}

void psg_group_clear(struct psg_group *group)
{
	free(group->name);
	free(group->label);
	free(group->description);
	free(group->status_reason);
	psg_strings_clear(&group->sets);
	psg_strings_clear(&group->muting_sets);
	*group = (struct psg_group){0};
}

void psg_activation_policy_clear(struct psg_activation_policy *policy)
{
	for (size_t i = 0; i < policy->unix_group_count; i++) {
		free(policy->unix_groups[i].group);
		free(policy->unix_groups[i].permission);
	}
	free(policy->unix_groups);
	free(policy->name);
	free(policy->reason_pattern);
	*policy = (struct psg_activation_policy){0};
}

void psg_gate_settings_clear(struct psg_gate_settings *settings)
{
	psg_strings_clear(&settings->exempt_users);
	free(settings->issuer);
	*settings = (struct psg_gate_settings){0};
}

bool psg_until_over(int64_t until_s, int64_t now_s)
{
	return until_s != 0 && now_s >= until_s;
}

void psg_assignment_clear(struct psg_assignment *assignment)
{
	free(assignment->assignee);
	free(assignment->target);
	*assignment = (struct psg_assignment){0};
}

void psg_assignments_clear(struct psg_assignments *list)
{
	for (size_t i = 0; i < list->count; i++)
		psg_assignment_clear(&list->items[i]);
	free(list->items);
	*list = (struct psg_assignments){0};
}

void psg_document_clear(struct psg_document *document)
{
	free(document->type);
	free(document->name);
	free(document->path);
	free(document->bytes);
	*document = (struct psg_document){0};
}

void psg_model_clear(struct psg_model *model)
{
	for (size_t i = 0; i < model->set_count; i++)
		psg_permission_set_clear(&model->sets[i]);
	for (size_t i = 0; i < model->muting_set_count; i++)
		psg_permission_set_clear(&model->muting_sets[i]);
	for (size_t i = 0; i < model->group_count; i++)
		psg_group_clear(&model->groups[i]);
	for (size_t i = 0; i < model->policy_count; i++)
		psg_activation_policy_clear(&model->policies[i]);
	for (size_t i = 0; i < model->document_count; i++)
		psg_document_clear(&model->documents[i]);
	free(model->sets);
	free(model->muting_sets);
	free(model->groups);
	free(model->policies);
	free(model->documents);
	psg_gate_settings_clear(&model->settings);
	*model = (struct psg_model){0};
}

static const char *name_at(const char *const *names, size_t count, size_t value)
{
	return value < count ? names[value] : "Unknown";
}

const char *psg_target_kind_name(enum psg_target_kind kind)
{
	static const char *const names[] = {[PSG_TARGET_NONE] = "None",
					    [PSG_TARGET_GROUP] = "PermissionSetGroup",
					    [PSG_TARGET_SET] = "PermissionSet"};

	return name_at(names, PSG_COUNT(names), kind);
}

const char *psg_group_status_name(enum psg_group_status status)
{
	static const char *const names[] = {[PSG_STATUS_FAILED] = "Failed",
					    [PSG_STATUS_UPDATED] = "Updated",
					    [PSG_STATUS_OUTDATED] = "Outdated",
					    [PSG_STATUS_UPDATING] = "Updating"};

	return name_at(names, PSG_COUNT(names), status);
}

const char *psg_scope_name(enum psg_scope scope)
{
	static const char *const names[] = {
	    [PSG_SCOPE_SESSION] = "Session", [PSG_SCOPE_HOST] = "Host"};

	return name_at(names, PSG_COUNT(names), scope);
}

const char *psg_reason_rule_name(enum psg_reason_rule rule)
{
	static const char *const names[] = {[PSG_REASON_NONE] = "None",
					    [PSG_REASON_OPTIONAL] = "Optional",
					    [PSG_REASON_REQUIRED] = "Required"};

	return name_at(names, PSG_COUNT(names), rule);
}

const char *psg_enrollment_name(enum psg_enrollment enrollment)
{
	static const char *const names[] = {
	    [PSG_ENROLLMENT_ADMIN] = "Admin", [PSG_ENROLLMENT_SELF] = "Self"};

	return name_at(names, PSG_COUNT(names), enrollment);
}
