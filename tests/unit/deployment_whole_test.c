/* Piece by piece comes to the same as all at once: after any row of deployments, deletions, forced ones and deferred ones, the
 * policy is, record by record, what its documents calculated anew come to. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_private.h"

#define ROUNDS 30
#define STEPS 25
#define NAMES 6

static uint32_t seed;

static uint32_t below(uint32_t bound)
{
	seed = seed * 1664525U + 1013904223U;
	return (uint32_t)(((uint64_t)seed * bound) >> 32);
}

/* -- random packages -- */

struct kind {
	const char *type, *folder, *suffix, *prefix;
};
static const struct kind kinds[] = {
    {"ActivationPolicy", "activationpolicies", "activationpolicy", NULL},
    {"MutingPermissionSet", "mutingpermissionsets", "mutingpermissionset", "M"},
    {"PermissionSet", "permissionsets", "permissionset", "S"},
    {"PermissionSetGroup", "permissionsetgroups", "permissionsetgroup", "G"},
    {"Settings", "settings", "settings", NULL},
};

static void put_permissions(struct psg_buf *text)
{
	static const char *const names[] = {"P", "Q", "R", "T", "U"};

	for (size_t i = 0; i < PSG_COUNT(names); i++)
		if (below(2) == 0)
			psg_buf_format(text,
				       "<userPermissions><enabled>%s</enabled><name>%s</name></"
				       "userPermissions>",
				       below(4) ? "true" : "false", names[i]);
}

static void put_members(struct psg_buf *text)
{
	for (int i = 0; i < NAMES; i++)
		if (below(3) == 0)
			psg_buf_format(text, "<permissionSets>%sS%d</permissionSets>",
				       below(8) ? "" : "ns__", i);
	for (int i = 0; i < NAMES; i++)
		if (below(6) == 0)
			psg_buf_format(text, "<mutingPermissionSets>M%d</mutingPermissionSets>", i);
}

/* A document of the kind; *ret_name gets its component's name. */
static void random_document(size_t kind, struct psg_buf *text, char ret_name[static 16])
{
	if (kind == 0) {
		snprintf(ret_name, 16, "%c%u", below(2) ? 'S' : 'G', below(NAMES));
		psg_buf_format(text,
			       "<ActivationPolicy " FIXTURE_OWN "><lifetime>PT%uM</lifetime></"
			       "ActivationPolicy>",
			       1 + below(5));
		return;
	}
	if (kind == 4) {
		snprintf(ret_name, 16, "Gate");
		psg_buf_format(text, FIXTURE_GATE("<defaultLifetime>PT%uH</defaultLifetime>"),
			       1 + below(3));
		return;
	}
	snprintf(ret_name, 16, "%s%s%u", kind == 2 && below(10) == 0 ? "ns__" : "",
		 kinds[kind].prefix, below(NAMES));
	psg_buf_format(text, "<%s " FIXTURE_SALESFORCE "><label>L%u</label>", kinds[kind].type,
		       below(3));
	if (kind != 1 && below(3) == 0)
		psg_buf_text(text, FIXTURE_ACTIVATION);
	if (kind == 3)
		put_members(text);
	else
		put_permissions(text);
	psg_buf_format(text, "</%s>", kinds[kind].type);
}

static void put_documents(struct fixture_deployment *fixture)
{
	for (uint32_t i = 0, count = 1 + below(6); i < count; i++) {
		static const size_t likely[] = {0, 1, 2, 2, 2, 3, 3, 4};
		size_t kind = likely[below(PSG_COUNT(likely))];
		struct psg_buf text = {0};
		char name[16], path[128];

		random_document(kind, &text, name);
		snprintf(path, sizeof(path), "%s/%s.%s", kinds[kind].folder, name,
			 kinds[kind].suffix);
		fixture_put(fixture->directory, path, text.data);
		psg_buf_clear(&text);
	}
}

static void put_deletions(struct fixture_deployment *fixture)
{
	struct psg_buf text = {0};

	psg_buf_text(&text, "<Package " FIXTURE_SALESFORCE ">");
	for (uint32_t i = 0, count = 1 + below(3); i < count; i++) {
		size_t kind = below(PSG_COUNT(kinds));
		struct psg_buf unused = {0};
		char name[16];

		random_document(kind, &unused, name);
		psg_buf_format(&text, "<types><members>%s</members><name>%s</name></types>", name,
			       kinds[kind].type);
		psg_buf_clear(&unused);
	}
	psg_buf_text(&text, "</Package>");
	fixture_put(fixture->directory,
		    below(2) ? "destructiveChangesPost.xml" : "destructiveChangesPre.xml",
		    text.data);
	psg_buf_clear(&text);
	psg_buf_text(&text, "<Package " FIXTURE_SALESFORCE ">");
	for (size_t kind = 0; kind < PSG_COUNT(kinds); kind++)
		psg_buf_format(&text, "<types><members>*</members><name>%s</name></types>",
			       kinds[kind].type);
	psg_buf_text(&text, "</Package>");
	fixture_put(fixture->directory, "package.xml", text.data);
	psg_buf_clear(&text);
}

