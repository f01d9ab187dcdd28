/* Every message, by a file that has that one thing wrong: where, which element, what, what to do.
 * tests/data/metadata/bad/ holds the files, bad.expected what is to be said of them, line by line. */
#include "metadata_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *type_of(const char *file)
{
	static const char *const types[][2] = {
	    {".activationpolicy", "ActivationPolicy"},
	    {".mutingpermissionset", "MutingPermissionSet"},
	    {".permissionset", "PermissionSet"},
	    {".permissionsetgroup", "PermissionSetGroup"},
	    {".settings", "Settings"},
	};
	const char *suffix = strrchr(file, '.');

	for (size_t i = 0; i < PSG_COUNT(types); i++)
		if (suffix && strcmp(suffix, types[i][0]) == 0)
			return types[i][1];
	fail_msg("%s: of no type", file);
	return NULL;
}

static void describe_file(const char *file, struct psg_buf *out)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	const char *type = type_of(file);
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), FIXTURE_DATA "bad/%s", file);
	char *bytes = fixture_read(path, &len);

	assert_int_equal(fixture_parse(type, strcmp(type, "Settings") ? "Sample" : "Gate", file,
				       bytes, len, &model, &problems),
			 PSG_OK);
	for (size_t i = 0; i < problems.count; i++) {
		assert_string_equal(problems.items[i].type, type);
		assert_true(*problems.items[i].name);
	}
	psg_problems_sort(&problems);
	if (problems.count == 0)
		fail_msg("%s: nothing was reported", file);
	fixture_describe(&problems, out);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
	free(bytes);
}

/* Line by line, so that a failure names the file. */
static void compare_lines(char *expected, char *got)
{
	char *rest_expected = expected, *rest_got = got;

	for (;;) {
		const char *want = strsep(&rest_expected, "\n");
		const char *have = strsep(&rest_got, "\n");

		if (!want && !have)
			return;
		assert_string_equal(have ? have : "(nothing)", want ? want : "(nothing)");
	}
}

static void every_message(void **state)
{
	struct dirent **files;
	int count = scandir(FIXTURE_DATA "bad", &files, NULL, alphasort);
	struct psg_buf got = {0};

	(void)state;
	assert_true(count > 80);
	for (int i = 0; i < count; i++) {
		if (files[i]->d_name[0] != '.')
			describe_file(files[i]->d_name, &got);
		free(files[i]);
	}
	free(files);
	char *expected = fixture_read(FIXTURE_DATA "bad.expected", NULL);

	compare_lines(expected, got.data);
	free(expected);
	psg_buf_clear(&got);
}

#define NOT_PLAIN "it holds something other than letters, digits and underscores"
#define TWO_IN_A_ROW "it has two underscores in a row that are not a namespace's"

