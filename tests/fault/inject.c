/* A seccomp filter hands every call of the child's first thread to its second, which lets it pass or answers for the
 * kernel. Unlike ptrace it works the same on every machine, and unlike strace it costs no new program per call. */
#include "inject.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/base.h"

#define LIMIT_S 60

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

struct shared {
	struct injected result;
	_Atomic bool counting;
	int fds_before;
};

static struct shared *shared;
static struct injection injection;
static _Atomic int listener = -1;

/* What the kernel never refuses, or what is no resource: a failure there would be a lie. getrandom(2) fails only
 * before the pool is ready, where it waits instead. brk answers with a place, never an error. close(2) closes whatever it says, and no
 * file has a place that lseek(2) could not go to. */
static bool cannot_fail(long call)
{
	static const long safe[] = {
	    SYS_exit,      SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
	    SYS_getpid,    SYS_gettid,     SYS_getppid,      SYS_getuid,         SYS_geteuid,
	    SYS_getgid,    SYS_getegid,    SYS_umask,        SYS_munmap,         SYS_futex,
	    SYS_getrandom, SYS_brk,        SYS_sched_yield,  SYS_close,          SYS_lseek,
#ifdef __SANITIZE_ADDRESS__
	    SYS_mmap,      SYS_mprotect,   SYS_madvise, /* the sanitizer's own: it gives up */
#endif
	};

	for (size_t i = 0; i < PSG_COUNT(safe); i++)
		if (safe[i] == call)
			return true;
	return false;
}

/* Where a short answer is one that a kernel gives. */
static bool can_be_short(const struct seccomp_data *call, long *ret)
{
	*ret = 0;
	if (call->nr == SYS_write || call->nr == SYS_writev)
		*ret = call->nr == SYS_write ? (long)call->args[2] / 2 : 1;
	return call->nr == SYS_read || call->nr == SYS_pread64 || call->nr == SYS_write ||
	       call->nr == SYS_writev;
}

static void note_path(const struct seccomp_data *call)
{
	uint64_t at = call->nr == SYS_openat || call->nr == SYS_newfstatat ||
			      call->nr == SYS_mkdirat || call->nr == SYS_unlinkat
			  ? call->args[1]
			  : 0;

	if (at != 0) /* the same memory: the supervisor is a thread */
		strncpy(shared->result.path, (const char *)(uintptr_t)at,
			sizeof(shared->result.path) - 1);
}

static void judge(const struct seccomp_data *call, struct seccomp_notif_resp *answer)
{
	long short_answer = 0;

	answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (!shared->counting || cannot_fail(call->nr) ||
	    (injection.only != 0 && call->nr != injection.only) ||
	    ++shared->result.calls != injection.nth)
		return;
	if (injection.errnum == INJECT_SHORT && !can_be_short(call, &short_answer))
		return;
	shared->result.struck = call->nr;
	note_path(call);
	answer->flags = 0;
	answer->error = -injection.errnum;
	answer->val = short_answer;
}

static void *supervise(void *arg)
{
	while (listener < 0)
		sched_yield();
	/* Fails before linux 6.6, and is slower then. */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		struct seccomp_notif question;
		struct seccomp_notif_resp answer;

		memset(&question, 0, sizeof(question));
		memset(&answer, 0, sizeof(answer));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0)
			continue;
		answer.id = question.id;
		judge(&question.data, &answer);
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	return arg;
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (dir == NULL)
		_exit(99);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* The two threads hand over hundreds of times a round: on one processor that takes a fraction of the time. */
static void stay_here(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

void inject_begin(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
	struct sock_fprog program = {PSG_COUNT(all), all};
	pthread_t thread;

	if (listener < 0) {
		stay_here();
		if (pthread_create(&thread, NULL, supervise, NULL) != 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			_exit(98);
		int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				      SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);

		if (fd < 0)
			_exit(97);
		listener = fd;
	}
	shared->fds_before = open_fds();
	shared->counting = true;
}

void inject_end(void)
{
	shared->counting = false;
	shared->result.fds_leaked = open_fds() - shared->fds_before;
}

void inject_run(const struct injection *what, int (*body)(void *arg), void *arg,
		struct injected *ret)
{
	int status;

	if (shared == NULL)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	*shared = (struct shared){.result.struck = -1};
	injection = *what;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		alarm(LIMIT_S);
		_exit(body(arg));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	*ret = shared->result;
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	assert_false(ret->status >= 97 && ret->status <= 99);
}
