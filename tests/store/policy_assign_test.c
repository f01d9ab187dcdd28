/* One assignment put or removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_private.h"
#include "policy_sample.h"

static void expect_same(struct psg_folder *root, const struct psg_assignments *assigned,
			uint64_t generation)
{
	struct psg_folder *other PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_model model PSG_CLEANUP(psg_model_clear);
	struct psg_strings found[2] = {0}, wanted[2] = {0};

	policy_sample_model(&model);
	assert_int_equal(psg_folder_open_memory(NULL, &other), PSG_OK);
	assert_int_equal(psg_policy_write(other, &model, assigned, generation), PSG_OK);
	policy_sample_answers(root, &found[0]);
	policy_sample_answers(other, &wanted[0]);
	policy_sample_lists(root, &found[1]);
	policy_sample_lists(other, &wanted[1]);
	for (size_t i = 0; i < 2; i++) {
		assert_true(wanted[i].count > 0);
		policy_sample_expect(&found[i], (const char *const *)wanted[i].items,
				     wanted[i].count);
		psg_strings_clear(&found[i]);
		psg_strings_clear(&wanted[i]);
	}
}

static void change(struct psg_folder *root, bool put, const char *assignee, const char *target,
		   int64_t until_s, bool changes)
{
	char *who PSG_CLEANUP(psg_free_bytes) = strdup(assignee);
	char *what PSG_CLEANUP(psg_free_bytes) = strdup(target);
	struct psg_assignment assignment = {who, PSG_TARGET_GROUP, what, until_s,
					    POLICY_SAMPLE_SINCE_S};
	bool changed = !changes;

	assert_int_equal(put ? psg_policy_assign(root, &assignment, &changed)
			     : psg_policy_unassign(root, &assignment, &changed),
			 PSG_OK);
	assert_int_equal(changed, changes);
}

/* Every assigning ends where writing the whole policy so would have. */
static void assign_is_a_whole_write(void **state)
{
	struct psg_folder *root = *state;
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear);

	policy_sample_assignments(&assigned);
	policy_sample_write(root, 7);
	change(root, true, "carol", "Ops", 0, true);
	policy_sample_assign(&assigned, "carol", PSG_TARGET_GROUP, "Ops", 0);
	expect_same(root, &assigned, 8);
	change(root, true, "alice", "Open", 5, true);
	policy_sample_assign(&assigned, "alice", PSG_TARGET_GROUP, "Open", 5);
	expect_same(root, &assigned, 9);
	change(root, true, "alice", "Open", 6, true);
	assigned.items[assigned.count - 1].until_s = 6;
	expect_same(root, &assigned, 10);
	change(root, false, "alice", "Open", 99, true);
	psg_assignment_clear(&assigned.items[--assigned.count]);
	expect_same(root, &assigned, 11);
	change(root, false, "carol", "Ops", 0, true);
	psg_assignment_clear(&assigned.items[--assigned.count]);
	expect_same(root, &assigned, 12);
}

static void repeated_changes_write_nothing(void **state)
{
	struct psg_folder *root = *state;
	size_t before_len, after_len;

	policy_sample_write(root, 7);
	char *before PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &before_len);

	change(root, true, "bob", "Open", 0, false);
	change(root, false, "bob", "Ops", 0, false);
	change(root, false, "nobody", "Ops", 0, false);
	/* alice has Plain as a set, which is not a group of that name. */
	change(root, false, "alice", "Plain", 0, false);
	char *after PSG_CLEANUP(psg_free_bytes) = policy_sample_bytes(root, &after_len);

	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
}

static void unix_groups_come_and_go(void **state)
{
	static const struct {
		bool put;
		const char *assignee, *target;
		bool has;
	} steps[] = {{false, "%wheel", "Ops", false}, {true, "wheel", "Ops", false},
		     {true, "%wheel", "Ops", true},   {true, "%adm", "Ops", true},
		     {true, "%adm", "Open", true},    {false, "%wheel", "Ops", true},
		     {false, "%adm", "Open", true},   {false, "alice", "Ops", true},
		     {false, "%adm", "Ops", false},   {false, "wheel", "Ops", false}};
	struct psg_folder *root = *state;

	policy_sample_write(root, 7);
	for (size_t i = 0; i < PSG_COUNT(steps); i++) {
		struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;

		change(root, steps[i].put, steps[i].assignee, steps[i].target, 0, true);
		assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
		assert_int_equal(psg_policy_has_unix_groups(policy), steps[i].has);
		assert_int_equal(psg_policy_generation(policy), 8 + i);
	}
}

