/* Logins, and whose audit id is whose: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct psg_call fresh_call(void)
{
	return (struct psg_call){.pid = 100,
				 .leader = {100, 7},
				 .lineage = {{100, 7}},
				 .lineage_count = 1,
				 .audit_id = 5,
				 .parent_audit_id = PSG_AUDIT_NONE};
}

static void session_vouch(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call(), later = fresh_call();

	folk_process(folk, 0, 100, 7);
	assert_int_equal(psg_session_place(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
	call.parent_audit_id = 5; /* the daemon's */
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	assert_false(call.audit_own);
	call.parent_audit_id = 4;
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	assert_true(call.audit_own);
	assert_int_equal(psg_session_place(folk->store, "bob", &later), PSG_OK);
	assert_false(later.audit_own);
	assert_int_equal(psg_session_place(folk->store, "alice", &later), PSG_OK);
	assert_true(later.audit_own);
	later = fresh_call();
	folk->processes[0].pid = 0;
	assert_int_equal(psg_session_place(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
	folk->proc_error = PSG_ERR_PROC;
	assert_int_equal(psg_session_place(folk->store, "alice", &later), PSG_ERR_PROC);
	assert_false(later.audit_own);
}

static void session_of_another_boot(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call(), later = fresh_call();

	folk_process(folk, 0, 100, 7);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	folk_reboot(folk, 60);
	assert_int_equal(psg_session_place(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
}

static enum psg_err count_name(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
	return PSG_OK;
}

static size_t registrations(struct folk *folk)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	size_t count = 0;

	assert_int_equal(folk->store->root->ops->open(folk->store->root, "sessions", true, &folder),
			 PSG_OK);
	assert_int_equal(folder->ops->list(folder, count_name, &count), PSG_OK);
	return count;
}

/* A process of the person's own, somewhere in the login led by `leader`, or (pid 0) gone from under it. */
static struct psg_call inside(struct psg_leader leader)
{
	struct psg_call call = {.pid = 500,
				.real_uid = 1000,
				.subject_uid = 1000,
				.audit_id = 5,
				.parent_audit_id = 5,
				.lineage = {{500, 70}, leader},
				.lineage_count = leader.pid ? 2 : 1};

	return call;
}

static void shared_id_is_nobodys(void **state)
{
	struct folk *folk = *state;
	struct psg_call first = fresh_call(), second = fresh_call(), within, gone;

	folk_process(folk, 0, 100, 7);
	folk_process(folk, 1, 200, 9);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", true, &first), PSG_OK);
	gone = inside((struct psg_leader){0, 0});
	assert_int_equal(psg_session_place(folk->store, "alice", &gone), PSG_OK);
	assert_true(gone.audit_own);
	assert_int_equal(gone.login.pid, 100);
	/* An sshd that was started in the first: its login has the same id, and it is not fresh. */
	second.pid = 200;
	second.leader = second.lineage[0] = (struct psg_leader){200, 9};
	second.parent_audit_id = 5;
	assert_int_equal(psg_session_place(folk->store, "alice", &second), PSG_OK);
	assert_int_equal(second.login.pid, 0);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", true, &second), PSG_OK);
	assert_false(second.audit_own);
	assert_int_equal(second.login.pid, 200);
	gone = inside((struct psg_leader){0, 0});
	assert_int_equal(psg_session_place(folk->store, "alice", &gone), PSG_OK);
	assert_false(gone.audit_own);
	assert_int_equal(gone.login.pid, 0);
	/* Whom lineage tells apart, it still does. */
	within = inside((struct psg_leader){100, 7});
	assert_int_equal(psg_session_place(folk->store, "alice", &within), PSG_OK);
	assert_false(within.audit_own);
	assert_int_equal(within.login.pid, 100);
	within = inside((struct psg_leader){200, 9});
	assert_int_equal(psg_session_place(folk->store, "alice", &within), PSG_OK);
	assert_int_equal(within.login.pid, 200);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 3);
	/* The first is over; the mark outlives it, or the id would be fresh to a third login through the same sshd
	 * whose listener is gone: its parent is init, which has none. */
	folk->processes[0].pid = 0;
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 2);
	folk_process(folk, 2, 300, 11);
	first = fresh_call();
	first.pid = 300;
	first.leader = first.lineage[0] = (struct psg_leader){300, 11};
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", true, &first), PSG_OK);
	assert_false(first.audit_own);
	assert_int_equal(first.login.pid, 300);
	gone = inside((struct psg_leader){0, 0});
	assert_int_equal(psg_session_place(folk->store, "alice", &gone), PSG_OK);
	assert_int_equal(gone.login.pid, 0);
	folk_reboot(folk, 60);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
}

