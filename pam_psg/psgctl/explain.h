/* A dry run of the module: what each of its calls in a service's stack comes to, and why. */
#ifndef PSGCTL_EXPLAIN_H
#define PSGCTL_EXPLAIN_H

#include "person.h"
#include "psg/codes.h"
#include "stack.h"

/* One call of the module: one line of the stack, or none where the phase has none. */
struct judged {
	enum psg_phase phase;
	const struct stack_line
	    *line; /* NULL: not called, or no stack asks for the module at all */
	struct psg_args args;
	const char *bad_argument; /* the module refuses everything for it */
	struct psg_gate *gate;    /* NULL where it is decided without one */
	struct psg_outcome outcome;
	int code;
};

struct explain {
	struct ctl *ctl;
	/* the question */
	struct psg_subject subject;
	char service[PSG_SUBJECT_SIZE]; /* "" where no service is meant */
	bool has_demand;                /* given, instead of the stack's */
	struct psg_demand demand;
	const char *pam_dir;    /* NULL: the system's */
	const char *subject_by; /* subject= instead of the stack's, or NULL */
	struct psg_call call;
	/* the answer */
	struct stack stack;
	struct psg_strings notes;
	struct judged *items;
	size_t count;
	bool called; /* some line of the stack calls the module */
	const struct judged *deciding;
	enum psg_err err; /* the store's, where a fact could not be had */
	enum psg_err
	    person_err; /* what is known of the authenticators; counts where one is needed */
	size_t authenticators, unreadable;
	size_t recovery_left; /* recovery codes, where there is no authenticator too */
	uint64_t failures;
	int64_t wait_ns;
	struct psg_now now;
};

void explain_clear(struct explain *explain);

/* The PAM service, lower-cased. CTL_INVALID for what cannot be one; said. */
PSG_MUST_CHECK
enum ctl_exit explain_service(struct explain *explain, const char *service);
/* Reads the words of --application, --permission, --group and --session. CTL_USAGE, CTL_INVALID; said. */
struct explain_words {
	const char *application, *permission, *group, *session;
};
PSG_MUST_CHECK
enum ctl_exit explain_words(struct explain *explain, const struct explain_words *words);
/* Fills the answer. CTL_DONE also for a DENY; CTL_STORE where the store does not open (said). */
PSG_MUST_CHECK
enum ctl_exit explain_run(struct explain *explain);
/* CTL_DONE only for ALLOW; CTL_STORE (said) where a fact could not be had. */
enum ctl_exit explain_status(const struct explain *explain);

/* A note for people and for JSON. */
PSG_MUST_CHECK
enum psg_err explain_note(struct explain *explain, const char *format, ...) PSG_PRINTF(2, 3);
/* The name of the phase's entry point: "authenticate", "acct_mgmt", "open_session". */
const char *explain_entry(enum psg_phase phase);
/* The call that stands for a phase: the first that refuses, else the first. */
const struct judged *explain_phase(const struct explain *explain, enum psg_phase phase);
/* Of the demand: "application", "permission", "group". */
const char *explain_demand_kind(const struct psg_demand *demand);
/* Whether who has no authenticator enrols one in this call's conversation. */
bool explain_enrols(const struct explain *explain, const struct judged *judged);
/* What to do next, one sentence for people. */
void explain_next(const struct explain *explain, struct psg_buf *out);

json_t *explain_json(const struct explain *explain);
void explain_print(const struct explain *explain);

#endif
