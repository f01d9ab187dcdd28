/* Documents: kept whole, packed, and never unpacked to more than they may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_private.h"
#include "policy_sample.h"

/* Built with the address sanitizer, whoever allocates by what a record claims ends the program. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=40";
}

static char type_[] = "PermissionSet", name_[] = "Big",
	    path_[] = "permissionsets/Big.permissionset";

static enum psg_err stage(struct psg_folder *root, char *bytes, size_t len,
			  struct psg_policy_staged **ret)
{
	struct psg_document document = {type_, name_, path_, bytes, len};
	const struct psg_model model = {.documents = &document, .document_count = 1};
	const struct psg_policy_update update = {.put = &model};

	return psg_policy_stage(root, NULL, &update, ret);
}

static void round_trip(struct psg_folder *root, char *bytes, size_t len)
{
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct psg_document found PSG_CLEANUP(psg_document_clear) = {0};

	assert_int_equal(stage(root, bytes, len, &staged), PSG_OK);
	assert_int_equal(
	    psg_policy_document(psg_policy_staged_policy(staged), type_, name_, &found), PSG_OK);
	assert_string_equal(found.type, type_);
	assert_string_equal(found.name, name_);
	assert_string_equal(found.path, path_);
	assert_int_equal(found.len, len);
	assert_memory_equal(found.bytes, bytes, len);
	assert_int_equal(found.bytes[len], 0);
}

#define NOISE 1000003U

/* What packs well, and what packs to more than it was; the largest, and one byte more. */
static void any_size(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 100, 4096, 65536, NOISE, PSG_POLICY_DOCUMENT_MAX};
	struct psg_folder *root = *state;
	struct psg_policy_staged *staged = NULL;
	char *bytes PSG_CLEANUP(psg_free_bytes) = calloc(1, PSG_POLICY_DOCUMENT_MAX + 1);
	uint32_t noise = 1;

	assert_non_null(bytes);
	for (size_t i = 0; i < PSG_COUNT(sizes); i++)
		round_trip(root, bytes, sizes[i]);
	assert_int_equal(stage(root, bytes, PSG_POLICY_DOCUMENT_MAX + 1, &staged), PSG_ERR_INVALID);
	for (size_t i = 0; i < NOISE; i++)
		bytes[i] = (char)((noise = noise * 1664525 + 1013904223) >> 24);
	for (size_t i = 0; i < PSG_COUNT(sizes) && sizes[i] <= NOISE; i++)
		round_trip(root, bytes, sizes[i]);
}

static void what_is_not_there(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_document(policy, "Settings", "Ops", &document),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_document(policy, NULL, "Ops", &document), PSG_ERR_INVALID);
	assert_int_equal(psg_policy_document(policy, "Settings", NULL, &document), PSG_ERR_INVALID);
	assert_int_equal(psg_policy_document(policy, "Settings", "Gate", &document), PSG_OK);
	assert_int_equal(psg_policy_document_names(policy, &names), PSG_OK);
	policy_sample_expect(&names,
			     (const char *const[]){"PermissionSetGroup/Open",
						   "PermissionSetGroup/Ops", "Settings/Gate"},
			     3);
}

/* -- values that a faulty or hostile writer could have made -- */

/* A value that says it unpacks to `says` bytes, with `count` zeros packed and `more` bytes after. */
static void make_value(struct psg_buf *ret, uint32_t says, size_t count, const char *more)
{
	char *zeros PSG_CLEANUP(psg_free_bytes) = calloc(1, count + 1);
	uLongf len = compressBound(count);
	Bytef *packed PSG_CLEANUP(psg_free_bytes) = malloc(len);

	assert_int_equal(compress2(packed, &len, (const Bytef *)zeros, count, 9), Z_OK);
	*ret = (struct psg_buf){0};
	psg_buf_string(ret, type_);
	psg_buf_string(ret, name_);
	psg_buf_string(ret, path_);
	psg_buf_u32(ret, says);
	psg_buf_put(ret, packed, len);
	psg_buf_text(ret, more);
	assert_false(ret->failed);
}

