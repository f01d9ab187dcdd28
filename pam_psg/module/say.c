/* Every text that a person at the door can see. Each says what happened and what to do next; under
 * `conceal` all refusals read alike. */
#include <string.h>

#include "module.h"

static const char *target_of(const struct psg_request *req)
{
	const struct psg_path *path = req->gate ? req->gate->decision.path : NULL;

	return path ? path->target : "";
}

void psg_say_active(struct psg_request *req, const struct psg_activation *activation, bool renewed)
{
	char left[PSG_TIME_SIZE], until[PSG_TIME_SIZE];
	int64_t life_ns = activation->expires_boottime_ns - activation->created_boottime_ns;

	psg_duration_format_human(life_ns / PSG_NS_PER_S, left);
	psg_time_format(activation->expires_realtime_ns / PSG_NS_PER_S, until);
	psg_tell(req, "%s is active%s for %s, until %s.", activation->target,
		 renewed ? " again" : "", left, until);
}

static void say_lapsed(struct psg_request *req)
{
	const struct psg_activation *last = req->gate->decision.activation;
	char when[PSG_TIME_SIZE];

	if (!last || !last->valid) {
		psg_tell_refusal(req, "Your activation of %s is over: log in again with a code.",
				 target_of(req));
		return;
	}
	bool ended = last->ended && last->end_reason != PSG_END_LAPSED;

	psg_time_format(
	    (ended ? last->ended_realtime_ns : last->expires_realtime_ns) / PSG_NS_PER_S, when);
	psg_tell_refusal(req, "Your activation of %s %s at %s: log in again with a code.",
			 target_of(req), ended ? "was ended" : "lapsed", when);
}

static void say_why(struct psg_request *req)
{
	const char *service = req->service ? req->service : "this service";

	switch (req->outcome.why) {
	case PSG_WHY_NEEDS_ACTIVATION:
		psg_tell_refusal(req, "%s needs an active %s: log in with your authenticator code.",
				 service, target_of(req));
		break;
	case PSG_WHY_LAPSED:
		say_lapsed(req);
		break;
	case PSG_WHY_EXPIRED:
		psg_tell_refusal(req, "Your assignment of %s has ended. Ask your administrator.",
				 target_of(req));
		break;
	case PSG_WHY_FAILED:
		psg_tell_refusal(req, "%s is out of order. Ask your administrator.",
				 target_of(req));
		break;
	case PSG_WHY_UNASSIGNED:
	case PSG_WHY_NOT_SERVED:
	case PSG_WHY_MUTED:
		psg_tell_refusal(req,
				 "Nothing assigned to you opens %s. Ask your administrator to run: "
				 "psgctl explain %s %s",
				 service, req->subject.name, service);
		break;
	case PSG_WHY_ERROR:
	case PSG_WHY_ROOT:
	case PSG_WHY_EXEMPT:
	case PSG_WHY_NOT_REQUIRED:
	case PSG_WHY_ACTIVE:
	case PSG_WHY_UNASSIGNED_OK:
	case PSG_WHY_COUNT:
	default:
		psg_tell_refusal(req, "Refused.");
		break;
	}
}

static void say_error(struct psg_request *req)
{
	enum psg_err err = req->outcome.err;
	char wait[PSG_TIME_SIZE];

	if (err == PSG_ERR_THROTTLED) {
		psg_duration_format_human((req->wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, wait);
		psg_tell_refusal(req, "Too many wrong codes. Try again in %s.", wait);
	} else if (err == PSG_ERR_WRONG_CODE) {
		psg_tell_refusal(req,
				 "That code is not right. Does your device set its clock itself?");
	} else if (err == PSG_ERR_REPLAYED) {
		psg_tell_refusal(req, "That code was used before. Wait for the next one.");
	} else if (err == PSG_ERR_STEP_FUTURE) {
		psg_tell_refusal(req,
				 "A code of a later time was used before: a clock was wrong. Ask "
				 "your administrator for a new authenticator.");
	} else if (err == PSG_ERR_MALFORMED && req->bad_reason) {
		psg_tell_refusal(req,
				 "That reason is not accepted: 1 to 255 characters, in the form "
				 "asked for.");
	} else if (err == PSG_ERR_MALFORMED) {
		psg_tell_refusal(req, "That cannot be a code: it has %zu digits.",
				 req->code_digits ? req->code_digits : 6);
	} else if (err == PSG_ERR_NOT_ENROLLED) {
		psg_tell_refusal(req,
				 "You have no authenticator. Ask your administrator to run: "
				 "psgctl enroll %s",
				 req->subject.name);
	} else if (err == PSG_ERR_STALE) {
		psg_tell_refusal(req, "Something changed meanwhile. Try again with the next code.");
	} else if (req->not_root) {
		psg_tell_refusal(req,
				 "The store is for root alone, and this program does not run as "
				 "root. Tell your administrator.");
	} else if (err != PSG_ERR_CANCELLED) {
		psg_tell_refusal(
		    req, "The gate could not decide (%s). Root can find out: psgctl explain",
		    psg_strerror(err));
	}
}

void psg_say_outcome(struct psg_request *req)
{
	const struct psg_outcome *outcome = &req->outcome;

	if (outcome->permissive || (!outcome->err && outcome->verdict == PSG_ALLOW))
		return;
	if (req->phase != PSG_PHASE_AUTH && req->phase != PSG_PHASE_ACCOUNT &&
	    req->phase != PSG_PHASE_CHAUTHTOK)
		return;
	if (req->args.conceal)
		psg_tell_refusal(req, "Refused.");
	else if (outcome->err)
		say_error(req);
	else if (req->phase != PSG_PHASE_CHAUTHTOK)
		say_why(req);
}
