/* Open sessions, when the activation they rest on is over: which are due, who is in one, how it is ended.
 *
 * Nothing here opens a door or keeps one open: the gate refuses at the next call whether or not anybody enforces. This is
 * for what is open already, where the ActivationPolicy says endSessions (DESIGN trap 10). psgctl alone links it. */
#ifndef PSG_ENFORCE_H
#define PSG_ENFORCE_H

#include "psg/bytes.h"
#include "psg/gate.h"

/* -- dues.c: what is to end, and when. Reads the store, writes nothing -- */

/* What a service's stack asks of the gate today. */
struct psg_service {
	struct psg_demand demand;
	bool gated; /* the stack calls the module at all */
	bool even_root, unassigned_ok, permissive;
};
/* Fills *ret for a PAM service. An error: not known, and nobody is ended for it. */
typedef enum psg_err psg_service_fn(void *arg, const char *service, struct psg_service *ret);

/* A session that ends with an activation, now or later. */
struct psg_due {
	char subject[PSG_SUBJECT_SIZE];
	uid_t uid;
	struct psg_activation activation; /* held to the policy */
	struct psg_binding session;       /* its audit id only where that is this login's own */
	bool registered;                  /* a login that open_session began */
	bool serves;                      /* it is live: its lapse is worth a warning */
	bool renewable;                   /* a code now would lengthen it */
	bool others; /* no login is registered and somebody else leads it: it is left alone */
	enum psg_end_reason why; /* for one that is over */
	int64_t left_ns;         /* 0: over */
	int64_t warn_before_ns;  /* 0: no warning */
};
struct psg_dues {
	struct psg_due *items;
	size_t count;
};
void psg_dues_clear(struct psg_dues *dues);

/* What is due of one subject's, `logins` being all there are (psg_logins_list). An activation is taken for over by its
 * own record, the clocks, the policy and the end of an assignment, never because a name service does not answer: who is
 * no longer in a %group is refused at the gate and keeps the sessions that are open until they lapse.
 * Errors: the store's, CLOCK, PROC, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_dues_read(struct psg_store *store, const char *subject,
			   const struct psg_logins *logins, psg_service_fn *service,
			   void *service_arg, struct psg_dues *ret);

/* -- members.c: who is in a session. Pure -- */

enum psg_member {
	PSG_MEMBER_NO = 0,
	PSG_MEMBER_YES,
	PSG_MEMBER_SPARED,  /* carries the session's audit id and is something of its own by now */
	PSG_MEMBER_FOREIGN, /* below another login's leader */
};

struct psg_members_ask {
	const struct psg_processes *processes;
	struct psg_binding session;
	uid_t subject_uid;
	const struct psg_leader *others; /* leaders of the other living logins */
	size_t other_count;
	const struct psg_leader *known; /* found in it before; may be NULL */
	size_t known_count;
	pid_t self; /* never a member, nor are its children and 1 */
	/* Whether a process has a service of its own (NULL: none has), or is in the session's own scope. */
	bool (*elsewhere)(void *arg, pid_t pid);
	bool (*in_scope)(void *arg, pid_t pid);
	/* Whether a uid is some account's (NULL: every one is). */
	bool (*is_account)(void *arg, uid_t uid);
	void *arg;
};
/* Marks each process: the leader, all below it, and by the audit id what has left its tree and has the subject's real
 * uid, or one that is no account's: a subordinate id of a user namespace, or the uid of an account that is gone. `marks` has one element a process. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_members_mark(const struct psg_members_ask *ask, enum psg_member *marks);

/* -- end.c -- */

struct psg_ending {
	struct psg_binding session;
	uid_t subject_uid;
	size_t ended;          /* processes that are gone */
	size_t left;           /* that could not be ended */
	bool dropped;          /* it was not to be ended any more */
	struct psg_buf spared; /* "sshd (77), …": for people; to be cleared by the caller */
};
/* Asked once everybody was found, just before this session's first signal: is it still to be ended? */
typedef bool psg_still_fn(void *arg, const struct psg_ending *ending);

/* Ends these sessions together: TERM to the leaders, so that sshd's monitor closes its session; HUP, CONT and TERM to the
 * rest; after a grace of 700 ms KILL, looking again until nobody is left. Who forks faster than that is looked for while
 * all of the subject's processes stand still (freeze.c). Every signal goes through a pidfd whose process's
 * start time was checked. Errors: PROC, NO_MEMORY, LIMIT; what was counted until then is counted. */
PSG_MUST_CHECK
enum psg_err psg_sessions_end(struct psg_ending *list, size_t count,
			      const struct psg_logins *logins, psg_still_fn *still, void *arg);

/* -- warn.c -- */

/* Writes one line to every terminal of the session that is the subject's own. Never waits for a terminal. *ret_terminals (may be NULL) counts.
 * Errors: PROC, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_session_warn(const struct psg_binding *session, uid_t subject_uid,
			      const struct psg_logins *logins, const char *line,
			      size_t *ret_terminals);

/* -- watch.c: sleeping until the store or the clock says otherwise -- */

struct psg_watch; /* one thread's */

enum psg_stir {
	PSG_STIR_TIME = 0, /* the deadline */
	PSG_STIR_PERSON,   /* *ret_subject changed */
	PSG_STIR_ALL,      /* anything may have: policy, clock set, too much at once */
	PSG_STIR_GONE, /* the store's folder is another one by now, or none: open everything anew */
};

/* Watches the store at `path`. Errors: IO, LIMIT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_watch_open(const char *path, struct psg_watch **ret);
/* Watches a person's folder, and again after it was made anew. A folder that is not there yet is watched when it comes.
 * LIMIT: the kernel gives no more watches; the caller looks around from time to time instead. */
PSG_MUST_CHECK
enum psg_err psg_watch_person(struct psg_watch *watch, const char *subject);
/* Sleeps until something stirs, at most `left_ns` of boot time (INT64_MAX: for ever). Errors: IO. */
PSG_MUST_CHECK
enum psg_err psg_watch_wait(struct psg_watch *watch, int64_t left_ns, enum psg_stir *ret,
			    char ret_subject[static PSG_SUBJECT_SIZE]);
void psg_watch_close(struct psg_watch **watch);

#endif
