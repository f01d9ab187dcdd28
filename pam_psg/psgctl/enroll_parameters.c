/* The command line of enroll, read and judged. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enroll.h"

#define PERIOD_MIN_S 5
#define PERIOD_MAX_S 3600

static enum ctl_exit invalid(const struct enroll *enroll, const char *what, const char *given)
{
	ctl_error(enroll->ctl, "%s, not \"%s\"", what, ctl_safe(given));
	return CTL_INVALID;
}

static enum ctl_exit number(const struct enroll *enroll, const char *text, uint32_t least,
			    uint32_t most, const char *what, uint32_t *ret)
{
	uint64_t value;

	if (!text)
		return CTL_DONE;
	if (psg_u64_parse(text, &value) || value < least || value > most)
		return invalid(enroll, what, text);
	*ret = (uint32_t)value;
	return CTL_DONE;
}

static enum ctl_exit parse_qr(struct enroll *enroll, const char *text)
{
	static const char *const names[] = {"", "none", "ansi", "utf8", "svg"};

	for (size_t i = 1; text && i < PSG_COUNT(names); i++) {
		if (!strcmp(text, names[i])) {
			enroll->qr = (enum enroll_qr)i;
			return CTL_DONE;
		}
	}
	if (text)
		return invalid(enroll, "--qr takes ansi, utf8, svg or none", text);
	enroll->qr = isatty(STDOUT_FILENO) && !enroll->ctl->json ? ENROLL_QR_UTF8 : ENROLL_QR_NONE;
	return CTL_DONE;
}

/* Apps that ignore the parameters show codes that are always wrong, and say nothing. */
static void warn_uncommon(const struct enroll *enroll)
{
	const struct psg_credential *credential = &enroll->credential;

	if (credential->algorithm != PSG_SHA1 || credential->digits != 6 ||
	    credential->period_s != 30)
		ctl_warn(enroll->ctl, "some authenticator apps ignore all but SHA1, 6 digits and "
				      "30 seconds; try the first code before you rely on it");
}

enum ctl_exit enroll_parameters(struct enroll *enroll, const struct enroll_words *words)
{
	struct psg_credential *credential = &enroll->credential;
	enum ctl_exit status = CTL_DONE;

	credential->algorithm = PSG_SHA1;
	credential->digits = PSG_CODE_DIGITS_MIN;
	credential->period_s = 30;
	if (words->algorithm && psg_algorithm_parse(words->algorithm, &credential->algorithm))
		return invalid(enroll, "--algorithm takes SHA1, SHA256 or SHA512",
			       words->algorithm);
	status = number(enroll, words->digits, PSG_CODE_DIGITS_MIN, PSG_CODE_DIGITS_MAX,
			"--digits takes 6, 7 or 8", &credential->digits);
	if (!status)
		status = number(enroll, words->period, PERIOD_MIN_S, PERIOD_MAX_S,
				"--period takes 5 to 3600 seconds", &credential->period_s);
	if (!status)
		status = parse_qr(enroll, words->qr);
	if (status)
		return status;
	if (words->label) {
		if (strlen(words->label) >= sizeof(credential->label) ||
		    !psg_text_is_plain(words->label, sizeof(credential->label)))
			return invalid(enroll, "--label takes up to 63 bytes of plain text",
				       words->label);
		strcpy(credential->label, words->label);
	}
	warn_uncommon(enroll);
	return CTL_DONE;
}
