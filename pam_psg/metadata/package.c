/* A package: its manifests read, its files sorted by what they are. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

void psg_package_clear(struct psg_package *package)
{
	for (size_t i = 0; i < package->item_count; i++)
		free(package->items[i].name);
	for (size_t i = 0; i < package->deletion_count; i++)
		psg_package_deletion_clear(&package->deletions[i]);
	free(package->items);
	free(package->deletions);
	*package = (struct psg_package){0};
}

static void list_all(struct psg_package *package, const struct psg_file_type *type)
{
	for (size_t i = 0; i < package->item_count; i++)
		if (package->items[i].type == type)
			package->items[i].listed = true;
}

static void report_missing(const struct psg_manifest_member *member, struct psg_report *report)
{
	const struct psg_xml_node at = {
	    .name = "members", .line = member->line, .column = member->column};
	char snippet[PSG_SNIPPET_SIZE];

	psg_utf8_snippet(member->name, snippet);
	psg_report_error(report, &at, "Add the file, or remove the line from package.xml.",
			 "An object '%s' of type %s was named in package.xml, but was not found in "
			 "zipped directory",
			 snippet, member->type->name);
}

/* Marks what the manifest names. */
static void list_members(struct psg_package *package, const struct psg_manifest *manifest,
			 struct psg_report *report)
{
	unsigned all = 0; /* a bit a type: a manifest may say `*` half a million times */

	for (size_t i = 0; i < manifest->count; i++) {
		const struct psg_manifest_member *member = &manifest->members[i];
		struct psg_package_item *item =
		    psg_package_find(package, member->type->name, member->name);
		unsigned bit = 1U << (member->type - psg_file_types);

		if (item)
			item->listed = true;
		else if (strcmp(member->name, "*") != 0)
			report_missing(member, report);
		else if (!(all & bit))
			list_all(package, member->type);
		all |= strcmp(member->name, "*") == 0 ? bit : 0;
	}
}

static void report_unlisted(const struct psg_package *package, struct psg_report *report)
{
	for (size_t i = 0; i < package->item_count; i++) {
		const struct psg_package_item *item = &package->items[i];

		if (item->listed)
			continue;
		report->file = item->path;
		report->type = item->type->name;
		report->name = item->name;
		psg_report_warning(report, NULL, "Name it in package.xml if it is to be deployed.",
				   "Not deployed: it is not named in package.xml");
	}
}

static enum psg_err apply_manifest(struct psg_source *source, size_t file,
				   struct psg_package *package, struct psg_problems *problems)
{
	struct psg_report report = {
	    .problems = problems, .file = "package.xml", .type = "", .name = "package.xml"};
	struct psg_manifest manifest PSG_CLEANUP(psg_manifest_clear) = {0};
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	bool good = false;
	enum psg_err err = psg_source_read(source, file, problems, &bytes, &good);

	if (err == PSG_OK && good)
		err = psg_manifest_read("package.xml", bytes.data, bytes.len, problems, &manifest,
					&good);
	if (err != PSG_OK || !good)
		return err;
	package->version = manifest.version;
	list_members(package, &manifest, &report);
	report_unlisted(package, &report);
	return report.err;
}

/* Salesforce deletes nothing without a package.xml, in source format neither. */
static bool has_destructive(const struct psg_source *source, struct psg_report *report)
{
	bool found = false;

	for (size_t i = 0; i < psg_source_count(source); i++) {
		if (!psg_package_is_manifest(psg_source_path(source, i)))
			continue;
		found = true;
		report->file = psg_source_path(source, i);
		psg_report_error(report, NULL,
				 "Put one beside it; it may hold no more than the version.",
				 "No package.xml found");
	}
	return found;
}

/* Mostly the top of a repository was given, and the package lies in a folder of it. */
static void report_nothing(const struct psg_source *source, struct psg_report *report)
{
	struct psg_buf remedy PSG_CLEANUP(psg_buf_clear) = {0};
	const char *path = NULL;
	size_t folder_len = 0;

	for (size_t i = 0; i < psg_source_count(source) && folder_len == 0; i++) {
		path = psg_source_path(source, i);
		folder_len = psg_package_misplaced(path);
	}
	if (folder_len > 0)
		psg_buf_format(&remedy, "The package seems to be in %.*s: deploy that folder.",
			       (int)folder_len, path);
	else
		psg_buf_text(&remedy, "Give a directory or zip with package.xml, or with files "
				      "such as permissionsets/NAME.permissionset.");
	if (remedy.failed)
		report->err = PSG_ERR_NO_MEMORY;
	else
		psg_report_error(report, NULL, remedy.data, "No package.xml found");
}

/* Without a package.xml all the components are meant. */
static enum psg_err take_all(const struct psg_source *source, struct psg_package *package,
			     struct psg_problems *problems)
{
	struct psg_report report = {.problems = problems, .file = "", .type = "", .name = ""};

	for (size_t i = 0; i < package->item_count; i++)
		package->items[i].listed = true;
	if (!has_destructive(source, &report) && package->item_count == 0 &&
	    !psg_source_is_refused(source))
		report_nothing(source, &report);
	return report.err;
}

enum psg_err psg_package_open(struct psg_source *source, struct psg_package *ret,
			      struct psg_problems *problems)
{
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	enum psg_err err = psg_package_take_files(source, &package, problems);
	size_t file;

	if (err == PSG_OK)
		err = psg_package_take_deletions(source, &package, problems);
	if (err == PSG_OK && psg_source_find(source, "package.xml", &file))
		err = apply_manifest(source, file, &package, problems);
	else if (err == PSG_OK && !psg_source_is_broken(source))
		err = take_all(source, &package, problems);
	if (err != PSG_OK)
		return err;
	*ret = package;
	package = (struct psg_package){0};
	return PSG_OK;
}
