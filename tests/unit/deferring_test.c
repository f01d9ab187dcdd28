/* --defer and recalculate: documents run ahead, what is in force stays until it is calculated. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GROUP(name) "permissionsetgroups/" name ".permissionsetgroup"
#define SET(name) "permissionsets/" name ".permissionset"

/* G has A, H has A and B, I has C. */
static void put_all(struct fixture_deployment *fixture)
{
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("P")));
	fixture_put(fixture->directory, SET("B"), FIXTURE_SET(FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_put(fixture->directory, GROUP("G"), FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	fixture_put(fixture->directory, GROUP("H"),
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MEMBER("B")));
	fixture_put(fixture->directory, GROUP("I"), FIXTURE_GROUP(FIXTURE_MEMBER("C")));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
}

static void deploy(struct fixture_deployment *fixture, bool defer)
{
	fixture->options.defer = defer;
	fixture_prepare(fixture, fixture->directory);
	fixture->options.defer = false;
	fixture_commit(fixture);
}

/* The statuses of G, H and I, and what they give. */
static void assert_groups(const struct fixture_deployment *fixture, const char *expected)
{
	struct psg_buf text = {0};

	for (const char *name = "GHI"; *name; name++) {
		char group_name[2] = {*name, '\0'};
		struct psg_group group = {0};
		struct psg_strings keys = {0};

		assert_int_equal(psg_policy_group(fixture->before, group_name, &group), PSG_OK);
		assert_int_equal(
		    psg_policy_effective(fixture->before, PSG_TARGET_GROUP, group_name, &keys),
		    PSG_OK);
		psg_buf_format(&text, "%s %s", group_name, psg_group_status_name(group.status));
		for (size_t i = 0; i < keys.count; i++)
			psg_buf_format(&text, " %s", strchr(keys.items[i], '.') + 1);
		psg_buf_text(&text, "\n");
		psg_group_clear(&group);
		psg_strings_clear(&keys);
	}
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
}

static void assert_pending(const struct fixture_deployment *fixture, const char *expected)
{
	struct psg_strings pending = {0};
	struct psg_buf text = {0};

	assert_int_equal(psg_policy_pending(fixture->before, &pending), PSG_OK);
	psg_buf_text(&text, "");
	for (size_t i = 0; i < pending.count; i++)
		psg_buf_format(&text, "%s\n", pending.items[i]);
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
	psg_strings_clear(&pending);
}

static void assert_recalculated(const struct fixture_deployment *fixture, const char *expected)
{
	const struct psg_strings *names = &fixture->now.recalculated;
	struct psg_buf text = {0};

	psg_buf_text(&text, "");
	for (size_t i = 0; i < names->count; i++)
		psg_buf_text(&text, names->items[i]);
	assert_string_equal(text.data, expected);
	/* These, and no others, are written anew. */
	assert_int_equal(fixture->now.put.group_count, names->count);
	psg_buf_clear(&text);
}

static void only_who_contains_it(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	assert_recalculated(fixture, "GHI");
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture_prepare(fixture, fixture->directory);
	assert_recalculated(fixture, "I");
	fixture_put(fixture->directory, SET("B"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture_prepare(fixture, fixture->directory);
	assert_recalculated(fixture, "HI");
	fixture_put(fixture->directory, SET("D"), FIXTURE_SET(""));
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_put(fixture->directory, SET("B"), FIXTURE_SET(FIXTURE_PERMISSION("Q")));
	fixture_prepare(fixture, fixture->directory);
	assert_recalculated(fixture, "");
}

static void nothing_changes_until_recalculated(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	deploy(fixture, true);
	assert_groups(fixture, "G Outdated P\nH Outdated P Q\nI Updated R\n");
	assert_pending(fixture, "PermissionSet/A\n");
	fixture_recalculate(fixture, NULL);
	fixture_assert_none(&fixture->now.problems);
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated New\nH Updated New Q\nI Updated R\n");
	assert_pending(fixture, "");
}

static void one_group_takes_along_who_shares(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("Newer")));
	fixture_put(fixture->directory, GROUP("H"), FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	deploy(fixture, true);
	assert_groups(fixture, "G Outdated P\nH Outdated P Q\nI Outdated R\n");
	fixture_recalculate(fixture, "G");
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated New\nH Updated New\nI Outdated R\n");
	assert_pending(fixture, "PermissionSet/C\n");
	fixture_recalculate(fixture, "I");
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated New\nH Updated New\nI Updated Newer\n");
	assert_pending(fixture, "");
}

/* From group to group by what they share: H is to get C, which the deferred document alone says, and so I is reached. */
static void sharing_spreads(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("NewP")));
	fixture_put(fixture->directory, SET("B"), FIXTURE_SET(FIXTURE_PERMISSION("NewQ")));
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("NewR")));
	fixture_put(fixture->directory, SET("D"), FIXTURE_SET(FIXTURE_PERMISSION("S")));
	fixture_put(fixture->directory, GROUP("H"),
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MEMBER("C")));
	deploy(fixture, true);
	fixture_recalculate(fixture, "G");
	assert_int_equal(fixture->now.recalculated.count, 3);
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated NewP\nH Updated NewP NewR\nI Updated NewR\n");
	/* H had B before. */
	assert_pending(fixture, "PermissionSet/D\n");
}

