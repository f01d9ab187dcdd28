/* destructiveChanges: what goes, what may not, and what --force leaves behind. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GROUP_G "permissionsetgroups/G.permissionsetgroup"
#define GROUP_H "permissionsetgroups/H.permissionsetgroup"
#define MUTING_M "mutingpermissionsets/M.mutingpermissionset"
#define POLICY_G "activationpolicies/G.activationpolicy"
#define TYPES(type, members) "<types>" members "<name>" type "</name></types>"
#define MEMBER(name) "<members>" name "</members>"

/* Set A in the groups G, with the muting set M and a policy, and H; B in none. */
static void put_all(struct fixture_deployment *fixture)
{
	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("P")));
	fixture_put(fixture->directory, "permissionsets/B.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, MUTING_M, FIXTURE_MUTING(FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, GROUP_G,
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MUTING_MEMBER("M")));
	fixture_put(fixture->directory, GROUP_H,
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MEMBER("B")));
	fixture_put(fixture->directory, POLICY_G, FIXTURE_POLICY(""));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
}

static void prepare_deletion(struct fixture_deployment *fixture, const char *file,
			     const char *types)
{
	char text[1024];

	snprintf(text, sizeof(text), FIXTURE_PACKAGE("%s\n"), types);
	fixture_put(fixture->directory, "package.xml", FIXTURE_PACKAGE("<version>64.0</version>"));
	fixture_put(fixture->directory, file, text);
	fixture_prepare(fixture, fixture->directory);
}

static void assert_status(const struct fixture_deployment *fixture, const char *name,
			  enum psg_group_status status, const char *reason)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};

	assert_int_equal(psg_policy_group(fixture->before, name, &group), PSG_OK);
	assert_string_equal(psg_group_status_name(group.status), psg_group_status_name(status));
	assert_string_equal(group.status_reason, reason);
}

static bool is_there(const struct fixture_deployment *fixture, const char *type, const char *name)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	enum psg_err err = psg_policy_document(fixture->before, type, name, &document);

	assert_true(err == PSG_OK || err == PSG_ERR_NOT_FOUND);
	return err == PSG_OK;
}

static void unused_goes(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("H"))
			     TYPES("PermissionSet", MEMBER("B")));
	fixture_assert_none(&fixture->now.problems);
	assert_int_equal(fixture->now.component_count, 2);
	assert_string_equal(fixture->now.components[0].name, "B");
	assert_int_equal(fixture->now.components[0].change, PSG_CHANGE_DELETED);
	assert_string_equal(fixture->now.components[0].file, "destructiveChanges.xml");
	assert_string_equal(fixture->now.components[1].name, "H");
	fixture_commit(fixture);
	assert_false(is_there(fixture, "PermissionSet", "B"));
	assert_false(is_there(fixture, "PermissionSetGroup", "H"));
	assert_status(fixture, "G", PSG_STATUS_UPDATED, "");
	struct psg_group group = {0};
	assert_int_equal(psg_policy_group(fixture->before, "H", &group), PSG_ERR_NOT_FOUND);
}

static void a_miss_is_a_warning(void **state)
{
	struct fixture_deployment *fixture = *state;

	prepare_deletion(fixture, "destructiveChangesPost.xml",
			 "\n" TYPES("PermissionSet", MEMBER("Nobody")));
	fixture_assert_only(&fixture->now.problems,
			    "destructiveChangesPost.xml:2:8 <members> Warning: No PermissionSet "
			    "named: Nobody found");
	assert_false(fixture->now.changed);
}

static void a_member_stays(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	prepare_deletion(fixture, "destructiveChanges.xml",
			 "\n" TYPES("PermissionSet", MEMBER("A")));
	fixture_assert_only(
	    &fixture->now.problems,
	    "destructiveChanges.xml:2:8 <members> Error: PermissionSet 'A' is deleted and "
	    "still a member of: G, H");
	prepare_deletion(fixture, "destructiveChanges.xml",
			 "\n" TYPES("MutingPermissionSet", MEMBER("M")));
	fixture_assert_only(
	    &fixture->now.problems,
	    "destructiveChanges.xml:2:8 <members> Error: MutingPermissionSet 'M' is "
	    "deleted and still a member of: G");
}

