/* What the destructive manifests of a package take away. Whether it may go is deletion.c's question. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Takes what the package deploys and then deletes (Post) out of what is put. */
static void withdraw(struct psg_plan *plan, enum psg_type type, const char *name)
{
	struct psg_model *model = &plan->out.model;

#define DROP(items, count, clear)                                                                  \
	for (size_t i = 0; i < model->count; i++)                                                  \
		if (strcmp(model->items[i].name, name) == 0) {                                     \
			clear(&model->items[i]);                                                   \
			memmove(&model->items[i], &model->items[i + 1],                            \
				(model->count - i - 1) * sizeof(*model->items));                   \
			model->count--;                                                            \
			break;                                                                     \
		}
	if (type == PSG_TYPE_SET)
		DROP(sets, set_count, psg_permission_set_clear)
	if (type == PSG_TYPE_MUTING_SET)
		DROP(muting_sets, muting_set_count, psg_permission_set_clear)
	if (type == PSG_TYPE_GROUP)
		DROP(groups, group_count, psg_group_clear)
	if (type == PSG_TYPE_POLICY)
		DROP(policies, policy_count, psg_activation_policy_clear)
	if (type == PSG_TYPE_SETTINGS)
		model->has_settings = false;
#undef DROP
	for (size_t i = 0; i < model->document_count; i++)
		if (strcmp(model->documents[i].type, psg_file_types[type].name) == 0 &&
		    strcmp(model->documents[i].name, name) == 0) {
			psg_document_clear(&model->documents[i]);
			memmove(&model->documents[i], &model->documents[i + 1],
				(model->document_count - i - 1) * sizeof(*model->documents));
			model->document_count--;
			break;
		}
}

static enum psg_err report_deletion(struct psg_plan *plan,
				    const struct psg_package_deletion *deletion, const char *remedy,
				    const char *format)
{
	struct psg_xml_node at = {
	    .name = "members", .line = deletion->line, .column = deletion->column};
	struct psg_report report = {.problems = &plan->out.problems,
				    .file = deletion->file,
				    .type = deletion->type,
				    .name = deletion->name};

	psg_report_warning(&report, &at, remedy, "%s", format);
	return report.err;
}

static enum psg_err miss(struct psg_plan *plan, const struct psg_package_deletion *deletion)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&text, "No %s named: %s found", deletion->type, deletion->name);
	return text.failed ? PSG_ERR_NO_MEMORY
			   : report_deletion(plan, deletion, "Nothing need be done.", text.data);
}

static enum psg_err remove_one(struct psg_plan *plan, size_t deployed,
			       const struct psg_package_deletion *deletion)
{
	struct psg_component *component =
	    psg_plan_find_component(plan, deployed, deletion->type, deletion->name);
	size_t type = (size_t)(psg_file_type_find(deletion->type) - psg_file_types);
	enum psg_err err = PSG_OK;

	if (component) {
		withdraw(plan, (enum psg_type)type, deletion->name);
		component->change = PSG_CHANGE_DELETED;
		plan->out.changed = true;
	} else {
		err = psg_plan_add_component(plan, deletion->type, deletion->name, deletion->file,
					     PSG_CHANGE_DELETED);
	}
	if (err == PSG_OK)
		err = psg_strings_add(&plan->out.removed[type], deletion->name);
	return err ? err
		   : psg_plan_key(deletion->type, deletion->name, &plan->out.removed_documents);
}

static enum psg_err take_deletion(struct psg_plan *plan, size_t deployed,
				  const struct psg_package_deletion *deletion)
{
	struct psg_document old PSG_CLEANUP(psg_document_clear) = {0};
	const struct psg_package_item *item =
	    psg_package_find(plan->package, deletion->type, deletion->name);
	bool listed = item && item->listed;
	enum psg_err err;

	if (listed && !deletion->after)
		return report_deletion(
		    plan, deletion, "Name it in destructiveChangesPost.xml if it is to go.",
		    "It is to be deleted first and deployed then: it is deployed");
	err = psg_policy_document(plan->before, deletion->type, deletion->name, &old);
	if (err == PSG_ERR_NOT_FOUND && !listed)
		return miss(plan, deletion);
	return err && err != PSG_ERR_NOT_FOUND ? err : remove_one(plan, deployed, deletion);
}

enum psg_err psg_plan_take_deletions(struct psg_plan *plan)
{
	size_t deployed = plan->out.component_count;
	enum psg_err err = PSG_OK;

	psg_plan_sort_components(&plan->out);
	for (size_t i = 0; i < plan->package->deletion_count && err == PSG_OK; i++)
		err = take_deletion(plan, deployed, &plan->package->deletions[i]);
	if (err == PSG_OK) /* else the last may be without a name */
		psg_plan_sort_components(&plan->out);
	return err;
}
