/* The session's part: where it begins, what it is bound to, where it ends (traps 4 and 8). */
#include <string.h>
#include <unistd.h>

#include "module.h"

static const struct psg_leader *self(const struct psg_request *req)
{
	return &req->call.lineage[0];
}

static bool leads(const struct psg_request *req)
{
	return psg_leader_same(&req->call.leader, self(req));
}

/* A leader older than the session it stands for leads others too: two `sshd -i` under one inetd share
 * theirs. Who opens a session for somebody from afar leads that one himself. */
static bool opens_a_login(const struct psg_request *req)
{
	return req->phase == PSG_PHASE_OPEN && !req->args.subject_caller &&
	       req->call.real_uid == 0 && req->call.lineage_count > 0 &&
	       (req->outcome.remote || leads(req));
}

enum psg_err psg_session_enter(struct psg_request *req)
{
	/* sudo's and su's caller is in a session already; who has nothing assigned leaves nothing.
	 * Only a real root opens sessions: what an orphan of a person's inherits is not fresh. */
	if (req->args.subject_caller || req->call.real_uid != 0 ||
	    req->gate->facts.path_count == 0 || req->call.lineage_count == 0 ||
	    psg_leader_same(&req->call.login, self(req)))
		return PSG_OK;
	return psg_session_register(req->store, req->subject.name, req->service, opens_a_login(req),
				    &req->call);
}

enum psg_err psg_session_binding(struct psg_request *req, struct psg_binding *ret)
{
	if (!req->store)
		return PSG_ERR_PROC;
	enum psg_err err = psg_session_find(req->store, req->subject.name, &req->call);

	if (err)
		return err;
	struct psg_binding binding = {.leader = req->call.login, .audit_id = PSG_AUDIT_NONE};

	if (binding.leader.pid > 0 && req->call.audit_own)
		binding.audit_id = req->call.audit_id;
	if (binding.leader.pid == 0)
		binding.leader = opens_a_login(req) ? *self(req) : req->call.leader;
	/* The session's own leader is gone (a job that outlived its login): nothing else stands for
	 * it, and what is activated ends with this process. */
	if (binding.leader.pid == 0 && req->call.lineage_count > 0)
		binding.leader = *self(req);
	if (binding.leader.pid == 0)
		return PSG_ERR_PROC;
	*ret = binding;
	return PSG_OK;
}

static const struct psg_activation *ticketed(const struct psg_request *req)
{
	for (size_t i = 0; i < req->gate->activations.count; i++) {
		const struct psg_activation *activation = &req->gate->activations.items[i];

		if (activation->valid && !activation->ended && !activation->bound &&
		    activation->has_ticket && activation->in_session)
			return activation;
	}
	return NULL;
}

static enum psg_err bind_ticket(struct psg_request *req)
{
	const struct psg_activation *activation = req->call.has_ticket ? ticketed(req) : NULL;
	struct psg_binding binding;

	psg_ticket_drop(req->pamh);
	req->call.has_ticket = false;
	if (!activation)
		return PSG_OK;
	enum psg_err err = psg_session_binding(req, &binding);

	if (!err)
		err =
		    psg_activation_bind(req->store, req->subject.name, activation->file, &binding);
	if (!err)
		psg_report(req, PSG_EVENT_BOUND, activation, NULL);
	return err == PSG_ERR_EXISTS ? PSG_ERR_STALE : err;
}

enum psg_err psg_session_begin(struct psg_request *req)
{
	bool changed = req->call.has_ticket || req->outcome.code_verified;
	enum psg_err err = bind_ticket(req);

	if (err)
		return err;
	if (changed) {
		struct psg_ask ask = psg_request_ask(req);

		psg_gate_free(&req->gate);
		err = psg_gate_ask(req->store, &ask, &req->gate);
		if (err)
			return err;
		req->outcome.verdict = req->gate->decision.verdict;
		req->outcome.why = req->gate->decision.why;
	}
	return req->outcome.verdict == PSG_ALLOW ? psg_export(req) : PSG_OK;
}

/* Its own: led by this process; or made inside it, by its audit id, when this process leads it. */
static bool ends_with(const struct psg_request *req, const struct psg_activation *activation)
{
	if (!activation->valid || activation->ended || !activation->bound ||
	    activation->scope != PSG_SCOPE_SESSION)
		return false;
	if (psg_leader_same(&activation->binding.leader, self(req)))
		return true;
	return psg_leader_same(&req->call.login, self(req)) && req->call.audit_own &&
	       activation->binding.audit_id == req->call.audit_id;
}

enum psg_err psg_session_end(struct psg_request *req)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	/* A sudo or su inside a session never leads it. */
	if (req->args.subject_caller || req->call.lineage_count == 0)
		return PSG_OK;
	enum psg_err err = psg_people_activations(req->store, req->subject.name, &list);

	for (size_t i = 0; i < list.count && !err; i++) {
		bool first = false;

		if (!ends_with(req, &list.items[i]))
			continue;
		err = psg_activation_end(req->store, req->subject.name, list.items[i].file,
					 PSG_END_CLOSED, &first);
		if (first)
			psg_report(req, PSG_EVENT_ENDED, &list.items[i], "session closed");
	}
	if (!err)
		err = psg_session_unregister(req->store, &req->call);
	(void)!psg_people_tidy(req->store, req->subject.name);
	(void)!psg_sessions_tidy(req->store);
	return err;
}
