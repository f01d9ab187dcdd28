/* What is newer than package.xml's version: a Warning a name and file, and taken all the same. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *type, const char *text, unsigned version, const char *expected)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	struct psg_buf got = {0};

	psg_buf_text(&got, "");
	assert_int_equal(
	    fixture_parse_of(type, "X", "f", text, strlen(text), version, &model, &problems),
	    PSG_OK);
	psg_problems_sort(&problems);
	fixture_describe(&problems, &got);
	assert_string_equal(got.data, expected);
	assert_int_equal(problems.error_count, 0);
	psg_buf_clear(&got);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

#define NEWER(place, element, since, version)                                                      \
	"f:" place " <" element "> Warning: " element " was introduced in API version " since      \
	"; package.xml says " version ": it is honoured | Write " since                            \
	" or a later version in package.xml.\n"

static void of_a_group(void **state)
{
	const char *text = FIXTURE_GROUP("\n<hasActivationRequired>true</hasActivationRequired>"
					 "\n<mutingPermissionSets>A</mutingPermissionSets>"
					 "\n<mutingPermissionSets>B</mutingPermissionSets>");

	(void)state;
	expect("PermissionSetGroup", text, 0, "");
	expect("PermissionSetGroup", text, 53, "");
	expect("PermissionSetGroup", text, 52,
	       NEWER("2:1", "hasActivationRequired", "53.0", "52.0"));
	expect("PermissionSetGroup", text, 45,
	       NEWER("2:1", "hasActivationRequired", "53.0", "45.0")
		   NEWER("3:1", "mutingPermissionSets", "46.0", "45.0"));
	expect("PermissionSetGroup", text, 44,
	       NEWER("1:1", "PermissionSetGroup", "45.0", "44.0")
		   NEWER("2:1", "hasActivationRequired", "53.0", "44.0")
		       NEWER("3:1", "mutingPermissionSets", "46.0", "44.0"));
}

static void of_a_muting_set(void **state)
{
	(void)state;
	expect("MutingPermissionSet", FIXTURE_MUTING(""), 46, "");
	expect("MutingPermissionSet", FIXTURE_MUTING(""), 45,
	       NEWER("1:1", "MutingPermissionSet", "46.0", "45.0"));
}

/* A field of an item, once however many items have it. */
static void of_an_item(void **state)
{
#define RIGHTS(object)                                                                             \
	"\n<objectPermissions><allowCreate>0</allowCreate><allowDelete>0</allowDelete><allowEdit>" \
	"0</allowEdit><allowRead>0</allowRead><modifyAllRecords>0</"                               \
	"modifyAllRecords><object>" object                                                         \
	"</object><viewAllFields>0</viewAllFields><viewAllRecords>0</viewAllRecords>"              \
	"</objectPermissions>"
	(void)state;
	expect("PermissionSet", FIXTURE_SET(RIGHTS("A") RIGHTS("B")), 62,
	       "f:2:180 <viewAllFields> Warning: viewAllFields was introduced in API version 63.0; "
	       "package.xml says 62.0: it is honoured | Write 63.0 or a later version in "
	       "package.xml.\n");
}

static void what_is_newer_is_honoured(void **state)
{
	const char *text = FIXTURE_GROUP("<hasActivationRequired>true</hasActivationRequired>"
					 "<mutingPermissionSets>A</mutingPermissionSets>");
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	(void)state;
	assert_int_equal(fixture_parse_of("PermissionSetGroup", "X", "f", text, strlen(text), 20,
					  &model, &problems),
			 PSG_OK);
	assert_true(model.groups[0].requires_activation);
	assert_int_equal(model.groups[0].muting_sets.count, 1);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

/* Every element of a set that says since when, with one manifest older than all. The list is Salesforce's. */
static void every_element(void **state)
{
	static const struct {
		const char *name;
		unsigned since;
	} elements[] = {
	    {"agentAccesses", 63},
	    {"applicationVisibilities", 29},
	    {"classAccesses", 23},
	    {"customMetadataTypeAccesses", 47},
	    {"customPermissions", 31},
	    {"customSettingAccesses", 47},
	    {"emailRoutingAddressAccesses", 62},
	    {"externalCredentialPrincipalAccesses", 59},
	    {"externalDataSourceAccesses", 27},
	    {"fieldPermissions", 23},
	    {"flowAccesses", 47},
	    {"hasActivationRequired", 37},
	    {"license", 38},
	    {"objectPermissions", 23},
	    {"pageAccesses", 23},
	    {"recordTypeVisibilities", 29},
	    {"servicePresenceStatusAccesses", 64},
	    {"tabSettings", 26},
	    {"viewAllFields", 63},
	};
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	size_t len;
	char *text = fixture_read(FIXTURE_DATA "good/Everything.permissionset", &len);

	(void)state;
	assert_int_equal(
	    fixture_parse_of("PermissionSet", "Everything", "f", text, len, 22, &model, &problems),
	    PSG_OK);
	assert_int_equal(problems.count, PSG_COUNT(elements));
	for (size_t i = 0; i < PSG_COUNT(elements); i++) {
		char expected[128];
		size_t at = 0;

		snprintf(expected, sizeof(expected), "%s was introduced in API version %u.0; ",
			 elements[i].name, elements[i].since);
		while (at < problems.count &&
		       strncmp(problems.items[at].text, expected, strlen(expected)) != 0)
			at++;
		if (at == problems.count)
			fail_msg("nobody says: %s", expected);
	}
	free(text);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

/* ActivationPolicy and Gate are of no version of Salesforce's. */
static void ours_are_of_no_version(void **state)
{
	(void)state;
	expect("ActivationPolicy", FIXTURE_POLICY("<lifetime>1h</lifetime>"), 20, "");
	expect("PermissionSet", FIXTURE_SET(FIXTURE_PERMISSION("A")), 22, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_a_group),    cmocka_unit_test(of_a_muting_set),
	    cmocka_unit_test(of_an_item),    cmocka_unit_test(what_is_newer_is_honoured),
	    cmocka_unit_test(every_element), cmocka_unit_test(ours_are_of_no_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
