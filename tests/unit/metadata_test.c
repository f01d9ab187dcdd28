/* What good files come to: every kind of permission, every form of XML that real files have. */
#include "metadata_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static void parse(struct fixture *fixture, const char *type, const char *name, const char *text)
{
	assert_int_equal(fixture_parse(type, name, "file", text, strlen(text), &fixture->model,
				       &fixture->problems),
			 PSG_OK);
}

static void parse_file(struct fixture *fixture, const char *type, const char *name,
		       const char *path)
{
	char *text = fixture_read(path, NULL);

	parse(fixture, type, name, text);
	free(text);
	fixture_assert_none(&fixture->problems);
}

static void every_permission(void **state)
{
	struct fixture *fixture = *state;
	struct psg_buf keys = {0};
	char *expected = fixture_read(FIXTURE_DATA "good/Everything.keys", NULL);
	const struct psg_permission_set *set;

	parse_file(fixture, "PermissionSet", "Everything",
		   FIXTURE_DATA "good/Everything.permissionset");
	assert_int_equal(fixture->model.set_count, 1);
	set = &fixture->model.sets[0];
	assert_string_equal(set->name, "Everything");
	assert_string_equal(set->label, "Everything");
	assert_string_equal(set->description, "Every kind of permission up to API 64");
	assert_string_equal(set->license, "Salesforce");
	assert_true(set->requires_activation);
	for (size_t i = 0; i < set->permissions.count; i++)
		psg_buf_format(&keys, "%s\n", set->permissions.items[i]);
	assert_string_equal(keys.data, expected);
	psg_buf_clear(&keys);
	free(expected);
}

/* BOM, CRLF, comments, quotes, … : each says the same. */
static void forms_of_xml(void **state)
{
	struct fixture *fixture = *state;
	struct dirent **files;
	int count = scandir(FIXTURE_DATA "good", &files, NULL, alphasort);
	size_t parsed = 0;

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		char path[512];
		const char *file = files[i]->d_name;
		const struct psg_permission_set *set;

		snprintf(path, sizeof(path), FIXTURE_DATA "good/%s", file);
		if (strstr(file, ".permissionset") && strncmp(file, "Everything", 10) != 0) {
			print_message("%s\n", file);
			parse_file(fixture, "PermissionSet", "Any", path);
			set = &fixture->model.sets[parsed++];
			assert_string_equal(set->label, "Odd & well-formed");
			assert_string_equal(set->description, "");
			assert_string_equal(set->license, "");
			assert_false(set->requires_activation);
			assert_int_equal(set->permissions.count, 1);
			assert_string_equal(set->permissions.items[0], "userPermissions.ViewSetup");
		}
		free(files[i]);
	}
	free(files);
	assert_int_equal(parsed, 21);
	assert_int_equal(fixture->model.set_count, parsed);
}

static void limits_count_characters(void **state)
{
	struct fixture *fixture = *state;
	struct psg_buf text = {0};

	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE "><label>");
	for (int i = 0; i < 80; i++)
		psg_buf_text(&text, "\xC3\xA4");
	psg_buf_text(&text, "</label><description>");
	for (int i = 0; i < 255; i++)
		psg_buf_text(&text, "\xF0\x9F\x94\x91");
	psg_buf_text(&text, "</description></PermissionSet>");
	parse(fixture, "PermissionSet", "ns__Sample", text.data);
	fixture_assert_none(&fixture->problems);
	assert_int_equal(strlen(fixture->model.sets[0].label), 160);
	assert_string_equal(fixture->model.sets[0].name, "ns__Sample");
	psg_buf_clear(&text);
}

static void muting_set(void **state)
{
	struct fixture *fixture = *state;

	parse(
	    fixture, "MutingPermissionSet", "M",
	    FIXTURE_MUTING("<fieldPermissions><field>Account.Name</field><editable>true</editable>"
			   "</fieldPermissions>"));
	fixture_assert_none(&fixture->problems);
	assert_int_equal(fixture->model.set_count, 0);
	assert_int_equal(fixture->model.muting_set_count, 1);
	assert_int_equal(fixture->model.muting_sets[0].permissions.count, 1);
	assert_string_equal(fixture->model.muting_sets[0].permissions.items[0],
			    "fieldPermissions.Account.Name.editable");
}

