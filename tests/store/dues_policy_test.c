/* Which sessions end with which activations: by the policy that is in force, and by who is assigned. */
#include <string.h>

#include "dues_world.h"

static void expect(struct folk *folk, const struct psg_activation *a, enum dues_fate fate)
{
	assert_int_equal(dues_fate(folk, a, NULL), fate);
}

static void expect_left(struct folk *folk, const struct psg_activation *a, int64_t seconds)
{
	struct psg_due due;

	assert_int_equal(dues_fate(folk, a, &due), DUES_LATER);
	assert_true(due.left_ns == seconds * FOLK_S);
}

/* -- the policy -- */

static void policy_without_end_sessions(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	expect(folk, &a, DUES_OVER);
	dues.rules.end_sessions = false;
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
	dues.rules.end_sessions = true;
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

static void policy_stricter_lifetime(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	folk_pass(folk, 600);
	dues.rules.lifetime_s = 601;
	dues_deploy(folk);
	expect_left(folk, &a, 1);
	dues.rules.lifetime_s = 600;
	dues_deploy(folk);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_int_equal(due.why, PSG_END_LAPSED);
	assert_false(due.serves);
}

static struct psg_activation by_administrator(struct folk *folk)
{
	struct psg_grant grant = folk_grant("Ops");
	struct psg_activation a;

	grant.scope = PSG_SCOPE_SESSION;
	grant.binding = &dues_shell;
	assert_int_equal(psg_people_grant(folk->store, "nobody-here", &grant, &a), PSG_OK);
	return a;
}

/* The administrator's own is held to the maximum alone: how long was the administrator's word. */
static void policy_stricter_maximum(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_activation granted = by_administrator(folk);

	folk_pass(folk, 600);
	dues.rules.lifetime_s = 600;
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
	expect_left(folk, &granted, 3000);
	dues.rules.maximum_lifetime_s = 601;
	dues_deploy(folk);
	expect_left(folk, &granted, 1);
	dues.rules.maximum_lifetime_s = 600;
	dues_deploy(folk);
	expect(folk, &granted, DUES_OVER);
}

static void policy_looser(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_activation granted = by_administrator(folk);

	dues.rules.lifetime_s = dues.rules.maximum_lifetime_s = 4 * DUES_MAXIMUM_S;
	dues_deploy(folk);
	expect_left(folk, &a, 3600);
	expect_left(folk, &granted, 3600);
	/* Strict in between and as it was again: nothing is kept of it but the record. */
	dues.rules.lifetime_s = 1;
	dues_deploy(folk);
	folk_pass(folk, 1);
	expect(folk, &a, DUES_OVER);
	dues.rules.lifetime_s = 2 * DUES_LIFETIME_S;
	dues_deploy(folk);
	expect_left(folk, &a, 3599);
	folk_pass(folk, 3599);
	expect(folk, &a, DUES_OVER);
	expect(folk, &granted, DUES_OVER);
}

static void policy_asks_for_a_reason(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Ops");
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login), without;

	grant.scope = PSG_SCOPE_SESSION;
	grant.binding = &dues_shell;
	grant.description = NULL;
	assert_int_equal(psg_people_grant(folk->store, "nobody-here", &grant, &without), PSG_OK);
	expect(folk, &without, DUES_LATER);
	dues.rules.reason = PSG_REASON_OPTIONAL;
	dues_deploy(folk);
	expect(folk, &without, DUES_LATER);
	dues.rules.reason = PSG_REASON_REQUIRED;
	dues_deploy(folk);
	expect(folk, &without, DUES_OVER);
	expect(folk, &a, DUES_LATER);
}

/* A Session activation is no wider than what the policy gives for the Host. */
static void policy_of_another_scope(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues.rules.scope = PSG_SCOPE_HOST;
	dues_deploy(folk);
	expect(folk, &a, DUES_LATER);
}

/* With the target went the word that its sessions should end. */
static void policy_without_the_target_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	expect(folk, &a, DUES_OVER);
	dues.ops_gone = true;
	dues.assigned_count = 0;
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
}

static void policy_says_when_to_warn(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_int_equal(due.warn_before_ns, 0);
	dues.rules.warn_before_s = 300;
	dues_deploy(folk);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.warn_before_ns == 300 * FOLK_S);
}

static void policy_says_what_is_renewable(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	dues.rules.maximum_lifetime_s = DUES_LIFETIME_S + 1;
	dues_deploy(folk);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.renewable);
	dues.rules.maximum_lifetime_s = DUES_LIFETIME_S;
	dues_deploy(folk);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_false(due.renewable);
	/* Held to it, it is at its maximum as well. */
	dues.rules.maximum_lifetime_s = DUES_LIFETIME_S - 60;
	dues_deploy(folk);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_false(due.renewable);
}

static void policy_exempts_who_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	dues.exempt = "alicf";
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
	dues.exempt = "nobody-here";
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
}

/* -- who is assigned -- */

static void assigned_until(struct folk *folk, const char *assignee, int64_t seconds)
{
	dues.assigned_count = 0;
	dues_assign(assignee, "Ops", folk->now.realtime_ns / FOLK_S + seconds);
	dues_deploy(folk);
}

