/* What the subcommands share: one file a subcommand, a table in main.c. */
#ifndef PSGCTL_H
#define PSGCTL_H

#include <jansson.h>
#include <stdio.h>

#include "psg/event.h"
#include "psg/gate.h"
#include "psg/policy.h"

/* Exit statuses (DESIGN section 8). */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_REFUSED = 1, /* refused, findings, or a name, user or id that is not there */
	CTL_USAGE = 2,
	CTL_INVALID = 3, /* invalid input; nothing changed */
	CTL_STORE = 4,   /* the store cannot be read or written, or there is none */
};

struct ctl {
	const char *store_path; /* --store, PSG_STORE, or the default */
	const char *key_path;   /* --key or NULL */
	const char *color;      /* --color: auto (NULL), always or never */
	bool json, quiet;
	bool
	    helped; /* --help was given and answered: main turns the CTL_USAGE of ctl_parse into 0 */
	const struct ctl_command *command;
	int argc; /* of the subcommand: argv[0] is its name */
	char **argv;
	struct psg_store *store;   /* opened by ctl_open_store */
	struct psg_policy *policy; /* opened by ctl_open_policy */
	mode_t umask;              /* the caller's; this process has a private one */
};

struct ctl_command {
	const char *name;
	const char *usage;   /* "assign ASSIGNEE NAME [--until TIME]" */
	const char *summary; /* one line */
	const char *
	    details; /* what `help COMMAND` says of the options and the exit statuses; may be NULL */
	enum ctl_exit (*run)(struct ctl *ctl);
};

/* -- one run function a subcommand -- */
enum ctl_exit ctl_init(struct ctl *ctl);
enum ctl_exit ctl_deploy(struct ctl *ctl);
enum ctl_exit ctl_retrieve(struct ctl *ctl);
enum ctl_exit ctl_recalculate(struct ctl *ctl);
enum ctl_exit ctl_policy(struct ctl *ctl);
enum ctl_exit ctl_backup(struct ctl *ctl);
enum ctl_exit ctl_restore(struct ctl *ctl);
enum ctl_exit ctl_groups(struct ctl *ctl);
enum ctl_exit ctl_assign(struct ctl *ctl);
enum ctl_exit ctl_unassign(struct ctl *ctl);
enum ctl_exit ctl_assignments(struct ctl *ctl);
enum ctl_exit ctl_enroll(struct ctl *ctl);
enum ctl_exit ctl_unenroll(struct ctl *ctl);
enum ctl_exit ctl_authenticators(struct ctl *ctl);
enum ctl_exit ctl_verify(struct ctl *ctl);
enum ctl_exit ctl_unlock(struct ctl *ctl);
enum ctl_exit ctl_recovery(struct ctl *ctl);
enum ctl_exit ctl_import(struct ctl *ctl);
enum ctl_exit ctl_activate(struct ctl *ctl);
enum ctl_exit ctl_deactivate(struct ctl *ctl);
enum ctl_exit ctl_status(struct ctl *ctl);
enum ctl_exit ctl_explain(struct ctl *ctl);
enum ctl_exit ctl_check(struct ctl *ctl);
enum ctl_exit ctl_enforce(struct ctl *ctl);
enum ctl_exit ctl_doctor(struct ctl *ctl);
enum ctl_exit ctl_tidy(struct ctl *ctl);
enum ctl_exit ctl_log(struct ctl *ctl);
enum ctl_exit ctl_report(struct ctl *ctl);

/* -- colour.c -- */
enum ctl_colour {
	CTL_COLOURLESS = 0,
	CTL_PLAIN, /* ends a colour */
	CTL_HEADING,
	CTL_GOOD,
	CTL_CARE, /* soon over, a warning, something is still to be done */
	CTL_BAD,
};
/* --color. False for another word than auto, always and never. */
bool ctl_colour_when(const char *text);
/* What begins the colour on this stream, or with CTL_PLAIN ends it; "" where the stream shows none. */
const char *ctl_colour(FILE *stream, enum ctl_colour colour);
enum ctl_colour ctl_colour_verdict(enum psg_verdict verdict);

