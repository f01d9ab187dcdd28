/* What follows from the records of a policy: the lists of names, the counts, and the hashes that prove absence. */
#include <stdlib.h>
#include <string.h>

#include "policy_write.h"

static enum psg_err remember(struct psg_policy_derived *derived, uint64_t hash)
{
	if (derived->hash_count == derived->hash_room) {
		size_t room = derived->hash_room ? 2 * derived->hash_room : 1024;
		uint64_t *grown = reallocarray(derived->hashes, room, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		derived->hashes = grown;
		derived->hash_room = room;
	}
	derived->hashes[derived->hash_count++] = hash;
	return PSG_OK;
}

static enum psg_err add_name(const struct psg_policy_record *record, const char *prefix,
			     struct psg_strings *names)
{
	char *name PSG_CLEANUP(psg_free_bytes) = NULL;
	enum psg_err err = psg_policy_record_name(record, prefix, &name);

	return err ? err : psg_strings_add(names, name);
}

static enum psg_err count_assigned(struct psg_policy_derived *derived,
				   const struct psg_policy_record *record)
{
	struct psg_reader reader = psg_policy_record_value(record);
	struct psg_policy_format *format = &derived->format;
	uint32_t count = psg_read_u32(&reader);
	size_t prefix = strlen(PSG_KEY_ASSIGNED);

	if (reader.failed || count > UINT32_MAX - format->assignments)
		return PSG_ERR_CORRUPT;
	format->assignments += count;
	if (record->key_len > prefix && psg_policy_record_key(record)[prefix] == '%')
		format->unix_group_assignments += count;
	return PSG_OK;
}

enum psg_err psg_policy_derived_count(struct psg_policy_derived *derived,
				      const struct psg_policy_record *record, uint64_t hash)
{
	enum psg_err err = remember(derived, hash);

	if (err)
		return err;
	if (psg_policy_record_under(record, PSG_KEY_ASSIGNED))
		return count_assigned(derived, record);
	if (psg_policy_record_under(record, PSG_KEY_DOCUMENT))
		return add_name(record, PSG_KEY_DOCUMENT, &derived->documents);
	if (psg_policy_record_under(record, PSG_KEY_POLICY))
		return add_name(record, PSG_KEY_POLICY, &derived->policies);
	if (psg_policy_record_under(record, PSG_KEY_GROUP)) {
		derived->format.groups++;
		return add_name(record, PSG_KEY_GROUP, &derived->groups);
	}
	if (psg_policy_record_under(record, PSG_KEY_SET)) {
		derived->format.sets++;
		return add_name(record, PSG_KEY_SET, &derived->sets);
	}
	return PSG_OK;
}

void psg_policy_derived_names(struct psg_policy_derived *derived, void *arg,
			      void (*each)(void *arg, struct psg_policy_record *record))
{
	struct {
		const char *name;
		struct psg_strings *list;
	} kinds[] = {{PSG_NAMES_GROUPS, &derived->groups},
		     {PSG_NAMES_SETS, &derived->sets},
		     {PSG_NAMES_POLICIES, &derived->policies},
		     {PSG_NAMES_DOCUMENTS, &derived->documents}};

	for (size_t i = 0; i < PSG_COUNT(kinds); i++) {
		struct psg_policy_record record;

		psg_strings_sort(kinds[i].list);
		psg_policy_record_start(&record, PSG_KEY_NAMES, kinds[i].name);
		psg_buf_strings(&record.frame, kinds[i].list);
		each(arg, &record);
	}
}

/* Counted, then laid out bucket by bucket: a comparison sort of all took longer than copying the policy. */
static enum psg_err by_bucket(const struct psg_policy_derived *derived, uint32_t buckets,
			      uint64_t **ret_hashes, uint32_t **ret_ends)
{
	uint64_t *hashes PSG_CLEANUP(psg_free_bytes) = NULL;
	uint32_t *ends PSG_CLEANUP(psg_free_bytes) = NULL;

	hashes = calloc(derived->hash_count + 1, sizeof(*hashes));
	ends = calloc((size_t)buckets + 1, sizeof(*ends));
	if (!hashes || !ends)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < derived->hash_count; i++)
		ends[(derived->hashes[i] & (buckets - 1)) + 1]++;
	for (uint32_t i = 0; i < buckets; i++)
		ends[i + 1] += ends[i];
	/* Each begins where the one before ends, and is its own end when all are laid out. */
	for (size_t i = 0; i < derived->hash_count; i++)
		hashes[ends[derived->hashes[i] & (buckets - 1)]++] = derived->hashes[i];
	*ret_hashes = hashes;
	*ret_ends = ends;
	hashes = NULL;
	ends = NULL;
	return PSG_OK;
}

/* By insertion: they are few, and qsort would allocate for each of thousands of buckets. */
static void sort_few(uint64_t *hashes, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t hash = hashes[i];
		size_t at = i;

		for (; at > 0 && hashes[at - 1] > hash; at--)
			hashes[at] = hashes[at - 1];
		hashes[at] = hash;
	}
}

static uint32_t bucket_count(size_t keys)
{
	uint32_t buckets = PSG_POLICY_BUCKETS_MIN;

	while (keys / buckets >= PSG_POLICY_BUCKET_KEYS && buckets < PSG_POLICY_BUCKETS_MAX)
		buckets *= 2;
	return buckets;
}

static void start_bucket(struct psg_policy_record *record, uint32_t bucket, const uint64_t *hashes,
			 size_t count)
{
	char name[PSG_POLICY_BUCKET_NAME_SIZE];

	psg_policy_bucket_name(bucket, name);
	psg_policy_record_start(record, PSG_KEY_KEYS, name);
	for (size_t i = 0; i < count; i++)
		psg_buf_u64(&record->frame, hashes[i]);
}

enum psg_err psg_policy_derived_keys(struct psg_policy_derived *derived, void *arg,
				     void (*each)(void *arg, struct psg_policy_record *record))
{
	uint64_t *hashes PSG_CLEANUP(psg_free_bytes) = NULL;
	uint32_t *ends PSG_CLEANUP(psg_free_bytes) = NULL;
	uint32_t buckets = bucket_count(derived->hash_count);

	if (derived->hash_count > UINT32_MAX)
		return PSG_ERR_INVALID;
	enum psg_err err = by_bucket(derived, buckets, &hashes, &ends);

	if (err)
		return err;
	for (uint32_t i = 0, first = 0; i < buckets; first = ends[i++]) {
		struct psg_policy_record record;

		sort_few(hashes + first, ends[i] - first);
		/* The same key twice: which of the two is in force would be the index's whim. */
		for (uint32_t k = first + 1; k < ends[i]; k++)
			if (hashes[k] == hashes[k - 1])
				return PSG_ERR_INVALID;
		start_bucket(&record, i, hashes + first, ends[i] - first);
		each(arg, &record);
	}
	derived->format.buckets = buckets;
	return PSG_OK;
}

void psg_policy_derived_clear(struct psg_policy_derived *derived)
{
	psg_strings_clear(&derived->groups);
	psg_strings_clear(&derived->sets);
	psg_strings_clear(&derived->policies);
	psg_strings_clear(&derived->documents);
	free(derived->hashes);
	*derived = (struct psg_policy_derived){0};
}
