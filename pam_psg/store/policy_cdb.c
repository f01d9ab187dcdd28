/* A cdb file being written, as cdb(5) has it, and as tinycdb reads it too. Not with tinycdb's own maker: that writes 4 KiB
 * at a time, which took a third of the time of copying a large policy, and says of most failures nothing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "policy_write.h"

#define TABLES 256U
#define BUFFER_SIZE (512U * 1024)

_Static_assert(PSG_POLICY_DATA_START == TABLES * 8, "the tables' places come first");

enum psg_err psg_policy_cdb_start(struct psg_policy_cdb *cdb, int fd)
{
	*cdb = (struct psg_policy_cdb){.fd = fd};
	cdb->buffer = malloc(BUFFER_SIZE);
	if (!cdb->buffer)
		return PSG_ERR_NO_MEMORY;
	/* The places are written last. */
	memset(cdb->buffer, 0, PSG_POLICY_DATA_START);
	cdb->used = PSG_POLICY_DATA_START;
	cdb->at = PSG_POLICY_DATA_START;
	return PSG_OK;
}

void psg_policy_cdb_clear(struct psg_policy_cdb *cdb)
{
	free(cdb->buffer);
	free(cdb->entries);
	*cdb = (struct psg_policy_cdb){.fd = -1};
}

static enum psg_err flush(struct psg_policy_cdb *cdb)
{
	enum psg_err err = psg_files_write(cdb->fd, cdb->buffer, cdb->used);

	cdb->used = 0;
	return err;
}

/* Positions are 32 bits wide. */
static enum psg_err put(struct psg_policy_cdb *cdb, const void *bytes, size_t len)
{
	const char *next = bytes;
	enum psg_err err = PSG_OK;

	if (len > UINT32_MAX - cdb->at)
		return PSG_ERR_INVALID;
	cdb->at += (uint32_t)len;
	while (len > 0 && !err) {
		size_t room = BUFFER_SIZE - cdb->used;
		size_t some = len < room ? len : room;

		memcpy(cdb->buffer + cdb->used, next, some);
		cdb->used += some;
		next += some;
		len -= some;
		if (cdb->used == BUFFER_SIZE)
			err = flush(cdb);
	}
	return err;
}

static enum psg_err put_pair(struct psg_policy_cdb *cdb, uint32_t first, uint32_t second)
{
	unsigned char pair[8];

	psg_policy_cdb_pack(first, pair);
	psg_policy_cdb_pack(second, pair + 4);
	return put(cdb, pair, sizeof(pair));
}

enum psg_err psg_policy_cdb_add(struct psg_policy_cdb *cdb, const char *key, uint32_t key_len,
				const char *value, uint32_t value_len)
{
	uint32_t at = cdb->at;

	if (cdb->count == cdb->room) {
		size_t room = cdb->room ? 2 * cdb->room : 1024;
		struct psg_policy_cdb_entry *grown =
		    reallocarray(cdb->entries, room, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		cdb->entries = grown;
		cdb->room = room;
	}
	enum psg_err err = put_pair(cdb, key_len, value_len);

	if (!err)
		err = put(cdb, key, key_len);
	if (!err)
		err = put(cdb, value, value_len);
	if (!err)
		cdb->entries[cdb->count++] =
		    (struct psg_policy_cdb_entry){psg_policy_cdb_hash(key, key_len), at};
	return err;
}

/* The entries laid out table by table; ends[t] is where those of table t end. */
static struct psg_policy_cdb_entry *by_table(const struct psg_policy_cdb *cdb,
					     size_t ends[static TABLES + 1])
{
	struct psg_policy_cdb_entry *sorted = calloc(cdb->count + 1, sizeof(*sorted));

	memset(ends, 0, (TABLES + 1) * sizeof(*ends));
	if (!sorted)
		return NULL;
	for (size_t i = 0; i < cdb->count; i++)
		ends[cdb->entries[i].hash % TABLES + 1]++;
	for (size_t i = 0; i < TABLES; i++)
		ends[i + 1] += ends[i];
	for (size_t i = 0; i < cdb->count; i++)
		sorted[ends[cdb->entries[i].hash % TABLES]++] = cdb->entries[i];
	return sorted;
}

/* Twice as many slots as entries, each entry in the first free one from where its hash points. */
static enum psg_err put_table(struct psg_policy_cdb *cdb,
			      const struct psg_policy_cdb_entry *entries, size_t count)
{
	struct psg_policy_cdb_entry *slots PSG_CLEANUP(psg_free_bytes) =
	    calloc(2 * count + 1, sizeof(*slots));
	enum psg_err err = PSG_OK;

	if (!slots)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		size_t slot = (entries[i].hash / TABLES) % (2 * count);

		/* No record is at 0. */
		while (slots[slot].at)
			slot = slot + 1 < 2 * count ? slot + 1 : 0;
		slots[slot] = entries[i];
	}
	for (size_t i = 0; i < 2 * count && !err; i++)
		err = put_pair(cdb, slots[i].hash, slots[i].at);
	return err;
}

enum psg_err psg_policy_cdb_finish(struct psg_policy_cdb *cdb)
{
	struct psg_policy_cdb_entry *sorted PSG_CLEANUP(psg_free_bytes) = NULL;
	unsigned char places[PSG_POLICY_DATA_START];
	size_t ends[TABLES + 1], first = 0;
	enum psg_err err = PSG_OK;

	sorted = by_table(cdb, ends);
	if (!sorted)
		return PSG_ERR_NO_MEMORY;
	for (size_t table = 0; table < TABLES && !err; first = ends[table++]) {
		size_t count = ends[table] - first;

		psg_policy_cdb_pack(cdb->at, places + 8 * table);
		psg_policy_cdb_pack((unsigned)(2 * count), places + 8 * table + 4);
		err = put_table(cdb, sorted + first, count);
	}
	if (!err && cdb->used > 0)
		err = flush(cdb);
	if (!err && lseek(cdb->fd, 0, SEEK_SET) != 0)
		err = PSG_ERR_IO;
	return err ? err : psg_files_write(cdb->fd, places, sizeof(places));
}
