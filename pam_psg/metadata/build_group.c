/* PermissionSetGroup: its members by name; whether they are there is the whole's matter (check.c). */
#include "metadata.h"

#include <string.h>

static enum psg_err add_members(const struct psg_xml_node *root, const char *element,
				struct psg_strings *ret)
{
	enum psg_err err = PSG_OK;

	for (const struct psg_xml_node *child = root->children; child && err == PSG_OK;
	     child = child->next) {
		if (strcmp(child->name, element) == 0 && *child->text)
			err = psg_strings_add(ret, child->text);
	}
	psg_strings_sort(ret);
	return err;
}

enum psg_err psg_build_group(const struct psg_xml_node *root, const char *name,
			     struct psg_report *report, struct psg_model *model)
{
	struct psg_group *group =
	    psg_array_add(&model->groups, &model->group_count, sizeof(*group));
	enum psg_err err;

	(void)report;
	if (!group)
		return PSG_ERR_NO_MEMORY;
	group->name = strdup(name);
	group->label = strdup(psg_value_text(root, "label"));
	group->description = strdup(psg_value_text(root, "description"));
	group->status_reason = strdup("");
	if (!group->name || !group->label || !group->description || !group->status_reason)
		return PSG_ERR_NO_MEMORY;
	group->requires_activation = psg_value_boolean(
	    root, "hasActivationRequired", psg_xml_child(root, "hasActivationRequired"));
	err = add_members(root, "permissionSets", &group->sets);
	return err == PSG_OK ? add_members(root, "mutingPermissionSets", &group->muting_sets) : err;
}
