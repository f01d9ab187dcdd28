/* One typed event, encoded late: a JSON line in the store's log and a line in syslog (authpriv).
 * Untrusted text is escaped at encoding, so no name, host or reason can forge a line or a field. */
#ifndef PSG_EVENT_H
#define PSG_EVENT_H

#include "psg/bytes.h"
#include "psg/clock.h"
#include "psg/store.h"

enum psg_event_kind {
	PSG_EVENT_ERROR = 0, /* a call failed and was refused */
	PSG_EVENT_ACTIVATED, /* a code was verified and an activation recorded */
	PSG_EVENT_RENEWED,
	PSG_EVENT_BOUND,        /* an activation met its session */
	PSG_EVENT_REFUSED,      /* no verdict let it through; no attempt was made */
	PSG_EVENT_WOULD_REFUSE, /* permissive */
	PSG_EVENT_WRONG_CODE,
	PSG_EVENT_REPLAYED,
	PSG_EVENT_THROTTLED,
	PSG_EVENT_MALFORMED, /* an answer that cannot be a code, or none */
	PSG_EVENT_LAPSED,
	PSG_EVENT_ENDED,         /* by its session's close, or superseded */
	PSG_EVENT_NOT_LENT,      /* a Unix group that the policy names could not be lent */
	PSG_EVENT_RECOVERY_USED, /* a recovery code was spent; beside what it opened */
	/* the administrator's acts */
	PSG_EVENT_INITIALIZED,
	PSG_EVENT_DEPLOYED,
	PSG_EVENT_ASSIGNED,
	PSG_EVENT_UNASSIGNED,
	PSG_EVENT_ENROLLED,
	PSG_EVENT_UNENROLLED,
	PSG_EVENT_UNLOCKED,
	PSG_EVENT_RECOVERY_MADE, /* new recovery codes */
	PSG_EVENT_GRANTED,       /* psgctl activate for somebody */
	PSG_EVENT_DEACTIVATED,
	PSG_EVENT_BACKED_UP,
	PSG_EVENT_RESTORED,
	PSG_EVENT_SESSION_ENDED, /* psgctl enforce: its processes, at a lapse */
	PSG_EVENT_COUNT
};

/* The reason of the last line before a flood of them is held back; it says nothing of why. */
#define PSG_EVENT_MORE "more like this are not logged until the minute ends"

/* Every string may be NULL (left out) and is borrowed and untrusted. */
struct psg_event {
	enum psg_event_kind kind;
	int64_t realtime_ns; /* 0: now */
	const char *user;    /* the subject */
	const char *actor;   /* who did it, when not the subject: "root", "uid 1000 (bob)" */
	const char *service, *phase, *rhost, *tty;
	const char *session_id;
	const char *target_type, *target; /* "PermissionSetGroup", API name */
	const char *activation_id;
	const char *expires; /* ISO 8601 */
	const char *reason;  /* why refused, the activation's Description, what failed */
	pid_t pid;           /* 0: getpid() */
	bool quiet_store; /* syslog alone: refusals without an attempt (DESIGN section 5, rule 5) */
	bool limited;     /* rate-limited as those are, and kept in the store */
};

const char *psg_event_name(enum psg_event_kind kind); /* "Activated", … never NULL */
int psg_event_priority(enum psg_event_kind kind); /* LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR */
/* One JSON object, one line, with its newline: `time`, `event`, `userName`, `actor`, `service`, `phase`, `rhost`,
 * `tty`, `authSessionId`, `permissionSetGroup` or `permissionSet`, `activationId`, `expirationDate`, `reason`, `pid`. */
void psg_event_json(const struct psg_event *event, struct psg_buf *out);
/* One line for syslog: `Refused: user=alice service=sshd …`, values quoted when they need it. */
void psg_event_line(const struct psg_event *event, struct psg_buf *out);
/* Sends it. `store` NULL: syslog alone. quiet_store and limited events are rate-limited per user and real uid over all processes
 * (a table of small counters in root/refusals, no lock; 10 a minute, then one line that says so).
 * Never fails: what decides a door never depends on the log. Wants no open syslog of the host's and leaves it alone. */
void psg_event_emit(struct psg_store *store, const struct psg_event *event);
/* A line for who looks for a mistake: to syslog at LOG_DEBUG, as psg_event_emit sends. */
void psg_event_debug(const char *text);

#endif
