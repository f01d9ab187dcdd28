/* Housekeeping: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define YEARS_10_NS (INT64_C(3653) * 86400 * FOLK_S)

static const struct psg_binding session_a = {{100, 7}, 5}, session_b = {{200, 8}, 6};

static struct psg_activation grant_in(struct folk *folk, const char *target,
				      const struct psg_binding *binding)
{
	struct psg_grant grant = folk_grant(target);
	struct psg_activation a;

	if (binding != NULL) {
		grant.scope = PSG_SCOPE_SESSION;
		grant.binding = binding;
	}
	folk_pass(folk, 1);
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &a), PSG_OK);
	return a;
}

/* -- tidying -- */

static void tidy(struct folk *folk)
{
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
}

static void tidy_keeps_the_highest(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a, b;
	struct psg_grant grant = folk_grant("A");
	char code[16];

	tidy(folk);
	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "A");
	folk_pass(folk, 30);
	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
	b = folk_activate(folk, "alice", "B");
	(void)grant_in(folk, "C", NULL);
	assert_int_equal(
	    psg_activation_end(folk->store, "alice", a.file, PSG_END_DEACTIVATED, NULL), PSG_OK);
	assert_int_equal(
	    psg_activation_end(folk->store, "alice", b.file, PSG_END_DEACTIVATED, NULL), PSG_OK);
	folk_pass(folk, 3590);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 5);
	folk_pass(folk, 10);
	tidy(folk);
	/* The older step and its end are gone; the highest, its end and the highest admin-N stay. */
	assert_int_equal(folk_count(folk, "alice", "spent"), 3);
	assert_true(folk_has(folk, "alice", "spent", b.file));
	assert_true(folk_has(folk, "alice", "spent", "admin-1"));
	folk_pass(folk, 400 * 86400);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 3);
	/* The clock set back to when the code was shown. */
	folk->now.realtime_ns = b.created_realtime_ns;
	assert_int_equal(folk_try(folk, "alice", code, &grant), PSG_ERR_REPLAYED);
}

static void tidy_leaves_unlogged_lapses_for_a_day(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "A");
	folk_pass(folk, 30);
	(void)folk_activate(folk, "alice", "B");
	folk_pass(folk, 3 * 3600);
	tidy(folk);
	assert_true(folk_has(folk, "alice", "spent", a.file));
	folk_pass(folk, 86400);
	tidy(folk);
	assert_false(folk_has(folk, "alice", "spent", a.file));
}

/* Closed long before it would have lapsed: what its login left behind is to be found then. */
static void tidy_keeps_the_closed_until_the_lapse(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = grant_in(folk, "A", &session_a);
	int64_t life_s = (a.expires_boottime_ns - a.created_boottime_ns) / FOLK_S;

	(void)grant_in(folk, "B", &session_b);
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	folk_pass(folk, life_s + 3590);
	tidy(folk);
	assert_true(folk_has(folk, "alice", "spent", a.file));
	folk_pass(folk, 10);
	tidy(folk);
	assert_false(folk_has(folk, "alice", "spent", a.file));
}

static void tidy_never_takes_what_lives(void **state)
{
	struct folk *folk = *state;

	(void)grant_in(folk, "A", &session_a);
	(void)grant_in(folk, "A", &session_b);
	(void)grant_in(folk, "B", NULL);
	folk->now.realtime_ns += YEARS_10_NS;
	tidy(folk);
	folk->now.realtime_ns -= 2 * YEARS_10_NS;
	tidy(folk);
	assert_int_equal(folk_live(folk, "alice"), 3);
}

static void tidy_of_a_gone_device(void **state)
{
	struct folk *folk = *state;
	size_t removed;

	folk_enroll(folk, "alice", &folk->phone);
	(void)folk_activate(folk, "alice", "A");
	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	folk_pass(folk, 86400 + 3599);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 1);
	folk_pass(folk, 1);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 0);
}

static void tidy_of_wrecks(void **state)
{
	struct folk *folk = *state;
	char name[64];

	folk_enroll(folk, "alice", &folk->phone);
	(void)snprintf(name, sizeof(name), "%s-5.ended", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	(void)snprintf(name, sizeof(name), "%s-6", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	(void)snprintf(name, sizeof(name), "%s-7", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	folk_plant(folk, "alice", "spent", ".tmp-1", "", 0, folk->now.realtime_ns, false);
	folk_plant(folk, "alice", "authenticators", ".tmp-1", "", 0, folk->now.realtime_ns, false);
	tidy(folk);
	/* An end without a record is what a killed tidier leaves. */
	assert_int_equal(folk_count(folk, "alice", "spent"), 2);
	assert_true(folk_has(folk, "alice", "spent", ".tmp-1"));
	folk_pass(folk, 3601);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 1);
	assert_true(folk_has(folk, "alice", "spent", name));
	assert_false(folk_has(folk, "alice", "spent", ".tmp-1"));
	assert_false(folk_has(folk, "alice", "authenticators", ".tmp-1"));
}

static enum psg_err collect(void *arg, const char *subject)
{
	return psg_strings_add(arg, subject);
}

static void everybody_is_found(void **state)
{
	struct folk *folk = *state;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};

	assert_int_equal(psg_people_each(folk->store, collect, &names), PSG_OK);
	assert_int_equal(names.count, 0);
	folk_enroll(folk, "alice", &folk->phone);
	folk_enroll(folk, "b/o b", &folk->phone);
	psg_folder_release(&(struct psg_folder *){folk_part(folk, "%zz", "spent")});
	assert_int_equal(psg_people_each(folk->store, collect, &names), PSG_OK);
	psg_strings_sort(&names);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[1], "b/o b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(tidy_keeps_the_highest),
	    FOLK_BOTH(tidy_leaves_unlogged_lapses_for_a_day),
	    FOLK_BOTH(tidy_never_takes_what_lives),
	    FOLK_BOTH(tidy_keeps_the_closed_until_the_lapse),
	    FOLK_BOTH(tidy_of_a_gone_device),
	    FOLK_BOTH(tidy_of_wrecks),
	    FOLK_BOTH(everybody_is_found),
	};

	return cmocka_run_group_tests_name("tidy", tests, NULL, NULL);
}
