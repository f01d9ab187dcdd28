/* A package over what is there: what is new, what the whole shows, what would be in force. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GROUP_G "permissionsetgroups/G.permissionsetgroup"

/* The directory's files are in force, and it is empty. */
static void deployed_before(struct fixture_deployment *fixture)
{
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
}

static void samples_pass(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_prepare(fixture, FIXTURE_DATA "salesforce-sample");
	fixture_assert_none(&fixture->now.problems);
	assert_true(fixture->now.changed);
	assert_int_equal(fixture_group(fixture, "Finance_Mgmt_PermSetGroup")->status,
			 PSG_STATUS_UPDATED);
	assert_int_equal(fixture_group(fixture, "Finance_Mgmt_PermSetGroup")->permission_count, 3);

	fixture_prepare(fixture, "conf/sample-package");
	fixture_assert_none(&fixture->now.problems);
	const struct psg_group *operators = fixture_group(fixture, "Server_Operators");
	assert_int_equal(operators->status, PSG_STATUS_UPDATED);
	/* Six applications and two custom permissions, of which one is muted. */
	assert_int_equal(operators->permission_count, 7);
	assert_true(operators->requires_activation);
	assert_true(operators->has_activation_policy);
}

static void assert_components(const struct psg_deployment *deployment, const char *expected)
{
	static const char *const changes[] = {"created", "changed", "unchanged", "deleted"};
	struct psg_buf text = {0};

	for (size_t i = 0; i < deployment->component_count; i++)
		psg_buf_format(&text, "%s %s/%s %s\n", changes[deployment->components[i].change],
			       deployment->components[i].type, deployment->components[i].name,
			       deployment->components[i].file);
	assert_string_equal(text.data ? text.data : "", expected);
	psg_buf_clear(&text);
}

static void created_changed_unchanged(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_put(fixture->directory, "permissionsets/B.permissionset", FIXTURE_SET(""));
	fixture_put(fixture->directory, "permissionsets/Old.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("P")));
	deployed_before(fixture);
	/* Elsewhere, written otherwise, and the same in meaning: nothing has changed. */
	fixture_put(fixture->directory, "src/A.permissionset-meta.xml",
		    FIXTURE_SET("\n<!-- c -->\n"));
	fixture_prepare(fixture, fixture->directory);
	assert_components(&fixture->now,
			  "unchanged PermissionSet/A src/A.permissionset-meta.xml\n");
	assert_false(fixture->now.changed);

	fixture_put(fixture->directory, "permissionsets/B.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, GROUP_G, FIXTURE_GROUP(FIXTURE_MEMBER("Old")));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	assert_components(&fixture->now, "unchanged PermissionSet/A src/A.permissionset-meta.xml\n"
					 "changed PermissionSet/B permissionsets/B.permissionset\n"
					 "created PermissionSetGroup/G " GROUP_G "\n");
	assert_true(fixture->now.changed);
	/* Of what was there, only what is needed is looked at. */
	fixture_assert_documents(&fixture->now.model,
				 "PermissionSet/B=permissionsets/B.permissionset\n"
				 "PermissionSetGroup/G=" GROUP_G "\n");
	assert_int_equal(fixture->now.put.set_count, 1);
	/* A set deployed earlier serves a group of today. */
	assert_int_equal(fixture_group(fixture, "G")->permission_count, 1);
}

static void members(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_expect(fixture, GROUP_G,
		       FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MUTING_MEMBER("M")), NULL);
	assert_int_equal(fixture_group(fixture, "G")->permission_count, 1);
	fixture_expect(
	    fixture, GROUP_G,
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("A") FIXTURE_MEMBER("Z") "\n" FIXTURE_MEMBER("Y")),
	    GROUP_G ":3:1 <permissionSets> Error: Cannot create permission set group components "
		    "since the following permission set names are invalid: Y, Z");
	assert_string_equal(fixture->now.problems.items[0].type, "PermissionSetGroup");
	assert_string_equal(fixture->now.problems.items[0].name, "G");
	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MEMBER("M")),
		       GROUP_G ":2:1 <permissionSets> Error: 'M' is a MutingPermissionSet, not a "
			       "PermissionSet");
	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MUTING_MEMBER("A")),
		       GROUP_G ":2:1 <mutingPermissionSets> Error: 'A' is a PermissionSet, not a "
			       "MutingPermissionSet");
	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MUTING_MEMBER("Z")),
		       GROUP_G
		       ":2:1 <mutingPermissionSets> Error: Cannot create permission set group "
		       "components since the following muting permission set names are invalid: Z");
}

