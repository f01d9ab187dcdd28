/* chauthtok: enrols or replaces the person's authenticator from inside a conversation.
 *
 * MUST: store nothing before one code of the new secret was right (tests/pam/enroll_test.c).
 * MUST: ask a code of the old authenticator, or a recovery code, before it is replaced, unless root asks.
 * MUST NOT: log the secret, nor leave it in memory. */
#include <string.h>
#include <unistd.h>

#include "module.h"

static enum psg_err claim(struct psg_request *req, const char *code)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	enum psg_err err = psg_policy_open(req->store->root, &policy);

	if (!err)
		err = psg_policy_settings(policy, &settings);
	if (err)
		return err;
	struct psg_claim what = {
	    .subject = req->subject.name,
	    .code = code,
	    .apart = psg_request_apart(req),
	    .throttle = &settings.throttle,
	    .window_steps = settings.window_steps,
	};

	struct psg_activation spent = {.valid = false};

	err = psg_people_claim(req->store, &what, &spent, &req->wait_ns);
	if (!err)
		psg_say_recovery(req, &spent);
	return err;
}

/* Whoever replaces one must be let: by an old code, by a recovery code, or by being root. */
static enum psg_err prove(struct psg_request *req, const struct psg_credentials *old)
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	char code[PSG_ANSWER_SIZE] = "";
	enum psg_err err =
	    psg_prompt(req, false,
		       old->count ? "Code of your present authenticator, or a recovery code: "
				  : "Recovery code: ",
		       &answer);

	if (!err)
		err = psg_take_code(req, answer, code);
	if (!err)
		err = claim(req, code);
	psg_wipe(code, sizeof(code));
	return err;
}

static enum psg_err confirm(struct psg_request *req, const struct psg_credential *credential,
			    char code[static PSG_CODE_DIGITS_MAX + 1])
{
	struct psg_now now;
	uint64_t step;
	enum psg_err err = psg_ask_new(req, credential, false, code);

	if (!err)
		err = psg_clock_now(&req->store->clock, &now);
	return err ? err
		   : psg_totp_match(credential, now.realtime_ns / PSG_NS_PER_S, 1, false, 0, code,
				    &step);
}

static enum psg_err replace(struct psg_request *req, const struct psg_credential *credential,
			    const struct psg_credentials *old)
{
	size_t removed;
	enum psg_err err = psg_people_enroll(req->store, req->subject.name, credential);

	for (size_t i = 0; i < old->count && !err; i++)
		err =
		    psg_people_unenroll(req->store, req->subject.name, old->items[i].id, &removed);
	if (!err)
		psg_report_enrolled(req, credential->id, old->count ? "replacing" : NULL);
	return err;
}

/* Where no policy was ever deployed the host's name stands for the issuer. */
static void show(struct psg_request *req, const struct psg_credential *credential)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	enum psg_err err = psg_policy_open(req->store->root, &policy);

	if (!err)
		err = psg_policy_settings(policy, &settings);
	psg_show_new(req, credential, err ? "" : settings.issuer);
}

static enum psg_err enroll_anew(struct psg_request *req, const struct psg_credentials *old,
				char code[static PSG_CODE_DIGITS_MAX + 1])
{
	struct psg_credential credential PSG_CLEANUP(psg_credential_clear) = {0};
	enum psg_err err = getuid() == 0 ? PSG_OK : prove(req, old);

	if (!err)
		err = psg_new_credential(req, &credential);
	if (err)
		return err;
	show(req, &credential);
	err = confirm(req, &credential, code);
	return err ? err : replace(req, &credential, old);
}

enum psg_err psg_enroll(struct psg_request *req)
{
	struct psg_credentials old PSG_CLEANUP(psg_credentials_clear) = {0};
	char code[PSG_CODE_DIGITS_MAX + 1] = "";
	int64_t assigned_s = 0;
	size_t digits;
	enum psg_err err = psg_people_credentials(req->store, req->subject.name, &old);

	if (!err && getuid() != 0 && old.count + old.unreadable == 0) {
		err = psg_self_allowed(req, &assigned_s);
		/* Recovery codes are for just this: the device is gone. */
		if (err == PSG_ERR_NOT_ENROLLED)
			err = psg_people_can_answer(req->store, req->subject.name, &digits);
	}
	if (!err)
		err = assigned_s ? psg_self_enroll(req, assigned_s, code)
				 : enroll_anew(req, &old, code);
	/* The code that confirmed opens nothing any more. */
	if (!err)
		(void)!claim(req, code);
	psg_wipe(code, sizeof(code));
	return err;
}
