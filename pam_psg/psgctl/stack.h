/* A service's PAM stack as libpam reads it (pam.d(5)): which lines are called, with what arguments. */
#ifndef PSGCTL_STACK_H
#define PSGCTL_STACK_H

#include "psg/base.h"

#define STACK_DIRECTORY "/etc/pam.d"

enum stack_type {
	STACK_AUTH = 0,
	STACK_ACCOUNT,
	STACK_PASSWORD,
	STACK_SESSION,
	STACK_TYPES,
};

/* One line that names a module. Includes are followed, so they are no lines of their own. */
struct stack_line {
	enum stack_type type;
	bool may_be_missing; /* `-` before the type */
	char *control;       /* "requisite", "[success=1 default=ignore]" */
	char *module;        /* as written: "pam_psg.so", "/lib/security/pam_psg.so" */
	struct psg_strings args;
	char *file; /* where it stands: "common-auth" */
	unsigned int line;
	unsigned int depth; /* of includes, 0 in the service's own file */
	bool substack;      /* inside one, at any depth: its end ends the substack alone */
};

struct stack {
	struct stack_line *items; /* in the order of calling, type by type as written */
	size_t count;
	struct psg_strings problems; /* what libpam would stumble over, for people */
	bool from_other;             /* the service has no file: `other` is used */
};

/* Reads SERVICE (lower-cased, as pam_start does) from `directory`; NULL: /etc/pam.d, then /usr/lib/pam.d.
 * A type of which the service has no line is taken from `other`, as libpam does.
 * Errors: NOT_FOUND (neither the service nor `other` has a file), INVALID (a '/' in the name), ACCESS, IO,
 * NO_MEMORY. What is wrong inside goes to ret->problems. */
PSG_MUST_CHECK
enum psg_err stack_read(const char *directory, const char *service, struct stack *ret);
void stack_clear(struct stack *stack);
const char *stack_type_name(enum stack_type type); /* "auth", … */
/* The next line of `type` that calls pam_psg.so, from *at on; *at is moved past it. NULL: no more. */
const struct stack_line *stack_next_psg(const struct stack *stack, enum stack_type type,
					size_t *at);
/* Splits a logical line as libpam does: at blanks, `[a b\]c]` is one word. For tests too. */
PSG_MUST_CHECK
enum psg_err stack_words(const char *text, struct psg_strings *ret);

#endif
