/* Any bytes as any document: the first byte picks the type, and whether a manifest's version is known. Without an error
 * there must be one canonical text, which says the same. */
#include "../../pam_psg/metadata/metadata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *type, unsigned version, char *bytes, size_t len, struct psg_buf *ret,
		  struct psg_problems *problems)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	bool gate = strcmp(type, "Settings") == 0;
	/* The members are not const, as a model owns its own. */
	struct psg_document document = {.type = (char *)(uintptr_t)type,
					.name = (char *)(uintptr_t)(gate ? "Gate" : "Sample"),
					.path = (char *)(uintptr_t) "file",
					.bytes = bytes,
					.len = len};

	if (psg_metadata_parse(&document, version, &model, ret, problems) != PSG_OK)
		abort();
	for (size_t i = 0; i < problems->count; i++)
		if (!*problems->items[i].text || !*problems->items[i].remedy)
			abort();
}

static void check_document(const char *type, unsigned version, char *bytes, size_t len)
{
	struct psg_problems problems PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_problems again PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_buf one PSG_CLEANUP(psg_buf_clear) = {0}, two PSG_CLEANUP(psg_buf_clear) = {0};

	parse(type, version, bytes, len, &one, &problems);
	if (problems.error_count > 0)
		return;
	parse(type, 0, one.data, one.len, &two, &again);
	if (again.error_count > 0 || one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
		abort();
}

static void check_manifest(char *bytes, size_t len)
{
	struct psg_problems problems PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_report report = {
	    .problems = &problems, .file = "package.xml", .type = "", .name = ""};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = psg_report_read(&report, bytes, len);

	if (xml)
		(void)psg_validate(xml->root, "Package", PSG_NS_SALESFORCE, psg_manifest_elements,
				   &report);
	if (report.err != PSG_OK || (!xml && problems.error_count == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t types = 0, pick;
	char *bytes;

	while (psg_file_types[types].name)
		types++;
	if (size == 0)
		return 0;
	pick = (data[0] & 0x7F) % (types + 1);
	/* A block of its own, just as long: reading beyond it shows. */
	bytes = malloc(size);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	if (pick == types)
		check_manifest(bytes, size - 1);
	else
		check_document(psg_file_types[pick].name, data[0] & 0x80 ? 20 : 0, bytes, size - 1);
	free(bytes);
	return 0;
}
