/* The ledger: from the log's lines to who held what, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_fixture.h"

static void nothing(void **state)
{
	(void)state;
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.holding_count, 0);
	assert_int_equal(view.person_count, 0);
	assert_int_equal(view.first_s, 0);
	assert_int_equal(view.held_s, 0);
}

static void closed_with_its_session(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0 + HOUR, "alice", "alice/1", NULL);
	put(PSG_EVENT_ENDED, T0 + 3 * HOUR, "alice", "alice/1");
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_CLOSED);
	assert_int_equal(one->held_s, 2 * HOUR);
	assert_string_equal(one->user, "alice");
	assert_string_equal(one->reason, "INC1");
	assert_false(one->began_before || one->clock_set_back);
	assert_int_equal(view.people[0].held_s, 2 * HOUR);
	assert_int_equal(view.targets[0].longest_s, 2 * HOUR);
}

/* Somebody looked three days later: it ended when its time was up. */
static void a_lapse_noticed_late(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", NULL);
	put(PSG_EVENT_LAPSED, T0 + 3 * DAY, "alice", "alice/1");
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_LAPSED);
	assert_int_equal(one->end_s, T0 + 8 * HOUR);
	assert_int_equal(one->held_s, 8 * HOUR);
}

static void without_an_end(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", NULL);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_LAPSED);
	assert_int_equal(one->held_s, 8 * HOUR);
}

static void gone_before_its_time(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, NOW - HOUR, "alice", "alice/1", NULL);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_UNKNOWN);
	assert_int_equal(one->end_s, NOW);
	assert_int_equal(one->held_s, HOUR);
}

static void live(void **state)
{
	struct psg_ledger_event event = line(PSG_EVENT_ACTIVATED, NOW - HOUR, "alice", "alice/1");
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, NOW - HOUR, "alice", "alice/1", NULL);
	event.expires_s = NOW + HOUR;
	psg_ledger_live(ledger, &event);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_LIVE);
	assert_int_equal(one->held_s, HOUR);
	assert_int_equal(one->expires_s, NOW + HOUR); /* the policy became stricter */
}

static void live_and_not_in_the_log(void **state)
{
	struct psg_ledger_event event = line(PSG_EVENT_ACTIVATED, NOW - HOUR, "alice", "alice/1");
	const struct psg_holding *one;

	(void)state;
	psg_ledger_live(ledger, &event);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_LIVE);
	assert_int_equal(one->held_s, HOUR);
}

static void across_a_reboot(void **state)
{
	const struct psg_holding *one;

	(void)state;
	scope.boot_s = NOW - HOUR;
	rescope();
	begin(PSG_EVENT_ACTIVATED, NOW - 3 * HOUR, "alice", "alice/1", NULL);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_REBOOT);
	assert_int_equal(one->held_s, 2 * HOUR);
}

/* Noticed by the first login after it: not by its deadline, which was still to come. */
static void a_reboot_noticed(void **state)
{
	const struct psg_holding *one;

	(void)state;
	scope.boot_s = NOW - 2 * HOUR;
	rescope();
	begin(PSG_EVENT_ACTIVATED, NOW - 3 * HOUR, "alice", "alice/1", NULL);
	put(PSG_EVENT_LAPSED, NOW - HOUR, "alice", "alice/1");
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_REBOOT);
	assert_int_equal(one->held_s, HOUR);
}

static void renewals(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", "7-77");
	begin(PSG_EVENT_RENEWED, T0 + 6 * HOUR, "alice", "alice/2", "7-77-3");
	begin(PSG_EVENT_RENEWED, T0 + 12 * HOUR, "alice", "alice/3", "7-77-3");
	put(PSG_EVENT_DEACTIVATED, T0 + 7 * HOUR, "alice", "alice/1"); /* it was renewed before */
	put(PSG_EVENT_ENDED, T0 + 13 * HOUR, "alice", "alice/3");
	one = close_one();
	assert_string_equal(one->id, "alice/1");
	assert_int_equal(one->renewals, 2);
	assert_int_equal(one->end, PSG_HELD_CLOSED);
	assert_int_equal(one->held_s, 13 * HOUR);
	assert_int_equal(view.counts[PSG_EVENT_RENEWED], 2);
}

/* Two sessions of one person: each renewal goes to its own. */
static void a_renewal_is_its_sessions(void **state)
{
	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", "7-77");
	begin(PSG_EVENT_ACTIVATED, T0 + HOUR, "alice", "alice/2", "8-88");
	begin(PSG_EVENT_RENEWED, T0 + 2 * HOUR, "alice", "alice/3", "7-77");
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.holding_count, 2);
	assert_string_equal(view.holdings[0].id, "alice/1");
	assert_int_equal(view.holdings[0].renewals, 1);
	assert_int_equal(view.holdings[0].held_s, 10 * HOUR);
	assert_int_equal(view.holdings[1].renewals, 0);
}

static void a_renewal_of_what_the_log_has_not(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_RENEWED, T0 + HOUR, "alice", "alice/2", NULL);
	one = close_one();
	assert_true(one->began_before);
	assert_int_equal(one->held_s, 8 * HOUR);
}