static void the_next_deployment_takes_it_in(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	deploy(fixture, true);
	fixture_put(fixture->directory, SET("C"), FIXTURE_SET(FIXTURE_PERMISSION("Newer")));
	deploy(fixture, false);
	assert_groups(fixture, "G Updated New\nH Updated New Q\nI Updated Newer\n");
	assert_pending(fixture, "");
}

/* The same files again: nothing is new in them, and they come into force. */
static void unchanged_but_deferred(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	deploy(fixture, true);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture_prepare(fixture, fixture->directory);
	assert_int_equal(fixture->now.components[0].change, PSG_CHANGE_UNCHANGED);
	assert_true(fixture->now.changed);
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated New\nH Updated New Q\nI Updated R\n");
	/* Deferred once more: nothing to do. */
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture->options.defer = true;
	fixture_prepare(fixture, fixture->directory);
	assert_false(fixture->now.changed);
}

static void a_new_group_gives_nothing_yet(void **state)
{
	struct fixture_deployment *fixture = *state;
	struct psg_group group = {0};

	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("P")));
	fixture_put(fixture->directory, GROUP("G"), FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	deploy(fixture, true);
	fixture_group_in_force(fixture, "G", &group);
	assert_int_equal(group.status, PSG_STATUS_OUTDATED);
	assert_int_equal(group.sets.count, 0);
	assert_true(group.requires_activation);
	psg_group_clear(&group);
	fixture_recalculate(fixture, "G");
	fixture_commit(fixture);
	fixture_group_in_force(fixture, "G", &group);
	assert_int_equal(group.status, PSG_STATUS_UPDATED);
	assert_int_equal(group.permission_count, 1);
	assert_false(group.requires_activation);
	psg_group_clear(&group);
	assert_pending(fixture, "");
}

static void a_deferred_deletion(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, "package.xml", FIXTURE_PACKAGE(""));
	fixture_put(
	    fixture->directory, "destructiveChanges.xml",
	    FIXTURE_PACKAGE("<types><members>B</members><name>PermissionSet</name></types>"));
	fixture->options.force = true;
	deploy(fixture, true);
	assert_groups(fixture, "G Updated P\nH Outdated P Q\nI Updated R\n");
	assert_pending(fixture, "PermissionSet/B\n");
	fixture->options.force = false;
	fixture_recalculate(fixture, "H");
	assert_int_equal(fixture->now.problems.error_count, 0);
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated P\nH Failed\nI Updated R\n");
	/* Failed stays Failed where it is deferred: it must not give again by being Outdated. */
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	deploy(fixture, true);
	assert_groups(fixture, "G Outdated P\nH Failed\nI Updated R\n");
}

/* A lifetime that is not given is the settings': a governed group is not all that was deployed before they are in force. */
static void settings_wait_for_all(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_all(fixture);
	fixture_put(fixture->directory, "activationpolicies/G.activationpolicy",
		    FIXTURE_POLICY("<scope>Host</scope>"));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	fixture_put(fixture->directory, SET("A"), FIXTURE_SET(FIXTURE_PERMISSION("New")));
	fixture_put(fixture->directory, "settings/Gate.settings",
		    FIXTURE_GATE("<defaultLifetime>1h</defaultLifetime>"));
	deploy(fixture, true);
	assert_groups(fixture, "G Outdated P\nH Outdated P Q\nI Updated R\n");
	fixture_recalculate(fixture, "G");
	fixture_commit(fixture);
	assert_groups(fixture, "G Outdated New\nH Updated New Q\nI Updated R\n");
	assert_pending(fixture, "Settings/Gate\n");
	fixture_recalculate(fixture, NULL);
	fixture_commit(fixture);
	assert_groups(fixture, "G Updated New\nH Updated New Q\nI Updated R\n");
	assert_pending(fixture, "");
}

static void unknown_group(void **state)
{
	struct fixture_deployment *fixture = *state;
	const char *name = "Nobody";

	assert_int_equal(
	    psg_recalculation_prepare(fixture->before, &name, 1, &fixture->options, &fixture->now),
	    PSG_ERR_NOT_FOUND);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_deployment_set_up,                       \
					fixture_deployment_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_who_contains_it),
	    TEST(nothing_changes_until_recalculated),
	    TEST(one_group_takes_along_who_shares),
	    TEST(sharing_spreads),
	    TEST(the_next_deployment_takes_it_in),
	    TEST(unchanged_but_deferred),
	    TEST(a_new_group_gives_nothing_yet),
	    TEST(a_deferred_deletion),
	    TEST(settings_wait_for_all),
	    TEST(unknown_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
