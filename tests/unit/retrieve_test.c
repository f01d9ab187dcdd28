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

#include "metadata_fixture.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define SET_A                                                                                      \
	HEAD "<PermissionSet " FIXTURE_SALESFORCE ">\n    <label>x</label>\n</PermissionSet>\n"
#define GROUP(status)                                                                              \
	HEAD "<PermissionSetGroup " FIXTURE_SALESFORCE ">\n    <label>x</label>\n"                 \
	     "    <permissionSets>A</permissionSets>\n    <status>" status "</status>\n"           \
	     "</PermissionSetGroup>\n"

struct fixture {
	struct psg_folder *root;
	struct psg_policy *policy;
	struct psg_model model;
	struct psg_problems problems;
	struct psg_strings documents;
	struct psg_buf where;
	char *directory, output[64];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (!fixture || psg_folder_open_memory(NULL, &fixture->root) != PSG_OK)
		return -1;
	fixture->directory = fixture_directory();
	snprintf(fixture->output, sizeof(fixture->output), "%s/out", fixture->directory);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	psg_policy_close(&fixture->policy);
	psg_folder_release(&fixture->root);
	psg_model_clear(&fixture->model);
	psg_problems_clear(&fixture->problems);
	psg_strings_clear(&fixture->documents);
	psg_buf_clear(&fixture->where);
	fixture_remove(&fixture->directory);
	free(fixture);
	return 0;
}

/* A document of the policy to be; `compiled`: with what it comes to. */
static void put(struct fixture *fixture, const char *type, const char *name, const char *text,
		bool compiled)
{
	struct psg_model *model = &fixture->model;
	struct psg_document *document;

	if (compiled)
		assert_int_equal(
		    fixture_parse(type, name, name, text, strlen(text), model, &fixture->problems),
		    PSG_OK);
	fixture_assert_none(&fixture->problems);
	model->documents =
	    reallocarray(model->documents, model->document_count + 1, sizeof(*document));
	assert_non_null(model->documents);
	document = &model->documents[model->document_count++];
	*document = (struct psg_document){.type = strdup(type),
					  .name = strdup(name),
					  .path = strdup(name),
					  .bytes = strdup(text),
					  .len = strlen(text)};
}

/* Puts the policy in force and selects all of it. */
static void decide(struct fixture *fixture)
{
	const struct psg_assignments none = {0};

	assert_int_equal(psg_recalculate(&fixture->model), PSG_OK);
	assert_int_equal(psg_policy_write(fixture->root, &fixture->model, &none, 1), PSG_OK);
	assert_int_equal(psg_policy_open(fixture->root, &fixture->policy), PSG_OK);
	assert_int_equal(
	    psg_retrieve_select(fixture->policy, NULL, &fixture->documents, &fixture->problems),
	    PSG_OK);
}

static void decide_on_a_set_and_a_group(struct fixture *fixture)
{
	put(fixture, "PermissionSet", "A", FIXTURE_SET(""), true);
	put(fixture, "PermissionSetGroup", "G", FIXTURE_GROUP(FIXTURE_MEMBER("A")), true);
	decide(fixture);
}

static enum psg_err retrieve(struct fixture *fixture, const char *output, bool replace)
{
	psg_buf_clear(&fixture->where);
	return psg_retrieve_write(fixture->policy, &fixture->documents, output, replace,
				  &fixture->where);
}

static void assert_file(const struct fixture *fixture, const char *path, const char *wanted)
{
	char whole[512];
	char *text;

	snprintf(whole, sizeof(whole), "%s/%s", fixture->output, path);
	text = fixture_read(whole, NULL);
	assert_string_equal(text, wanted);
	free(text);
}

static void assert_where(const struct fixture *fixture, const char *wanted)
{
	assert_non_null(fixture->where.data);
	assert_string_equal(fixture->where.data + strlen(fixture->directory), wanted);
}

static void groups_carry_their_status(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(""), true);
	put(fixture, "PermissionSetGroup", "Good",
	    FIXTURE_GROUP(FIXTURE_MEMBER("A") "<status>Outdated</status>"), true);
	put(fixture, "PermissionSetGroup", "Bad", FIXTURE_GROUP(FIXTURE_MEMBER("Gone")), true);
	/* A document without what it comes to was deferred. */
	put(fixture, "PermissionSetGroup", "Later", FIXTURE_GROUP(FIXTURE_MEMBER("A")), false);
	decide(fixture);
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_OK);
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
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET("<gone>1</gone>"), false);
	put(fixture, "PermissionSet", "B", "no XML", false);
	decide(fixture);
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", FIXTURE_SET("<gone>1</gone>"));
	assert_file(fixture, "permissionsets/B.permissionset", "no XML");
}

static void a_type_of_a_newer_release(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "Profile", "A", "<Profile/>", false);
	decide(fixture);
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_ERR_VERSION);
	assert_int_equal(fixture->where.len, 0);
}

