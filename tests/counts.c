/* Linked into every program of `make coverage`, so that a test that forks loses no counts: libgcov writes them at
 * exit(3) alone, and a child of a test leaves by _exit(2). A process that is traced writes none: the test holds it at
 * its system calls, and one that is held while it has gcov's lock on a file keeps every other one waiting for ever. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

static bool is_traced(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	int tracer = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (status)
		fclose(status);
	return tracer != 0;
}

/* What a test took from its child, it has again for this. */
static void lift_limits(void)
{
	static const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, files = {4096, 4096};

	(void)alarm(0);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_AS, &none);
	(void)setrlimit(RLIMIT_DATA, &none);
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Of a crowd that leaves at once one is enough: the others did the same, and would wait for each other at every file. */
static bool is_alone(void)
{
	const char *prefix = getenv("GCOV_PREFIX");
	char path[4096];

	if (!prefix)
		return true;
	(void)snprintf(path, sizeof(path), "%s/lock", prefix);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void __wrap__exit(int status)
{
	if (!is_traced()) {
		lift_limits();
		if (is_alone())
			__gcov_dump();
	}
	__real__exit(status);
}

/* After everybody's atexit(3), before libgcov's destructor. */
static void leave(int status, void *arg)
{
	(void)arg;
	if (!is_traced())
		return;
	fflush(NULL);
	__real__exit(status);
}

__attribute__((constructor)) static void watch_exit(void)
{
	(void)on_exit(leave, NULL);
}
