/* Where in the policy file a key's record lies: a reader of cdb(5), by pread.
 *
 * Not tinycdb's: that takes eight calls a look-up and a seek that two readers of one descriptor would share. Here
 * the file's beginning is read once, a small policy whole; beyond it a look-up takes two calls.
 * MUST NOT go beyond the file as it was when it was opened, whatever its numbers say (large_damage,
 *   truncations in tests/store/policy_damage_test.c).
 * MUST NOT map it: cut short under us, a map is a SIGBUS in sshd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy_private.h"

#define TABLES 256U
#define SLOT_SIZE 8U
#define LENGTHS_SIZE 8U
#define SLOTS_AT_ONCE 16U
#define RECORD_AT_ONCE 512U
/* Up to here a policy is read whole. */
#define WHOLE_MAX (16U * 1024)
#define HEAD_SIZE 4096U

uint32_t psg_policy_cdb_hash(const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint32_t hash = 5381;

	for (size_t i = 0; i < len; i++)
		hash = (hash * 33) ^ bytes[i];
	return hash;
}

void psg_policy_cdb_pack(uint32_t number, unsigned char ret[static 4])
{
	for (int i = 0; i < 4; i++)
		ret[i] = (unsigned char)(number >> (8 * i));
}

uint32_t psg_policy_cdb_unpack(const unsigned char bytes[static 4])
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* A file that is shorter than it was is damage, like a number that points past its end. */
static enum psg_err read_at(const struct psg_policy *policy, uint64_t at, void *ret, size_t len)
{
	unsigned char *bytes = ret;

