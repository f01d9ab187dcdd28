/* A service's PAM stack as libpam reads it (pam.d(5)): which lines are called, with what arguments. */
#ifndef PSGCTL_STACK_H
#define PSGCTL_STACK_H

#include "psg/base.h"

#define STACK_DIRECTORY "/etc/pam.d"
#define STACK_VENDOR_DIRECTORY "/usr/lib/pam.d"

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
	char *path; /* "/etc/pam.d/common-auth" */
	unsigned int line;
	unsigned int depth;   /* of includes, 0 in the service's own file */
	unsigned int level;   /* of substacks: the end of one ends it alone */
	bool begins_substack; /* names no module: `module` is "" */
};

/* What libpam would stumble over. */
struct stack_problem {
	char *file, *path;
	char *what; /* for people */
	unsigned int line;
};

struct stack {
	struct stack_line *items; /* in the order of calling, type by type as written */
	size_t count;
	struct stack_problem *problems;
	size_t problem_count;
	struct psg_strings paths; /* of all files that were read, sorted */
	bool from_other;          /* the service has no file: `other` is used */
};

/* Reads SERVICE (lower-cased, as pam_start does) from `directory`; NULL: /etc/pam.d, then /usr/lib/pam.d.
 * A type of which the service has no line is taken from `other`, as libpam does.
 * Errors: NOT_FOUND (neither the service nor `other` has a file), INVALID (a '/' in the name), ACCESS, IO,
 * NO_MEMORY. What is wrong inside goes to ret->problems; an include that is not there is passed over. */
PSG_MUST_CHECK
enum psg_err stack_read(const char *directory, const char *service, struct stack *ret);
void stack_clear(struct stack *stack);
const char *stack_type_name(enum stack_type type); /* "auth", … */
bool stack_calls_psg(const struct stack_line *line);
/* The next line of `type` that calls pam_psg.so, from *at on; *at is moved past it. NULL: no more. */
const struct stack_line *stack_next_psg(const struct stack *stack, enum stack_type type,
					size_t *at);
/* One word from *at into `out` (as long as the text), as _pam_StrTok does; false at the end. A bracketed word loses its
 * brackets: look at the text to tell it from a plain one. */
bool stack_next_word(const char **at, char *out);
/* Strips a comment; true when the line goes on in the next one. libpam's rules: a '#' anywhere begins a
 * comment, and a line cut by one is not continued. */
bool stack_cut_line(char *text);
/* Splits a logical line as libpam does: at blanks, `[a b\]c]` is one word. For tests too. */
PSG_MUST_CHECK
enum psg_err stack_words(const char *text, struct psg_strings *ret);

/* The services that have a file in `directory` (NULL: the system's two), sorted. What libpam would never look up by such
 * a name (backups, upper case, the common-* that others include) is left out. Errors: NOT_FOUND, ACCESS, IO, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err stack_services(const char *directory, struct psg_strings *ret);
/* Whether a file is made to be included: common-auth, system-auth, … */
bool stack_is_shared(const char *file);

#endif
