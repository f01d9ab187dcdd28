/* otpauth://totp/ISSUER:USER?…, and the lines of its picture. */
#include "psg/otpauth.h"

#include <string.h>
#include <unistd.h>

#include "psg/key.h"

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

void psg_otpauth_uri(const struct psg_credential *credential, const char *issuer, const char *user,
		     bool brief, struct psg_buf *out)
{
	char host[256] = "", key[2 * PSG_SECRET_MAX];

	if (!*issuer) {
		if (gethostname(host, sizeof(host) - 1) || !*host)
			strcpy(host, "localhost");
		issuer = host;
	}
	if (psg_base32_encode(credential->secret, credential->secret_len, key, sizeof(key)))
		out->failed = true;
	psg_buf_text(out, "otpauth://totp/");
	put_encoded(out, issuer);
	psg_buf_text(out, ":");
	put_encoded(out, user);
	psg_buf_format(out, "?secret=%s", key);
	psg_wipe(key, sizeof(key));
	if (!brief) {
		psg_buf_text(out, "&issuer=");
		put_encoded(out, issuer);
	}
	if (!brief || credential->algorithm != PSG_SHA1)
		psg_buf_format(out, "&algorithm=%s", psg_algorithm_name(credential->algorithm));
	if (!brief || credential->digits != 6)
		psg_buf_format(out, "&digits=%u", credential->digits);
	if (!brief || credential->period_s != 30)
		psg_buf_format(out, "&period=%u", credential->period_s);
}

bool psg_qr_dark(const struct psg_qr *qr, int x, int y)
{
	x -= qr->quiet;
	y -= qr->quiet;
	return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
	       (qr->modules[y * qr->width + x] & 1);
}

void psg_qr_line(const struct psg_qr *qr, int y, struct psg_buf *out)
{
	static const char *const halves[2][2] = {{"\u2588", "\u2580"}, {"\u2584", " "}};
	int size = qr->width + 2 * qr->quiet;

	for (int x = 0; x < size; x++) {
		/* Below the last row of an odd height lies light. */
		bool below = y + 1 < size && psg_qr_dark(qr, x, y + 1);

		psg_buf_text(out, halves[psg_qr_dark(qr, x, y)][below]);
	}
}
