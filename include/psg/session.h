/* What session is this call in: leader, lineage, the session's own audit id (DESIGN trap 8). */
#ifndef PSG_SESSION_H
#define PSG_SESSION_H

#include "psg/activation.h"

#define PSG_LINEAGE_MAX 256
#define PSG_SESSION_ID_SIZE 64 /* "PID-START" or "PID-START-AUDIT" */

/* The process table, so that tests can put their own. Each returns NOT_FOUND for a process that is
 * not there (or is a zombie without a thread that lives), PROC when /proc cannot be read. */
struct psg_proc_info {
	pid_t parent, session; /* /proc/PID/stat */
	uint64_t start_ticks;
	uid_t
	    real_uid; /* of session leaders and the calling process; (uid_t)-1 may stand for others' */
	uint32_t
	    audit_id; /* /proc/PID/sessionid; PSG_AUDIT_NONE when unset, or when the kernel has no audit */
	uint32_t tty; /* stat field 7: device number of the controlling terminal, 0: none */
	bool stopped; /* by SIGSTOP or the terminal */
};
struct psg_proc {
	enum psg_err (*info)(void *self, pid_t pid, struct psg_proc_info *ret);
	void *self;
};
/* Its `self` may be a psg_proc_view, which spares a look what the one before has seen to; NULL is as good. */
extern const struct psg_proc psg_proc_system;
struct psg_proc_view {
	int fd; /* of /proc, once it was found to be this process's; -1 */
};

/* Every process there is, real uids and all, by pid ascending. What ends while it is read is left out. Errors: PROC,
 * NO_MEMORY. */
struct psg_process {
	pid_t pid;
	struct psg_proc_info info;
};
struct psg_processes {
	struct psg_process *items;
	size_t count;
};
PSG_MUST_CHECK
enum psg_err psg_processes_read(struct psg_processes *ret);
void psg_processes_clear(struct psg_processes *list);
/* NULL when it is not in the list. */
const struct psg_process *psg_processes_find(const struct psg_processes *list, pid_t pid);

/* The identity of the calling process. */
struct psg_call {
	pid_t pid;
	uid_t real_uid;
	uid_t subject_uid;
	/* All below but the ticket is for psg_session_find to find, when something depends on it. */
	bool unknown;
	bool begins; /* unknown: of its lineage the process itself counts, and nobody above it */
	struct psg_leader leader; /* getsid(0), when it lives; pid 0 when it does not */
	struct psg_leader lineage
	    [PSG_LINEAGE_MAX]; /* itself first; ends with the first session leader of real uid 0 */
	size_t lineage_count;
	bool
	    led; /* the lineage ends with a session leader of real uid 0 and this audit id, that is not init */
	uint32_t audit_id; /* of this process */
	uint32_t
	    parent_audit_id; /* of its parent process; PSG_AUDIT_NONE where there is none, its own id where the parent is just gone */
	bool audit_own;      /* sessions/BOOT-AUDIT vouches for audit_id (psg_session_place) */
	struct psg_leader
	    login; /* of the registered login of the subject's that this call is in (psg_session_place);
				    pid 0: in none */
	bool has_ticket; /* PSG_TICKET of the PAM environment */
	uint8_t ticket[PSG_TICKET_SIZE];
};

/* Identifies process `pid` (0: the caller). audit_own, login and ticket are left empty. A lineage longer than PSG_LINEAGE_MAX
 * is cut (deny-safe). Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_session_identify(const struct psg_proc *proc, pid_t pid, uid_t subject_uid,
				  struct psg_call *ret);
/* True in *ret while that very process lives (same start, no zombie). Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_session_alive(const struct psg_proc *proc, const struct psg_leader *leader,
			       bool *ret);
/* Whether a Session activation is one of this call's session: bound, its leader lives, and the leader is in the lineage, or
 * audit_own and the audit ids are equal and the call's real uid is the subject's and not 0; or unbound, made in this boot no
 * more than PSG_TICKET_LIFE_NS ago, and the tickets are equal (constant time). Host scope: true. Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_session_covers(const struct psg_proc *proc, const struct psg_call *call,
				const struct psg_activation *activation, const struct psg_now *now,
				bool *ret);
/* Whether `leader` is this process or among its ancestors, as far as the walk goes. */
bool psg_session_descends(const struct psg_call *call, const struct psg_leader *leader);
bool psg_leader_same(const struct psg_leader *a, const struct psg_leader *b);
/* The text `status` prints and --session takes. */
void psg_session_id_format(const struct psg_binding *binding, char out[static PSG_SESSION_ID_SIZE]);
/* Errors: INVALID. */
PSG_MUST_CHECK
enum psg_err psg_session_id_parse(const char *text, struct psg_binding *ret);
/* A call as if made inside the session of `binding`, for explain and check --session. */
void psg_session_imagine(const struct psg_binding *binding, uid_t subject_uid,
			 struct psg_call *ret);

#endif
