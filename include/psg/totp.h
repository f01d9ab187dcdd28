/* TOTP (RFC 6238) and HOTP (RFC 4226) through liboath. */
#ifndef PSG_TOTP_H
#define PSG_TOTP_H

#include "psg/base.h"

#define PSG_SECRET_MAX 128        /* bytes; RFC 4226 R6 asks for 16 at least, 20 recommended */
#define PSG_SECRET_MIN 16         /* what enrol accepts from outside */
#define PSG_CREDENTIAL_ID_SIZE 17 /* 16 hexadecimal digits, NUL */
#define PSG_CODE_DIGITS_MIN 6
#define PSG_CODE_DIGITS_MAX 8
#define PSG_WINDOW_STEPS_MAX 2880U /* what psg_totp_match looks at: a day of 30 s, for a drift */

enum psg_algorithm { PSG_SHA1 = 0, PSG_SHA256, PSG_SHA512 };

struct psg_credential {
	char id[PSG_CREDENTIAL_ID_SIZE];
	enum psg_algorithm algorithm;
	uint32_t digits;   /* 6 to 8 */
	uint32_t period_s; /* 5 to 3600, usually 30 */
	int64_t created_realtime_s;
	char label[64]; /* for people: "phone"; may be "" */
	size_t secret_len;
	uint8_t secret[PSG_SECRET_MAX];
};

struct psg_credentials {
	struct psg_credential *items; /* wiped by clear */
	size_t count;
	size_t unreadable; /* files that are there and do not open (wrong key, damaged) */
};

void psg_credential_clear(struct psg_credential *credential); /* wipes */
void psg_credentials_clear(struct psg_credentials *list);

/* The step a time falls into. realtime_s >= 0. */
uint64_t psg_totp_step(const struct psg_credential *credential, int64_t realtime_s);
/* The code of a step into `out` (digits and NUL). Errors: INVALID, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_totp_code(const struct psg_credential *credential, uint64_t step,
			   char out[static PSG_CODE_DIGITS_MAX + 1]);
/* Strips spaces at both ends and one in the middle ("123 456"), then: 6 to 8 ASCII digits.
 * Errors: MALFORMED. Never looks at a secret. */
PSG_MUST_CHECK
enum psg_err psg_code_normalize(const char *answer, char out[static PSG_CODE_DIGITS_MAX + 1]);
/* Whether `code` is right for a step within `window_steps` of now and above `highest_spent`.
 * Every step of the window is computed and compared in constant time, whatever matches.
 * Returns PSG_OK and the lowest such step; REPLAYED when it matches only steps <= highest_spent;
 * STEP_FUTURE when highest_spent lies beyond the window's end and the code matches the window;
 * WRONG_CODE else (also for another number of digits). has_highest false: none was spent.
 * CLOCK for a time before 1970, INVALID for an unusable credential or a window above PSG_WINDOW_STEPS_MAX. */
PSG_MUST_CHECK
enum psg_err psg_totp_match(const struct psg_credential *credential, int64_t realtime_s,
			    uint32_t window_steps, bool has_highest, uint64_t highest_spent,
			    const char *code, uint64_t *ret_step);
const char *psg_algorithm_name(enum psg_algorithm algorithm); /* "SHA1" … */
PSG_MUST_CHECK
enum psg_err psg_algorithm_parse(const char *name, enum psg_algorithm *ret);

/* RFC 4648 base32, spaces and lower case accepted, padding optional. Errors: INVALID. */
PSG_MUST_CHECK
enum psg_err psg_base32_decode(const char *text, uint8_t *ret, size_t size, size_t *ret_len);
/* Upper case without padding; `out` holds size bytes. */
PSG_MUST_CHECK
enum psg_err psg_base32_encode(const uint8_t *bytes, size_t len, char *out, size_t size);

#endif
