/* Every text that a person at the door can see. Each says what happened and what to do next; under
 * `conceal` all refusals read alike. */
#include <string.h>

#include "module.h"

/* Tells nobody whether there is such a user, who is assigned what, who is enrolled, or whose turn is over. */
#define REFUSED_ALIKE "Refused. If you should be let in, ask your administrator."

static const char *target_of(const struct psg_request *req)
{
	const struct psg_path *path = req->gate ? req->gate->decision.path : NULL;

	return path ? path->target : "";
}

static void put_time(int64_t ns, char out[static PSG_TIME_SIZE])
{
	psg_time_format(ns / PSG_NS_PER_S, out);
}

void psg_say_active(struct psg_request *req, const struct psg_activation *activation, bool renewed,
		    bool last)
{
	char left[PSG_TIME_SIZE], until[PSG_TIME_SIZE];
	int64_t life_ns = activation->expires_boottime_ns - activation->created_boottime_ns;

	psg_duration_format_human(life_ns / PSG_NS_PER_S, left);
	put_time(activation->expires_realtime_ns, until);
	psg_tell(req, "%s is active%s for %s, until %s%s.", activation->target,
		 renewed ? " again" : "", left, until,
		 last ? ", the end of its maximum lifetime" : "");
}

void psg_say_last(struct psg_request *req, const struct psg_activation *activation)
{
	char until[PSG_TIME_SIZE];

	put_time(activation->expires_realtime_ns, until);
	psg_tell(req,
		 "%s lapses at %s, the end of its maximum lifetime: it cannot be renewed. After "
		 "that, try again with a fresh code.",
		 activation->target, until);
}

/* How it ended, with a place for when. */
static const char *how_it_ended(const struct psg_activation *activation)
{
	if (!activation->ended)
		return "lapsed at";
	switch (activation->end_reason) {
	case PSG_END_LAPSED:
		return "lapsed at";
	case PSG_END_DEACTIVATED:
		return "was ended (deactivated) at";
	case PSG_END_CLOSED:
		return "was ended with its session at";
	case PSG_END_SUPERSEDED:
		return "was ended by a newer one at";
	case PSG_END_UNASSIGNED:
		return "was ended when it was unassigned from you, at";
	case PSG_END_UNENROLLED:
		return "was ended when your authenticator was removed, at";
	case PSG_END_FAILED:
	case PSG_END_NONE:
	default:
		return "was ended at";
	}
}

static void say_lapsed(struct psg_request *req)
{
	const struct psg_activation *last = req->gate->decision.activation;
	char when[PSG_TIME_SIZE];

	if (!last || !last->valid) {
		psg_tell_refusal(req,
				 "Your activation of %s is over: try again with a fresh "
				 "authenticator code.",
				 target_of(req));
		return;
	}
	/* Also what lapsed before its time: when its group was taken away, or a stricter policy came. */
	bool told = last->ended && last->ended_realtime_ns &&
		    (last->end_reason != PSG_END_LAPSED ||
		     last->ended_realtime_ns < last->expires_realtime_ns);

	put_time(told ? last->ended_realtime_ns : last->expires_realtime_ns, when);
	psg_tell_refusal(req,
			 "Your activation of %s %s %s: try again with a fresh authenticator code.",
			 target_of(req), how_it_ended(last), when);
}

/* The latest activation of this session that the person lost by losing its assignment. */
static bool find_taken(const struct psg_request *req, const struct psg_activations *list,
		       struct psg_activation *ret)
{
	bool found = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct psg_activation *one = &list->items[i];
		bool taken = one->ended ? one->end_reason == PSG_END_UNASSIGNED
					: psg_activation_live(one, &req->gate->facts.now) &&
					      !psg_gate_entitles(req->gate, one);

		if (!one->valid || !taken ||
		    (one->scope == PSG_SCOPE_SESSION && !one->in_session) ||
		    (found && one->created_boottime_ns < ret->created_boottime_ns))
			continue;
		*ret = *one;
		found = true;
	}
	return found;
}

static void say_unassigned(struct psg_request *req, const char *service)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_activation taken;
	char when[PSG_TIME_SIZE] = "";

	if (psg_people_activations_in(req->store, req->subject.name, &req->call, &list) != PSG_OK ||
	    !find_taken(req, &list, &taken)) {
		psg_tell_refusal(req,
				 "Nothing assigned to you opens %s. Ask your administrator to run: "
				 "psgctl explain %s %s",
				 service, req->subject.name, service);
		return;
	}
	if (taken.ended && taken.ended_realtime_ns)
		put_time(taken.ended_realtime_ns, when);
	psg_tell_refusal(
	    req,
	    "Nothing assigned to you opens %s any more: %s, which was active here, was "
	    "unassigned from you%s%s. Ask your administrator.",
	    service, taken.target, *when ? " at " : "", when);
}

static void say_expired(struct psg_request *req)
{
	const struct psg_path *path = req->gate->decision.path;
	char when[PSG_TIME_SIZE];

	psg_time_format(path ? path->assigned_until_s : 0, when);
	psg_tell_refusal(req,
			 "Your assignment of %s ended at %s. Ask your administrator to assign it "
			 "again.",
			 target_of(req), when);
}

