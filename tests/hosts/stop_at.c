/* Runs a setuid program as an unprivileged user and stops it at its N-th system call, for good.
 *
 *   stop_at UID AFTER every|changing N ANSWER COMMAND...
 *
 * Calls are counted from the openat whose path contains AFTER (the module being loaded): every one, or those
 * alone that could change what others see. A prompt on its terminal is answered with ANSWER. Prints
 * "stopped at call NUMBER", which is done then, and stays, holding the terminal, until its stdin ends; or "ended STATUS"
 * when the command made fewer calls. The stop is the one that an unprivileged caller's
 * kill -STOP makes: su keeps the caller's real uid. */
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../calls.h"

static const char *answer;
static int terminal;

static _Noreturn void become(uid_t uid, bool every, char **command, int go)
{
	char byte = 0;
	if (calls_report(every) != 0 || setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	    setresuid(uid, uid, uid) != 0 || read(go, &byte, 1) != 1)
		_exit(126);
	execv(command[0], command);
	_exit(127);
}

/* Whoever waits at the terminal gets the answer; the master never blocks us. */
static void attend_terminal(void)
{
	static char seen[512];
	static size_t len;
	ssize_t got = 0;

	while ((got = read(terminal, seen + len, sizeof(seen) - 1 - len)) > 0) {
		len += (size_t)got;
		seen[len] = '\0';
		if (strstr(seen, "cator code: ") != NULL || strstr(seen, "assword: ") != NULL) {
			if (write(terminal, answer, strlen(answer)) < 0 ||
			    write(terminal, "\n", 1) < 0)
				return;
			len = 0;
		} else if (len > sizeof(seen) / 2) {
			len = 0;
		}
	}
}

static void woken(int signal)
{
	(void)signal;
}

/* What the child starts reports its calls as the child does, and is none of ours. */
static void let_go_on(pid_t pid, int status)
{
	int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

	if (signal == SIGTRAP || signal == SIGSTOP)
		signal = 0;
	if (WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal);
}

/* Waits for the child's next stop, answering meanwhile. SIGCHLD comes through in ppoll alone. */
static int next_stop(pid_t child)
{
	int status = 0;
	sigset_t none;

	sigemptyset(&none);
	for (;;) {
		pid_t got = waitpid(-1, &status, WNOHANG | __WALL);
		if (got == child)
			return status;
		if (got < 0)
			exit(3);
		if (got > 0) {
			let_go_on(got, status);
			continue;
		}
		struct pollfd wait = {.fd = terminal, .events = POLLIN};
		ppoll(&wait, 1, NULL, &none);
		attend_terminal();
	}
}

/* After fork, so that the program under test starts with nothing blocked. */
static void listen_to_child(void)
{
	struct sigaction action = {.sa_handler = woken};
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigaction(SIGCHLD, &action, NULL);
}

/* True where the child is to stop for good. */
static bool is_moment(pid_t child, const char *after, bool every, long stop_at)
{
	static bool counting;
	static long calls;
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0)
		return false;
	long call = (long)info.seccomp.nr;

	if (!counting)
		counting = call == SYS_openat && call_contains(child, info.seccomp.args[1], after);
	if (!counting || (!every && call_changes_nothing(call, info.seccomp.args[2])) ||
	    ++calls != stop_at)
		return false;
	printf("stopped at call %ld\n", call);
	return true;
}

static void run_to(pid_t child, const char *after, bool every, long stop_at)
{
	int deliver = 0;

	for (;;) {
		ptrace(PTRACE_CONT, child, NULL, (void *)(long)deliver);
		int status = next_stop(child);
		deliver = 0;
		if (!WIFSTOPPED(status)) {
			printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 255);
			return;
		}
		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		} else if (is_moment(child, after, every, stop_at)) {
			ptrace(PTRACE_DETACH, child, NULL, (void *)(long)SIGSTOP);
			return;
		}
	}
}

int main(int argc, char **argv)
{
	char byte = 0;
	int status = 0, go[2];

	if (argc < 7)
		return 2;
	answer = argv[5];
	bool every = strcmp(argv[3], "every") == 0;
	/* Two processes hand over thousands of times: on a busy machine each would wait its turn. */
	if (setpriority(PRIO_PROCESS, 0, -15) != 0)
		perror("setpriority");
	if (pipe2(go, O_CLOEXEC) != 0)
		return 2;
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);
	if (child < 0)
		return 2;
	if (child == 0)
		become((uid_t)atoi(argv[1]), every, argv + 6, go[0]);
	fcntl(terminal, F_SETFL, O_NONBLOCK);
	/* Attached by root, not PTRACE_TRACEME: only a capable tracer leaves setuid its meaning. */
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
		return 2;
	ptrace(PTRACE_SETOPTIONS, child, NULL,
	       (void *)(PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	listen_to_child();
	if (write(go[1], "", 1) != 1)
		return 2;
	run_to(child, argv[2], every, atol(argv[4]));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	kill(child, SIGKILL);
	return 0;
}
