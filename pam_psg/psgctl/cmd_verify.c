/* `psgctl verify USER`: is this code right, and how far is the device's clock off? Spends nothing. */
#include <stdio.h>
#include <string.h>

#include "person.h"

#define DRIFT_STEPS 10

struct finding {
	const struct psg_credential *credential; /* NULL: right for none */
	int64_t drift;                           /* in steps; ahead is positive */
	bool within;                             /* the policy's window */
};

static bool look(const struct psg_credentials *list, int64_t now_s, uint32_t window,
		 const char *code, struct finding *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct psg_credential *credential = &list->items[i];
		uint64_t step;

		if (psg_totp_match(credential, now_s, window, false, 0, code, &step))
			continue;
		ret->credential = credential;
		ret->drift = (int64_t)(step - psg_totp_step(credential, now_s));
		return true;
	}
	return false;
}

static enum ctl_exit report(struct ctl *ctl, const char *subject, const struct finding *finding)
{
	const struct psg_credential *found = finding->credential;
	long long off = found ? (long long)finding->drift * found->period_s : 0;
	enum ctl_exit status = finding->within ? CTL_DONE : CTL_REFUSED;

	if (ctl->json) {
		enum ctl_exit printed = ctl_print_json(
		    json_pack("{so sb so so so sb}", "userName", ctl_json_text(subject), "valid",
			      finding->within, "id", found ? ctl_json_text(found->id) : json_null(),
			      "driftSteps", found ? json_integer(finding->drift) : json_null(),
			      "driftSeconds", found ? json_integer(off) : json_null(),
			      "withinWindow", finding->within));

		return printed ? printed : status;
	}
	if (!found)
		printf("Wrong: no authenticator of %s shows that code around this time.\n",
		       ctl_safe(subject));
	else if (finding->drift == 0)
		printf("Right: authenticator %s, no drift.\n", found->id);
	else
		printf("%s: authenticator %s is %lld steps (about %lld seconds) %s%s.\n",
		       finding->within ? "Right" : "Not accepted", found->id,
		       (long long)(finding->drift < 0 ? -finding->drift : finding->drift),
		       off < 0 ? -off : off, off < 0 ? "behind" : "ahead",
		       finding->within ? "" : ", outside the policy's window");
	return status;
}

static enum ctl_exit ask(struct ctl *ctl, char code[static PSG_CODE_DIGITS_MAX + 1])
{
	char answer[CTL_ANSWER_SIZE] PSG_CLEANUP(ctl_answer_wipe) = "";
	char other[PSG_ANSWER_SIZE] = "";
	enum psg_err err = ctl_ask("Code: ", answer, sizeof(answer));

	if (!err)
		err = psg_code_normalize(answer, code);
	if (err == PSG_ERR_MALFORMED && psg_answer_normalize(answer, other) == PSG_OK)
		ctl_error(ctl, "that is a recovery code: it can only be used, not tried; `psgctl "
			       "status` says how many are left");
	else if (err)
		ctl_error(ctl,
			  "no code (%s): give the digits that the device shows, on one line of "
			  "standard input",
			  psg_strerror(err));
	psg_wipe(other, sizeof(other));
	return err ? CTL_REFUSED : CTL_DONE;
}

static enum ctl_exit run(struct ctl *ctl, const char *subject)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	char code[PSG_CODE_DIGITS_MAX + 1] = "";
	struct finding finding = {.credential = NULL};
	struct psg_now now;
	enum ctl_exit status = ctl_gate_settings(ctl, &settings);

	if (status)
		return status;
	enum psg_err err = psg_people_credentials(ctl->store, subject, &list);

	if (err)
		return ctl_store_error(ctl, "reading the authenticators", err);
	if (list.count == 0) {
		if (list.unreadable)
			ctl_error(ctl,
				  "the key does not open the authenticator of %s: restore the key, "
				  "or psgctl enroll %s --replace",
				  ctl_safe(subject), ctl_safe(subject));
		else
			ctl_error_person(ctl, "there is no authenticator to try the code of",
					 subject);
		return CTL_REFUSED;
	}
	status = ask(ctl, code);
	if (status)
		return status;
	err = psg_clock_now(&ctl->store->clock, &now);
	if (err)
		return ctl_store_error(ctl, "reading the clock", err);
	/* First what the module would take: a wide look alone could find a chance match elsewhere. */
	finding.within =
	    look(&list, now.realtime_ns / PSG_NS_PER_S, settings.window_steps, code, &finding);
	if (!finding.within)
		look(&list, now.realtime_ns / PSG_NS_PER_S, DRIFT_STEPS, code, &finding);
	psg_wipe(code, sizeof(code));
	return report(ctl, subject, &finding);
}

enum ctl_exit ctl_verify(struct ctl *ctl)
{
	const char *name;
	struct psg_subject subject;

	if (!ctl_parse(ctl, NULL, &name, 1, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status = ctl_person(ctl, name, &subject);

	if (status)
		return status;
	return ctl_open_store(ctl, true) ? run(ctl, subject.name) : CTL_STORE;
}
