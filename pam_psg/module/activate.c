/* From an ACTIVATE to a live activation: one prompt, one claim.
 *
 * MUST: look at a code only in psg_people_claim, after the prompt, against the folder as it is then
 *       (tests/pam/race_test.c).
 * MUST: read the policy afresh once the name is won; a stricter one refuses (psg/people.h).
 * MUST NOT: tell an answer's fate before the attempt was counted. */
#include <string.h>

#include "module.h"

struct plan {
	struct psg_request *req;
	enum psg_target_kind kind;
	char target[PSG_API_NAME_SIZE];
	struct psg_activation_policy policy;
	char description[PSG_DESCRIPTION_SIZE];
	struct psg_binding binding;
	uint8_t ticket[PSG_TICKET_SIZE];
	struct psg_grant grant;
	struct psg_activation meanwhile; /* what recheck found live */
};

static void plan_clear(struct plan *plan)
{
	psg_activation_policy_clear(&plan->policy);
	psg_wipe(plan->ticket, sizeof(plan->ticket));
}

/* Has the person anything to answer with? Asking the others would only teach them to type codes
 * into a gate that cannot open. */
static enum psg_err enrolled(struct psg_request *req)
{
	size_t digits = 0;
	enum psg_err err = psg_people_can_answer(req->store, req->subject.name, &digits);

	req->code_digits = digits;
	req->recovery_alone = !err && digits == 0;
	return err;
}

static enum psg_err ask_code(struct psg_request *req, const char *prompt, bool may_skip,
			     char code[static PSG_ANSWER_SIZE], bool *ret_skipped)
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	enum psg_err err = psg_prompt(req, req->args.echo, prompt, &answer);

	if (err)
		return err;
	*ret_skipped = may_skip && !*answer;
	/* Enter alone gives nothing: what was refused is the missing activation, not a bad code. */
	if (!*answer && !may_skip)
		return PSG_ERR_CANCELLED;
	return *ret_skipped ? PSG_OK : psg_take_code(req, answer, code);
}

/* What came to live while this prompt stood open is continued: else a prompt left open would be a
 * way around the maximum lifetime. */
static void follow(struct plan *plan, const struct psg_activation *live)
{
	if (plan->grant.renews || !live)
		return;
	plan->meanwhile = *live;
	plan->grant.renews = &plan->meanwhile;
}

/* The policy, reopened: does the target still serve this person, for as long as was planned? */
static enum psg_err recheck(void *arg)
{
	struct plan *plan = arg;
	struct psg_ask ask = psg_request_ask(plan->req);
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = NULL;
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};
	enum psg_err err = psg_gate_ask(plan->req->store, &ask, &gate);

	if (err)
		return err;
	for (size_t i = 0; i < gate->facts.path_count; i++) {
		const struct psg_path *path = &gate->facts.paths[i];

		struct psg_path_decision decision = psg_decide_path(&gate->facts, path);

		if (path->kind != plan->kind || strcmp(path->target, plan->target) != 0 ||
		    decision.verdict == PSG_DENY)
			continue;
		follow(plan, decision.verdict == PSG_ALLOW ? decision.activation : NULL);
		err = psg_policy_activation_policy(gate->policy, plan->kind, plan->target, &policy);
		if (err)
			return err;
		return policy.lifetime_s >= plan->policy.lifetime_s &&
			       policy.maximum_lifetime_s >= plan->policy.maximum_lifetime_s &&
			       policy.scope == plan->policy.scope &&
			       policy.reason == plan->policy.reason
			   ? PSG_OK
			   : PSG_ERR_STALE;
	}
	return PSG_ERR_STALE;
}

/* Where the session is there already the activation names it; before it, a ticket (trap 4). */
static enum psg_err tie(struct plan *plan, struct psg_grant *grant)
{
	struct psg_request *req = plan->req;

	if (grant->scope == PSG_SCOPE_HOST)
		return PSG_OK;
	/* Whoever is asked through sudo or su is in a session already, whomever its stack means. */
	if (req->args.subject_caller || req->phase == PSG_PHASE_OPEN || req->call.real_uid != 0) {
		grant->binding = &plan->binding;
		return psg_session_binding(req, &plan->binding);
	}
	psg_random(plan->ticket, sizeof(plan->ticket));
	grant->ticket = plan->ticket;
	return psg_ticket_put(req->pamh, plan->ticket);
}

/* No renewal goes beyond the chain's first start and the maximum lifetime. */
static bool at_the_end(const struct psg_activation *activation, int64_t maximum_lifetime_s)
{
	return activation->expires_boottime_ns >=
	       activation->first_boottime_ns + maximum_lifetime_s * PSG_NS_PER_S;
}

static enum psg_err claim(struct plan *plan, const struct psg_activation *renews, const char *code)
{
	struct psg_request *req = plan->req;
	struct psg_grant *grant = &plan->grant;

	*grant = (struct psg_grant){
	    .kind = plan->kind,
	    .target = plan->target,
	    .scope = plan->policy.scope,
	    .lifetime_s = plan->policy.lifetime_s,
	    .maximum_lifetime_s = plan->policy.maximum_lifetime_s,
	    .renews = renews,
	    .service = req->service,
	    .description = plan->description,
	};
	enum psg_err err = PSG_OK;