/* -- the policy as text -- */

static enum psg_err add_record(void *arg, const struct psg_policy_record *record)
{
	struct psg_reader value = psg_policy_record_value(record);
	struct psg_buf line = {0};
	enum psg_err err;

	/* These follow from the others, and say when and how often it was written. */
	if (psg_policy_record_under(record, PSG_KEY_FORMAT) ||
	    psg_policy_record_under(record, PSG_KEY_KEYS))
		return PSG_OK;
	psg_buf_format(&line, "%.*s=", (int)record->key_len, psg_policy_record_key(record));
	for (size_t i = 0; i < value.left; i++)
		psg_buf_format(&line, "%02x", value.at[i]);
	assert_false(line.failed);
	err = psg_strings_add(arg, line.data);
	psg_buf_clear(&line);
	return err;
}

static void describe(struct psg_policy *policy, struct psg_strings *ret)
{
	assert_int_equal(psg_policy_walk(policy, add_record, ret), PSG_OK);
	psg_strings_sort(ret);
}

static void assert_same(struct psg_policy *policy, struct psg_policy *other)
{
	struct psg_strings one = {0}, two = {0};

	describe(policy, &one);
	describe(other, &two);
	for (size_t i = 0; i < one.count && i < two.count; i++)
		assert_string_equal(one.items[i], two.items[i]);
	assert_int_equal(one.count, two.count);
	psg_strings_clear(&one);
	psg_strings_clear(&two);
}

/* What the documents calculated anew come to; in force, or beside. */
static void recalculate(struct fixture_deployment *fixture, bool compare)
{
	struct psg_policy_staged *staged = NULL;
	struct psg_folder *elsewhere = NULL;

	fixture_recalculate(fixture, NULL);
	assert_int_equal(fixture->now.problems.error_count, 0);
	assert_int_equal(psg_folder_open_memory(NULL, &elsewhere), PSG_OK);
	assert_int_equal(
	    psg_policy_stage(elsewhere, fixture->before, &fixture->now.update, &staged), PSG_OK);
	if (compare)
		assert_same(fixture->before, psg_policy_staged_policy(staged));
	psg_policy_drop(&staged);
	psg_folder_release(&elsewhere);
}

static void assert_nothing_pending(const struct fixture_deployment *fixture)
{
	struct psg_strings pending = {0};

	assert_int_equal(psg_policy_pending(fixture->before, &pending), PSG_OK);
	assert_int_equal(pending.count, 0);
}

static void step(struct fixture_deployment *fixture, size_t *committed, size_t *deferred)
{
	bool defer = below(4) == 0;

	fixture->options.force = below(3) == 0;
	fixture->options.defer = defer;
	put_documents(fixture);
	if (below(3) == 0)
		put_deletions(fixture);
	fixture_prepare(fixture, fixture->directory);
	fixture->options.defer = false;
	fixture->options.force = false;
	if (fixture->now.problems.error_count > 0 || !fixture->now.changed) {
		fixture_remove(&fixture->directory);
		fixture->directory = fixture_directory();
		return;
	}
	fixture_commit(fixture);
	++*committed;
	if (defer) {
		++*deferred;
		/* One group, or none: the rest goes on waiting. */
		if (below(2) == 0) {
			struct psg_strings names = {0};

			assert_int_equal(psg_policy_group_names(fixture->before, &names), PSG_OK);
			if (names.count > 0) {
				fixture_recalculate(fixture,
						    names.items[below((uint32_t)names.count)]);
				fixture_commit(fixture);
			}
			psg_strings_clear(&names);
		}
		return;
	}
	assert_nothing_pending(fixture);
	recalculate(fixture, true);
}

static void piece_by_piece(void **state)
{
	size_t committed = 0, deferred = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		seed = round * 7919U + 1;
		assert_int_equal(fixture_deployment_set_up(state), 0);
		for (int i = 0; i < STEPS; i++)
			step(*state, &committed, &deferred);
		recalculate(*state, false);
		fixture_commit(*state);
		assert_nothing_pending(*state);
		recalculate(*state, true);
		fixture_deployment_tear_down(state);
	}
	/* Most of it was not refused: else nothing was tried. */
	assert_true(committed > ROUNDS * STEPS / 4);
	assert_true(deferred > ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(piece_by_piece)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