/* The same package takes it out. */
static void a_member_taken_out_goes(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, GROUP_H, FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	fixture_put(fixture->directory, "destructiveChangesPost.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("B"))));
	fixture_put(fixture->directory, "package.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSetGroup", MEMBER("H"))));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	fixture_commit(fixture);
	assert_status(fixture, "H", PSG_STATUS_UPDATED, "");
}

static void forced(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture->options.force = true;
	prepare_deletion(
	    fixture, "destructiveChanges.xml",
	    TYPES("PermissionSet", MEMBER("B")) "\n" TYPES("MutingPermissionSet", MEMBER("M")));
	assert_int_equal(fixture->now.problems.error_count, 0);
	fixture_commit(fixture);
	assert_status(fixture, "G", PSG_STATUS_FAILED,
		      "The muting permission set M does not exist.");
	assert_status(fixture, "H", PSG_STATUS_FAILED, "The permission set B does not exist.");
	/* A Failed group is no obstacle to others, and goes on being Failed. */
	fixture->options.force = false;
	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_prepare(fixture, fixture->directory);
	assert_int_equal(fixture->now.problems.error_count, 0);
	fixture_commit(fixture);
	assert_status(fixture, "H", PSG_STATUS_FAILED, "The permission set B does not exist.");
	fixture_recalculate(fixture, NULL);
	assert_int_equal(fixture->now.problems.error_count, 0);
	assert_int_equal(fixture->now.problems.count, 2);
	assert_string_equal(fixture->now.problems.items[0].text,
			    "The group is Failed and gives nothing, as it lacks the muting "
			    "permission sets: M");
	assert_string_equal(fixture->now.problems.items[1].text,
			    "The group is Failed and gives nothing, as it lacks the permission "
			    "sets: B");
	fixture_commit(fixture);
	assert_status(fixture, "H", PSG_STATUS_FAILED, "The permission set B does not exist.");
	/* The member back, and it is whole again. */
	fixture_put(fixture->directory, "permissionsets/B.permissionset", FIXTURE_SET(""));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	fixture_commit(fixture);
	assert_status(fixture, "H", PSG_STATUS_UPDATED, "");
	assert_status(fixture, "G", PSG_STATUS_FAILED,
		      "The muting permission set M does not exist.");
}

/* The group is in the same package, changed or not: forced, it is Failed and not refused. */
static void forced_in_the_same_package(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	for (int changed = 0; changed < 2; changed++) {
		fixture_put(fixture->directory, GROUP_H,
			    changed ? FIXTURE_GROUP(FIXTURE_ACTIVATION FIXTURE_MEMBER("A")
							FIXTURE_MEMBER("B"))
				    : FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MEMBER("B")));
		fixture_put(fixture->directory, "destructiveChanges.xml",
			    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("B"))));
		fixture_put(fixture->directory, "package.xml",
			    FIXTURE_PACKAGE(TYPES("PermissionSetGroup", MEMBER("H"))));
		fixture->options.force = false;
		fixture_prepare(fixture, fixture->directory);
		assert_int_not_equal(fixture->now.problems.error_count, 0);
		fixture->options.force = true;
		fixture_prepare(fixture, fixture->directory);
		assert_int_equal(fixture->now.problems.error_count, 0);
		assert_int_equal(fixture->now.problems.count, 2);
	}
	fixture_commit(fixture);
	assert_status(fixture, "H", PSG_STATUS_FAILED, "The permission set B does not exist.");
}

