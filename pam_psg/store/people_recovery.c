/* A person's recovery codes: people/NAME/recovery, sealed, replaced whole. See psg/recovery.h.
 *
 * MUST keep nothing that a code could be read from (recovery_keeps_no_code in tests/store/recovery_test.c).
 * MUST NOT hash more than once for a claim, however many codes there are (one salt a set).
 * MUST count a code as spent by its name alone, whatever stands in it (recovery_spent_in_vain). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"

#define NAME "recovery"
#define RECORD_VERSION 1U
#define PASSES 4U
#define MEMORY_KIB (9U * 1024)
#define SCRATCH_DIGITS 8U

_Static_assert(PSG_RECOVERY_HASH_SIZE == PSG_MAC_SIZE, "compared by psg_mac_equal");

static void place_of(const struct psg_person *whole, char out[static PSG_CONTEXT_SIZE + 16])
{
	(void)snprintf(out, PSG_CONTEXT_SIZE + 16, "%s" NAME, whole->context);
}

void psg_recovery_file(const struct psg_recovery_set *set, size_t number,
		       char out[static PSG_ACTIVATION_FILE_SIZE])
{
	(void)snprintf(out, PSG_ACTIVATION_FILE_SIZE, NAME "-%s-%zu", set->id, number);
}

/* -- the record -- */

static void encode(const struct psg_recovery_set *set, struct psg_buf *out)
{
	psg_buf_u8(out, RECORD_VERSION);
	psg_buf_string(out, set->id);
	psg_buf_u64(out, (uint64_t)set->created_realtime_s);
	psg_buf_u32(out, set->passes);
	psg_buf_u32(out, set->memory_kib);
	psg_buf_put(out, set->salt, sizeof(set->salt));
	psg_buf_u32(out, (uint32_t)set->count);
	for (size_t i = 0; i < set->count; i++) {
		psg_buf_u8(out, set->items[i].chars);
		psg_buf_put(out, set->items[i].hash, sizeof(set->items[i].hash));
	}
}

static void take(struct psg_reader *reader, void *ret, size_t len)
{
	if (reader->failed || reader->left < len) {
		reader->failed = true;
		return;
	}
	memcpy(ret, reader->at, len);
	reader->at += len;
	reader->left -= len;
}

static enum psg_err decode(const void *bytes, size_t len, struct psg_recovery_set *ret)
{
	struct psg_reader reader = {.at = bytes, .left = len};
	struct psg_recovery_set set = {.count = 0};
	/* A later one is as good as damaged: nobody guesses what it means. */
	bool known = psg_read_u8(&reader) == RECORD_VERSION;
	char *id PSG_CLEANUP(psg_free_bytes) = psg_read_string(&reader);

	set.created_realtime_s = (int64_t)psg_read_u64(&reader);
	set.passes = psg_read_u32(&reader);
	set.memory_kib = psg_read_u32(&reader);
	take(&reader, set.salt, sizeof(set.salt));
	set.count = psg_read_u32(&reader);
	for (size_t i = 0; i < set.count && i < PSG_RECOVERY_MAX && !reader.failed; i++) {
		set.items[i].chars = psg_read_u8(&reader);
		take(&reader, set.items[i].hash, sizeof(set.items[i].hash));
	}
	if (reader.no_memory)
		return PSG_ERR_NO_MEMORY;
	if (!known || id == NULL || !psg_credential_id_valid(id) || set.count == 0 ||
	    set.count > PSG_RECOVERY_MAX || psg_read_end(&reader) != PSG_OK)
		return PSG_ERR_CORRUPT;
	memcpy(set.id, id, sizeof(set.id));
	*ret = set;
	return PSG_OK;
}

enum psg_err psg_recovery_read(const struct psg_person *whole, struct psg_recovery_set *ret)
{
	uint8_t sealed[1024], plain[sizeof(sealed)];
	char place[PSG_CONTEXT_SIZE + 16];
	struct psg_file_info info;
	enum psg_err err;

