/* A damaged policy answers as before or with an error, never otherwise. */
#include <cdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_write.h"
#include "policy_sample.h"

/* Built with the address sanitizer, whoever allocates by a damaged length ends the program. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=1";
}

static size_t check_answers(struct policy_sample_sound *sound, const char *bytes, size_t len,
			    size_t where)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_put(sound->root, bytes, len);
	policy_sample_answers(sound->root, &found);
	return policy_sample_sound_or_error(&found, &sound->answers, where);
}

static size_t check_lists(struct policy_sample_sound *sound, const char *bytes, size_t len,
			  size_t where)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_put(sound->root, bytes, len);
	policy_sample_lists(sound->root, &found);
	return policy_sample_sound_or_error(&found, &sound->lists, where);
}

/* Every byte in turn, one bit of it, each time another. */
static void flips(void **state)
{
	struct policy_sample_sound *sound = *state;
	size_t errors = 0;

	for (size_t i = 0; i < sound->len; i++) {
		sound->bytes[i] ^= (char)(1U << (i % 8));
		errors += check_answers(sound, sound->bytes, sound->len, i);
		sound->bytes[i] ^= (char)(1U << (i % 8));
	}
	assert_true(errors > 1000);
}

/* The bytes from `from` to `to` inverted: lengths and positions become enormous. */
static void large_damage(void **state)
{
	struct policy_sample_sound *sound = *state;

	for (size_t size = 1; size <= 64; size *= 4) {
		for (size_t i = 0; i + size <= sound->len; i += size + 12) {
			for (size_t k = i; k < i + size; k++)
				sound->bytes[k] = (char)~sound->bytes[k];
			(void)check_answers(sound, sound->bytes, sound->len, i);
			for (size_t k = i; k < i + size; k++)
				sound->bytes[k] = (char)~sound->bytes[k];
		}
	}
}

/* Where the records lie, a list that is read by walking shows any damage. */
static void flips_and_lists(void **state)
{
	struct policy_sample_sound *sound = *state;
	size_t end = cdb_unpack((const unsigned char *)sound->bytes);

	assert_true(end > PSG_POLICY_DATA_START && end < sound->len);
	for (size_t i = PSG_POLICY_DATA_START; i < end; i += 7) {
		sound->bytes[i] ^= (char)(1U << (i % 8));
		assert_true(check_lists(sound, sound->bytes, sound->len, i) > 0);
		sound->bytes[i] ^= (char)(1U << (i % 8));
	}
	for (size_t i = 0; i < 4; i++) {
		sound->bytes[i] ^= (char)(1U << (2 * i));
		assert_true(check_lists(sound, sound->bytes, sound->len, i) > 0);
		sound->bytes[i] ^= (char)(1U << (2 * i));
	}
}

/* Also lengths at which the first tables are whole and others are not. */
static void truncations(void **state)
{
	struct policy_sample_sound *sound = *state;
	size_t fewest = sound->answers.count;

	for (size_t len = 0; len < sound->len; len++) {
		size_t errors = check_answers(sound, sound->bytes, len, len);

		/* A login may find all it asks before the cut; a cut before the tables it cannot miss. */
		if (len <= PSG_POLICY_DATA_START)
			assert_int_equal(errors, sound->answers.count);
		if (errors < fewest)
			fewest = errors;
	}
	assert_true(fewest < sound->answers.count);
	for (size_t len = 0; len < sound->len; len += 7)
		(void)check_lists(sound, sound->bytes, len, len);
}

static void grown(void **state)
{
	struct policy_sample_sound *sound = *state;
	char *more PSG_CLEANUP(psg_free_bytes) = calloc(1, sound->len + 4096);

	assert_non_null(more);
	memcpy(more, sound->bytes, sound->len);
	assert_int_equal(check_answers(sound, more, sound->len + 4096, 0), 0);
}

/* An index that has lost a table, or points it elsewhere, does not make its records absent. */
static void a_lost_table_hides_nothing(void **state)
{
	struct policy_sample_sound *sound = *state;
	size_t errors = 0;

	for (size_t table = 0; table < 256; table++) {
		char kept[8];

		memcpy(kept, sound->bytes + 8 * table, sizeof(kept));
		memset(sound->bytes + 8 * table + 4, 0, 4);
		errors += check_answers(sound, sound->bytes, sound->len, table);
		memcpy(sound->bytes + 8 * table, sound->bytes + 8 * ((table + 1) % 256), 8);
		errors += check_answers(sound, sound->bytes, sound->len, table);
		memcpy(sound->bytes + 8 * table, kept, sizeof(kept));
	}
	assert_true(errors > 100);
}

/* brief/set/Reader requires nothing and brief/set/Operator does: the one's value, checksum and all,
 * must not answer for the other. */
static void a_record_answers_for_its_own_key(void **state)
{
	struct policy_sample_sound *sound = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	bool requires_activation = true;

	memcpy(policy_sample_find(sound, "brief/set/Operator"),
	       policy_sample_find(sound, "brief/set/Reader"), 6 + 2 * 8 + 8);
	policy_sample_put(sound->root, sound->bytes, sound->len);
	assert_int_equal(psg_policy_open(sound->root, &policy), PSG_OK);
	assert_int_equal(psg_policy_set_brief(policy, "Operator", &requires_activation, NULL),
			 PSG_ERR_CORRUPT);
	assert_true(requires_activation);
}

