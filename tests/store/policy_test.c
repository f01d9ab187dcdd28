/* The policy file: what is written is what is read, on files and in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_sample.h"
#include "psg/clock.h"
#include "psg/metadata.h"

static void round_trip(void **state)
{
	static const char *const answers[] = {
	    "policy 7 1",
	    "settings 1800 1 example.com 3 10 60 2 [2 backup monitor]",
	    "assigned 2: alice 1 Ops 4000000000 since 500, alice 2 Plain 0 since 500,",
	    "assigned 1: bob 1 Open 0 since 500,",
	    "assigned 1: %wheel 1 Ops 1000 since 500,",
	    "assigned 0:",
	    "group Ops '' 'Über alles, was hier ist.' 1 1 '' 1 4 [2 Operator Reader] [1 Quiet]",
	    "group Broken '' 'Über alles, was hier ist.' 0 0 "
	    "'The permission set Gone does not exist.' 0 4 [1 Gone] [0]",
	    "none",
	    "set Operator 'A \"label\" \xc3\xa9' '' '' 1 "
	    "[2 applicationVisibilities.sshd applicationVisibilities.sudo]",
	    "set Quiet 'A \"label\" \xc3\xa9' '' '' 0 "
	    "[2 applicationVisibilities.sshd customPermissions.Deploy]",
	    "brief 0 2 gives 1 0",
	    "brief 1 2 gives 1 1",
	    "none",
	    "policy Ops 3600 7200 300 0 1 2 '(INC|CHG)[0-9]+.*' 1 1 86400 finance=EditBillingInfo",
	    "policy Open 1800 1800 0 1 0 0 '' 0 0 604800",
	    "policy Plain 600 600 0 1 0 0 '' 0 0 604800",
	    "none",
	    "givers [2 Operator Reader]",
	    "givers [1 Plain]",
	    "givers [0]",
	    "mutes 1",
	    "mutes 0",
	    "none",
	    "effective [2 applicationVisibilities.sudo userPermissions.ViewSetup]",
	    "effective [0]",
	    "effective [2 applicationVisibilities.sshd userPermissions.ViewSetup]",
	};
	static const char *const lists[] = {
	    " [3 Broken Open Ops]",
	    " [3 Operator Plain Reader]",
	    " [2 Ops Plain]",
	    " [3 PermissionSetGroup/Open PermissionSetGroup/Ops Settings/Gate]",
	    " [0]",
	    "assigned 4: %wheel 1 Ops 1000 since 500, alice 1 Ops 4000000000 since 500, "
	    "alice 2 Plain 0 since 500, bob 1 Open 0 since 500,",
	    "PermissionSetGroup/Open some/where.xml 0,PermissionSetGroup/Ops some/where.xml 4 3c "
	    "62 2f "
	    "3e,Settings/Gate some/where.xml 9 3c 61 3e 00 ff 3c 2f 61 3e,",
	};
	struct psg_folder *root = *state;
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings listed PSG_CLEANUP(psg_strings_clear) = {0};

	policy_sample_write(root, 7);
	policy_sample_answers(root, &found);
	policy_sample_expect(&found, answers, PSG_COUNT(answers));
	policy_sample_lists(root, &listed);
	policy_sample_expect(&listed, lists, PSG_COUNT(lists));
}

static void never_deployed(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy = NULL;
	char alice[] = "alice", ops[] = "Ops";
	struct psg_assignment assignment = {alice, PSG_TARGET_GROUP, ops, 0, 0};
	bool changed = false;

	assert_int_equal(psg_policy_open(root, &policy), PSG_ERR_NOT_FOUND);
	assert_null(policy);
	assert_int_equal(psg_policy_assign(root, &assignment, &changed), PSG_ERR_NOT_FOUND);
	psg_policy_close(&policy);
}

static void empty_model_has_the_defaults(void **state)
{
	struct psg_folder *root = *state;
	struct psg_model model = {0};
	struct psg_assignments none = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};

	assert_int_equal(psg_policy_write(root, &model, &none, 1), PSG_OK);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_false(psg_policy_has_unix_groups(policy));
	assert_int_equal(psg_policy_settings(policy, &gate), PSG_OK);
	assert_int_equal(gate.default_lifetime_s, 28800);
	assert_int_equal(gate.default_scope, PSG_SCOPE_SESSION);
	assert_int_equal(gate.exempt_users.count, 0);
	assert_string_equal(gate.issuer, "");
	assert_int_equal(gate.throttle.attempts, 5);
	assert_int_equal(gate.throttle.delay_s, 30);
	assert_int_equal(gate.throttle.maximum_delay_s, 900);
	assert_int_equal(gate.window_steps, 1);
}

/* Names that are no names are answered, never guessed. */
static void names_that_are_none(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments assigned = {0};
	struct psg_group group = {0};
	struct psg_activation_policy found = {0};
	bool mutes;

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_assigned(policy, "", &assigned), PSG_OK);
	assert_int_equal(assigned.count, 0);
	assert_int_equal(psg_policy_assigned(policy, NULL, &assigned), PSG_ERR_INVALID);
	assert_int_equal(psg_policy_group(policy, "", &group), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_group(policy, NULL, &group), PSG_ERR_INVALID);
	assert_int_equal(psg_policy_group(policy, "ops", &group), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_mutes(policy, "Reader", "x", &mutes), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_activation_policy(policy, PSG_TARGET_NONE, "Ops", &found),
			 PSG_ERR_INVALID);
	/* There is a group Ops and no set of that name, though the policy Ops is there. */
	assert_int_equal(psg_policy_activation_policy(policy, PSG_TARGET_SET, "Ops", &found),
			 PSG_ERR_NOT_FOUND);
}