static void assignment_over(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	assigned_until(folk, "nobody-here", 7200);
	expect_left(folk, &a, 3600);
	assigned_until(folk, "nobody-here", 10);
	expect_left(folk, &a, 10);
	folk_pass(folk, 10);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_int_equal(due.why, PSG_END_UNASSIGNED);
	/* Another target's is not this one's. */
	dues_assign("nobody-here", "Other", 0);
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

/* The year 9999 is more than 64 bits of nanoseconds. */
static void assigned_for_ages_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	static const int64_t ends[] = {INT64_C(9223372036), INT64_C(9223372037),
				       INT64_C(18446744073), INT64_C(253402300799)};

	for (size_t i = 0; i < PSG_COUNT(ends); i++) {
		dues.assigned_count = 0;
		dues_assign("nobody-here", "Ops", ends[i]);
		dues_deploy(folk);
		expect_left(folk, &a, 3600);
	}
}

/* nobody is in nogroup in Debian; nobody-here has no account, as when a name service is away. */
static void a_group_that_is_seen_counts(void **state)
{
	struct folk *folk = *state;
	struct psg_due due;

	dues.who = "nobody";
	dues.logins.count = 0;
	folk_enroll(folk, "nobody", &folk->phone);
	struct psg_activation a = dues_activate(folk, "Ops", &dues_shell);

	assigned_until(folk, "%nogroup", 10);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.left_ns == 10 * FOLK_S);
	assert_int_equal(due.uid, 65534);
	folk_pass(folk, 10);
	expect(folk, &a, DUES_OVER);
	/* The longest of several. */
	dues_assign("nobody", "Ops", folk->now.realtime_ns / FOLK_S + 5);
	dues_deploy(folk);
	expect_left(folk, &a, 5);
	dues_assign("nobody", "Ops", 0);
	dues.assigned[dues.assigned_count - 2] = dues.assigned[dues.assigned_count - 1];
	dues.assigned_count--;
	dues_deploy(folk);
	expect_left(folk, &a, 3590);
	/* Their own is over; of a group that answers it is known that they are not in it. */
	dues.assigned_count = 0;
	dues_assign("nobody", "Ops", folk->now.realtime_ns / FOLK_S);
	dues_assign("%daemon", "Ops", 0);
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
	dues_assign("%psg-no-such-group", "Ops", 0);
	dues_deploy(folk);
	expect_left(folk, &a, 3590);
}

static void in_a_group_that_is_not_seen_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	int64_t now_s = folk->now.realtime_ns / FOLK_S;

	assigned_until(folk, "%nogroup", 10);
	folk_pass(folk, 20);
	expect_left(folk, &a, 3580);
	/* The person's own is over, and whether the group's holds is not to be seen. */
	dues.assigned_count = 0;
	dues_assign("nobody-here", "Ops", now_s + 10);
	dues_assign("%nogroup", "Ops", 0);
	dues_deploy(folk);
	expect_left(folk, &a, 3580);
	/* Where the group's is over too there is nothing more to be seen. */
	dues.assigned[1].until_s = now_s + 15;
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
	dues.assigned[1] = (struct psg_assignment){(char *)(uintptr_t) "%nogroup", PSG_TARGET_GROUP,
						   (char *)(uintptr_t) "Other", 0, 0};
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

static void unassigned_is_over_where_no_group_is_assigned(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues.assigned_count = 0;
	dues_assign("%nogroup", "Ops", 0);
	dues_deploy(folk);
	/* Perhaps the person is in it, and the name service does not say so just now. */
	expect_left(folk, &a, 3600);
	dues_end(folk, &a, PSG_END_UNASSIGNED);
	expect(folk, &a, DUES_OVER);
	a = dues_activate(folk, "Ops", &dues_login);
	dues.assigned_count = 0;
	dues_assign("%nogroup", "Other", 0);
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

/* -- the session's stack -- */

static void permissive_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_activation b = dues_activate(folk, "Ops", &dues_shell);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	dues_end(folk, &b, PSG_END_DEACTIVATED);
	expect(folk, &a, DUES_OVER);
	dues.stack.permissive = true;
	expect(folk, &a, DUES_LEFT);
	/* Nobody knows what stack opened a session that is not registered. */
	expect(folk, &b, DUES_OVER);
}

static void of_an_unreadable_stack_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	dues.stack_error = PSG_ERR_IO;
	expect(folk, &a, DUES_LEFT);
	dues.stack_error = PSG_OK;
	/* Gated today or not: it rested on the activation. */
	dues.stack.gated = false;
	expect(folk, &a, DUES_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DUES_BOTH(policy_without_end_sessions),
	    DUES_BOTH(policy_stricter_lifetime),
	    DUES_BOTH(policy_stricter_maximum),
	    DUES_BOTH(policy_looser),
	    DUES_BOTH(policy_asks_for_a_reason),
	    DUES_BOTH(policy_of_another_scope),
	    DUES_BOTH(policy_without_the_target_is_left),
	    DUES_BOTH(policy_says_when_to_warn),
	    DUES_BOTH(policy_says_what_is_renewable),
	    DUES_BOTH(policy_exempts_who_is_left),
	    DUES_BOTH(assignment_over),
	    DUES_BOTH(assigned_for_ages_is_left),
	    DUES_BOTH(a_group_that_is_seen_counts),
	    DUES_BOTH(in_a_group_that_is_not_seen_is_left),
	    DUES_BOTH(unassigned_is_over_where_no_group_is_assigned),
	    DUES_BOTH(permissive_is_left),
	    DUES_BOTH(of_an_unreadable_stack_is_left),
	};

	return cmocka_run_group_tests_name("dues by policy", tests, NULL, NULL);
}
