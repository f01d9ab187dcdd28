/* doctor: judges what stands around the module, and says which line to change. */
#ifndef PSGCTL_DOCTOR_H
#define PSGCTL_DOCTOR_H

#include "psg/args.h"
#include "psg/bytes.h"
#include "psgctl.h"
#include "stack.h"

/* What can be found: the table in doctor_table.c has its name, severity and remedy. */
enum doctor_code {
	/* stacks */
	DOCTOR_STACK_MISSING,
	DOCTOR_STACK_UNREADABLE,
	DOCTOR_STACK_PROBLEM,
	DOCTOR_STACK_MODE,
	DOCTOR_CONTROL_INVALID,
	DOCTOR_ARGUMENT_INVALID,
	DOCTOR_MODULE_MISSING,
	DOCTOR_MODULE_UNLOADABLE,
	DOCTOR_MODULE_MODE,
	DOCTOR_NOT_GATED,
	DOCTOR_SIBLING_UNGATED,
	DOCTOR_GATE_IN_COMMON,
	DOCTOR_SERVICE_UNPRIVILEGED,
	DOCTOR_PERMISSIVE,
	DOCTOR_UNASSIGNED_OK,
	DOCTOR_SUBJECT_CALLER,
	DOCTOR_SUBJECT_USER,
	/* the gate: account and session */
	DOCTOR_ACCOUNT_MISSING,
	DOCTOR_SESSION_MISSING,
	DOCTOR_GATE_PASSED_BY,
	DOCTOR_GATE_OVERRULED,
	DOCTOR_GATE_BELOW_INCLUDE,
	DOCTOR_GATE_NOT_REQUISITE,
	DOCTOR_GATE_TWICE,
	DOCTOR_LOGINUID_MISSING,
	DOCTOR_LOGINUID_LATE,
	DOCTOR_LOGINUID_RESTARTS,
	DOCTOR_SYSTEMD_FIRST,
	/* auth */
	DOCTOR_AUTH_MISSING,
	DOCTOR_AUTH_ALONE,
	DOCTOR_AUTH_OPEN,
	DOCTOR_AUTH_FIRST_FACTOR,
	DOCTOR_AUTH_PASSED_BY,
	DOCTOR_AUTH_OVERRULED,
	/* sshd and sudo */
	DOCTOR_SSHD_USEPAM,
	DOCTOR_SSHD_KBDINTERACTIVE,
	DOCTOR_SSHD_NO_CODE,
	DOCTOR_SSHD_AFTER,
	DOCTOR_SSHD_PASSWORD,
	DOCTOR_SSHD_ACCEPTENV,
	DOCTOR_SSHD_MATCH,
	DOCTOR_SSHD_UNJUDGED,
	DOCTOR_ROOT_LOGIN,
	DOCTOR_ROOT_LOGIN_KEY,
	DOCTOR_SUDO_NO_ACCOUNT,
	DOCTOR_SUDO_NO_SESSION,
	DOCTOR_SUDO_SERVICE,
	DOCTOR_SUDO_TIMESTAMP,
	DOCTOR_SUDO_UNJUDGED,
	DOCTOR_PROGRAM_MISSING,
	/* the store and the host */
	DOCTOR_STORE_MISSING,
	DOCTOR_STORE_UNREADABLE,
	DOCTOR_STORE_MODE,
	DOCTOR_STORE_FILESYSTEM,
	DOCTOR_STORE_VOLATILE,
	DOCTOR_KEY_UNREADABLE,
	DOCTOR_POLICY_UNREADABLE,
	DOCTOR_GROUP_FAILED,
	DOCTOR_POLICY_DEFERRED,
	DOCTOR_CLOCK_UNSYNCHRONISED,
	DOCTOR_ENFORCE_MISSING,
	/* people */
	DOCTOR_DEMAND_UNSERVED,
	DOCTOR_DEMAND_UNASSIGNED,
	DOCTOR_REACH_OPEN,
	DOCTOR_EXEMPT_USER,
	DOCTOR_NOT_ENROLLED,
	DOCTOR_ENROLS_ALONE,
	DOCTOR_ENROLMENT_UNPROVEN,
	DOCTOR_AUTHENTICATOR_UNREADABLE,
	DOCTOR_RECOVERY_FEW,
	DOCTOR_GROUP_UNREACHABLE,
	DOCTOR_CODES,
};