/* Salesforce takes them so: what is left out is not given. */
static void rights_left_out(void **state)
{
	struct fixture *fixture = *state;
	const struct psg_strings *permissions;

	parse(fixture, "PermissionSet", "A",
	      FIXTURE_SET("<objectPermissions><allowRead>true</allowRead><object>Account</object>"
			  "</objectPermissions><objectPermissions><object>Case</object>"
			  "</objectPermissions><fieldPermissions><field>Account.Name</field>"
			  "<readable>true</readable></fieldPermissions>"));
	fixture_assert_none(&fixture->problems);
	permissions = &fixture->model.sets[0].permissions;
	assert_int_equal(permissions->count, 2);
	assert_string_equal(permissions->items[0], "fieldPermissions.Account.Name.readable");
	assert_string_equal(permissions->items[1], "objectPermissions.Account.allowRead");
}

/* Of two that say the same, one is there. */
static void said_twice(void **state)
{
	struct fixture *fixture = *state;
	struct psg_buf canonical = {0};
	struct psg_document document = {
	    .type = strdup("PermissionSet"),
	    .name = strdup("A"),
	    .path = strdup("A"),
	    .bytes = strdup(FIXTURE_SET(FIXTURE_PERMISSION("P") FIXTURE_PERMISSION("P")))};
	const char *first;

	document.len = strlen(document.bytes);
	assert_int_equal(
	    psg_metadata_parse(&document, 0, &fixture->model, &canonical, &fixture->problems),
	    PSG_OK);
	assert_int_equal(fixture->problems.error_count, 0);
	assert_int_equal(fixture->problems.count, 1);
	first = strstr(canonical.data, "<name>P</name>");
	assert_non_null(first);
	assert_null(strstr(first + 1, "<name>P</name>"));
	psg_buf_clear(&canonical);
	psg_document_clear(&document);
}

static void group(void **state)
{
	struct fixture *fixture = *state;
	const struct psg_group *got;

	parse(fixture, "PermissionSetGroup", "G",
	      FIXTURE_GROUP("<status>Failed</status><permissionSets>B</permissionSets>"
			    "<permissionSets>force__A</permissionSets>"
			    "<mutingPermissionSets>M</mutingPermissionSets>"
			    "<hasActivationRequired>1</hasActivationRequired>"
			    "<description>two\nlines</description>"));
	fixture_assert_none(&fixture->problems);
	got = &fixture->model.groups[0];
	assert_string_equal(got->name, "G");
	assert_string_equal(got->label, "x");
	assert_string_equal(got->description, "two\nlines");
	assert_string_equal(got->status_reason, "");
	assert_true(got->requires_activation);
	assert_int_equal(got->status, PSG_STATUS_FAILED);
	assert_int_equal(got->sets.count, 2);
	assert_string_equal(got->sets.items[0], "B");
	assert_string_equal(got->sets.items[1], "force__A");
	assert_int_equal(got->muting_sets.count, 1);
	assert_string_equal(got->muting_sets.items[0], "M");
	parse(fixture, "PermissionSetGroup", "Empty", FIXTURE_GROUP(""));
	fixture_assert_none(&fixture->problems);
	assert_false(fixture->model.groups[1].requires_activation);
	assert_int_equal(fixture->model.groups[1].sets.count, 0);
}

