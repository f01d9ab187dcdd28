/* Retrieving, below the command line: what the policy holds comes back as files, and nothing else is touched. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "retrieve_fixture.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define SET_A                                                                                      \
	HEAD "<PermissionSet " FIXTURE_SALESFORCE ">\n    <label>x</label>\n</PermissionSet>\n"
#define GROUP(status)                                                                              \
	HEAD "<PermissionSetGroup " FIXTURE_SALESFORCE ">\n    <label>x</label>\n"                 \
	     "    <permissionSets>A</permissionSets>\n    <status>" status "</status>\n"           \
	     "</PermissionSetGroup>\n"

static void assert_file(const struct fixture_retrieve *fixture, const char *path,
			const char *wanted)
{
	char whole[512];
	char *text;

	snprintf(whole, sizeof(whole), "%s/%s", fixture->output, path);
	text = fixture_read(whole, NULL);
	assert_string_equal(text, wanted);
	free(text);
}

static void assert_where(const struct fixture_retrieve *fixture, const char *wanted)
{
	assert_non_null(fixture->where.data);
	assert_string_equal(fixture->where.data + strlen(fixture->directory), wanted);
}

static void groups_carry_their_status(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_put(fixture, "PermissionSet", "A", FIXTURE_SET(""), true);
	fixture_retrieve_put(fixture, "PermissionSetGroup", "Good",
			     FIXTURE_GROUP(FIXTURE_MEMBER("A") "<status>Outdated</status>"), true);
	fixture_retrieve_put(fixture, "PermissionSetGroup", "Bad",
			     FIXTURE_GROUP(FIXTURE_MEMBER("Gone")), true);
	/* A document without what it comes to was deferred. */
	fixture_retrieve_put(fixture, "PermissionSetGroup", "Later",
			     FIXTURE_GROUP(FIXTURE_MEMBER("A")), false);
	fixture_retrieve_decide(fixture);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", SET_A);
	assert_file(fixture, "permissionsetgroups/Good.permissionsetgroup", GROUP("Updated"));
	assert_file(fixture, "permissionsetgroups/Later.permissionsetgroup", GROUP("Outdated"));
	assert_file(fixture, "permissionsetgroups/Bad.permissionsetgroup",
		    HEAD "<PermissionSetGroup " FIXTURE_SALESFORCE ">\n    <label>x</label>\n"
			 "    <permissionSets>Gone</permissionSets>\n    <status>Failed</status>\n"
			 "</PermissionSetGroup>\n");
}

static void what_is_not_taken_any_more_comes_as_it_was(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_put(fixture, "PermissionSet", "A", FIXTURE_SET("<gone>1</gone>"), false);
	fixture_retrieve_put(fixture, "PermissionSet", "B", "no XML", false);
	fixture_retrieve_decide(fixture);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", FIXTURE_SET("<gone>1</gone>"));
	assert_file(fixture, "permissionsets/B.permissionset", "no XML");
}

static void a_type_of_a_newer_release(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_put(fixture, "Profile", "A", "<Profile/>", false);
	fixture_retrieve_decide(fixture);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_ERR_VERSION);
	assert_int_equal(fixture->where.len, 0);
}

static void assert_no_other(const struct fixture_retrieve *fixture, size_t count)
{
	char command[128];
	char line[16] = "";

	snprintf(command, sizeof(command), "find %s -type f | wc -l", fixture->directory);
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	assert_int_equal(strtoul(line, NULL, 10), count);
}

/* Of a policy file that somebody else made. */
static void names_do_not_lead_out(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_put(fixture, "PermissionSet", "../../victim", FIXTURE_SET(""), false);
	fixture_retrieve_decide(fixture);
	assert_int_equal(mkdir(fixture->output, 0755), 0);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, true), PSG_ERR_CORRUPT);
	assert_no_other(fixture, 0);
}

/* A checkout: its .git and its own files. */
static void what_is_there_stays(void **state)
{
	struct fixture_retrieve *fixture = *state;

	fixture_retrieve_sample(fixture);
	fixture_put(fixture->directory, "out/.git/config", "git's");
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_OK);
	fixture_put(fixture->output, "README", "mine");
	fixture_put(fixture->output, "permissionsets/Old.permissionset", "old");
	fixture_put(fixture->output, "permissionsets/A.permissionset", "changed");
	assert_int_equal(fixture_retrieve(fixture, fixture->output, false), PSG_ERR_EXISTS);
	assert_where(fixture, "/out");
	assert_file(fixture, "permissionsets/A.permissionset", "changed");
	assert_int_equal(fixture_retrieve(fixture, fixture->output, true), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", SET_A);
	assert_file(fixture, "permissionsets/Old.permissionset", "old");
	assert_file(fixture, "README", "mine");
	assert_file(fixture, ".git/config", "git's");
}

