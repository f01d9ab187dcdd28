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

static int compare_deletion(const void *key, const void *item)
{
	const struct psg_package_deletion *x = key, *y = item;
	int order = strcmp(x->type, y->type);

	return order ? order : strcmp(x->name, y->name);
}

static const struct psg_package_deletion *find(const struct psg_plan *plan, const char *type,
					       const char *name)
{
	const struct psg_package_deletion key = {.type = (char *)(uintptr_t)type,
						 .name = (char *)(uintptr_t)name};
	const struct psg_package *package = plan->package;

	return package && package->deletion_count > 0
		   ? bsearch(&key, package->deletions, package->deletion_count,
			     sizeof(*package->deletions), compare_deletion)
		   : NULL;
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

/* What of the names that are removed is said: by name, a list of groups or assignees. */
struct users {
	const struct psg_strings *names; /* sorted */
	struct psg_strings *lists;       /* one a name */
	enum psg_target_kind kind;
};

static enum psg_err users_make(const struct psg_strings *names, struct users *ret)
{
	struct psg_strings *lists = calloc(names->count + 1, sizeof(*lists));

	if (!lists)
		return PSG_ERR_NO_MEMORY;
	*ret = (struct users){.names = names, .lists = lists};
	return PSG_OK;
}

static void users_clear(struct users *users)
{
	for (size_t i = 0; users->lists && i < users->names->count; i++)
		psg_strings_clear(&users->lists[i]);
	free(users->lists);
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

static enum psg_err users_add(struct users *users, const char *name, const char *user)
{
	const struct psg_strings *names = users->names;
	char *const *found = names->count == 0 ? NULL
					       : bsearch(name, names->items, names->count,
							 sizeof(*names->items), compare_name);

	return found ? psg_strings_add(&users->lists[found - names->items], user) : PSG_OK;
}

/* -- members -- */

static enum psg_err report_member(struct psg_plan *plan, enum psg_type type, const char *name,
				  struct psg_strings *groups)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	if (groups->count == 0)
		return PSG_OK;
	psg_buf_format(
	    &text, "%s '%s' is deleted and still a member of: ", psg_file_types[type].name, name);
	err = put_names(&text, groups);
	if (err != PSG_OK)
		return err;
	return report(
	    plan, type, name,
	    "Take it out of these groups in the same package, or delete them too; --force "
	    "deletes it all the same and leaves them Failed.",
	    plan->options->defer
		? "Once recalculated, these groups are Failed and give nothing."
		: "These groups are Failed and give nothing until they are deployed without it.",
	    text.data);
}

/* Every group that contains one of the names is in the model: it is concerned by the deletion. */
static enum psg_err check_members(struct psg_plan *plan, enum psg_type type)
{
	struct users users PSG_CLEANUP(users_clear) = {0};
	const struct psg_strings *names = &plan->out.removed[type];
	const struct psg_model *model = &plan->out.model;
	enum psg_err err = names->count > 0 ? users_make(names, &users) : PSG_OK;

	for (size_t i = 0; i < model->group_count && names->count > 0 && err == PSG_OK; i++) {
		const struct psg_group *group = &model->groups[i];
		const struct psg_strings *members =
		    type == PSG_TYPE_SET ? &group->sets : &group->muting_sets;

		for (size_t k = 0; k < members->count && err == PSG_OK; k++)
			err = users_add(&users, members->items[k], group->name);
	}
	for (size_t i = 0; i < names->count && err == PSG_OK; i++)
		err = report_member(plan, type, names->items[i], &users.lists[i]);
	return err;
}

/* -- assignments -- */

static enum psg_err add_assigned(void *arg, const struct psg_assignment *assignment)
{
	struct users *users = arg;

	return assignment->kind == users->kind
		   ? users_add(users, assignment->target, assignment->assignee)
		   : PSG_OK;
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
	struct users users PSG_CLEANUP(users_clear) = {0};
	const struct psg_strings *names = &plan->out.removed[type];
	enum psg_err err;

	if (names->count == 0)
		return PSG_OK;
	err = users_make(names, &users);
	users.kind = kind;
	if (err == PSG_OK)
		err = psg_policy_each_assigned(plan->before, add_assigned, &users);
	for (size_t i = 0; i < names->count && err == PSG_OK; i++)
		err = report_assigned(plan, type, names->items[i], &users.lists[i]);
	return err;
}

/* -- activation policies of what is deleted -- */

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

	/* Deferred, it is pending as its target is: else the next deployment would find it an orphan. */
	if (err == PSG_OK)
		err = psg_strings_add(&plan->changed[PSG_TYPE_POLICY], policy.name);
	return err ? err : psg_plan_key(type, policy.name, &plan->out.removed_documents);
}

/* Only those that are there for reference: one of the package itself is its author's mistake. */
static enum psg_err remove_orphans(struct psg_plan *plan)
{
	struct psg_model *model = &plan->out.model;
	struct psg_index index PSG_CLEANUP(psg_index_clear) = {0};
	enum psg_err err = PSG_OK;

	if (model->policy_count > plan->out.put.policy_count)
		err = psg_index_init(model, &index);
	for (size_t i = plan->out.put.policy_count; i < model->policy_count && err == PSG_OK;) {
		const char *name = model->policies[i].name;

		/* One of the package itself is its author's mistake. */
		if (psg_index_group(&index, name) || psg_index_set(&index, name) ||
		    psg_plan_in_package(plan, psg_file_types[PSG_TYPE_POLICY].name, name))
			i++;
		else
			err = remove_policy(plan, i);
	}
	psg_strings_sort(&plan->changed[PSG_TYPE_POLICY]);
	return err;
}

enum psg_err psg_deletion_check(struct psg_plan *plan)
{
	enum psg_err err = check_members(plan, PSG_TYPE_SET);

	if (err == PSG_OK)
		err = check_members(plan, PSG_TYPE_MUTING_SET);
	if (err == PSG_OK)
		err = check_assigned(plan, PSG_TYPE_GROUP, PSG_TARGET_GROUP);
	if (err == PSG_OK)
		err = check_assigned(plan, PSG_TYPE_SET, PSG_TARGET_SET);
	return err == PSG_OK && (plan->options->force || !plan->source) ? remove_orphans(plan)
									: err;
}
