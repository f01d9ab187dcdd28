/* Recovery codes at the door: taken at the same prompt as an authenticator's, and never quietly. */
#include "module.h"

enum psg_err psg_take_code(struct psg_request *req, const char *answer,
			   char code[static PSG_ANSWER_SIZE])
{
	enum psg_err err = psg_answer_normalize(answer, code);

	req->recovery_given = !err && psg_recovery_form(code);
	return err;
}

void psg_say_recovery(struct psg_request *req, const struct psg_activation *made)
{
	struct psg_recovery recovery = {.count = 0};
	char left[PSG_RECOVERY_LEFT_SIZE] = "how many are left cannot be read";

	if (!psg_recovery_opened(made->file))
		return;
	if (psg_recovery_look(req->store, req->subject.name, &recovery) == PSG_OK)
		psg_recovery_left_format(recovery.left, left);
	psg_report(req, PSG_EVENT_RECOVERY_USED, made->valid ? made : NULL, left);
	if (recovery.left > PSG_RECOVERY_FEW)
		psg_tell_refusal(req,
				 "A recovery code was spent: %s. Cross it out. If your device is "
				 "lost, tell your administrator.",
				 left);
	else
		psg_tell_refusal(req,
				 "A recovery code was spent: %s. Ask your administrator for new "
				 "ones: psgctl recovery %s",
				 left, req->subject.name);
}
