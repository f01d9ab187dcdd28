/* Private to the simulation: one process running, and what its operations gave. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim.h"

enum sim_op {
	OP_LIST,
	OP_CREATE,
	OP_WRITE,
	OP_READ,
	OP_EXISTS,
	OP_REPLACE,
	OP_RENAME,
	OP_REMOVE,
	OP_NOW
};

struct sim_result {
	struct sim_result *before;
	unsigned int refs;
	uint64_t hash; /* of this and all before */
	enum sim_op op;
	enum psg_err err;
	int64_t number; /* a handle, a time, true or false */
	size_t len;
	char bytes[]; /* names parted by NUL, or content */
};

/* One process running. */
struct sim_run {
	const struct sim *sim;
	struct sim_state *state;
	struct sim_process *process;
	const struct sim_script *script;
	const struct sim_result **seen;
	unsigned int at, known; /* results that are given back, of those there were at first */
	bool tidying;
	bool performed, cut, clock_stands, is_free;
	bool written, winding_up; /* how far a claim is at this point of the run */
};

struct sim_part {
	struct psg_folder folder;
	struct sim_run *run;
	struct psg_folder *inner;
	bool attempts, spent, devices;
};

enum sim_turn { TURN_AGAIN, TURN_NEW, TURN_OVER };

/* The operations of a folder seen by one process. */
extern const struct psg_folder_ops sim_ops;

uint64_t sim_mix(uint64_t hash, const void *bytes, size_t len);
void sim_result_free(struct sim_result *result);
/* Keeps what an operation gave. `name`: of the file, NULL for what has none. */
void sim_record(struct sim_run *run, enum sim_op op, const char *name, enum psg_err err,
		int64_t number, const void *bytes, size_t len);
/* Whether the next operation gives back what it gave before (*ret), is performed now, or is over the end. */
enum sim_turn sim_turn(struct sim_run *run, enum sim_op op, const struct sim_part *part,
		       const struct sim_result **ret);
enum psg_err sim_now(void *self, struct psg_now *ret);

#endif
