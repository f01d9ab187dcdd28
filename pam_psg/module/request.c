/* What a call is about: the subject first, because root must get in whatever else is broken. */
#include <string.h>
#include <unistd.h>

#include "module.h"

static const char *item(pam_handle_t *pamh, int type)
{
	const void *value = NULL;

	if (pam_get_item(pamh, type, &value) != PAM_SUCCESS)
		return NULL;
	const char *text = value;

	return text && *text ? text : NULL;
}

/* In sudo and su PAM_USER is not the person (trap 5): the real uid is, in every phase. */
static enum psg_err learn_subject(struct psg_request *req)
{
	enum psg_err err;

	if (req->args.subject_caller) {
		if (getuid() == 0) {
			req->subject = (struct psg_subject){.name = "root"};
			return PSG_OK;
		}
		return psg_subject_by_uid(getuid(), &req->subject);
	}
	const char *user = NULL;

	if (req->phase == PSG_PHASE_AUTH) {
		if (pam_get_user(req->pamh, &user, NULL) != PAM_SUCCESS)
			user = NULL;
	} else {
		user = item(req->pamh, PAM_USER);
	}
	if (!user || !*user)
		return PSG_ERR_INVALID;
	err = psg_subject_by_name(user, &req->subject);
	/* Nobody by that name: refused like anyone without an assignment, and asked like one. */
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* A client cannot forge SSH_AUTH_INFO_0: sshd writes it from the methods that passed. */
static bool publickey_passed(pam_handle_t *pamh)
{
	static const char wanted[] = "publickey ";

	for (const char *line = pam_getenv(pamh, "SSH_AUTH_INFO_0"); line && *line;) {
		if (!strncmp(line, wanted, sizeof(wanted) - 1))
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/* Who comes from afar is in no session yet, whatever this process descends from: `sshd -d` and `sshd -i`
 * lead none of their own, and may have been started inside a login of the very person. */
static bool begins_a_login(const struct psg_request *req)
{
	return req->outcome.remote && !req->args.subject_caller && req->call.real_uid == 0 &&
	       (req->phase == PSG_PHASE_AUTH || req->phase == PSG_PHASE_ACCOUNT ||
		req->phase == PSG_PHASE_OPEN);
}

/* What begins, binds and ends sessions must know this one; the others may never need to. */
static bool session_matters(enum psg_phase phase)
{
	return phase == PSG_PHASE_OPEN || phase == PSG_PHASE_CLOSE;
}

static enum psg_err open_all(struct psg_request *req)
{
	struct psg_call *call = &req->call;
	enum psg_err err = psg_store_open(req->args.store, req->args.key, true, &req->store);

	/* A locker, a daemon with its own account, pamtester in a user's hand: nothing is wrong but that. */
	req->not_root = geteuid() != 0 && (err == PSG_ERR_ACCESS || err == PSG_ERR_UNSAFE);
	if (err)
		return err;
	*call = (struct psg_call){.pid = getpid(),
				  .real_uid = getuid(),
				  .subject_uid = req->subject.uid,
				  .unknown = true};
	call->begins = begins_a_login(req);
	call->has_ticket = psg_ticket_get(req->pamh, call->ticket);
	return session_matters(req->phase) ? psg_session_find(req->store, req->subject.name, call)
					   : PSG_OK;
}

static enum psg_err start(struct psg_request *req, int argc, const char **argv)
{
	enum psg_err err = learn_subject(req);

	if (err)
		return err;
	bool key_missing = req->phase == PSG_PHASE_AUTH && req->args.after_publickey &&
			   !publickey_passed(req->pamh);

	req->outcome.after_publickey = req->args.after_publickey && !key_missing;
	/* Except to enrol: root's own authenticator is what even_root will ask for. */
	if (req->subject.uid == 0 && !req->args.even_root && req->phase != PSG_PHASE_CHAUTHTOK) {
		req->outcome.verdict = PSG_ALLOW;
		req->outcome.why = PSG_WHY_ROOT;
		return PSG_OK;
	}
	err = psg_args_parse(argc, argv, req->service, &req->args, &req->bad_argument);
	if (err)
		return err;
	req->outcome.permissive = req->args.permissive;
	req->outcome.concealed = req->args.conceal;
	if (key_missing) {
		req->bad_argument = "after=publickey";
		return PSG_ERR_INVALID;
	}
	return open_all(req);
}

bool psg_request_start(struct psg_request *req, pam_handle_t *pamh, enum psg_phase phase, int flags,
		       int argc, const char **argv)
{
	*req = (struct psg_request){.pamh = pamh, .phase = phase};
	req->silent = flags & PAM_SILENT;
	req->service = item(pamh, PAM_SERVICE);
	req->rhost = item(pamh, PAM_RHOST);
	req->tty = item(pamh, PAM_TTY);
	const void *rhost = NULL;

	/* An empty PAM_RHOST is set all the same: somebody came over a network. */
	req->outcome.remote = pam_get_item(pamh, PAM_RHOST, &rhost) != PAM_SUCCESS || rhost != NULL;
	psg_args_first(argc, argv, req->service, &req->args);
	req->outcome.err = start(req, argc, argv);
	return req->outcome.err || req->outcome.verdict == PSG_ALLOW;
}

struct psg_ask psg_request_ask(struct psg_request *req)
{
	return (struct psg_ask){
	    .subject = &req->subject,
	    .demand = &req->args.demand,
	    .call = &req->call,
	    .even_root = req->args.even_root,
	    .unassigned_ok = req->args.unassigned_ok,
	};
}

/* su keeps the caller's real uid: what a stranger guesses there must not wear out the victim. */
uid_t psg_request_apart(const struct psg_request *req)
{
	uid_t real = req->call.real_uid;

	return real == 0 || real == req->subject.uid ? PSG_NOT_APART : real;
}

int psg_request_end(struct psg_request *req)
{
	int code = psg_pam_code(req->phase, &req->outcome);

	psg_report_outcome(req);
	psg_say_outcome(req);
	if (req->args.debug)
		psg_report_debug(req, code);
	psg_gate_free(&req->active);
	psg_gate_free(&req->gate);
	psg_store_close(&req->store);
	return code;
}
