/* The people's folders: authenticators, attempts, codes spent, activations (DESIGN section 5).
 *
 * No lock anywhere: the one that makes a name has it. Every function may run in any number of
 * processes, any of which may stop or die at any instruction. `subject` is a user name (psg/text.h
 * makes its folder name); a folder that is not there reads as empty. */
#ifndef PSG_PEOPLE_H
#define PSG_PEOPLE_H

#include "psg/activation.h"
#include "psg/store.h"
#include "psg/totp.h"

/* Whose attempts these are: those of root and the subject count together, those of any other real
 * uid apart (attempts-UID), so nobody wears out another's. */
#define PSG_NOT_APART ((uid_t)-1)

#define PSG_VERIFY_LIMIT_NS (INT64_C(60) * PSG_NS_PER_S) /* from the attempt to the activation */
#define PSG_ATTEMPT_LIFE_NS (INT64_C(86400) * PSG_NS_PER_S)
#define PSG_TIDY_AGE_NS (INT64_C(3600) * PSG_NS_PER_S)

/* -- authenticators -- */

#define PSG_SEALED_MAX 1024 /* the bytes of one, sealed */

/* All of a subject's credentials, secrets opened; ret->unreadable counts those that do not open. Errors: store's. */
PSG_MUST_CHECK
enum psg_err psg_people_credentials(struct psg_store *store, const char *subject,
				    struct psg_credentials *ret);
/* Seals and puts a credential durably (its id names the file; replaced whole). Makes the folder. */
PSG_MUST_CHECK
enum psg_err psg_people_enroll(struct psg_store *store, const char *subject,
			       const struct psg_credential *credential);
/* Removes one (id) or all (NULL) durably; *ret_removed counts. Their live activations are not touched. Where none is left,
 * nobody enrols alone by an assignment made before (psg_people_self_open). */
PSG_MUST_CHECK
enum psg_err psg_people_unenroll(struct psg_store *store, const char *subject, const char *id,
				 size_t *ret_removed);

/* Makes spent/ID-STEP, durably and opening nothing: a code that was used elsewhere. Spent already is a success.
 * Errors: INVALID, store's. */
PSG_MUST_CHECK
enum psg_err psg_people_spend(struct psg_store *store, const char *subject, const char *id,
			      uint64_t step);

/* -- attempts -- */

struct psg_attempt {
	uint64_t number;
	uid_t apart;
	struct psg_now now; /* when it was made */
};

/* Takes the next attempt, or says how long until there is one.
 * attempts/K is made with O_EXCL, K one above the highest number in use, only when the one before
 * is old enough: `attempts` at once, then delay_s, doubling to maximum_delay_s. K never starts over while a
 * later process could still act on an old listing: forgiving makes the name `K.forgiven` (attempts up to K no longer count)
 * and only then removes, so that a remover that slept cannot remove a newer attempt.
 * An attempt of another boot is as old as this boot; an empty or damaged one as its mtime (in the future: rewritten as of now).
 * A highest attempt a day old forgives all. Errors: THROTTLED (*ret_wait_ns set, nothing written), store's. */
PSG_MUST_CHECK
enum psg_err psg_attempt_take(struct psg_store *store, const char *subject, uid_t apart,
			      const struct psg_throttle *throttle, struct psg_attempt *ret,
			      int64_t *ret_wait_ns);
/* Forgets failures up to `number`; UINT64_MAX: all there are now. */
PSG_MUST_CHECK
enum psg_err psg_attempts_forgive(struct psg_store *store, const char *subject, uid_t apart,
				  uint64_t number);
/* Forgets all, those that count apart too (psgctl unlock). */
PSG_MUST_CHECK
enum psg_err psg_attempts_forgive_all(struct psg_store *store, const char *subject);
/* How many count now and how long until the next is possible (0: at once). For status; writes nothing. */
PSG_MUST_CHECK
enum psg_err psg_attempts_look(struct psg_store *store, const char *subject, uid_t apart,
			       const struct psg_throttle *throttle, uint64_t *ret_count,
			       int64_t *ret_wait_ns);

/* -- a code spent, and the activation it opens -- */

/* What a right code is to open. */
struct psg_grant {
	enum psg_target_kind kind;
	const char *target;
	enum psg_scope scope;
	int64_t lifetime_s;                  /* of this activation */
	int64_t maximum_lifetime_s;          /* from the chain's first start */
	const struct psg_activation *renews; /* NULL, or the live activation that this continues */
	const char *service;
	const char *description;           /* may be NULL */
	const uint8_t *ticket;             /* PSG_TICKET_SIZE bytes, or NULL */
	const struct psg_binding *binding; /* or NULL. Scope Host has neither */
};

