/* The end of a zip and its central directory, looked over before libzip walks them (APPNOTE 4.3.12 to 4.3.16).
 *
 * MUST NOT let two readers see two archives: one end record only, and one name a file
 *          (source_zip_ends_test: two_ends, archive_before, two_names)
 * MUST bound what libzip walks: it tries every end record it finds, and keeps names in a hash whose collisions
 *      anybody can make (source_zip_hostile_test: many_entries; _ends_test: ends_in_the_directory)
 * MUST refuse a NUL in a name: libzip would cut it there (source_zip_test: names)
 */
#include "source.h"

#include <string.h>

#define END_SIZE 22U
#define END64_SIZE 56U
#define LOCATOR_SIZE 20U
#define ENTRY_SIZE 46U
#define LOCAL_SIZE 30U
#define UNICODE_PATH 0x7075U
#define UNICODE_PATH_SIZE 5U
#define COMMENT_MAX 65535U
#define DIRECTORY_SIZE_MAX (16U * 1024 * 1024)

struct examination {
	struct psg_listing *listing;
	const unsigned char *bytes;
	size_t len;
};

static uint64_t little(const unsigned char *at, unsigned count)
{
	uint64_t value = 0;

	while (count-- > 0)
		value = value << 8 | at[count];
	return value;
}

static bool refuse(const struct examination *all, const char *text)
{
	psg_listing_refuse(all->listing, "", "Make the zip anew.", text);
	return false;
}

static bool damaged(const struct examination *all)
{
	return refuse(all, "The zip is damaged or cut short");
}

static bool is_end(const unsigned char *at)
{
	return memcmp(at, "PK\5\6", 4) == 0;
}

/* The end record whose comment ends where the file does. */
static bool find_end(const struct examination *all, struct psg_zip_layout *layout)
{
	size_t found = 0, least = END_SIZE + COMMENT_MAX;

	for (size_t at = all->len > least ? all->len - least : 0; at + END_SIZE <= all->len; at++) {
		if (!is_end(all->bytes + at) ||
		    at + END_SIZE + little(all->bytes + at + 20, 2) != all->len)
			continue;
		layout->end = at;
		found++;
	}
	if (found == 0)
		return damaged(all);
	least += END64_SIZE + LOCATOR_SIZE;
	layout->tail = all->len > least ? all->len - least : 0;
	return found == 1 ||
	       refuse(all, "The zip has two ends: who reads it sees one or the other");
}

/* Where the central directory is: the end record says, or its zip64 form. */
static bool find_directory(const struct examination *all, struct psg_zip_layout *layout)
{
	const unsigned char *end = all->bytes + layout->end;
	uint64_t size = little(end + 12, 4), offset = little(end + 16, 4), limit = layout->end;

	if (limit >= LOCATOR_SIZE && memcmp(end - LOCATOR_SIZE, "PK\6\7", 4) == 0) {
		uint64_t at = little(end - LOCATOR_SIZE + 8, 8);

		limit -= LOCATOR_SIZE;
		if (limit < END64_SIZE || at > limit - END64_SIZE ||
		    memcmp(all->bytes + at, "PK\6\6", 4) != 0)
			return damaged(all);
		limit = at;
		size = little(all->bytes + at + 40, 8);
		offset = little(all->bytes + at + 48, 8);
	}
	if (offset > limit || size > limit - offset)
		return damaged(all);
	if (size > DIRECTORY_SIZE_MAX)
		return refuse(all, "The zip's directory is larger than 16 MiB");
	layout->directory = (size_t)offset;
	layout->directory_end = (size_t)(offset + size);
	return true;
}

/* Who unpacks a zip as it streams in, as Java does, reads the name before the file's bytes. A header that is not there
 * is libzip's to refuse. */
static bool differs_before_bytes(const struct examination *all, const unsigned char *entry,
				 size_t len)
{
	uint64_t at = little(entry + 42, 4);
	const unsigned char *local = all->bytes + at;

	return at + LOCAL_SIZE + len <= all->len && memcmp(local, "PK\3\4", 4) == 0 &&
	       (little(local + 26, 2) != len ||
		memcmp(local + LOCAL_SIZE, entry + ENTRY_SIZE, len));
}