static void members_of_managed_packages(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_expect(
	    fixture, GROUP_G,
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("force__B") FIXTURE_MEMBER("A")
			      FIXTURE_MEMBER("x__C")),
	    GROUP_G ":2:1 <permissionSets> Warning: These permission sets of managed packages are "
		    "not here and give nothing: force__B, x__C");
	assert_int_equal(fixture_group(fixture, "G")->status, PSG_STATUS_UPDATED);
	assert_int_equal(fixture_group(fixture, "G")->permission_count, 2);
	fixture_put(fixture->directory, "permissionsets/force__B.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_put(fixture->directory, "permissionsets/x__C.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	assert_int_equal(fixture_group(fixture, "G")->permission_count, 3);
	/* A muting set that is not here would open what it was to close. */
	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MUTING_MEMBER("force__M")),
		       GROUP_G
		       ":2:1 <mutingPermissionSets> Error: Cannot create permission set group "
		       "components since the following muting permission set names are invalid: "
		       "force__M");
}

static void hundred_members(void **state)
{
	struct fixture_deployment *fixture = *state;
	struct psg_buf text = {0};
	char path[64];

	psg_buf_text(&text, "<PermissionSetGroup " FIXTURE_SALESFORCE "><label>x</label>");
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "permissionsets/S%d.permissionset", i);
		fixture_put(fixture->directory, path, FIXTURE_SET(""));
		psg_buf_format(&text, "<permissionSets>S%d</permissionSets>", i);
	}
	struct psg_buf more = {0};
	psg_buf_put(&more, text.data, text.len);
	psg_buf_text(&text, "</PermissionSetGroup>");
	fixture_expect(fixture, GROUP_G, text.data, NULL);
	psg_buf_text(&more, "<permissionSets>A</permissionSets></PermissionSetGroup>");
	fixture_expect(
	    fixture, GROUP_G, more.data,
	    GROUP_G ":1:85 <permissionSets> Error: The group has 101 permission sets; at most 100 "
		    "are allowed");
	psg_buf_clear(&text);
	psg_buf_clear(&more);
}

static void session_based_set(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, "permissionsets/S.permissionset",
		    FIXTURE_SET(FIXTURE_ACTIVATION));
	fixture_expect(
	    fixture, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MEMBER("S")),
	    GROUP_G ":2:1 <permissionSets> Warning: Permission set 'S' requires activation and its "
		    "group does not: here it goes on requiring it inside the group (the strictest "
		    "wins), unlike in Salesforce");
	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP(FIXTURE_ACTIVATION FIXTURE_MEMBER("S")),
		       NULL);
}

static void one_name_for_two(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_expect(
	    fixture, "permissionsetgroups/A.permissionsetgroup", FIXTURE_GROUP(""),
	    "permissionsetgroups/A.permissionsetgroup:0:0 <> Warning: There is a permission set of "
	    "the same name: assign and activate take 'A' for the group");
}

/* A broken member is one problem, not two. */
static void broken_member(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, GROUP_G, FIXTURE_GROUP(FIXTURE_MEMBER("B")));
	fixture_expect(
	    fixture, "permissionsets/B.permissionset", "<PermissionSet",
	    "permissionsets/B.permissionset:1:15 <> Error: Error parsing file: Couldn't find "
	    "end of "
	    "Start Tag PermissionSet line 1");
}

static void older_files(void **state)
{
	struct fixture_deployment *fixture = *state;
	const struct psg_problem *problem;

	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("P")));
	fixture_put(fixture->directory, GROUP_G,
		    FIXTURE_GROUP("\n" FIXTURE_MEMBER("A") FIXTURE_MEMBER("force__B")));
	deployed_before(fixture);
	/* What was known before is no news; what this package brings about is. */
	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_ACTIVATION));
	fixture_prepare(fixture, fixture->directory);
	assert_int_equal(fixture->now.problems.count, 1);
	problem = &fixture->now.problems.items[0];
	assert_true(problem->warning);
	assert_string_equal(problem->type, "PermissionSetGroup");
	assert_string_equal(problem->name, "G");
	assert_string_equal(problem->file, "");
	assert_int_equal(problem->line, 0);
	assert_non_null(strstr(problem->text, "'A' requires activation"));
	assert_non_null(strstr(problem->remedy, "was deployed earlier"));
}

static void recalculated_is_the_same(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("P")));
	fixture_put(fixture->directory, GROUP_G,
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MEMBER("force__B")));
	deployed_before(fixture);
	fixture_recalculate(fixture, NULL);
	assert_int_equal(fixture->now.problems.error_count, 0);
	assert_int_equal(fixture->now.component_count, 0);
	assert_int_equal(fixture->now.put.document_count, 0);
	assert_int_equal(fixture_group(fixture, "G")->permission_count, 1);
}