/* A policy that is open is the one that was opened, whatever is put in force since. */
static void an_open_policy_stays(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};

	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	change(root, false, "bob", "Open", 0, true);
	assert_int_equal(psg_policy_assigned(policy, "bob", &assigned), PSG_OK);
	assert_int_equal(assigned.count, 1);
	assert_int_equal(psg_policy_generation(policy), 7);
}

/* cdb's hash of a key, given that of what stands before. */
static uint32_t hash_on(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = hash * 33 ^ (unsigned char)*text;
	return hash;
}

/* Sets the last two letters of both names so that their keys have the same hash. */
static void collide(char *one, char *other, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const size_t count = sizeof(letters) - 1, pairs = count * count;
	uint32_t start = hash_on(hash_on(5381, "assigned/"), one), hashes[52 * 52];

	assert_string_equal(one, other);
	for (size_t i = 0; i < pairs; i++) {
		one[len] = other[len] = letters[i / count];
		one[len + 1] = letters[i % count];
		hashes[i] = hash_on(start, one + len);
		for (size_t j = 0; j < i; j++) {
			if (hashes[j] != hashes[i])
				continue;
			other[len] = letters[j / count];
			other[len + 1] = letters[j % count];
			return;
		}
	}
	fail_msg("no two names have the same hash");
}

static size_t assigned_count(struct psg_folder *root, const char *assignee)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};

	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_assigned(policy, assignee, &assigned), PSG_OK);
	return assigned.count;
}

/* Nobody has what another was given whose name's hash is the same, however long both are. */
static void the_same_hash_is_another_name(void **state)
{
	static const size_t lengths[] = {4, 600, 1200};
	struct psg_folder *root = *state;

	policy_sample_write(root, 7);
	for (size_t i = 0; i < PSG_COUNT(lengths); i++) {
		char one[1300] = "", other[1300] = "";

		memset(one, 'x', lengths[i]);
		memset(other, 'x', lengths[i]);
		collide(one, other, lengths[i]);
		assert_string_not_equal(one, other);
		change(root, true, one, "Ops", 0, true);
		assert_int_equal(assigned_count(root, one), 1);
		assert_int_equal(assigned_count(root, other), 0);
		change(root, true, other, "Ops", 0, true);
		change(root, false, one, "Ops", 0, true);
		assert_int_equal(assigned_count(root, one), 0);
		assert_int_equal(assigned_count(root, other), 1);
	}
}

static void odd_names(void **state)
{
	static const char *const names[] = {
	    "a b",  "M\xc3\xbcller", "back\\slash", "sla/sh",   "../policy",      "a\nb", "%%", "%",
	    "alic", "alicea",        "format",      "\xff\xfe", "assigned/alice", "-x",   "*"};
	struct psg_folder *root = *state;
	char *longest PSG_CLEANUP(psg_free_bytes) = calloc(1, 70001);

	memset(longest, 'x', 70000);
	policy_sample_write(root, 7);
	change(root, true, longest, "Ops", 0, true);
	for (size_t i = 0; i < PSG_COUNT(names); i++)
		change(root, true, names[i], "Ops", (int64_t)i + 1, true);
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments all PSG_CLEANUP(psg_assignments_clear) = {0};

	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		struct psg_assignments found PSG_CLEANUP(psg_assignments_clear) = {0};

		assert_int_equal(psg_policy_assigned(policy, names[i], &found), PSG_OK);
		assert_int_equal(found.count, 1);
		assert_string_equal(found.items[0].assignee, names[i]);
		assert_int_equal(found.items[0].until_s, i + 1);
	}
	assert_int_equal(psg_policy_all_assigned(policy, &all), PSG_OK);
	assert_int_equal(all.count, 4 + 1 + PSG_COUNT(names));
	for (size_t i = 1; i < all.count; i++)
		assert_true(strcmp(all.items[i - 1].assignee, all.items[i].assignee) <= 0);
}