static void say_why(struct psg_request *req)
{
	const char *service = req->service ? req->service : "this service";

	switch (req->outcome.why) {
	case PSG_WHY_NEEDS_ACTIVATION:
		psg_tell_refusal(req,
				 "%s needs an active %s: try again with your authenticator code.",
				 service, target_of(req));
		break;
	case PSG_WHY_LAPSED:
		say_lapsed(req);
		break;
	case PSG_WHY_EXPIRED:
		say_expired(req);
		break;
	case PSG_WHY_FAILED:
		psg_tell_refusal(req,
				 "%s is out of order. Ask your administrator to run: psgctl groups "
				 "%s",
				 target_of(req), target_of(req));
		break;
	case PSG_WHY_UNASSIGNED:
	case PSG_WHY_NOT_SERVED:
	case PSG_WHY_MUTED:
		say_unassigned(req, service);
		break;
	case PSG_WHY_ERROR:
	case PSG_WHY_ROOT:
	case PSG_WHY_EXEMPT:
	case PSG_WHY_NOT_REQUIRED:
	case PSG_WHY_ACTIVE:
	case PSG_WHY_UNASSIGNED_OK:
	case PSG_WHY_COUNT:
	default:
		psg_tell_refusal(req, REFUSED_ALIKE);
		break;
	}
}

/* The person's own limit, or the administrator's disk: either may be the reader. */
static void say_used_up(struct psg_request *req, enum psg_err err)
{
	const char *store = psg_report_where(req);

	psg_tell_refusal(req,
			 "The gate could not decide: %s%s%s. Try again when that is mended: %s.",
			 psg_strerror(err), store ? ": " : "", store ? store : "", psg_remedy(err));
}

/* Whoever reads this has shown a first factor, where the stack is in order. */
static void say_not_enrolled(struct psg_request *req)
{
	char when[PSG_TIME_SIZE];

	psg_time_format(req->enroll_ended_s, when);
	psg_tell_refusal(
	    req, "You have no authenticator%s%s. Ask your administrator to run: psgctl enroll %s",
	    req->enroll_taken     ? ": the one you enrolled was taken away"
	    : req->enroll_ended_s ? ", and the time to enrol one yourself ended at "
				  : "",
	    !req->enroll_taken && req->enroll_ended_s ? when : "", req->subject.name);
}

static void say_error(struct psg_request *req)
{
	enum psg_err err = req->outcome.err;
	char wait[PSG_TIME_SIZE];

	if (err == PSG_ERR_THROTTLED) {
		psg_duration_format_human((req->wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, wait);
		psg_tell_refusal(req, "Too many wrong codes. Try again in %s.", wait);
	} else if (err == PSG_ERR_WRONG_CODE && req->recovery_given) {
		psg_tell_refusal(req, "That recovery code is not right. Check it letter by letter, "
				      "and try again.");
	} else if (err == PSG_ERR_REPLAYED && req->recovery_given) {
		psg_tell_refusal(req, "That recovery code was used before. Try the next one.");
	} else if (err == PSG_ERR_WRONG_CODE) {
		psg_tell_refusal(req, "That code is not right. Try the next one. Does your device "
				      "set its clock itself?");
	} else if (err == PSG_ERR_REPLAYED) {
		psg_tell_refusal(req, "That code was used before. Wait for the next one.");
	} else if (err == PSG_ERR_STEP_FUTURE) {
		psg_tell_refusal(req,
				 "A code of a later time was used before: a clock was wrong. Ask "
				 "your administrator for a new authenticator.");
	} else if (err == PSG_ERR_MALFORMED && req->malformed) {
		psg_tell_refusal(req, "%s", req->complaint);
	} else if (err == PSG_ERR_MALFORMED && req->recovery_alone) {
		psg_tell_refusal(req, "That cannot be a recovery code: those are two groups of "
				      "five letters and digits. Try again.");
	} else if (err == PSG_ERR_MALFORMED) {
		psg_tell_refusal(req, "That cannot be a code: a code has %zu digits. Try again.",
				 req->code_digits ? req->code_digits : 6);
	} else if (err == PSG_ERR_NOT_ENROLLED) {
		say_not_enrolled(req);
	} else if (err == PSG_ERR_EXISTS) {
		psg_tell_refusal(req, "An authenticator was enrolled for you meanwhile. Try again "
				      "with its code. If that was not you, tell your "
				      "administrator at once.");
	} else if (err == PSG_ERR_STALE) {
		psg_tell_refusal(req, "Something changed meanwhile. Try again with the next code.");
	} else if (req->not_root) {
		psg_tell_refusal(req,
				 "The store is for root alone, and this program does not run as "
				 "root. Tell your administrator.");
	} else if (err == PSG_ERR_CANCELLED && req->phase == PSG_PHASE_CHAUTHTOK) {
		return;
	} else if (err == PSG_ERR_CANCELLED) {
		/* Nothing was answered: what stands in the way is what stood there before. */
		say_why(req);
	} else if (psg_remedy(err)) {
		say_used_up(req, err);
	} else {
		psg_tell_refusal(req,
				 "The gate could not decide (%s). Ask your administrator to run: "
				 "psgctl explain %s %s",
				 psg_strerror(err), req->subject.name,
				 req->service ? req->service : "SERVICE");
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
		psg_tell_refusal(req, REFUSED_ALIKE);
	else if (outcome->err)
		say_error(req);
	else if (req->phase != PSG_PHASE_CHAUTHTOK)
		say_why(req);
}
