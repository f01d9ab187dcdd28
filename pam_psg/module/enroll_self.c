/* The first authenticator, enrolled by its person alone: in the first login, or by psg-enroll.
 *
 * MUST: ask only whom a first factor has shown: authenticate stands below one, and psg-enroll's program is the person's
 *       (a stack with none above is psgctl doctor's to find; tests/cli/test_doctor.py, test_enrolling_unproven).
 * MUST: hold for the subject's own process or root's alone (tests/pam/self_test.c, nobody_enrols_another).
 * MUST: judge the time since the assignment again, by the policy as it is then, once the code was right
 *       (too_late_while_the_prompt_stood).
 * MUST NOT: tell an answer's fate before the attempt was counted; store anything before a right code. */
#include "module.h"

#define TRIES 3

/* By the policy as it is now. */
static enum psg_err look(struct psg_request *req, struct psg_enrolling *ret)
{
	struct psg_ask ask = psg_request_ask(req);
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = NULL;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_now now;
	enum psg_err err = psg_clock_now(&req->store->clock, &now);

	if (!err && req->phase == PSG_PHASE_AUTH) {
		err = psg_gate_ask(req->store, &ask, &gate);
		return err ? err
			   : psg_enrolling_judge(gate->policy, &gate->assignments, gate,
						 now.realtime_ns / PSG_NS_PER_S, ret);
	}
	if (!err)
		err = psg_policy_open(req->store->root, &policy);
	if (!err)
		err = psg_gate_assignments(policy, &req->subject, &list);
	return err ? err
		   : psg_enrolling_judge(policy, &list, NULL, now.realtime_ns / PSG_NS_PER_S, ret);
}

/* Where somebody else's process asks (su keeps its caller's real uid) it is not the person who would enrol. Root's
 * authenticator is what even_root will ask for: never its first comer's. */
static bool is_the_person(const struct psg_request *req)
{
	return req->subject.uid != 0 && req->subject.uid != (uid_t)-1 &&
	       psg_request_apart(req) == PSG_NOT_APART;
}

/* What conceals must not show who has none; what refuses nobody asks nobody. */
static bool is_the_place(const struct psg_request *req)
{
	return req->phase == PSG_PHASE_CHAUTHTOK ||
	       (req->phase == PSG_PHASE_AUTH && !req->args.conceal && !req->args.permissive);
}

enum psg_err psg_self_allowed(struct psg_request *req, int64_t *ret_assigned_s)
{
	struct psg_enrolling standing = {0};
	enum psg_err err =
	    is_the_person(req) && is_the_place(req) ? look(req, &standing) : PSG_ERR_NOT_ENROLLED;

	if (err)
		return err;
	if (standing.since_s == 0) {
		req->enroll_ended_s = standing.ends_s;
		return PSG_ERR_NOT_ENROLLED;
	}
	err = psg_people_self_open(req->store, req->subject.name, standing.since_s);
	req->enroll_taken = err == PSG_ERR_NOT_ENROLLED;
	if (!err)
		*ret_assigned_s = standing.since_s;
	return err;
}

/* -- enrolling -- */

struct enrolment {
	struct psg_request *req;
	int64_t assigned_s;
	struct psg_gate_settings settings;
	struct psg_credential credential;
};

static void enrolment_clear(struct enrolment *enrolment)
{
	psg_gate_settings_clear(&enrolment->settings);
	psg_credential_clear(&enrolment->credential);
}

static enum psg_err recheck(void *arg)
{
	struct enrolment *enrolment = arg;
	struct psg_enrolling standing;
	enum psg_err err = look(enrolment->req, &standing);

	return err ? err : standing.since_s == enrolment->assigned_s ? PSG_OK : PSG_ERR_STALE;
}

static enum psg_err prepare(struct enrolment *enrolment)
{
	struct psg_request *req = enrolment->req;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	uint64_t count;
	enum psg_err err = psg_policy_open(req->store->root, &policy);

	if (!err)
		err = psg_policy_settings(policy, &enrolment->settings);
	if (!err)
		err = psg_attempts_look(req->store, req->subject.name, psg_request_apart(req),
					&enrolment->settings.throttle, &count, &req->wait_ns);
	/* Nobody scans a key whose code would not be looked at. */
	if (!err && req->wait_ns > 0)
		err = PSG_ERR_THROTTLED;
	if (!err)
		err = psg_new_credential(req, &enrolment->credential);
	if (!err)
		psg_self_id(enrolment->assigned_s, enrolment->credential.id);
	return err;
}

static enum psg_err try_once(struct enrolment *enrolment, bool again,
			     char code[static PSG_CODE_DIGITS_MAX + 1])
{
	struct psg_request *req = enrolment->req;
	enum psg_err err = psg_ask_new(req, &enrolment->credential, again, code);
	const struct psg_self self = {
	    .subject = req->subject.name,
	    .credential = &enrolment->credential,
	    .code = code,
	    .apart = psg_request_apart(req),
	    .throttle = &enrolment->settings.throttle,
	    .window_steps = enrolment->settings.window_steps,
	    .recheck = recheck,
	    .recheck_arg = enrolment,
	};

	return err ? err : psg_people_enroll_self(req->store, &self, &req->wait_ns);
}

enum psg_err psg_self_enroll(struct psg_request *req, int64_t assigned_s,
			     char code[static PSG_CODE_DIGITS_MAX + 1])
{
	struct enrolment enrolment PSG_CLEANUP(enrolment_clear) = {.req = req,
								   .assigned_s = assigned_s};
	enum psg_err err = prepare(&enrolment);

	if (err)
		return err;
	psg_tell(req, "Enrol your authenticator: scan this with its app.");
	psg_show_new(req, &enrolment.credential, enrolment.settings.issuer);
	/* Again with the same key: another one would make what was just scanned useless. */
	for (int i = 0; i < TRIES; i++) {
		err = try_once(&enrolment, i > 0, code);
		if ((err != PSG_ERR_WRONG_CODE && err != PSG_ERR_MALFORMED) || i == TRIES - 1)
			break;
		psg_report(req, psg_report_kind(err), NULL, psg_strerror(err));
	}
	if (err)
		return err;
	psg_report_enrolled(req, enrolment.credential.id, "by the person alone");
	psg_tell(req, "Your authenticator is enrolled.");
	return PSG_OK;
}
