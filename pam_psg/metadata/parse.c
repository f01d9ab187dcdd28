/* One document to the model. */
#include "metadata.h"

#include <string.h>

#include "psg/text.h"

static void check_file_name(const struct psg_document *document, struct psg_report *report)
{
	const char *fault = psg_api_name_fault(document->name);

	if (strcmp(document->type, "Settings") == 0) {
		if (strcmp(document->name, "Gate") != 0)
			psg_report_error(report, NULL, "Name the file Gate.settings.",
					 "Settings '%s' are not kept here: only Gate is",
					 document->name);
	} else if (fault) {
		psg_report_error(report, NULL, "Rename the file: " PSG_API_NAME_RULE,
				 "The file name '%s' is not a valid API name: %s", document->name,
				 fault);
	}
}

static void check_full_name(const struct psg_document *document, const struct psg_xml_node *root,
			    struct psg_report *report)
{
	const struct psg_xml_node *inner = psg_xml_child(root, "fullName");
	char snippet[PSG_SNIPPET_SIZE];

	if (inner && *inner->text && strcmp(inner->text, document->name) != 0) {
		psg_utf8_snippet(inner->text, snippet);
		psg_report_error(report, inner, "Remove fullName, or rename the file.",
				 "fullName '%s' is not the name of the file, '%s'", snippet,
				 document->name);
	}
}

enum psg_err psg_metadata_parse(const struct psg_document *document, unsigned version,
				struct psg_model *model, struct psg_buf *ret_canonical,
				struct psg_problems *problems)
{
	const struct psg_file_type *type = psg_file_type_find(document->type);
	struct psg_report report = {.problems = problems,
				    .file = document->path,
				    .type = document->type,
				    .name = document->name,
				    .version = version};
	size_t errors = problems->error_count;
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = NULL;

	if (!type)
		return PSG_ERR_INVALID;
	check_file_name(document, &report);
	xml = psg_report_read(&report, document->bytes, document->len);
	if (xml && psg_validate(xml->root, type->root, type->ns, type->elements, &report)) {
		enum psg_err err;

		psg_validate_version(xml->root, type->since, &report);
		check_full_name(document, xml->root, &report);
		err = type->build(xml->root, document->name, &report, model);
		if (err == PSG_OK && ret_canonical && problems->error_count == errors)
			err = psg_canonical_write(xml->root, type, ret_canonical);
		if (err != PSG_OK)
			return err;
	}
	return report.err;
}
