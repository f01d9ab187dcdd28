#include "tracer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "../calls.h"

#define PATIENCE_S 30

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Its next state. */
static int await(pid_t pid, const char *what)
{
	double end = now_s() + PATIENCE_S;
	struct timespec moment = {.tv_nsec = 100000};
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		assert_true(got >= 0);
		if (got == pid)
			return status;
		if (now_s() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("%s is kept waiting", what);
		}
		nanosleep(&moment, NULL);
	}
}

int tracer_await(pid_t pid, const char *what)
{
	int status = await(pid, what);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start(struct tracer *tracer, void (*body)(void *arg), void *arg)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0 ||
		    calls_report(tracer->place.every) != 0)
			_exit(99);
		body(arg);
		_exit(0);
	}
	tracer->pid = pid;
	assert_int_equal(waitpid(pid, &tracer->status, 0), pid);
	assert_true(WIFSTOPPED(tracer->status));
	assert_int_equal(
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)),
	    0);
}

static bool at_call(int status)
{
	return status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
}

/* On to where it reports next; false: ended. */
static bool step(struct tracer *tracer, enum __ptrace_request how, bool patiently)
{
	int deliver = 0;

	for (;;) {
		assert_int_equal(ptrace(how, tracer->pid, NULL, (void *)(long)deliver), 0);
		if (patiently)
			assert_int_equal(waitpid(tracer->pid, &tracer->status, 0), tracer->pid);
		else
			tracer->status = await(tracer->pid, "a process that was held");
		tracer->ended = !WIFSTOPPED(tracer->status);
		if (tracer->ended)
			return false;
		if (at_call(tracer->status) || WSTOPSIG(tracer->status) == (SIGTRAP | 0x80))
			return true;
		/* A program that was executed reports with a SIGTRAP that is not its own. */
		deliver = WSTOPSIG(tracer->status) == SIGTRAP ? 0 : WSTOPSIG(tracer->status);
	}
}

bool tracer_run(struct tracer *tracer, const struct tracer_place *place, void (*body)(void *arg),
		void *arg)
{
	bool counting = place->since == NULL;
	long count = 0;

	*tracer = (struct tracer){.place = *place};
	start(tracer, body, arg);
	while (step(tracer, PTRACE_CONT, true)) {
		struct __ptrace_syscall_info info;

		assert_true(
		    ptrace(PTRACE_GET_SYSCALL_INFO, tracer->pid, (void *)sizeof(info), &info) > 0);
		tracer->call = (long)info.seccomp.nr;
		if (!counting)
			counting = tracer->call == SYS_openat &&
				   call_contains(tracer->pid, info.seccomp.args[1], place->since);
		if (!counting ||
		    (!place->every && call_changes_nothing(tracer->call, info.seccomp.args[2])) ||
		    ++count != place->number)
			continue;
		return !place->after || step(tracer, PTRACE_SYSCALL, true);
	}
	return false;
}

void tracer_kill(struct tracer *tracer)
{
	assert_false(tracer->ended);
	assert_int_equal(kill(tracer->pid, SIGKILL), 0);
	assert_int_equal(waitpid(tracer->pid, &tracer->status, 0), tracer->pid);
	assert_true(WIFSIGNALED(tracer->status));
	tracer->ended = true;
}

int tracer_wake(struct tracer *tracer)
{
	while (!tracer->ended)
		(void)step(tracer, PTRACE_CONT, false);
	return WIFEXITED(tracer->status) ? WEXITSTATUS(tracer->status) : -1;
}
