/* A write that fails leaves the policy that was in force, whatever failed and where. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "policy_plan.h"
#include "policy_sample.h"

/* A folder whose operations fail from the n-th call on; all else is the true one's. */
struct failing {
	struct psg_folder folder;
	struct psg_folder *true_one;
	int calls_left;
};

static bool fails(struct failing *failing)
{
	return failing->calls_left-- <= 0;
}

static struct failing *failing_of(struct psg_folder *folder)
{
	return (struct failing *)(void *)folder;
}

static enum psg_err failing_open_file(struct psg_folder *folder, const char *name, int *ret_fd)
{
	struct failing *failing = failing_of(folder);

	return fails(failing) ? PSG_ERR_LIMIT
			      : failing->true_one->ops->open_file(failing->true_one, name, ret_fd);
}

static enum psg_err failing_put_start(struct psg_folder *folder, const char *name, int *ret_fd)
{
	struct failing *failing = failing_of(folder);

	return fails(failing) ? PSG_ERR_NO_ROOM
			      : failing->true_one->ops->put_start(failing->true_one, name, ret_fd);
}

static enum psg_err failing_put_finish(struct psg_folder *folder, const char *name, int fd,
				       bool keep)
{
	struct failing *failing = failing_of(folder);
	bool failed = fails(failing);
	enum psg_err err =
	    failing->true_one->ops->put_finish(failing->true_one, name, fd, keep && !failed);

	return failed ? PSG_ERR_IO : err;
}

/* The changes that fail: one assignment, a whole policy, and an update of some of everything. */
enum { ASSIGN, WHOLE, UPDATE, CHANGES };

static enum psg_err update(struct psg_folder *root)
{
	struct policy_plan plan = {0};
	struct policy_plan_update change PSG_CLEANUP(policy_plan_clear);
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;

	policy_plan_change(&plan, &change);
	enum psg_err err = psg_policy_open(root, &base);

	if (!err)
		err = psg_policy_stage(root, base, &change.update, &staged);
	return err ? err : psg_policy_commit(&staged);
}

static enum psg_err change(struct psg_folder *root, int which)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_assignments none = {0};
	char bob[] = "bob", ops[] = "Ops";
	struct psg_assignment assignment = {bob, PSG_TARGET_GROUP, ops, 0, 0};
	bool changed;

	if (which == UPDATE)
		return update(root);
	if (which == ASSIGN)
		return psg_policy_assign(root, &assignment, &changed);
	policy_sample_model(&model);
	return psg_policy_write(root, &model, &none, 8);
}

static void expect_old(struct policy_sample_sound *sound)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_answers(sound->root, &found);
	assert_int_equal(policy_sample_sound_or_error(&found, &sound->answers, 0), 0);
}

static void failing_operations(void **state)
{
	static const struct psg_folder_ops ops = {.open_file = failing_open_file,
						  .put_start = failing_put_start,
						  .put_finish = failing_put_finish};
	struct policy_sample_sound *sound = *state;

	for (int which = 0; which < CHANGES; which++) {
		int calls = 0;

		for (;; calls++) {
			struct failing failing = {{&ops}, sound->root, calls};

			if (change(&failing.folder, which) == PSG_OK)
				break;
			expect_old(sound);
		}
		/* open_file, put_start, put_finish; the whole write opens nothing. */
		assert_int_equal(calls, which == WHOLE ? 2 : 3);
		policy_sample_put(sound->root, sound->bytes, sound->len);
	}
}

/* A file size limit is asked after, not run into, at any length. */
static void failing_writes(void **state)
{
	struct policy_sample_sound *sound = *state;
	struct rlimit old;
	size_t refused = 0;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (int which = 0; which < CHANGES; which++) {
		for (size_t limit = 0; limit < sound->len - 512; limit += 61) {
			struct rlimit cut = {limit, old.rlim_max};

			assert_int_equal(setrlimit(RLIMIT_FSIZE, &cut), 0);
			enum psg_err err = change(sound->root, which);

			assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
			assert_int_equal(err, PSG_ERR_FILE_LIMIT);
			expect_old(sound);
			refused++;
		}
	}
	signal(SIGXFSZ, SIG_DFL);
	assert_true(refused > 100);
}

/* An assignment is put into a sound policy or not at all: damage is not copied on under new lists of keys. */
static void damage_is_not_copied(void **state)
{
	struct policy_sample_sound *sound = *state;

	policy_sample_find(sound, "group/Broken")[0] ^= 1;
	policy_sample_put(sound->root, sound->bytes, sound->len);
	assert_int_equal(change(sound->root, ASSIGN), PSG_ERR_CORRUPT);
	size_t len;
	char *bytes PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(sound->root, &len);

	assert_int_equal(len, sound->len);
	assert_memory_equal(bytes, sound->bytes, len);
	/* Writing a whole policy is what cures it. */
	assert_int_equal(change(sound->root, WHOLE), PSG_OK);
	assert_int_equal(change(sound->root, ASSIGN), PSG_OK);
}

#define TEST(test)                                                                                 \
	cmocka_unit_test_setup_teardown(test, policy_sample_make_sound, policy_sample_free_sound)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(failing_operations),
	    TEST(failing_writes),
	    TEST(damage_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
