/* What may be deleted: nothing that is still a member or assigned, unless it is forced. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

#define LISTED_MAX 20U

/* A list for one message, sorted: the first ones by name, the rest as a number. */
static enum psg_err put_names(struct psg_buf *text, struct psg_strings *names)
{
	psg_strings_sort(names);
	for (size_t i = 0; i < names->count && i < LISTED_MAX; i++)
		psg_buf_format(text, "%s%s", i > 0 ? ", " : "", names->items[i]);
	if (names->count > LISTED_MAX)
		psg_buf_format(text, " and %zu more", names->count - LISTED_MAX);
	return text->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static const struct psg_package_deletion *find(const struct psg_plan *plan, const char *type,
					       const char *name)
{
	for (size_t i = 0; plan->package && i < plan->package->deletion_count; i++) {
		const struct psg_package_deletion *deletion = &plan->package->deletions[i];

		if (strcmp(deletion->type, type) == 0 && strcmp(deletion->name, name) == 0)
			return deletion;
	}
	return NULL;
}

/* A deletion that this package does not name was deferred, and judged when it was deployed. */
static enum psg_err report(struct psg_plan *plan, enum psg_type type, const char *name,
			   const char *remedy, const char *forced_remedy, const char *text)
{
	const char *type_name = psg_file_types[type].name;
	const struct psg_package_deletion *deletion = find(plan, type_name, name);
	const struct psg_xml_node at = {.name = deletion ? "members" : "",
					.line = deletion ? deletion->line : 0,
					.column = deletion ? deletion->column : 0};
	struct psg_report report = {.problems = &plan->out.problems,
				    .file = deletion ? deletion->file : "",
				    .type = type_name,
				    .name = name};

	if (deletion && !plan->options->force) {
		psg_report_error(&report, &at, remedy, "%s", text);
		plan->refused = true;
	} else {
		psg_report_warning(&report, &at, forced_remedy, "%s", text);
	}
	return report.err;
}

/* Every group that contains the name is in the model: it is concerned by the deletion. */
static enum psg_err check_member(struct psg_plan *plan, enum psg_type type, const char *name)
{
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	const struct psg_model *model = &plan->out.model;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < model->group_count && err == PSG_OK; i++) {
		const struct psg_group *group = &model->groups[i];

		if (psg_strings_has(type == PSG_TYPE_SET ? &group->sets : &group->muting_sets,
				    name))
			err = psg_strings_add(&groups, group->name);
	}
	if (err != PSG_OK || groups.count == 0)
		return err;
	psg_buf_format(
	    &text, "%s '%s' is deleted and still a member of: ", psg_file_types[type].name, name);
	err = put_names(&text, &groups);
	if (err != PSG_OK)
		return err;
	return report(
	    plan, type, name,
	    "Take it out of these groups in the same package, or delete them too; --force "
	    "deletes it all the same and leaves them Failed.",
	    "These groups are Failed and give nothing until they are deployed without it.",
	    text.data);
}

/* -- assignments -- */

struct assigned {
	const struct psg_strings *names; /* sorted */
	struct psg_strings *assignees;   /* one list a name */
	enum psg_target_kind kind;
};

static enum psg_err add_assigned(void *arg, const struct psg_assignment *assignment)
{
	struct assigned *assigned = arg;
	char *const *found;

	if (assignment->kind != assigned->kind || assigned->names->count == 0)
		return PSG_OK;
	for (size_t low = 0, high = assigned->names->count; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order;

		found = &assigned->names->items[middle];
		order = strcmp(assignment->target, *found);
		if (order == 0)
			return psg_strings_add(&assigned->assignees[middle], assignment->assignee);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return PSG_OK;
}

static enum psg_err report_assigned(struct psg_plan *plan, enum psg_type type, const char *name,
				    struct psg_strings *assignees)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	if (assignees->count == 0)
		return PSG_OK;
	psg_buf_format(
	    &text, "%s '%s' is deleted and still assigned to: ", psg_file_types[type].name, name);
	err = put_names(&text, assignees);
	if (err != PSG_OK)
		return err;
	return report(
	    plan, type, name,
	    "Take it from them with psgctl unassign; --force deletes it and these assignments.",
	    "These assignments are deleted with it.", text.data);
}

