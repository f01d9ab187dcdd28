/* The entries of a zip, through libzip.
 *
 * MUST take stored and deflated entries only: xz and bzip2 unpack with as much memory as the archive asks for
 *      (source_zip_test: methods)
 * MUST refuse what is not what its name says: links, devices, encrypted bytes, a name twice
 *      (source_zip_test: entries)
 */
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

/* Whether the file begins like a zip: then what does not open is damaged, and not another kind of file. */
static bool looks_zipped(int fd)
{
	char bytes[4];

	return pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes) &&
	       (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0 ||
		memcmp(bytes, "PK\6\6", 4) == 0);
}

static enum psg_err load(struct psg_listing *listing, int fd)
{
	struct psg_source *source = listing->source;
	struct stat info;
	size_t size;

	if (fstat(fd, &info) != 0)
		return psg_err_from_errno(errno);
	if (info.st_size > PSG_PACKAGE_ZIP_MAX) {
		psg_listing_refuse(listing, "", "Deploy it in several packages.",
				   "The zip is larger than 39 MiB");
		listing->stopped = true;
		return listing->report.err;
	}
	size = (size_t)info.st_size;
	source->archive = malloc(size + 1);
	if (!source->archive)
		return PSG_ERR_NO_MEMORY;
	while (source->archive_len < size) {
		ssize_t got =
		    read(fd, source->archive + source->archive_len, size - source->archive_len);

		if (got < 0 && errno != EINTR)
			return psg_err_from_errno(errno);
		if (got == 0)
			break;
		source->archive_len += got > 0 ? (size_t)got : 0;
	}
	return PSG_OK;
}

/* libzip, which borrows the archive. NULL: reported. */
static struct zip *open_archive(struct psg_listing *listing, const struct psg_zip_layout *layout)
{
	struct psg_source *source = listing->source;
	size_t tail_len = layout->directory > layout->tail ? layout->directory - layout->tail : 0;
	unsigned char *tail PSG_CLEANUP(psg_free_bytes) = malloc(tail_len + 1);
	struct zip_source *bytes = NULL;
	struct zip *zip = NULL;
	zip_error_t error;

	if (!tail) {
		listing->report.err = PSG_ERR_NO_MEMORY;
		return NULL;
	}
	zip_error_init(&error);
	if (tail_len > 0)
		memcpy(tail, source->archive + layout->tail, tail_len);
	psg_zip_hide_ends(source->archive, layout);
	bytes = zip_source_buffer_create(source->archive, source->archive_len, 0, &error);
	if (bytes)
		zip = zip_open_from_source(bytes, ZIP_RDONLY, &error);
	if (tail_len > 0)
		memcpy(source->archive + layout->tail, tail, tail_len);
	if (!zip && bytes)
		zip_source_free(bytes);
	if (!zip && zip_error_code_zip(&error) == ZIP_ER_MEMORY)
		listing->report.err = PSG_ERR_NO_MEMORY;
	else if (!zip)
		psg_listing_refuse(listing, "", "Make the zip anew.",
				   "The zip is damaged or cut short");
	zip_error_fini(&error);
	return zip;
}

/* Whether it is a file as its attributes have it: Unix keeps the mode in the upper half. */
static bool check_mode(struct psg_listing *listing, const struct zip_stat *stat, bool folder)
{
	zip_uint8_t system = 0;
	zip_uint32_t attributes = 0;
	mode_t type;

	if (zip_file_get_external_attributes(listing->source->zip, stat->index, ZIP_FL_UNCHANGED,
					     &system, &attributes) != 0)
		attributes = 0;
	type = (attributes >> 16) & S_IFMT;
	if (type == S_IFLNK)
		psg_listing_refuse(listing, stat->name, "Put the file itself there.",
				   "A symbolic link: links are not followed");
	else if (type != 0 && type != (folder ? S_IFDIR : S_IFREG))
		psg_listing_refuse(listing, stat->name, "Remove it from the package.",
				   "Not a regular file");
	else
		return true;
	return false;
}

