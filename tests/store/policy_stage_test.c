/* Staging: an update makes of a policy what writing it whole would have made. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy_plan.h"
#include "policy_sample.h"

static void expect_same(const struct psg_strings *found, const struct psg_strings *wanted)
{
	policy_sample_expect(found, (const char *const *)wanted->items, wanted->count);
}

/* The policy of this plan, made at once in a folder of its own. */
static void whole_records(const struct policy_plan *plan, struct psg_strings *ret)
{
	struct psg_folder *root PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct policy_plan_update whole PSG_CLEANUP(policy_plan_clear);

	policy_plan_whole(plan, &whole);
	assert_int_equal(psg_folder_open_memory(NULL, &root), PSG_OK);
	assert_int_equal(psg_policy_stage(root, NULL, &whole.update, &staged), PSG_OK);
	policy_plan_records(psg_policy_staged_policy(staged), ret);
}

static void records_in_force(struct psg_folder *root, uint64_t generation, struct psg_strings *ret)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;

	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_generation(policy), generation);
	policy_plan_records(policy, ret);
}

/* One random step; true when it was put in force. */
static bool step(struct psg_folder *root, struct policy_plan *plan, uint64_t generation)
{
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct policy_plan_update change PSG_CLEANUP(policy_plan_clear);
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings wanted PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings after PSG_CLEANUP(psg_strings_clear) = {0};
	struct policy_plan next = *plan;
	bool commit = policy_plan_random(10) > 0;

	policy_plan_change(&next, &change);
	whole_records(&next, &wanted);
	records_in_force(root, generation, &before);
	assert_int_equal(psg_policy_open(root, &base), PSG_OK);
	assert_int_equal(psg_policy_stage(root, base, &change.update, &staged), PSG_OK);
	assert_int_equal(psg_policy_generation(psg_policy_staged_policy(staged)), generation + 1);
	policy_plan_records(psg_policy_staged_policy(staged), &found);
	expect_same(&found, &wanted);
	if (commit)
		assert_int_equal(psg_policy_commit(&staged), PSG_OK);
	else
		psg_policy_drop(&staged);
	assert_null(staged);
	records_in_force(root, generation + commit, &after);
	expect_same(&after, commit ? &wanted : &before);
	if (commit)
		*plan = next;
	return commit;
}

static void random_steps(struct psg_folder *root, unsigned count)
{
	struct policy_plan plan = {0};
	struct psg_model nothing = {0};
	struct psg_assignments nobody = {0};
	uint64_t generation = 1;

	assert_int_equal(psg_policy_write(root, &nothing, &nobody, generation), PSG_OK);
	for (unsigned i = 0; i < count; i++)
		generation += step(root, &plan, generation);
	assert_true(generation > count / 2);
}

static void many_steps_in_memory(void **state)
{
	random_steps(*state, 3000);
}

/* With their syncs: fewer. */
static void some_steps_on_files(void **state)
{
	random_steps(*state, 100);
}

/* A whole policy by psg_policy_write, its generation the caller's. */
static void written_whole(void **state)
{
	struct psg_folder *root = *state;
	struct policy_plan plan = {0};

	for (unsigned i = 0; i < 20; i++) {
		struct policy_plan_update change PSG_CLEANUP(policy_plan_clear);
		struct policy_plan_update whole PSG_CLEANUP(policy_plan_clear);
		struct psg_strings wanted PSG_CLEANUP(psg_strings_clear) = {0};
		struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

		policy_plan_change(&plan, &change);
		plan.pending = 0;
		policy_plan_whole(&plan, &whole);
		whole_records(&plan, &wanted);
		assert_int_equal(psg_policy_write(root, &whole.put, &whole.assign, 100 + i),
				 PSG_OK);
		records_in_force(root, 100 + i, &found);
		expect_same(&found, &wanted);
	}
}

/* Checked only: over what is on disk, in memory. */
static void staged_elsewhere(void **state)
{
	struct psg_folder *root = *state;
	struct psg_folder *memory PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct psg_strings gone PSG_CLEANUP(psg_strings_clear) = policy_sample_words("Ops");
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	const struct psg_policy_update update = {.removed_groups = &gone};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &base), PSG_OK);
	assert_int_equal(psg_folder_open_memory(NULL, &memory), PSG_OK);
	assert_int_equal(psg_policy_stage(memory, base, &update, &staged), PSG_OK);
	assert_int_equal(psg_policy_group_names(psg_policy_staged_policy(staged), &names), PSG_OK);
	policy_sample_expect(&names, (const char *const[]){"Broken", "Open"}, 2);
	assert_false(psg_policy_has_unix_groups(psg_policy_staged_policy(staged)));
	psg_policy_drop(&staged);
	psg_strings_clear(&names);
	assert_int_equal(psg_policy_group_names(base, &names), PSG_OK);
	assert_int_equal(names.count, 3);
}

