/* The one form of a document: what it is, and that it loses and adds nothing, over thousands of random documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"
#include "metadata_fixture.h"

#define DOCUMENTS 1500U
#define FORMS 2U /* of each */

/* Parses as a file of that name; the problems must be none. */
static void canonical(const char *type, const char *name, const struct psg_buf *text,
		      struct psg_model *model, struct psg_buf *ret)
{
	struct psg_document document = {.type = (char *)(uintptr_t)type,
					.name = (char *)(uintptr_t)name,
					.path = (char *)(uintptr_t) "file",
					.bytes = text->data,
					.len = text->len};
	struct psg_problems problems = {0};

	assert_int_equal(psg_metadata_parse(&document, 0, model, ret, &problems), PSG_OK);
	if (problems.error_count > 0) {
		struct psg_buf said = {0};

		fixture_describe(&problems, &said);
		fail_msg("%s\n%s", said.data, text->data);
	}
	psg_problems_clear(&problems);
}

static void describe_strings(const struct psg_strings *list, struct psg_buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		psg_buf_format(out, " [%s]", list->items[i]);
	psg_buf_text(out, "\n");
}

/* All that a document compiles to. */
static void describe(const struct psg_model *model, struct psg_buf *out)
{
	for (size_t i = 0; i < model->set_count + model->muting_set_count; i++) {
		const struct psg_permission_set *set =
		    i < model->set_count ? &model->sets[i]
					 : &model->muting_sets[i - model->set_count];

		psg_buf_format(out, "%zu %s|%s|%s|%s|%d", i, set->name, set->label,
			       set->description, set->license, set->requires_activation);
		describe_strings(&set->permissions, out);
	}
	for (size_t i = 0; i < model->group_count; i++) {
		const struct psg_group *group = &model->groups[i];

		psg_buf_format(out, "%s|%s|%s|%d", group->name, group->label, group->description,
			       group->requires_activation);
		describe_strings(&group->sets, out);
		describe_strings(&group->muting_sets, out);
	}
	for (size_t i = 0; i < model->policy_count; i++) {
		const struct psg_activation_policy *policy = &model->policies[i];

		psg_buf_format(out, "%s|%jd|%jd|%jd|%d|%d|%d|%s|%d|%d|%jd", policy->name,
			       (intmax_t)policy->lifetime_s, (intmax_t)policy->maximum_lifetime_s,
			       (intmax_t)policy->warn_before_s, policy->scope, policy->has_scope,
			       policy->reason, policy->reason_pattern, policy->enrollment,
			       policy->end_sessions, (intmax_t)policy->enroll_within_s);
		for (size_t j = 0; j < policy->unix_group_count; j++)
			psg_buf_format(out, " %s=%s", policy->unix_groups[j].group,
				       policy->unix_groups[j].permission);
	}
	if (model->has_settings) {
		const struct psg_gate_settings *gate = &model->settings;

		psg_buf_format(out, "%jd|%d|%s|%u|%jd|%jd|%u", (intmax_t)gate->default_lifetime_s,
			       gate->default_scope, gate->issuer, gate->throttle.attempts,
			       (intmax_t)gate->throttle.delay_s,
			       (intmax_t)gate->throttle.maximum_delay_s, gate->window_steps);
		describe_strings(&gate->exempt_users, out);
	}
}

/* The canonical form of `text`, and in `ret_model` what it compiles to. */
static void take(struct documents *documents, const struct psg_buf *text, struct psg_buf *ret,
		 struct psg_buf *ret_model)
{
	struct psg_model model = {0};

	canonical(documents->type->name, documents_name(documents), text, &model, ret);
	describe(&model, ret_model);
	assert_false(ret_model->failed);
	psg_model_clear(&model);
}

static void assert_same(const struct psg_buf *one, const struct psg_buf *two, const char *from)
{
	if (one->len != two->len || memcmp(one->data, two->data, one->len) != 0)
		fail_msg("one:\n%s\ntwo:\n%s\nfrom:\n%s", one->data, two->data, from);
}

static void every_form_has_the_one_form(void **state)
{
	struct documents documents = {.state = 20261122};

	(void)state;
	for (unsigned i = 0; i < DOCUMENTS; i++) {
		struct psg_buf expected = {0}, compiled = {0};

		documents_next(&documents);
		documents_expect(&documents, &expected);
		for (unsigned form = 0; form < FORMS; form++) {
			struct psg_buf text = {0}, found = {0}, model = {0};

			documents_write(&documents, &text);
			take(&documents, &text, &found, &model);
			assert_same(&found, &expected, text.data);
			if (form > 0)
				assert_same(&model, &compiled, text.data);
			psg_buf_clear(&compiled);
			compiled = model;
			psg_buf_clear(&found);
			psg_buf_clear(&text);
		}
		psg_buf_clear(&expected);
		psg_buf_clear(&compiled);
	}
	documents_clear(&documents);
}