enum doctor_severity { DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_ERROR };

/* Where a finding stands. All borrowed, each may be NULL or 0. */
struct doctor_place {
	const char *service, *file;
	unsigned int line;
};

struct doctor_finding {
	enum doctor_code code;
	char *service, *file, *message; /* service and file may be NULL */
	unsigned int line;
};

/* A service whose stack calls the module. */
struct doctor_service {
	char *name;
	struct stack stack;
};

struct doctor {
	struct ctl *ctl;
	const char *pam_dir; /* NULL: this host's */
	struct doctor_service *services;
	size_t service_count;
	struct doctor_finding *items;
	size_t count;
	bool failed; /* out of memory: what was found is not all */
};

void doctor_clear(struct doctor *doctor);

/* -- doctor_table.c -- */
const char *doctor_name(enum doctor_code code);
const char *doctor_severity_name(enum doctor_severity severity);
enum doctor_severity doctor_severity(enum doctor_code code);
const char *doctor_remedy(enum doctor_code code);

/* -- doctor_findings.c -- */
/* Adds a finding; the same code at the same line is added once (an include is read by many services). */
void doctor_add(struct doctor *doctor, enum doctor_code code, struct doctor_place place,
		const char *format, ...) PSG_PRINTF(4, 5);
/* By severity, then as they were found. */
void doctor_sort(struct doctor *doctor);
/* Of a line of a service's stack. */
struct doctor_place doctor_at(const struct doctor_service *service, const struct stack_line *line);

/* -- doctor_show.c -- */
enum ctl_exit doctor_show(const struct doctor *doctor);

/* -- doctor_service.c: which services, and what is true of the whole of each -- */
/* Reads the services named, or all that call the module. CTL_INVALID (said) for what cannot be a service. */
PSG_MUST_CHECK
enum ctl_exit doctor_services(struct doctor *doctor, const char *const *names, size_t count);
/* The service's own file among those that were read; NULL where libpam uses `other`. Borrowed. */
const char *doctor_own_file(const struct stack *stack, const char *name);
bool doctor_is(const struct doctor_service *service, const char *name);
const struct doctor_service *doctor_find(const struct doctor *doctor, const char *name);
/* The line of `type` that gates: pam_psg.so, its own and not of a common-* file, without `enroll`. */
const struct stack_line *doctor_gate_line(const struct doctor_service *service,
					  enum stack_type type, size_t *at);
/* The arguments of a gating line; false when they are invalid. */
bool doctor_args(const struct doctor_service *service, const struct stack_line *line,
		 struct psg_args *out, const char **ret_bad);

