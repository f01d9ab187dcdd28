/* Processes on a simulated folder, one operation at a time.
 *
 * A process is the real code, run from its beginning over a table of operations that gives back the results
 * it had so far, performs exactly one new operation on the folder, and from then on fails everything, so that
 * the code unwinds by itself. A state is a folder, the time, and what each process has seen. Killing a
 * process is never running it again, stopping it is running others, or the clock, before it.
 *
 * States that differ only in what a process has seen and forgotten are one state: when it lists a folder or
 * wins a name, all it still knows is the few things kept in struct sim_process; and three processes of one
 * script are told apart by what they did, not by their numbers. sim_exact turns that off. */
#ifndef SIM_H
#define SIM_H

#include "folk.h"
#include "psg/recovery.h"

#define SIM_PROCESSES 3
#define SIM_HANDLES 8
#define SIM_FOLK "alice"

enum sim_kind { SIM_CLAIM, SIM_END, SIM_TIDY, SIM_UNLOCK, SIM_UNENROLL };

struct sim_script {
	enum sim_kind kind;
	int code;       /* SIM_CLAIM: steps from the first time's, or SIM_WRONG */
	bool then_tidy; /* SIM_END */
	bool at_once;   /* not interleaved: it happens between two operations of the others */
};
#define SIM_WRONG 99
#define SIM_RECOVERY (-8) /* the recovery code: of no step, its bit is the first */
#define SIM_RECOVERY_CODE "7K2QXM9T4D"

extern bool sim_exact;

struct sim_result; /* what one operation gave; a list, the latest first */

struct sim_process {
	struct sim_result *seen;
	unsigned int count;
	int handles[SIM_HANDLES];
	unsigned int handle_count;
	bool finished;
	enum psg_err result;
	/* What the checks want to know. */
	int order; /* of its latest attempt among all; 0: none */
	int64_t attempt_s, write_s;
	bool evaluated, covered; /* its attempt was believed; was forgiven since */
	bool wrote_in_vain;      /* into a file that was ended or removed by then */
	bool behind;             /* a newer code was spent before it made its name */
	int spent;               /* 1 + the code whose name it made; 0: none */
	/* What a process still knows when it lists a folder anew, see sim.c. */
	uint64_t number, devices_hash;
	int64_t first_now, last_now, attempt_now;
	bool wants_attempt_now, has_now;
	unsigned int since; /* operations since it last made a name */
	uint64_t list_hash, gone_hash,
	    file_hash;   /* its last listing, what vanished since, where it is */
	bool winding_up; /* a claim that is through and lists what it supersedes and forgives */
};

struct sim_state {
	struct psg_folder *root;
	int64_t realtime_ns; /* of the folder's files: the first time's and elapsed_s */
	int64_t elapsed_s;
	unsigned int steps; /* of the clock, so far */
	int orders;
	uint32_t spent_ever; /* bit c: the name of code c was made once */
	uint32_t ended;      /* bit c: an end of code c's activation returned success */
	struct sim_process processes[SIM_PROCESSES];
};

/* What stays the same through a run. */
struct sim {
	const char *name;        /* for messages */
	struct psg_store *store; /* for key and process table; its folder is not used */
	struct psg_now start;
	struct psg_credential credential;
	struct psg_throttle throttle;
	struct sim_script scripts[SIM_PROCESSES];
	bool devices_change; /* reading authenticators/ is an operation like others */
	bool tidies;         /* somebody removes names in spent/ */
	bool recovery;       /* there are recovery codes */
	/* What is done in this folder cannot make a difference to others in this run: it is done in one
	 * go with the operation before. */
	bool attempts_apart, spent_apart;
};

struct sim_state *sim_state_new(const struct sim *sim);
struct sim_state *sim_state_copy(const struct sim *sim, struct sim_state *from);
void sim_state_free(struct sim_state *state);
uint64_t sim_state_hash(const struct sim *sim, struct sim_state *state);
/* One more operation of process `who`, which has not finished. Looking at the clock is one unless
 * `clock_stands`: the clock will not step any more. */
void sim_step(const struct sim *sim, struct sim_state *state, int who, bool clock_stands);
/* A store over the state's folder at its time, the wall clock set back or forward by `wall_s`. */
void sim_visit(const struct sim *sim, struct sim_state *state, int64_t wall_s,
	       struct psg_store *ret, struct psg_now *now);
/* A whole claim on a copy of the folder, at the state's time. */
enum psg_err sim_newcomer(const struct sim *sim, struct sim_state *state, int64_t wall_s,
			  const char *code, int64_t *ret_wait_ns);
/* The code `c` steps from the first time's step. */
void sim_code(const struct sim *sim, int c, char out[static PSG_ANSWER_SIZE]);
struct psg_grant sim_grant(void);
/* Which code's activation a file is, as a bit; 0: none of them. */
uint32_t sim_code_bit(const struct sim *sim, const char *file);

/* Fails the test when something does not hold: by what the processes did, and what a newcomer may guess. */
void sim_check_state(const struct sim *sim, struct sim_state *state);
/* By the folder, the time and what was ever spent alone: nobody is blocked, and what is spent stays spent. */
void sim_check_folder(const struct sim *sim, struct sim_state *state);

#endif
