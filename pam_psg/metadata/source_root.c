/* Where in a directory or archive the package begins, and whether it keeps to the limits. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static int match_manifest(const void *key, const void *item)
{
	const char *root = key, *name = ((const struct psg_source_entry *)item)->name;
	size_t len = strlen(root);
	int order = strncmp(root, name, len);

	return order ? order : strcmp("package.xml", name + len);
}

/* Without a copy of the name: no memory must not look like no manifest. */
static bool has_manifest(const struct psg_source *source, const char *root)
{
	const struct psg_source_entry *found =
	    source->count ? bsearch(root, source->entries, source->count, sizeof(*source->entries),
				    match_manifest)
			  : NULL;

	return found && !found->folder;
}

/* The one folder that everything is in, with its '/': its length, 0 when there is none. */
static size_t only_folder(const struct psg_source *source)
{
	const char *first = source->count ? source->entries[0].name : "";
	size_t len = strcspn(first, "/");

	for (size_t i = 0; i < source->count; i++) {
		const struct psg_source_entry *entry = &source->entries[i];

		if (strncmp(entry->name, first, len) != 0 ||
		    (entry->name[len] != '/' && !(entry->name[len] == '\0' && entry->folder)))
			return 0;
	}
	return len;
}

/* A fresh string, NULL when there is no memory. */
static char *find_root(const struct psg_source *source)
{
	static const char *const inner[] = {"", "unpackaged/"};
	struct psg_buf root PSG_CLEANUP(psg_buf_clear) = {0};
	int folder_len = (int)only_folder(source);

	for (size_t i = 0; i < 2 * PSG_COUNT(inner); i++) {
		root.len = 0;
		if (i >= PSG_COUNT(inner) && folder_len == 0)
			break;
		if (i >= PSG_COUNT(inner))
			psg_buf_format(&root, "%.*s/", folder_len, source->entries[0].name);
		psg_buf_text(&root, inner[i % PSG_COUNT(inner)]);
		if (root.failed)
			return NULL;
		if (has_manifest(source, root.data))
			return strdup(root.data);
	}
	return strdup("");
}

static void warn_outside(struct psg_listing *listing, const char *name)
{
	if (!psg_package_is_component(name))
		return;
	listing->report.file = name;
	psg_report_warning(&listing->report, NULL, "Move it there if it is to be deployed.",
			   "Not deployed: the package begins at %spackage.xml",
			   listing->source->root);
}

/* Leaves the files below the root. */
static void keep_files(struct psg_listing *listing)
{
	struct psg_source *source = listing->source;
	size_t kept = 0, root_len = strlen(source->root);

	for (size_t i = 0; i < source->count; i++) {
		struct psg_source_entry *entry = &source->entries[i];
		bool inside = begins_with(entry->name, source->root);

		if (!entry->folder && !inside)
			warn_outside(listing, entry->name);
		if (entry->folder || !inside) {
			free(entry->name);
			continue;
		}
		entry->path = entry->name + root_len;
		source->entries[kept++] = *entry;
	}
	source->count = kept;
}

static void drop_files(struct psg_source *source)
{
	for (size_t i = 0; i < source->count; i++)
		free(source->entries[i].name);
	source->count = 0;
	source->broken = true;
}

/* Salesforce counts the files of a package in metadata format. In source format one object is hundreds of files, and
 * none of them are ours: there only components count. */
static void check_limits(struct psg_listing *listing)
{
	struct psg_source *source = listing->source;
	bool all = source->zip || has_manifest(source, source->root);
	uint64_t files = 0, bytes = 0;

	for (size_t i = 0; i < source->count; i++) {
		const struct psg_source_entry *entry = &source->entries[i];
		bool manifest = psg_package_is_manifest(entry->path);

		if (!all && !manifest && !psg_package_is_component(entry->path))
			continue;
		files += !manifest;
		bytes = entry->size > PSG_PACKAGE_BYTES_MAX - bytes ? PSG_PACKAGE_BYTES_MAX + 1ULL
								    : bytes + entry->size;
		if (files <= PSG_PACKAGE_FILES_MAX && bytes <= PSG_PACKAGE_BYTES_MAX)
			continue;
		if (files > PSG_PACKAGE_FILES_MAX)
			psg_listing_refuse(listing, "", "Deploy it in several packages.",
					   "The package has more than 10000 files");
		else
			psg_listing_refuse(listing, "", "Deploy it in several packages.",
					   "The package is larger than 600 MiB");
		listing->stopped = true;
		return;
	}
}

enum psg_err psg_listing_settle(struct psg_listing *listing)
{
	struct psg_source *source = listing->source;

	source->root = find_root(source);
	if (!source->root)
		return PSG_ERR_NO_MEMORY;
	keep_files(listing);
	if (!listing->stopped)
		check_limits(listing);
	if (listing->stopped)
		drop_files(source);
	return listing->report.err;
}
