/* Package directories: what is taken, what is left, what is refused. */
#include "package_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void shipped_sample(void **state)
{
	struct fixture_package *fixture = *state;

	assert_int_equal(
	    fixture_package_load("conf/sample-package", &fixture->model, &fixture->problems),
	    PSG_OK);
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

	assert_int_equal(fixture_package_load(FIXTURE_DATA "salesforce-sample", &fixture->model,
					      &fixture->problems),
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
	    "PermissionSet, belongs in the folder permissionsets at the top of the package");
	assert_int_equal(fixture->model.document_count, 1);
}

static void one_component_twice(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "src/A.permissionset-meta.xml", FIXTURE_SET(""));
	fixture_package_read(fixture);
	package_expect(fixture, "+PermissionSet/A=permissionsets/A.permissionset\n");
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

	fixture_package_put(
	    fixture, "package.xml",
	    FIXTURE_PACKAGE(TYPES(MEMBER("Case") MEMBER("Account") MEMBER("Gate"), "Settings")));
	fixture_package_put(fixture, "settings/Gate.settings", FIXTURE_GATE(""));
	fixture_package_put(fixture, "settings/Account.settings", "x");
	package_expect(fixture, "+Settings/Gate=settings/Gate.settings\n");
	fixture_assert_only(&fixture->problems,
			    "package.xml:1:65 <members> Warning: Settings that are not kept here: "
			    "Account, Case");
}

/* One line, however many there are, and however long their names. */
static void manifest_lists_thousands(void **state)
{
	struct fixture_package *fixture = *state;
	struct psg_buf text = {0};
	const char *more;

	psg_buf_text(&text, "<Package " FIXTURE_SALESFORCE ">");
	for (unsigned i = 0; i < 20000; i++)
		psg_buf_format(&text,
			       "<types><members>*</members><name>Type%05u</name></types>"
			       "<types><members>S%05u</members><name>Settings</name></types>",
			       i % 10000, i % 10000);
	psg_buf_text(&text, "</Package>");
	fixture_package_put(fixture, "package.xml", text.data);
	package_expect(fixture, "");
	assert_int_equal(fixture->problems.count, 1);
	more =
	    strstr(fixture->problems.items[0].text, "Type00109, and 9890 more; Settings: S00000");
	assert_non_null(more);
	assert_non_null(strstr(more, ", S00075, and 9924 more"));
	assert_true(strlen(fixture->problems.items[0].text) < 2000);
	psg_buf_clear(&text);
}

static void manifest_all_and_some(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(
	    fixture, "package.xml",
	    FIXTURE_PACKAGE(TYPES(MEMBER("A") MEMBER("*"), "PermissionSet") TYPES(
		MEMBER("*") MEMBER("G") MEMBER("G") MEMBER("Lost"), "PermissionSetGroup")));
	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "permissionsets/B.permissionset", FIXTURE_SET(""));
	fixture_package_put(fixture, "permissionsetgroups/G.permissionsetgroup", FIXTURE_GROUP(""));
	package_expect(fixture, "+PermissionSet/A=" FIXTURE_SET_A "\n"
				"+PermissionSet/B=permissionsets/B.permissionset\n"
				"+PermissionSetGroup/G=permissionsetgroups/G.permissionsetgroup\n");
	fixture_assert_only(&fixture->problems,
			    "package.xml:2:68 <members> Error: An object 'Lost' of type "
			    "PermissionSetGroup was named in package.xml, but was not found in "
			    "zipped directory");
}

static void manifest_version(void **state)
{
	static const struct {
		const char *version, *package, *problem;
	} rows[] = {
	    {"", "", NULL},
	    {"<version>64.0</version>", "version 64\n", NULL},
	    {"<version> 7.0 </version>", "version 7\n", NULL},
	    {"<version>65.0</version>", "version 65\n",
	     "package.xml:1:58 <version> Warning: API version 65.0 is newer than 64.0, the newest "
	     "known here"},
	    {"<version>0.0</version>", "",
	     "package.xml:1:58 <version> Error: '0.0' is not a valid API version"},
	    {"<version>64</version>", "",
	     "package.xml:1:58 <version> Error: '64' is not a valid API version"},
	    {"<version>64.00</version>", "",
	     "package.xml:1:58 <version> Error: '64.00' is not a valid API version"},
	    {"<version>4294967360.0</version>", "",
	     "package.xml:1:58 <version> Error: '4294967360.0' is not a valid API version"},
	    {"<version>-1.0</version>", "",
	     "package.xml:1:58 <version> Error: '-1.0' is not a valid API version"},
	};

	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		struct fixture_package *fixture = *state;
		char text[256];

		snprintf(text, sizeof(text), "<Package " FIXTURE_SALESFORCE ">%s</Package>",
			 rows[i].version);
		fixture_package_put(fixture, "package.xml", text);
		package_expect(fixture, rows[i].package);
		if (rows[i].problem)
			fixture_assert_only(&fixture->problems, rows[i].problem);
		else
			fixture_assert_none(&fixture->problems);
	}
}

/* The package in its folder, as Salesforce gives it out, and in a folder of its own. */
static void roots(void **state)
{
	static const char *const roots[] = {"", "unpackaged/", "one/", "one/unpackaged/"};

	for (size_t i = 0; i < PSG_COUNT(roots); i++) {
		struct fixture_package fixture = {.directory = fixture_directory()};
		struct psg_source *source = NULL;
		char path[128], problem[128];

		(void)state;
		snprintf(path, sizeof(path), "%spackage.xml", roots[i]);
		fixture_package_put(
		    &fixture, path,
		    FIXTURE_PACKAGE(TYPES(MEMBER("A") MEMBER("B"), "PermissionSet")));
		snprintf(path, sizeof(path), "%s" FIXTURE_SET_A, roots[i]);
		fixture_package_put(&fixture, path, FIXTURE_SET(""));
		snprintf(path, sizeof(path), "%s/%spermissionsets/B.permissionset",
			 fixture.directory, roots[i]);
		assert_int_equal(symlink("x", path), 0);
		package_expect(&fixture, "+PermissionSet/A=" FIXTURE_SET_A "\n"
					 "+PermissionSet/B=permissionsets/B.permissionset\n");
		snprintf(problem, sizeof(problem),
			 "%spermissionsets/B.permissionset:0:0 <> Error: A symbolic link: "
			 "links are not followed",
			 roots[i]);
		fixture_assert_only(&fixture.problems, problem);
		psg_problems_clear(&fixture.problems);
		assert_int_equal(psg_source_open(fixture.directory, &fixture.problems, &source),
				 PSG_OK);
		assert_string_equal(psg_source_root(source), roots[i]);
		psg_source_close(&source);
		psg_problems_clear(&fixture.problems);
		fixture_remove(&fixture.directory);
	}
}

/* Where it is not clear what is meant, the directory is the package. */
static void no_other_root(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, "one/package.xml", FIXTURE_PACKAGE(""));
	fixture_package_put(fixture, "two/package.xml", FIXTURE_PACKAGE(""));
	package_expect(fixture, "");
	fixture_assert_only(&fixture->problems, ":0:0 <> Error: No package.xml found");
	fixture_package_put(fixture, "package.xml", FIXTURE_PACKAGE(""));
	package_expect(fixture, "");
	fixture_assert_none(&fixture->problems);
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
	    TEST(manifest_lists_thousands),
	    TEST(manifest_all_and_some),
	    TEST(manifest_version),
	    TEST(manifest_wrong),
	    TEST(roots),
	    TEST(no_other_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
