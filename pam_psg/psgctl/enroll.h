/* The steps of `psgctl enroll`: the request, the secret, the URI, the picture, the first code. */
#ifndef PSGCTL_ENROLL_H
#define PSGCTL_ENROLL_H

#include "person.h"

#define ENROLL_BASE32_SIZE 216 /* 128 bytes: 205 characters */
#define ENROLL_URI_SIZE 2048

enum enroll_qr {
	ENROLL_QR_DEFAULT = 0,
	ENROLL_QR_NONE,
	ENROLL_QR_ANSI,
	ENROLL_QR_UTF8,
	ENROLL_QR_SVG
};

struct enroll {
	struct ctl *ctl;
	struct psg_subject subject;
	struct psg_gate_settings settings;
	struct psg_credentials old;
	struct psg_credential credential;
	char base32[ENROLL_BASE32_SIZE];
	char uri[ENROLL_URI_SIZE];
	enum enroll_qr qr;
	bool replace, add, no_confirm;
	bool
	    same_secret; /* --replace with the secret it has: the same credential, with what it has spent */
};

/* The words of the command line, unread. */
struct enroll_words {
	const char *algorithm, *digits, *period, *label, *qr, *secret, *secret_file;
};

void enroll_clear(struct enroll *enroll); /* wipes */

/* Each says what is wrong. */
PSG_MUST_CHECK
enum ctl_exit enroll_parameters(struct enroll *enroll, const struct enroll_words *words);
/* A fresh secret from libsodium, or the given one; credential.id; base32. */
PSG_MUST_CHECK
enum ctl_exit enroll_secret(struct enroll *enroll, const struct enroll_words *words);
/* otpauth://totp/… (Google Authenticator's Key Uri Format). */
PSG_MUST_CHECK
enum ctl_exit enroll_uri(struct enroll *enroll);
/* What the person needs, on stdout. */
PSG_MUST_CHECK
enum ctl_exit enroll_show(const struct enroll *enroll);
/* The QR code of `text` on stdout; `coloured`: with escapes that make it scan on any background. */
PSG_MUST_CHECK
enum psg_err enroll_qr_print(const char *text, enum enroll_qr form, bool coloured);
/* Asks for a code of the new credential alone, three times at most. CTL_REFUSED: none was right; `code` is the one that was. */
PSG_MUST_CHECK
enum ctl_exit enroll_confirm(const struct enroll *enroll,
			     char code[static PSG_CODE_DIGITS_MAX + 1]);

#endif
