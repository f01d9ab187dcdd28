/* Who held what, from when until when, and who tried in vain: a ledger kept from the log's events.
 *
 * Pure: events go in, in the order of the log's lines; the ledger comes out. No file, no clock. The order of the lines
 * counts for what follows what, their times only for what is shown: the wall clock may have been set back between two. */
#ifndef PSG_LEDGER_H
#define PSG_LEDGER_H

#include <stdio.h>

#include "psg/event.h"
#include "psg/model.h"

/* One line of the log. Every string may be NULL and is borrowed and untrusted. */
struct psg_ledger_event {
	enum psg_event_kind kind;
	int64_t time_s;
	int64_t expires_s; /* 0: it does not say */
	enum psg_target_kind target_kind;
	const char *user, *actor, *service, *rhost, *tty, *session_id, *target, *activation_id,
	    *reason;
};

/* What the ledger is about. */
struct psg_ledger_scope {
	int64_t since_s, until_s; /* the period, both ends in it; since_s <= until_s */
	int64_t now_s;            /* when it is made */
	int64_t boot_s;           /* when this boot began, by the wall clock; 0: not known */
	const char *user,
	    *target; /* only theirs; NULL: everybody's. Borrowed for the ledger's life */
};

enum psg_held_end {
	PSG_HELD_UNKNOWN = 0, /* its session is gone, and no line says when: until now at most */
	PSG_HELD_LIVE,
	PSG_HELD_LAPSED,
	PSG_HELD_CLOSED, /* with its session, or ended by enforce */
	PSG_HELD_DEACTIVATED,
	PSG_HELD_UNASSIGNED,
	PSG_HELD_REPLACED, /* a newer activation of the same target in the same session */
	PSG_HELD_REBOOT,
	PSG_HELD_COUNT
};

/* One activation with those that renewed it: access held without a break. */
struct psg_holding {
	const char *user, *target, *id, *service, *rhost, *tty, *session_id; /* may be NULL */
	const char *reason;     /* the first Description; NULL when none was given */
	const char *granted_by; /* the administrator; NULL: a code opened it */
	const char *ended_by;   /* who deactivated it */
	enum psg_target_kind kind;
	enum psg_held_end end;
	int64_t start_s, end_s, expires_s; /* end_s of a live one: now */
	int64_t held_s;                    /* within the period */
	size_t renewals;
	bool began_before;   /* its first line is not in the log: it is older than start_s */
	bool clock_set_back; /* it ended before it began: how long is not known, held_s is 0 */
};

enum psg_mark_kind { PSG_MARK_REFUSED = 0, PSG_MARK_WRONG, PSG_MARK_THROTTLED, PSG_MARK_COUNT };

/* Something that did not open, for the timeline. */
struct psg_mark {
	const char *user, *target; /* NULL: it names none */
	int64_t time_s;
	enum psg_mark_kind kind;
};

/* Of one user from one origin; of one user in one service, where it would have been refused. */
struct psg_failures {
	const char *user;             /* NULL: the line names none */
	const char *origin;           /* the remote host, else the terminal, else NULL */
	const char *service, *reason; /* of the last one */
	size_t wrong, replayed, throttled, malformed, refused, failed, would;
	int64_t first_s, last_s;
};

/* What an administrator did. */
struct psg_act {
	int64_t time_s;
	enum psg_event_kind kind;
	enum psg_target_kind target_kind;
	const char *actor, *user, *target, *reason;
};

/* Who is assigned what needs an activation. */
struct psg_eligible {
	const char *user;
	const char *via; /* "%ops"; NULL: assigned itself */
	const char *target;
	enum psg_target_kind kind;
	int64_t until_s; /* 0: without end */
	int64_t last_s;  /* begin of the last activation before the period; 0: the log knows none */
	bool enrolled;
};

/* A person's, or a target's, sum. */
struct psg_ledger_sum {
	const char *name; /* may be NULL: the lines that name nobody */
	enum psg_target_kind kind;
	size_t holdings, renewals, others; /* others: people of a target, targets of a person */
	size_t marks[PSG_MARK_COUNT];
	int64_t held_s; /* what one person holds of one target twice at a time counts once */
	int64_t median_s, longest_s;
	/* Its part of psg_ledger.holdings and .marks by user, or by target: [first, first + count). */
	size_t holding_first, mark_first, mark_count;
};

struct psg_ledger; /* being kept */

/* What came of it. All borrowed from the ledger. */
struct psg_ledger_view {
	const struct psg_ledger_scope *scope;
	const struct psg_holding *holdings; /* those in the period, by start */
	size_t holding_count;
	const struct psg_holding *const *by_user, *const
						      *by_target; /* the same, by name and start */
	const struct psg_mark *const *marks_by_user,
	    *const *marks_by_target; /* all, by name and time */
	size_t mark_count;
	const struct psg_failures *failures, *would; /* the most first */
	size_t failure_count, would_count;
	const struct psg_act *acts; /* in the log's order */
	size_t act_count;
	const struct psg_eligible *eligible; /* who never activated in the period, by user */
	size_t eligible_count;
	size_t eligible_all;                           /* how many were asked about */
	const struct psg_ledger_sum *people, *targets; /* who held most first */
	size_t person_count, target_count;
	size_t counts[PSG_EVENT_COUNT]; /* lines in the period, of each kind */
	size_t event_count;             /* their sum */
	int64_t first_s; /* the log's first line, whoever it is about; 0: it has none */
	int64_t held_s;  /* the sum of the people's */
	size_t holder_count;
};

/* `scope` is copied, its strings are not. NULL: out of memory. */
struct psg_ledger *psg_ledger_new(const struct psg_ledger_scope *scope);
void psg_ledger_free(struct psg_ledger **ledger);
/* The next line. Out of memory is told by psg_ledger_close. */
void psg_ledger_add(struct psg_ledger *ledger, const struct psg_ledger_event *event);
/* Whether the period and the scope have this event: what of it is shown by itself. */
bool psg_ledger_covers(const struct psg_ledger_scope *scope, const struct psg_ledger_event *event);
/* After the last line: one that is live now, by the person's folder. Also one that the log does not know. */
void psg_ledger_live(struct psg_ledger *ledger, const struct psg_ledger_event *activation);
/* Somebody who could activate. */
void psg_ledger_eligible(struct psg_ledger *ledger, const struct psg_eligible *eligible);
/* Ends the keeping. *ret is good until the ledger is freed. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_ledger_close(struct psg_ledger *ledger, struct psg_ledger_view *ret);

const char *psg_held_end_name(enum psg_held_end end); /* "Lapsed", … never NULL */

/* -- writers: the stream is flushed and judged by who opened it -- */

struct psg_page {
	const struct psg_ledger_view *view;
	const char *host;
	size_t damaged; /* lines of the log that could not be read */
};

/* One page of HTML, complete in itself: no script, style or picture from elsewhere. Errors: NO_MEMORY, IO. */
PSG_MUST_CHECK
enum psg_err psg_page_write(const struct psg_page *page, FILE *out);

/* A row of RFC 4180: each cell in quotes when it needs them, and never a spreadsheet's formula. NULL: an empty cell. */
void psg_csv_row(FILE *out, const char *const *cells, size_t count);
/* Heads and rows of one table. */
void psg_csv_activations(const struct psg_ledger_view *view, FILE *out);
void psg_csv_eligible(const struct psg_ledger_view *view, FILE *out);
void psg_csv_failures(const struct psg_ledger_view *view, FILE *out);
/* One line of the log at a time: the head first, with NULL. */
void psg_csv_event(const struct psg_ledger_event *event, FILE *out);

#endif
