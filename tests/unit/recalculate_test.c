/* psg_recalculate: status, reason, effective count and activation policy of every group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/metadata.h"

/* "a b c" into a sorted list. */
static struct psg_strings words(const char *text)
{
	struct psg_strings list = {0};
	char *copy = strdup(text), *rest = copy;

	assert_non_null(copy);
	for (char *word; (word = strsep(&rest, " "));)
		if (*word)
			assert_int_equal(psg_strings_add(&list, word), PSG_OK);
	free(copy);
	psg_strings_sort(&list);
	return list;
}

static struct psg_permission_set set(const char *name, const char *permissions)
{
	return (struct psg_permission_set){.name = strdup(name), .permissions = words(permissions)};
}

static struct psg_group group(const char *name, const char *sets, const char *muting_sets)
{
	return (struct psg_group){.name = strdup(name),
				  .sets = words(sets),
				  .muting_sets = words(muting_sets),
				  .status_reason = strdup("an old reason")};
}

/* Two sets that overlap, a muting set, and one group of whatever members. */
static void small_model(struct psg_model *ret, const char *sets, const char *muting_sets)
{
	*ret = (struct psg_model){
	    .sets = calloc(2, sizeof(*ret->sets)),
	    .set_count = 2,
	    .muting_sets = calloc(1, sizeof(*ret->muting_sets)),
	    .muting_set_count = 1,
	    .groups = calloc(1, sizeof(*ret->groups)),
	    .group_count = 1,
	};
	ret->sets[0] = set("Read", "u.A u.B u.C");
	ret->sets[1] = set("Write", "u.C u.D");
	ret->muting_sets[0] = set("Quiet", "u.B u.D u.Never");
	ret->groups[0] = group("G", sets, muting_sets);
}

static void expect(const char *sets, const char *muting_sets, enum psg_group_status status,
		   const char *reason, uint32_t count)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear);

	small_model(&model, sets, muting_sets);
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(model.groups[0].status, status);
	assert_string_equal(model.groups[0].status_reason, reason);
	assert_int_equal(model.groups[0].permission_count, count);
	assert_false(model.groups[0].has_activation_policy);
}

static void union_minus_muting(void **state)
{
	(void)state;
	expect("", "", PSG_STATUS_UPDATED, "", 0);
	expect("Read", "", PSG_STATUS_UPDATED, "", 3);
	expect("Read Write", "", PSG_STATUS_UPDATED, "", 4);
	expect("Read Write", "Quiet", PSG_STATUS_UPDATED, "", 2);
	expect("", "Quiet", PSG_STATUS_UPDATED, "", 0);
}

static void missing_members_fail(void **state)
{
	(void)state;
	expect("Read Gone", "", PSG_STATUS_FAILED, "The permission set Gone does not exist.", 0);
	expect("Read Zone", "", PSG_STATUS_FAILED, "The permission set Zone does not exist.", 0);
	expect("Read", "Gone", PSG_STATUS_FAILED, "The muting permission set Gone does not exist.",
	       0);
	/* The kinds are not each other's stand-ins. */
	expect("Quiet", "", PSG_STATUS_FAILED, "The permission set Quiet does not exist.", 0);
	expect("Read", "Write", PSG_STATUS_FAILED,
	       "The muting permission set Write does not exist.", 0);
}

/* A set of a package that is nowhere here gives nothing; a muting set of one cannot be guessed. */
static void namespaced_members(void **state)
{
	(void)state;
	expect("Read force__Gone", "", PSG_STATUS_UPDATED, "", 3);
	expect("Read", "force__Gone", PSG_STATUS_FAILED,
	       "The muting permission set force__Gone does not exist.", 0);
}

/* One group's muting set is no other's. */
static void muting_is_the_groups_own(void **state)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear);

	(void)state;
	small_model(&model, "Read", "Quiet");
	model.groups = reallocarray(model.groups, 3, sizeof(*model.groups));
	assert_non_null(model.groups);
	model.groups[1] = group("H", "Read", "");
	model.groups[2] = group("I", "Read Gone", "Quiet");
	model.group_count = 3;
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(model.groups[0].permission_count, 2);
	assert_int_equal(model.groups[1].permission_count, 3);
	assert_int_equal(model.groups[2].status, PSG_STATUS_FAILED);
}

