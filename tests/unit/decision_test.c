/* The decision against an oracle: the whole truth table of one path.
 *
 * The oracle never sees the facts. It judges the row that they were made from, by a list of rules
 * in the order of DESIGN section 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/decision.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "11111111-2222-3333-4444-555555555556"
#define NOW_S INT64_C(1800000000)
#define UPTIME_S INT64_C(5000)
#define S PSG_NS_PER_S

static const struct psg_now now = {
    .realtime_ns = NOW_S * S + 999999999,
    .boottime_ns = UPTIME_S * S,
    .boot_id = BOOT,
};

enum assignment { ASSIGNED_NOT, ASSIGNED, ASSIGNED_UNTIL, ASSIGNMENT_ENDED, ASSIGNMENTS };
enum history {
	NEVER,
	LIVE,
	ENDED,
	LAPSED_WALL,
	LAPSED_BOOT,
	FROM_OTHER_BOOT,
	IN_ANOTHER_SESSION,
	INVALID,
	OF_ANOTHER_TARGET,
	OF_ANOTHER_KIND,
	FROM_THE_FUTURE,
	HISTORIES
};

struct row {
	enum assignment assignment;
	enum psg_target_kind kind;
	bool gives, muted, requires_activation;
	enum psg_group_status status;
	enum history history;
	enum psg_scope scope;
	bool root, even_root, exempt, error, unassigned_ok;
};

static struct psg_activation activation_of(const struct row *row)
{
	struct psg_activation a = {
	    .file = "one-1",
	    .valid = true,
	    .kind = row->kind,
	    .target = "Target",
	    .scope = row->scope,
	    .boot_id = BOOT,
	    .created_realtime_ns = (NOW_S - 100) * S,
	    .created_boottime_ns = (UPTIME_S - 100) * S,
	    .first_realtime_ns = (NOW_S - 100) * S,
	    .first_boottime_ns = (UPTIME_S - 100) * S,
	    .expires_realtime_ns = (NOW_S + 100) * S,
	    .expires_boottime_ns = (UPTIME_S + 100) * S,
	    .bound = true,
	    .in_session = true,
	};

	if (row->history == ENDED)
		a.ended = true;
	if (row->history == LAPSED_WALL)
		a.expires_realtime_ns = now.realtime_ns;
	if (row->history == LAPSED_BOOT)
		a.expires_boottime_ns = now.boottime_ns;
	if (row->history == FROM_OTHER_BOOT)
		memcpy(a.boot_id, OTHER_BOOT, sizeof(OTHER_BOOT));
	if (row->history == IN_ANOTHER_SESSION)
		a.in_session = false;
	if (row->history == INVALID)
		a.valid = false;
	if (row->history == OF_ANOTHER_TARGET)
		memcpy(a.target, "TargetX", sizeof("TargetX"));
	if (row->history == OF_ANOTHER_KIND)
		a.kind = row->kind == PSG_TARGET_GROUP ? PSG_TARGET_SET : PSG_TARGET_GROUP;
	if (row->history == FROM_THE_FUTURE)
		a.created_boottime_ns = now.boottime_ns + 1;
	return a;
}

static struct psg_path path_of(const struct row *row)
{
	static const int64_t until[] = {
	    [ASSIGNED_UNTIL] = NOW_S + 1, [ASSIGNMENT_ENDED] = NOW_S, /* over in its very second */
	};

	return (struct psg_path){
	    .kind = row->kind,
	    .target = "Target",
	    .set = "Set",
	    .assignee = "alice",
	    .assigned_until_s = row->assignment >= ASSIGNED_UNTIL ? until[row->assignment] : 0,
	    .status = row->status,
	    .gives = row->gives,
	    .muted = row->muted,
	    .requires_activation = row->requires_activation,
	    .permission_count = 3,
	};
}

/* Whether the row's activation lets in, or once did: an activation for the host is in every session. */
static bool lets_in(const struct row *row)
{
	return row->history == LIVE ||
	       (row->history == IN_ANOTHER_SESSION && row->scope == PSG_SCOPE_HOST);
}

static bool once_did(const struct row *row)
{
	switch (row->history) {
	case ENDED:
	case LAPSED_WALL:
	case LAPSED_BOOT:
	case FROM_OTHER_BOOT:
	case FROM_THE_FUTURE:
		return true;
	case NEVER:
	case LIVE:
	case IN_ANOTHER_SESSION:
	case INVALID:
	case OF_ANOTHER_TARGET:
	case OF_ANOTHER_KIND:
	case HISTORIES:
		break;
	}
	return false;
}

struct answer {
	enum psg_verdict verdict;
	enum psg_why why;
};

/* The first rule that holds. */
static struct answer oracle(const struct row *row)
{
	bool assigned = row->assignment != ASSIGNED_NOT;
	bool on_failed = assigned && row->status == PSG_STATUS_FAILED;
	bool pass = row->unassigned_ok && !(assigned && row->gives) && !on_failed;
	const struct {
		bool holds;
		struct answer answer;
	} rules[] = {
	    {row->root && !row->even_root, {PSG_ALLOW, PSG_WHY_ROOT}},
	    {row->exempt, {PSG_ALLOW, PSG_WHY_EXEMPT}},
	    {row->error, {PSG_DENY, PSG_WHY_ERROR}},
	    {pass, {PSG_ALLOW, PSG_WHY_UNASSIGNED_OK}},
	    {!assigned, {PSG_DENY, PSG_WHY_UNASSIGNED}},
	    {!row->gives, {PSG_DENY, PSG_WHY_NOT_SERVED}},
	    {row->muted, {PSG_DENY, PSG_WHY_MUTED}},
	    {on_failed, {PSG_DENY, PSG_WHY_FAILED}},
	    {row->assignment == ASSIGNMENT_ENDED, {PSG_DENY, PSG_WHY_EXPIRED}},
	    {!row->requires_activation, {PSG_ALLOW, PSG_WHY_NOT_REQUIRED}},
	    {lets_in(row), {PSG_ALLOW, PSG_WHY_ACTIVE}},
	    {once_did(row), {PSG_ACTIVATE, PSG_WHY_LAPSED}},
	    {true, {PSG_ACTIVATE, PSG_WHY_NEEDS_ACTIVATION}},
	};
	size_t i = 0;