	if (whole->store->key == NULL)
		return PSG_ERR_KEY;
	err = whole->folder->ops->read(whole->folder, NAME, sealed, sizeof(sealed), &info);
	if (err != PSG_OK)
		return err == PSG_ERR_UNSAFE ? PSG_ERR_CORRUPT : err;
	place_of(whole, place);
	err = psg_key_open(whole->store->key, place, sealed, info.len, plain);
	if (err == PSG_OK)
		err = decode(plain, info.len - PSG_SEAL_EXTRA, ret);
	return err == PSG_ERR_VERSION ? PSG_ERR_CORRUPT : err;
}

static enum psg_err hash_codes(const char *const *codes, size_t count, struct psg_recovery_set *set)
{
	for (size_t i = 0; i < count; i++) {
		size_t chars = strlen(codes[i]);
		enum psg_err err = chars == PSG_RECOVERY_CHARS || chars == SCRATCH_DIGITS
				       ? psg_recovery_hash(codes[i], set->salt, set->passes,
							   set->memory_kib, set->items[i].hash)
				       : PSG_ERR_INVALID;

		if (err != PSG_OK)
			return err;
		set->items[i].chars = (uint8_t)chars;
	}
	set->count = count;
	return PSG_OK;
}

static enum psg_err write_set(const struct psg_person *whole, const struct psg_recovery_set *set)
{
	struct psg_buf plain PSG_CLEANUP(psg_buf_clear) = {0};
	char place[PSG_CONTEXT_SIZE + 16];
	uint8_t sealed[1024];
	enum psg_err err;

	encode(set, &plain);
	if (plain.failed)
		return PSG_ERR_NO_MEMORY;
	if (plain.len + PSG_SEAL_EXTRA > sizeof(sealed))
		return PSG_ERR_INVALID;
	place_of(whole, place);
	err = psg_key_seal(whole->store->key, place, plain.data, plain.len, sealed);
	return err == PSG_OK ? whole->folder->ops->replace(whole->folder, NAME, sealed,
							   plain.len + PSG_SEAL_EXTRA)
			     : err;
}

enum psg_err psg_recovery_put(struct psg_store *store, const char *subject,
			      const char *const *codes, size_t count)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_recovery_set set = {.passes = PASSES, .memory_kib = MEMORY_KIB};
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];
	struct psg_now now;
	enum psg_err err = store->key == NULL ? PSG_ERR_KEY : psg_people_now(store, &now);

	if (err == PSG_OK && (count == 0 || count > PSG_RECOVERY_MAX))
		err = PSG_ERR_INVALID;
	if (err != PSG_OK)
		return err;
	set.created_realtime_s = now.realtime_ns / PSG_NS_PER_S;
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), set.id);
	psg_random(set.salt, sizeof(set.salt));
	err = hash_codes(codes, count, &set);
	if (err == PSG_OK)
		err = psg_person_open(store, subject, NULL, true, &whole);
	return err == PSG_OK ? write_set(&whole, &set) : err;
}

enum psg_err psg_recovery_remove(struct psg_store *store, const char *subject, bool *ret_removed)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	bool removed = false;
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_OK) {
		err = whole.folder->ops->remove(whole.folder, NAME);
		removed = err == PSG_OK;
	}
	/* Also with nothing left to remove: whoever did may have been killed before this. */
	if (whole.folder != NULL && (err == PSG_OK || err == PSG_ERR_NOT_FOUND))
		err = whole.folder->ops->sync_names(whole.folder);
	if (err == PSG_OK || err == PSG_ERR_NOT_FOUND) {
		*ret_removed = removed;
		return PSG_OK;
	}
	return err;
}

/* -- what is left -- */

