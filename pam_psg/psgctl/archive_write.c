/* A backup being packed, in memory, compressed.
 *
 * MUST seal all of it: the seal is over every byte before it, whatever a zip may say twice (tests/cli/test_backup.py,
 *      test_every_byte_counts). */
#include "archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

struct ctl_packer {
	zip_source_t *source;
	zip_t *zip;
};

enum psg_err ctl_packer_new(struct ctl_packer **ret)
{
	struct ctl_packer *packer PSG_CLEANUP(ctl_packer_free) = calloc(1, sizeof(*packer));
	if (packer == NULL)
		return PSG_ERR_NO_MEMORY;
	packer->source = zip_source_buffer_create(NULL, 0, 0, NULL);
	if (packer->source == NULL)
		return PSG_ERR_NO_MEMORY;
	zip_source_keep(packer->source); /* for what it comes to, after the archive is closed */
	packer->zip = zip_open_from_source(packer->source, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	if (packer->zip == NULL) {
		zip_source_free(packer->source);
		return PSG_ERR_NO_MEMORY;
	}
	*ret = packer;
	packer = NULL;
	return PSG_OK;
}

void ctl_packer_free(struct ctl_packer **packer)
{
	if (*packer == NULL)
		return;
	if ((*packer)->zip != NULL)
		zip_discard((*packer)->zip);
	if ((*packer)->source != NULL)
		zip_source_free((*packer)->source);
	free(*packer);
	*packer = NULL;
}

/* Private files where somebody unpacks it by hand: the key may be among them. */
static enum psg_err add(struct ctl_packer *packer, const char *name, zip_source_t *source)
{
	zip_int64_t at =
	    source != NULL ? zip_file_add(packer->zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
	if (at < 0) {
		if (source != NULL)
			zip_source_free(source);
		return PSG_ERR_NO_MEMORY;
	}
	return zip_file_set_external_attributes(packer->zip, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX,
						(zip_uint32_t)(S_IFREG | 0600) << 16) == 0
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

enum psg_err ctl_packer_put(struct ctl_packer *packer, const char *name, struct psg_buf *bytes)
{
	if (bytes->failed)
		return PSG_ERR_NO_MEMORY;
	zip_source_t *source = zip_source_buffer(packer->zip, bytes->data, bytes->len, 1);
	if (source != NULL)
		*bytes = (struct psg_buf){0};
	return add(packer, name, source);
}

enum psg_err ctl_packer_put_fd(struct ctl_packer *packer, const char *name, int fd)
{
	struct stat info;
	int own = dup(fd);
	FILE *file = own >= 0 && fstat(own, &info) == 0 ? fdopen(own, "rb") : NULL;
	if (file == NULL) {
		psg_close_fd(&own);
		return PSG_ERR_LIMIT;
	}
	zip_source_t *source = zip_source_filep(packer->zip, file, 0, info.st_size);
	if (source == NULL)
		fclose(file);
	return add(packer, name, source);
}

/* Room for the seal, which is over all that stands before it. */
static enum psg_err set_comment(struct ctl_packer *packer, const char *fingerprint)
{
	char comment[CTL_TRAILER_SIZE + 1];
	snprintf(comment, sizeof(comment), CTL_TRAILER_BEGIN "%s" CTL_TRAILER_SEAL "%0*d",
		 fingerprint, (int)CTL_SEAL_DIGITS, 0);
	return zip_set_archive_comment(packer->zip, comment, CTL_TRAILER_SIZE) == 0
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

static enum psg_err take_bytes(zip_source_t *source, struct psg_buf *ret)
{
	zip_stat_t info;
	char block[65536];
	zip_int64_t got = 1;
	if (zip_source_stat(source, &info) != 0 || (info.valid & ZIP_STAT_SIZE) == 0)
		return PSG_ERR_NO_MEMORY;
	if (info.size > CTL_ARCHIVE_MAX)
		return PSG_ERR_INVALID;
	if (zip_source_open(source) != 0)
		return PSG_ERR_NO_MEMORY;
	while (got > 0 && (got = zip_source_read(source, block, sizeof(block))) > 0)
		psg_buf_put(ret, block, (size_t)got);
	(void)zip_source_close(source);
	return got < 0 || ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

enum psg_err ctl_packer_finish(struct ctl_packer *packer, const struct psg_key *key,
			       struct psg_buf *ret)
{
	char fingerprint[PSG_FINGERPRINT_SIZE], seal[CTL_SEAL_DIGITS + 1];
	enum psg_err err = psg_key_fingerprint(key, fingerprint);
	if (!err)
		err = set_comment(packer, fingerprint);
	if (err)
		return err;
	if (zip_close(packer->zip) != 0)
		return zip_error_code_zip(zip_get_error(packer->zip)) == ZIP_ER_MEMORY
			   ? PSG_ERR_NO_MEMORY
			   : PSG_ERR_IO;
	packer->zip = NULL;
	err = take_bytes(packer->source, ret);
	if (!err && (ret->len < CTL_TRAILER_SIZE ||
		     memcmp(ret->data + ret->len - CTL_TRAILER_SIZE, CTL_TRAILER_BEGIN,
			    sizeof(CTL_TRAILER_BEGIN) - 1) != 0))
		err = PSG_ERR_IO;
	if (!err)
		err = ctl_archive_seal(key, ret->data, ret->len - CTL_SEAL_DIGITS, seal);
	if (!err)
		memcpy(ret->data + ret->len - CTL_SEAL_DIGITS, seal, CTL_SEAL_DIGITS);
	return err;
}
