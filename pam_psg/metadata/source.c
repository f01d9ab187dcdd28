/* Where a package comes from: opened, listed, and read file by file. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

bool psg_listing_add(struct psg_listing *listing, const struct psg_source_entry *entry,
		     const char *name)
{
	struct psg_source *source = listing->source;
	struct psg_source_entry copy = *entry;
	struct psg_source_entry *grown = source->entries;

	copy.name = strdup(name);
	copy.path = copy.name;
	/* Full whenever it is a power of two long. */
	if (copy.name && (source->count & (source->count - 1)) == 0)
		grown = reallocarray(grown, 2 * source->count + 1, sizeof(*grown));
	if (!copy.name || !grown) {
		free(copy.name);
		listing->report.err = PSG_ERR_NO_MEMORY;
		return false;
	}
	source->entries = grown;
	source->entries[source->count++] = copy;
	return true;
}

void psg_listing_refuse(struct psg_listing *listing, const char *name, const char *remedy,
			const char *text)
{
	listing->source->refused = true;
	listing->report.file = name;
	psg_report_error(&listing->report, NULL, remedy, "%s", text);
}

void psg_source_close(struct psg_source **source)
{
	struct psg_source *gone = *source;

	*source = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < gone->count; i++)
		free(gone->entries[i].name);
	free(gone->entries);
	free(gone->root);
	psg_close_fd(&gone->directory);
	if (gone->zip)
		zip_discard(gone->zip);
	free(gone->archive);
	free(gone);
}

static int compare_entries(const void *a, const void *b)
{
	const struct psg_source_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static enum psg_err list(struct psg_listing *listing, int *fd, bool directory)
{
	struct psg_source *source = listing->source;
	enum psg_err err = PSG_OK;

	if (directory) {
		source->directory = *fd;
		*fd = -1;
		psg_listing_walk(listing);
	} else {
		err = psg_listing_unzip(listing, *fd);
	}
	if (err == PSG_OK)
		err = listing->report.err;
	if (err != PSG_OK)
		return err;
	if (source->count > 1)
		qsort(source->entries, source->count, sizeof(*source->entries), compare_entries);
	if (!directory)
		psg_listing_refuse_doubles(listing);
	return psg_listing_settle(listing);
}

/* The path itself is the administrator's word: a link to it is followed. */
static enum psg_err open_path(const char *path, int *ret_fd, bool *ret_directory)
{
	struct stat info;
	int fd;

	/* Judged before it is opened: to open a FIFO waits, to open a device acts. */
	if (stat(path, &info) != 0)
		return errno == ENOTDIR ? PSG_ERR_NOT_FOUND : psg_err_from_errno(errno);
	if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
		return PSG_ERR_INVALID;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return psg_err_from_errno(errno);
	if (fstat(fd, &info) != 0 || (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))) {
		close(fd);
		return PSG_ERR_INVALID;
	}
	*ret_fd = fd;
	*ret_directory = S_ISDIR(info.st_mode);
	return PSG_OK;
}

enum psg_err psg_source_open(const char *path, struct psg_problems *problems,
			     struct psg_source **ret)
{
	struct psg_source *source PSG_CLEANUP(psg_source_close) = calloc(1, sizeof(*source));
	struct psg_listing listing = {
	    .source = source, .report = {.problems = problems, .file = "", .type = "", .name = ""}};
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	bool directory = false;
	enum psg_err err;

	if (!source)
		return PSG_ERR_NO_MEMORY;
	source->directory = -1;
	err = open_path(path, &fd, &directory);
	if (err == PSG_OK)
		err = list(&listing, &fd, directory);
	if (err != PSG_OK)
		return err;
	*ret = source;
	source = NULL;
	return PSG_OK;
}

size_t psg_source_count(const struct psg_source *source)
{
	return source->count;
}

const char *psg_source_path(const struct psg_source *source, size_t file)
{
	return source->entries[file].path;
}

const char *psg_source_root(const struct psg_source *source)
{
	return source->root;
}

static int match_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct psg_source_entry *)item)->path);
}

bool psg_source_find(const struct psg_source *source, const char *path, size_t *ret_file)
{
	const struct psg_source_entry *found =
	    source->count
		? bsearch(path, source->entries, source->count, sizeof(*found), match_path)
		: NULL;

	if (found)
		*ret_file = (size_t)(found - source->entries);
	return found;
}

bool psg_source_is_broken(const struct psg_source *source)
{
	return source->broken;
}

bool psg_source_is_refused(const struct psg_source *source)
{
	return source->refused;
}

enum psg_err psg_source_read(struct psg_source *source, size_t file, struct psg_problems *problems,
			     struct psg_buf *ret, bool *ret_good)
{
	const struct psg_source_entry *entry = &source->entries[file];
	struct psg_report report = {
	    .problems = problems, .file = entry->path, .type = "", .name = ""};
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	bool good = false;

	if (entry->refused) {
		*ret_good = false;
		return PSG_OK;
	}
	psg_buf_text(&bytes, ""); /* an empty file has bytes too */
	if (entry->size > PSG_XML_SIZE_MAX)
		psg_report_error(&report, NULL, "Split it into several.",
				 "The file is larger than 16 MiB");
	else if (source->zip)
		good = psg_source_read_zipped(source, entry, &report, &bytes);
	else
		good = psg_source_read_file(source, entry, &report, &bytes);
	if (report.err != PSG_OK || bytes.failed)
		return report.err != PSG_OK ? report.err : PSG_ERR_NO_MEMORY;
	if (good) {
		*ret = bytes;
		bytes = (struct psg_buf){0};
	}
	*ret_good = good;
	return PSG_OK;
}
