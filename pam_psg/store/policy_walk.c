/* Every record of the policy in turn, with plain reads: for psgctl, never for a login. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy_private.h"

#define LENGTHS_SIZE 8U
#define READ_SIZE (256U * 1024)

/* A stretch of the file, the next record at its beginning once enough is read. */
struct walk {
	const struct psg_policy *policy;
	char *buffer;
	size_t size, from, have; /* have: bytes from `from` on */
	uint64_t at, end;        /* where `from` is in the file, where the records end */
};

static void walk_clear(struct walk *walk)
{
	free(walk->buffer);
}

/* Room for `len` bytes in one piece. */
static enum psg_err make_room(struct walk *walk, size_t len)
{
	if (walk->from > 0 && walk->have > 0)
		memmove(walk->buffer, walk->buffer + walk->from, walk->have);
	walk->from = 0;
	if (len <= walk->size)
		return PSG_OK;
	char *grown = realloc(walk->buffer, len);

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	walk->buffer = grown;
	walk->size = len;
	return PSG_OK;
}

/* At least `len` bytes from walk->from on, which end before the records do; the end of the file is damage. */
static enum psg_err need(struct walk *walk, size_t len)
{
	if (len <= walk->have)
		return PSG_OK;
	enum psg_err err = make_room(walk, len);

	while (!err && walk->have < len) {
		uint64_t left = walk->end - walk->at - walk->have;
		size_t room = walk->size - walk->have;
		ssize_t got = pread(walk->policy->fd, walk->buffer + walk->have,
				    room < left ? room : left, (off_t)(walk->at + walk->have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = psg_err_from_errno(errno);
		else if (got == 0)
			err = PSG_ERR_CORRUPT;
		else
			walk->have += (size_t)got;
	}
	return err;
}

/* The record at hand, as a frame where it lies: the key's length moves over the value's. */
static enum psg_err read_record(struct walk *walk, struct psg_policy_record *ret, size_t *ret_len)
{
	if (walk->end - walk->at < LENGTHS_SIZE)
		return PSG_ERR_CORRUPT;
	enum psg_err err = need(walk, LENGTHS_SIZE);

	if (err)
		return err;
	const unsigned char *lengths = (const unsigned char *)walk->buffer + walk->from;
	uint64_t key_len = psg_policy_cdb_unpack(lengths),
		 value_len = psg_policy_cdb_unpack(lengths + 4);

	if (key_len + value_len > walk->end - walk->at - LENGTHS_SIZE ||
	    key_len > PSG_POLICY_RECORD_MAX || value_len > PSG_POLICY_RECORD_MAX ||
	    value_len < PSG_POLICY_CHECK_SIZE)
		return PSG_ERR_CORRUPT;
	*ret_len = LENGTHS_SIZE + key_len + value_len;
	err = need(walk, *ret_len);
	if (err)
		return err;
	char *record = walk->buffer + walk->from;

	memcpy(record + sizeof(uint32_t), record, sizeof(uint32_t));
	*ret = (struct psg_policy_record){
	    .frame = {.data = record + sizeof(uint32_t), .len = *ret_len - sizeof(uint32_t)},
	    .key_len = (uint32_t)key_len,
	};
	return psg_policy_record_holds(ret) ? PSG_OK : PSG_ERR_CORRUPT;
}

/* The records begin after the table of tables and end where the first table begins. */
static enum psg_err begin(struct walk *walk)
{
	uint64_t size = walk->policy->size;
	enum psg_err err;

	if (size < PSG_POLICY_DATA_START)
		return PSG_ERR_CORRUPT;
	walk->size = size < READ_SIZE ? size : READ_SIZE;
	walk->buffer = malloc(walk->size);
	if (!walk->buffer)
		return PSG_ERR_NO_MEMORY;
	walk->end = PSG_POLICY_DATA_START;
	err = need(walk, sizeof(uint32_t));
	if (err)
		return err;
	walk->end = psg_policy_cdb_unpack((const unsigned char *)walk->buffer);
	walk->at = PSG_POLICY_DATA_START;
	walk->have = 0;
	return walk->end < walk->at || walk->end > size ? PSG_ERR_CORRUPT : PSG_OK;
}

enum psg_err psg_policy_walk(struct psg_policy *policy, psg_policy_record_fn *each, void *arg)
{
	struct walk walk PSG_CLEANUP(walk_clear) = {.policy = policy};
	uint32_t seen = 0;
	enum psg_err err = begin(&walk);

	for (; !err && walk.at < walk.end; seen++) {
		struct psg_policy_record record;
		size_t len = 0;

		err = read_record(&walk, &record, &len);
		if (!err)
			err = each(arg, &record);
		walk.at += len;
		walk.from += len;
		walk.have -= len;
	}
	if (err)
		return err;
	return seen == policy->format.records ? PSG_OK : PSG_ERR_CORRUPT;
}