	if (renews && grant->scope == PSG_SCOPE_SESSION && renews->bound)
		grant->binding = &renews->binding;
	else
		err = tie(plan, grant);
	if (err)
		return err;
	struct psg_claim what = {
	    .subject = req->subject.name,
	    .code = code,
	    .apart = psg_request_apart(req),
	    .throttle = &req->gate->settings.throttle,
	    .window_steps = req->gate->settings.window_steps,
	    .grant = grant,
	    .recheck = recheck,
	    .recheck_arg = plan,
	};

	err = psg_people_claim(req->store, &what, &req->made, &req->wait_ns);
	if (err && grant->ticket)
		psg_ticket_drop(req->pamh);
	if (err)
		return err;
	bool renewed = grant->renews != NULL;

	psg_report(req, renewed ? PSG_EVENT_RENEWED : PSG_EVENT_ACTIVATED, &req->made,
		   plan->description);
	psg_say_active(req, &req->made, renewed,
		       renewed && at_the_end(&req->made, plan->policy.maximum_lifetime_s));
	psg_say_recovery(req, &req->made);
	/* Whoever passes sweeps; that it could not is no reason to refuse. */
	(void)!psg_people_tidy(req->store, req->subject.name);
	return PSG_OK;
}

static enum psg_err plan_for(struct psg_request *req, enum psg_target_kind kind, const char *target,
			     struct plan *plan)
{
	plan->req = req;
	plan->kind = kind;
	if (strlen(target) >= sizeof(plan->target))
		return PSG_ERR_CORRUPT;
	memcpy(plan->target, target, strlen(target) + 1);
	req->tried = kind;
	memcpy(req->tried_name, target, strlen(target) + 1);
	return psg_policy_activation_policy(req->gate->policy, kind, target, &plan->policy);
}

enum psg_err psg_activate(struct psg_request *req)
{
	struct plan plan PSG_CLEANUP(plan_clear) = {.kind = PSG_TARGET_NONE};
	char code[PSG_ANSWER_SIZE] = "";
	const struct psg_path *path = NULL;
	int64_t assigned_s = 0;
	bool skipped;
	enum psg_err err = enrolled(req);

	if (err == PSG_ERR_NOT_ENROLLED)
		err = psg_self_allowed(req, &assigned_s);
	if (err) {
		if (req->args.conceal && req->phase == PSG_PHASE_AUTH)
			psg_pretend(req);
		return err;
	}
	err = psg_choose(req, &path);
	if (!err)
		err = plan_for(req, path->kind, path->target, &plan);
	if (!err)
		err = psg_ask_reason(req, &plan.policy, plan.description);
	if (!err)
		err = assigned_s ? psg_self_enroll(req, assigned_s, code)
				 : ask_code(req, req->args.prompt, false, code, &skipped);
	/* The code that confirmed a new authenticator is the one that opens. */
	if (!err)
		err = claim(&plan, NULL, code);
	psg_wipe(code, sizeof(code));
	return err;
}

static bool warns(const struct psg_request *req, const struct psg_activation *activation,
		  const struct psg_activation_policy *policy)
{
	int64_t left_ns = psg_activation_left_ns(activation, &req->gate->facts.now);

	return policy->warn_before_s > 0 && left_ns < policy->warn_before_s * PSG_NS_PER_S;
}

static enum psg_err ask_and_renew(struct plan *plan, const struct psg_activation *activation)
{
	struct psg_request *req = plan->req;
	char code[PSG_ANSWER_SIZE] = "", until[PSG_TIME_SIZE];
	bool skipped = true;
	enum psg_err err =
	    ask_code(req, "Authenticator code to renew (Enter skips): ", true, code, &skipped);

	if (!err && !skipped)
		err = claim(plan, activation, code);
	psg_wipe(code, sizeof(code));
	if (!err || err == PSG_ERR_CANCELLED)
		return err;
	/* A guess is a guess, whatever it was for. */
	psg_report(req, psg_report_kind(err), activation, psg_strerror(err));
	psg_time_format(activation->expires_realtime_ns / PSG_NS_PER_S, until);
	psg_tell(req, "Not renewed: %s. %s stays active until %s; the next prompt offers it again.",
		 psg_strerror(err), activation->target, until);
	return err;
}

enum psg_err psg_renew(struct psg_request *req)
{
	const struct psg_activation *activation = req->gate->decision.activation;
	struct plan plan PSG_CLEANUP(plan_clear) = {.kind = PSG_TARGET_NONE};

	if (!activation || req->gate->decision.why != PSG_WHY_ACTIVE)
		return PSG_OK;
	enum psg_err err = plan_for(req, activation->kind, activation->target, &plan);

	if (err || !warns(req, activation, &plan.policy))
		return err;
	if (at_the_end(activation, plan.policy.maximum_lifetime_s)) {
		psg_say_last(req, activation);
		return PSG_OK;
	}
	if (enrolled(req) != PSG_OK)
		return PSG_OK;
	memcpy(plan.description, activation->description, sizeof(plan.description));
	return ask_and_renew(&plan, activation);
}

void psg_pretend(struct psg_request *req)
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;

	if (psg_prompt(req, req->args.echo, req->args.prompt, &answer) == PSG_OK)
		req->concealed = true;
}
