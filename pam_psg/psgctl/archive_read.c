/* A backup being read.
 *
 * MUST be authenticated whole before libzip sees a byte of it (but for one that brings its own key, which whoever owns the
 *      file could have made: restore takes that only where there is no key, from a file of root's)
 *      (tests/cli/test_backup.py, test_every_byte_counts).
 * MUST take no name but those a backup has, each once, each a plain file (test_hostile_archives).
 * MUST NOT believe what the archive says of sizes (test_hostile_archives: bomb, lying). */
#include "archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "psg/backup.h"
#include "psg/output.h"
#include "psg/text.h"

#define PEOPLE "people/"
#define SMALL_MAX (64U * 1024)

struct ctl_archive {
	zip_t *zip;
	size_t count;
	const char **names; /* libzip's; sorted with their indices */
	uint64_t *sizes;
};

/* -- the end of the file -- */

static const char *trailer(const struct psg_buf *bytes)
{
	return bytes->len >= CTL_TRAILER_SIZE ? bytes->data + bytes->len - CTL_TRAILER_SIZE : NULL;
}

static bool is_trailer(const char *at)
{
	return memcmp(at, CTL_TRAILER_BEGIN, sizeof(CTL_TRAILER_BEGIN) - 1) == 0 &&
	       memcmp(at + sizeof(CTL_TRAILER_BEGIN) - 1 + PSG_FINGERPRINT_SIZE - 1,
		      CTL_TRAILER_SEAL, sizeof(CTL_TRAILER_SEAL) - 1) == 0;
}

bool ctl_is_archive(int fd)
{
	char end[CTL_TRAILER_SIZE];
	struct stat info;
	return fstat(fd, &info) == 0 && info.st_size >= (off_t)sizeof(end) &&
	       pread(fd, end, sizeof(end), info.st_size - (off_t)sizeof(end)) == sizeof(end) &&
	       is_trailer(end);
}

/* A later one may end in something longer or shorter. */
static bool is_later(const struct psg_buf *bytes)
{
	static const char kind[] = CTL_TRAILER_KIND;
	size_t len = bytes->len < 256 ? bytes->len : 256;
	const char *end = bytes->len > 0 ? bytes->data + bytes->len - len : "";
	const char *at = memmem(end, len, kind, sizeof(kind) - 1);
	return at != NULL && (size_t)(at - end) + sizeof(kind) < len &&
	       at[sizeof(kind) - 1] >= '1' && at[sizeof(kind) - 1] <= '9' &&
	       memcmp(at + sizeof(kind) - 1, "1 ", 2) != 0;
}

enum psg_err ctl_archive_fingerprint(const struct psg_buf *bytes,
				     char ret[static PSG_FINGERPRINT_SIZE])
{
	const char *at = trailer(bytes);
	if (at == NULL || !is_trailer(at))
		return is_later(bytes) ? PSG_ERR_VERSION : PSG_ERR_INVALID;
	memcpy(ret, at + sizeof(CTL_TRAILER_BEGIN) - 1, PSG_FINGERPRINT_SIZE - 1);
	ret[PSG_FINGERPRINT_SIZE - 1] = '\0';
	return PSG_OK;
}

enum psg_err ctl_archive_authenticate(const struct psg_buf *bytes, const struct psg_key *key)
{
	char wanted[CTL_SEAL_DIGITS + 1], found[CTL_SEAL_DIGITS + 1];
	uint8_t a[PSG_MAC_SIZE], b[PSG_MAC_SIZE];
	if (bytes->len < CTL_TRAILER_SIZE)
		return PSG_ERR_CORRUPT;
	enum psg_err err = ctl_archive_seal(key, bytes->data, bytes->len - CTL_SEAL_DIGITS, wanted);
	if (err)
		return err;
	memcpy(found, bytes->data + bytes->len - CTL_SEAL_DIGITS, CTL_SEAL_DIGITS);
	found[CTL_SEAL_DIGITS] = '\0';
	return psg_hex_decode(wanted, a, sizeof(a)) == PSG_OK &&
		       psg_hex_decode(found, b, sizeof(b)) == PSG_OK && psg_mac_equal(a, b)
		   ? PSG_OK
		   : PSG_ERR_CORRUPT;
}

/* -- what is in it -- */

static bool is_log(const char *name)
{
	return strcmp(name, "log") == 0 || (strncmp(name, "log.", 4) == 0 && name[4] != '\0' &&
					    strspn(name + 4, "0123456789") == strlen(name + 4));
}

/* Whether a backup has a file of that name, and how large it may be. */
static bool is_known(const char *name, uint64_t *ret_max)
{
	static const struct {
		const char *name;
		uint64_t max;
	} files[] = {{"manifest", SMALL_MAX}, {"key", PSG_KEY_TEXT_SIZE}, {"policy", UINT32_MAX}};
	char subject[PSG_SUBJECT_SIZE];
	for (size_t i = 0; i < PSG_COUNT(files); i++)
		if (strcmp(name, files[i].name) == 0) {
			*ret_max = files[i].max;
			return true;
		}
	bool person = strncmp(name, PEOPLE, sizeof(PEOPLE) - 1) == 0;
	*ret_max = person ? PSG_CARRIED_MAX : UINT32_MAX;
	return person ? psg_folder_subject(name + sizeof(PEOPLE) - 1, subject) == PSG_OK
		      : is_log(name);
}

