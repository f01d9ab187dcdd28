/* destructiveChanges.xml, …Pre.xml and …Post.xml: what is to be deleted. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

static int compare_names(const struct psg_package_deletion *x, const struct psg_package_deletion *y)
{
	int order = strcmp(x->type, y->type);

	return order ? order : strcmp(x->name, y->name);
}

/* Those of one component in the order in which the manifests are carried out: Pre, the plain one, Post. */
static int compare(const void *a, const void *b)
{
	const struct psg_package_deletion *x = a, *y = b;
	int order = compare_names(x, y);

	if (order == 0)
		order = x->after - y->after;
	if (order == 0)
		order = strcmp(y->file, x->file);
	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	return order ? order : (x->column > y->column) - (x->column < y->column);
}

void psg_package_deletion_clear(struct psg_package_deletion *deletion)
{
	free(deletion->type);
	free(deletion->name);
	free(deletion->file);
	*deletion = (struct psg_package_deletion){0};
}

static void refuse_member(const char *file, const struct psg_manifest_member *member,
			  struct psg_report *report)
{
	const struct psg_xml_node at = {
	    .name = "members", .line = member->line, .column = member->column};
	char snippet[PSG_SNIPPET_SIZE];

	report->file = file;
	report->type = member->type->name;
	report->name = member->name;
	psg_utf8_snippet(member->name, snippet);
	if (strcmp(member->name, "*") == 0)
		psg_report_error(report, &at, "Name each component that is to be deleted.",
				 "'*' cannot be used in %s", file);
	else
		psg_report_error(report, &at,
				 "Write the name of the component's file, without its suffix.",
				 "'%s' is not a valid API name", snippet);
}

static void take_member(const char *file, const struct psg_manifest_member *member, bool after,
			struct psg_package *package, struct psg_report *report)
{
	struct psg_package_deletion *deletion;

	/* Of Settings, only Gate comes here. */
	if (strcmp(member->name, "*") == 0 || !psg_api_name_valid(member->name)) {
		refuse_member(file, member, report);
		return;
	}
	deletion = psg_array_add(&package->deletions, &package->deletion_count, sizeof(*deletion));
	if (!deletion) {
		report->err = PSG_ERR_NO_MEMORY;
		return;
	}
	deletion->type = strdup(member->type->name);
	deletion->name = strdup(member->name);
	deletion->file = strdup(file);
	deletion->after = after;
	deletion->line = member->line;
	deletion->column = member->column;
	if (!deletion->type || !deletion->name || !deletion->file)
		report->err = PSG_ERR_NO_MEMORY;
}

/* A member twice is harmless: the first stays. */
static void drop_doubles(struct psg_package *package)
{
	size_t kept = 0;

	if (package->deletion_count > 1)
		qsort(package->deletions, package->deletion_count, sizeof(*package->deletions),
		      compare);
	for (size_t i = 1; i < package->deletion_count; i++) {
		struct psg_package_deletion *one = &package->deletions[kept];
		struct psg_package_deletion *two = &package->deletions[i];

		if (compare_names(one, two) == 0)
			psg_package_deletion_clear(two);
		else
			package->deletions[++kept] = *two;
	}
	if (package->deletion_count > 0)
		package->deletion_count = kept + 1;
}

static enum psg_err read_one(struct psg_source *source, size_t file, bool after,
			     struct psg_package *package, struct psg_problems *problems)
{
	struct psg_report report = {.problems = problems, .type = "", .name = ""};
	struct psg_manifest manifest PSG_CLEANUP(psg_manifest_clear) = {0};
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	const char *path = psg_source_path(source, file);
	bool good = false;
	enum psg_err err = psg_source_read(source, file, problems, &bytes, &good);

	if (err == PSG_OK && good)
		err = psg_manifest_read(path, bytes.data, bytes.len, problems, &manifest, &good);
	for (size_t i = 0; i < manifest.count && report.err == PSG_OK; i++)
		take_member(path, &manifest.members[i], after, package, &report);
	return err != PSG_OK ? err : report.err;
}

/* What is misspelt is not passed over: somebody's right would live on, or be given, unnoticed. */
static void refuse_misspelt(const struct psg_source *source, struct psg_report *report)
{
	for (size_t i = 0; i < psg_source_count(source); i++) {
		const char *path = psg_source_path(source, i);
		size_t len = strlen(path);
		bool destructive = strncasecmp(path, "destructiveChanges", 18) == 0 && len > 4 &&
				   strcasecmp(path + len - 4, ".xml") == 0;

		if (strchr(path, '/') || psg_package_is_manifest(path))
			continue;
		report->file = path;
		if (destructive)
			psg_report_error(
			    report, NULL,
			    "Name it destructiveChanges.xml, destructiveChangesPre.xml or "
			    "destructiveChangesPost.xml.",
			    "No destructive manifest has this name: nothing would be deleted");
		else if (strcasecmp(path, "package.xml") == 0)
			psg_report_error(report, NULL, "Name it package.xml.",
					 "The manifest has another name: it would not be read");
	}
}

enum psg_err psg_package_take_deletions(struct psg_source *source, struct psg_package *package,
					struct psg_problems *problems)
{
	static const char *const names[] = {"destructiveChangesPre.xml", "destructiveChanges.xml",
					    "destructiveChangesPost.xml"};
	struct psg_report report = {.problems = problems, .type = "", .name = ""};
	enum psg_err err = PSG_OK;
	size_t file;

	for (size_t i = 0; i < PSG_COUNT(names) && err == PSG_OK; i++)
		if (psg_source_find(source, names[i], &file))
			err = read_one(source, file, i == 2, package, problems);
	if (err != PSG_OK)
		return err;
	drop_doubles(package);
	refuse_misspelt(source, &report);
	return report.err;
}