/* A registration that says nothing stands for nobody, and is swept once no open_session can still be writing it. */
static void a_damaged_login_goes_in_time(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_logins list PSG_CLEANUP(psg_logins_clear) = {0};
	struct psg_folder *root = folk->store->root;

	assert_int_equal(root->ops->open(root, "sessions", true, &folder), PSG_OK);
	assert_int_equal(folder->ops->replace(folder, FOLK_BOOT_A "-100-7", "psg-session 1\n", 14),
			 PSG_OK);
	assert_int_equal(psg_logins_list(folk->store, &list), PSG_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 1);
	folk_pass(folk, 2 * 3600);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
}

/* An sshd -d started in a login leads no session: the walk goes on above it, to the login it was started in. */
static void a_login_within_a_login(void **state)
{
	struct folk *folk = *state;
	struct psg_call outer = fresh_call(), inner = fresh_call(), call;

	folk_process(folk, 0, 100, 7);
	folk_process(folk, 1, 200, 9);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", true, &outer), PSG_OK);
	inner.lineage[0] = (struct psg_leader){200, 9};
	inner.audit_id = 6; /* bob's, fresh below alice's */
	inner.parent_audit_id = 5;
	assert_int_equal(psg_session_register(folk->store, "bob", "sshd", false, &inner), PSG_OK);
	call = inside((struct psg_leader){200, 9});
	call.audit_id = 6;
	call.lineage[2] = (struct psg_leader){100, 7};
	call.lineage_count = 3;
	assert_int_equal(psg_session_place(folk->store, "alice", &call), PSG_OK);
	assert_int_equal(call.lineage_count, 2);
	assert_int_equal(call.login.pid, 0);
	/* The same where it has no id of its own. */
	inner.audit_id = PSG_AUDIT_NONE;
	assert_int_equal(psg_session_register(folk->store, "bob", "sshd", true, &inner), PSG_OK);
	call.audit_id = 5;
	call.lineage_count = 3;
	assert_int_equal(psg_session_place(folk->store, "alice", &call), PSG_OK);
	assert_int_equal(call.lineage_count, 2);
	assert_int_equal(call.login.pid, 0);
	assert_int_equal(psg_session_place(folk->store, "bob", &call), PSG_OK);
	assert_int_equal(call.login.pid, 200);
}

static void logins_are_listed(void **state)
{
	struct folk *folk = *state;
	struct psg_logins list PSG_CLEANUP(psg_logins_clear) = {0};
	struct psg_call fresh = fresh_call(), without = fresh_call();

	folk_process(folk, 0, 100, 7);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &fresh), PSG_OK);
	without.audit_id = PSG_AUDIT_NONE;
	without.lineage[0] = (struct psg_leader){300, 3};
	assert_int_equal(psg_session_register(folk->store, "bob", "login", false, &without),
			 PSG_OK);
	assert_int_equal(without.login.pid, 0); /* it neither leads nor has an id of its own */
	assert_int_equal(psg_session_register(folk->store, "bob", "login", true, &without), PSG_OK);
	assert_int_equal(without.login.pid, 300);
	assert_int_equal(psg_logins_list(folk->store, &list), PSG_OK);
	assert_int_equal(list.count, 2);
	const struct psg_login *alices = &list.items[list.items[0].binding.leader.pid == 300];
	const struct psg_login *bobs = &list.items[list.items[0].binding.leader.pid != 300];

	assert_string_equal(alices->subject, "alice");
	assert_string_equal(alices->service, "sshd");
	assert_int_equal(alices->binding.audit_id, 5);
	assert_true(alices->alive);
	assert_string_equal(bobs->subject, "bob");
	assert_int_equal(bobs->binding.audit_id, PSG_AUDIT_NONE);
	assert_false(bobs->alive);
}

static void sessions_go(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call();

	folk_process(folk, 0, 100, 7);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 1);
	call.lineage[0].pid = 101; /* not the leader's own process */
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(registrations(folk), 1);
	call.lineage[0].pid = 100;
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(registrations(folk), 0);
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	folk->processes[0].pid = 0;
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
	folk_process(folk, 0, 100, 7);
	assert_int_equal(psg_session_register(folk->store, "alice", "sshd", false, &call), PSG_OK);
	folk_reboot(folk, 60);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(session_vouch),
	    FOLK_BOTH(session_of_another_boot),
	    FOLK_BOTH(sessions_go),
	    FOLK_BOTH(shared_id_is_nobodys),
	    FOLK_BOTH(a_damaged_login_goes_in_time),
	    FOLK_BOTH(logins_are_listed),
	    FOLK_BOTH(a_login_within_a_login),
	};

	return cmocka_run_group_tests_name("logins", tests, NULL, NULL);
}
