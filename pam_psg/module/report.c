/* From a call to its event. */
#include <stdio.h>

#include "module.h"
#include "psg/text.h"

static const char *phase_name(enum psg_phase phase)
{
	static const char *const names[] = {"auth",    "account", "session",
					    "setcred", "close",   "password"};

	return (size_t)phase < PSG_COUNT(names) ? names[phase] : "?";
}

void psg_report(struct psg_request *req, enum psg_event_kind kind,
		const struct psg_activation *activation, const char *reason)
{
	char session[PSG_SESSION_ID_SIZE] = "", id[PSG_ACTIVATION_ID_SIZE] = "";
	char expires[PSG_TIME_SIZE] = "";
	struct psg_binding here;
	/* Kept for `psgctl report` and `psgctl log --would-deny`; strangers' names leave nothing behind. */
	bool refusal = kind == PSG_EVENT_REFUSED || kind == PSG_EVENT_WOULD_REFUSE;
	bool kept = refusal && req->subject.uid != (uid_t)-1;
	struct psg_event event = {
	    .kind = kind,
	    .user = req->subject.name,
	    .service = req->service,
	    .phase = phase_name(req->phase),
	    .rhost = req->rhost,
	    .tty = req->tty,
	    .reason = reason && *reason ? reason : NULL,
	    .quiet_store = (refusal && !kept) || kind == PSG_EVENT_MALFORMED ||
			   kind == PSG_EVENT_THROTTLED || kind == PSG_EVENT_ERROR,
	    .limited = kind == PSG_EVENT_NOT_LENT || kept,
	};

	if (psg_session_binding(req, &here) == PSG_OK) {
		psg_session_id_format(&here, session);
		event.session_id = session;
	}
	if (activation) {
		psg_activation_id_format(req->subject.name, activation->file, id);
		psg_time_format(activation->expires_realtime_ns / PSG_NS_PER_S, expires);
		event.activation_id = id;
		event.expires = activation->valid ? expires : NULL;
		event.target_type = psg_target_kind_name(activation->kind);
		event.target = activation->target;
	}
	/* A wrong code was for something: whose timeline it belongs to. */
	if (!activation && req->tried != PSG_TARGET_NONE) {
		event.target_type = psg_target_kind_name(req->tried);
		event.target = req->tried_name;
	}
	psg_event_emit(req->store, &event);
}

enum psg_event_kind psg_report_kind(enum psg_err err)
{
	if (err == PSG_ERR_WRONG_CODE || err == PSG_ERR_STEP_FUTURE)
		return PSG_EVENT_WRONG_CODE;
	if (err == PSG_ERR_REPLAYED)
		return PSG_EVENT_REPLAYED;
	if (err == PSG_ERR_THROTTLED)
		return PSG_EVENT_THROTTLED;
	if (err == PSG_ERR_MALFORMED || err == PSG_ERR_CANCELLED)
		return PSG_EVENT_MALFORMED;
	if (err == PSG_ERR_NOT_ENROLLED || err == PSG_ERR_STALE || err == PSG_OK)
		return PSG_EVENT_REFUSED;
	return PSG_EVENT_ERROR;
}

const char *psg_report_where(const struct psg_request *req)
{
	enum psg_err err = req->outcome.err;

	return err == PSG_ERR_NO_ROOM || err == PSG_ERR_NO_INODES || err == PSG_ERR_QUOTA ||
		       err == PSG_ERR_READ_ONLY || err == PSG_ERR_IO
		   ? req->args.store
		   : NULL;
}

void psg_report_enrolled(struct psg_request *req, const char *id, const char *how)
{
	char what[96];

	snprintf(what, sizeof(what), "authenticator %s%s%s", id, how ? ", " : "", how ? how : "");
	psg_report(req, PSG_EVENT_ENROLLED, NULL, what);
}

/* Why the person could not enrol alone, after a time that was given for it. */
static void put_enrolling(const struct psg_request *req, char *out, size_t size)
{
	char when[PSG_TIME_SIZE];

	*out = '\0';
	if (req->outcome.err != PSG_ERR_NOT_ENROLLED)
		return;
	psg_time_format(req->enroll_ended_s, when);
	if (req->enroll_taken)
		snprintf(out, size, " (taken away since the assignment)");
	else if (req->enroll_ended_s)
		snprintf(out, size, " (the time to enrol alone ended at %s)", when);
}

static const char *what_failed(const struct psg_request *req)
{
	if (req->not_root)
		return "the store is for root alone, and this program does not run as root";
	if (req->outcome.err == PSG_ERR_MALFORMED && req->malformed)
		return req->malformed;
	return psg_strerror(req->outcome.err);
}

void psg_report_debug(const struct psg_request *req, int code)
{
	const struct psg_outcome *outcome = &req->outcome;
	char service[64], text[256];

	psg_escape_line(req->service ? req->service : "", service, sizeof(service));
	if (req->phase == PSG_PHASE_CLOSE)
		snprintf(text, sizeof(text), "pam_psg(%s:%s): closed: %s", service,
			 phase_name(req->phase), psg_strerror(outcome->err));
	else
		snprintf(text, sizeof(text), "pam_psg(%s:%s): verdict %s (%s), %s: %s", service,
			 phase_name(req->phase), psg_verdict_name(outcome->verdict),
			 psg_why_name(outcome->why), psg_strerror(outcome->err),
			 psg_pam_code_name(code));
	psg_event_debug(text);
}

void psg_report_outcome(struct psg_request *req)
{
	const struct psg_outcome *outcome = &req->outcome;
	enum psg_event_kind kind = psg_report_kind(outcome->err);
	const char *where = req->bad_argument ? req->bad_argument : psg_report_where(req);
	const char *remedy = psg_remedy(outcome->err);
	char reason[384], enrolling[96];

	/* What lends or ends refuses nobody: only its failures are news. */
	if (!outcome->err && (outcome->verdict == PSG_ALLOW || req->phase == PSG_PHASE_SETCRED ||
			      req->phase == PSG_PHASE_CLOSE || req->phase == PSG_PHASE_CHAUTHTOK))
		return;
	if (req->phase == PSG_PHASE_CLOSE && !req->store)
		return;
	put_enrolling(req, enrolling, sizeof(enrolling));
	snprintf(reason, sizeof(reason), "%s%s%s%s%s%s%s",
		 outcome->err ? what_failed(req) : psg_why_name(outcome->why), enrolling,
		 where ? ": " : "", where ? where : "", remedy ? ": " : "", remedy ? remedy : "",
		 req->concealed ? " (a code was asked for show)" : "");
	/* What passes all the same is not called refused; a wrong code is a wrong code. */
	if (!outcome->permissive || kind != PSG_EVENT_REFUSED)
		psg_report(req, kind, NULL, reason);
	if (outcome->permissive)
		psg_report(req, PSG_EVENT_WOULD_REFUSE, NULL, reason);
}

void psg_report_lapses(struct psg_request *req)
{
	const struct psg_facts *facts = &req->gate->facts;

	for (size_t i = 0; i < facts->activation_count; i++) {
		const struct psg_activation *activation = &facts->activations[i];
		bool first = false;

		if (!activation->valid || activation->ended ||
		    psg_activation_left_ns(activation, &facts->now) > 0)
			continue;
		/* One of all that notice makes the name, and that one logs it. */
		if (psg_activation_end(req->store, req->subject.name, activation->file,
				       PSG_END_LAPSED, &first) == PSG_OK &&
		    first)
			psg_report(req, PSG_EVENT_LAPSED, activation, NULL);
	}
}
