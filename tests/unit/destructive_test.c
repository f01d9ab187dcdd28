/* destructiveChanges.xml and its kin: what is to be deleted, before or after. */
#include "package_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PLAIN "destructiveChanges.xml"
#define PRE "destructiveChangesPre.xml"
#define POST "destructiveChangesPost.xml"

static void put_manifest(struct fixture_package *fixture)
{
	fixture_package_put(fixture, "package.xml", FIXTURE_PACKAGE("<version>64.0</version>"));
}

static void all_three(void **state)
{
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	fixture_package_put(fixture, PRE, FIXTURE_PACKAGE(TYPES(MEMBER("C"), "PermissionSet")));
	fixture_package_put(
	    fixture, PLAIN,
	    FIXTURE_PACKAGE("\n" TYPES(MEMBER("ns__B") "\n " MEMBER("A"), "PermissionSetGroup")
				TYPES(MEMBER("Gate"), "Settings")));
	fixture_package_put(fixture, POST,
			    FIXTURE_PACKAGE("\n" TYPES(MEMBER("D"), "ActivationPolicy")));
	package_expect(fixture, "version 64\n"
				"-ActivationPolicy/D=after " POST ":2:8\n"
				"-PermissionSet/C=" PRE ":1:65\n"
				"-PermissionSetGroup/A=" PLAIN ":3:2\n"
				"-PermissionSetGroup/ns__B=" PLAIN ":2:8\n"
				"-Settings/Gate=" PLAIN ":4:8\n");
	fixture_assert_none(&fixture->problems);
}

/* Once, where it comes first: Pre, the plain one, Post. */
static void named_twice(void **state)
{
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	fixture_package_put(
	    fixture, PLAIN,
	    FIXTURE_PACKAGE(TYPES(MEMBER("A") MEMBER("B") MEMBER("B"), "PermissionSet")));
	fixture_package_put(fixture, POST,
			    FIXTURE_PACKAGE(TYPES(MEMBER("A") MEMBER("C"), "PermissionSet")));
	fixture_package_put(fixture, PRE,
			    FIXTURE_PACKAGE("\n" TYPES(MEMBER("B"), "PermissionSet")));
	package_expect(fixture, "version 64\n"
				"-PermissionSet/A=" PLAIN ":1:65\n"
				"-PermissionSet/B=" PRE ":2:8\n"
				"-PermissionSet/C=after " POST ":1:85\n");
	fixture_assert_none(&fixture->problems);
}

static void wildcard(void **state)
{
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	fixture_package_put(fixture, POST,
			    FIXTURE_PACKAGE("\n" TYPES("\n  " MEMBER("*"), "PermissionSet")));
	package_expect(fixture, "version 64\n");
	fixture_assert_only(&fixture->problems,
			    POST ":3:3 <members> Error: '*' cannot be used in " POST);
	assert_string_equal(fixture->problems.items[0].type, "PermissionSet");
}

static void bad_names(void **state)
{
	static const char *const names[] = {"A B", "A_", "1A", "A__", "../A", "A*", "%", "A/B"};
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		char text[512], expected[256];

		snprintf(text, sizeof(text),
			 "<Package " FIXTURE_SALESFORCE "><types>"
			 "<members>%s</members><name>PermissionSet</name></types></Package>",
			 names[i]);
		snprintf(expected, sizeof(expected),
			 PLAIN ":1:65 <members> Error: '%s' is not a valid API name", names[i]);
		fixture_package_put(fixture, PLAIN, text);
		package_expect(fixture, "version 64\n");
		fixture_assert_only(&fixture->problems, expected);
	}
}

static void not_kept(void **state)
{
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	fixture_package_put(fixture, PLAIN,
			    FIXTURE_PACKAGE(TYPES(MEMBER("*"), "Profile")
						TYPES(MEMBER("A") MEMBER("B"), "ApexClass")
						    TYPES(MEMBER("Case"), "Settings")
							TYPES(MEMBER("A"), "PermissionSet")));
	package_expect(fixture, "version 64\n-PermissionSet/A=" PLAIN ":4:8\n");
	fixture_assert_only(&fixture->problems,
			    PLAIN ":1:85 <name> Warning: Types that are not kept here: ApexClass, "
				  "Profile; Settings: Case");
}

/* As Salesforce has it, in source format too. */
static void without_package_xml(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, PLAIN, FIXTURE_PACKAGE(TYPES(MEMBER("A"), "PermissionSet")));
	package_expect(fixture, "-PermissionSet/A=" PLAIN ":1:65\n");
	fixture_assert_only(&fixture->problems, PLAIN ":0:0 <> Error: No package.xml found");
	fixture_package_put(fixture, "force-app/B.permissionset-meta.xml", FIXTURE_SET(""));
	package_expect(fixture, "+PermissionSet/B=force-app/B.permissionset-meta.xml\n"
				"-PermissionSet/A=" PLAIN ":1:65\n");
	fixture_assert_only(&fixture->problems, PLAIN ":0:0 <> Error: No package.xml found");
}

/* Somewhere else it is a file like others. */
static void not_at_the_root(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "manifest/" PLAIN, "not looked at");
	fixture_package_put(fixture, "manifest/Package.xml", "not looked at");
	package_expect(fixture, "+PermissionSet/A=" FIXTURE_SET_A "\n");
	fixture_assert_none(&fixture->problems);
}

static void misspelt(void **state)
{
	static const char *const names[] = {"destructivechanges.xml", "destructiveChangesLast.xml",
					    "DestructiveChangesPost.XML"};
	struct fixture_package *fixture = *state;
	char path[512], expected[256];

	put_manifest(fixture);
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		fixture_package_put(fixture, names[i], "not looked at");
		snprintf(expected, sizeof(expected),
			 "%s:0:0 <> Error: No destructive manifest has this name: nothing would be "
			 "deleted",
			 names[i]);
		package_expect(fixture, "version 64\n");
		fixture_assert_only(&fixture->problems, expected);
		fixture_path(fixture, names[i], path);
		assert_int_equal(unlink(path), 0);
	}
	fixture_package_put(fixture, "PACKAGE.xml", "not looked at");
	package_expect(fixture, "version 64\n");
	fixture_assert_only(&fixture->problems,
			    "PACKAGE.xml:0:0 <> Error: The manifest has another "
			    "name: it would not be read");
}

static void broken(void **state)
{
	struct fixture_package *fixture = *state;

	put_manifest(fixture);
	fixture_package_put(fixture, PLAIN, "<Package");
	package_expect(fixture, "version 64\n");
	assert_int_equal(fixture->problems.error_count, 1);
	assert_string_equal(fixture->problems.items[0].file, PLAIN);
	fixture_package_put(fixture, PLAIN, FIXTURE_PACKAGE("<version>new</version>"));
	package_expect(fixture, "version 64\n");
	fixture_assert_only(&fixture->problems,
			    PLAIN ":1:58 <version> Error: 'new' is not a valid API version");
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_package_set_up, fixture_package_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_three),       TEST(named_twice), TEST(wildcard),
	    TEST(bad_names),       TEST(not_kept),    TEST(without_package_xml),
	    TEST(not_at_the_root), TEST(misspelt),    TEST(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