/* A checkout: its .git and its own files. */
static void what_is_there_stays(void **state)
{
	struct fixture *fixture = *state;

	decide_on_a_set_and_a_group(fixture);
	fixture_put(fixture->directory, "out/.git/config", "git's");
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_OK);
	fixture_put(fixture->output, "README", "mine");
	fixture_put(fixture->output, "permissionsets/Old.permissionset", "old");
	fixture_put(fixture->output, "permissionsets/A.permissionset", "changed");
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_ERR_EXISTS);
	assert_where(fixture, "/out");
	assert_file(fixture, "permissionsets/A.permissionset", "changed");
	assert_int_equal(retrieve(fixture, fixture->output, true), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", SET_A);
	assert_file(fixture, "permissionsets/Old.permissionset", "old");
	assert_file(fixture, "README", "mine");
	assert_file(fixture, ".git/config", "git's");
}

static void links_are_not_followed(void **state)
{
	struct fixture *fixture = *state;
	char victim[128], link[512];
	char *text;

	decide_on_a_set_and_a_group(fixture);
	fixture_put(fixture->directory, "victim/A.permissionset", "mine");
	snprintf(victim, sizeof(victim), "%s/victim", fixture->directory);
	assert_int_equal(mkdir(fixture->output, 0755), 0);
	snprintf(link, sizeof(link), "%s/permissionsets", fixture->output);
	assert_int_equal(symlink(victim, link), 0);
	assert_int_equal(retrieve(fixture, fixture->output, true), PSG_ERR_UNSAFE);
	assert_where(fixture, "/out/permissionsets/A.permissionset");

	/* A file's own link is replaced, not written through. */
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkdir(link, 0755), 0);
	strcat(victim, "/A.permissionset");
	strcat(link, "/A.permissionset");
	assert_int_equal(symlink(victim, link), 0);
	assert_int_equal(retrieve(fixture, fixture->output, true), PSG_OK);
	assert_file(fixture, "permissionsets/A.permissionset", SET_A);
	text = fixture_read(victim, NULL);
	assert_string_equal(text, "mine");
	free(text);
}

static void assert_no_other(const struct fixture *fixture, size_t count)
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

static void a_zip_is_replaced_whole_or_not(void **state)
{
	struct fixture *fixture = *state;
	char zip[128];
	size_t len, again_len;

	decide_on_a_set_and_a_group(fixture);
	snprintf(zip, sizeof(zip), "%s/o.ZIP", fixture->directory);
	assert_true(psg_retrieve_is_zip(zip));
	assert_int_equal(retrieve(fixture, zip, false), PSG_OK);
	char *bytes = fixture_read(zip, &len);

	assert_int_equal(retrieve(fixture, zip, false), PSG_ERR_EXISTS);
	assert_where(fixture, "/o.ZIP");
	fixture_put(fixture->directory, "o.ZIP", "another");
	assert_int_equal(psg_strings_add(&fixture->documents, "PermissionSet/Nowhere"), PSG_OK);
	assert_int_equal(retrieve(fixture, zip, true), PSG_ERR_CORRUPT);
	assert_int_equal(fixture->where.len, 0);
	char *kept = fixture_read(zip, NULL);

	assert_string_equal(kept, "another");
	free(fixture->documents.items[--fixture->documents.count]);
	assert_int_equal(retrieve(fixture, zip, true), PSG_OK);
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
	struct fixture *fixture = *state;
	char path[128];

	decide_on_a_set_and_a_group(fixture);
	snprintf(path, sizeof(path), "%s/none/out", fixture->directory);
	assert_int_equal(retrieve(fixture, path, false), PSG_ERR_NOT_FOUND);
	assert_where(fixture, "/none/out");
	strcat(path, ".zip");
	assert_int_equal(retrieve(fixture, path, false), PSG_ERR_NOT_FOUND);
	assert_where(fixture, "/none/out.zip");
	fixture_put(fixture->directory, "file", "");
	snprintf(path, sizeof(path), "%s/file", fixture->directory);
	assert_int_equal(retrieve(fixture, path, true), PSG_ERR_UNSAFE);
	assert_where(fixture, "/file");
	/* A directory is one whatever its name. */
	snprintf(path, sizeof(path), "%s/d.zip", fixture->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_false(psg_retrieve_is_zip(path));
}

static void assert_selects(struct fixture *fixture, const char *body, const char *names,
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
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "B", FIXTURE_SET(""), true);
	put(fixture, "Settings", "Gate", FIXTURE_GATE(""), true);
	decide_on_a_set_and_a_group(fixture);
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
	struct fixture *fixture = *state;
	struct psg_strings found = {0};
	struct psg_buf text = {0};

	decide_on_a_set_and_a_group(fixture);
	assert_int_equal(psg_retrieve_strangers(fixture->policy, fixture->output, &found),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(retrieve(fixture, fixture->output, false), PSG_OK);
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

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(groups_carry_their_status), TEST(what_is_not_taken_any_more_comes_as_it_was),
	    TEST(a_type_of_a_newer_release), TEST(what_is_there_stays),
	    TEST(links_are_not_followed),    TEST(a_zip_is_replaced_whole_or_not),
	    TEST(where_there_is_no_folder),  TEST(a_manifest_selects),
	    TEST(strangers_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
