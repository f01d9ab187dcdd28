/* What only the whole shows of groups and their members: exact texts, places and remedies. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/metadata/metadata.h"

struct fixture {
	struct psg_model model;
	struct psg_problems problems;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	psg_model_clear(&fixture->model);
	psg_problems_clear(&fixture->problems);
	free(fixture);
	return 0;
}

/* A document of the model. */
static void put(struct fixture *fixture, const char *type, const char *name, const char *text)
{
	struct psg_model *model = &fixture->model;
	struct psg_document *document;

	model->documents =
	    reallocarray(model->documents, model->document_count + 1, sizeof(*model->documents));
	assert_non_null(model->documents);
	document = &model->documents[model->document_count++];
	*document = (struct psg_document){.type = strdup(type),
					  .name = strdup(name),
					  .path = strdup(name),
					  .bytes = strdup(text),
					  .len = strlen(text)};
	assert_int_equal(psg_metadata_parse(document, 0, model, NULL, &fixture->problems), PSG_OK);
	fixture_assert_none(&fixture->problems);
}

static enum psg_err locate(void *arg, const char *path, struct psg_buf *ret)
{
	const struct psg_model *model = arg;

	for (size_t i = 0; i < model->document_count; i++)
		if (strcmp(model->documents[i].path, path) == 0)
			psg_buf_put(ret, model->documents[i].bytes, model->documents[i].len);
	return ret->len > 0 ? PSG_OK : PSG_ERR_NOT_FOUND;
}

static void expect(struct fixture *fixture, const char *expected)
{
	const struct psg_check_context context = {.locate = locate, .locate_arg = &fixture->model};
	struct psg_buf text = {0};

	psg_buf_text(&text, "");
	assert_int_equal(psg_model_check_in(&fixture->model, &context, &fixture->problems), PSG_OK);
	psg_problems_sort(&fixture->problems);
	fixture_describe(&fixture->problems, &text);
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
}

#define ADD "Add the permission set to the package, or remove the line.\n"
#define UNKNOWN                                                                                    \
	"Cannot create permission set group components since the following permission set names "  \
	"are invalid: "

static void unknown_members(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(""));
	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("A") "\n" FIXTURE_MEMBER("B") FIXTURE_MEMBER("C")));
	expect(fixture, "G:3:1 <permissionSets> Error: " UNKNOWN "B, C | " ADD);
}

static void unknown_muting_members(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP("\n" FIXTURE_MUTING_MEMBER("B") FIXTURE_MUTING_MEMBER("ns__C")));
	expect(fixture,
	       "G:2:1 <mutingPermissionSets> Error: Cannot create permission set group components "
	       "since the following muting permission set names are invalid: B, ns__C | Add the "
	       "muting permission set to the package, or remove the line.\n");
}

/* What the package does not hold of a managed package is warned of; beside it an unknown one is still an error. */
static void members_of_a_namespace(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("force__A") "\n" FIXTURE_MEMBER(
		"ns__B") "\n" FIXTURE_MEMBER("C")));
	expect(fixture, "G:2:1 <permissionSets> Warning: These permission sets of managed packages "
			"are not here and give nothing: force__A, ns__B | Nothing need be done, "
			"unless their permissions are wanted here.\n"
			"G:4:1 <permissionSets> Error: " UNKNOWN "C | " ADD);
}

static void each_for_the_other(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(""));
	put(fixture, "MutingPermissionSet", "M", FIXTURE_MUTING(""));
	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("M") "\n" FIXTURE_MUTING_MEMBER("A")));
	expect(fixture, "G:2:1 <permissionSets> Error: 'M' is a MutingPermissionSet, not a "
			"PermissionSet | Name it in mutingPermissionSets.\n"
			"G:3:1 <mutingPermissionSets> Error: 'A' is a PermissionSet, not a "
			"MutingPermissionSet | Name it in permissionSets.\n");
}

/* A set and a muting set may have one name: each is looked for among its own. */
static void of_one_name(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(""));
	put(fixture, "MutingPermissionSet", "A", FIXTURE_MUTING(""));
	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MUTING_MEMBER("A")));
	expect(fixture, "");
}

/* Of too many members nothing more is said than that. */
static void a_hundred_and_one(void **state)
{
	struct fixture *fixture = *state;
	struct psg_buf text = {0};

	psg_buf_text(&text, "<PermissionSetGroup " FIXTURE_SALESFORCE "><label>x</label>");
	for (int i = 0; i < 101; i++)
		psg_buf_format(&text, "\n<permissionSets>S%d</permissionSets>", i);
	psg_buf_text(&text, "</PermissionSetGroup>");
	put(fixture, "PermissionSetGroup", "G", text.data);
	expect(fixture, "G:2:1 <permissionSets> Error: The group has 101 permission sets; at most "
			"100 are allowed | Split the group.\n");
	psg_buf_clear(&text);
}

static void a_set_that_requires_activation(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(FIXTURE_ACTIVATION));
	put(fixture, "PermissionSetGroup", "G", FIXTURE_GROUP("\n" FIXTURE_MEMBER("A")));
	expect(fixture,
	       "G:2:1 <permissionSets> Warning: Permission set 'A' requires activation and its "
	       "group does not: here it goes on requiring it inside the group (the strictest "
	       "wins), unlike in Salesforce | Set hasActivationRequired of the group too, or take "
	       "the set out of it.\n");
}

static void sets_that_require_activation(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "PermissionSet", "A", FIXTURE_SET(FIXTURE_ACTIVATION));
	put(fixture, "PermissionSet", "B", FIXTURE_SET(FIXTURE_ACTIVATION));
	put(fixture, "PermissionSetGroup", "G",
	    FIXTURE_GROUP("\n" FIXTURE_MEMBER("A") FIXTURE_MEMBER("B")));
	expect(fixture,
	       "G:2:1 <permissionSets> Warning: Permission sets require activation and their group "
	       "does not: here they go on requiring it inside the group (the strictest wins), "
	       "unlike in Salesforce: A, B | Set hasActivationRequired of the group too, or take "
	       "the set out of it.\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(unknown_members),
	    TEST(unknown_muting_members),
	    TEST(members_of_a_namespace),
	    TEST(each_for_the_other),
	    TEST(of_one_name),
	    TEST(a_hundred_and_one),
	    TEST(a_set_that_requires_activation),
	    TEST(sets_that_require_activation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
