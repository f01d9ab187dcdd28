/* A ledger while it is kept. */
#ifndef PSG_REPORT_KEEP_H
#define PSG_REPORT_KEEP_H

#include "psg/ledger.h"

/* A holding as it grows. */
struct ledger_record {
	struct psg_holding holding;
	const char *last_id; /* of its newest renewal: the one that can end */
	size_t older; /* 1 + the place of the one before of the same person and target; 0: none */
	bool ended, live;
};

struct ledger_list {
	void *items;
	size_t count, size;
};

struct psg_ledger {
	struct psg_ledger_scope scope;
	bool failed;
	void *names;       /* tsearch: each text once, so that equal texts are one pointer */
	void *ids, *pairs; /* tsearch: activation id, and person with target, to records */
	void *failure_keys, *would_keys; /* tsearch: to places in the lists */
	struct ledger_list records, marks, failures, would, acts, eligible;
	size_t counts[PSG_EVENT_COUNT], event_count;
	int64_t first_s;
	/* made by psg_ledger_close */
	struct ledger_list holdings, by_user, by_target, marks_by_user, marks_by_target, people,
	    targets;
};

/* A person with a target: all that was held of it, and whom it is asked about. */
struct ledger_pair {
	const char *user, *target;
	enum psg_target_kind kind;
	size_t newest;  /* 1 + its place in records */
	int64_t last_s; /* begin of the last one before the period */
	bool in_period;
};

/* -- lists.c -- */
/* Room for one more, zeroed; NULL, and the ledger failed, when memory is out. */
void *ledger_list_add(struct psg_ledger *ledger, struct ledger_list *list, size_t item_size);
/* The one copy of a text; NULL gives NULL. */
const char *ledger_name(struct psg_ledger *ledger, const char *text);
/* The place kept under two names in a tree, to be set: SIZE_MAX where there was none. NULL: not there and not to be
 * made, or memory is out. */
size_t *ledger_place(struct psg_ledger *ledger, void **tree, const char *first, const char *second,
		     bool make);
struct ledger_pair *ledger_pair(struct psg_ledger *ledger, const char *user,
				enum psg_target_kind kind, const char *target, bool make);
int ledger_order(const char *a, const char *b); /* strcmp; NULL is before all */

/* -- holdings.c -- */
void ledger_hold(struct psg_ledger *ledger, const struct psg_ledger_event *event);
void ledger_settle(struct psg_ledger *ledger); /* ends what no line ended */

/* -- tally.c -- */
void ledger_tally(struct psg_ledger *ledger, const struct psg_ledger_event *event);

/* -- sums.c -- */
void ledger_sum(struct psg_ledger *ledger);
/* Of a holding within the period. */
int64_t ledger_held_s(const struct psg_ledger_scope *scope, int64_t start_s, int64_t end_s);

#endif
