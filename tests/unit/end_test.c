/* Ending sessions of real processes. Root's own, so that nobody else's processes on this machine are made to stand
 * still (freeze.c). */
#include "psg/enforce.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SESSIONS 2U

/* A leader and a process in its tree, which wait for signals. */
#define LIMIT_S 60

struct session {
	pid_t leader, member;
	struct psg_ending ending;
};

/* Until the parent is gone. One that went before this was asked for is not told of any more. */
static void wait_for_signals(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static struct session start_session(void)
{
	struct session session;
	struct psg_proc_info info;
	pid_t test = getpid();
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	session.leader = fork();
	if (session.leader == 0) {
		pid_t leader = setsid();
		pid_t member = fork();

		if (member != 0 && write(pipes[1], &member, sizeof(member)) != sizeof(member))
			_exit(1);
		wait_for_signals(member ? test : leader);
	}
	assert_true(session.leader > 0);
	assert_int_equal(read(pipes[0], &session.member, sizeof(session.member)),
			 sizeof(session.member));
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(psg_proc_system.info(NULL, session.leader, &info), PSG_OK);
	session.ending = (struct psg_ending){
	    .session = {{session.leader, info.start_ticks}, PSG_AUDIT_NONE}, .subject_uid = 0};
	return session;
}

static bool lives(pid_t leader)
{
	siginfo_t gone = {.si_pid = 0};

	assert_int_equal(waitid(P_PID, (id_t)leader, &gone, WEXITED | WNOHANG | WNOWAIT), 0);
	return gone.si_pid == 0;
}

static void stop_session(struct session *session)
{
	(void)kill(session->leader, SIGKILL);
	assert_int_equal(waitpid(session->leader, NULL, 0), session->leader);
	psg_buf_clear(&session->ending.spared);
}

static enum psg_err end(struct psg_ending *list, size_t count, psg_still_fn *still, void *arg)
{
	struct psg_logins nobody = {0};

	return psg_sessions_end(list, count, &nobody, still, arg);
}

/* Whoever is judged later was not when the first is asked to end: the first is seen to go meanwhile. */
static bool first_goes(void *arg, const struct psg_ending *ending)
{
	const struct session *sessions = arg;

	if (ending->session.leader.pid == sessions[0].leader)
		return true;
	for (int i = 0; i < 2000 && lives(sessions[0].leader); i++)
		(void)usleep(1000);
	return !lives(sessions[0].leader);
}

static void judged_just_before_its_signal(void **state)
{
	struct session sessions[SESSIONS] = {start_session(), start_session()};
	struct psg_ending list[SESSIONS] = {sessions[0].ending, sessions[1].ending};

	(void)state;
	assert_int_equal(end(list, SESSIONS, first_goes, sessions), PSG_OK);
	for (unsigned i = 0; i < SESSIONS; i++) {
		assert_false(list[i].dropped);
		assert_int_equal(list[i].ended, 2);
		assert_int_equal(list[i].left, 0);
		assert_false(lives(sessions[i].leader));
		stop_session(&sessions[i]);
	}
}

static bool not_the_second(void *arg, const struct psg_ending *ending)
{
	const struct session *sessions = arg;

	return ending->session.leader.pid != sessions[1].leader;
}

/* Renewed meanwhile: not one signal, and the other is ended all the same. */
static void renewed_is_let_off(void **state)
{
	struct session sessions[SESSIONS] = {start_session(), start_session()};
	struct psg_ending list[SESSIONS] = {sessions[0].ending, sessions[1].ending};

	(void)state;
	assert_int_equal(end(list, SESSIONS, not_the_second, sessions), PSG_OK);
	assert_false(lives(sessions[0].leader));
	assert_true(list[1].dropped);
	assert_int_equal(list[1].ended + list[1].left, 0);
	assert_true(lives(sessions[1].leader));
	assert_int_equal(kill(sessions[1].member, 0), 0);
	for (unsigned i = 0; i < SESSIONS; i++)
		stop_session(&sessions[i]);
}

/* The number belongs to somebody else by now. */
static void recycled_pid_is_not_signalled(void **state)
{
	struct session session = start_session();

	(void)state;
	session.ending.session.leader.start_ticks--;
	assert_int_equal(end(&session.ending, 1, NULL, NULL), PSG_OK);
	assert_int_equal(session.ending.ended + session.ending.left, 0);
	assert_true(lives(session.leader));
	assert_int_equal(kill(session.member, 0), 0);
	stop_session(&session);
}

static int told;

static void tell_and_go(int signal)
{
	(void)signal;
	_exit(write(told, "T", 1) != 1);
}

/* What has something to put away hears of it in time, stopped or not: deaf to HUP, as under nohup. */
static void everybody_is_asked_first(void **state)
{
	int pipes[2], status;
	char said = 0;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid_t test = getpid();
	pid_t leader = fork();

	if (leader == 0) {
		(void)setsid();
		if (fork() == 0) {
			told = pipes[1];
			/* Not until its parent is gone: that is asked to go before it. */
			(void)alarm(LIMIT_S);
			(void)signal(SIGHUP, SIG_IGN);
			(void)signal(SIGTERM, tell_and_go);
			(void)raise(SIGSTOP);
			for (;;)
				pause();
		}
		close(pipes[1]);
		/* Stopped itself, to say that the member stands still. */
		if (waitid(P_ALL, 0, &(siginfo_t){.si_pid = 0}, WSTOPPED) != 0)
			_exit(1);
		(void)raise(SIGSTOP);
		wait_for_signals(test);
	}
	close(pipes[1]);
	assert_int_equal(waitpid(leader, &status, WUNTRACED), leader);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(leader, SIGCONT), 0);
	struct psg_proc_info info;

	assert_int_equal(psg_proc_system.info(NULL, leader, &info), PSG_OK);
	struct psg_ending ending = {.session = {{leader, info.start_ticks}, PSG_AUDIT_NONE},
				    .subject_uid = 0};

	assert_int_equal(end(&ending, 1, NULL, NULL), PSG_OK);
	assert_int_equal(ending.left, 0);
	assert_int_equal(read(pipes[0], &said, 1), 1);
	assert_int_equal(said, 'T');
	close(pipes[0]);
	psg_buf_clear(&ending.spared);
	assert_int_equal(waitpid(leader, NULL, 0), leader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judged_just_before_its_signal),
	    cmocka_unit_test(renewed_is_let_off),
	    cmocka_unit_test(recycled_pid_is_not_signalled),
	    cmocka_unit_test(everybody_is_asked_first),
	};

	return cmocka_run_group_tests_name("end", tests, NULL, NULL);
}
