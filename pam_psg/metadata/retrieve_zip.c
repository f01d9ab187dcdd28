/* A package as one zip: the same bytes whenever and wherever it is made.
 *
 * The documents are written out twice, once for their length and once for libzip, so that they are never all in
 * memory; what is held is the archive, compressed. */
#include "retrieve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

/* 1980-01-01 00:00: what DOS times begin with. zip_file_set_mtime would go through the local time zone. */
#define DOS_DATE ((1U << 5) | 1U)

/* One file as libzip reads it. */
struct entry {
	const struct psg_retrieval *retrieval;
	size_t number, len, at;
	struct psg_retrieved file; /* while it is open */
	enum psg_err *err;         /* the first failure of any */
};

static zip_int64_t fail(struct entry *entry, enum psg_err err)
{
	if (*entry->err == PSG_OK)
		*entry->err = err;
	return -1;
}

static zip_int64_t entry_open(struct entry *entry)
{
	enum psg_err err = psg_retrieval_file(entry->retrieval, entry->number, &entry->file);

	entry->at = 0;
	if (err == PSG_OK && entry->file.bytes.len != entry->len)
		err = PSG_ERR_CORRUPT; /* the policy is immutable: it cannot be another now */
	return err == PSG_OK ? 0 : fail(entry, err);
}

static zip_int64_t entry_read(struct entry *entry, void *data, zip_uint64_t size)
{
	size_t left = entry->file.bytes.len - entry->at;
	size_t step = size < left ? (size_t)size : left;

	if (step > 0)
		memcpy(data, entry->file.bytes.data + entry->at, step);
	entry->at += step;
	return (zip_int64_t)step;
}

static zip_int64_t entry_stat(const struct entry *entry, void *data)
{
	zip_stat_t *stat = data;

	zip_stat_init(stat);
	stat->size = entry->len;
	stat->valid = ZIP_STAT_SIZE;
	return sizeof(*stat);
}

static zip_int64_t entry_error(void *data)
{
	int codes[] = {ZIP_ER_READ, 0};

	memcpy(data, codes, sizeof(codes));
	return sizeof(codes);
}

static zip_int64_t on_source(void *arg, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
	struct entry *entry = arg;

	switch ((int)command) {
	case ZIP_SOURCE_OPEN:
		return entry_open(entry);
	case ZIP_SOURCE_READ:
		return entry_read(entry, data, size);
	case ZIP_SOURCE_CLOSE:
		psg_retrieved_clear(&entry->file);
		return 0;
	case ZIP_SOURCE_STAT:
		return entry_stat(entry, data);
	case ZIP_SOURCE_ERROR:
		return entry_error(data);
	case ZIP_SOURCE_FREE:
		psg_retrieved_clear(&entry->file);
		free(entry);
		return 0;
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
						      ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
						      ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
	default:
		return -1;
	}
}

static enum psg_err add(zip_t *archive, const struct psg_retrieval *retrieval, size_t number,
			enum psg_err *err)
{
	struct psg_retrieved file PSG_CLEANUP(psg_retrieved_clear) = {0};
	enum psg_err read = psg_retrieval_file(retrieval, number, &file);
	struct entry *entry = read == PSG_OK ? calloc(1, sizeof(*entry)) : NULL;
	zip_source_t *source;
	zip_int64_t index;

	if (!entry)
		return read == PSG_OK ? PSG_ERR_NO_MEMORY : read;
	*entry = (struct entry){
	    .retrieval = retrieval, .number = number, .len = file.bytes.len, .err = err};
	source = zip_source_function(archive, on_source, entry);
	if (!source) {
		free(entry);
		return PSG_ERR_NO_MEMORY;
	}
	index = zip_file_add(archive, file.path.data, source, ZIP_FL_ENC_UTF_8);
	if (index < 0) {
		zip_source_free(source);
		return PSG_ERR_NO_MEMORY;
	}
	if (zip_file_set_dostime(archive, (zip_uint64_t)index, 0, DOS_DATE, 0) != 0 ||
	    zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_DEFLATE, 6) != 0 ||
	    zip_file_set_external_attributes(archive, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX,
					     (S_IFREG | 0644U) << 16) != 0)
		return PSG_ERR_NO_MEMORY;
	return PSG_OK;
}

static void source_free(zip_source_t **source)
{
	if (*source)
		zip_source_free(*source);
}

/* All of what libzip wrote. */
static enum psg_err take_bytes(zip_source_t *source, struct psg_buf *ret)
{
	char block[65536];
	zip_int64_t step = -1;

	if (zip_source_open(source) != 0)
		return PSG_ERR_NO_MEMORY;
	while ((step = zip_source_read(source, block, sizeof(block))) > 0)
		psg_buf_put(ret, block, (size_t)step);
	(void)zip_source_close(source);
	return step < 0 || ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static enum psg_err pack(const struct psg_retrieval *retrieval, struct psg_buf *ret)
{
	zip_source_t *source PSG_CLEANUP(source_free) = zip_source_buffer_create(NULL, 0, 0, NULL);
	enum psg_err err = PSG_OK, later = PSG_OK;
	zip_t *archive;

	if (!source)
		return PSG_ERR_NO_MEMORY;
	zip_source_keep(source); /* for what it comes to, after the archive is closed */
	archive = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	if (!archive) {
		zip_source_free(source);
		return PSG_ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < psg_retrieval_count(retrieval) && err == PSG_OK; i++)
		err = add(archive, retrieval, i, &later);
	if (err != PSG_OK || zip_close(archive) != 0) {
		zip_discard(archive);
		return err != PSG_OK ? err : later != PSG_OK ? later : PSG_ERR_NO_MEMORY;
	}
	return take_bytes(source, ret);
}

/* Opens the folder that `output` is to be in. */
static enum psg_err open_parent(const char *output, const char **ret_name, int *ret)
{
	const char *slash = strrchr(output, '/');
	char *parent PSG_CLEANUP(psg_free_bytes) =
	    slash ? strndup(output, (size_t)(slash - output) + 1) : strdup(".");
	int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!parent)
		return PSG_ERR_NO_MEMORY;
	if (fd < 0)
		return psg_err_from_errno(errno);
	*ret_name = slash ? slash + 1 : output;
	*ret = fd;
	return PSG_OK;
}

static enum psg_err put_archive(int folder, const char *name, const struct psg_buf *bytes)
{
	enum psg_err err = psg_retrieve_put(folder, name, bytes, true);

	return err == PSG_OK && fsync(folder) != 0 ? psg_err_from_errno(errno) : err;
}

enum psg_err psg_retrieve_zip(const struct psg_retrieval *retrieval, const char *output,
			      bool replace, struct psg_buf *ret_where)
{
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	int folder PSG_CLEANUP(psg_close_fd) = -1;
	const char *name = NULL;
	struct stat info;
	enum psg_err err = open_parent(output, &name, &folder);

	if (err == PSG_OK && !replace && fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		err = PSG_ERR_EXISTS;
	if (err == PSG_OK) {
		err = pack(retrieval, &bytes);
		if (err != PSG_OK)
			return err;
		err = put_archive(folder, name, &bytes);
	}
	if (err != PSG_OK)
		psg_buf_text(ret_where, output);
	return err;
}
