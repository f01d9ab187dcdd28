/* package.xml: which of the files are to be deployed. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

struct manifest {
	const struct psg_package *package;
	bool *listed;
	const char *all; /* the type last listed whole */
	struct psg_report report;
	struct psg_buf others; /* types we do not keep, for one warning */
	const struct psg_xml_node *first_other;
};

static void list_all(struct manifest *manifest, const char *type)
{
	/* A manifest may say so half a million times. */
	if (manifest->all && strcmp(manifest->all, type) == 0)
		return;
	manifest->all = type;
	for (size_t i = 0; i < manifest->package->document_count; i++)
		if (strcmp(manifest->package->documents[i].type, type) == 0)
			manifest->listed[i] = true;
}

static void list_member(struct manifest *manifest, const struct psg_xml_node *member,
			const char *type)
{
	const struct psg_package *package = manifest->package;
	const struct psg_document *found =
	    psg_document_find(package->documents, package->document_count, type, member->text);
	char snippet[PSG_SNIPPET_SIZE];

	psg_utf8_snippet(member->text, snippet);
	if (found)
		manifest->listed[found - package->documents] = true;
	else if (strcmp(member->text, "*") == 0)
		list_all(manifest, type);
	else if (strcmp(type, "Settings") == 0 && strcmp(member->text, "Gate") != 0)
		psg_report_warning(&manifest->report, member, "Remove it, or leave it.",
				   "Settings '%s' is not kept here: only Gate is", snippet);
	else if (*member->text)
		psg_report_error(&manifest->report, member,
				 "Add the file, or remove the line from package.xml.",
				 "An object '%s' of type %s was named in package.xml, but was not "
				 "found in zipped directory",
				 snippet, type);
}

/* Whether `name` is in the list `a, b, c`. */
static bool names(const struct psg_buf *list, const char *name)
{
	size_t len = strlen(name);
	const char *at = list->data;

	while (at && (at = strstr(at, name)) != NULL) {
		if ((at == list->data || at[-1] == ' ') && (at[len] == ',' || at[len] == '\0'))
			return true;
		at++;
	}
	return false;
}

static void read_types(struct manifest *manifest, const struct psg_xml_node *types)
{
	const struct psg_xml_node *name = psg_xml_child(types, "name");

	if (!name || !*name->text)
		return;
	if (!psg_file_type_find(name->text)) {
		manifest->first_other = manifest->first_other ? manifest->first_other : name;
		/* A manifest of another organisation lists dozens; thousands are not worth a line. */
		if (!names(&manifest->others, name->text) && manifest->others.len < 4000)
			psg_buf_format(&manifest->others, "%s%s", manifest->others.len ? ", " : "",
				       name->text);
		return;
	}
	for (const struct psg_xml_node *child = types->children; child; child = child->next)
		if (strcmp(child->name, "members") == 0)
			list_member(manifest, child, name->text);
}

static void check_version(struct manifest *manifest, const struct psg_xml_node *root)
{
	const struct psg_xml_node *version = psg_xml_child(root, "version");
	size_t whole = version ? strspn(version->text, "0123456789") : 0;
	char snippet[PSG_SNIPPET_SIZE];

	if (!version || !*version->text ||
	    (whole > 0 && whole <= 3 && !strcmp(version->text + whole, ".0")))
		return;
	psg_utf8_snippet(version->text, snippet);
	psg_report_error(&manifest->report, version, "Write it as 64.0.",
			 "'%s' is not a valid API version", snippet);
}

static void report_unlisted(struct manifest *manifest)
{
	struct psg_report report = manifest->report;

	for (size_t i = 0; i < manifest->package->document_count; i++) {
		const struct psg_document *document = &manifest->package->documents[i];

		if (manifest->listed[i])
			continue;
		report.file = document->path;
		report.type = document->type;
		report.name = document->name;
		psg_report_warning(&report, NULL, "Name it in package.xml if it is to be deployed.",
				   "Not deployed: it is not named in package.xml");
	}
	if (manifest->report.err == PSG_OK)
		manifest->report.err = report.err;
}

static struct psg_xml *read_manifest(struct psg_report *report, const struct psg_document *document)
{
	struct psg_xml *xml = psg_report_read(report, document->bytes, document->len);

	if (xml &&
	    !psg_validate(xml->root, "Package", PSG_NS_SALESFORCE, psg_manifest_elements, report))
		psg_xml_free(&xml);
	return xml;
}

enum psg_err psg_manifest_apply(const struct psg_package *package, bool *listed,
				struct psg_problems *problems)
{
	struct manifest manifest = {.package = package,
				    .listed = listed,
				    .report = {.problems = problems,
					       .file = package->manifest.path,
					       .type = "",
					       .name = "package.xml"}};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) =
	    read_manifest(&manifest.report, &package->manifest);

	if (!xml)
		return manifest.report.err;
	check_version(&manifest, xml->root);
	for (const struct psg_xml_node *child = xml->root->children; child; child = child->next)
		if (strcmp(child->name, "types") == 0)
			read_types(&manifest, child);
	if (manifest.others.failed)
		manifest.report.err = PSG_ERR_NO_MEMORY;
	else if (manifest.first_other)
		psg_report_warning(&manifest.report, manifest.first_other,
				   "Nothing need be done: they are left out.",
				   "Types that are not kept here: %s", manifest.others.data);
	psg_buf_clear(&manifest.others);
	report_unlisted(&manifest);
	return manifest.report.err;
}

enum psg_err psg_manifest_names_any(const struct psg_document *manifest,
				    struct psg_problems *problems, bool *ret)
{
	struct psg_report report = {
	    .problems = problems, .file = manifest->path, .type = "", .name = manifest->path};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = read_manifest(&report, manifest);

	if (report.err == PSG_OK)
		*ret = xml && psg_xml_child(xml->root, "types");
	return report.err;
}
