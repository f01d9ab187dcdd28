/* The first code, which proves that the app and this host agree. */
#include <string.h>

#include "enroll.h"

#define TRIES 3
#define DRIFT_STEPS 10

/* A device whose clock is wrong is the usual reason; say so while both are at hand. */
static void say_wrong(const struct enroll *enroll, int64_t realtime_s, const char *code)
{
	const struct psg_credential *credential = &enroll->credential;
	uint64_t step;

	if (psg_totp_match(credential, realtime_s, DRIFT_STEPS, false, 0, code, &step)) {
		ctl_error(enroll->ctl, "that code is wrong: wait for the next one, and see that "
				       "the device sets its clock itself");
		return;
	}
	int64_t drift = (int64_t)(step - psg_totp_step(credential, realtime_s));

	ctl_error(enroll->ctl,
		  "that code is right for another time, for the device's clock is about %lld "
		  "seconds %s: let it set its clock by the network, then type the next code",
		  (long long)((drift < 0 ? -drift : drift) * credential->period_s),
		  drift < 0 ? "behind" : "ahead");
}

static enum psg_err try_once(const struct enroll *enroll, char code[static PSG_CODE_DIGITS_MAX + 1])
{
	char answer[CTL_ANSWER_SIZE] PSG_CLEANUP(ctl_answer_wipe) = "";
	struct psg_now now;
	uint64_t step;
	enum psg_err err = ctl_ask("Code the authenticator shows now: ", answer, sizeof(answer));

	if (!err)
		err = psg_code_normalize(answer, code);
	if (err == PSG_ERR_MALFORMED) {
		ctl_error(enroll->ctl, "that is no code: type the %u digits that the device shows",
			  enroll->credential.digits);
		return err;
	}
	if (!err)
		err = psg_clock_now(&enroll->ctl->store->clock, &now);
	if (err)
		return err;
	/* Against the new one alone: a code of the old device proves nothing about this one. */
	err = psg_totp_match(&enroll->credential, now.realtime_ns / PSG_NS_PER_S,
			     enroll->settings.window_steps, false, 0, code, &step);
	if (err == PSG_ERR_WRONG_CODE)
		say_wrong(enroll, now.realtime_ns / PSG_NS_PER_S, code);
	return err;
}

enum ctl_exit enroll_confirm(const struct enroll *enroll, char code[static PSG_CODE_DIGITS_MAX + 1])
{
	for (int i = 0; i < TRIES; i++) {
		enum psg_err err = try_once(enroll, code);

		if (!err)
			return CTL_DONE;
		if (err != PSG_ERR_MALFORMED && err != PSG_ERR_WRONG_CODE) {
			if (err != PSG_ERR_CANCELLED)
				return ctl_store_error(enroll->ctl, "confirming the code", err);
			break;
		}
	}
	ctl_error(enroll->ctl,
		  "not confirmed: nothing was enrolled. Run it again; it shows a new key to scan");
	return CTL_REFUSED;
}
