/* A policy being written: record by record into a file beside, put in force whole or not at all. */
#include <cdb.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy_private.h"

struct psg_policy_sink {
	struct psg_folder *root;
	int fd;
	struct cdb_make cdb;
	bool making;
	uint32_t records, records_expected;
	uint64_t *hashes; /* of every key but keys/XX */
	size_t hash_count, hash_room;
	enum psg_err err; /* the first */
};

static void sink_free(struct psg_policy_sink **sink)
{
	struct psg_policy_sink *old = *sink;

	*sink = NULL;
	if (!old)
		return;
	/* tinycdb gives its memory back only so; what it writes goes into a file to be dropped. */
	if (old->making)
		(void)cdb_make_finish(&old->cdb);
	if (old->fd >= 0)
		(void)old->root->ops->put_finish(old->root, PSG_POLICY_FILE, old->fd, false);
	free(old->hashes);
	free(old);
}

void psg_policy_sink_fail(struct psg_policy_sink *sink, enum psg_err err)
{
	if (!sink->err)
		sink->err = err;
}

/* tinycdb says ENOENT, or nothing at all, where it had no memory. */
static enum psg_err make_error(void)
{
	return errno == 0 || errno == ENOENT ? PSG_ERR_NO_MEMORY : psg_err_from_errno(errno);
}

static void remember(struct psg_policy_sink *sink, uint64_t hash)
{
	if (sink->hash_count == sink->hash_room) {
		size_t room = sink->hash_room ? 2 * sink->hash_room : 1024;
		uint64_t *grown = reallocarray(sink->hashes, room, sizeof(*grown));

		if (!grown) {
			psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
			return;
		}
		sink->hashes = grown;
		sink->hash_room = room;
	}
	sink->hashes[sink->hash_count++] = hash;
}

/* A sealed record into the file. */
static void put(struct psg_policy_sink *sink, const struct psg_policy_record *record)
{
	if (record->frame.failed)
		psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
	if (sink->err)
		return;
	const char *key = psg_policy_record_key(record);
	size_t value_len = record->frame.len - sizeof(uint32_t) - record->key_len;

	if (value_len > PSG_POLICY_RECORD_MAX) {
		psg_policy_sink_fail(sink, PSG_ERR_INVALID);
		return;
	}
	errno = 0;
	if (cdb_make_add(&sink->cdb, key, record->key_len, key + record->key_len,
			 (unsigned)value_len) < 0)
		psg_policy_sink_fail(sink, make_error());
	sink->records++;
}

void psg_policy_sink_copy(struct psg_policy_sink *sink, const struct psg_policy_record *record)
{
	put(sink, record);
	if (!sink->err)
		remember(sink, psg_policy_key_hash(psg_policy_record_key(record), record->key_len));
}

void psg_policy_sink_add(struct psg_policy_sink *sink, struct psg_policy_record *record)
{
	psg_policy_record_seal(record);
	psg_policy_sink_copy(sink, record);
	psg_policy_record_clear(record);
}

enum psg_err psg_policy_sink_start(struct psg_folder *root, const struct psg_policy_format *format,
				   struct psg_policy_sink **ret)
{
	struct psg_policy_sink *sink PSG_CLEANUP(sink_free) = NULL;
	struct psg_policy_record record;

	if (sodium_init() < 0)
		return PSG_ERR_IO;
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return PSG_ERR_NO_MEMORY;
	sink->root = root;
	sink->fd = -1;
	sink->records_expected = format->records;
	enum psg_err err = root->ops->put_start(root, PSG_POLICY_FILE, &sink->fd);

	if (err)
		return err;
	errno = 0;
	if (cdb_make_start(&sink->cdb, sink->fd) < 0)
		return make_error();
	sink->making = true;
	psg_policy_record_start(&record, PSG_KEY_FORMAT, "");
	psg_policy_encode_format(&record.frame, format);
	psg_policy_sink_add(sink, &record);
	*ret = sink;
	sink = NULL;
	return PSG_OK;
}

static int by_bucket(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	uint64_t left_bucket = left % PSG_POLICY_BUCKETS, right_bucket = right % PSG_POLICY_BUCKETS;

	if (left_bucket != right_bucket)
		return left_bucket < right_bucket ? -1 : 1;
	return (left > right) - (left < right);
}

/* keys/00 to keys/3f, empty ones too: a bucket that is missing proves nothing. */
static void put_buckets(struct psg_policy_sink *sink)
{
	size_t next = 0;

	if (sink->hash_count > 0)
		qsort(sink->hashes, sink->hash_count, sizeof(*sink->hashes), by_bucket);
	/* The same key twice: which of the two is in force would be the index's whim. */
	for (size_t i = 1; i < sink->hash_count; i++)
		if (sink->hashes[i] == sink->hashes[i - 1])
			psg_policy_sink_fail(sink, PSG_ERR_INVALID);
	for (unsigned bucket = 0; bucket < PSG_POLICY_BUCKETS && !sink->err; bucket++) {
		struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
		char name[3];

		snprintf(name, sizeof(name), "%02x", bucket);
		psg_policy_record_start(&record, PSG_KEY_KEYS, name);
		for (; next < sink->hash_count; next++) {
			if (sink->hashes[next] % PSG_POLICY_BUCKETS != bucket)
				break;
			psg_buf_u64(&record.frame, sink->hashes[next]);
		}
		psg_policy_record_seal(&record);
		put(sink, &record);
	}
}

enum psg_err psg_policy_sink_finish(struct psg_policy_sink **sink)
{
	struct psg_policy_sink *own PSG_CLEANUP(sink_free) = *sink;

	*sink = NULL;
	put_buckets(own);
	if (!own->err && own->records != own->records_expected)
		psg_policy_sink_fail(own, PSG_ERR_INVALID);
	if (own->err)
		return own->err;
	own->making = false;
	errno = 0;
	if (cdb_make_finish(&own->cdb) < 0)
		return make_error();
	int fd = own->fd;

	own->fd = -1;
	return own->root->ops->put_finish(own->root, PSG_POLICY_FILE, fd, true);
}