static void links_are_not_followed(void **state)
{
	struct fixture_retrieve *fixture = *state;
	char victim[128], link[512];
	char *text;

	fixture_retrieve_sample(fixture);
	fixture_put(fixture->directory, "victim/A.permissionset", "mine");
	snprintf(victim, sizeof(victim), "%s/victim", fixture->directory);
	assert_int_equal(mkdir(fixture->output, 0755), 0);
	snprintf(link, sizeof(link), "%s/permissionsets", fixture->output);
	assert_int_equal(symlink(victim, link), 0);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, true), PSG_ERR_UNSAFE);
	assert_where(fixture, "/out/permissionsets/A.permissionset");

	/* A file's own link is replaced, not written through. */
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkdir(link, 0755), 0);
	strcat(victim, "/A.permissionset");
	strcat(link, "/A.permissionset");
	assert_int_equal(symlink(victim, link), 0);
	assert_int_equal(fixture_retrieve(fixture, fixture->output, true), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", SET_A);
	text = fixture_read(victim, NULL);
	assert_string_equal(text, "mine");
	free(text);
}

static void a_zip_is_replaced_whole_or_not(void **state)
{
	struct fixture_retrieve *fixture = *state;
	char zip[128];
	size_t len, again_len;

	fixture_retrieve_sample(fixture);
	snprintf(zip, sizeof(zip), "%s/o.ZIP", fixture->directory);
	assert_true(psg_retrieve_is_zip(zip));
	assert_int_equal(fixture_retrieve(fixture, zip, false), PSG_OK);
	char *bytes = fixture_read(zip, &len);

	assert_int_equal(fixture_retrieve(fixture, zip, false), PSG_ERR_EXISTS);
	assert_where(fixture, "/o.ZIP");
	fixture_put(fixture->directory, "o.ZIP", "another");
	assert_int_equal(psg_strings_add(&fixture->documents, "PermissionSet/Nowhere"), PSG_OK);
	assert_int_equal(fixture_retrieve(fixture, zip, true), PSG_ERR_CORRUPT);
	assert_int_equal(fixture->where.len, 0);
	char *kept = fixture_read(zip, NULL);

	assert_string_equal(kept, "another");
	free(fixture->documents.items[--fixture->documents.count]);
	assert_int_equal(fixture_retrieve(fixture, zip, true), PSG_OK);
	char *again = fixture_read(zip, &again_len);

	assert_int_equal(len, again_len);
	assert_memory_equal(bytes, again, len);
	assert_no_other(fixture, 1);
	free(bytes);
	free(kept);
	free(again);
}

static void where_there_is_no_folder(void **state)
{
	struct fixture_retrieve *fixture = *state;
	char path[128];

	fixture_retrieve_sample(fixture);
	snprintf(path, sizeof(path), "%s/none/out", fixture->directory);
	assert_int_equal(fixture_retrieve(fixture, path, false), PSG_ERR_NOT_FOUND);
	assert_where(fixture, "/none/out");
	strcat(path, ".zip");
	assert_int_equal(fixture_retrieve(fixture, path, false), PSG_ERR_NOT_FOUND);
	assert_where(fixture, "/none/out.zip");
	fixture_put(fixture->directory, "file", "");
	snprintf(path, sizeof(path), "%s/file", fixture->directory);
	assert_int_equal(fixture_retrieve(fixture, path, true), PSG_ERR_UNSAFE);
	assert_where(fixture, "/file");
	/* A directory is one whatever its name. */
	snprintf(path, sizeof(path), "%s/d.zip", fixture->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_false(psg_retrieve_is_zip(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_RETRIEVE(groups_carry_their_status),
	    TEST_RETRIEVE(what_is_not_taken_any_more_comes_as_it_was),
	    TEST_RETRIEVE(a_type_of_a_newer_release),
	    TEST_RETRIEVE(names_do_not_lead_out),
	    TEST_RETRIEVE(what_is_there_stays),
	    TEST_RETRIEVE(links_are_not_followed),
	    TEST_RETRIEVE(a_zip_is_replaced_whole_or_not),
	    TEST_RETRIEVE(where_there_is_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
