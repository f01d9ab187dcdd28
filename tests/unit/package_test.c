/* Package directories: what is taken, what is left, what is refused. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void shipped_sample(void **state)
{
	struct fixture_package *fixture = *state;

	assert_int_equal(
	    psg_package_read("conf/sample-package", &fixture->model, &fixture->problems), PSG_OK);
	fixture_assert_none(&fixture->problems);
	fixture_assert_documents(
	    &fixture->model,
	    "ActivationPolicy/Server_Operators=activationpolicies/"
	    "Server_Operators.activationpolicy\n"
	    "MutingPermissionSet/Server_Operators_Muting=mutingpermissionsets/"
	    "Server_Operators_Muting.mutingpermissionset\n"
	    "PermissionSet/Billing_PS=permissionsets/Billing_PS.permissionset\n"
	    "PermissionSet/Server_Login_PS=permissionsets/Server_Login_PS.permissionset\n"
	    "PermissionSetGroup/Finance_Mgmt_PermSetGroup=permissionsetgroups/"
	    "Finance_Mgmt_PermSetGroup.permissionsetgroup\n"
	    "PermissionSetGroup/Server_Operators=permissionsetgroups/"
	    "Server_Operators.permissionsetgroup\n"
	    "Settings/Gate=settings/Gate.settings\n");
	assert_int_equal(fixture->model.set_count, 2);
	assert_int_equal(fixture->model.group_count, 2);
	assert_int_equal(fixture->model.muting_set_count, 1);
	assert_int_equal(fixture->model.policy_count, 1);
	assert_true(fixture->model.has_settings);
}

static void salesforce_sample(void **state)
{
	struct fixture_package *fixture = *state;

	assert_int_equal(
	    psg_package_read(FIXTURE_DATA "salesforce-sample", &fixture->model, &fixture->problems),
	    PSG_OK);
	fixture_assert_none(&fixture->problems);
	assert_int_equal(fixture->model.document_count, 2);
	size_t len;
	char *bytes = fixture_read(
	    FIXTURE_DATA "salesforce-sample/permissionsets/Billing_PS.permissionset", &len);
	assert_int_equal(fixture->model.documents[0].len, len);
	assert_memory_equal(fixture->model.documents[0].bytes, bytes, len);
	free(bytes);
}

static void without_manifest(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture,
			    "force-app/main/default/permissionsets/B.permissionset-meta.xml",
			    FIXTURE_SET(""));
	fixture_package_put(fixture, "one/C.permissionsetgroup-meta.xml", FIXTURE_GROUP(""));
	fixture_package_put(fixture, "two/three/Gate.settings-meta.xml", FIXTURE_GATE(""));
	fixture_package_put(fixture, "settings/Account.settings", "<AccountSettings/>");
	fixture_package_put(fixture, "elsewhere/Account.settings", "<AccountSettings/>");
	fixture_package_put(fixture, "classes/X.cls", "class X {}");
	fixture_package_put(fixture, "manifest/package.xml", "not looked at");
	fixture_package_put(fixture, "README.md", "x");
	fixture_package_put(fixture, ".git/permissionsets/D.permissionset-meta.xml", "x");
	fixture_package_put(fixture, ".A.permissionset-meta.xml", "x");
	fixture_package_read(fixture);
	fixture_assert_none(&fixture->problems);
	fixture_assert_documents(&fixture->model,
				 "PermissionSet/A=permissionsets/A.permissionset\n"
				 "PermissionSet/B=force-app/main/default/permissionsets/"
				 "B.permissionset-meta.xml\n"
				 "PermissionSetGroup/C=one/C.permissionsetgroup-meta.xml\n"
				 "Settings/Gate=two/three/Gate.settings-meta.xml\n");
}

static void misplaced(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "old/permissionsets/A.permissionset", "x");
	fixture_package_read(fixture);
	fixture_assert_only(
	    &fixture->problems,
	    "old/permissionsets/A.permissionset:0:0 <> Warning: Not deployed: its type, "
	    "PermissionSet, belongs in the folder permissionsets");
	assert_int_equal(fixture->model.document_count, 1);
}

static void one_component_twice(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "src/A.permissionset-meta.xml", FIXTURE_SET(""));
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "src/A.permissionset-meta.xml:0:0 <> Error: Two files for one "
			    "component: the other is permissionsets/A.permissionset");
}

static void empty(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems, ":0:0 <> Error: No package.xml found");
}

/* -- package.xml -- */

#define TYPES(members, name) "<types>" members "<name>" name "</name></types>\n"
#define MEMBER(name) "<members>" name "</members>"