/* -- width.c -- */
/* The columns that a harmless text takes on a terminal. */
size_t ctl_width(const char *text);
/* How many of its bytes fit into `columns`, and how many columns they take. */
size_t ctl_width_fit(const char *text, size_t columns, size_t *ret_columns);
/* COLUMNS, or what the terminal says; 0 where the stream is none: a pipe gets everything. */
size_t ctl_terminal_columns(FILE *stream);

/* -- options.c: getopt_long wrapped: options and operands may be mixed, `--` ends options -- */

struct ctl_option {
	const char *name; /* "until" for --until */
	bool takes_value;
	const char **value; /* set to the value */
	bool *flag;         /* set to true; with a value it may be repeated: see below */
};
/* Where both are given, `value` is the first of CTL_REPEATS + 1 pointers, NULL at first; each value takes the next. */
#define CTL_REPEATS 64
/* Parses ctl->argv by the table (ended by a NULL name; --store, --key, --color, --json, --quiet, --help are known everywhere; NULL: no
 * options of its own) into `operands` (at most `most`, at least `least`; may be NULL when `most` is 0; those not given are set to NULL).
 * Option names are matched whole: no abbreviations, so that a later option never changes what a script means. `--name value` and
 * `--name=value`; given twice, the last counts. On a mistake prints what is wrong and the usage to stderr and returns false: CTL_USAGE
 * (after --help too: main knows). */
bool ctl_parse(struct ctl *ctl, const struct ctl_option *options, const char **operands,
	       size_t least, size_t most, size_t *ret_count);

/* Parses the global options before the command; *ret_first is the index of the command (argc when there is none). False: CTL_USAGE, said. */
bool ctl_parse_global(struct ctl *ctl, int argc, char **argv, int *ret_first, bool *ret_version);
/* `help COMMAND`'s text on stdout; only the usage on stderr. */
void ctl_print_help(const struct ctl_command *command);
void ctl_print_usage(const struct ctl_command *command);

/* -- say.c -- */
/* To stderr, "psgctl: …". Untrusted text is made harmless by the caller (ctl_safe). Dropped by --quiet for ctl_note. */
void ctl_error(const struct ctl *ctl, const char *format, ...) PSG_PRINTF(2, 3);
void ctl_note(const struct ctl *ctl, const char *format, ...) PSG_PRINTF(2, 3);
/* "psgctl: warning: …", kept under --quiet. */
void ctl_warn(const struct ctl *ctl, const char *format, ...) PSG_PRINTF(2, 3);
/* psg_show_line into one of eight static buffers of 1024 bytes, used in turn: for the arguments of the three above and of printf. NULL gives "". */
const char *ctl_safe(const char *text);
/* Prints one JSON document to stdout with a newline and frees it. CTL_DONE, or CTL_STORE when it could not be written. */
enum ctl_exit ctl_print_json(json_t *owned_document);
/* The text as a JSON string; what is not UTF-8 is escaped, never left out. NULL gives null. */
json_t *ctl_json_text(const char *text);
json_t *ctl_json_strings(const struct psg_strings *list);
/* Prints `document` as the next element of one JSON array without holding them all: *count 0 opens it. Frees the document.
 * ctl_json_array_end closes it ("[]" when nothing was put). */
void ctl_json_array_put(size_t *count, json_t *owned_document);
enum ctl_exit ctl_json_array_end(size_t count);
/* An object whose last member is a list too long to be held: `document` (freed) without its end, each element on a line, the end. */
void ctl_json_list_begin(json_t *owned_document, const char *name);
void ctl_json_list_put(size_t at, json_t *owned_element);
enum ctl_exit ctl_json_list_end(void);
/* One document on a line of its own. */
void ctl_json_line(json_t *owned_document);
/* Out of memory while something was printed: main ends with CTL_STORE. */
void ctl_output_failed(void);
/* --json, and nothing was printed: {"error": …} with all that ctl_error said. */
void ctl_json_error(enum ctl_exit status);
/* A line that tells an error otherwise than by ctl_error, for that document. */
void ctl_error_said(const char *line);
/* Flushes stdout and says when not all of it was written: main's last act. */
bool ctl_output_end(const struct ctl *ctl);
/* A table for people on stdout: header row and rows of `columns` cells each, widths fitted. Cells are escaped here. */
struct ctl_table;
struct ctl_table *ctl_table_new(const char *const *header, size_t columns);
void ctl_table_row(struct ctl_table *table, const char *const *cells);
/* A cell of the last row in colour. */
void ctl_table_mark(struct ctl_table *table, size_t column, enum ctl_colour colour);
/* The column is a text that nobody copies: on a narrow terminal it is cut. Others, when there is no room, stand below. */
void ctl_table_shorten(struct ctl_table *table, size_t column);
void ctl_table_print_free(
    struct ctl_table *table); /* prints nothing but "None." when there is no row */
