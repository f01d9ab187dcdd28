/* Who is in a session that is to be ended. */
#include "psg/enforce.h"

#include "../../pam_psg/core/proc.h"
#include "../../pam_psg/enforce/freeze.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ID 7U
#define ALICE 1000
#define BOB 1001
#define NONE PSG_AUDIT_NONE

/* pid, {parent, session, start, real uid, audit id, terminal} */
static struct psg_process table[] = {
    {1, {0, 1, 1, 0, NONE, 0, false}},
    {50, {1, 50, 10, 0, NONE, 0, false}}, /* sshd */
    {60, {50, 60, 100, 0, ID, 0, false}}, /* alice's monitor: the leader */
    {61, {60, 60, 101, ALICE, ID, 0, false}},
    {62, {61, 62, 102, ALICE, ID, 1, false}}, /* her shell */
    {63, {62, 63, 103, 0, ID, 1, false}},     /* sudo's monitor in it, a leader of root's */
    {64, {63, 63, 104, 0, ID, 1, false}},
    {65, {63, 63, 105, BOB, ID, 1, false}},  /* sudo -u bob */
    {70, {1, 70, 200, ALICE, ID, 0, false}}, /* left the tree: setsid, a double fork */
    {71, {70, 71, 201, BOB, NONE, 0, false}}, /* and what became another user and another id below it */
    {80, {1, 80, 210, 0, ID, 0, false}},      /* a daemon of root's that was restarted here */
    {81, {80, 80, 211, ALICE, ID, 0, false}}, /* its worker */
    {82, {1, 82, 212, BOB, ID, 0, false}},    /* a daemon that became bob */
    {90, {64, 90, 220, 0, ID, 0, false}},     /* an sshd started in her root shell */
    {91, {90, 91, 221, 0, 8, 0, false}},      /* bob's monitor below it: another login */
    {92, {91, 91, 222, BOB, 8, 0, false}},    /* and his */
    {95, {50, 95, 230, 0, 9, 0, false}},      /* her other login */
    {96, {95, 95, 231, ALICE, 9, 0, false}},
    {99, {62, 62, 240, 0, ID, 1, false}},      /* who asks */
    {100, {99, 62, 241, ALICE, ID, 1, false}}, /* and what helps it */
};

static const struct psg_leader other_leaders[] = {{91, 221}, {95, 230}};

static bool never(void *arg, pid_t pid)
{
	(void)arg;
	(void)pid;
	return false;
}

static bool is_70(void *arg, pid_t pid)
{
	(void)arg;
	return pid == 70;
}

static bool is_96(void *arg, pid_t pid)
{
	(void)arg;
	return pid == 96 || pid == 50;
}

static struct psg_processes all = {table, PSG_COUNT(table)};

static struct psg_members_ask ask_of(void)
{
	return (struct psg_members_ask){.processes = &all,
					.session = {{60, 100}, ID},
					.subject_uid = ALICE,
					.others = other_leaders,
					.other_count = PSG_COUNT(other_leaders),
					.self = 99,
					.elsewhere = never,
					.in_scope = never};
}

static void expect(const struct psg_members_ask *ask, enum psg_member member, const char *pids)
{
	enum psg_member marks[PSG_COUNT(table)];
	char found[256] = "";

	assert_int_equal(psg_members_mark(ask, marks), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(table); i++)
		if (marks[i] == member)
			(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%d ",
				       (int)table[i].pid);
	assert_string_equal(found, pids);
}

static void the_tree_and_what_left_it(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 70 71 90 ");
}

static void nested_login(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	expect(&ask, PSG_MEMBER_FOREIGN, "91 92 95 96 ");
	/* Nobody else's login is known: then it is of the tree like anything else. */
	ask.other_count = 0;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 70 71 90 91 92 ");
}

static void daemons_are_spared(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	expect(&ask, PSG_MEMBER_SPARED, "80 81 82 ");
	ask.elsewhere = is_70; /* a service in a control group of its own */
	expect(&ask, PSG_MEMBER_SPARED, "70 71 80 81 82 ");
}

static void without_an_id_of_its_own(void **state)
{
	struct psg_members_ask ask = ask_of();
	struct psg_leader known = {70, 200};

	(void)state;
	ask.session.audit_id = NONE;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 90 ");
	expect(&ask, PSG_MEMBER_SPARED, "");
	/* Seen in it before it left the tree. */
	ask.known = &known;
	ask.known_count = 1;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 70 71 90 ");
	known.start_ticks = 199;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 90 ");
	/* logind's scope holds what left. */
	ask.in_scope = is_70;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 70 71 90 ");
	/* Another login's leader is another login's, whatever scope. */
	ask.in_scope = is_96;
	expect(&ask, PSG_MEMBER_FOREIGN, "91 92 95 96 ");
}

static bool accounts(void *arg, uid_t uid)
{
	(void)arg;
	return uid != BOB;
}

/* A subordinate id of a user namespace is no account's, nor is what an account left that is gone. */
static void a_uid_of_nobodys(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	ask.is_account = accounts;
	expect(&ask, PSG_MEMBER_YES, "60 61 62 63 64 65 70 71 82 90 ");
	expect(&ask, PSG_MEMBER_SPARED, "80 81 ");
}

