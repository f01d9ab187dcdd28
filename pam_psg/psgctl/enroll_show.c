/* What the person puts into the app, on stdout and nowhere else. */
#include <stdio.h>
#include <unistd.h>

#include "enroll.h"

static enum ctl_exit show_json(const struct enroll *enroll)
{
	const struct psg_credential *credential = &enroll->credential;

	return ctl_print_json(
	    json_pack("{so so so so so sI sI so so}", "id", ctl_json_text(credential->id),
		      "userName", ctl_json_text(enroll->subject.name), "secret",
		      ctl_json_text(enroll->base32), "uri", ctl_json_text(enroll->uri), "algorithm",
		      ctl_json_text(psg_algorithm_name(credential->algorithm)), "digits",
		      (json_int_t)credential->digits, "period", (json_int_t)credential->period_s,
		      "label", *credential->label ? ctl_json_text(credential->label) : json_null(),
		      "createdDate", ctl_json_time(credential->created_realtime_s)));
}

/* In fours: the form in which people type it over without losing the line. */
static void print_grouped(const char *base32)
{
	for (size_t i = 0; base32[i]; i++) {
		if (i && i % 4 == 0)
			putchar(' ');
		putchar(base32[i]);
	}
}

enum ctl_exit enroll_show(const struct enroll *enroll)
{
	const struct psg_credential *credential = &enroll->credential;

	if (enroll->ctl->json)
		return show_json(enroll);
	enum psg_err err = enroll_qr_print(enroll->uri, enroll->qr, isatty(STDOUT_FILENO));

	if (err) {
		ctl_error(enroll->ctl, "no QR code could be made: %s; try --qr none",
			  psg_strerror(err));
		return CTL_INVALID;
	}
	if (enroll->qr != ENROLL_QR_SVG) {
		printf("User:    %s\nSecret:  ", ctl_safe(enroll->subject.name));
		print_grouped(enroll->base32);
		printf("\nURI:     %s\nType:    TOTP, %s, %u digits, %u seconds\nId:      %s\n",
		       enroll->uri, psg_algorithm_name(credential->algorithm), credential->digits,
		       credential->period_s, credential->id);
	}
	/* Whoever is asked for a code next must have seen this before. */
	return fflush(stdout) == 0 ? CTL_DONE : CTL_STORE;
}