/* ISO 8601 UTC into JSON; null for 0. */
json_t *ctl_json_time(int64_t realtime_s);

/* -- filesystem.c -- */
enum ctl_filesystem {
	CTL_FILESYSTEM_GOOD,
	CTL_FILESYSTEM_VOLATILE, /* may not outlive a restart */
	CTL_FILESYSTEM_REFUSED,  /* not this host's own disk */
	CTL_FILESYSTEM_UNKNOWN,
};
/* On what a path is or would be; *ret_name is the kind's name where it is VOLATILE or REFUSED. */
enum ctl_filesystem ctl_filesystem(const char *path, const char **ret_name);
/* Judges by statfs where ctl->store_path is or would be: false, said, when it is no local file system; a warning for
 * what may not outlive a restart. */
bool ctl_judge_filesystem(const struct ctl *ctl);

/* -- problem.c -- */
struct psg_problems;
/* One more thing that is wrong; NULL texts are empty. Copied. */
struct ctl_problem {
	bool warning;
	const char *file, *type, *name, *text, *remedy;
	int line;
};
PSG_MUST_CHECK
enum psg_err ctl_problem_add(struct psg_problems *list, const struct ctl_problem *problem);
/* Each on stderr: `file:line:column: Error: [Type Name] element: problem (remedy)`; warnings not under --quiet.
 * `directory` (may be NULL) goes before the file. */
void ctl_print_problems(const struct ctl *ctl, const char *directory,
			const struct psg_problems *problems);

/* -- suggest.c -- */
/* The nearest groups or permission sets to a name that is none; NULL. Owned. The policy must be open. */
char *ctl_suggest_target(struct ctl *ctl, const char *given);
/* The name nearest to a misspelt one, or "A or B" where two or three are alike near; NULL when none is. Harmless to print, and
 * borrowed until the next call. */
const char *ctl_suggest(const char *given, const struct psg_strings *names);

/* -- written.c -- */
/* Whether the policy in force is another than ctl->policy. The lock is held. */
bool ctl_policy_replaced(const struct ctl *ctl);
/* ctl_store_error for a policy that could not be written: says which one is in force. The lock is held. */
enum ctl_exit ctl_policy_failed(const struct ctl *ctl, enum psg_err err);

/* -- open.c -- */
/* Makes relative --store and --key absolute. False: said, CTL_STORE. ctl_open_store does it itself. */
bool ctl_resolve_paths(struct ctl *ctl);
/* Each says on stderr what failed and what to do (`psgctl init`, run as root, …) and returns false: CTL_STORE. */
bool ctl_open_store(struct ctl *ctl, bool with_key);
bool ctl_open_policy(struct ctl *ctl); /* opens the store without key first where it is not open */
/* psg_policy_lock; says when another psgctl must be waited for, and what fails. The store is open. *ret_fd is closed to release. */
enum ctl_exit ctl_lock_policy(struct ctl *ctl, int *ret_fd);
/* What to do about an error, whichever file it is of; never NULL. */
const char *ctl_remedy(enum psg_err err);
/* Says what a store error means for the administrator; the exit status that goes with it. */
enum ctl_exit ctl_store_error(const struct ctl *ctl, const char *doing, enum psg_err err);
/* Target by name: a group, else a permission set. PSG_TARGET_NONE when there is none; false on a store error (said). */
bool ctl_find_target(struct ctl *ctl, const char *name, enum psg_target_kind *ret_kind);
/* Says that no group or set has this name, with the nearest one; returns `status`. The policy must be open. */
enum ctl_exit ctl_unknown_target(struct ctl *ctl, const char *name, enum ctl_exit status);
/* Who runs this: "root", or "alice" through sudo: for the event's actor. */
const char *ctl_actor(void);
/* Emits an administrator's event: fills actor, service "psgctl", tty. */
void ctl_event(struct ctl *ctl, struct psg_event *event);

#endif
