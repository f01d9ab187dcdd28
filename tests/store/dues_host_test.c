/* Which sessions end with an activation for the whole Host: the logins that it opened, and no others. */
#include <string.h>
#include <unistd.h>

#include "dues_world.h"

static struct psg_activation for_the_host(struct folk *folk)
{
	dues.rules.scope = PSG_SCOPE_HOST;
	dues_deploy(folk);
	return dues_activate(folk, "Ops", NULL);
}

/* The stack of sshd asks for something else than Ops from now on. */
static void ask_for(const char *application)
{
	strcpy(dues.stack.demand.name, application);
}

static void expect(struct folk *folk, const struct psg_activation *a, enum dues_fate fate)
{
	struct psg_due due;

	assert_int_equal(dues_fate(folk, a, &due), fate);
	if (fate == DUES_LEFT)
		return;
	/* The login through sshd, never the one through su, which opens without it. */
	assert_int_equal(due.session.leader.pid, 100);
	assert_true(due.registered && !due.others);
	assert_int_equal(due.serves, fate == DUES_LATER);
}

static void live_warns_the_logins_that_open_by_it(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues.rules.warn_before_s = 60;
	dues_deploy(folk);
	expect(folk, &a, DUES_LATER);
	ask_for("su");
	expect(folk, &a, DUES_LEFT);
	ask_for("nothing");
	expect(folk, &a, DUES_LEFT);
}

static void lapsed_ends_the_logins_that_opened_by_it(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	folk_pass(folk, 3600);
	expect(folk, &a, DUES_OVER);
	dues.login_items[0].alive = false;
	expect(folk, &a, DUES_LEFT);
	dues.login_items[0].alive = true;
	strcpy(dues.login_items[0].subject, "bob");
	expect(folk, &a, DUES_LEFT);
}

static void deactivated_and_denied_is_over(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	expect(folk, &a, DUES_OVER);
	/* What the stack asks for by now the target never gave: another thing let it in. */
	ask_for("nothing");
	expect(folk, &a, DUES_LEFT);
	ask_for("sshd");
	expect(folk, &a, DUES_OVER);
	ask_for("nothing");
	/* A path that needs no activation, or a rule that lets everybody pass: it is open without. */
	dues.stack.unassigned_ok = true;
	expect(folk, &a, DUES_LEFT);
	dues.stack.unassigned_ok = false;
	ask_for("su");
	expect(folk, &a, DUES_LEFT);
}

/* Ticks since the boot, 100 a second: a login that began later was let in by something else. */
static void begun_after_it_was_over_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);
	struct psg_leader *leader = &dues.login_items[0].binding.leader;
	uint64_t ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);

	folk_pass(folk, 60);
	dues_end(folk, &a, PSG_END_DEACTIVATED);
	leader->start_ticks = ((uint64_t)(folk->now.boottime_ns / FOLK_S) - 1) * ticks_per_s;
	folk->processes[0].info.start_ticks = leader->start_ticks;
	expect(folk, &a, DUES_OVER);
	leader->start_ticks += 2 * ticks_per_s;
	folk->processes[0].info.start_ticks = leader->start_ticks;
	expect(folk, &a, DUES_LEFT);
}

static void policy_of_session_scope_ends_it(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues.rules.scope = PSG_SCOPE_SESSION;
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

static void unassigned_where_groups_are_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	folk_pass(folk, 3600);
	dues.assigned_count = 0;
	dues_deploy(folk);
	/* Every login is shut now; it is the one through sshd that it opened. */
	assert_int_equal(dues_count(folk), 1);
	dues_assign("%nogroup", "Other", 0);
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
	/* It is known that the person's own is over. */
	dues_assign("nobody-here", "Ops", folk->now.realtime_ns / FOLK_S - 1);
	dues_assign("nobody-here", "Plain", 0);
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

static void renewed_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	struct psg_activation session = dues_activate(folk, "Ops", &dues_login);

	expect(folk, &a, DUES_LEFT);
	folk->processes[0].pid = 0;
	expect(folk, &a, DUES_OVER);
	folk->processes[0].pid = 100;
	dues_end(folk, &session, PSG_END_DEACTIVATED);
	expect(folk, &a, DUES_OVER);
	(void)dues_activate(folk, "Ops", NULL);
	expect(folk, &a, DUES_LEFT);
}

static void only_what_the_stack_says_for_sure_ends(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	dues.stack.permissive = true;
	expect(folk, &a, DUES_LEFT);
	dues.stack.permissive = false;
	dues.stack.gated = false;
	expect(folk, &a, DUES_LEFT);
	dues.stack.gated = true;
	dues.stack_error = PSG_ERR_IO;
	expect(folk, &a, DUES_LEFT);
	dues.stack_error = PSG_OK;
	dues.exempt = "nobody-here";
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
	dues.exempt = NULL;
	dues_deploy(folk);
	expect(folk, &a, DUES_OVER);
}

static void without_end_sessions_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = for_the_host(folk);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	dues.rules.end_sessions = false;
	dues_deploy(folk);
	expect(folk, &a, DUES_LEFT);
}

static void what_cannot_be_asked_is_an_error(void **state)
{
	struct folk *folk = *state;
	struct psg_dues list = {NULL, 77};
	struct psg_activation a = for_the_host(folk);

	/* A session's own is looked at for the login that the Host's has opened. */
	(void)dues_activate(folk, "Other", &dues_login);
	dues_end(folk, &a, PSG_END_DEACTIVATED);
	folk->proc_error = PSG_ERR_PROC;
	assert_int_equal(dues_ask(folk, &list), PSG_ERR_PROC);
	assert_int_equal(list.count, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DUES_BOTH(live_warns_the_logins_that_open_by_it),
	    DUES_BOTH(lapsed_ends_the_logins_that_opened_by_it),
	    DUES_BOTH(deactivated_and_denied_is_over),
	    DUES_BOTH(begun_after_it_was_over_is_left),
	    DUES_BOTH(policy_of_session_scope_ends_it),
	    DUES_BOTH(unassigned_where_groups_are_is_left),
	    DUES_BOTH(renewed_is_left),
	    DUES_BOTH(only_what_the_stack_says_for_sure_ends),
	    DUES_BOTH(without_end_sessions_is_left),
	    DUES_BOTH(what_cannot_be_asked_is_an_error),
	};

	return cmocka_run_group_tests_name("dues of the host", tests, NULL, NULL);
}