/* -- what each judges -- */
void doctor_judge_lines(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_gate(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_session(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_auth(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_files(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_sshd(struct doctor *doctor, const struct doctor_service *service);
void doctor_judge_sudo(struct doctor *doctor);
void doctor_judge_store(struct doctor *doctor);
void doctor_judge_clock(struct doctor *doctor);
/* What the services ask a store for; the store is open, with its key. */
struct doctor_asked {
	const char *path;        /* of the store */
	struct psg_store *store; /* both borrowed */
	struct psg_policy *policy;
};
void doctor_judge_people(struct doctor *doctor, const struct doctor_asked *asked);
/* What was deployed and is not in force. */
void doctor_judge_groups(struct doctor *doctor, const struct doctor_asked *asked);
/* Whether somebody ends the sessions that a policy wants ended. */
void doctor_judge_enforce(struct doctor *doctor, const struct doctor_asked *asked,
			  const struct psg_assignments *assignments);
/* Which stacks would let a stranger enrol as somebody: those where nothing asks who it is, and the policy says Self. */
void doctor_judge_enrolment(struct doctor *doctor, const struct doctor_asked *asked,
			    const struct psg_assignments *assignments);
/* Somebody who is assigned and has no authenticator; `assignee` is the name, or the Unix group it is through. */
void doctor_add_not_enrolled(struct doctor *doctor, const struct doctor_asked *asked,
			     const struct psg_assignments *assignments, const char *name,
			     const char *assignee);
/* The auth line that would ask somebody for a code who has shown nothing, or NULL. */
const struct stack_line *doctor_asks_unproven(struct doctor *doctor,
					      const struct doctor_service *service);
/* Whether anything that was deployed gives it, to whomever. */
PSG_MUST_CHECK
enum psg_err doctor_is_given(struct psg_policy *policy, const struct psg_demand *demand, bool *ret);
/* The store that a line names; --store stands for the default one. */
const char *doctor_store_of(const struct doctor *doctor, const struct psg_args *args);

/* -- doctor_walk.c: libpam's rules, walked for every answer that the modules may give -- */
enum doctor_end {
	DOCTOR_END_OTHER,
	DOCTOR_END_SUCCESS,
	DOCTOR_END_NEW_AUTHTOK,
	DOCTOR_END_SESSION
};
#define DOCTOR_CALLED 1U   /* the line asked about was called */
#define DOCTOR_REFUSED 2U  /* and refused */
#define DOCTOR_PROVEN 4U   /* a first factor said yes */
#define DOCTOR_UNPROVEN 8U /* the line was called before any did */
struct doctor_walk {
	const struct doctor_service *service;
	enum stack_type type;
	const struct stack_line *target;
	bool root_is_let; /* in sudo and su pam_rootok's yes is about who is root already */
	/* Whether an end is one to be found. */
	bool (*wanted)(enum doctor_end end, unsigned int flags);
};
enum doctor_how {
	DOCTOR_HOW_NONE, /* no such end can be reached */
	DOCTOR_HOW_ENDS, /* the culprit ends the stack before the line */
	DOCTOR_HOW_SKIPS,
	DOCTOR_HOW_HIDES,     /* its failure stands instead of the line's refusal */
	DOCTOR_HOW_OVERRULED, /* the line's own control lets its refusal pass */
};
/* Finds one way to a wanted end. *ret_culprit (may be NULL in NONE) is the line that leads there. Out of memory: NONE,
 * and *failed is set. */
enum doctor_how doctor_walk(const struct doctor_walk *walk, const struct stack_line **ret_culprit,
			    bool *failed);

/* -- doctor_module.c -- */
/* Whether a module proves who somebody is, as far as its name tells. */
bool doctor_is_first_factor(const struct stack_line *line);
/* Whether the line's module may answer with this PAM code. Of one that is not known: anything. */
bool doctor_may_answer(const struct doctor_walk *walk, const struct stack_line *line, int code);

/* -- doctor_control.c -- */
#define DOCTOR_PAM_CODES 32
enum doctor_action { /* above 0: how many lines to jump over */
		     DOCTOR_IGNORE = 0,
		     DOCTOR_OK = -1,
		     DOCTOR_DONE = -2,
		     DOCTOR_BAD = -3,
		     DOCTOR_DIE = -4,
		     DOCTOR_RESET = -5,
};
/* The action of each PAM code, as libpam parses a control. False for one it does not know: then all are BAD. */
bool doctor_control(const char *control, int actions[static DOCTOR_PAM_CODES]);

/* -- doctor_run.c -- */
/* Runs a program with its own arguments, without a shell, for some seconds at most; what it wrote to stdout is
 * appended to `out`, the first line of stderr to `problem`. *ret_status is its exit status, -1 when it had to be
 * ended. Errors: NOT_FOUND (no such program in `folders`), IO, LIMIT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err doctor_run(const char *const *folders, const char *const *argv, struct psg_buf *out,
			struct psg_buf *problem, int *ret_status);

/* -- doctor_source.c: where a setting is written; what it means is for sshd -T and cvtsudoers to say -- */
enum doctor_syntax { DOCTOR_SSHD_CONFIG, DOCTOR_SUDOERS };
/* A line of a configuration file, without what stands before its first word. True: enough. */
typedef bool doctor_line_fn(void *arg, const char *path, unsigned int line, const char *text);
/* Calls `each` for every line of a file and of what it includes, in the order of reading. True when one was enough. */
bool doctor_source(enum doctor_syntax syntax, const char *path, doctor_line_fn *each, void *arg);

#endif
