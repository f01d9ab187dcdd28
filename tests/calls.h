/* Which system calls could change what other processes see. For the tests that stop or kill at each. */
#ifndef PSG_TESTS_CALLS_H
#define PSG_TESTS_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether a string of the process's has `text` in it. It may lie across two pages, of which the second may not be there:
 * what is read ends with the first then. */
static inline bool call_contains(pid_t pid, uint64_t at, const char *text)
{
	char path[256] = "";
	size_t in_page = 4096 - (at & 4095);
	size_t first = in_page < sizeof(path) - 1 ? in_page : sizeof(path) - 1;
	struct iovec local = {path, sizeof(path) - 1};
	struct iovec remote[2] = {{(void *)(uintptr_t)at, first},
				  {(void *)(uintptr_t)(at + first), sizeof(path) - 1 - first}};

	return process_vm_readv(pid, &local, 1, remote, 2, 0) > 0 && strstr(path, text) != NULL;
}

/* Calls that leave everything others can see as it was: files, names, locks, messages. */
static const long calls_quiet[] = {
    SYS_read,         SYS_pread64,        SYS_readv,         SYS_lseek,
    SYS_close,        SYS_fstat,          SYS_statx,         SYS_newfstatat,
    SYS_statfs,       SYS_fstatfs,        SYS_getdents64,    SYS_mmap,
    SYS_readlinkat,   SYS_faccessat,      SYS_faccessat2,    SYS_munmap,
    SYS_mprotect,     SYS_madvise,        SYS_brk,           SYS_mlock,
    SYS_munlock,      SYS_getpid,         SYS_getppid,       SYS_getsid,
    SYS_getuid,       SYS_geteuid,        SYS_getgid,        SYS_getegid,
    SYS_getgroups,    SYS_prlimit64,      SYS_clock_gettime, SYS_ioctl,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_getrandom,     SYS_futex,
    SYS_gettid,       SYS_uname,          SYS_umask,         SYS_getcwd,
    SYS_dup,          SYS_fcntl,          SYS_pipe2,         SYS_sysinfo,
    SYS_rseq,         SYS_adjtimex,
#ifdef SYS_readlink
    SYS_readlink,     SYS_access,         SYS_stat,          SYS_lstat,
    SYS_poll,         SYS_arch_prctl,
#endif
};

static inline bool call_changes_nothing(long call, uint64_t openat_flags)
{
	if (call == SYS_openat)
		return (openat_flags & (O_CREAT | O_TRUNC)) == 0;
	for (size_t i = 0; i < sizeof(calls_quiet) / sizeof(calls_quiet[0]); i++)
		if (calls_quiet[i] == call)
			return true;
	return false;
}

/* This process reports to its tracer (PTRACE_O_TRACESECCOMP) before every call, or before those alone that are not
 * quiet, openat always: the others cost nothing. By root, so that setuid programs keep their meaning. */
static inline int calls_report(bool every)
{
	enum { QUIET = sizeof(calls_quiet) / sizeof(calls_quiet[0]) };
	struct sock_filter code[QUIET + 3] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, nr))};
	struct sock_fprog program = {.len = 1, .filter = code};

	for (size_t i = 0; !every && i < QUIET; i++)
		code[program.len++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls_quiet[i], (uint8_t)(QUIET - i), 0);
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#endif
