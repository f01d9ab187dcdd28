/* A policy being written: record by record into a file beside. */
#include <stdlib.h>
#include <time.h>

#include "policy_write.h"

struct psg_policy_sink {
	struct psg_folder *root;
	int fd;
	struct psg_policy_cdb cdb;
	uint32_t records;
	struct psg_policy_derived derived;
	enum psg_err err; /* the first */
};

void psg_policy_sink_free(struct psg_policy_sink **sink)
{
	struct psg_policy_sink *old = *sink;

	*sink = NULL;
	if (!old)
		return;
	if (old->fd >= 0)
		(void)old->root->ops->put_finish(old->root, PSG_POLICY_FILE, old->fd, false);
	psg_policy_cdb_clear(&old->cdb);
	psg_policy_derived_clear(&old->derived);
	free(old);
}

void psg_policy_sink_fail(struct psg_policy_sink *sink, enum psg_err err)
{
	if (!sink->err)
		sink->err = err;
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

	if (value_len > PSG_POLICY_RECORD_MAX || sink->records == UINT32_MAX) {
		psg_policy_sink_fail(sink, PSG_ERR_INVALID);
		return;
	}
	enum psg_err err = psg_policy_cdb_add(&sink->cdb, key, record->key_len,
					      key + record->key_len, (uint32_t)value_len);

	if (err)
		psg_policy_sink_fail(sink, err);
	sink->records++;
}

bool psg_policy_sink_derives(const struct psg_policy_record *record)
{
	return psg_policy_record_under(record, PSG_KEY_KEYS) ||
	       psg_policy_record_under(record, PSG_KEY_NAMES) ||
	       psg_policy_record_is(record, PSG_KEY_FORMAT, "");
}

void psg_policy_sink_copy(struct psg_policy_sink *sink, const struct psg_policy_record *record,
			  uint64_t hash)
{
	put(sink, record);
	if (sink->err)
		return;
	enum psg_err err = psg_policy_derived_count(&sink->derived, record, hash);

	if (err)
		psg_policy_sink_fail(sink, err);
}

void psg_policy_sink_add(struct psg_policy_sink *sink, struct psg_policy_record *record)
{
	psg_policy_record_seal(record);
	if (record->frame.failed)
		psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
	else
		psg_policy_sink_copy(
		    sink, record,
		    psg_policy_key_hash(psg_policy_record_key(record), record->key_len));
	psg_policy_record_clear(record);
}

static void add_derived(void *arg, struct psg_policy_record *record)
{
	psg_policy_sink_add(arg, record);
}

/* No key of keys/ is in keys/. */
static void put_derived(void *arg, struct psg_policy_record *record)
{
	psg_policy_record_seal(record);
	put(arg, record);
	psg_policy_record_clear(record);
}

enum psg_err psg_policy_sink_start(struct psg_folder *root, struct psg_policy_sink **ret)
{
	struct psg_policy_sink *sink PSG_CLEANUP(psg_policy_sink_free) = NULL;

	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return PSG_ERR_NO_MEMORY;
	sink->root = root;
	sink->fd = -1;
	enum psg_err err = root->ops->put_start(root, PSG_POLICY_FILE, &sink->fd);

	if (!err)
		err = psg_policy_cdb_start(&sink->cdb, sink->fd);
	if (err)
		return err;
	*ret = sink;
	sink = NULL;
	return PSG_OK;
}

/* names/, keys/ and, when all else is there and counted, the format. */
static void put_rest(struct psg_policy_sink *sink, uint64_t generation)
{
	struct psg_policy_format *format = &sink->derived.format;
	struct psg_policy_record record;
	time_t now = time(NULL);

	psg_policy_derived_names(&sink->derived, sink, add_derived);
	psg_policy_record_start(&record, PSG_KEY_FORMAT, "");
	if (record.frame.failed || sink->err) {
		psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
		psg_policy_record_clear(&record);
		return;
	}
	uint64_t hash = psg_policy_key_hash(psg_policy_record_key(&record), record.key_len);
	enum psg_err err = psg_policy_derived_count(&sink->derived, &record, hash);

	if (!err)
		err = psg_policy_derived_keys(&sink->derived, sink, put_derived);
	if (err)
		psg_policy_sink_fail(sink, err);
	format->generation = generation;
	format->created_s = now > 0 ? (uint64_t)now : 0;
	format->records = sink->records + 1;
	psg_policy_encode_format(&record.frame, format);
	put_derived(sink, &record);
}

enum psg_err psg_policy_sink_finish(struct psg_policy_sink **sink, uint64_t generation,
				    struct psg_policy_staged **ret)
{
	struct psg_policy_sink *own PSG_CLEANUP(psg_policy_sink_free) = *sink;

	*sink = NULL;
	if (!own->err)
		put_rest(own, generation);
	if (!own->err)
		psg_policy_sink_fail(own, psg_policy_cdb_finish(&own->cdb));
	if (own->err)
		return own->err;
	int fd = own->fd;

	own->fd = -1;
	return psg_policy_staged_new(own->root, fd, ret);
}
