/* package.xml and its like: types and the names of their members. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the lists of what is not kept: a manifest of a whole organisation has dozens. */
#define TYPES_SHOWN 1200U
#define SETTINGS_SHOWN 600U

struct reading {
	struct psg_report report;
	struct psg_manifest *manifest;
	struct psg_strings types, settings; /* not kept here */
	const struct psg_xml_node *first_other;
};

void psg_manifest_clear(struct psg_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->members[i].name);
	free(manifest->members);
	*manifest = (struct psg_manifest){0};
}

static void take_other(struct reading *reading, struct psg_strings *list,
		       const struct psg_xml_node *node)
{
	char snippet[PSG_SNIPPET_SIZE];

	reading->first_other = reading->first_other ? reading->first_other : node;
	psg_utf8_snippet(node->text, snippet);
	/* Mostly the one before; psg_strings_sort drops the rest. */
	if (list->count > 0 && strcmp(list->items[list->count - 1], snippet) == 0)
		return;
	reading->report.err = psg_strings_add(list, snippet);
}

static void take_member(struct reading *reading, const struct psg_file_type *type,
			const struct psg_xml_node *node)
{
	struct psg_manifest *manifest = reading->manifest;
	struct psg_manifest_member *member;

	if (!*node->text)
		return;
	if (strcmp(type->name, "Settings") == 0 && strcmp(node->text, "Gate") != 0 &&
	    strcmp(node->text, "*") != 0) {
		take_other(reading, &reading->settings, node);
		return;
	}
	member = psg_array_add(&manifest->members, &manifest->count, sizeof(*member));
	if (member) {
		member->type = type;
		member->name = strdup(node->text);
		member->line = node->line;
		member->column = node->column;
	}
	if (!member || !member->name)
		reading->report.err = PSG_ERR_NO_MEMORY;
}

static void take_types(struct reading *reading, const struct psg_xml_node *types)
{
	const struct psg_xml_node *name = psg_xml_child(types, "name");
	const struct psg_file_type *type = name ? psg_file_type_find(name->text) : NULL;

	if (!type && name && *name->text)
		take_other(reading, &reading->types, name);
	for (const struct psg_xml_node *child = types->children;
	     type && child && reading->report.err == PSG_OK; child = child->next)
		if (strcmp(child->name, "members") == 0)
			take_member(reading, type, child);
}

static void list_names(const struct psg_strings *names, size_t most, struct psg_buf *ret)
{
	size_t start = ret->len, shown = 0;

	for (; shown < names->count && ret->len - start < most; shown++)
		psg_buf_format(ret, "%s%s", shown ? ", " : "", names->items[shown]);
	if (shown < names->count)
		psg_buf_format(ret, ", and %zu more", names->count - shown);
}

static void report_others(struct reading *reading)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	if (!reading->first_other)
		return;
	psg_strings_sort(&reading->types);
	psg_strings_sort(&reading->settings);
	psg_buf_format(&text,
		       "%s that are not kept here: ", reading->types.count ? "Types" : "Settings");
	list_names(&reading->types, TYPES_SHOWN, &text);
	if (reading->types.count && reading->settings.count)
		psg_buf_text(&text, "; Settings: ");
	list_names(&reading->settings, SETTINGS_SHOWN, &text);
	if (text.failed)
		reading->report.err = PSG_ERR_NO_MEMORY;
	else
		psg_report_warning(&reading->report, reading->first_other,
				   "Nothing need be done: they are left out.", "%s", text.data);
}

static void read_version(struct reading *reading, const struct psg_xml_node *root)
{
	const struct psg_xml_node *node = psg_xml_child(root, "version");
	size_t whole = node ? strspn(node->text, "0123456789") : 0;
	unsigned version = 0;
	char snippet[PSG_SNIPPET_SIZE];

	if (!node || !*node->text)
		return;
	for (size_t i = 0; i < whole && i < 3; i++)
		version = version * 10 + (unsigned)(node->text[i] - '0');
	psg_utf8_snippet(node->text, snippet);
	if (version == 0 || whole > 3 || strcmp(node->text + whole, ".0") != 0) {
		psg_report_error(&reading->report, node, "Write it as 64.0.",
				 "'%s' is not a valid API version", snippet);
		return;
	}
	if (version > PSG_API_VERSION)
		psg_report_warning(
		    &reading->report, node,
		    "Nothing need be done: elements that came later are errors where "
		    "they stand.",
		    "API version %s is newer than %u.0, the newest known here", snippet,
		    PSG_API_VERSION);
	reading->manifest->version = version;
}

enum psg_err psg_manifest_read(const char *file, const char *bytes, size_t len,
			       struct psg_problems *problems, struct psg_manifest *ret,
			       bool *ret_good)
{
	struct psg_manifest manifest PSG_CLEANUP(psg_manifest_clear) = {0};
	struct reading reading = {
	    .report = {.problems = problems, .file = file, .type = "", .name = file},
	    .manifest = &manifest};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) =
	    psg_report_read(&reading.report, bytes, len);
	bool good = xml && psg_validate(xml->root, "Package", PSG_NS_SALESFORCE,
					psg_manifest_elements, &reading.report);

	if (good)
		read_version(&reading, xml->root);
	for (const struct psg_xml_node *child = good ? xml->root->children : NULL;
	     child && reading.report.err == PSG_OK; child = child->next)
		if (strcmp(child->name, "types") == 0)
			take_types(&reading, child);
	report_others(&reading);
	psg_strings_clear(&reading.types);
	psg_strings_clear(&reading.settings);
	if (reading.report.err != PSG_OK)
		return reading.report.err;
	*ret = manifest;
	manifest = (struct psg_manifest){0};
	*ret_good = good;
	return PSG_OK;
}
