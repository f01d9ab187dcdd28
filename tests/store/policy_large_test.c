/* A policy of more keys than fit its fewest lists of them. */
#include <cdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_write.h"
#include "policy_plan.h"
#include "policy_sample.h"

#define MANY 20000U

static void many_people(struct psg_assignments *list)
{
	list->items = calloc(MANY, sizeof(*list->items));
	assert_non_null(list->items);
	for (; list->count < MANY; list->count++) {
		char name[32];

		snprintf(name, sizeof(name), "user%05zu", list->count);
		list->items[list->count] =
		    (struct psg_assignment){strdup(name), PSG_TARGET_GROUP, strdup("Open"), 0, 0};
	}
}

/* As many keys as need more than the fewest lists of them. */
static void many_at_once(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_policy_update update = {.assign = &list};
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings after PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_write(root, 1);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	policy_plan_records(policy, &before);
	many_people(&list);
	assert_int_equal(psg_policy_stage(root, policy, &update, &staged), PSG_OK);
	assert_int_equal(psg_policy_commit(&staged), PSG_OK);
	psg_policy_close(&policy);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(policy->format.buckets, 256);
	for (size_t i = 0; i < MANY; i += 7) {
		struct psg_assignments found PSG_CLEANUP(psg_assignments_clear) = {0};
		struct psg_assignments none = {0};

		assert_int_equal(psg_policy_assigned(policy, list.items[i].assignee, &found),
				 PSG_OK);
		assert_int_equal(found.count, 1);
		list.items[i].assignee[0] = 'U';
		assert_int_equal(psg_policy_assigned(policy, list.items[i].assignee, &none),
				 PSG_OK);
		assert_int_equal(none.count, 0);
		list.items[i].assignee[0] = 'u';
	}
	update = (struct psg_policy_update){.unassign = &list};
	assert_int_equal(psg_policy_stage(root, policy, &update, &staged), PSG_OK);
	policy_plan_records(psg_policy_staged_policy(staged), &after);
	policy_sample_expect(&after, (const char *const *)before.items, before.count);
}

/* The index of a large policy has lost a table: whoever it knew is not taken for absent. */
static void many_hidden(void **state)
{
	struct psg_folder *root = *state;
	struct psg_model nothing = {0};
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	size_t len;

	many_people(&list);
	assert_int_equal(psg_policy_write(root, &nothing, &list, 1), PSG_OK);
	char *bytes PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &len);

	for (size_t i = 0; i < 100; i++) {
		struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
		struct psg_assignments found = {0};
		char key[64], kept[4];
		size_t key_len = (size_t)snprintf(key, sizeof(key), "assigned/user%05zu", i);
		char *slots = bytes + 8 * (cdb_hash(key, (unsigned)key_len) % 256) + 4;

		memcpy(kept, slots, sizeof(kept));
		memset(slots, 0, sizeof(kept));
		policy_sample_put(root, bytes, len);
		memcpy(slots, kept, sizeof(kept));
		if (psg_policy_open(root, &policy) == PSG_OK)
			assert_int_equal(psg_policy_assigned(policy, key + 9, &found),
					 PSG_ERR_CORRUPT);
	}
}

/* Positions in the file are 32 bits wide. */
static void no_larger_than_its_positions(void **state)
{
	struct psg_policy_cdb cdb PSG_CLEANUP(psg_policy_cdb_clear) = {0};
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct psg_folder *root = *state;

	assert_int_equal(root->ops->put_start(root, "policy", &fd), PSG_OK);
	assert_int_equal(psg_policy_cdb_start(&cdb, fd), PSG_OK);
	cdb.at = UINT32_MAX - 12;
	assert_int_equal(psg_policy_cdb_add(&cdb, "key", 3, "v", 1), PSG_OK);
	assert_int_equal(psg_policy_cdb_add(&cdb, "key", 3, "v", 1), PSG_ERR_INVALID);
	assert_int_equal(root->ops->put_finish(root, "policy", fd, false), PSG_OK);
	fd = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_ON_BOTH(many_at_once),
	    POLICY_SAMPLE_IN_MEMORY(many_hidden),
	    POLICY_SAMPLE_IN_MEMORY(no_larger_than_its_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
