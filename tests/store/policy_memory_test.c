/* Every allocation of staging and putting in force failing in turn: the policy before stays, and nothing is left
 * beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_plan.h"
#include "policy_sample.h"

#include "../failing_memory.h"

static enum psg_err stage_and_commit(struct psg_folder *root,
				     const struct psg_policy_update *update)
{
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	enum psg_err err = psg_policy_open(root, &base);

	if (!err)
		err = psg_policy_stage(root, base, update, &staged);
	return err ? err : psg_policy_commit(&staged);
}

static enum psg_err any_name(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
	return PSG_OK;
}

static void expect_bytes(struct psg_folder *root, const char *bytes, size_t len)
{
	size_t found_len, names = 0;
	char *found PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &found_len);

	assert_int_equal(found_len, len);
	assert_memory_equal(found, bytes, len);
	assert_int_equal(root->ops->list(root, any_name, &names), PSG_OK);
	assert_int_equal(names, 1);
}

static void each_allocation_fails(void **state)
{
	struct psg_folder *root = *state;
	struct policy_plan plan = {0};
	struct policy_plan_update whole PSG_CLEANUP(policy_plan_clear) = {0};
	size_t len;

	/* A plan with some of everything, and an update of some of everything. */
	for (unsigned i = 0; i < 30; i++) {
		struct policy_plan_update step PSG_CLEANUP(policy_plan_clear);

		policy_plan_change(&plan, &step);
	}
	policy_plan_whole(&plan, &whole);
	assert_int_equal(psg_policy_write(root, &whole.put, &whole.assign, 7), PSG_OK);
	char *bytes PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &len);
	struct policy_plan_update change PSG_CLEANUP(policy_plan_clear);
	enum psg_err err = PSG_ERR_NO_MEMORY;
	long calls = 0;

	policy_plan_change(&plan, &change);
	for (; err; calls++) {
		memory_fail_after(calls);
		err = stage_and_commit(root, &change.update);
		assert_int_equal(err != PSG_OK, memory_failed() != MEMORY_NONE_FAILED);
		if (err)
			expect_bytes(root, bytes, len);
	}
	assert_true(calls > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_ON_FILES(each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
