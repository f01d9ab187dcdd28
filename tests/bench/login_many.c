/* Logins in processes of their own: one after the other, many workers at once, one code many times at once. */
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "login.h"

#define ARGUMENTS_MAX 64
#define PROCESSES_MAX 512
#define PATIENCE_S                                                                                 \
	20 /* for all to come to the barrier: one that failed before it must not hold the others */

extern char **environ;

void *shared_memory(unsigned long size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Later options win: the same arguments, and --first. */
int run_once(const struct series *series, unsigned number)
{
	char *arguments[ARGUMENTS_MAX + 4], mode[] = "once", option[] = "--first", value[16];
	int count = 0, status = -1;
	pid_t child;

	while (series->argv[count] && count < ARGUMENTS_MAX) {
		arguments[count] = series->argv[count];
		count++;
	}
	arguments[1] = mode;
	snprintf(value, sizeof(value), "%u", number);
	arguments[count++] = option;
	arguments[count++] = value;
	arguments[count] = NULL;
	if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0)
		(void)!waitpid(child, &status, 0);
	return status;
}

static int64_t children_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void measure(const struct series *series, unsigned number, struct sample *ret)
{
	int64_t before = clock_ns();
	int status = run_once(series, number);

	*ret = (struct sample){.ns = clock_ns() - before, .expected = status == 0, .made = true};
}

int mode_fresh(const struct series *series)
{
	struct sample *samples = calloc(series->count, sizeof(*samples));

	if (!samples)
		return 2;
	int64_t started = clock_ns();

	for (unsigned i = 0; i < series->count && clock_ns() - started < series->budget_ns; i++)
		measure(series, series->first + i, &samples[i]);
	print_samples(samples, series->count, clock_ns() - started, children_ns());
	free(samples);
	return 0;
}

/* -- a barrier that gives up -- */

static struct barrier {
	atomic_uint come;
	unsigned all;
} * barrier;

static void await_all(void)
{
	int64_t deadline = clock_ns() + (int64_t)PATIENCE_S * 1000000000;

	atomic_fetch_add(&barrier->come, 1);
	while (atomic_load(&barrier->come) < barrier->all && clock_ns() < deadline)
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static bool barrier_make(unsigned all)
{
	barrier = shared_memory(sizeof(*barrier));
	if (barrier)
		barrier->all = all;
	return barrier != NULL;
}

static void await_children(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)!wait(NULL);
}

/* -- workers: each login a fresh process -- */

static void work(const struct series *series, unsigned worker, struct sample *samples)
{
	await_all();
	int64_t started = clock_ns();

	for (unsigned i = 0; i < series->count && clock_ns() - started < series->budget_ns; i++) {
		unsigned at = worker + i * series->processes;

		measure(series, series->first + at, &samples[at]);
	}
	_exit(0);
}

int mode_workers(const struct series *series)
{
	unsigned all = series->processes * series->count;
	struct sample *samples = shared_memory(all * sizeof(*samples));

	if (!samples || series->processes > PROCESSES_MAX || !barrier_make(series->processes + 1))
		return 2;
	for (unsigned i = 0; i < series->processes; i++)
		if (fork() == 0)
			work(series, i, samples);
	await_all();
	int64_t started = clock_ns();

	await_children(series->processes);
	print_samples(samples, all, clock_ns() - started, children_ns());
	return 0;
}

/* -- one code, many at once: they answer the prompt together -- */

int mode_burst(const struct series *series)
{
	struct series one = *series;
	struct sample *samples = shared_memory(series->processes * sizeof(*samples));

	if (!samples || series->processes > PROCESSES_MAX || !barrier_make(series->processes))
		return 2;
	one.at_prompt = await_all;
	for (unsigned i = 0; i < series->processes; i++)
		if (fork() == 0) {
			samples[i] = (struct sample){
			    .expected = login_once(&one, series->first, NULL), .made = true};
			_exit(0);
		}
	await_children(series->processes);
	unsigned in = 0;

	for (unsigned i = 0; i < series->processes; i++)
		in += samples[i].expected;
	printf("{\"in\": %u, \"processes\": %u}\n", in, series->processes);
	return 0;
}
