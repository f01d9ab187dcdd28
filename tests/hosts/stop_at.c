/* Runs a setuid program as an unprivileged user and stops it at its N-th system call, for good.
 *
 *   stop_at UID AFTER every|changing N ANSWER COMMAND...
 *
 * Calls are counted from the openat whose path contains AFTER (the module being loaded): every one, or those
 * alone that could change what others see. A prompt on its terminal is answered with ANSWER. Prints
 * "stopped before call NUMBER" and stays, holding the terminal, until its stdin ends; or "ended STATUS"
 * when the command made fewer calls. The stop is the one that an unprivileged caller's
 * kill -STOP makes: su keeps the caller's real uid. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *answer;
static int terminal;

static _Noreturn void become(uid_t uid, char **command, int go)
{
	char byte = 0;
	if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
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

/* A string of the child's; cut at the end of its page, which is enough for the paths we look for. */
static bool contains(pid_t child, uint64_t at, const char *text)
{
	char path[256] = "";
	size_t len = 4096 - (at & 4095);
	struct iovec local = {path, len < sizeof(path) ? len : sizeof(path) - 1};
	struct iovec remote = {(void *)(uintptr_t)at, local.iov_len};

	return process_vm_readv(child, &local, 1, &remote, 1, 0) > 0 && strstr(path, text) != NULL;
}

/* Calls that leave everything others can see as it was: files, names, locks, messages. */
static bool changes_nothing(const struct __ptrace_syscall_info *info)
{
	static const long quiet[] = {
	    SYS_read,         SYS_pread64,        SYS_readv,     SYS_lseek,     SYS_close,
	    SYS_fstat,        SYS_newfstatat,     SYS_statx,     SYS_statfs,    SYS_fstatfs,
	    SYS_getdents64,   SYS_readlinkat,     SYS_faccessat, SYS_mmap,      SYS_munmap,
	    SYS_mprotect,     SYS_madvise,        SYS_brk,       SYS_mlock,     SYS_munlock,
	    SYS_getpid,       SYS_getppid,        SYS_getsid,    SYS_getuid,    SYS_geteuid,
	    SYS_getgid,       SYS_getegid,        SYS_getgroups, SYS_prlimit64, SYS_clock_gettime,
	    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_ioctl,     SYS_getrandom, SYS_futex,
	    SYS_gettid,       SYS_uname,          SYS_umask,     SYS_getcwd,    SYS_geteuid,
#ifdef SYS_readlink
	    SYS_readlink,     SYS_access,         SYS_stat,      SYS_lstat,     SYS_poll,
#endif
	};
	long call = (long)info->entry.nr;

	if (call == SYS_openat)
		return (info->entry.args[2] & (O_CREAT | O_TRUNC)) == 0;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (quiet[i] == call)
			return true;
	return false;
}

static void woken(int signal)
{
	(void)signal;
}

/* Waits for the child's next stop, answering meanwhile. SIGCHLD comes through in ppoll alone. */
static int next_stop(pid_t child)
{
	int status = 0;
	sigset_t none;

	sigemptyset(&none);
	for (;;) {
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child)
			return status;
		if (got < 0)
			exit(3);
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

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	if (!counting)
		counting =
		    (long)info.entry.nr == SYS_openat && contains(child, info.entry.args[1], after);
	if (!counting || (!every && changes_nothing(&info)) || ++calls != stop_at)
		return false;
	printf("stopped before call %ld\n", (long)info.entry.nr);
	return true;
}

static void run_to(pid_t child, const char *after, bool every, long stop_at)
{
	int deliver = 0;

	for (;;) {
		ptrace(PTRACE_SYSCALL, child, NULL, (void *)(long)deliver);
		int status = next_stop(child);
		deliver = 0;
		if (!WIFSTOPPED(status)) {
			printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 255);
			return;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
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
	/* Two processes hand over thousands of times: on a busy machine each would wait its turn. */
	if (nice(-15) < 0)
		perror("nice");
	if (pipe2(go, O_CLOEXEC) != 0)
		return 2;
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);
	if (child < 0)
		return 2;
	if (child == 0)
		become((uid_t)atoi(argv[1]), argv + 6, go[0]);
	fcntl(terminal, F_SETFL, O_NONBLOCK);
	/* Attached by root, not PTRACE_TRACEME: only a capable tracer leaves setuid its meaning. */
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
		return 2;
	ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	listen_to_child();
	if (write(go[1], "", 1) != 1)
		return 2;
	run_to(child, argv[2], strcmp(argv[3], "every") == 0, atol(argv[4]));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	kill(child, SIGKILL);
	return 0;
}