/* A walk that ends too early sees only sound records, and too few: the assignments, which alone are walked. */
static void a_list_cut_short(void **state)
{
	struct policy_sample_sound *sound = *state;
	const unsigned char *bytes = (const unsigned char *)sound->bytes;
	uint32_t end = cdb_unpack(bytes), at = PSG_POLICY_DATA_START;

	while (at < end) {
		cdb_pack(at, (unsigned char *)sound->bytes);
		assert_int_equal(check_lists(sound, sound->bytes, sound->len, at), 1);
		at += 8 + cdb_unpack(bytes + at) + cdb_unpack(bytes + at + 4);
	}
	assert_int_equal(at, end);
	cdb_pack(end, (unsigned char *)sound->bytes);
	assert_int_equal(check_lists(sound, sound->bytes, sound->len, at), 0);
}

struct leaving_out {
	struct psg_policy_sink *sink;
	const char *key;
	size_t found;
};

static enum psg_err copy_but_one(void *arg, const struct psg_policy_record *record)
{
	struct leaving_out *leaving_out = arg;

	if (psg_policy_record_is(record, leaving_out->key, ""))
		leaving_out->found++;
	else if (!psg_policy_sink_derives(record))
		psg_policy_sink_copy(
		    leaving_out->sink, record,
		    psg_policy_key_hash(psg_policy_record_key(record), record->key_len));
	return PSG_OK;
}

/* A policy as a faulty writer would make it: sound, but for one record that others rely on. */
static void write_without(struct psg_folder *root, const char *key)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct leaving_out leaving_out = {.key = key};
	struct psg_policy_staged *staged = NULL;

	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_sink_start(root, &leaving_out.sink), PSG_OK);
	assert_int_equal(psg_policy_walk(policy, copy_but_one, &leaving_out), PSG_OK);
	assert_int_equal(leaving_out.found, 1);
	assert_int_equal(psg_policy_sink_finish(&leaving_out.sink, 8, &staged), PSG_OK);
	assert_int_equal(psg_policy_commit(&staged), PSG_OK);
}

/* Where one record says that another is there, its absence is damage and not "none". */
static void a_promised_record_is_missing(void **state)
{
	struct policy_sample_sound *sound = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_activation_policy found = {0};
	struct psg_gate_settings settings = {0};

	write_without(sound->root, "policy/Ops");
	assert_int_equal(psg_policy_open(sound->root, &policy), PSG_OK);
	assert_int_equal(psg_policy_activation_policy(policy, PSG_TARGET_GROUP, "Ops", &found),
			 PSG_ERR_CORRUPT);
	psg_policy_close(&policy);
	write_without(sound->root, "settings");
	assert_int_equal(psg_policy_open(sound->root, &policy), PSG_OK);
	assert_int_equal(psg_policy_settings(policy, &settings), PSG_ERR_CORRUPT);
	assert_int_equal(psg_policy_activation_policy(policy, PSG_TARGET_GROUP, "Open", &found),
			 PSG_ERR_CORRUPT);
}

/* A policy of which this program knows no more than where the version is. */
static void put_future(struct psg_folder *root, uint32_t version, bool more)
{
	struct psg_policy_record record;
	struct cdb_make cdb;
	int fd = -1;

	psg_policy_record_start(&record, PSG_KEY_FORMAT, "");
	psg_buf_put(&record.frame, PSG_POLICY_MAGIC, PSG_POLICY_MAGIC_SIZE);
	psg_buf_u32(&record.frame, version);
	if (more)
		psg_buf_text(&record.frame, "whatever there will be");
	psg_policy_record_seal(&record);
	assert_false(record.frame.failed);
	assert_int_equal(root->ops->put_start(root, "policy", &fd), PSG_OK);
	assert_int_equal(cdb_make_start(&cdb, fd), 0);
	const char *key = psg_policy_record_key(&record);

	assert_int_equal(cdb_make_add(&cdb, key, record.key_len, key + record.key_len,
				      (unsigned)(record.frame.len - 4 - record.key_len)),
			 0);
	assert_int_equal(cdb_make_finish(&cdb), 0);
	assert_int_equal(root->ops->put_finish(root, "policy", fd, true), PSG_OK);
	psg_policy_record_clear(&record);
}

static void other_versions(void **state)
{
	static const struct {
		uint32_t version;
		bool more;
		enum psg_err err;
	} cases[] = {{PSG_POLICY_VERSION + 1, true, PSG_ERR_VERSION},
		     {PSG_POLICY_VERSION + 1, false, PSG_ERR_VERSION},
		     {UINT32_MAX, true, PSG_ERR_VERSION},
		     {PSG_POLICY_VERSION_OLDEST - 1, true, PSG_ERR_OLD},
		     {PSG_POLICY_VERSION_OLDEST - 1, false, PSG_ERR_OLD},
		     {0, true, PSG_ERR_CORRUPT},
		     {PSG_POLICY_VERSION, true, PSG_ERR_CORRUPT}};
	struct policy_sample_sound *sound = *state;
	char bob[] = "bob", ops[] = "Ops";
	struct psg_assignment assignment = {bob, PSG_TARGET_GROUP, ops, 0, 0};
	bool changed = false;

	for (size_t i = 0; i < PSG_COUNT(cases); i++) {
		struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;

		put_future(sound->root, cases[i].version, cases[i].more);
		assert_int_equal(psg_policy_open(sound->root, &policy), cases[i].err);
		assert_null(policy);
		assert_int_equal(psg_policy_assign(sound->root, &assignment, &changed),
				 cases[i].err);
	}
}

#define TEST(test)                                                                                 \
	cmocka_unit_test_setup_teardown(test, policy_sample_make_sound, policy_sample_free_sound)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(flips),
	    TEST(large_damage),
	    TEST(flips_and_lists),
	    TEST(truncations),
	    TEST(grown),
	    TEST(a_lost_table_hides_nothing),
	    TEST(a_record_answers_for_its_own_key),
	    TEST(a_list_cut_short),
	    TEST(a_promised_record_is_missing),
	    TEST(other_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