static void manifest_lists(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(
	    fixture, "package.xml",
	    FIXTURE_PACKAGE(TYPES(MEMBER("B"), "PermissionSet")
				TYPES(MEMBER("*"), "PermissionSetGroup")
				    TYPES(MEMBER("*"), "Settings") "<version>45.0</version>"));
	fixture_package_put(fixture, "permissionsets/B.permissionset", FIXTURE_SET(""));
	fixture_package_put(fixture, "permissionsetgroups/C.permissionsetgroup", FIXTURE_GROUP(""));
	fixture_package_put(fixture, "permissionsetgroups/D.permissionsetgroup", FIXTURE_GROUP(""));
	fixture_package_put(fixture, FIXTURE_SET_A, "<not parsed");
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems, FIXTURE_SET_A
			    ":0:0 <> Warning: Not deployed: it is not named in package.xml");
	fixture_assert_documents(&fixture->model,
				 "PermissionSet/B=permissionsets/B.permissionset\n"
				 "PermissionSetGroup/C=permissionsetgroups/C.permissionsetgroup\n"
				 "PermissionSetGroup/D=permissionsetgroups/D.permissionsetgroup\n");
	assert_int_equal(fixture->model.set_count, 1);
}

static void manifest_names_missing(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(
	    fixture, "package.xml",
	    FIXTURE_PACKAGE("\n" TYPES(MEMBER("A") "\n  " MEMBER("Lost"), "PermissionSet")));
	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_read(fixture);
	fixture_assert_only(
	    &fixture->problems,
	    "package.xml:3:3 <members> Error: An object 'Lost' of type PermissionSet "
	    "was named in package.xml, but was not found in zipped directory");
}

static void manifest_of_an_organisation(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(
	    fixture, "package.xml",
	    FIXTURE_PACKAGE(TYPES(MEMBER("*"), "ApexClass") TYPES(MEMBER("*"), "Profile")
				TYPES(MEMBER("A"), "PermissionSet")
				    TYPES(MEMBER("Admin"), "Profile") TYPES(MEMBER("*"), "Apex")));
	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "package.xml:1:85 <name> Warning: Types that are not kept here: "
			    "Apex, ApexClass, Profile");
	assert_int_equal(fixture->model.document_count, 1);
}

static void manifest_settings(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, "package.xml",
			    FIXTURE_PACKAGE(TYPES(MEMBER("Account") MEMBER("Gate"), "Settings")));
	fixture_package_put(fixture, "settings/Gate.settings", FIXTURE_GATE(""));
	fixture_package_put(fixture, "settings/Account.settings", "x");
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "package.xml:1:65 <members> Warning: Settings that are not kept here: "
			    "Account");
	assert_int_equal(fixture->model.document_count, 1);
}

static void manifest_wrong(void **state)
{
	static const char *const texts[][2] = {
	    {FIXTURE_PACKAGE("<version>45</version>"),
	     "package.xml:1:58 <version> Error: '45' is not a valid API version"},
	    {FIXTURE_PACKAGE("<types><members>A</members></types>"),
	     "package.xml:1:58 <name> Error: Required field is missing: name"},
	    {FIXTURE_PACKAGE("<type/>"), "package.xml:1:58 <type> Error: Element type invalid at "
					 "this location in type Package"},
	    {"<Package><version>45.0</version></Package>",
	     "package.xml:1:1 <Package> Error: Error parsing file: the namespace of Package is '', "
	     "not 'http://soap.sforce.com/2006/04/metadata'"},
	    {"<PermissionSet " FIXTURE_SALESFORCE "/>",
	     "package.xml:1:1 <PermissionSet> Error: Error parsing file: the root element is "
	     "PermissionSet, not Package"},
	    {"", "package.xml:1:1 <> Error: Error parsing file: the file is empty"},
	};

	for (size_t i = 0; i < PSG_COUNT(texts); i++) {
		struct fixture_package *fixture = *state;

		fixture_package_put(fixture, "package.xml", texts[i][0]);
		fixture_package_read(fixture);
		fixture_assert_only(&fixture->problems, texts[i][1]);
		psg_problems_clear(&fixture->problems);
	}
}

/* Nobody's right may live on because a file was passed over. */
static void destructive(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, "package.xml", FIXTURE_PACKAGE("<version>45.0</version>"));
	fixture_package_put(fixture, "destructiveChanges.xml",
			    FIXTURE_PACKAGE("<version>45.0</version>"));
	fixture_package_read(fixture);
	fixture_assert_none(&fixture->problems);
	fixture_package_put(fixture, "destructiveChangesPost.xml",
			    FIXTURE_PACKAGE(TYPES(MEMBER("A"), "PermissionSet")));
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "destructiveChangesPost.xml:0:0 <> Error: Deleting by "
			    "destructiveChangesPost.xml is not supported");
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_package_set_up, fixture_package_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(shipped_sample),
	    TEST(salesforce_sample),
	    TEST(without_manifest),
	    TEST(misplaced),
	    TEST(one_component_twice),
	    TEST(empty),
	    TEST(manifest_lists),
	    TEST(manifest_names_missing),
	    TEST(manifest_of_an_organisation),
	    TEST(manifest_settings),
	    TEST(manifest_wrong),
	    TEST(destructive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
