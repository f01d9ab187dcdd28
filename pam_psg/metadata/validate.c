/* A tree held against the table of its type. */
#include "metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An element that is not there is reported at the one it should be in. */
static void report_missing(const struct psg_xml_node *node, const char *name,
			   struct psg_report *report)
{
	struct psg_xml_node at = *node;

	at.name = name;
	psg_report_error(report, &at, "Add the element.", "Required field is missing: %s", name);
}

void psg_validate_version(const struct psg_xml_node *node, unsigned since,
			  struct psg_report *report)
{
	char remedy[80];
	size_t i = 0;

	if (report->version == 0 || since <= report->version)
		return;
	while (i < PSG_NEWER_ELEMENTS_MAX && report->newer[i]) {
		if (strcmp(report->newer[i++], node->name) == 0)
			return;
	}
	if (i < PSG_NEWER_ELEMENTS_MAX)
		report->newer[i] = node->name;
	snprintf(remedy, sizeof(remedy), "Write %u.0 or a later version in package.xml.", since);
	psg_report_warning(report, node, remedy,
			   "%s was introduced in API version %u.0; package.xml says %u.0: it is "
			   "honoured",
			   node->name, since, report->version);
}

/* Of an element that holds elements only: at the one that follows the text, where there is one. */
static void validate_no_text(const struct psg_xml_node *node, struct psg_report *report)
{
	char snippet[PSG_SNIPPET_SIZE];
	struct psg_xml_node at = *node;

	if (!*node->text)
		return;
	if (node->after_text) {
		at.line = node->after_text->line;
		at.column = node->after_text->column;
	}
	psg_utf8_snippet(node->text, snippet);
	psg_report_error(report, &at, "Remove the text, or put it into an element.",
			 "Text '%s' does not belong in element %s", snippet, node->name);
}

static void validate_children(struct psg_xml_node *node, const struct psg_element_type *table,
			      const char *type_name, struct psg_report *report);

static void validate_child(struct psg_xml_node *node, const struct psg_element_type *element,
			   struct psg_report *report)
{
	psg_validate_version(node, element->since, report);

	if (element->kind == PSG_ELEMENT_ANY)
		return;
	if (node->attribute)
		psg_report_error(report, node, "Remove the attribute: metadata elements have none.",
				 "Element %s has the attribute '%s'", node->name, node->attribute);
	if (element->kind == PSG_ELEMENT_ITEM) {
		validate_no_text(node, report);
		if (node->children || !(element->flags & PSG_ELEMENT_HOLLOW))
			validate_children(node, element->children, element->type_name, report);
	} else if (node->children) {
		psg_report_error(report, node->children, "Put plain text there.",
				 "Element %s invalid at this location: %s holds text only",
				 node->children->name, node->name);
	} else {
		psg_validate_value(node, element, report);
	}
}

static void validate_children(struct psg_xml_node *node, const struct psg_element_type *table,
			      const char *type_name, struct psg_report *report)
{
	for (struct psg_xml_node *child = node->children; child; child = child->next) {
		const struct psg_element_type *element = psg_element_type_find(table, child->name);

		if (strcmp(child->ns, node->ns) != 0)
			psg_report_error(report, child,
					 "Remove the prefix or xmlns of the element.",
					 "Element %s is in the namespace '%s', not in '%s'",
					 child->name, child->ns, node->ns);
		else if (!element)
			psg_report_error(report, child, "Remove it, or correct its name.",
					 "Element %s invalid at this location in type %s",
					 child->name, type_name);
		else
			validate_child(child, element, report);
	}
	for (const struct psg_element_type *element = table; element->name; element++) {
		if ((element->flags & PSG_ELEMENT_REQUIRED) && !psg_xml_child(node, element->name))
			report_missing(node, element->name, report);
	}
	psg_validate_repeats(node, table, type_name, report);
}

bool psg_validate(struct psg_xml_node *root, const char *root_name, const char *ns,
		  const struct psg_element_type *table, struct psg_report *report)
{
	if (strcmp(root->name, root_name) != 0) {
		psg_report_error(
		    report, root, "Use the root element of the type the file name says.",
		    "Error parsing file: the root element is %s, not %s", root->name, root_name);
		return false;
	}
	if (strcmp(root->ns, ns) != 0)
		psg_report_error(report, root, "Write the type's own xmlns on the root element.",
				 "Error parsing file: the namespace of %s is '%s', not '%s'",
				 root->name, root->ns, ns);
	if (root->attribute)
		psg_report_error(report, root, "Remove the attribute: metadata elements have none.",
				 "Element %s has the attribute '%s'", root->name, root->attribute);
	validate_no_text(root, report);
	validate_children(root, table, root_name, report);
	return true;
}
