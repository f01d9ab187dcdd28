/* chauthtok: enrols or replaces the person's authenticator from inside a conversation.
 *
 * MUST: store nothing before one code of the new secret was right (tests/pam/enroll_test.c).
 * MUST: ask a code of the old authenticator before it is replaced, unless root asks.
 * MUST NOT: log the secret, nor leave it in memory. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define SECRET_SIZE 20
#define PROMPT_SIZE 512 /* PAM_MAX_MSG_SIZE */

static enum psg_err new_credential(struct psg_request *req, struct psg_credential *ret)
{
	struct psg_now now;
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];
	enum psg_err err = psg_clock_now(&req->store->clock, &now);

	if (err)
		return err;
	/* SHA1, 6 digits, 30 s: what every phone app takes. */
	*ret = (struct psg_credential){
	    .algorithm = PSG_SHA1,
	    .digits = 6,
	    .period_s = 30,
	    .created_realtime_s = now.realtime_ns / PSG_NS_PER_S,
	    .secret_len = SECRET_SIZE,
	};
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), ret->id);
	psg_random(ret->secret, ret->secret_len);
	return PSG_OK;
}

/* Self-service is the policy's to give: any target of the subject with enrollment Self. */
static enum psg_err self_enrollment(struct psg_request *req, bool *ret)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	bool allowed = false;
	enum psg_err err = psg_policy_open(req->store->root, &policy);

	if (!err)
		err = psg_gate_assignments(policy, &req->subject, &list);
	for (size_t i = 0; i < list.count && !err && !allowed; i++) {
		struct psg_activation_policy rules PSG_CLEANUP(psg_activation_policy_clear) = {0};

		err = psg_policy_activation_policy(policy, list.items[i].kind, list.items[i].target,
						   &rules);
		allowed = !err && rules.enrollment == PSG_ENROLLMENT_SELF;
	}
	*ret = allowed;
	return err;
}

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

static enum psg_err ask(struct psg_request *req, const char *prompt,
			char code[static PSG_ANSWER_SIZE])
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	enum psg_err err = psg_prompt(req, false, prompt, &answer);

	return err ? err : psg_take_code(req, answer, code);
}

/* Whoever enrols must be let: by an old code, by the policy, or by being root. */
static enum psg_err allowed(struct psg_request *req, const struct psg_credentials *old)
{
	char code[PSG_ANSWER_SIZE] = "";
	bool self = false;
	size_t digits;
	enum psg_err err;

	if (getuid() == 0)
		return PSG_OK;
	if (old->count + old->unreadable == 0) {
		err = self_enrollment(req, &self);
		if (err || self)
			return err;
		/* Recovery codes are for just this: the device is gone. */
		err = psg_people_can_answer(req->store, req->subject.name, &digits);
		if (err)
			return err;
	}
	err = ask(req,
		  old->count ? "Code of your present authenticator, or a recovery code: "
			     : "Recovery code: ",
		  code);
	if (!err)
		err = claim(req, code);
	psg_wipe(code, sizeof(code));
	return err;
}

/* The key stands in the prompt: a text of its own would be lost under PAM_SILENT or `quiet`, and the
 * person asked for a code of a key never seen. */
static enum psg_err ask_new(struct psg_request *req, const struct psg_credential *credential,
			    char code[static PSG_ANSWER_SIZE])
{
	char key[2 * PSG_SECRET_MAX], prompt[PROMPT_SIZE];
	enum psg_err err =
	    psg_base32_encode(credential->secret, credential->secret_len, key, sizeof(key));

	if (!err) {
		snprintf(prompt, sizeof(prompt),
			 "Key for your authenticator app (time-based, 6 digits): %s\n"
			 "Code it shows now: ",
			 key);
		err = ask(req, prompt, code);
	}
	psg_wipe(key, sizeof(key));
	psg_wipe(prompt, sizeof(prompt));
	return err;
}

static enum psg_err confirm(struct psg_request *req, const struct psg_credential *credential,
			    char code[static PSG_ANSWER_SIZE])
{
	struct psg_now now;
	uint64_t step;
	enum psg_err err = ask_new(req, credential, code);

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
		psg_report(req, PSG_EVENT_ENROLLED, NULL, credential->id);
	return err;
}

enum psg_err psg_enroll(struct psg_request *req)
{
	struct psg_credentials old PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_credential credential PSG_CLEANUP(psg_credential_clear) = {0};
	char code[PSG_ANSWER_SIZE] = "";
	enum psg_err err = psg_people_credentials(req->store, req->subject.name, &old);

	if (!err)
		err = allowed(req, &old);
	if (!err)
		err = new_credential(req, &credential);
	if (!err)
		err = confirm(req, &credential, code);
	if (!err)
		err = replace(req, &credential, &old);
	/* The code that confirmed opens nothing any more. */
	if (!err)
		(void)!claim(req, code);
	psg_wipe(code, sizeof(code));
	return err;
}
