/* What is retrieved of a policy: what a manifest names; and what a directory holds besides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "retrieve_fixture.h"

static void assert_selects(struct fixture_retrieve *fixture, const char *body, const char *names,
			   const char *problems)
{
	struct psg_buf found = {0}, said = {0}, text = {0};

	psg_buf_format(&text, "<Package " FIXTURE_SALESFORCE ">%s</Package>", body);
	struct psg_document manifest = {
	    .path = (char *)(uintptr_t) "m", .bytes = text.data, .len = text.len};

	psg_strings_clear(&fixture->documents);
	psg_problems_clear(&fixture->problems);
	assert_int_equal(psg_retrieve_select(fixture->policy, &manifest, &fixture->documents,
					     &fixture->problems),
			 PSG_OK);
	psg_buf_text(&found, "");
	psg_buf_text(&said, "");
	for (size_t i = 0; i < fixture->documents.count; i++)
		psg_buf_format(&found, "%s%s", i ? " " : "", fixture->documents.items[i]);
	fixture_describe(&fixture->problems, &said);
	assert_string_equal(found.data, names);
	assert_string_equal(said.data, problems);
	psg_buf_clear(&found);
	psg_buf_clear(&said);
	psg_buf_clear(&text);
}

#define TYPES(members, name) "<types>" members "<name>" name "</name></types>"
#define MEMBER(name) "<members>" name "</members>"

static void a_manifest_selects(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_put(fixture, "PermissionSet", "B", FIXTURE_SET(""), true);
	fixture_retrieve_put(fixture, "Settings", "Gate", FIXTURE_GATE(""), true);
	fixture_retrieve_sample(fixture);
	assert_selects(fixture, TYPES(MEMBER("*"), "PermissionSet"),
		       "PermissionSet/A PermissionSet/B", "");
	assert_selects(fixture,
		       TYPES(MEMBER("B") MEMBER("*") MEMBER("B"), "PermissionSet")
			   TYPES(MEMBER("*"), "PermissionSet") TYPES(MEMBER("Gate"), "Settings"),
		       "PermissionSet/A PermissionSet/B Settings/Gate", "");
	assert_selects(fixture, "<version>64.0</version>", "", "");
	assert_selects(
	    fixture,
	    TYPES(MEMBER("Nope") MEMBER("a") MEMBER("B"), "PermissionSet")
		TYPES(MEMBER("*"), "MutingPermissionSet"),
	    "PermissionSet/B",
	    "m:1:65 <members> Warning: Entity of type 'PermissionSet' named 'Nope' cannot "
	    "be found | Correct the name, or remove the line.\n"
	    "m:1:88 <members> Warning: Entity of type 'PermissionSet' named 'a' cannot be "
	    "found | Correct the name, or remove the line.\n");
	assert_selects(fixture,
		       TYPES(MEMBER("*"), "Profile")
			   TYPES(MEMBER("Account") MEMBER("*"), "Settings")
			       TYPES(MEMBER("X"), "ApexClass") TYPES(MEMBER("Y"), "ApexClass"),
		       "Settings/Gate",
		       "m:1:85 <name> Warning: Types that are not kept here: ApexClass, Profile; "
		       "Settings: Account | Nothing need be done: they are left out.\n");
	assert_selects(fixture, TYPES(MEMBER("A"), "PermissionSet") "<colour/>", "",
		       "m:1:119 <colour> Error: Element colour invalid at this location in type "
		       "Package | Remove it, or correct its name.\n");
	assert_selects(fixture, TYPES(MEMBER("A"), ""), "",
		       "m:1:85 <name> Error: Required field is missing: name | Give it a value.\n");
	assert_selects(
	    fixture, "<types>", "",
	    "m:1:75 <> Error: Error parsing file: Opening and ending tag mismatch: types "
	    "line 1 and Package | Make the file well-formed XML.\n");
}

static void strangers_are_found(void **state)
{
	struct fixture_retrieve *fixture = *state;
	struct psg_strings found = {0};
	struct psg_buf text = {0};

	fixture_retrieve_sample(fixture);
	assert_int_equal(psg_retrieve_strangers(fixture->policy, fixture->output, &found),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_OK);
	assert_int_equal(psg_retrieve_strangers(fixture->policy, fixture->output, &found), PSG_OK);
	assert_int_equal(found.count, 0);
	fixture_put(fixture->output, "permissionsets/Old.permissionset", "");
	fixture_put(fixture->output, "permissionsets/Older.permissionset-meta.xml", "");
	fixture_put(fixture->output, "permissionsets/A.permissionset-meta.xml", "");
	fixture_put(fixture->output, "permissionsets/.A.permissionset", "");
	fixture_put(fixture->output, "permissionsets/README", "");
	fixture_put(fixture->output, "settings/Account.settings", "");
	fixture_put(fixture->output, "settings/Gate.settings", "");
	fixture_put(fixture->output, "classes/X.cls", "");
	fixture_put(fixture->output, "destructiveChangesPost.xml", "");
	assert_int_equal(psg_retrieve_strangers(fixture->policy, fixture->output, &found), PSG_OK);
	for (size_t i = 0; i < found.count; i++)
		psg_buf_format(&text, "%s\n", found.items[i]);
	assert_string_equal(text.data, "destructiveChangesPost.xml\n"
				       "permissionsets/Old.permissionset\n"
				       "permissionsets/Older.permissionset-meta.xml\n"
				       "settings/Gate.settings\n");
	psg_strings_clear(&found);
	psg_buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_RETRIEVE(a_manifest_selects),
	    TEST_RETRIEVE(strangers_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
