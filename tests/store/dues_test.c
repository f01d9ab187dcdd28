/* Which sessions end with which activations: what ends an activation, and what does not. The policy's part and the
 * whole Host's are in dues_policy_test.c and dues_host_test.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dues_world.h"

static void expect_over(struct folk *folk, const struct psg_activation *a, enum psg_end_reason why)
{
	struct psg_due due;

	assert_int_equal(dues_fate(folk, a, &due), DUES_OVER);
	assert_int_equal(due.why, why);
	assert_int_equal(due.left_ns, 0);
	assert_false(due.serves);
}

/* -- by its own record and the clocks -- */

static void live_is_due_at_its_lapse(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	folk_pass(folk, 600);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.left_ns == 3000 * FOLK_S);
	assert_true(due.serves && due.registered && due.renewable);
	assert_false(due.others);
	assert_int_equal(dues_count(folk), 1);
	folk_pass(folk, 2999);
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LATER);
	folk_pass(folk, 1);
	expect_over(folk, &a, PSG_END_LAPSED);
	dues_end(folk, &a, PSG_END_LAPSED);
	expect_over(folk, &a, PSG_END_LAPSED);
}

static void either_clock_lapses(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	folk->now.realtime_ns += 3600 * FOLK_S;
	expect_over(folk, &a, PSG_END_LAPSED);
	/* Set back, the wall clock gives nothing: the boot clock goes on. */
	folk->now.realtime_ns -= 7200 * FOLK_S;
	folk->now.boottime_ns += 3599 * FOLK_S;
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.left_ns == FOLK_S);
	folk->now.boottime_ns += FOLK_S;
	expect_over(folk, &a, PSG_END_LAPSED);
}

static void an_end_counts_at_once(void **state)
{
	static const enum psg_end_reason reasons[] = {PSG_END_DEACTIVATED, PSG_END_UNASSIGNED,
						      PSG_END_UNENROLLED, PSG_END_LAPSED};
	struct folk *folk = *state;

	for (size_t i = 0; i < PSG_COUNT(reasons); i++) {
		struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

		dues_end(folk, &a, reasons[i]);
		expect_over(folk, &a, reasons[i]);
		assert_int_equal(dues_count(folk), i + 1);
	}
}

static void closed_is_left_until_its_lapse(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	dues_end(folk, &a, PSG_END_CLOSED);
	folk->processes[0].pid = 0;
	dues.logins.count = 0;
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_false(due.serves || due.registered || due.others);
	folk_pass(folk, 3600);
	expect_over(folk, &a, PSG_END_CLOSED);
}

static void replaced_and_failed_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_activation b = dues_activate(folk, "Other", &dues_login);

	dues_end(folk, &a, PSG_END_SUPERSEDED);
	dues_end(folk, &b, PSG_END_FAILED);
	assert_int_equal(dues_count(folk), 0);
	folk_pass(folk, 3600);
	assert_int_equal(dues_count(folk), 0);
}

static void plant_beside(struct folk *folk, const struct psg_activation *a, const char *suffix,
			 const char *text)
{
	char name[PSG_ACTIVATION_FILE_SIZE + 16];

	(void)snprintf(name, sizeof(name), "%s%s", a->file, suffix);
	folk_plant(folk, "nobody-here", "spent", name, text, strlen(text), folk->now.realtime_ns,
		   false);
}

/* Its file is made first: what it will say may be "superseded". */
static void end_without_a_word_is_left_until_its_lapse(void **state)
{
	static const char *const texts[] = {"", "psg-end 1\n", "psg-end 1\nreason Deactivated\n"};
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	for (size_t i = 0; i < PSG_COUNT(texts); i++) {
		plant_beside(folk, &a, ".ended", texts[i]);
		assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
		assert_false(due.serves);
	}
	folk_pass(folk, 3600);
	expect_over(folk, &a, PSG_END_LAPSED);
}

static void another_boots_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	expect_over(folk, &a, PSG_END_DEACTIVATED);
	(void)dues_activate(folk, "Other", &dues_login);
	folk_reboot(folk, 60);
	assert_int_equal(dues_count(folk), 0);
}