static void policy(void **state)
{
	struct fixture *fixture = *state;
	const struct psg_activation_policy *got;

	parse(fixture, "ActivationPolicy", "P",
	      FIXTURE_POLICY("<warnBefore>5m</warnBefore><endSessions>true</endSessions>"
			     "<enrollWithin>P2D</enrollWithin><enrollment>Self</"
			     "enrollment><lifetime>2h</lifetime>"
			     "<maximumLifetime>PT2H</maximumLifetime><reason>Required</reason>"
			     "<reasonPattern>(INC|CHG)[0-9]{1,10}.*|[]{200000}(\\1[:alpha:]x]\\{3</"
			     "reasonPattern>"
			     "<scope>Host</scope><unixGroups><group>finance</group><permission>Edit"
			     "</permission></unixGroups><unixGroups><permission>Edit</permission>"
			     "<group>audit</group></unixGroups>"));
	fixture_assert_none(&fixture->problems);
	got = &fixture->model.policies[0];
	assert_string_equal(got->name, "P");
	assert_int_equal(got->lifetime_s, 7200);
	assert_int_equal(got->maximum_lifetime_s, 7200);
	assert_int_equal(got->warn_before_s, 300);
	assert_true(got->has_scope && got->scope == PSG_SCOPE_HOST);
	assert_int_equal(got->reason, PSG_REASON_REQUIRED);
	assert_string_equal(got->reason_pattern,
			    "(INC|CHG)[0-9]{1,10}.*|[]{200000}(\\1[:alpha:]x]\\{3");
	assert_int_equal(got->enrollment, PSG_ENROLLMENT_SELF);
	assert_int_equal(got->enroll_within_s, 2 * 86400);
	assert_true(got->end_sessions);
	assert_int_equal(got->unix_group_count, 2);
	assert_string_equal(got->unix_groups[1].group, "finance");
	assert_string_equal(got->unix_groups[1].permission, "Edit");
	parse(fixture, "ActivationPolicy", "D", FIXTURE_POLICY(""));
	fixture_assert_none(&fixture->problems);
	got = &fixture->model.policies[1];
	assert_false(got->has_scope || got->end_sessions);
	assert_int_equal(got->lifetime_s + got->maximum_lifetime_s + got->warn_before_s, 0);
	assert_int_equal(got->reason, PSG_REASON_NONE);
	assert_int_equal(got->enrollment, PSG_ENROLLMENT_ADMIN);
	assert_string_equal(got->reason_pattern, "");
}

static void gate(void **state)
{
	struct fixture *fixture = *state;
	const struct psg_gate_settings *got = &fixture->model.settings;

	parse(
	    fixture, "Settings", "Gate",
	    FIXTURE_GATE("<window>0</window><issuer>example.com</issuer>"
			 "<exemptUsers>nagios</exemptUsers><exemptUsers>backup</exemptUsers>"
			 "<throttle><delay>10s</delay><attempts>100</attempts></throttle>"
			 "<defaultScope>Host</defaultScope><defaultLifetime>1h</defaultLifetime>"));
	fixture_assert_none(&fixture->problems);
	assert_true(fixture->model.has_settings);
	assert_int_equal(got->default_lifetime_s, 3600);
	assert_int_equal(got->default_scope, PSG_SCOPE_HOST);
	assert_string_equal(got->issuer, "example.com");
	assert_int_equal(got->window_steps, 0);
	assert_int_equal(got->throttle.attempts, 100);
	assert_int_equal(got->throttle.delay_s, 10);
	assert_int_equal(got->throttle.maximum_delay_s, 900);
	assert_int_equal(got->exempt_users.count, 2);
	assert_string_equal(got->exempt_users.items[0], "backup");
	parse(fixture, "Settings", "Gate", FIXTURE_GATE(""));
	fixture_assert_none(&fixture->problems);
	assert_int_equal(got->default_lifetime_s, 8 * 3600);
	assert_int_equal(got->exempt_users.count, 0);
	assert_string_equal(got->issuer, "");
	assert_int_equal(got->window_steps, 1);
	assert_int_equal(got->throttle.attempts, 5);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_permission),
	    TEST(forms_of_xml),
	    TEST(limits_count_characters),
	    TEST(muting_set),
	    TEST(rights_left_out),
	    TEST(said_twice),
	    TEST(group),
	    TEST(policy),
	    TEST(gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