static void activation_policies(void **state)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear);

	(void)state;
	small_model(&model, "Read", "");
	model.policies = calloc(1, sizeof(*model.policies));
	model.policy_count = 1;
	model.policies[0].name = strdup("G");
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_true(model.groups[0].has_activation_policy);
	model.policies[0].name[0] = 'H';
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_false(model.groups[0].has_activation_policy);
}

static void again_after_repair(void **state)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear);

	(void)state;
	small_model(&model, "Reed", "");
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(model.groups[0].status, PSG_STATUS_FAILED);
	model.groups[0].sets.items[0][2] = 'a';
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(model.groups[0].status, PSG_STATUS_UPDATED);
	assert_string_equal(model.groups[0].status_reason, "");
	assert_int_equal(model.groups[0].permission_count, 3);
}

static void empty_model(void **state)
{
	struct psg_model model = {0};

	(void)state;
	assert_int_equal(psg_recalculate(&model), PSG_OK);
}

/* -- random models against the plain definition -- */

#define SETS 12
#define MUTING_SETS 4
#define PERMISSIONS 40
#define GROUPS 60

/* A fixed sequence, the same wherever the test runs. */
static unsigned next_random(unsigned *state, unsigned below)
{
	*state = *state * 1103515245U + 12345U;
	return (*state >> 16) % below;
}

static struct psg_strings some(unsigned *state, const char *prefix, unsigned kinds, unsigned most)
{
	struct psg_strings list = {0};
	unsigned count = next_random(state, most + 1);

	for (unsigned i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%u", prefix, next_random(state, kinds));
		assert_int_equal(psg_strings_add(&list, name), PSG_OK);
	}
	psg_strings_sort(&list);
	return list;
}

static const struct psg_permission_set *find(const struct psg_permission_set *sets, size_t count,
					     const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sets[i].name, name) == 0)
			return &sets[i];
	return NULL;
}

static bool in_any(const struct psg_permission_set *sets, size_t count,
		   const struct psg_strings *members, const char *permission)
{
	for (size_t i = 0; i < members->count; i++)
		if (psg_strings_has(&find(sets, count, members->items[i])->permissions, permission))
			return true;
	return false;
}

static unsigned plain_count(const struct psg_model *model, const struct psg_group *g)
{
	unsigned count = 0;

	for (unsigned p = 0; p < PERMISSIONS; p++) {
		char name[32];

		snprintf(name, sizeof(name), "u.%u", p);
		count +=
		    in_any(model->sets, model->set_count, &g->sets, name) &&
		    !in_any(model->muting_sets, model->muting_set_count, &g->muting_sets, name);
	}
	return count;
}

static void agrees_with_the_definition(void **state)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {
	    .sets = calloc(SETS, sizeof(*model.sets)),
	    .set_count = SETS,
	    .muting_sets = calloc(MUTING_SETS, sizeof(*model.muting_sets)),
	    .muting_set_count = MUTING_SETS,
	    .groups = calloc(GROUPS, sizeof(*model.groups)),
	    .group_count = GROUPS,
	};
	unsigned seed = 7;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < SETS; i++) {
		snprintf(name, sizeof(name), "S%u", i);
		model.sets[i] = set(name, "");
		model.sets[i].permissions = some(&seed, "u.", PERMISSIONS, 15);
	}
	for (unsigned i = 0; i < MUTING_SETS; i++) {
		snprintf(name, sizeof(name), "M%u", i);
		model.muting_sets[i] = set(name, "");
		model.muting_sets[i].permissions = some(&seed, "u.", PERMISSIONS, 15);
	}
	for (unsigned i = 0; i < GROUPS; i++) {
		snprintf(name, sizeof(name), "G%u", i);
		model.groups[i] = group(name, "", "");
		model.groups[i].sets = some(&seed, "S", SETS, 6);
		model.groups[i].muting_sets = some(&seed, "M", MUTING_SETS, 2);
	}
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	for (unsigned i = 0; i < GROUPS; i++) {
		assert_int_equal(model.groups[i].status, PSG_STATUS_UPDATED);
		assert_int_equal(model.groups[i].permission_count,
				 plain_count(&model, &model.groups[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(union_minus_muting),  cmocka_unit_test(missing_members_fail),
	    cmocka_unit_test(namespaced_members),  cmocka_unit_test(muting_is_the_groups_own),
	    cmocka_unit_test(activation_policies), cmocka_unit_test(again_after_repair),
	    cmocka_unit_test(empty_model),         cmocka_unit_test(agrees_with_the_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
