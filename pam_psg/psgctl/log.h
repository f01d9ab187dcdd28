/* psgctl log: which lines are wanted, and what is made of them. */
#ifndef PSGCTL_LOG_H
#define PSGCTL_LOG_H

#include "psg/log.h"
#include "psgctl.h"

/* Lists end with NULL; an empty one lets all pass. */
struct log_filter {
	const char *users[CTL_REPEATS + 1], *groups[CTL_REPEATS + 1], *services[CTL_REPEATS + 1],
	    *kinds[CTL_REPEATS + 1];
	bool has_since, has_until;
	int64_t since_s, until_s; /* both are in it */
};

/* A time, or a duration before now. A bare date is its beginning or, for `until`, its end. False: said. */
bool log_filter_time(const struct ctl *ctl, const char *option, const char *text, bool until,
		     int64_t *ret_s);
/* Whether each is the name of an event; false: said, with the nearest and the list. */
bool log_filter_kinds(const struct ctl *ctl, const char *const *kinds);
/* Whether a line may be wanted, without reading its JSON: false only for what log_filter_wants would not let pass. */
bool log_filter_may(const struct log_filter *filter, const struct psg_log_line *line);
bool log_filter_wants(const struct log_filter *filter, const json_t *event);

/* A member's text; NULL when there is none. */
const char *log_text(const json_t *event, const char *name);
/* A member's time; it may carry a fraction of a second. False: there is none. */
bool log_time(const json_t *event, const char *name, int64_t *ret_s);
/* One line for people. */
void log_print(const json_t *event);

/* -- log_deny.c: who would have been kept out -- */
struct log_deny;
struct log_deny *log_deny_new(void);
void log_deny_free(struct log_deny **deny);
/* NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err log_deny_add(struct log_deny *deny, const json_t *event);
/* What to do next is as things stand now. */
enum ctl_exit log_deny_print(struct ctl *ctl, struct log_deny *deny);

/* -- log_prune.c -- */
/* One round of keeping the log as the settings say; for people it says what it did. The store is opened where it is not open. */
enum ctl_exit ctl_log_retain(struct ctl *ctl, struct psg_log_retained *ret);
json_t *log_retained_json(const struct psg_log_retained *done);

#endif
