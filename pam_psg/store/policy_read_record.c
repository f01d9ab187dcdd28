/* One record of the policy file: its frame and its checksum. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

/* Fixed and public: the checksum finds damage and misplaced records, not a forger, who would have
 * to be root already. Two keys, so that a checksum never stands for a key's hash. */
static const unsigned char check_key[crypto_shorthash_KEYBYTES + 1] = "psg policy check";
static const unsigned char names_key[crypto_shorthash_KEYBYTES + 1] = "psg policy names";

_Static_assert(crypto_shorthash_BYTES == PSG_POLICY_CHECK_SIZE, "the checksum's size");

void psg_policy_record_start(struct psg_policy_record *record, const char *prefix, const char *name)
{
	size_t len = strlen(prefix) + strlen(name);

	*record = (struct psg_policy_record){0};
	if (len > PSG_POLICY_RECORD_MAX) {
		record->frame.failed = true;
		return;
	}
	record->key_len = (uint32_t)len;
	psg_buf_u32(&record->frame, record->key_len);
	psg_buf_text(&record->frame, prefix);
	psg_buf_text(&record->frame, name);
}

static void checksum(const struct psg_policy_record *record, size_t len,
		     unsigned char ret[static PSG_POLICY_CHECK_SIZE])
{
	crypto_shorthash(ret, (const unsigned char *)record->frame.data, len, check_key);
}

void psg_policy_record_seal(struct psg_policy_record *record)
{
	unsigned char check[PSG_POLICY_CHECK_SIZE];

	if (record->frame.failed)
		return;
	checksum(record, record->frame.len, check);
	psg_buf_put(&record->frame, check, sizeof(check));
}

enum psg_err psg_policy_record_room(struct psg_policy_record *record, uint32_t key_len,
				    uint32_t value_len)
{
	struct psg_policy_record fresh = {.key_len = key_len};

	if (key_len > PSG_POLICY_RECORD_MAX || value_len > PSG_POLICY_RECORD_MAX ||
	    value_len < PSG_POLICY_CHECK_SIZE)
		return PSG_ERR_CORRUPT;
	psg_buf_u32(&fresh.frame, key_len);
	if (fresh.frame.failed)
		return PSG_ERR_NO_MEMORY;
	size_t len = fresh.frame.len + key_len + value_len;
	char *data = realloc(fresh.frame.data, len + 1);

	if (!data) {
		psg_buf_clear(&fresh.frame);
		return PSG_ERR_NO_MEMORY;
	}
	data[len] = '\0';
	fresh.frame.data = data;
	fresh.frame.size = len + 1;
	fresh.frame.len = len;
	*record = fresh;
	return PSG_OK;
}

bool psg_policy_record_holds(const struct psg_policy_record *record)
{
	unsigned char check[PSG_POLICY_CHECK_SIZE];
	size_t len = record->frame.len - PSG_POLICY_CHECK_SIZE;

	checksum(record, len, check);
	return memcmp(check, record->frame.data + len, sizeof(check)) == 0;
}

const char *psg_policy_record_key(const struct psg_policy_record *record)
{
	return record->frame.data + sizeof(uint32_t);
}

struct psg_reader psg_policy_record_value(const struct psg_policy_record *record)
{
	size_t at = sizeof(uint32_t) + record->key_len;

	return (struct psg_reader){
	    .at = (const unsigned char *)record->frame.data + at,
	    .left = record->frame.len - at - PSG_POLICY_CHECK_SIZE,
	};
}

bool psg_policy_record_under(const struct psg_policy_record *record, const char *prefix)
{
	size_t len = strlen(prefix);

	return record->key_len >= len && memcmp(psg_policy_record_key(record), prefix, len) == 0;
}

bool psg_policy_record_is(const struct psg_policy_record *record, const char *prefix,
			  const char *name)
{
	size_t skip = strlen(prefix), len = strlen(name);

	return record->key_len == skip + len && psg_policy_record_under(record, prefix) &&
	       memcmp(psg_policy_record_key(record) + skip, name, len) == 0;
}

enum psg_err psg_policy_record_name(const struct psg_policy_record *record, const char *prefix,
				    char **ret)
{
	size_t skip = strlen(prefix);
	const char *name = psg_policy_record_key(record) + skip;
	size_t len = record->key_len - skip;

	if (memchr(name, '\0', len))
		return PSG_ERR_CORRUPT;
	*ret = strndup(name, len);
	return *ret ? PSG_OK : PSG_ERR_NO_MEMORY;
}

void psg_policy_record_clear(struct psg_policy_record *record)
{
	psg_buf_clear(&record->frame);
	record->key_len = 0;
}

uint64_t psg_policy_key_hash(const void *key, size_t len)
{
	unsigned char hash[crypto_shorthash_BYTES];
	struct psg_reader reader = {.at = hash, .left = sizeof(hash)};

	crypto_shorthash(hash, key, len, names_key);
	return psg_read_u64(&reader);
}

void psg_policy_bucket_name(uint64_t bucket, char out[static PSG_POLICY_BUCKET_NAME_SIZE])
{
	snprintf(out, PSG_POLICY_BUCKET_NAME_SIZE, "%x", (unsigned)bucket);
}