static bool check_entry(struct psg_listing *listing, const struct zip_stat *stat, bool folder)
{
	if (!check_mode(listing, stat, folder))
		return false;
	if (stat->encryption_method != ZIP_EM_NONE) {
		psg_listing_refuse(listing, stat->name, "Zip it without a password.",
				   "The file is encrypted");
		return false;
	}
	if (!folder && stat->comp_method != ZIP_CM_STORE && stat->comp_method != ZIP_CM_DEFLATE) {
		psg_listing_refuse(listing, stat->name, "Zip it with deflate, as zip itself does.",
				   "The file is packed by a method that is not read here");
		return false;
	}
	return true;
}

static void take_entry(struct psg_listing *listing, const struct zip_stat *stat)
{
	struct psg_source_entry entry = {.size = stat->size, .index = stat->index};
	struct psg_buf name PSG_CLEANUP(psg_buf_clear) = {0};
	const char *start = stat->name;

	/* As bsdtar and cmake write them. */
	while (strncmp(start, "./", 2) == 0)
		start += 2;
	psg_buf_text(&name, start);
	if (name.failed) {
		listing->report.err = PSG_ERR_NO_MEMORY;
		return;
	}
	if (name.len == 0)
		return;
	entry.folder = name.data[name.len - 1] == '/';
	if (entry.folder)
		name.data[--name.len] = '\0';
	if (!psg_zip_name_good(listing, entry.folder && name.len == 0 ? "/" : name.data) ||
	    psg_zip_name_passed(name.data))
		return;
	entry.refused = !check_entry(listing, stat, entry.folder);
	psg_listing_add(listing, &entry, name.data);
}

enum psg_err psg_listing_unzip(struct psg_listing *listing, int fd)
{
	struct psg_source *source = listing->source;
	struct psg_zip_layout layout;
	enum psg_err err = looks_zipped(fd) ? load(listing, fd) : PSG_ERR_INVALID;

	if (err != PSG_OK || listing->stopped)
		return err;
	listing->stopped = true;
	if (!psg_zip_examine(listing, &layout))
		return listing->report.err;
	source->zip = open_archive(listing, &layout);
	if (!source->zip)
		return listing->report.err;
	for (zip_int64_t i = 0; i < zip_get_num_entries(source->zip, ZIP_FL_UNCHANGED); i++) {
		struct zip_stat stat;

		/* Raw: libzip would guess at names that are no UTF-8. */
		if (zip_stat_index(source->zip, (zip_uint64_t)i, ZIP_FL_UNCHANGED | ZIP_FL_ENC_RAW,
				   &stat) != 0)
			return PSG_ERR_NO_MEMORY;
		take_entry(listing, &stat);
		if (listing->report.err != PSG_OK)
			return listing->report.err;
	}
	listing->stopped = false;
	return PSG_OK;
}

/* The beginning of a name. */
struct folder_key {
	const char *name;
	size_t len;
};

static int match_folder(const void *key, const void *item)
{
	const struct folder_key *folder = key;
	const char *name = ((const struct psg_source_entry *)item)->name;
	int order = strncmp(folder->name, name, folder->len);

	return order ? order : -(name[folder->len] != '\0');
}

/* Whether a folder that the name is in is a file. */
static bool below_a_file(const struct psg_source *source, const char *name)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct folder_key key = {name, (size_t)(slash - name)};
		const struct psg_source_entry *above =
		    bsearch(&key, source->entries, source->count, sizeof(*above), match_folder);

		if (above && !above->folder)
			return true;
	}
	return false;
}

void psg_listing_refuse_doubles(struct psg_listing *listing)
{
	struct psg_source *source = listing->source;

	for (size_t i = 0; i < source->count && listing->report.err == PSG_OK; i++) {
		const struct psg_source_entry *entry = &source->entries[i];
		const struct psg_source_entry *before = i > 0 ? entry - 1 : NULL;
		bool same = before && strcmp(before->name, entry->name) == 0;

		if ((same && before->folder != entry->folder) || below_a_file(source, entry->name))
			psg_listing_refuse(listing, entry->name, "Keep one of the two.",
					   "The name is a file's and a folder's in the zip");
		else if (same && !entry->folder)
			psg_listing_refuse(listing, entry->name, "Keep one of the two.",
					   "The name stands in the zip twice");
	}
}
