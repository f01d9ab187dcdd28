/* Opening the policy and looking up one record. The tests named are tests/store/policy_damage_test.c's.
 *
 * MUST: every value is verified against its own key before a byte of it is interpreted
 *       (flips, a_record_answers_for_its_own_key).
 * MUST: "not there" is believed only when keys/, itself verified, does not know the key: a damaged
 *       index would else hide a record, and where strangers pass (unassigned_ok) what is hidden opens
 *       the door (a_lost_table_hides_nothing).
 * MUST: another version is refused before anything else is interpreted (other_versions).
 * MUST NOT: allocate by a length the file cannot hold (large_damage under the sanitizers). */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "policy_private.h"

/* Any record, its presence or absence as the index has it. */
static enum psg_err get(struct psg_policy *policy, const struct psg_policy_record *key,
			struct psg_policy_record *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	enum psg_err err =
	    psg_policy_index_find(policy, psg_policy_record_key(key), key->key_len, &record);

	if (err)
		return err;
	if (!psg_policy_record_holds(&record))
		return PSG_ERR_CORRUPT;
	*ret = record;
	record = (struct psg_policy_record){0};
	return PSG_OK;
}

/* NOT_FOUND when keys/ does not know the key; anything else is damage. */
static enum psg_err prove_absent(struct psg_policy *policy, const struct psg_policy_record *key)
{
	struct psg_policy_record bucket PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct psg_policy_record keys PSG_CLEANUP(psg_policy_record_clear) = {0};
	uint64_t hash = psg_policy_key_hash(psg_policy_record_key(key), key->key_len);
	char name[PSG_POLICY_BUCKET_NAME_SIZE];

	psg_policy_bucket_name(hash % policy->format.buckets, name);
	psg_policy_record_start(&bucket, PSG_KEY_KEYS, name);
	if (bucket.frame.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = get(policy, &bucket, &keys);

	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
	struct psg_reader reader = psg_policy_record_value(&keys);

	while (reader.left > 0 && !reader.failed) {
		if (psg_read_u64(&reader) == hash)
			return PSG_ERR_CORRUPT;
	}
	return reader.failed ? PSG_ERR_CORRUPT : PSG_ERR_NOT_FOUND;
}

enum psg_err psg_policy_get(struct psg_policy *policy, const char *prefix, const char *name,
			    struct psg_policy_record *ret)
{
	struct psg_policy_record key PSG_CLEANUP(psg_policy_record_clear) = {0};

	if (!name)
		return PSG_ERR_INVALID;
	psg_policy_record_start(&key, prefix, name);
	if (key.frame.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = get(policy, &key, ret);

	return err == PSG_ERR_NOT_FOUND ? prove_absent(policy, &key) : err;
}

static enum psg_err read_format(struct psg_policy *policy)
{
	struct psg_policy_record key PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct stat status;

	if (fstat(policy->fd, &status) < 0)
		return psg_err_from_errno(errno);
	if (status.st_size < 0 || (uint64_t)status.st_size > UINT32_MAX)
		return PSG_ERR_CORRUPT;
	policy->size = (uint64_t)status.st_size;
	psg_policy_record_start(&key, PSG_KEY_FORMAT, "");
	if (key.frame.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = psg_policy_index_open(policy);

	if (!err)
		err = get(policy, &key, &record);
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_CORRUPT : err;
	return psg_policy_decode_format(psg_policy_record_value(&record), &policy->format);
}

enum psg_err psg_policy_open(struct psg_folder *root, struct psg_policy **ret)
{
	int fd = -1;
	enum psg_err err = root->ops->open_file(root, PSG_POLICY_FILE, &fd);

	return err ? err : psg_policy_open_fd(fd, ret);
}

enum psg_err psg_policy_open_fd(int fd, struct psg_policy **ret)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = calloc(1, sizeof(*policy));

	if (!policy) {
		psg_close_fd(&fd);
		return PSG_ERR_NO_MEMORY;
	}
	policy->fd = fd;
	enum psg_err err = read_format(policy);

	if (err)
		return err;
	*ret = policy;
	policy = NULL;
	return PSG_OK;
}

void psg_policy_close(struct psg_policy **policy)
{
	struct psg_policy *old = *policy;

	*policy = NULL;
	if (!old)
		return;
	psg_close_fd(&old->fd);
	free(old->head);
	free(old);
}

uint64_t psg_policy_generation(const struct psg_policy *policy)
{
	return policy->format.generation;
}

bool psg_policy_has_unix_groups(const struct psg_policy *policy)
{
	return policy->format.unix_group_assignments > 0;
}