static void assigned_stays(void **state)
{
	struct fixture_deployment *fixture = *state;
	struct psg_assignments left = {0};

	put_all(fixture);
	fixture_assign(fixture, "alice", PSG_TARGET_GROUP, "H");
	fixture_assign(fixture, "%wheel", PSG_TARGET_GROUP, "H");
	fixture_assign(fixture, "alice", PSG_TARGET_SET, "B");
	prepare_deletion(
	    fixture, "destructiveChanges.xml",
	    TYPES("PermissionSetGroup", MEMBER("H")) "\n" TYPES("PermissionSet", MEMBER("B")));
	assert_int_equal(fixture->now.problems.error_count, 2);
	assert_string_equal(
	    fixture->now.problems.items[0].text,
	    "PermissionSetGroup 'H' is deleted and still assigned to: %wheel, alice");
	assert_string_equal(fixture->now.problems.items[1].text,
			    "PermissionSet 'B' is deleted and still assigned to: alice");
	assert_int_equal(fixture->now.problems.items[1].line, 2);
	fixture->options.force = true;
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("H"))
			     TYPES("PermissionSet", MEMBER("B")));
	assert_int_equal(fixture->now.problems.error_count, 0);
	assert_int_equal(fixture->now.problems.count, 2);
	fixture_commit(fixture);
	assert_int_equal(psg_policy_all_assigned(fixture->before, &left), PSG_OK);
	assert_int_equal(left.count, 0);
}

/* What the package deletes is judged also where an earlier deletion comes into force with it. */
static void assigned_stays_beside_a_deferred_deletion(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_assign(fixture, "alice", PSG_TARGET_GROUP, "H");
	fixture->options.defer = true;
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("G"))
			     TYPES("ActivationPolicy", MEMBER("G")));
	assert_int_equal(fixture->now.problems.error_count, 0);
	fixture_commit(fixture);
	fixture->options.defer = false;
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("H")));
	assert_int_equal(fixture->now.problems.error_count, 1);
	assert_string_equal(fixture->now.problems.items[0].text,
			    "PermissionSetGroup 'H' is deleted and still assigned to: alice");
}

static void a_policy_is_not_orphaned(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("G")));
	fixture_assert_only(&fixture->now.problems,
			    ":0:0 <> Error: The activation policy governs nothing: there is "
			    "neither a permission set group nor a permission set named 'G'");
	assert_string_equal(fixture->now.problems.items[0].remedy,
			    "Delete it too, or leave what it governs. It was deployed earlier and "
			    "is not in this package.");
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("G"))
			     TYPES("ActivationPolicy", MEMBER("G")));
	fixture_assert_none(&fixture->now.problems);
	fixture->options.force = true;
	prepare_deletion(fixture, "destructiveChanges.xml",
			 TYPES("PermissionSetGroup", MEMBER("G")));
	fixture_assert_none(&fixture->now.problems);
	assert_int_equal(fixture->now.component_count, 2);
	fixture_commit(fixture);
	assert_false(is_there(fixture, "ActivationPolicy", "G"));
}

static void first_deleted_then_deployed(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("Z")));
	fixture_put(fixture->directory, "package.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("*"))));
	fixture_put(fixture->directory, "destructiveChangesPre.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("A"))));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_only(&fixture->now.problems,
			    "destructiveChangesPre.xml:1:65 <members> Warning: It is to be deleted "
			    "first and deployed then: it is deployed");
	fixture_commit(fixture);
	assert_true(is_there(fixture, "PermissionSet", "A"));
}

static void deployed_and_then_deleted(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("Z")));
	fixture_put(fixture->directory, "package.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("*"))));
	fixture_put(fixture->directory, "destructiveChangesPost.xml",
		    FIXTURE_PACKAGE(TYPES("PermissionSet", MEMBER("A"))));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	fixture_commit(fixture);
	assert_false(is_there(fixture, "PermissionSet", "A"));
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_deployment_set_up,                       \
					fixture_deployment_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(unused_goes),
	    TEST(a_miss_is_a_warning),
	    TEST(a_member_stays),
	    TEST(a_member_taken_out_goes),
	    TEST(forced),
	    TEST(forced_in_the_same_package),
	    TEST(assigned_stays),
	    TEST(assigned_stays_beside_a_deferred_deletion),
	    TEST(a_policy_is_not_orphaned),
	    TEST(first_deleted_then_deployed),
	    TEST(deployed_and_then_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
