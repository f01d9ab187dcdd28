/* The store's log as it is read and kept: one file that grows, and what it was before.
 *
 * Events are appended to `log` by whoever has one, without a lock (psg/event.h). psg_log_retain gives the file another
 * name when it is large or old: `log.0000000001`, `log.0000000002`, … each ten digits, in the order in which they were
 * written. A writer that opened `log` just before goes on writing into the renamed file: it is read, too, and not
 * removed while anybody has it open to write. Here all of it is one sequence of lines, oldest first.
 *
 * The order is that in which lines were appended. It is that of their times only while nobody sets the clock back: a
 * reader that looks for times must look at every line, and stop at none. */
#ifndef PSG_LOG_H
#define PSG_LOG_H

#include "psg/folder.h"

#define PSG_LOG_NAME "log"
/* A line is shorter, or damaged; what an event comes to is far below. */
#define PSG_LOG_LINE_MAX ((size_t)256 * 1024)

struct psg_log; /* an open log; one reader's, not shared between threads */

struct psg_log_line {
	const char *
	    text; /* without its line break, NUL-terminated; may hold NUL and anything else: strangers wrote it */
	size_t len;
};

/* Opens all there is now, to be read from the oldest line on; a store on files. No log at all is an empty one.
 * Errors: the store's, UNSAFE for a file that others could have written. */
PSG_MUST_CHECK
enum psg_err psg_log_open(struct psg_folder *root, struct psg_log **ret);
void psg_log_close(struct psg_log **log);
/* The next line, good until the next call. NOT_FOUND: that was the last one there is; called again later it goes on with what
 * came meanwhile, also after the file was renamed, replaced or cut short. A line that is not ended yet is not there yet; an
 * empty one is none: whoever finds a line that was cut short begins with a line break.
 * Errors: the store's; IO. */
PSG_MUST_CHECK
enum psg_err psg_log_next(struct psg_log *log, struct psg_log_line *ret);
/* The line before; at first the newest of those there were at open. psg_log_next after it goes on behind that one, with what
 * came since. Not after psg_log_next. NOT_FOUND: there is none before it. */
PSG_MUST_CHECK
enum psg_err psg_log_previous(struct psg_log *log, struct psg_log_line *ret);
/* The time that a line begins with, as psg_event_json writes it: to pass over lines without reading them. False for any
 * other line, whose time, if any, only its JSON says. */
bool psg_log_line_time(const struct psg_log_line *line, int64_t *ret_s);
/* How many lines were too long since this was last asked; with `ended`, what stands at the end
 * without a line break counts, too. */
size_t psg_log_damaged(struct psg_log *log, bool ended);

/* How long and how much is kept. */
struct psg_log_retention {
	int64_t age_s;
	uint64_t size; /* bytes, all files together */
};

/* Where the settings say nothing. */
#define PSG_LOG_AGE_S (INT64_C(366) * 24 * 3600)
#define PSG_LOG_MIB 100U
#define PSG_LOG_MIB_MAX (1024U * 1024) /* that the settings may say */

struct psg_log_retained {
	bool rotated;                /* `log` was given its next name */
	size_t removed;              /* files */
	uint64_t removed_size, size; /* bytes; of what is left */
	size_t held; /* files that were to be removed, but somebody has them open to write */
};

/* What is younger than this is not removed for its size alone. */
#define PSG_LOG_YOUNG_S (INT64_C(7) * 24 * 3600)

/* One round: gives `log` its next name when it is an eighth of the size or of the age (30 days at most), and removes
 * renamed files, whole, the oldest first and none before an older one: those whose last line is older than the age, and
 * while all together are larger than the size, those whose last line is older than PSG_LOG_YOUNG_S or the age, whichever is
 * shorter. What somebody still has open to write waits for a later round. What this round renamed stays. One at a time (psg_policy_lock); writers need not know.
 * Errors: the store's, with *ret untouched. */
PSG_MUST_CHECK
enum psg_err psg_log_retain(struct psg_folder *root, const struct psg_log_retention *keep,
			    int64_t now_realtime_ns, struct psg_log_retained *ret);

#endif
