/* How a new credential reaches an app: its URI, and the URI as a picture of text. */
#ifndef PSG_OTPAUTH_H
#define PSG_OTPAUTH_H

#include "psg/bytes.h"
#include "psg/totp.h"

/* Appends otpauth://totp/ISSUER:USER?secret=… (Google Authenticator's Key Uri Format). `issuer` "" stands for the host
 * name. `brief`: without what every app takes for granted and the issuer's second place, so that its picture is small. */
void psg_otpauth_uri(const struct psg_credential *credential, const char *issuer, const char *user,
		     bool brief, struct psg_buf *out);

/* The modules of a QR code, as libqrencode has them: row by row, bit 0 of each is dark. */
struct psg_qr {
	const unsigned char *modules;
	int width;
	int quiet; /* modules of quiet zone on each side; ISO/IEC 18004 wants 4 */
};

bool psg_qr_dark(const struct psg_qr *qr, int x, int y); /* counted from the quiet zone's corner */
/* Appends rows y and y + 1 as one line of UTF-8 half blocks: what is light is drawn in the foreground's colour, what is
 * dark in the background's. */
void psg_qr_line(const struct psg_qr *qr, int y, struct psg_buf *out);

#endif