/* Called after the name is won: is the policy, read afresh, still such that this subject's grant
 * holds? PSG_OK or PSG_ERR_STALE or what failed. */
typedef enum psg_err psg_recheck_fn(void *arg);

struct psg_claim {
	const char *subject;
	/* Of a device, or a recovery code: normalized by psg_answer_normalize (psg/recovery.h). */
	const char *code;
	uid_t apart;
	const struct psg_throttle *throttle;
	uint32_t window_steps;
	const struct psg_grant
	    *grant; /* NULL: spend the code and open nothing (enrolment's confirmation) */
	psg_recheck_fn *recheck; /* may be NULL */
	void *recheck_arg;
};

/* DESIGN section 5, rules 1 and 2 whole: attempt → match over the credentials → create
 * spent/ID-STEP with O_EXCL → look again (60 s, window, credential, recheck) → write, sync file,
 * sync folder → still not ended. Then forgives the attempts and ends (SUPERSEDED) older activations of the
 * same target in the same session or for the Host. *ret (may be NULL) is filled on success only; without a grant
 * nothing of it but `file`. A recovery code goes the same way, with spent/recovery-SET-N and no window.
 * Errors: NOT_ENROLLED, MALFORMED (a recovery code of somebody who has none; neither took an attempt), THROTTLED
 * (*ret_wait_ns), WRONG_CODE, REPLAYED, STEP_FUTURE, STALE, store's: whatever it is, no activation is live that was not live before. */
PSG_MUST_CHECK
enum psg_err psg_people_claim(struct psg_store *store, const struct psg_claim *claim,
			      struct psg_activation *ret, int64_t *ret_wait_ns);
/* The administrator's: spent/admin-N, N one above the highest; no code. */
PSG_MUST_CHECK
enum psg_err psg_people_grant(struct psg_store *store, const char *subject,
			      const struct psg_grant *grant, struct psg_activation *ret);

/* -- enrolling alone -- */

/* The id of the credential that an assignment made then lets its person enrol: the same for all who try. */
void psg_self_id(int64_t assigned_s, char out[static PSG_CREDENTIAL_ID_SIZE]);
/* Whether nobody stands in the way: no authenticator is there (EXISTS), and none was taken away since the assignment
 * (NOT_ENROLLED: an administrator is to be asked). Errors: these, the store's. */
PSG_MUST_CHECK
enum psg_err psg_people_self_open(struct psg_store *store, const char *subject, int64_t assigned_s);

struct psg_self {
	const char *subject;
	const struct psg_credential *credential; /* new; its id by psg_self_id */
	const char *code;                        /* normalized by psg_code_normalize */
	uid_t apart;
	const struct psg_throttle *throttle;
	uint32_t window_steps;
	psg_recheck_fn *recheck; /* may be NULL: whether policy and assignment are still such */
	void *recheck_arg;
};

/* Takes an attempt, matches the code with the new credential, looks again (psg_people_self_open, recheck, 60 s), and puts
 * it whole under its name, durably; then forgives the attempts. The code is not spent. Errors: THROTTLED (*ret_wait_ns),
 * WRONG_CODE, EXISTS (somebody was first), NOT_ENROLLED, STALE, INVALID, store's: then nothing is enrolled that was not. */
PSG_MUST_CHECK
enum psg_err psg_people_enroll_self(struct psg_store *store, const struct psg_self *self,
				    int64_t *ret_wait_ns);

/* -- activations -- */

/* Every activation of a subject with its binding and end; in_session is left false. Damaged ones
 * are there with valid false. Errors: store's (never for one bad record). */
PSG_MUST_CHECK
enum psg_err psg_people_activations(struct psg_store *store, const char *subject,
				    struct psg_activations *ret);
/* psg_people_activations and in_session set for `call`, which is found where an activation's session is asked for. */
PSG_MUST_CHECK
enum psg_err psg_people_activations_in(struct psg_store *store, const char *subject,
				       struct psg_call *call, struct psg_activations *ret);
/* Those that may be live: with time left, and no end beside them; in_session set. What has ended is not even read. The
 * administrator's first, then the newest. `each` (may be NULL) may change one before it is kept, and says in
 * *ret_enough whether to stop. Errors: the store's, and each's. */