static void canonical_of_canonical(void **state)
{
	struct documents documents = {.state = 7};

	(void)state;
	for (unsigned i = 0; i < DOCUMENTS; i++) {
		struct psg_buf text = {0}, once = {0}, twice = {0}, before = {0}, after = {0};

		documents_next(&documents);
		documents_write(&documents, &text);
		take(&documents, &text, &once, &before);
		take(&documents, &once, &twice, &after);
		assert_same(&once, &twice, text.data);
		assert_same(&before, &after, text.data);
		psg_buf_clear(&text);
		psg_buf_clear(&once);
		psg_buf_clear(&twice);
		psg_buf_clear(&before);
		psg_buf_clear(&after);
	}
	documents_clear(&documents);
}

static void a_change_of_meaning_shows(void **state)
{
	struct documents documents = {.state = 99};

	(void)state;
	for (unsigned i = 0; i < DOCUMENTS; i++) {
		struct psg_buf text = {0}, before = {0}, after = {0}, model = {0};

		documents_next(&documents);
		documents_write(&documents, &text);
		take(&documents, &text, &before, &model);
		psg_buf_clear(&text);
		documents_change(&documents);
		documents_write(&documents, &text);
		take(&documents, &text, &after, &model);
		if (before.len == after.len && memcmp(before.data, after.data, before.len) == 0)
			fail_msg("the change does not show:\n%s\n%s", before.data, text.data);
		psg_buf_clear(&text);
		psg_buf_clear(&before);
		psg_buf_clear(&after);
		psg_buf_clear(&model);
	}
	documents_clear(&documents);
}

static void expect(const char *type, const char *name, const char *text, const char *wanted)
{
	struct psg_buf given = {0}, found = {0};
	struct psg_model model = {0};

	psg_buf_text(&given, text);
	canonical(type, name, &given, &model, &found);
	assert_string_equal(found.data, wanted);
	psg_buf_clear(&given);
	psg_buf_clear(&found);
	psg_model_clear(&model);
}

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void as_it_reads(void **state)
{
	(void)state;
	expect("PermissionSet", "A",
	       "<PermissionSet " FIXTURE_SALESFORCE "><userPermissions><name>B</name>"
	       "<enabled>1</enabled></userPermissions><userPermissions><enabled>0</enabled>"
	       "<name>A</name></userPermissions><label> R&amp;D's \"<![CDATA[<x>]]>\" </label>"
	       "<fullName>A</fullName><description>one&#13;&#10;two\tthree</description>"
	       "<license/><!-- gone --></PermissionSet>",
	       HEAD "<PermissionSet " FIXTURE_SALESFORCE ">\n"
		    "    <description>one&#13;\ntwo\tthree</description>\n"
		    "    <label>R&amp;D&apos;s &quot;&lt;x&gt;&quot;</label>\n"
		    "    <userPermissions>\n"
		    "        <enabled>false</enabled>\n"
		    "        <name>A</name>\n"
		    "    </userPermissions>\n"
		    "    <userPermissions>\n"
		    "        <enabled>true</enabled>\n"
		    "        <name>B</name>\n"
		    "    </userPermissions>\n"
		    "</PermissionSet>\n");
	expect("PermissionSetGroup", "A",
	       FIXTURE_GROUP("<status>Updated</status>" FIXTURE_MEMBER("b") FIXTURE_MEMBER("B")
				 FIXTURE_MEMBER("a__A") "<description></description>"),
	       HEAD "<PermissionSetGroup " FIXTURE_SALESFORCE ">\n"
		    "    <label>x</label>\n"
		    "    <permissionSets>B</permissionSets>\n"
		    "    <permissionSets>a__A</permissionSets>\n"
		    "    <permissionSets>b</permissionSets>\n"
		    "</PermissionSetGroup>\n");
	expect("Settings", "Gate",
	       FIXTURE_GATE("<throttle><delay>90s</delay></throttle><window>0</window>"
			    "<issuer/><defaultLifetime>P1DT60M</defaultLifetime>"),
	       HEAD "<GateSettings " FIXTURE_OWN ">\n"
		    "    <defaultLifetime>P1DT1H</defaultLifetime>\n"
		    "    <throttle>\n"
		    "        <delay>PT1M30S</delay>\n"
		    "    </throttle>\n"
		    "    <window>0</window>\n"
		    "</GateSettings>\n");
	expect("Settings", "Gate", FIXTURE_GATE("<throttle></throttle>"),
	       HEAD "<GateSettings " FIXTURE_OWN ">\n</GateSettings>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_it_reads),
	    cmocka_unit_test(every_form_has_the_one_form),
	    cmocka_unit_test(canonical_of_canonical),
	    cmocka_unit_test(a_change_of_meaning_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
