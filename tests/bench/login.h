/* Logins through real libpam, for tests/bench/logins: what the modes of build/bench/login share.
 *
 * Linked with libpam alone: what a module links must not be in memory before it. */
#ifndef PSG_BENCH_LOGIN_H
#define PSG_BENCH_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#define CODES_MAX 8

/* One series of logins. The i-th is of the person PREFIX(i % people), with the code of the step that is
 * i / people after the current one: no code is good twice. */
struct series {
	char **argv; /* of this process, for those it starts */
	const char *conf, *service, *prefix;
	unsigned people;
	bool authenticates, opens;
	bool again; /* a module that forgets all but the last code: two in turn are enough */
	int expected;
	uint64_t base; /* step of the first code */
	const char *codes[CODES_MAX];
	unsigned code_count;
	unsigned first, count, processes;
	int64_t budget_ns; /* no login begins after that */
	void (*at_prompt)(void);
};

struct sample {
	int64_t ns;
	bool expected;
	bool made;
};

int64_t clock_ns(void);
/* One transaction; whether it came out as expected. `before_end` (may be NULL) is called while all is loaded. */
bool login_once(const struct series *series, unsigned number, void (*before_end)(void));

/* Each prints one JSON object; the exit status is 0 unless the harness itself failed. */
int mode_process(const struct series *series);
int mode_fresh(const struct series *series);
int mode_workers(const struct series *series);
int mode_burst(const struct series *series);
int mode_memory(const struct series *series);
int mode_hold(const struct series *series);
int mode_trace(const struct series *series);

void *shared_memory(unsigned long size);
/* Runs this program as `once` for login `number`: its status as of wait4. */
int run_once(const struct series *series, unsigned number);
void print_samples(const struct sample *samples, unsigned count, int64_t wall_ns,
		   int64_t processor_ns);

#endif