/* libzip follows Info-ZIP's Unicode Path, others do not. It is there for a name that is not ASCII: beside one in another
 * encoding, or with what ASCII lacks as #Uxxxx. */
static bool differs_in_unicode(const unsigned char *entry, size_t len)
{
	const unsigned char *name = entry + ENTRY_SIZE, *extra = name + len;
	size_t left = little(entry + 30, 2);

	for (size_t i = 0; i < len; i++)
		if (name[i] >= 0x80 || (name[i] == '#' && i + 1 < len && name[i + 1] == 'U'))
			return false;
	while (left >= 4) {
		size_t size = little(extra + 2, 2);

		if (size > left - 4)
			return false;
		if (little(extra, 2) == UNICODE_PATH &&
		    (size != UNICODE_PATH_SIZE + len ||
		     memcmp(extra + 4 + UNICODE_PATH_SIZE, name, len) != 0))
			return true;
		extra += 4 + size;
		left -= 4 + size;
	}
	return false;
}

/* libzip would cut the name at a NUL, and open nothing where a name that is said to be UTF-8 is not. */
static bool check_raw_name(const struct examination *all, const unsigned char *entry)
{
	const char *name = (const char *)entry + ENTRY_SIZE, *text = NULL;
	size_t len = little(entry + 28, 2);
	char *copy PSG_CLEANUP(psg_free_bytes) = NULL;

	if (memchr(name, '\0', len))
		text = "The name in the zip has a NUL in it";
	else if ((little(entry + 8, 2) & 0x800) && psg_utf8_valid(name, len) != len)
		text = "The name in the zip is not valid UTF-8";
	else if (differs_before_bytes(all, entry, len) || differs_in_unicode(entry, len))
		text = "The file has two names in the zip: who reads it sees one or the other";
	if (!text)
		return true;
	copy = strndup(name, len);
	if (copy)
		psg_listing_refuse(all->listing, copy,
				   "Zip the package's directory with relative, plain names.", text);
	else
		all->listing->report.err = PSG_ERR_NO_MEMORY;
	return false;
}

static bool walk_directory(const struct examination *all, const struct psg_zip_layout *layout)
{
	size_t at = layout->directory, count = 0;

	while (at < layout->directory_end) {
		const unsigned char *entry = all->bytes + at;
		size_t left = layout->directory_end - at, len;

		if (left < ENTRY_SIZE || memcmp(entry, "PK\1\2", 4) != 0)
			return damaged(all);
		len = ENTRY_SIZE + little(entry + 28, 2) + little(entry + 30, 2) +
		      little(entry + 32, 2);
		if (len > left)
			return damaged(all);
		if (++count > PSG_ZIP_ENTRIES_MAX)
			return refuse(all, "The zip has more than 30000 entries");
		if (!check_raw_name(all, entry))
			return false;
		at += len;
	}
	/* libzip would take one of these for another end. */
	for (at = layout->directory; at + END_SIZE <= all->len; at++)
		if (at != layout->end && is_end(all->bytes + at))
			return refuse(all,
				      "The zip has two ends: who reads it sees one or the other");
	return count > 0 || refuse(all, "The zip is empty");
}

bool psg_zip_examine(struct psg_listing *listing, struct psg_zip_layout *ret)
{
	struct examination all = {.listing = listing,
				  .bytes = listing->source->archive,
				  .len = listing->source->archive_len};
	struct psg_zip_layout layout = {0};

	if (!find_end(&all, &layout) || !find_directory(&all, &layout) ||
	    !walk_directory(&all, &layout))
		return false;
	*ret = layout;
	return true;
}

void psg_zip_hide_ends(unsigned char *archive, const struct psg_zip_layout *layout)
{
	for (size_t at = layout->tail; at < layout->directory; at++)
		if (is_end(archive + at))
			archive[at] = 0;
}