typedef enum psg_err psg_activation_fn(void *arg, struct psg_activation *activation,
				       bool *ret_enough);
PSG_MUST_CHECK
enum psg_err psg_people_live(struct psg_store *store, const char *subject, struct psg_call *call,
			     psg_activation_fn *each, void *arg, struct psg_activations *ret);
/* Binds the unbound activation `file` by its ticket: FILE.session with O_EXCL, durable. EXISTS: somebody
 * was first. Then ends what it supersedes in that session. */
PSG_MUST_CHECK
enum psg_err psg_activation_bind(struct psg_store *store, const char *subject, const char *file,
				 const struct psg_binding *binding);
/* Ends `file` (written or not): FILE.ended with O_EXCL, durable. Ended already is a success with
 * *ret_first (may be NULL) false: exactly one caller gets true and logs it. */
PSG_MUST_CHECK
enum psg_err psg_activation_end(struct psg_store *store, const char *subject, const char *file,
				enum psg_end_reason reason, bool *ret_first);
/* What its login closed is over already; what the login left behind has until the lapse (psg/enforce.h). Writes another
 * reason over that end, so that it has no longer. NOT_FOUND: it has not ended. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_activation_end_closed(struct psg_store *store, const char *subject,
				       const char *file, enum psg_end_reason reason);
/* "alice/ID-STEP", escaped folder name. */
void psg_activation_id_format(const char *subject, const char *file,
			      char out[static PSG_ACTIVATION_ID_SIZE]);
/* Errors: INVALID. */
PSG_MUST_CHECK
enum psg_err psg_activation_id_parse(const char *id, char subject[static PSG_SUBJECT_SIZE],
				     char file[static PSG_ACTIVATION_FILE_SIZE]);

/* -- logins: the sessions that open_session began (DESIGN trap 8) -- */

/* A login as sessions/ holds it: under BOOT-AUDIT where its audit id was seen fresh, else under BOOT-PID-START of its
 * leader. */
struct psg_login {
	struct psg_binding binding; /* its leader, and its audit id where that is its own */
	char subject[PSG_SUBJECT_SIZE];
	char service[64];
	bool alive; /* its leader is */
};
struct psg_logins {
	struct psg_login *items;
	size_t count;
};
void psg_logins_clear(struct psg_logins *list);

/* In open_session of a login: an audit id that is set, differs from the parent process's and is not registered yet
 * becomes the login's own. One that another living login has is that login's no more either: from then on it is shared
 * and stands for nobody, and lineage alone tells the two apart. With `leads` a login without an id of its own is
 * registered by this process. Sets call->audit_own and call->login. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_session_register(struct psg_store *store, const char *subject, const char *service,
				  bool leads, struct psg_call *call);
/* Sets call->audit_own when the call's audit id is a login's own: registered, not shared, this subject's, its leader
 * alive. Sets call->login when the call is in a login of this subject's: by its audit id (a process of the subject's own
 * real uid), or led by the process that the walk of its lineage ends at. Errors: PROC, the store's. */
PSG_MUST_CHECK
enum psg_err psg_session_place(struct psg_store *store, const char *subject, struct psg_call *call);
/* Finds out what an unknown call is: identified, and placed. Nothing to do for one that is known. Errors: PROC, the
 * store's. */
PSG_MUST_CHECK
enum psg_err psg_session_find(struct psg_store *store, const char *subject, struct psg_call *call);
/* In close_session of the leader: removes its registration. */
PSG_MUST_CHECK
enum psg_err psg_session_unregister(struct psg_store *store, const struct psg_call *call);
/* Every login of this boot that is registered, dead ones too; damaged ones are left out. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_logins_list(struct psg_store *store, struct psg_logins *ret);

/* -- housekeeping -- */

/* Subjects that have a folder, in no order. */
typedef enum psg_err psg_subject_fn(void *arg, const char *subject);
PSG_MUST_CHECK
enum psg_err psg_people_each(struct psg_store *store, psg_subject_fn *each, void *arg);
/* Removes what is over for an hour, attempts that no longer count, and empty folders' leavings; never a
 * credential's highest step nor the highest admin-N, never a name something later depends on.
 * Best effort: an error is for logging. */
PSG_MUST_CHECK
enum psg_err psg_people_tidy(struct psg_store *store, const char *subject);
/* Registrations of other boots and dead leaders. */
PSG_MUST_CHECK
enum psg_err psg_sessions_tidy(struct psg_store *store);

#endif
