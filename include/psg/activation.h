/* An activation (Salesforce: SessionPermSetActivation): who, which target, which session, until when. */
#ifndef PSG_ACTIVATION_H
#define PSG_ACTIVATION_H

#include "psg/clock.h"
#include "psg/model.h"
#include "psg/text.h"

#define PSG_AUDIT_NONE UINT32_MAX
#define PSG_TICKET_SIZE 16
#define PSG_TICKET_LIFE_NS (INT64_C(120) * PSG_NS_PER_S)
#define PSG_DESCRIPTION_SIZE 1024   /* 255 characters of UTF-8, NUL */
#define PSG_ACTIVATION_FILE_SIZE 64 /* "ID-STEP", "admin-N", "recovery-SET-N" */
#define PSG_ACTIVATION_ID_SIZE                                                                     \
	(PSG_FOLDER_NAME_SIZE + PSG_ACTIVATION_FILE_SIZE) /* "alice/ID-STEP" */

/* A process that stands for a session. pid 0: none. */
struct psg_leader {
	pid_t pid;
	uint64_t start_ticks; /* /proc/PID/stat field 22 */
};

/* What a Session activation is tied to. */
struct psg_binding {
	struct psg_leader leader;
	uint32_t audit_id; /* only where it is the session's own (trap 8), else PSG_AUDIT_NONE */
};

enum psg_end_reason {
	PSG_END_NONE = 0,
	PSG_END_LAPSED,
	PSG_END_DEACTIVATED,
	PSG_END_CLOSED,     /* close_session of its leader */
	PSG_END_SUPERSEDED, /* a newer activation of the same target took its place */
	PSG_END_UNASSIGNED,
	PSG_END_FAILED, /* a sync failed after it was written */
	PSG_END_UNENROLLED,
};

struct psg_activation {
	char file[PSG_ACTIVATION_FILE_SIZE]; /* its name in spent/ */
	/* False: the name is there and its content is empty, short or wrong. A code spent in vain: no
	 * other field but `file`, `ended` and what came with the end holds, and it is never live. */
	bool valid;
	enum psg_target_kind kind;
	char target[PSG_API_NAME_SIZE];
	enum psg_scope scope;
	char boot_id[PSG_BOOT_ID_SIZE];
	int64_t created_realtime_ns, created_boottime_ns; /* of the attempt */
	int64_t first_realtime_ns, first_boottime_ns; /* of the chain of renewals it continues */
	int64_t expires_realtime_ns, expires_boottime_ns;
	char service[64]; /* PAM service, or "psgctl" */
	char description[PSG_DESCRIPTION_SIZE];
	bool has_ticket; /* made before its session existed */
	uint8_t ticket[PSG_TICKET_SIZE];
	bool bound; /* binding holds: from its own record, or from FILE.session */
	struct psg_binding binding;
	bool ended; /* FILE.ended is there, whatever it says */
	enum psg_end_reason end_reason;
	int64_t ended_realtime_ns;
	/* Filled by whoever asks (psg/session.h), not stored: it belongs to the asking session. */
	bool in_session;
};

struct psg_activations {
	struct psg_activation *items;
	size_t count;
};

void psg_activations_clear(struct psg_activations *list);
const char *psg_end_reason_name(enum psg_end_reason reason); /* "Lapsed", … never NULL */

/* Pure. True when both deadlines are in the future, the boot id is this boot's, neither creation
 * lies in the future of the boot clock, it is valid, not ended, and of scope Host or in_session. */
bool psg_activation_live(const struct psg_activation *activation, const struct psg_now *now);
/* Pure. Time left by the earlier deadline, 0 when none. Says nothing about scope or end. */
int64_t psg_activation_left_ns(const struct psg_activation *activation, const struct psg_now *now);

/* Pure. Holds an activation to the policy as it is now, which may be stricter than the one that it was made under: its
 * deadlines move nearer, never away. `policy` governs its target; NULL: the target is gone. What the policy would not
 * give today at all (no target; a code's activation of scope Host where it says Session; no description where a reason
 * is required) is over at its first instant. An administrator's activation is held to the maximum lifetime alone:
 * lifetime and scope were the administrator's own choice. */
void psg_activation_restrain(struct psg_activation *activation,
			     const struct psg_activation_policy *policy);

/* What FILE.ended says. Its being there is what ends; this is for people, and for tidying. */
struct psg_end {
	enum psg_end_reason reason;
	char boot_id[PSG_BOOT_ID_SIZE];
	int64_t realtime_ns, boottime_ns;
};

/* The text record of an activation, of a binding (FILE.session) and of an end (FILE.ended), without
 * the seal: psg/people.h seals them. Documented in psg(7). The parsers accept exactly what the
 * encoders write and refuse the rest: PSG_ERR_CORRUPT, PSG_ERR_VERSION for a later first line. */
struct psg_buf;
void psg_activation_encode(const struct psg_activation *activation, struct psg_buf *out);
PSG_MUST_CHECK
enum psg_err psg_activation_parse(const char *text, struct psg_activation *ret);
void psg_binding_encode(const struct psg_binding *binding, struct psg_buf *out);
PSG_MUST_CHECK
enum psg_err psg_binding_parse(const char *text, struct psg_binding *ret);
void psg_end_encode(const struct psg_end *end, struct psg_buf *out);
PSG_MUST_CHECK
enum psg_err psg_end_parse(const char *text, struct psg_end *ret);

#endif
