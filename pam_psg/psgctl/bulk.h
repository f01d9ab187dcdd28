/* Many assignments from a file: read and checked whole, then made in one step, or not at all. */
#ifndef PSGCTL_BULK_H
#define PSGCTL_BULK_H

#include "index.h"
#include "progress.h"
#include "psg/metadata.h"
#include "reach.h"

#define CTL_BULK_REPORTED 50U /* errors that are printed; of the others the number */

/* One line of the file. */
struct ctl_bulk_row {
	uint32_t assignee, target, line;
	bool had;        /* the policy has this assignment */
	int64_t until_s; /* 0: no end */
	int64_t had_until_s;
};

struct ctl_bulk {
	const char *file; /* as it was given; "-": standard input */
	bool with_until;  /* assign: the third field counts */
	int64_t now_s;    /* when what is new was assigned */
	struct ctl_index assignees, targets;
	uint32_t *known_as;          /* by assignee: the number of the account's own spelling */
	enum psg_target_kind *kinds; /* by target: what is assigned by that name; NONE: nothing */
	enum psg_group_status *statuses; /* by target */
	char **reasons;                  /* by target; owned */
	struct ctl_bulk_row *rows; /* after ctl_bulk_resolve by assignee and target, each once */
	size_t count, room;
	struct psg_assignments
	    changed; /* what is to be put, or removed; its strings are borrowed */
	size_t changed_room;
	struct psg_problems problems; /* the first of them */
	size_t error_count;           /* all of them */
	struct ctl_progress progress;
};

/* Reads the file and looks its names up: ASSIGNEE NAME [UNTIL] a line, fields set apart by blanks, a field in double
 * quotes may hold some; empty lines and what begins with # is passed over. What is wrong is among the problems. False: it
 * cannot be read, said. */
bool ctl_bulk_read(struct ctl *ctl, struct ctl_bulk *bulk);
/* Looks up the targets, compares with what is assigned, and finds what is wrong: under the lock. For unassign `changed`
 * holds what is assigned of it. */
PSG_MUST_CHECK
enum psg_err ctl_bulk_resolve(struct ctl *ctl, struct ctl_bulk *bulk);
/* Prints what is wrong. True when anything is. */
bool ctl_bulk_failed(struct ctl *ctl, struct ctl_bulk *bulk);
void ctl_bulk_clear(struct ctl_bulk *bulk);
/* Row `at` as an assignment; borrowed. */
struct psg_assignment ctl_bulk_assignment(const struct ctl_bulk *bulk, size_t at);
/* The file's name for people. */
const char *ctl_bulk_name(const struct ctl_bulk *bulk);
/* Adds to `changed`, as it is. */
PSG_MUST_CHECK
enum psg_err ctl_bulk_change(struct ctl_bulk *bulk, const struct psg_assignment *assignment);
/* Adds an error at a line. False: out of memory. */
bool ctl_bulk_error(struct ctl_bulk *bulk, uint32_t line, const char *remedy, const char *format,
		    ...) PSG_PRINTF(4, 5);

/* Of a change that opens, through something assigned. */
void ctl_warn_opening(const struct ctl *ctl, const struct ctl_change *change);

/* assign --file and unassign --file. */
enum ctl_exit ctl_assign_file(struct ctl *ctl, const char *file);
enum ctl_exit ctl_unassign_file(struct ctl *ctl, const char *file);

#endif