static void damaged_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation whole = dues_activate(folk, "Other", &dues_login);
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	folk_pass(folk, 3600);
	expect_over(folk, &a, PSG_END_LAPSED);
	plant_beside(folk, &a, "", "");
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	plant_beside(folk, &a, "", "psg-activation 1\ntarget Ops\n");
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	/* Another's record under this name is nobody's. */
	(void)folk_copy(folk, "nobody-here", "nobody-here", "spent", whole.file, a.file);
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	plant_beside(folk, &a, ".ended", "");
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	/* And one that is damaged hides no other. */
	expect_over(folk, &whole, PSG_END_LAPSED);
}

/* Made with a ticket, and its session is not known: there is nothing to end. */
static void unbound_is_left(void **state)
{
	static const uint8_t ticket[PSG_TICKET_SIZE] = "fifteen bytes..";
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Ops");
	struct psg_activation a;

	grant.scope = PSG_SCOPE_SESSION;
	grant.ticket = ticket;
	assert_int_equal(psg_people_grant(folk->store, "nobody-here", &grant, &a), PSG_OK);
	folk_pass(folk, 3600);
	assert_int_equal(dues_count(folk), 0);
	plant_beside(folk, &a, ".session", "");
	assert_int_equal(dues_count(folk), 0);
	plant_beside(folk, &a, ".session", "psg-binding 1\nleader-pid 100\nleader-start 7\n");
	assert_int_equal(dues_count(folk), 0);
}

/* -- another is live -- */

static void renewed_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login), b;

	folk_pass(folk, 3600);
	expect_over(folk, &a, PSG_END_LAPSED);
	b = dues_activate(folk, "Ops", &dues_login);
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	assert_int_equal(dues_fate(folk, &b, NULL), DUES_LATER);
	/* By what the gate goes by: the leader or the audit id. */
	dues_end(folk, &b, PSG_END_DEACTIVATED);
	expect_over(folk, &a, PSG_END_LAPSED);
	b = dues_activate(folk, "Ops", &(struct psg_binding){dues_shell.leader, 5});
	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	/* It is live no more when its leader is gone. */
	folk->processes[2].pid = 0;
	expect_over(folk, &a, PSG_END_LAPSED);
}

static void renewed_for_the_host_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	dues.rules.scope = PSG_SCOPE_HOST;
	dues_deploy(folk);
	dues_end(folk, &a, PSG_END_DEACTIVATED);
	expect_over(folk, &a, PSG_END_DEACTIVATED);
	struct psg_activation host = dues_activate(folk, "Ops", NULL);

	assert_int_equal(dues_fate(folk, &a, NULL), DUES_LEFT);
	dues_end(folk, &host, PSG_END_DEACTIVATED);
	expect_over(folk, &a, PSG_END_DEACTIVATED);
}

static void renewed_elsewhere_is_over(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);

	folk_pass(folk, 3600);
	(void)dues_activate(folk, "Other", &dues_login);
	(void)dues_activate(folk, "Ops", &dues_second);
	(void)dues_activate(folk, "Ops", &dues_shell);
	expect_over(folk, &a, PSG_END_LAPSED);
	/* Another set may be called what the group is. */
	struct psg_grant grant = folk_grant("Ops");

	grant.kind = PSG_TARGET_SET;
	assert_int_equal(psg_people_grant(folk->store, "nobody-here", &grant, NULL), PSG_OK);
	expect_over(folk, &a, PSG_END_LAPSED);
}

/* -- whose session -- */

static void a_login_goes_by_its_own_leader(void **state)
{
	/* Activated in a job of that login. */
	const struct psg_binding job = {{300, 9}, 5};
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &job);
	struct psg_due due;

	dues_end(folk, &a, PSG_END_DEACTIVATED);
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_true(due.registered);
	assert_int_equal(due.session.leader.pid, 100);
	assert_int_equal(due.session.audit_id, 5);
	/* The id is shared by now: the login is no longer to be known by it, nor is what was made in it. */
	dues.login_items[0].binding.audit_id = PSG_AUDIT_NONE;
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_false(due.registered);
	assert_int_equal(due.session.leader.pid, 300);
	dues.login_items[0].binding.leader = job.leader;
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_true(due.registered);
	assert_int_equal(due.session.audit_id, PSG_AUDIT_NONE);
	/* Another person's login by that number is not this one. */
	strcpy(dues.login_items[0].subject, "bob");
	assert_int_equal(dues_fate(folk, &a, &due), DUES_OVER);
	assert_false(due.registered);
}