static void expect_name(const char *type, const char *name, const char *expected)
{
	const char *text = FIXTURE_SET("");
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	assert_int_equal(fixture_parse(type, name, "x", text, strlen(text), &model, &problems),
			 PSG_OK);
	fixture_assert_only(&problems, expected);
	assert_true(strncmp(problems.items[0].remedy, "Rename the file: letters, ", 26) == 0);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

static void bad_names(void **state)
{
	static const char *const names[][2] = {
	    {"1st", "it does not begin with a letter"},
	    {"_x", "it does not begin with a letter"},
	    {"__x", "it does not begin with a letter"},
	    {"ns__1st", "it does not begin with a letter after its namespace"},
	    {"a__b__c__d", TWO_IN_A_ROW},
	    {"a___b", TWO_IN_A_ROW},
	    {"end_", "it ends with an underscore"},
	    {"ns__end_", "it ends with an underscore"},
	    {"end__", "nothing follows its two underscores"},
	    {"", "it is empty"},
	    {"a b", NOT_PLAIN},
	    {"a-b", NOT_PLAIN},
	    {"../x", NOT_PLAIN},
	    {"\xC3\xA4", NOT_PLAIN},
	    {"abcdefghijklmnop__X",
	     "its namespace, before the two underscores, is longer than 15 characters"},
	    {"x0123456789012345678901234567890123456789012345678901234567890123456789012345678901",
	     "it is longer than 80 characters"},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		char expected[256];

		snprintf(expected, sizeof(expected),
			 "x:0:0 <> Error: The file name '%s' is not a valid API name: %s",
			 names[i][0], names[i][1]);
		expect_name("PermissionSet", names[i][0], expected);
	}
}

static void settings_of_others(void **state)
{
	const char *text = FIXTURE_GATE("");
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	(void)state;
	assert_int_equal(fixture_parse("Settings", "Account", "settings/Account.settings", text,
				       strlen(text), &model, &problems),
			 PSG_OK);
	fixture_assert_only(&problems, "settings/Account.settings:0:0 <> Error: Settings 'Account' "
				       "are not kept here: only Gate is");
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

/* Half a million wrong elements are not half a million lines; an error is never among what is left out alone. */
static void too_many_to_list(void **state)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	struct psg_buf text = {0};

	(void)state;
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE ">");
	for (int i = 0; i < 300; i++)
		psg_buf_text(&text, "<tabSettings><tab>T</tab><visibility>None</visibility>"
				    "</tabSettings>\n");
	for (int i = 0; i < 300; i++)
		psg_buf_text(&text, "<x/>\n");
	psg_buf_text(&text, "<label>x</label></PermissionSet>");
	assert_int_equal(
	    fixture_parse("PermissionSet", "X", "f", text.data, text.len, &model, &problems),
	    PSG_OK);
	assert_int_equal(problems.count, 202);
	assert_int_equal(problems.error_count, 101);
	psg_problems_sort(&problems);
	assert_true(problems.items[100].warning);
	assert_string_equal(problems.items[100].text,
			    "The file has more than 100 warnings: the others are not listed");
	assert_int_equal(problems.items[100].line, 102);
	assert_int_equal(problems.items[201].line, 401);
	assert_string_equal(problems.items[201].text,
			    "The file has more than 100 errors: the others are not listed");
	assert_string_equal(problems.items[201].remedy, "Correct those above, then deploy again.");
	psg_buf_clear(&text);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

static void unknown_type(void **state)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	(void)state;
	assert_int_equal(fixture_parse("Profile", "X", "x", "<a/>", 4, &model, &problems),
			 PSG_ERR_INVALID);
	fixture_assert_none(&problems);
}

/* libxml2's own line numbers of nodes end at 65,535. */
static void lines_beyond_65535(void **state)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	struct psg_buf text = {0};

	(void)state;
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE "><label>x</label>");
	for (int i = 1; i < 70000; i++)
		psg_buf_text(&text, "\n");
	psg_buf_text(&text, "\t\xC3\xA4<!-- \xE2\x82\xAC --><label>x</label></PermissionSet>");
	assert_int_equal(
	    fixture_parse("PermissionSet", "X", "f", text.data, text.len, &model, &problems),
	    PSG_OK);
	psg_problems_sort(&problems);
	assert_int_equal(problems.count, 2);
	/* Columns count characters: a tab, an ä, and a comment of ten. */
	assert_int_equal(problems.items[0].line, 70000);
	assert_int_equal(problems.items[0].column, 13);
	assert_string_equal(problems.items[0].element, "label");
	/* What the ä is said of: the element after it. */
	assert_int_equal(problems.items[1].line, 70000);
	assert_int_equal(problems.items[1].column, 13);
	assert_string_equal(problems.items[1].element, "PermissionSet");
	psg_buf_clear(&text);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_message),      cmocka_unit_test(bad_names),
	    cmocka_unit_test(settings_of_others), cmocka_unit_test(too_many_to_list),
	    cmocka_unit_test(unknown_type),       cmocka_unit_test(lines_beyond_65535),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