/* -- refusals -- */

static void refuse(struct psg_folder *root, const struct psg_model *model,
		   const struct psg_assignments *assigned)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

	assert_int_equal(psg_policy_write(root, model, assigned, 8), PSG_ERR_INVALID);
	policy_sample_answers(root, &found);
	assert_string_equal(found.items[0], "policy 7 1");
}

static void what_cannot_be_written(void **state)
{
	struct psg_folder *root = *state;
	struct psg_model model PSG_CLEANUP(psg_model_clear);
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear);

	policy_sample_write(root, 7);
	policy_sample_model(&model);
	policy_sample_assignments(&assigned);
	policy_sample_assign(&assigned, "bob", PSG_TARGET_GROUP, "Open", 3);
	refuse(root, &model, &assigned); /* twice, with two ends */
	assigned.items[4].kind = PSG_TARGET_NONE;
	refuse(root, &model, &assigned);
	assigned.items[4].kind = PSG_TARGET_SET;
	assigned.items[4].until_s = -1;
	refuse(root, &model, &assigned);
	assigned.items[4].until_s = 0;
	strcpy(model.groups[1].name, "Ops"); /* two groups of one name */
	refuse(root, &model, &assigned);
	strcpy(model.groups[1].name, "Opn");
	model.policies[0].lifetime_s = -1;
	refuse(root, &model, &assigned);
	model.policies[0].lifetime_s = INT64_MAX / PSG_NS_PER_S + 1;
	refuse(root, &model, &assigned);
	model.policies[0].lifetime_s = 1;
	struct psg_throttle good = model.settings.throttle;

	/* The doubling would never reach the maximum. */
	model.settings.throttle.delay_s = 0;
	refuse(root, &model, &assigned);
	model.settings.throttle.delay_s = good.maximum_delay_s + 1;
	refuse(root, &model, &assigned);
	model.settings.throttle = good;
	model.settings.throttle.attempts = 0;
	refuse(root, &model, &assigned);
	model.settings.throttle = good;
	char **permissions = model.sets[0].permissions.items, *first = permissions[0];

	permissions[0] = permissions[1]; /* out of order */
	permissions[1] = first;
	refuse(root, &model, &assigned);
	permissions[1] = permissions[0];
	permissions[0] = first;
	strcpy(model.documents[2].name, "Ops"); /* two documents of one name */
	refuse(root, &model, &assigned);
	strcpy(model.documents[2].name, "Opn");
	assert_int_equal(psg_policy_write(root, &model, &assigned, 8), PSG_OK);
}

