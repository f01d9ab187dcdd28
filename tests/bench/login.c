/* build/bench/login MODE --conf DIR --service NAME ... : see tests/bench/logins, which calls it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "login.h"

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int mode_once(const struct series *series)
{
	return login_once(series, series->first, NULL) ? 0 : 1;
}

static const struct {
	const char *name;
	int (*run)(const struct series *series);
} modes[] = {
    {"once", mode_once},       {"process", mode_process}, {"fresh", mode_fresh},
    {"workers", mode_workers}, {"burst", mode_burst},     {"memory", mode_memory},
    {"trace", mode_trace},     {"hold", mode_hold},
};

enum {
	CONF = 1,
	SERVICE,
	PREFIX,
	PEOPLE,
	PHASES,
	EXPECT,
	BASE,
	CODES,
	AGAIN,
	FIRST,
	COUNT,
	PROCESSES,
	BUDGET
};

static const struct option options[] = {
    {"conf", required_argument, NULL, CONF},
    {"service", required_argument, NULL, SERVICE},
    {"prefix", required_argument, NULL, PREFIX},
    {"people", required_argument, NULL, PEOPLE},
    {"phases", required_argument, NULL, PHASES},
    {"expect", required_argument, NULL, EXPECT},
    {"base", required_argument, NULL, BASE},
    {"codes", required_argument, NULL, CODES},
    {"again", no_argument, NULL, AGAIN},
    {"first", required_argument, NULL, FIRST},
    {"count", required_argument, NULL, COUNT},
    {"processes", required_argument, NULL, PROCESSES},
    {"milliseconds", required_argument, NULL, BUDGET},
    {NULL, 0, NULL, 0},
};

static void take_codes(struct series *series, char *text)
{
	for (char *code = strtok(text, ","); code && series->code_count < CODES_MAX;
	     code = strtok(NULL, ","))
		series->codes[series->code_count++] = code;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static bool take(struct series *series, int option, char *value)
{
	switch (option) {
	case CONF:
		series->conf = value;
		break;
	case SERVICE:
		series->service = value;
		break;
	case PREFIX:
		series->prefix = value;
		break;
	case PEOPLE:
		series->people = number(value);
		break;
	case PHASES:
		series->authenticates = strstr(value, "auth") != NULL;
		series->opens = strstr(value, "open") != NULL;
		break;
	case EXPECT:
		series->expected = (int)number(value);
		break;
	case BASE:
		series->base = strtoull(value, NULL, 10);
		break;
	case CODES:
		take_codes(series, value);
		break;
	case AGAIN:
		series->again = true;
		break;
	case FIRST:
		series->first = number(value);
		break;
	case COUNT:
		series->count = number(value);
		break;
	case PROCESSES:
		series->processes = number(value);
		break;
	case BUDGET:
		series->budget_ns = (int64_t)number(value) * 1000000;
		break;
	default:
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct series series = {.argv = argv, .people = 1, .count = 1, .processes = 1};
	int option;

	series.budget_ns = INT64_MAX / 2;
	/* strtok writes into the arguments, and run_once hands them on. */
	char **own = calloc((size_t)argc + 1, sizeof(*own));

	for (int i = 0; own && i < argc; i++)
		own[i] = strdup(argv[i]);
	while (own && (option = getopt_long(argc, own, "", options, NULL)) != -1)
		if (!take(&series, option, optarg))
			return 2;
	if (!own || !series.conf || !series.service || !series.prefix || series.people == 0 ||
	    series.count == 0)
		return 2;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (argc > 1 && strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(&series);
	return 2;
}