static void assignments_that_are_none(void **state)
{
	char bob[] = "bob", open_[] = "Open", empty[] = "";
	const struct psg_assignment bad[] = {
	    {bob, PSG_TARGET_NONE, open_, 0, 0},         {empty, PSG_TARGET_GROUP, open_, 0, 0},
	    {bob, PSG_TARGET_GROUP, empty, 0, 0},        {NULL, PSG_TARGET_GROUP, open_, 0, 0},
	    {bob, PSG_TARGET_GROUP, NULL, 0, 0},         {bob, PSG_TARGET_GROUP, open_, -1, 0},
	    {bob, (enum psg_target_kind)3, open_, 0, 0}, {bob, PSG_TARGET_GROUP, open_, 0, -1}};
	struct psg_folder *root = *state;
	bool changed;

	policy_sample_write(root, 7);
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		assert_int_equal(psg_policy_assign(root, &bad[i], &changed), PSG_ERR_INVALID);
		assert_int_equal(psg_policy_unassign(root, &bad[i], &changed), PSG_ERR_INVALID);
	}
}

static struct psg_assignment found_of(struct psg_folder *root, const char *assignee)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};

	assert_int_equal(psg_policy_open(root, &policy), PSG_OK);
	assert_int_equal(psg_policy_assigned(policy, assignee, &list), PSG_OK);
	assert_int_equal(list.count, 1);
	return (struct psg_assignment){.until_s = list.items[0].until_s,
				       .created_s = list.items[0].created_s};
}

/* Another end is no other beginning; an end that came is. */
static void assigned_since_the_first_time(void **state)
{
	static const struct {
		int64_t now_s, until_s, since_s;
	} rows[] = {{1000, 0, 1000},    {2000, 5000, 1000}, {3000, 4000, 1000},
		    {3999, 4500, 1000}, {4500, 9000, 4500}, {4000, 0, 4500}};
	struct psg_folder *root = *state;
	char carol[] = "carol", open_[] = "Open", ops[] = "Ops";
	bool changed;

	policy_sample_write(root, 7);
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		const struct psg_assignment one = {carol, PSG_TARGET_GROUP, open_, rows[i].until_s,
						   rows[i].now_s};

		assert_int_equal(psg_policy_assign(root, &one, &changed), PSG_OK);
		assert_int_equal(found_of(root, carol).created_s, rows[i].since_s);
		assert_int_equal(found_of(root, carol).until_s, rows[i].until_s);
	}
	const struct psg_assignment gone = {carol, PSG_TARGET_GROUP, open_, 0, 0},
				    other = {carol, PSG_TARGET_GROUP, ops, 0, 6000};

	/* Another's beginning is no business of this one's; and away is away. */
	assert_int_equal(psg_policy_assign(root, &other, &changed), PSG_OK);
	assert_int_equal(psg_policy_unassign(root, &gone, &changed), PSG_OK);
	assert_int_equal(found_of(root, carol).created_s, 6000);
}

/* What version 3 wrote is copied as it is into later files: no beginning, no time to enrol in. */
static void records_of_version_3(void **state)
{
	struct psg_buf buf PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};

	(void)state;
	psg_buf_u32(&buf, 2);
	for (uint8_t kind = PSG_TARGET_GROUP; kind <= PSG_TARGET_SET; kind++) {
		psg_buf_u8(&buf, kind);
		psg_buf_string(&buf, "Ops");
		psg_buf_u64(&buf, 4000);
	}
	assert_int_equal(
	    psg_policy_decode_assigned(
		(struct psg_reader){(const unsigned char *)buf.data, buf.len, 0, 0}, "bob", &list),
	    PSG_OK);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[1].kind, PSG_TARGET_SET);
	assert_int_equal(list.items[1].until_s, 4000);
	assert_int_equal(list.items[1].created_s, 0);
	psg_buf_clear(&buf);
	psg_policy_encode_policy(&buf,
				 &(struct psg_activation_policy){.name = (char[]){"Ops"},
								 .reason_pattern = (char[]){""},
								 .enroll_within_s = 99});
	assert_int_equal(
	    psg_policy_decode_policy((struct psg_reader){(const unsigned char *)buf.data,
							 buf.len - sizeof(uint64_t), 0, 0},
				     &rules),
	    PSG_OK);
	assert_int_equal(rules.enroll_within_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_ON_BOTH(assign_is_a_whole_write),
	    POLICY_SAMPLE_ON_BOTH(repeated_changes_write_nothing),
	    POLICY_SAMPLE_ON_BOTH(unix_groups_come_and_go),
	    POLICY_SAMPLE_ON_BOTH(an_open_policy_stays),
	    POLICY_SAMPLE_ON_BOTH(the_same_hash_is_another_name),
	    POLICY_SAMPLE_ON_BOTH(odd_names),
	    POLICY_SAMPLE_ON_BOTH(assignments_that_are_none),
	    POLICY_SAMPLE_ON_BOTH(assigned_since_the_first_time),
	    cmocka_unit_test(records_of_version_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
