/* One login, and series of them in this process. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "login.h"

#define PERIOD_S 30

struct person {
	const struct series *series;
	unsigned number;
};

static const char *code_of(const struct person *person)
{
	const struct series *series = person->series;
	unsigned turn = person->number / series->people;
	uint64_t at =
	    (uint64_t)time(NULL) / PERIOD_S - series->base + (series->again ? turn % 2 : turn);

	return at < series->code_count ? series->codes[at] : "000000";
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
		    void *arg)
{
	struct person *person = arg;
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

	for (int i = 0; responses && i < count; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF &&
		    messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		if (person->series->at_prompt)
			person->series->at_prompt();
		responses[i].resp = strdup(code_of(person));
	}
	*ret = responses;
	return responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

bool login_once(const struct series *series, unsigned number, void (*before_end)(void))
{
	struct person person = {series, number};
	struct pam_conv conv = {converse, &person};
	pam_handle_t *pamh = NULL;
	char name[64];

	snprintf(name, sizeof(name), "%s%03u", series->prefix, number % series->people);
	int code = pam_start_confdir(series->service, name, &conv, series->conf, &pamh);

	if (code == PAM_SUCCESS && series->authenticates)
		code = pam_authenticate(pamh, 0);
	if (code == PAM_SUCCESS)
		code = pam_acct_mgmt(pamh, 0);
	if (code == PAM_SUCCESS && series->opens)
		code = pam_open_session(pamh, 0);
	if (before_end)
		before_end();
	if (pamh)
		pam_end(pamh, code);
	if (before_end && code != series->expected)
		fprintf(stderr, "%s: PAM code %d\n", name, code);
	return code == series->expected;
}

void print_samples(const struct sample *samples, unsigned count, int64_t wall_ns,
		   int64_t processor_ns)
{
	unsigned made = 0, unexpected = 0;

	printf("{\"ns\": [");
	for (unsigned i = 0; i < count; i++) {
		if (!samples[i].made)
			continue;
		printf("%s%lld", made++ ? ", " : "", (long long)samples[i].ns);
		unexpected += !samples[i].expected;
	}
	printf("], \"unexpected\": %u, \"wallNs\": %lld, \"processorNs\": %lld}\n", unexpected,
	       (long long)wall_ns, (long long)processor_ns);
}

static int64_t processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int mode_process(const struct series *series)
{
	struct sample *samples = calloc(series->count, sizeof(*samples));

	if (!samples)
		return 2;
	/* The first one loads what stays loaded. */
	bool first = login_once(series, series->first, NULL);
	int64_t started = clock_ns(), processor = processor_ns();

	for (unsigned i = 0; i < series->count && clock_ns() - started < series->budget_ns; i++) {
		int64_t before = clock_ns();

		samples[i].expected = login_once(series, series->first + 1 + i, NULL) && first;
		samples[i].ns = clock_ns() - before;
		samples[i].made = true;
	}
	print_samples(samples, series->count, clock_ns() - started, processor_ns() - processor);
	free(samples);
	return 0;
}

/* -- memory -- */

static long field_kb(const char *path, const char *field)
{
	char line[256];
	long found = -1;
	FILE *file = fopen(path, "r");

	while (file && found < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			found = strtol(line + strlen(field), NULL, 10);
	if (file)
		fclose(file);
	return found;
}

static void print_memory(void)
{
	printf("{\"pssKb\": %ld, \"rssKb\": %ld, \"peakKb\": %ld}\n",
	       field_kb("/proc/self/smaps_rollup", "Pss:"),
	       field_kb("/proc/self/smaps_rollup", "Rss:"),
	       field_kb("/proc/self/status", "VmHWM:"));
}

int mode_memory(const struct series *series)
{
	return login_once(series, series->first, print_memory) ? 0 : 1;
}

/* Its transaction stays open until stdin ends: what a host's other logins are to one that is measured. */
static void hold(void)
{
	char nothing;

	puts("held");
	fflush(stdout);
	(void)!read(STDIN_FILENO, &nothing, 1);
}

int mode_hold(const struct series *series)
{
	return login_once(series, series->first, hold) ? 0 : 1;
}

/* -- syscalls -- */

/* What strace shows between two of these belongs to one login. */
static void mark(void)
{
	(void)!access("/psg-bench-mark", F_OK);
}

int mode_trace(const struct series *series)
{
	bool expected = true;

	for (unsigned i = 0; i < 2; i++) {
		mark();
		expected = login_once(series, series->first + i, NULL) && expected;
	}
	mark();
	return expected ? 0 : 1;
}