static void a_shell_of_roots_is_marked(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_roots);
	struct psg_activation b = dues_activate(folk, "Ops", &dues_shell);
	struct psg_activation c = dues_activate(folk, "Ops", &dues_login);
	struct psg_due due;

	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_true(due.others && !due.registered);
	assert_int_equal(dues_fate(folk, &b, &due), DUES_LATER);
	assert_false(due.others || due.registered);
	/* sshd's monitor is root's and registered. */
	assert_int_equal(dues_fate(folk, &c, &due), DUES_LATER);
	assert_true(!due.others && due.registered);
	/* Another process by that number by now. */
	folk->processes[3].info.start_ticks++;
	assert_int_equal(dues_fate(folk, &a, &due), DUES_LATER);
	assert_false(due.others || due.serves);
}

/* -- what is not known -- */

static enum psg_err fails(struct psg_folder *folder, const char *name, bool make,
			  struct psg_folder **ret)
{
	(void)folder, (void)name, (void)make, (void)ret;
	return PSG_ERR_IO;
}

static enum psg_err fails_to_open(struct psg_folder *folder, const char *name, int *ret_fd)
{
	(void)folder, (void)name, (void)ret_fd;
	return PSG_ERR_LIMIT;
}

static enum psg_err fails_to_tell(void *self, struct psg_now *ret)
{
	(void)self, (void)ret;
	return PSG_ERR_CLOCK;
}

static void expect_error(struct folk *folk, enum psg_err err)
{
	struct psg_due mark;
	struct psg_dues list = {&mark, 77};

	assert_int_equal(dues_ask(folk, &list), err);
	assert_true(list.items == &mark && list.count == 77);
}

static void unreadable_is_left(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root;
	const struct psg_folder_ops *whole = root->ops;
	struct psg_folder_ops people = *whole, policy = *whole;
	struct psg_activation a = dues_activate(folk, "Ops", &dues_login);
	struct psg_clock clock = folk->store->clock;

	(void)dues_activate(folk, "Other", &dues_shell);
	folk_pass(folk, 3600);
	people.open = fails;
	policy.open_file = fails_to_open;
	root->ops = &people;
	expect_error(folk, PSG_ERR_IO);
	root->ops = &policy;
	expect_error(folk, PSG_ERR_LIMIT);
	root->ops = whole;
	folk->proc_error = PSG_ERR_PROC;
	expect_error(folk, PSG_ERR_PROC);
	folk->proc_error = PSG_OK;
	folk->store->clock.now = fails_to_tell;
	expect_error(folk, PSG_ERR_CLOCK);
	folk->store->clock = clock;
	assert_int_equal(root->ops->remove(root, "policy"), PSG_OK);
	expect_error(folk, PSG_ERR_NOT_FOUND);
	dues_deploy(folk);
	expect_over(folk, &a, PSG_END_LAPSED);
	assert_int_equal(dues_count(folk), 2);
}

static void a_stranger_has_nothing_due(void **state)
{
	struct folk *folk = *state;

	(void)dues_activate(folk, "Ops", &dues_login);
	dues.who = "bob";
	assert_int_equal(dues_count(folk), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DUES_BOTH(live_is_due_at_its_lapse),
	    DUES_BOTH(either_clock_lapses),
	    DUES_BOTH(an_end_counts_at_once),
	    DUES_BOTH(closed_is_left_until_its_lapse),
	    DUES_BOTH(replaced_and_failed_is_left),
	    DUES_BOTH(end_without_a_word_is_left_until_its_lapse),
	    DUES_BOTH(another_boots_is_left),
	    DUES_BOTH(damaged_is_left),
	    DUES_BOTH(unbound_is_left),
	    DUES_BOTH(renewed_is_left),
	    DUES_BOTH(renewed_for_the_host_is_left),
	    DUES_BOTH(renewed_elsewhere_is_over),
	    DUES_BOTH(a_login_goes_by_its_own_leader),
	    DUES_BOTH(a_shell_of_roots_is_marked),
	    DUES_BOTH(unreadable_is_left),
	    DUES_BOTH(a_stranger_has_nothing_due),
	};

	return cmocka_run_group_tests_name("dues", tests, NULL, NULL);
}
