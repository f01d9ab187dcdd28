/* Passing the gate: ask, and where an activation would help, let the person activate. */
#include "module.h"

static void answered(struct psg_request *req)
{
	const struct psg_decision *decision = &req->gate->decision;

	req->outcome.verdict = decision->verdict;
	req->outcome.why = decision->why;
	req->outcome.own_session = decision->verdict == PSG_ALLOW && decision->activation &&
				   decision->activation->scope == PSG_SCOPE_SESSION;
}

static void activated(struct psg_request *req)
{
	req->outcome.verdict = PSG_ALLOW;
	req->outcome.why = PSG_WHY_ACTIVE;
	req->outcome.code_verified = true;
}

/* Account and session phases of sshd cannot converse; then it is still the missing activation that
 * the person should hear of, not the silent terminal. */
static void activate(struct psg_request *req)
{
	enum psg_err err = psg_activate(req);

	if (!err)
		activated(req);
	else if (err != PSG_ERR_CANCELLED || req->phase == PSG_PHASE_AUTH)
		req->outcome.err = err;
}

/* One step's renewal must not cost what is there: whatever comes of it, the verdict stays. */
static void renew(struct psg_request *req)
{
	if (psg_renew(req) == PSG_OK && req->made.valid)
		req->outcome.code_verified = true;
}

void psg_pass(struct psg_request *req, bool may_converse)
{
	struct psg_ask ask = psg_request_ask(req);

	/* The account phase opens or does not; the others go on with what is live. */
	ask.depth = req->phase == PSG_PHASE_ACCOUNT ? PSG_DEPTH_VERDICT : PSG_DEPTH_LIVE;
	enum psg_err err = psg_gate_ask(req->store, &ask, &req->gate);

	if (!err && req->phase == PSG_PHASE_OPEN)
		err = psg_session_enter(req);
	req->outcome.err = err;
	if (err)
		return;
	answered(req);
	if (req->outcome.verdict == PSG_ALLOW) {
		if (req->phase == PSG_PHASE_AUTH)
			renew(req);
		return;
	}
	psg_report_lapses(req);
	if (req->outcome.verdict == PSG_ACTIVATE && may_converse)
		activate(req);
	else if (req->phase == PSG_PHASE_AUTH && req->args.conceal)
		psg_pretend(req);
}
