/* One call of the module: what it was asked, by whom, about whom, and what came of it.
 *
 * MUST: every failure denies (tests/pam/matrix_test.c).
 * MUST NOT: take a lock, keep a verdict between calls, read or set PAM_AUTHTOK, print to stdout. */
#ifndef PSG_MODULE_H
#define PSG_MODULE_H

#include <security/pam_modules.h>

#include "psg/codes.h"
#include "psg/event.h"
#include "psg/recovery.h"

struct psg_request {
	pam_handle_t *pamh;
	enum psg_phase phase;
	bool silent; /* PAM_SILENT */
	struct psg_args args;
	struct psg_subject subject;
	struct psg_call call;
	struct psg_store *store;           /* NULL until opened */
	const char *service, *rhost, *tty; /* libpam's; may be NULL */
	const char *bad_argument;
	struct psg_gate *gate;   /* the last question's answer; NULL before */
	struct psg_gate *active; /* psg_active's own, where `gate` tells no activations */
	int64_t wait_ns;         /* THROTTLED: how long */
	size_t code_digits;      /* what the subject's authenticators have; 0 unknown */
	bool recovery_alone;     /* the subject has recovery codes and no authenticator */
	bool recovery_given;     /* the answer had the form of a recovery code */
	/* NOT_ENROLLED: when the last time to enrol alone ended, or 0; what was enrolled so was taken away. */
	int64_t enroll_ended_s;
	bool enroll_taken;
	/* MALFORMED, and it was not the code: what, for the log, and what the person is told. */
	const char *malformed;
	char complaint[256];
	enum psg_target_kind tried; /* what a code is asked for; NONE: for nothing yet */
	char tried_name[PSG_API_NAME_SIZE];
	struct psg_activation made; /* code_verified: what it opened */
	bool not_root;  /* the store did not open, and no program but root's opens one */
	bool concealed; /* a code was asked for show: the outcome's err is not the real reason */
	struct psg_outcome outcome;
};

/* -- request.c -- */

/* Learns subject and arguments, opens the store, identifies the session. Returns true where the call is
 * already decided: root, or an error in req->outcome. The caller runs psg_request_end in every case. */
bool psg_request_start(struct psg_request *req, pam_handle_t *pamh, enum psg_phase phase, int flags,
		       int argc, const char **argv);
/* Logs, tells the person, frees; the PAM code to return. */
int psg_request_end(struct psg_request *req);
/* What the request asks the gate. */
struct psg_ask psg_request_ask(struct psg_request *req);
/* Whose attempts a code of this call costs. */
uid_t psg_request_apart(const struct psg_request *req);

/* -- pass.c -- */

/* Asks the gate and, where a conversation may help, has the person activate. req->outcome is set. */
void psg_pass(struct psg_request *req, bool may_converse);

/* -- activate.c -- */

/* Reason, code, claim, for the best (or chosen) target. Sets req->made. */
PSG_MUST_CHECK
enum psg_err psg_activate(struct psg_request *req);
/* Inside warnBefore: offers a fresh code; an empty answer skips and changes nothing. */
PSG_MUST_CHECK
enum psg_err psg_renew(struct psg_request *req);
/* Asks for a code and looks at nothing: what `conceal` shows somebody who has no way in. */
void psg_pretend(struct psg_request *req);

/* -- choose.c -- */

/* The target to activate: the one with the fewest permissions, or what the person picks. */
PSG_MUST_CHECK
enum psg_err psg_choose(struct psg_request *req, const struct psg_path **ret);
/* The activation's Description, by the policy's rule. `out` holds "" where none is given. */
PSG_MUST_CHECK
enum psg_err psg_ask_reason(struct psg_request *req, const struct psg_activation_policy *policy,
			    char out[static PSG_DESCRIPTION_SIZE]);

/* -- converse.c -- */

/* One prompt. *ret is a heap string to be freed by psg_answer_free (wiped). Errors: CANCELLED. */
PSG_MUST_CHECK
enum psg_err psg_prompt(struct psg_request *req, bool echo, const char *text, char **ret);
void psg_answer_free(char **answer);
/* A line of text, unless PAM_SILENT, `quiet` or open_session forbids it. */
void psg_tell(struct psg_request *req, const char *format, ...) PSG_PRINTF(2, 3);
/* The one line that says why somebody is refused, or that a recovery code was spent: sent in spite of PAM_SILENT. */
void psg_tell_refusal(struct psg_request *req, const char *format, ...) PSG_PRINTF(2, 3);

/* -- say.c -- */

/* Tells the person what req->outcome means and what to do next. */
void psg_say_outcome(struct psg_request *req);
/* "Server_Operators is active for 8h, until …." `last`: no renewal goes beyond that. */
void psg_say_active(struct psg_request *req, const struct psg_activation *activation, bool renewed,
		    bool last);
/* Inside warnBefore, where there is nothing left to renew. */
void psg_say_last(struct psg_request *req, const struct psg_activation *activation);

/* -- report.c -- */

void psg_report(struct psg_request *req, enum psg_event_kind kind,
		const struct psg_activation *activation, const char *reason);
