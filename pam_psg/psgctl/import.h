/* The steps of `psgctl import`: the file of another module read whole, checked whole, and only then put in. */
#ifndef PSGCTL_IMPORT_H
#define PSGCTL_IMPORT_H

#include "person.h"
#include "psg/metadata.h"

#define IMPORT_SIZE_MAX (64U * 1024 * 1024)
#define IMPORT_SECRET_MIN                                                                          \
	10 /* the 80 bits that google-authenticator used to make; a warning below 16 */
#define IMPORT_REPORTED 50U /* problems that are printed; of the others the number */

enum import_format { IMPORT_OATH = 0, IMPORT_GOOGLE };

/* One authenticator. */
struct import_entry {
	char user
	    [PSG_SUBJECT_SIZE]; /* as the file has it; after import_resolve the account's own spelling */
	int line;
	struct psg_credential credential;
	bool spent; /* the codes up to this step are */
	uint64_t step;
	bool there; /* enrolled already, with this very secret */
};

struct import {
	struct ctl *ctl;
	const char *file, *user; /* user: --user or NULL */
	enum import_format format;
	bool check_only, replace, add;
	int64_t now_s;
	uint32_t window_steps;
	struct import_entry *entries; /* after import_resolve by user, then line */
	size_t count, room;
	char codes[PSG_RECOVERY_MAX][PSG_ANSWER_SIZE]; /* scratch codes, of the only entry's user */
	size_t code_count;
	struct psg_problems problems; /* errors, and as warnings what is not carried */
	size_t problem_count, error_count;
	bool no_memory;
};

void import_clear(struct import *import); /* wipes */
PSG_PRINTF(5, 6)
void import_problem(struct import *import, bool warning, int line, const char *remedy,
		    const char *format, ...);
/* A new entry with a fresh id and the usual parameters; NULL when there is no memory. */
struct import_entry *import_entry_new(struct import *import, const char *user, int line);
/* The secret's length judged, in words that do not repeat it. False: an error. */
bool import_secret_fits(struct import *import, const struct import_entry *entry);
/* What was spent elsewhere is spent here, unless it lies in the future: then an error. */
void import_spent(struct import *import, struct import_entry *entry, uint64_t step);

struct import_text {
	char *data; /* owned, NUL-terminated */
	size_t size;
};
void import_text_wipe(struct import_text *text); /* frees, too */
/* The whole file. False: said. */
bool import_read(const struct import *import, struct import_text *ret);

/* Each parses a NUL-terminated text, which it cuts up, into entries and problems. No I/O. */
void import_parse_oath(struct import *import, char *text);
void import_parse_google(struct import *import, char *text);

/* Names as accounts spell them; what is enrolled already; one secret twice. False: said. */
bool import_resolve(struct import *import);
/* Puts everything in, or takes back what it had put. False: said. */
bool import_store(struct import *import);

#endif