static enum psg_err count_left(const struct psg_person *whole, const struct psg_recovery_set *set,
			       size_t *ret)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	char file[PSG_ACTIVATION_FILE_SIZE];
	size_t left = set->count;
	enum psg_err err = psg_person_part(whole, "spent", false, &spent);

	for (size_t i = 1; i <= set->count && err == PSG_OK; i++) {
		bool there = false;

		psg_recovery_file(set, i, file);
		err = spent.folder->ops->exists(spent.folder, file, &there);
		left -= there;
	}
	if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK;
	if (err == PSG_OK)
		*ret = left;
	return err;
}

enum psg_err psg_recovery_look(struct psg_store *store, const char *subject,
			       struct psg_recovery *ret)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_recovery_set set = {.count = 0};
	size_t left = 0;
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_OK)
		err = psg_recovery_read(&whole, &set);
	if (err == PSG_OK)
		err = count_left(&whole, &set, &left);
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret = (struct psg_recovery){
	    .created_realtime_s = set.created_realtime_s, .count = set.count, .left = left};
	memcpy(ret->id, set.id, sizeof(ret->id));
	return PSG_OK;
}

enum psg_err psg_people_can_answer(struct psg_store *store, const char *subject, size_t *ret_digits)
{
	struct psg_credentials credentials PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_recovery recovery = {.count = 0};
	enum psg_err err = psg_people_credentials(store, subject, &credentials);

	if (err != PSG_OK)
		return err;
	if (credentials.count > 0) {
		*ret_digits = credentials.items[0].digits;
		return PSG_OK;
	}
	err = psg_recovery_look(store, subject, &recovery);
	if (err != PSG_OK)
		return err;
	if (recovery.left == 0)
		return credentials.unreadable > 0 ? PSG_ERR_CORRUPT : PSG_ERR_NOT_ENROLLED;
	*ret_digits = 0;
	return PSG_OK;
}

/* -- in a claim -- */

bool psg_recovery_may_be(const char *code)
{
	return psg_recovery_form(code) || strlen(code) == SCRATCH_DIGITS;
}

enum psg_err psg_recovery_match(const struct psg_recovery_set *set, const struct psg_strings *names,
				const char *code, char ret_file[static PSG_ACTIVATION_FILE_SIZE])
{
	uint8_t hash[PSG_RECOVERY_HASH_SIZE];
	size_t found = 0, chars = strlen(code);
	char file[PSG_ACTIVATION_FILE_SIZE];
	bool wanted = false;
	enum psg_err err;

	for (size_t i = 0; i < set->count; i++)
		wanted |= set->items[i].chars == chars;
	if (!wanted)
		return PSG_ERR_WRONG_CODE;
	err = psg_recovery_hash(code, set->salt, set->passes, set->memory_kib, hash);
	for (size_t i = 0; i < set->count && err == PSG_OK; i++) {
		if (psg_mac_equal(set->items[i].hash, hash))
			found = i + 1;
	}
	psg_wipe(hash, sizeof(hash));
	if (err != PSG_OK)
		return err == PSG_ERR_INVALID ? PSG_ERR_CORRUPT : err;
	if (found == 0)
		return PSG_ERR_WRONG_CODE;
	psg_recovery_file(set, found, file);
	if (psg_strings_has(names, file))
		return PSG_ERR_REPLAYED;
	memcpy(ret_file, file, sizeof(file));
	return PSG_OK;
}

/* By its path from the top, as credential_still in people_claim.c. */
enum psg_err psg_recovery_still(struct psg_store *store, const char *subject,
				const struct psg_recovery_set *then)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_recovery_set now = {.count = 0};
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_OK)
		err = psg_recovery_read(&whole, &now);
	if (err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT)
		return PSG_ERR_STALE;
	if (err != PSG_OK)
		return err;
	return strcmp(now.id, then->id) == 0 && memcmp(now.salt, then->salt, sizeof(now.salt)) == 0
		   ? PSG_OK
		   : PSG_ERR_STALE;
}