/* What kind of event a refusal by `err` is. */
enum psg_event_kind psg_report_kind(enum psg_err err);
/* The store where the outcome's error is one of its disk, else NULL. */
const char *psg_report_where(const struct psg_request *req);
/* What the argument `debug` asks for: the decision, and the PAM code it came to. */
void psg_report_debug(const struct psg_request *req, int code);
/* Enrolled: the credential `id`, and how (may be NULL). */
void psg_report_enrolled(struct psg_request *req, const char *id, const char *how);
/* The event of req->outcome, if it is one. */
void psg_report_outcome(struct psg_request *req);
/* Ends and logs what is over by the clocks; called where nothing was allowed. */
void psg_report_lapses(struct psg_request *req);

/* -- ticket.c -- */

/* The ticket of the PAM environment, or false. */
bool psg_ticket_get(pam_handle_t *pamh, uint8_t ret[static PSG_TICKET_SIZE]);
PSG_MUST_CHECK
enum psg_err psg_ticket_put(pam_handle_t *pamh, const uint8_t ticket[static PSG_TICKET_SIZE]);
void psg_ticket_drop(pam_handle_t *pamh);

/* -- session.c -- */

/* Where open_session begins: registers the login, for those who have anything assigned. */
PSG_MUST_CHECK
enum psg_err psg_session_enter(struct psg_request *req);
/* Binds what a ticket names, and tells the session what it has. */
PSG_MUST_CHECK
enum psg_err psg_session_begin(struct psg_request *req);
/* Ends the activations of the session that this process leads. */
PSG_MUST_CHECK
enum psg_err psg_session_end(struct psg_request *req);
/* The binding of an activation made in this call. Errors: PROC when no living process can lead it, the store's. */
PSG_MUST_CHECK
enum psg_err psg_session_binding(struct psg_request *req, struct psg_binding *ret);

/* -- export.c -- */

/* PSG_GROUPS, PSG_PERMISSIONS, PSG_EXPIRES in the session's environment, and pam_systemd's limit. */
PSG_MUST_CHECK
enum psg_err psg_export(struct psg_request *req);
/* Takes them out of what the session would inherit from its caller: only this module says them. */
void psg_export_forget(pam_handle_t *pamh);

/* -- active.c -- */

/* The answer whose activations are all of this session, whatever this call asked for; for
 * psg_gate_entitles. Never NULL where req->gate is not; belongs to req. */
const struct psg_gate *psg_active(struct psg_request *req);

/* -- lend.c -- */

/* Adds the Unix groups that active permissions map to. */
PSG_MUST_CHECK
enum psg_err psg_lend_groups(struct psg_request *req);

/* -- gids.c -- */

struct psg_gids {
	gid_t *items;
	size_t count;
};

void psg_gids_clear(struct psg_gids *list);
/* Once, and never gid 0. */
PSG_MUST_CHECK
enum psg_err psg_gids_add(struct psg_gids *list, gid_t gid);
/* Makes `wanted` the groups that this process has beyond its own: what was lent to it before in this
 * transaction and is not wanted any more is taken back. */
PSG_MUST_CHECK
enum psg_err psg_gids_lend(pam_handle_t *pamh, const struct psg_gids *wanted);
/* Takes back all that was lent to this process in this transaction. */
PSG_MUST_CHECK
enum psg_err psg_gids_return(pam_handle_t *pamh);

/* -- recovery.c -- */

/* An answer to a prompt for a code, normalized; remembers its form. Errors: MALFORMED. */
PSG_MUST_CHECK
enum psg_err psg_take_code(struct psg_request *req, const char *answer,
			   char code[static PSG_ANSWER_SIZE]);
/* Where a recovery code was what the claim spent: says so, loudly, to the person and the log, and how many are left. */
void psg_say_recovery(struct psg_request *req, const struct psg_activation *made);

/* -- enroll_new.c -- */

/* A fresh key, not stored. Errors: CLOCK. */
PSG_MUST_CHECK
enum psg_err psg_new_credential(struct psg_request *req, struct psg_credential *ret);
/* Its QR code, or its URI where libqrencode is not installed; nothing where texts are dropped. */
void psg_show_new(struct psg_request *req, const struct psg_credential *credential,
		  const char *issuer);
/* Asks for a code of it; but `again` the prompt shows the key. Errors: CANCELLED, MALFORMED. */
PSG_MUST_CHECK
enum psg_err psg_ask_new(struct psg_request *req, const struct psg_credential *credential,
			 bool again, char code[static PSG_CODE_DIGITS_MAX + 1]);

/* -- enroll_self.c -- */

/* Whether somebody without an authenticator may enrol the first one here and now, and by an assignment of what time.
 * Errors: NOT_ENROLLED (not; req says why), EXISTS (enrolled meanwhile), the store's. */
PSG_MUST_CHECK
enum psg_err psg_self_allowed(struct psg_request *req, int64_t *ret_assigned_s);
/* Shows a new key and stores it once a code of it was right; that code is not spent yet. Errors: CANCELLED, and those of
 * psg_people_enroll_self. */
PSG_MUST_CHECK
enum psg_err psg_self_enroll(struct psg_request *req, int64_t assigned_s,
			     char code[static PSG_CODE_DIGITS_MAX + 1]);

/* -- enroll.c -- */

/* chauthtok with `enroll`: a new authenticator, confirmed by one code of it. */
PSG_MUST_CHECK
enum psg_err psg_enroll(struct psg_request *req);

#endif
