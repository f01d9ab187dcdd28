/* The policy file, opened and asked through the public interface. The first byte picks:
 *   0  the sample of tests/store with bytes changed (where, where, what; three by three): every answer is the sample's
 *      or an error, so that no damage opens a door;
 *   1  a file of records as the input says, each with the right checksum, key and value ended by FUZZ_END: what a writer
 *      that errs could make. Whatever it answers it answers twice, and within the limits of the format;
 *   2  any bytes as the file. */
#include "fuzz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_write.h"
#include "../store/policy_sample.h"
#include "psg/text.h"

#define CHANGES_MAX 64

/* The address sanitizer ends whoever allocates by a damaged length. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=80";
}

/* The sample's own answers: made once. */
static struct policy_sample_sound *sample(void)
{
	static void *state;

	if (!state)
		expect(policy_sample_make_sound(&state) == 0);
	return state;
}

static void ask(struct psg_folder *root, const struct policy_sample_sound *sound)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings lists PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_answers(root, &found);
	policy_sample_lists(root, &lists);
	expect(found.count == 0 || found.count == sound->answers.count);
	for (size_t i = 0; i < found.count; i++)
		expect(strcmp(found.items[i], sound->answers.items[i]) == 0 ||
		       strcmp(found.items[i], POLICY_SAMPLE_ERROR) == 0);
	for (size_t i = 0; i < lists.count; i++)
		expect(strcmp(lists.items[i], sound->lists.items[i]) == 0 ||
		       strcmp(lists.items[i], POLICY_SAMPLE_ERROR) == 0);
}

static void check_changed(struct fuzz_input *input)
{
	struct policy_sample_sound *sound = sample();
	char *bytes = fuzz_copy(sound->bytes, sound->len);

	for (int i = 0; bytes && i < CHANGES_MAX && input->left >= 3; i++) {
		size_t at = (size_t)fuzz_byte(input) << 8 | fuzz_byte(input);

		bytes[at % sound->len] = (char)fuzz_byte(input);
	}
	if (bytes) {
		policy_sample_put(sound->root, bytes, sound->len);
		ask(sound->root, sound);
	}
	free(bytes);
}

/* What no record may say, whoever wrote it. */
static void check_limits(struct psg_policy *policy, const char *name)
{
	struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_permission_set set PSG_CLEANUP(psg_permission_set_clear) = {0};
	struct psg_strings effective PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};

	if (psg_policy_settings(policy, &gate) == PSG_OK)
		expect(gate.default_lifetime_s > 0 && gate.throttle.attempts > 0 &&
		       gate.throttle.delay_s > 0 &&
		       gate.throttle.maximum_delay_s >= gate.throttle.delay_s);
	if (psg_policy_activation_policy(policy, PSG_TARGET_GROUP, name, &rules) == PSG_OK)
		expect(rules.lifetime_s > 0 && rules.lifetime_s <= rules.maximum_lifetime_s &&
		       rules.maximum_lifetime_s <= PSG_DURATION_MAX_S);
	if (psg_policy_set(policy, name, &set) == PSG_OK)
		for (size_t i = 1; i < set.permissions.count; i++)
			expect(strcmp(set.permissions.items[i - 1], set.permissions.items[i]) < 0);
	if (psg_policy_assigned(policy, "alice", &assigned) == PSG_OK)
		for (size_t i = 0; i < assigned.count; i++)
			expect(strcmp(assigned.items[i].assignee, "alice") == 0 &&
			       assigned.items[i].until_s >= 0);
	(void)!psg_policy_effective(policy, PSG_TARGET_GROUP, name, &effective);
}

static void check_twice(struct psg_folder *root)
{
	struct psg_strings once PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings twice PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings lists PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;

	policy_sample_answers(root, &once);
	policy_sample_answers(root, &twice);
	policy_sample_lists(root, &lists);
	expect(once.count == twice.count);
	for (size_t i = 0; i < once.count; i++)
		expect(strcmp(once.items[i], twice.items[i]) == 0);
	if (psg_policy_open(root, &policy) == PSG_OK) {
		check_limits(policy, "Ops");
		check_limits(policy, "Operator");
	}
}

static void put_record(struct psg_policy_cdb *cdb, const char *key, const char *value, size_t len)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};

	psg_policy_record_start(&record, "", key);
	psg_buf_put(&record.frame, value, len);
	psg_policy_record_seal(&record);
	expect(!record.frame.failed);
	const char *at = psg_policy_record_key(&record);

	expect(psg_policy_cdb_add(
		   cdb, at, record.key_len, at + record.key_len,
		   (uint32_t)(record.frame.len - sizeof(uint32_t) - record.key_len)) == PSG_OK);
}

/* FUZZ_END and '\\' within a value are written with a '\\' before them. */
static size_t unescape(char *text, size_t len)
{
	size_t to = 0;

	for (size_t from = 0; from < len; from++, to++) {
		if (text[from] == '\\' && from + 1 < len)
			text[to] = text[++from] == 'e' ? FUZZ_END : text[from];
		else
			text[to] = text[from];
	}
	return to;
}

static void check_records(struct fuzz_input *input)
{
	struct psg_folder *root = sample()->root;
	struct psg_policy_cdb cdb;
	int fd = -1;

	expect(root->ops->put_start(root, "policy", &fd) == PSG_OK);
	expect(psg_policy_cdb_start(&cdb, fd) == PSG_OK);
	for (int i = 0; i < CHANGES_MAX && input->left > 0; i++) {
		size_t key_len, len;
		char *key = fuzz_part(input, &key_len), *value = fuzz_part(input, &len);

		if (key && value)
			put_record(&cdb, key, value, unescape(value, len));
		free(key);
		free(value);
	}
	expect(psg_policy_cdb_finish(&cdb) == PSG_OK);
	psg_policy_cdb_clear(&cdb);
	expect(root->ops->put_finish(root, "policy", fd, true) == PSG_OK);
	check_twice(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	switch (fuzz_byte(&input) % 3) {
	case 0:
		check_changed(&input);
		break;
	case 1:
		check_records(&input);
		break;
	default:
		policy_sample_put(sample()->root, (const char *)input.at, input.left);
		check_twice(sample()->root);
	}
	return 0;
}