static void recycled_leader(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	ask.session.leader.start_ticks = 99; /* that one is gone; 60 is somebody else */
	ask.session.audit_id = NONE;
	expect(&ask, PSG_MEMBER_YES, "");
	ask.session.audit_id = 6;
	expect(&ask, PSG_MEMBER_YES, "");
	ask.session.audit_id = ID; /* by the id then: not what is root's, nor what is below it */
	expect(&ask, PSG_MEMBER_YES, "70 71 ");
}

static void a_recycled_parent(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	ask.session.audit_id = NONE;
	table[4].info.start_ticks =
	    50; /* older than its parent 61: that is another process's pid by now */
	expect(&ask, PSG_MEMBER_YES, "60 61 ");
	table[4].info.start_ticks = 102;
}

static void roots_own_session_takes_nobody_by_id(void **state)
{
	struct psg_members_ask ask = ask_of();

	(void)state;
	ask.subject_uid = 0;
	ask.session.leader = (struct psg_leader){0, 0};
	expect(&ask, PSG_MEMBER_YES, "");
}

/* -- ending -- */

/* It ends with the test: else it would hold the test's output open. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return pid;
}

static void recycled_pid_is_not_signalled(void **state)
{
	struct psg_logins none = {0};
	struct psg_proc_info info;
	pid_t child = sleeper();
	struct psg_ending ending = {.session = {.audit_id = NONE}, .subject_uid = getuid()};

	(void)state;
	assert_int_equal(psg_proc_system.info(NULL, child, &info), PSG_OK);
	ending.session.leader = (struct psg_leader){child, info.start_ticks + 1};
	assert_int_equal(psg_sessions_end(&ending, 1, &none, NULL, NULL), PSG_OK);
	assert_int_equal(ending.ended, 0);
	assert_int_equal(kill(child, 0), 0);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	ending.session.leader.start_ticks--;
	assert_int_equal(psg_sessions_end(&ending, 1, &none, NULL, NULL), PSG_OK);
	assert_int_equal(ending.ended, 1);
	assert_int_equal(ending.left, 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	psg_buf_clear(&ending.spared);
}

/* -- standing still -- */

#define SOMEBODY 54321 /* nobody on this machine */

static bool is_stopped(pid_t pid)
{
	struct psg_proc_info info;

	return psg_proc_system.info(NULL, pid, &info) == PSG_OK && info.stopped;
}

static bool becomes(bool (*what)(pid_t), pid_t pid, bool wanted)
{
	for (int i = 0; i < 500 && what(pid) != wanted; i++)
		usleep(10000);
	return what(pid) == wanted;
}

static pid_t sleeper_of(uid_t uid)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresuid(uid, uid, uid) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	for (struct psg_proc_info info;
	     psg_proc_look_whole(pid, &info) == PSG_OK && info.real_uid != uid;)
		usleep(1000);
	return pid;
}

static void frozen_and_thawed(void **state)
{
	struct psg_frozen frozen = {.count = 0};

	(void)state;
	if (geteuid() != 0)
		skip(); /* who is not root becomes nobody else */
	pid_t theirs = sleeper_of(SOMEBODY), slept = sleeper_of(SOMEBODY), mine = sleeper();

	assert_int_equal(kill(slept, SIGSTOP), 0);
	assert_true(becomes(is_stopped, slept, true));
	assert_int_equal(psg_freeze(SOMEBODY, &frozen), PSG_OK);
	assert_int_equal(psg_freeze(SOMEBODY, &frozen), PSG_OK);
	assert_int_equal(psg_freeze(0, &frozen), PSG_OK);
	assert_int_equal(frozen.count, 1);
	assert_true(becomes(is_stopped, theirs, true));
	assert_false(is_stopped(mine));
	psg_thaw(&frozen);
	assert_true(becomes(is_stopped, theirs, false));
	assert_true(becomes(is_stopped, slept, true)); /* as it was */
	for (size_t i = 0; i < 3; i++) {
		pid_t pid = (pid_t[]){theirs, slept, mine}[i];

		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

static void frozen_by_somebody_who_died(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t theirs = sleeper_of(SOMEBODY), freezer = fork();

	assert_true(freezer >= 0);
	if (freezer == 0) {
		struct psg_frozen frozen = {.count = 0};

		if (psg_freeze(SOMEBODY, &frozen) == PSG_OK)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(freezer, NULL, 0), freezer);
	assert_true(becomes(is_stopped, theirs, false));
	assert_int_equal(kill(theirs, SIGKILL), 0);
	assert_int_equal(waitpid(theirs, NULL, 0), theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_tree_and_what_left_it),
	    cmocka_unit_test(nested_login),
	    cmocka_unit_test(daemons_are_spared),
	    cmocka_unit_test(without_an_id_of_its_own),
	    cmocka_unit_test(a_uid_of_nobodys),
	    cmocka_unit_test(recycled_leader),
	    cmocka_unit_test(a_recycled_parent),
	    cmocka_unit_test(roots_own_session_takes_nobody_by_id),
	    cmocka_unit_test(recycled_pid_is_not_signalled),
	    cmocka_unit_test(frozen_and_thawed),
	    cmocka_unit_test(frozen_by_somebody_who_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
