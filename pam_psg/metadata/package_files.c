/* What a package's files are, by their names. */
#include "metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* *ret_name_len: of the component's name; *ret_placed false: the metadata format's suffix outside the type's
 * folder. */
static const struct psg_file_type *classify(const char *path, size_t *ret_name_len,
					    bool *ret_placed)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (const struct psg_file_type *type = psg_file_types; type->name; type++) {
		size_t folder_len = strlen(type->folder), suffix_len = strlen(type->suffix);
		char source[64];

		snprintf(source, sizeof(source), "%s-meta.xml", type->suffix);
		*ret_placed = true;
		if (ends_with(base, source)) {
			*ret_name_len = strlen(base) - strlen(source);
		} else if (ends_with(base, type->suffix)) {
			*ret_name_len = strlen(base) - suffix_len;
			*ret_placed = slash && (size_t)(slash - path) == folder_len &&
				      strncmp(path, type->folder, folder_len) == 0;
		} else {
			continue;
		}
		/* Of settings we keep ours; the others are Salesforce's business. */
		if (strcmp(type->name, "Settings") == 0 && strncmp(base, "Gate.", 5) != 0)
			return NULL;
		return type;
	}
	return NULL;
}

bool psg_package_is_component(const char *path)
{
	size_t name_len;
	bool placed;

	return classify(path, &name_len, &placed) != NULL;
}

size_t psg_package_misplaced(const char *path)
{
	size_t name_len, folder_len;
	bool placed;
	const struct psg_file_type *type = classify(path, &name_len, &placed);
	const char *slash = strrchr(path, '/');

	if (!type || placed || !slash)
		return 0;
	folder_len = strlen(type->folder);
	if ((size_t)(slash - path) < folder_len + 2 || slash[-(ptrdiff_t)folder_len - 1] != '/' ||
	    strncmp(slash - folder_len, type->folder, folder_len) != 0)
		return 0;
	return (size_t)(slash - path) - folder_len - 1;
}

bool psg_package_is_manifest(const char *path)
{
	return strcmp(path, "package.xml") == 0 || strcmp(path, "destructiveChanges.xml") == 0 ||
	       strcmp(path, "destructiveChangesPre.xml") == 0 ||
	       strcmp(path, "destructiveChangesPost.xml") == 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct psg_package_item *x = a, *y = b;
	int order = strcmp(x->type->name, y->type->name);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->path, y->path);
}

struct item_key {
	const char *type, *name;
};

static int match_item(const void *key, const void *item)
{
	const struct item_key *wanted = key;
	const struct psg_package_item *found = item;
	int order = strcmp(wanted->type, found->type->name);

	return order ? order : strcmp(wanted->name, found->name);
}

struct psg_package_item *psg_package_find(const struct psg_package *package, const char *type,
					  const char *name)
{
	struct item_key key = {type, name};

	return package->item_count ? bsearch(&key, package->items, package->item_count,
					     sizeof(*package->items), match_item)
				   : NULL;
}

/* Two files for one component stand next to each other in the sorted list: the first is kept. */
static void refuse_doubles(struct psg_package *package, struct psg_report *report)
{
	size_t kept = 0;

	for (size_t i = 1; i < package->item_count; i++) {
		struct psg_package_item *one = &package->items[kept], *two = &package->items[i];

		if (one->type != two->type || strcmp(one->name, two->name) != 0) {
			package->items[++kept] = *two;
			continue;
		}
		free(two->name);
		/* One name twice in a zip was said when it was listed. */
		if (strcmp(one->path, two->path) == 0)
			continue;
		report->file = two->path;
		report->type = two->type->name;
		report->name = one->name;
		psg_report_error(report, NULL, "Keep one of the two files.",
				 "Two files for one component: the other is %s", one->path);
	}
	if (package->item_count > 0)
		package->item_count = kept + 1;
}

static void take_file(const char *path, size_t file, struct psg_package *package,
		      struct psg_report *report)
{
	const char *slash = strrchr(path, '/');
	size_t name_len = 0;
	bool placed;
	const struct psg_file_type *type = classify(path, &name_len, &placed);
	struct psg_package_item *item;

	if (!type)
		return;
	if (!placed) {
		report->file = path;
		psg_report_warning(report, NULL, "Move it there if it is to be deployed.",
				   "Not deployed: its type, %s, belongs in the folder %s "
				   "at the top of the package",
				   type->name, type->folder);
		return;
	}
	item = psg_array_add(&package->items, &package->item_count, sizeof(*item));
	if (item) {
		item->type = type;
		item->name = strndup(slash ? slash + 1 : path, name_len);
		item->path = path;
		item->file = file;
	}
	if (!item || !item->name)
		report->err = PSG_ERR_NO_MEMORY;
}

enum psg_err psg_package_take_files(struct psg_source *source, struct psg_package *package,
				    struct psg_problems *problems)
{
	struct psg_report report = {.problems = problems, .type = "", .name = ""};

	for (size_t i = 0; i < psg_source_count(source) && report.err == PSG_OK; i++)
		take_file(psg_source_path(source, i), i, package, &report);
	if (report.err != PSG_OK)
		return report.err;
	if (package->item_count > 1)
		qsort(package->items, package->item_count, sizeof(*package->items), compare_items);
	refuse_doubles(package, &report);
	return report.err;
}