static bool is_plain(zip_t *zip, const zip_stat_t *info)
{
	zip_uint8_t system = 0;
	zip_uint32_t attributes = 0;
	const zip_uint64_t wanted =
	    ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
	if ((info->valid & wanted) != wanted || info->encryption_method != ZIP_EM_NONE ||
	    (info->comp_method != ZIP_CM_STORE && info->comp_method != ZIP_CM_DEFLATE) ||
	    zip_file_get_external_attributes(zip, info->index, 0, &system, &attributes) != 0)
		return false;
	return S_ISREG(attributes >> 16);
}

static enum psg_err list(struct ctl_archive *archive)
{
	zip_int64_t count = zip_get_num_entries(archive->zip, 0);
	archive->names = calloc((size_t)count + 1, sizeof(*archive->names));
	archive->sizes = calloc((size_t)count + 1, sizeof(*archive->sizes));
	if (archive->names == NULL || archive->sizes == NULL)
		return PSG_ERR_NO_MEMORY;
	for (zip_int64_t i = 0; i < count; i++) {
		zip_stat_t info;
		uint64_t max = 0;
		if (zip_stat_index(archive->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW, &info) != 0 ||
		    !is_plain(archive->zip, &info) || !is_known(info.name, &max) || info.size > max)
			return PSG_ERR_CORRUPT;
		/* Its first of that name: else it is there twice. */
		if (zip_name_locate(archive->zip, info.name, ZIP_FL_ENC_RAW) != i)
			return PSG_ERR_CORRUPT;
		archive->names[i] = info.name;
		archive->sizes[i] = info.size;
		archive->count++;
	}
	return PSG_OK;
}

enum psg_err ctl_archive_open(const struct psg_buf *bytes, struct ctl_archive **ret)
{
	struct ctl_archive *archive PSG_CLEANUP(ctl_archive_close) = calloc(1, sizeof(*archive));
	zip_source_t *source =
	    archive != NULL ? zip_source_buffer_create(bytes->data, bytes->len, 0, NULL) : NULL;
	if (source == NULL)
		return PSG_ERR_NO_MEMORY;
	archive->zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
	if (archive->zip == NULL) {
		zip_source_free(source);
		return PSG_ERR_CORRUPT;
	}
	enum psg_err err = list(archive);
	if (err)
		return err;
	*ret = archive;
	archive = NULL;
	return PSG_OK;
}

void ctl_archive_close(struct ctl_archive **archive)
{
	if (*archive == NULL)
		return;
	if ((*archive)->zip != NULL)
		zip_discard((*archive)->zip);
	free((*archive)->names);
	free((*archive)->sizes);
	free(*archive);
	*archive = NULL;
}

size_t ctl_archive_count(const struct ctl_archive *archive)
{
	return archive->count;
}

const char *ctl_archive_name(const struct ctl_archive *archive, size_t at)
{
	return archive->names[at];
}

size_t ctl_archive_find(const struct ctl_archive *archive, const char *name)
{
	zip_int64_t at = zip_name_locate(archive->zip, name, ZIP_FL_ENC_RAW);
	return at < 0 ? archive->count : (size_t)at;
}

/* Up to its size, and then its end: only there is the checksum compared. */
static enum psg_err unpack(struct ctl_archive *archive, size_t at, struct psg_buf *to, int fd)
{
	zip_file_t *file = zip_fopen_index(archive->zip, at, 0);
	uint64_t left = archive->sizes[at];
	char block[65536];
	enum psg_err err = file != NULL ? PSG_OK : PSG_ERR_CORRUPT;
	while (!err && left > 0) {
		zip_int64_t got =
		    zip_fread(file, block, left < sizeof(block) ? left : sizeof(block));
		if (got <= 0)
			err = PSG_ERR_CORRUPT;
		else if (to != NULL)
			psg_buf_put(to, block, (size_t)got);
		else
			err = psg_write_all(fd, block, (size_t)got);
		left -= got > 0 ? (uint64_t)got : 0;
		if (to != NULL && to->failed)
			err = PSG_ERR_NO_MEMORY;
	}
	if (!err && zip_fread(file, block, 1) != 0)
		err = PSG_ERR_CORRUPT;
	if (file != NULL)
		(void)zip_fclose(file);
	return err;
}

enum psg_err ctl_archive_read(struct ctl_archive *archive, size_t at, bool text,
			      struct psg_buf *ret)
{
	if (at >= archive->count)
		return PSG_ERR_CORRUPT;
	psg_buf_text(ret, ""); /* an empty file is a text too */
	enum psg_err err = unpack(archive, at, ret, -1);
	return !err && text && strlen(ret->data) != ret->len ? PSG_ERR_CORRUPT : err;
}

enum psg_err ctl_archive_copy(struct ctl_archive *archive, size_t at, int fd)
{
	return at < archive->count ? unpack(archive, at, NULL, fd) : PSG_ERR_CORRUPT;
}
