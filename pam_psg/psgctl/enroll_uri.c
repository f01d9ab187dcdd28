/* otpauth://totp/ISSUER:USER?… as Google Authenticator's Key Uri Format has it. */
#include <string.h>
#include <unistd.h>

#include "enroll.h"

/* RFC 3986 section 2.3; a '+' for a space is not universally undone, so spaces are %20. */
static void put_encoded(struct psg_buf *out, const char *text)
{
	static const char unreserved[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		if (strchr(unreserved, *text))
			psg_buf_put(out, text, 1);
		else
			psg_buf_format(out, "%%%02X", (unsigned char)*text);
	}
}

enum ctl_exit enroll_uri(struct enroll *enroll)
{
	const struct psg_credential *credential = &enroll->credential;
	struct psg_buf uri PSG_CLEANUP(psg_buf_clear) = {0};
	char host[256] = "";
	const char *issuer = enroll->settings.issuer;

	if (!*issuer) {
		if (gethostname(host, sizeof(host) - 1) || !*host)
			strcpy(host, "localhost");
		issuer = host;
	}
	psg_buf_text(&uri, "otpauth://totp/");
	put_encoded(&uri, issuer);
	psg_buf_text(&uri, ":");
	put_encoded(&uri, enroll->subject.name);
	psg_buf_format(&uri, "?secret=%s&issuer=", enroll->base32);
	put_encoded(&uri, issuer);
	psg_buf_format(&uri, "&algorithm=%s&digits=%u&period=%u",
		       psg_algorithm_name(credential->algorithm), credential->digits,
		       credential->period_s);
	if (uri.failed || uri.len >= sizeof(enroll->uri)) {
		ctl_error(enroll->ctl, "the otpauth URI would be too long; shorten the issuer");
		return CTL_INVALID;
	}
	memcpy(enroll->uri, uri.data, uri.len + 1);
	return CTL_DONE;
}