static void an_end_of_what_the_log_has_not(void **state)
{
	const struct psg_holding *one;

	(void)state;
	put(PSG_EVENT_ENDED, T0 + HOUR, "alice", "alice/2");
	one = close_one();
	assert_true(one->began_before);
	assert_int_equal(one->held_s, 0);
}

/* Two doors of one person at once: two activations, one time held. */
static void overlapping(void **state)
{
	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", "7-77");
	begin(PSG_EVENT_ACTIVATED, T0 + 4 * HOUR, "alice", "alice/2", "8-88");
	begin(PSG_EVENT_ACTIVATED, T0 + 4 * HOUR, "bob", "bob/1", "9-99");
	put(PSG_EVENT_ENDED, T0 + 5 * HOUR, "alice", "alice/2"); /* inside the first */
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.person_count, 2);
	assert_int_equal(view.targets[0].holdings, 3);
	assert_int_equal(view.targets[0].others, 2);
	assert_int_equal(view.targets[0].held_s, 16 * HOUR);
	assert_int_equal(view.targets[0].median_s, 8 * HOUR);
	assert_string_equal(view.people[0].name, "alice");
	assert_int_equal(view.people[0].held_s, 8 * HOUR);
	assert_int_equal(view.held_s, 16 * HOUR);
}

static void replaced_in_its_session(void **state)
{
	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", "7-77");
	begin(PSG_EVENT_GRANTED, T0 + HOUR, "alice", "alice/admin-1", "7-77");
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.holding_count, 2);
	assert_int_equal(view.holdings[0].end, PSG_HELD_REPLACED);
	assert_int_equal(view.holdings[0].held_s, HOUR);
}

/* By the order of the lines it ended after it began, by their times before. */
static void clock_set_back(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0 + 5 * HOUR, "alice", "alice/1", NULL);
	put(PSG_EVENT_ENDED, T0 + HOUR, "alice", "alice/1");
	one = close_one();
	assert_true(one->clock_set_back);
	assert_int_equal(one->held_s, 0);
	assert_int_equal(view.held_s, 0);
}

static void the_period_cuts(void **state)
{
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0 - 3 * DAY, "alice", "alice/0", NULL); /* over before */
	begin(PSG_EVENT_ACTIVATED, T0 - 2 * HOUR, "alice", "alice/1", NULL);
	begin(PSG_EVENT_ACTIVATED, NOW + HOUR, "alice", "alice/2", NULL); /* the clock was ahead */
	one = close_one();
	assert_string_equal(one->id, "alice/1");
	assert_int_equal(one->start_s, T0 - 2 * HOUR);
	assert_int_equal(one->held_s, 6 * HOUR);
	assert_int_equal(view.event_count, 0); /* no line lies in the period */
	assert_int_equal(view.first_s, T0 - 3 * DAY);
}

static void only_one_persons(void **state)
{
	(void)state;
	scope.user = "bob";
	rescope();
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", NULL);
	begin(PSG_EVENT_ACTIVATED, T0, "bob", "bob/1", NULL);
	put(PSG_EVENT_WRONG_CODE, T0, "alice", NULL);
	assert_string_equal(close_one()->user, "bob");
	assert_int_equal(view.failure_count, 0);
	assert_int_equal(view.event_count, 1);
}

static void who_deactivated(void **state)
{
	struct psg_ledger_event event = line(PSG_EVENT_DEACTIVATED, T0 + HOUR, "alice", "alice/1");
	const struct psg_holding *one;

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", NULL);
	event.actor = "root";
	psg_ledger_add(ledger, &event);
	one = close_one();
	assert_int_equal(one->end, PSG_HELD_DEACTIVATED);
	assert_string_equal(one->ended_by, "root");
	assert_int_equal(view.act_count, 1);
}

/* A group and a set may have one name. */
static void a_group_is_no_set(void **state)
{
	struct psg_ledger_event event = line(PSG_EVENT_ACTIVATED, T0, "alice", "alice/2");

	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0, "alice", "alice/1", NULL);
	event.target_kind = PSG_TARGET_SET;
	event.expires_s = T0 + HOUR;
	psg_ledger_add(ledger, &event);
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.target_count, 2);
	assert_int_equal(view.targets[0].held_s, 8 * HOUR);
	assert_int_equal(view.targets[1].held_s, HOUR);
	assert_int_equal(view.people[0].held_s, 9 * HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing),
	    TEST(closed_with_its_session),
	    TEST(a_lapse_noticed_late),
	    TEST(without_an_end),
	    TEST(gone_before_its_time),
	    TEST(live),
	    TEST(live_and_not_in_the_log),
	    TEST(across_a_reboot),
	    TEST(a_reboot_noticed),
	    TEST(renewals),
	    TEST(a_renewal_is_its_sessions),
	    TEST(a_renewal_of_what_the_log_has_not),
	    TEST(an_end_of_what_the_log_has_not),
	    TEST(overlapping),
	    TEST(replaced_in_its_session),
	    TEST(clock_set_back),
	    TEST(the_period_cuts),
	    TEST(only_one_persons),
	    TEST(who_deactivated),
	    TEST(a_group_is_no_set),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