static enum psg_err decode(const struct psg_buf *value, size_t len)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	char *exact PSG_CLEANUP(psg_free_bytes) = malloc(len + 1);

	memcpy(exact, value->data, len);
	return psg_policy_decode_document(
	    (struct psg_reader){.at = (unsigned char *)exact, .left = len}, &document);
}

#define BOMB (20U * 1024 * 1024)

static void bombs(void **state)
{
	static const struct {
		uint32_t says;
		size_t count;
		const char *more;
		enum psg_err err;
	} cases[] = {
	    {1000, 1000, "", PSG_OK},
	    {0, 0, "", PSG_OK},
	    {999, 1000, "", PSG_ERR_CORRUPT},
	    {1001, 1000, "", PSG_ERR_CORRUPT},
	    {0, 1, "", PSG_ERR_CORRUPT},
	    {1, 0, "", PSG_ERR_CORRUPT},
	    {1000, 1000, "x", PSG_ERR_CORRUPT},
	    /* A thousand to one is what zeros come to, and the most that is believed. */
	    {PSG_POLICY_DOCUMENT_MAX, PSG_POLICY_DOCUMENT_MAX, "", PSG_OK},
	    {PSG_POLICY_DOCUMENT_MAX, 1000, "", PSG_ERR_CORRUPT},
	    {PSG_POLICY_DOCUMENT_MAX + 1, PSG_POLICY_DOCUMENT_MAX + 1, "", PSG_ERR_CORRUPT},
	    {1000, BOMB, "", PSG_ERR_CORRUPT},
	    {PSG_POLICY_DOCUMENT_MAX, BOMB, "", PSG_ERR_CORRUPT},
	    {UINT32_MAX, BOMB, "", PSG_ERR_CORRUPT},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(cases); i++) {
		struct psg_buf value PSG_CLEANUP(psg_buf_clear);

		make_value(&value, cases[i].says, cases[i].count, cases[i].more);
		assert_int_equal(decode(&value, value.len), cases[i].err);
	}
}

static void damaged(void **state)
{
	struct psg_buf value PSG_CLEANUP(psg_buf_clear);
	size_t refused = 0;

	(void)state;
	make_value(&value, 300, 300, "");
	for (size_t len = 0; len < value.len; len++)
		assert_int_equal(decode(&value, len), PSG_ERR_CORRUPT);
	/* A name's letters may change here: that is the checksum's to find. */
	for (size_t i = value.len; i-- > 0;) {
		value.data[i] ^= 0x11;
		refused += decode(&value, value.len) == PSG_ERR_CORRUPT;
		value.data[i] ^= 0x11;
	}
	assert_true(refused > value.len / 3);
}

static void no_order(char *bytes, size_t len)
{
	uint32_t noise = 7;

	for (size_t i = 0; i < len; i++) {
		noise = noise * 1664525 + 1013904223;
		bytes[i] = (char)(noise >> 24);
	}
}

/* A record longer than what the walk reads at once is walked over, whole, and copied. */
static void a_long_record_is_walked_over(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy_staged *staged = NULL;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_document found PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_assignments all PSG_CLEANUP(psg_assignments_clear) = {0};
	char bob[] = "bob", ops[] = "Ops";
	struct psg_assignment assignment = {bob, PSG_TARGET_GROUP, ops, 0, 0};
	char *bytes PSG_CLEANUP(psg_free_bytes) = malloc(3 * NOISE);
	bool changed = false;

	assert_non_null(bytes);
	no_order(bytes, 3 * NOISE);
	assert_int_equal(stage(root, bytes, 3 * NOISE, &staged), PSG_OK);
	assert_int_equal(psg_policy_commit(&staged), PSG_OK);
	assert_int_equal(psg_policy_assign(root, &assignment, &changed), PSG_OK);
	assert_true(changed);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_all_assigned(policy, &all), PSG_OK);
	assert_int_equal(all.count, 1);
	assert_int_equal(psg_policy_document(policy, type_, name_, &found), PSG_OK);
	assert_int_equal(found.len, 3 * NOISE);
	assert_memory_equal(found.bytes, bytes, found.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_IN_MEMORY(any_size),
	    POLICY_SAMPLE_ON_BOTH(a_long_record_is_walked_over),
	    POLICY_SAMPLE_ON_BOTH(what_is_not_there),
	    cmocka_unit_test(bombs),
	    cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
