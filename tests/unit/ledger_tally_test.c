/* The ledger: who tried in vain, and who never tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_fixture.h"

static void miss(enum psg_event_kind kind, int64_t time_s, const char *user, const char *rhost)
{
	struct psg_ledger_event event = line(kind, time_s, user, NULL);

	event.rhost = rhost;
	event.target = NULL;
	event.target_kind = PSG_TARGET_NONE;
	psg_ledger_add(ledger, &event);
}

static void failures_by_user_and_origin(void **state)
{
	(void)state;
	miss(PSG_EVENT_WRONG_CODE, T0 + 9, "alice", "a.example");
	miss(PSG_EVENT_WRONG_CODE, T0 + 5, "alice", "a.example");
	miss(PSG_EVENT_THROTTLED, T0 + 7, "alice", "a.example");
	miss(PSG_EVENT_WRONG_CODE, T0 + 7, "alice", "b.example");
	miss(PSG_EVENT_REFUSED, T0 + 8, NULL, NULL);
	miss(PSG_EVENT_WOULD_REFUSE, T0 + 8, "bob", NULL);
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.failure_count, 3);
	assert_int_equal(view.failures[0].wrong, 2);
	assert_int_equal(view.failures[0].throttled, 1);
	assert_int_equal(view.failures[0].first_s, T0 + 5);
	assert_int_equal(view.failures[0].last_s, T0 + 9);
	assert_int_equal(view.would_count, 1);
	assert_string_equal(view.would[0].user, "bob");
	assert_int_equal(view.mark_count, 5);
	assert_int_equal(view.person_count, 2);
	assert_int_equal(view.people[0].marks[PSG_MARK_WRONG], 3);
	assert_string_equal(view.people[0].name, "alice");
	assert_null(view.people[1].name);
}

static void eligible(const char *user, const char *via)
{
	struct psg_eligible one = {
	    .user = user, .via = via, .target = "Finance", .kind = PSG_TARGET_GROUP};

	psg_ledger_eligible(ledger, &one);
}

static void who_never_activates(void **state)
{
	(void)state;
	begin(PSG_EVENT_ACTIVATED, T0 - 2 * DAY, "carol", "carol/1", NULL);
	begin(PSG_EVENT_ACTIVATED, T0 + DAY, "alice", "alice/1", NULL);
	eligible("alice", NULL);
	eligible("bob", "%ops");
	eligible("bob", NULL);
	eligible("carol", "%ops");
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.eligible_all, 3);
	assert_int_equal(view.eligible_count, 2);
	assert_string_equal(view.eligible[0].user, "bob");
	assert_null(view.eligible[0].via);
	assert_int_equal(view.eligible[0].last_s, 0);
	assert_string_equal(view.eligible[1].user, "carol");
	assert_int_equal(view.eligible[1].last_s, T0 - 2 * DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(failures_by_user_and_origin),
	    TEST(who_never_activates),
	};

	return cmocka_run_group_tests_name("ledger tally", tests, NULL, NULL);
}
