/* What a shell offers at the Tab key: `psgctl complete WORD...`, run by conf/completions. It reads the usage of each
 * command, so a new command or option needs nothing here. Silent whatever fails: there is then less to offer. */
#ifndef PSGCTL_COMPLETE_H
#define PSGCTL_COMPLETE_H

#include "psgctl.h"

/* What a word of a usage stands for. */
enum complete_kind {
	COMPLETE_FREE = 0, /* nobody can know */
	COMPLETE_LITERAL,  /* itself, or its alternatives: "SHA1|SHA256" */
	COMPLETE_ASSIGNEE,
	COMPLETE_USER,
	COMPLETE_TARGET, /* a group or permission set */
	COMPLETE_GROUP,
	COMPLETE_ACTIVATION,
	COMPLETE_AUTHENTICATOR,
	COMPLETE_SESSION,
	COMPLETE_SERVICE,
	COMPLETE_COMMAND,
	COMPLETE_FILE, /* the shell's own to find */
	COMPLETE_DIRECTORY,
};

#define COMPLETE_WORD 64

/* -- complete_usage.c -- */

/* One thing that a usage names: an option, with or without a value, or an operand. */
struct complete_item {
	char option[COMPLETE_WORD]; /* "user" of --user; "" for an operand */
	char value[COMPLETE_WORD];  /* "USER", "SHA1|SHA256|SHA512"; "" for an option without */
	enum complete_kind kind;    /* of the value */
	bool repeats;               /* "GROUP..." */
};
/* The next of a usage from *at on, which is moved past it; false at the end. What is too long is left out. */
bool complete_next(const char **at, struct complete_item *ret);
/* The option of that name (`len` bytes), without its dashes; false when there is none. */
bool complete_option(const char *usage, const char *name, size_t len, struct complete_item *ret);

/* -- complete_store.c -- */

/* Adds what the kind can be on this host and in this store and begins with `prefix`. `user` (may be NULL): whose. */
void complete_collect(struct ctl *ctl, enum complete_kind kind, const char *prefix,
		      const char *user, struct psg_strings *out);
/* Adds a name that begins with the prefix and that no shell would take for anything but a word. */
void complete_add(struct psg_strings *out, const char *name, const char *prefix);

/* -- complete.c -- */
enum ctl_exit ctl_complete(struct ctl *ctl, const struct ctl_command *commands, size_t count);

#endif
