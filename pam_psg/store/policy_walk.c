/* Every record of the policy in turn, with plain reads: for psgctl, never for a login. */
#include <cdb.h>
#include <errno.h>
#include <unistd.h>

#include "policy_private.h"

/* Exactly `len` bytes; the end of the file is damage. */
static enum psg_err read_at(const struct psg_policy *policy, void *ret, size_t len, uint64_t at)
{
	char *next = ret;

	while (len > 0) {
		ssize_t got = pread(policy->fd, next, len, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return psg_err_from_errno(errno);
		if (got == 0)
			return PSG_ERR_CORRUPT;
		next += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return PSG_OK;
}

/* The record at *at; moves *at past it. */
static enum psg_err read_record(const struct psg_policy *policy, uint64_t end, uint64_t *at,
				struct psg_policy_record *ret)
{
	unsigned char lengths[8];
	enum psg_err err = read_at(policy, lengths, sizeof(lengths), *at);

	if (err)
		return err;
	uint64_t key_len = cdb_unpack(lengths), value_len = cdb_unpack(lengths + 4);
	uint64_t next = *at + sizeof(lengths) + key_len + value_len;

	if (next > end)
		return PSG_ERR_CORRUPT;
	err = psg_policy_record_room(ret, (uint32_t)key_len, (uint32_t)value_len);
	if (err)
		return err;
	err = read_at(policy, ret->frame.data + sizeof(uint32_t), key_len + value_len,
		      *at + sizeof(lengths));
	if (!err && !psg_policy_record_holds(ret))
		err = PSG_ERR_CORRUPT;
	if (!err)
		*at = next;
	return err;
}

enum psg_err psg_policy_walk(struct psg_policy *policy, psg_policy_record_fn *each, void *arg)
{
	unsigned char first_table[4];
	uint64_t at = PSG_POLICY_DATA_START;
	uint32_t seen = 0;
	enum psg_err err = read_at(policy, first_table, sizeof(first_table), 0);

	if (err)
		return err;
	/* The records end where the first hash table begins. */
	uint64_t end = cdb_unpack(first_table);

	if (end < at || end > policy->size)
		return PSG_ERR_CORRUPT;
	for (; at < end && !err; seen++) {
		struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};

		err = read_record(policy, end, &at, &record);
		if (!err)
			err = each(arg, &record);
	}
	if (err)
		return err;
	return seen == policy->format.records ? PSG_OK : PSG_ERR_CORRUPT;
}
