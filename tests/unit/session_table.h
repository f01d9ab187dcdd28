/* A process table for the tests of sessions: one login by ssh with what may run in it, and what looks like it. */
#ifndef SESSION_TABLE_H
#define SESSION_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "psg/session.h"

#define NONE PSG_AUDIT_NONE
#define USER 1000

struct process {
	pid_t pid;
	struct psg_proc_info
	    info; /* parent, session, start, real uid, audit id, terminal, stopped */
};

struct table {
	const struct process *processes;
	size_t count;
	pid_t unreadable; /* this one cannot be read */
};

enum psg_err table_info(void *self, pid_t pid, struct psg_proc_info *ret);
extern struct table table;
extern const struct psg_proc table_proc;
/* As that process of the table would be identified, for the subject USER. */
struct psg_call call_of(pid_t pid);

#endif
