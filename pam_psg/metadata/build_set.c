/* PermissionSet and MutingPermissionSet: the keys of what is switched on. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

/* ELEMENT.NAME or, where the item has several rights, ELEMENT.NAME.RIGHT. */
static enum psg_err add_key(struct psg_strings *keys, const char *element, const char *name,
			    const char *right)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_text(&key, element);
	psg_buf_text(&key, ".");
	psg_buf_text(&key, name);
	if (right) {
		psg_buf_text(&key, ".");
		psg_buf_text(&key, right);
	}
	return key.failed ? PSG_ERR_NO_MEMORY : psg_strings_add(keys, key.data);
}

static const char *item_name(const struct psg_xml_node *item,
			     const struct psg_element_type *children)
{
	while (children->name && !(children->flags & PSG_ELEMENT_KEY))
		children++;
	return children->name ? psg_value_text(item, children->name) : "";
}

static size_t right_count(const struct psg_element_type *children)
{
	size_t count = 0;

	for (; children->name; children++)
		count += !(children->flags & PSG_ELEMENT_KEY);
	return count;
}

static enum psg_err add_item(struct psg_strings *keys, const struct psg_xml_node *item,
			     const struct psg_element_type *table)
{
	const char *name = item_name(item, table);
	bool several = right_count(table) > 1;
	enum psg_err err = PSG_OK;

	for (const struct psg_element_type *child = table; err == PSG_OK && child->name && *name;
	     child++) {
		if (child->kind == PSG_ELEMENT_BOOLEAN &&
		    psg_value_boolean(item, child->name, false)) {
			err = add_key(keys, item->name, name, several ? child->name : NULL);
		} else if (child->kind == PSG_ELEMENT_ENUM) {
			/* The first value is None: no right at all. */
			unsigned value = psg_value_enum(item, table, child->name, 0);

			if (value > 0)
				err = add_key(keys, item->name, name, child->values[value]);
		}
	}
	return err;
}

static enum psg_err build(const struct psg_xml_node *root, const char *name,
			  struct psg_permission_set *ret)
{
	enum psg_err err = PSG_OK;

	ret->name = strdup(name);
	ret->label = strdup(psg_value_text(root, "label"));
	ret->description = strdup(psg_value_text(root, "description"));
	ret->license = strdup(psg_value_text(root, "license"));
	if (!ret->name || !ret->label || !ret->description || !ret->license)
		return PSG_ERR_NO_MEMORY;
	/* An unreadable flag was reported; should anybody go on, it asks for more, not less. */
	ret->requires_activation = psg_value_boolean(root, "hasActivationRequired",
						     psg_xml_child(root, "hasActivationRequired"));
	for (const struct psg_xml_node *item = root->children; item && err == PSG_OK;
	     item = item->next) {
		const struct psg_element_type *element =
		    psg_element_type_find(psg_set_elements, item->name);

		if (element && element->kind == PSG_ELEMENT_ITEM)
			err = add_item(&ret->permissions, item, element->children);
	}
	psg_strings_sort(&ret->permissions);
	return err;
}

enum psg_err psg_build_set(const struct psg_xml_node *root, const char *name,
			   struct psg_report *report, struct psg_model *model)
{
	struct psg_permission_set *set =
	    psg_array_add(&model->sets, &model->set_count, sizeof(*set));

	(void)report;
	return set ? build(root, name, set) : PSG_ERR_NO_MEMORY;
}

enum psg_err psg_build_muting_set(const struct psg_xml_node *root, const char *name,
				  struct psg_report *report, struct psg_model *model)
{
	struct psg_permission_set *set =
	    psg_array_add(&model->muting_sets, &model->muting_set_count, sizeof(*set));

	(void)report;
	return set ? build(root, name, set) : PSG_ERR_NO_MEMORY;
}