/* What is to be warned of is warned of each time: else --strict would let it pass the second time. */
static void warned_again(void **state)
{
	struct fixture_deployment *fixture = *state;

	for (int round = 0; round < 2; round++) {
		fixture_put(fixture->directory, FIXTURE_SET_A,
			    FIXTURE_SET(FIXTURE_ACTIVATION FIXTURE_PERMISSION("P")));
		fixture_put(fixture->directory, GROUP_G,
			    FIXTURE_GROUP("\n" FIXTURE_MEMBER("force__B")));
		fixture_put(fixture->directory, "permissionsetgroups/H.permissionsetgroup",
			    FIXTURE_GROUP("\n" FIXTURE_MEMBER("A")));
		fixture_put(fixture->directory, "activationpolicies/A.activationpolicy",
			    FIXTURE_POLICY("\n" FIXTURE_LENT("adm", "Nothing")));
		fixture_prepare(fixture, fixture->directory);
		assert_int_equal(fixture->now.problems.count, 3);
		assert_int_equal(fixture->now.problems.error_count, 0);
		assert_int_equal(fixture->now.problems.items[0].line, 3);
		assert_string_equal(fixture->now.problems.items[1].file, GROUP_G);
		assert_int_equal(fixture->now.problems.items[2].line, 2);
		assert_true(fixture->now.changed == (round == 0));
		assert_int_equal(fixture->now.put.group_count, round == 0 ? 2 : 0);
		assert_int_equal(fixture->now.put.policy_count, round == 0 ? 1 : 0);
		assert_int_equal(fixture->now.recalculated.count, round == 0 ? 2 : 0);
		fixture_commit(fixture);
	}
	/* With new settings the governed are calculated anew, once. */
	fixture_put(fixture->directory, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MEMBER("force__B")));
	fixture_put(fixture->directory, "activationpolicies/G.activationpolicy",
		    FIXTURE_POLICY(""));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	fixture_put(fixture->directory, GROUP_G, FIXTURE_GROUP("\n" FIXTURE_MEMBER("force__B")));
	fixture_put(fixture->directory, "settings/Gate.settings",
		    FIXTURE_GATE("<defaultLifetime>1h</defaultLifetime>"));
	fixture_prepare(fixture, fixture->directory);
	assert_int_equal(fixture->now.problems.count, 1);
	assert_int_equal(fixture->now.put.group_count, 1);
	assert_int_equal(fixture->now.model.group_count, 1);
}

/* Within the limit as it is, beyond it with its quotes escaped. */
static void longer_than_it_came(void **state)
{
	struct fixture_deployment *fixture = *state;
	struct psg_buf text = {0};
	char quotes[120] = "";

	memset(quotes, '"', sizeof(quotes) - 1);
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE "><label>x</label>");
	for (int i = 0; i < 30000; i++)
		psg_buf_format(&text,
			       "<flowAccesses><enabled>1</enabled><flow>%d%s</flow></flowAccesses>",
			       i, quotes);
	psg_buf_text(&text, "</PermissionSet>");
	assert_true(text.len < PSG_XML_SIZE_MAX);
	fixture_put(fixture->directory, FIXTURE_SET_A, text.data);
	psg_buf_clear(&text);
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_only(&fixture->now.problems,
			    FIXTURE_SET_A ":0:0 <> Error: The file is larger than 16 MiB in the "
					  "form it is kept in");
}

static void sorted_by_place(void **state)
{
	struct fixture_deployment *fixture = *state;
	const struct psg_problem *items;

	fixture_put(
	    fixture->directory, "permissionsets/B.permissionset",
	    FIXTURE_SET("<x/>\n<hasActivationRequired>x</hasActivationRequired>\n<y/><z/>"));
	fixture_put(fixture->directory, GROUP_G,
		    FIXTURE_GROUP("\n\n" FIXTURE_MEMBER("Z") "\n<x/>"));
	fixture_prepare(fixture, fixture->directory);
	items = fixture->now.problems.items;
	assert_int_equal(fixture->now.problems.error_count, 6);
	assert_int_equal(items[0].line, 3);
	assert_int_equal(items[1].line, 4);
	assert_string_equal(items[2].file, "permissionsets/B.permissionset");
	assert_string_equal(items[2].element, "x");
	assert_string_equal(items[3].element, "hasActivationRequired");
	assert_string_equal(items[4].element, "y");
	assert_string_equal(items[5].element, "z");
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_deployment_set_up,                       \
					fixture_deployment_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(samples_pass),
	    TEST(created_changed_unchanged),
	    TEST(members),
	    TEST(members_of_managed_packages),
	    TEST(hundred_members),
	    TEST(session_based_set),
	    TEST(one_name_for_two),
	    TEST(broken_member),
	    TEST(older_files),
	    TEST(recalculated_is_the_same),
	    TEST(warned_again),
	    TEST(sorted_by_place),
	    TEST(longer_than_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