struct counting {
	size_t left, alice;
};

static enum psg_err count(void *arg, const struct psg_assignment *assignment)
{
	struct counting *counting = arg;

	counting->alice += strcmp(assignment->assignee, "alice") == 0;
	return --counting->left > 0 ? PSG_OK : PSG_ERR_STALE;
}

static void each_of_the_assigned(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct counting all = {5, 0}, two = {2, 0};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_each_assigned(policy, count, &all), PSG_OK);
	assert_int_equal(all.left, 1);
	assert_int_equal(all.alice, 2);
	assert_int_equal(psg_policy_each_assigned(policy, count, &two), PSG_ERR_STALE);
}

/* What is governed, and by what as deployed. */
static void governed(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_activation_policy plain PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_activation_policy none = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings pending PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_governed_names(policy, &names), PSG_OK);
	policy_sample_expect(&names, (const char *const[]){"Ops", "Plain"}, 2);
	assert_int_equal(psg_policy_activation_policy_raw(policy, "Plain", &plain), PSG_OK);
	assert_int_equal(plain.lifetime_s, 0);
	assert_int_equal(plain.maximum_lifetime_s, 600);
	assert_int_equal(psg_policy_activation_policy_raw(policy, "Open", &none),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_pending(policy, &pending), PSG_OK);
	assert_int_equal(pending.count, 0);
}

static void what_cannot_be_staged(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged = NULL;
	struct psg_assignments twice PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_assignments bad PSG_CLEANUP(psg_assignments_clear) = {0};
	const struct psg_policy_update two_ends = {.assign = &twice}, nobody = {.unassign = &bad};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &base), PSG_OK);
	policy_sample_assign(&twice, "bob", PSG_TARGET_GROUP, "Ops", 5);
	policy_sample_assign(&twice, "bob", PSG_TARGET_GROUP, "Ops", 6);
	assert_int_equal(psg_policy_stage(root, base, &two_ends, &staged), PSG_ERR_INVALID);
	twice.items[1].until_s = 5;
	assert_int_equal(psg_policy_stage(root, base, &two_ends, &staged), PSG_OK);
	/* One at a time: the second would be over the first, or over what the first is over. */
	assert_int_equal(psg_policy_stage(root, base, &two_ends, &staged), PSG_ERR_EXISTS);
	psg_policy_drop(&staged);
	policy_sample_assign(&bad, "", PSG_TARGET_GROUP, "Ops", 5);
	assert_int_equal(psg_policy_stage(root, base, &nobody, &staged), PSG_ERR_INVALID);
	psg_policy_drop(&staged);
}

/* -- killed -- */

static enum psg_err any_name(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
	return PSG_OK;
}

/* Between staging and putting in force: the one before stays, and sweeping takes away what is left. */
static void killed_between(void **state)
{
	struct psg_folder *root = *state;
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings after PSG_CLEANUP(psg_strings_clear) = {0};
	size_t names = 0;
	int status;

	policy_sample_write(root, 7);
	records_in_force(root, 7, &before);
	pid_t child = fork();

	if (child == 0) {
		struct psg_policy *base = NULL;
		struct psg_policy_staged *staged = NULL;
		struct psg_strings gone = policy_sample_words("Ops");
		const struct psg_policy_update update = {.removed_groups = &gone};

		if (psg_policy_open(root, &base) || psg_policy_stage(root, base, &update, &staged))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	records_in_force(root, 7, &after);
	expect_same(&after, &before);
	/* policy_sample_close_files fails where anything is left. */
	assert_int_equal(root->ops->sweep(root, INT64_MAX), PSG_OK);
	assert_int_equal(root->ops->list(root, any_name, &names), PSG_OK);
	assert_int_equal(names, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_IN_MEMORY(many_steps_in_memory),
	    POLICY_SAMPLE_ON_FILES(some_steps_on_files),
	    POLICY_SAMPLE_ON_BOTH(written_whole),
	    POLICY_SAMPLE_ON_BOTH(staged_elsewhere),
	    POLICY_SAMPLE_ON_BOTH(each_of_the_assigned),
	    POLICY_SAMPLE_ON_BOTH(governed),
	    POLICY_SAMPLE_ON_BOTH(what_cannot_be_staged),
	    POLICY_SAMPLE_ON_FILES(killed_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