	while (!rules[i].holds)
		i++;
	return rules[i].answer;
}

static void check_row(const struct row *row)
{
	struct psg_activation activation = activation_of(row);
	struct psg_path path = path_of(row);
	struct psg_facts facts = {
	    .error = row->error,
	    .subject_is_root = row->root,
	    .even_root = row->even_root,
	    .exempt = row->exempt,
	    .unassigned_ok = row->unassigned_ok,
	    .now = now,
	    .paths = row->assignment == ASSIGNED_NOT ? NULL : &path,
	    .path_count = row->assignment != ASSIGNED_NOT,
	    .activations = row->history == NEVER ? NULL : &activation,
	    .activation_count = row->history != NEVER,
	};
	struct psg_decision decision = psg_decide(&facts);
	struct answer expected = oracle(row);
	bool has_activation = expected.why == PSG_WHY_ACTIVE || expected.why == PSG_WHY_LAPSED;

	if (decision.verdict != expected.verdict || decision.why != expected.why)
		fail_msg("assignment %d kind %d gives %d muted %d requires %d status %d history %d "
			 "scope %d root %d even %d exempt %d error %d ok %d: %s %s, expected %s %s",
			 row->assignment, row->kind, row->gives, row->muted,
			 row->requires_activation, row->status, row->history, row->scope, row->root,
			 row->even_root, row->exempt, row->error, row->unassigned_ok,
			 psg_verdict_name(decision.verdict), psg_why_name(decision.why),
			 psg_verdict_name(expected.verdict), psg_why_name(expected.why));
	assert_ptr_equal(decision.activation, has_activation ? &activation : NULL);
	if (decision.verdict == PSG_ACTIVATE || expected.why == PSG_WHY_ACTIVE ||
	    expected.why == PSG_WHY_NOT_REQUIRED)
		assert_ptr_equal(decision.path, &path);
}

static void each_flag(struct row row)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		row.root = bits & 1;
		row.even_root = bits & 2;
		row.exempt = bits & 4;
		row.error = bits & 8;
		row.unassigned_ok = bits & 16;
		check_row(&row);
	}
}

static void each_history(struct row row)
{
	for (int history = 0; history < HISTORIES; history++) {
		row.history = (enum history)history;
		row.scope = PSG_SCOPE_SESSION;
		each_flag(row);
		row.scope = PSG_SCOPE_HOST;
		each_flag(row);
	}
}

/* Every combination there is: 180,224 rows. */
static void one_path(void **state)
{
	struct row row;

	(void)state;
	for (int assignment = 0; assignment < ASSIGNMENTS; assignment++) {
		for (unsigned bits = 0; bits < 64; bits++) {
			row = (struct row){.assignment = (enum assignment)assignment,
					   .kind = bits & 1 ? PSG_TARGET_GROUP : PSG_TARGET_SET,
					   .gives = bits & 2,
					   .muted = bits & 4,
					   .requires_activation = bits & 8,
					   .status = (enum psg_group_status)(bits >> 4)};
			each_history(row);
		}
	}
}

static void nothing_known(void **state)
{
	struct psg_facts facts = {0};
	struct psg_path path = {.target = "Target"};
	const struct psg_path *candidates[1];

	(void)state;
	assert_int_equal(psg_decide(&facts).verdict, PSG_DENY);
	assert_int_equal(psg_decide(&facts).why, PSG_WHY_UNASSIGNED);
	assert_null(psg_decide(&facts).path);
	assert_int_equal(psg_decide_candidates(&facts, candidates, 1), 0);
	/* a path of which nothing was filled in, and one of no kind */
	facts.paths = &path;
	facts.path_count = 1;
	facts.unassigned_ok = true;
	assert_int_equal(psg_decide(&facts).verdict, PSG_DENY);
	path.gives = true;
	path.status = PSG_STATUS_UPDATED;
	assert_int_equal(psg_decide(&facts).verdict, PSG_DENY);
	/* a status there is none of gives nothing */
	path.kind = PSG_TARGET_GROUP;
	assert_int_equal(psg_decide(&facts).verdict, PSG_ALLOW);
	path.status = (enum psg_group_status)4;
	assert_int_equal(psg_decide(&facts).verdict, PSG_DENY);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(psg_verdict_name(PSG_ALLOW), "ALLOW");
	assert_string_equal(psg_verdict_name((enum psg_verdict)3), "DENY");
	for (int why = 0; why < PSG_WHY_COUNT; why++)
		for (int other = 0; other < why; other++)
			assert_string_not_equal(psg_why_name((enum psg_why)why),
						psg_why_name((enum psg_why)other));
	assert_string_equal(psg_why_name(PSG_WHY_COUNT), "Error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_path),
	    cmocka_unit_test(nothing_known),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