	if (at > policy->size || len > policy->size - at)
		return PSG_ERR_CORRUPT;
	while (len > 0) {
		ssize_t got = pread(policy->fd, bytes, len, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return psg_err_from_errno(errno);
		if (got == 0)
			return PSG_ERR_CORRUPT;
		bytes += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return PSG_OK;
}

enum psg_err psg_policy_index_open(struct psg_policy *policy)
{
	size_t len = policy->size > WHOLE_MAX ? HEAD_SIZE : (size_t)policy->size;

	if (len < PSG_POLICY_DATA_START)
		return PSG_ERR_CORRUPT;
	policy->head = malloc(len);
	if (!policy->head)
		return PSG_ERR_NO_MEMORY;
	policy->head_len = len;
	return read_at(policy, 0, policy->head, len);
}

/* `len` bytes where they lie in the head, else read into `room`. */
static enum psg_err peek(const struct psg_policy *policy, uint64_t at, size_t len, void *room,
			 const unsigned char **ret)
{
	if (at <= policy->head_len && len <= policy->head_len - at) {
		*ret = policy->head + at;
		return PSG_OK;
	}
	enum psg_err err = read_at(policy, at, room, len);

	if (!err)
		*ret = room;
	return err;
}

/* A record, and of its bytes what one read brings. */
struct found {
	unsigned char room[RECORD_AT_ONCE];
	const unsigned char *bytes;
	size_t have;
	uint64_t at;
	uint32_t value_len;
};

/* Hardly any key is longer than what was read with its lengths. */
static enum psg_err key_is(const struct psg_policy *policy, const struct found *found,
			   const char *key, uint32_t key_len, bool *ret)
{
	size_t have = found->have - LENGTHS_SIZE, done = key_len < have ? key_len : have;
	bool same = memcmp(found->bytes + LENGTHS_SIZE, key, done) == 0;

	while (same && done < key_len) {
		unsigned char room[RECORD_AT_ONCE];
		const unsigned char *bytes;
		size_t some = key_len - done < sizeof(room) ? key_len - done : sizeof(room);
		enum psg_err err =
		    peek(policy, found->at + LENGTHS_SIZE + done, some, room, &bytes);

		if (err)
			return err;
		same = memcmp(bytes, key + done, some) == 0;
		done += some;
	}
	*ret = same;
	return PSG_OK;
}

/* NOT_FOUND: it is another key's, whose hash is the same. */
static enum psg_err look(const struct psg_policy *policy, uint32_t at, const char *key,
			 uint32_t key_len, struct found *found)
{
	if (at > policy->size || policy->size - at < LENGTHS_SIZE)
		return PSG_ERR_CORRUPT;
	uint64_t left = policy->size - at;
	bool same = false;

	found->at = at;
	found->have = left < sizeof(found->room) ? (size_t)left : sizeof(found->room);
	enum psg_err err = peek(policy, at, found->have, found->room, &found->bytes);

	if (err)
		return err;
	if (psg_policy_cdb_unpack(found->bytes) != key_len)
		return PSG_ERR_NOT_FOUND;
	found->value_len = psg_policy_cdb_unpack(found->bytes + 4);
	left -= LENGTHS_SIZE;
	if (key_len > left || found->value_len > left - key_len)
		return PSG_ERR_CORRUPT;
	err = key_is(policy, found, key, key_len, &same);
	if (err)
		return err;
	return same ? PSG_OK : PSG_ERR_NOT_FOUND;
}

static enum psg_err take(const struct psg_policy *policy, const char *key, uint32_t key_len,
			 const struct found *found, struct psg_policy_record *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err = psg_policy_record_room(&record, key_len, found->value_len);

	if (err)
		return err;
	char *data = record.frame.data + sizeof(uint32_t);
	size_t skip = LENGTHS_SIZE + key_len, have = 0;

	memcpy(data, key, key_len);
	data += key_len;
	if (found->have > skip) {
		have = found->have - skip;
		if (have > found->value_len)
			have = found->value_len;
		memcpy(data, found->bytes + skip, have);
	}
	err = read_at(policy, found->at + skip + have, data + have, found->value_len - have);
	if (err)
		return err;
	*ret = record;
	record = (struct psg_policy_record){0};
	return PSG_OK;
}

/* A table's slots, some of them read. */
struct slots {
	uint64_t table, count, next;
	unsigned char room[SLOTS_AT_ONCE * SLOT_SIZE];
	const unsigned char *bytes;
	uint64_t have;
};

/* The next slot in turn, round the table's end. */
static enum psg_err step(const struct psg_policy *policy, struct slots *slots, uint32_t *ret_hash,
			 uint32_t *ret_at)
{
	if (slots->next == slots->count)
		slots->next = 0;
	if (slots->have == 0) {
		uint64_t left = slots->count - slots->next;

		slots->have = left < SLOTS_AT_ONCE ? left : SLOTS_AT_ONCE;
		enum psg_err err =
		    peek(policy, slots->table + slots->next * SLOT_SIZE,
			 (size_t)slots->have * SLOT_SIZE, slots->room, &slots->bytes);

		if (err)
			return err;
	}
	*ret_hash = psg_policy_cdb_unpack(slots->bytes);
	*ret_at = psg_policy_cdb_unpack(slots->bytes + 4);
	slots->bytes += SLOT_SIZE;
	slots->next++;
	slots->have--;
	return PSG_OK;
}

enum psg_err psg_policy_index_find(const struct psg_policy *policy, const char *key,
				   uint32_t key_len, struct psg_policy_record *ret)
{
	uint32_t hash = psg_policy_cdb_hash(key, key_len);
	const unsigned char *place = policy->head + SLOT_SIZE * (hash % TABLES);
	struct slots slots;
	struct found found;

	slots.table = psg_policy_cdb_unpack(place);
	slots.count = psg_policy_cdb_unpack(place + 4);
	slots.have = 0;
	if (slots.count == 0)
		return PSG_ERR_NOT_FOUND;
	if (slots.table > policy->size || slots.count > (policy->size - slots.table) / SLOT_SIZE)
		return PSG_ERR_CORRUPT;
	slots.next = (hash / TABLES) % slots.count;
	for (uint64_t seen = 0; seen < slots.count; seen++) {
		uint32_t slot_hash = 0, at = 0;
		enum psg_err err = step(policy, &slots, &slot_hash, &at);

		if (err)
			return err;
		/* No record is at 0. */
		if (at == 0)
			return PSG_ERR_NOT_FOUND;
		if (slot_hash != hash)
			continue;
		err = look(policy, at, key, key_len, &found);
		if (err != PSG_ERR_NOT_FOUND)
			return err ? err : take(policy, key, key_len, &found, ret);
	}
	return PSG_ERR_NOT_FOUND;
}