static enum psg_err check_assigned(struct psg_plan *plan, enum psg_type type,
				   enum psg_target_kind kind)
{
	const struct psg_strings *names = &plan->out.removed[type];
	struct assigned assigned = {.names = names, .kind = kind};
	enum psg_err err;

	if (names->count == 0)
		return PSG_OK;
	assigned.assignees = calloc(names->count, sizeof(*assigned.assignees));
	if (!assigned.assignees)
		return PSG_ERR_NO_MEMORY;
	err = psg_policy_each_assigned(plan->before, add_assigned, &assigned);
	for (size_t i = 0; i < names->count; i++) {
		if (err == PSG_OK)
			err = report_assigned(plan, type, names->items[i], &assigned.assignees[i]);
		psg_strings_clear(&assigned.assignees[i]);
	}
	free(assigned.assignees);
	return err;
}

/* -- activation policies of what is deleted -- */

static bool has_target(const struct psg_model *model, const char *name)
{
	for (size_t i = 0; i < model->group_count; i++)
		if (strcmp(model->groups[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < model->set_count; i++)
		if (strcmp(model->sets[i].name, name) == 0)
			return true;
	return false;
}

static enum psg_err remove_policy(struct psg_plan *plan, size_t i)
{
	struct psg_model *model = &plan->out.model;
	const char *type = psg_file_types[PSG_TYPE_POLICY].name;
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) =
	    model->policies[i];
	struct psg_component *component;

	memmove(&model->policies[i], &model->policies[i + 1],
		(model->policy_count - i - 1) * sizeof(*model->policies));
	model->policy_count--;
	component =
	    psg_array_add(&plan->out.components, &plan->out.component_count, sizeof(*component));
	if (!component)
		return PSG_ERR_NO_MEMORY;
	*component = (struct psg_component){.type = strdup(type),
					    .name = strdup(policy.name),
					    .file = strdup(""),
					    .change = PSG_CHANGE_DELETED};
	if (!component->type || !component->name || !component->file)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = psg_strings_add(&plan->out.removed[PSG_TYPE_POLICY], policy.name);

	return err ? err : psg_plan_key(type, policy.name, &plan->out.removed_documents);
}

/* Only those that are there for reference: one of the package itself is its author's mistake. */
static enum psg_err remove_orphans(struct psg_plan *plan)
{
	struct psg_model *model = &plan->out.model;
	enum psg_err err = PSG_OK;

	for (size_t i = plan->out.put.policy_count; i < model->policy_count && err == PSG_OK;) {
		if (has_target(model, model->policies[i].name))
			i++;
		else
			err = remove_policy(plan, i);
	}
	return err;
}

enum psg_err psg_deletion_check(struct psg_plan *plan)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < plan->out.removed[PSG_TYPE_SET].count && err == PSG_OK; i++)
		err = check_member(plan, PSG_TYPE_SET, plan->out.removed[PSG_TYPE_SET].items[i]);
	for (size_t i = 0; i < plan->out.removed[PSG_TYPE_MUTING_SET].count && err == PSG_OK; i++)
		err = check_member(plan, PSG_TYPE_MUTING_SET,
				   plan->out.removed[PSG_TYPE_MUTING_SET].items[i]);
	if (err == PSG_OK)
		err = check_assigned(plan, PSG_TYPE_GROUP, PSG_TARGET_GROUP);
	if (err == PSG_OK)
		err = check_assigned(plan, PSG_TYPE_SET, PSG_TARGET_SET);
	return err == PSG_OK && (plan->options->force || !plan->source) ? remove_orphans(plan)
									: err;
}