static void missing_members(void **state)
{
	struct psg_folder *root = *state;
	struct psg_model model PSG_CLEANUP(psg_model_clear);
	struct psg_assignments none = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	bool mutes;

	policy_sample_model(&model);
	psg_strings_clear(&model.groups[0].muting_sets);
	model.groups[0].muting_sets = policy_sample_words("Gone");
	psg_strings_clear(&model.groups[1].sets);
	model.groups[1].sets = policy_sample_words("Plain force__Gone");
	model.groups[2].status = PSG_STATUS_UPDATED;
	assert_int_equal(psg_policy_write(root, &model, &none, 1), PSG_OK);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_mutes(policy, "Gone", "x", &mutes), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_effective(policy, PSG_TARGET_GROUP, "Ops", &keys),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_effective(policy, PSG_TARGET_GROUP, "Broken", &keys),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_policy_effective(policy, PSG_TARGET_GROUP, "Open", &keys), PSG_OK);
	assert_int_equal(keys.count, 1);
}

/* -- size -- */

#define GROUPS 1000U
#define SETS 100U
#define MEMBERS 20U
#define PERMISSIONS 50U

static void fill_many(struct psg_model *model)
{
	char text[64];

	model->sets = calloc(SETS, sizeof(*model->sets));
	model->groups = calloc(GROUPS, sizeof(*model->groups));
	for (; model->set_count < SETS; model->set_count++) {
		struct psg_permission_set *set = &model->sets[model->set_count];

		snprintf(text, sizeof(text), "Set%zu", model->set_count);
		set->name = strdup(text);
		for (size_t p = 0; p < PERMISSIONS; p++) {
			/* Each is in two neighbouring sets. */
			snprintf(text, sizeof(text), "userPermissions.P%zu",
				 model->set_count * PERMISSIONS / 2 + p);
			assert_int_equal(psg_strings_add(&set->permissions, text), PSG_OK);
		}
		psg_strings_sort(&set->permissions);
	}
	for (; model->group_count < GROUPS; model->group_count++) {
		struct psg_group *group = &model->groups[model->group_count];

		snprintf(text, sizeof(text), "Group%zu", model->group_count);
		group->name = strdup(text);
		for (size_t m = 0; m < MEMBERS; m++) {
			snprintf(text, sizeof(text), "Set%zu", (model->group_count + m) % SETS);
			assert_int_equal(psg_strings_add(&group->sets, text), PSG_OK);
		}
		psg_strings_sort(&group->sets);
	}
}

static void many_groups(void **state)
{
	struct psg_folder *root = *state;
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	size_t len;

	fill_many(&model);
	policy_sample_assign(&assigned, "alice", PSG_TARGET_GROUP, "Group7", 0);
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(psg_policy_write(root, &model, &assigned, 1), PSG_OK);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	for (size_t i = 0; i < GROUPS; i += 37) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
		char name[32];

		snprintf(name, sizeof(name), "Group%zu", i);
		assert_int_equal(psg_policy_group(policy, name, &group), PSG_OK);
		assert_int_equal(group.status, PSG_STATUS_UPDATED);
		assert_int_equal(psg_policy_effective(policy, PSG_TARGET_GROUP, name, &keys),
				 PSG_OK);
		assert_int_equal(group.permission_count, keys.count);
	}
	assert_int_equal(psg_policy_givers(policy, "userPermissions.P100", &names), PSG_OK);
	assert_int_equal(names.count, 2);
	psg_strings_clear(&names);
	assert_int_equal(psg_policy_group_names(policy, &names), PSG_OK);
	assert_int_equal(names.count, GROUPS);
	/* Written out group by group, the permissions alone would be above 20 MB. */
	char *bytes PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &len);

	assert_non_null(bytes);
	assert_true(len < 2U * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_ON_BOTH(round_trip),
	    POLICY_SAMPLE_ON_BOTH(never_deployed),
	    POLICY_SAMPLE_ON_BOTH(empty_model_has_the_defaults),
	    POLICY_SAMPLE_ON_BOTH(names_that_are_none),
	    POLICY_SAMPLE_ON_BOTH(what_cannot_be_written),
	    POLICY_SAMPLE_ON_BOTH(missing_members),
	    POLICY_SAMPLE_ON_BOTH(many_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
