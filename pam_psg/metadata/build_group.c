/* PermissionSetGroup: its members by name; whether they are there is the whole's matter (check.c). */
#include "metadata.h"

#include <string.h>

#include "psg/text.h"

/* A name that nothing can have is not looked for. */
static bool may_be_name(const struct psg_xml_node *member, struct psg_report *report)
{
	const char *fault = psg_api_name_fault(member->text);
	char snippet[PSG_SNIPPET_SIZE];

	psg_utf8_snippet(member->text, snippet);
	/* That it is empty was reported. */
	if (fault && *member->text)
		psg_report_error(report, member, "Correct the name: " PSG_API_NAME_RULE,
				 "'%s' is not a valid API name: %s", snippet, fault);
	return !fault;
}

static enum psg_err add_members(const struct psg_xml_node *root, const char *element,
				struct psg_report *report, struct psg_strings *ret)
{
	enum psg_err err = PSG_OK;

	for (const struct psg_xml_node *child = root->children; child && err == PSG_OK;
	     child = child->next) {
		if (strcmp(child->name, element) == 0 && may_be_name(child, report))
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
	err = add_members(root, "permissionSets", report, &group->sets);
	return err == PSG_OK
		   ? add_members(root, "mutingPermissionSets", report, &group->muting_sets)
		   : err;
}
