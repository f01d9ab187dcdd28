/* Texts of leaf elements: whether they are what their type says, and what they come to. */
#include "metadata.h"

#include <stdio.h>
#include <string.h>

#include "psg/text.h"

bool psg_boolean_parse(const char *text, bool *ret)
{
	/* The lexical space of xs:boolean: nothing else, in no other case. */
	bool on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
		return false;
	*ret = on;
	return true;
}

static int value_index(const char *text, const char *const *values)
{
	for (int i = 0; values[i]; i++)
		if (strcmp(values[i], text) == 0)
			return i;
	return -1;
}

static void report_enum(const struct psg_xml_node *node, const struct psg_element_type *element,
			const char *snippet, struct psg_report *report)
{
	char remedy[160] = "Use one of";

	for (size_t i = 0; element->values[i]; i++) {
		size_t len = strlen(remedy);

		snprintf(remedy + len, sizeof(remedy) - len, "%s %s", i ? "," : "",
			 element->values[i]);
	}
	strncat(remedy, ".", sizeof(remedy) - strlen(remedy) - 1);
	psg_report_error(report, node, remedy,
			 "Error parsing file: '%s' is not a valid value for the enum '%s'", snippet,
			 element->type_name);
}

static void validate_text(const struct psg_xml_node *node, const struct psg_element_type *element,
			  const char *snippet, struct psg_report *report)
{
	bool name = element->kind == PSG_ELEMENT_NAME;
	bool line = name || (element->flags & PSG_ELEMENT_LINE);
	size_t high = name ? PSG_NAME_MAX : element->high;

	if (!*node->text && (name || (element->flags & PSG_ELEMENT_REQUIRED)))
		psg_report_error(report, node, "Give it a value.", "Required field is missing: %s",
				 node->name);
	if (psg_utf8_count(node->text) > high)
		psg_report_error(report, node, "Shorten it.",
				 "data value too large: %s (max length=%zu)", snippet, high);
	if (psg_utf8_has_control(node->text, !line))
		psg_report_error(report, node, "Remove control characters and line breaks.",
				 "Element %s holds a control character", node->name);
}

void psg_validate_value(const struct psg_xml_node *node, const struct psg_element_type *element,
			struct psg_report *report)
{
	char snippet[PSG_SNIPPET_SIZE];
	uint64_t number;
	int64_t seconds;
	bool on;

	psg_utf8_snippet(node->text, snippet);
	switch (element->kind) {
	case PSG_ELEMENT_TEXT:
	case PSG_ELEMENT_NAME:
		validate_text(node, element, snippet, report);
		break;
	case PSG_ELEMENT_BOOLEAN:
		if (!psg_boolean_parse(node->text, &on))
			psg_report_error(report, node, "Use true or false.",
					 "Error parsing file: '%s' is not a valid value for the "
					 "type 'boolean'",
					 snippet);
		break;
	case PSG_ELEMENT_ENUM:
		if (value_index(node->text, element->values) < 0)
			report_enum(node, element, snippet, report);
		break;
	case PSG_ELEMENT_NUMBER:
		if (psg_u64_parse(node->text, &number) != PSG_OK || number < element->low ||
		    number > element->high)
			psg_report_error(report, node, "Use a whole number in that range.",
					 "'%s' is not a valid value for %s: %u to %u", snippet,
					 node->name, element->low, element->high);
		break;
	case PSG_ELEMENT_DURATION:
		if (psg_duration_parse(node->text, &seconds) != PSG_OK)
			psg_report_error(
			    report, node, "Use 90s, 30m, 8h, 2d or PT8H: 1 second to 366 days.",
			    "'%s' is not a valid duration for %s", snippet, node->name);
		break;
	case PSG_ELEMENT_ANY:
	case PSG_ELEMENT_ITEM:
		break;
	}
}

const char *psg_value_text(const struct psg_xml_node *node, const char *child)
{
	const struct psg_xml_node *found = psg_xml_child(node, child);

	return found ? found->text : "";
}

bool psg_value_boolean(const struct psg_xml_node *node, const char *child, bool fallback)
{
	bool ret = fallback;

	return psg_boolean_parse(psg_value_text(node, child), &ret) ? ret : fallback;
}

int64_t psg_value_duration(const struct psg_xml_node *node, const char *child, int64_t fallback)
{
	int64_t seconds;

	return psg_duration_parse(psg_value_text(node, child), &seconds) == PSG_OK ? seconds
										   : fallback;
}

uint32_t psg_value_number(const struct psg_xml_node *node, const char *child, uint32_t fallback)
{
	uint64_t number;

	if (psg_u64_parse(psg_value_text(node, child), &number) != PSG_OK || number > UINT32_MAX)
		return fallback;
	return (uint32_t)number;
}

unsigned psg_value_enum(const struct psg_xml_node *node, const struct psg_element_type *table,
			const char *child, unsigned fallback)
{
	const struct psg_element_type *element = psg_element_type_find(table, child);
	int index = element ? value_index(psg_value_text(node, child), element->values) : -1;

	return index < 0 ? fallback : (unsigned)index;
}

void psg_value_keys(const struct psg_xml_node *node, const struct psg_element_type *element,
		    const char *ret[static PSG_KEYS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < PSG_KEYS_MAX; i++)
		ret[i] = "";
	if (element->kind != PSG_ELEMENT_ITEM) {
		ret[0] = node->text;
		return;
	}
	for (element = element->children; element->name; element++)
		if ((element->flags & PSG_ELEMENT_KEY) && count < PSG_KEYS_MAX)
			ret[count++] = psg_value_text(node, element->name);
}
