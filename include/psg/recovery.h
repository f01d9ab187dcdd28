/* Recovery codes: a sheet of paper for the day the device is lost.
 *
 * A set is ten codes of 50 random bits, each good once in the place of an authenticator's code. They are kept as
 * hashes: whoever reads the store and has its key learns every TOTP secret, but no code of a sheet. All hashes of
 * a set share one salt, so that a login costs one hashing and not ten. The hash is Argon2id (RFC 9106) with 9 MiB and
 * 4 passes, one of the equal choices of OWASP's Password Storage Cheat Sheet, and of those one with little memory: it
 * is made inside sshd and su, under the caller's RLIMIT_AS, where a failed allocation refuses (NO_MEMORY). 50 bits
 * behind it need no more. Codes of 8 digits, carried over from elsewhere (psgctl import), are kept alike, though
 * whoever has the key can search those; they are looked for only where no authenticator matches.
 *
 * A code spent is the name spent/recovery-SET-N, made with O_EXCL as any other (psg/people.h). SET is random: a new
 * set is not touched by what was spent of an older one, nor does anything make a code of an older one good. */
#ifndef PSG_RECOVERY_H
#define PSG_RECOVERY_H

#include "psg/people.h"

#define PSG_RECOVERY_COUNT 10      /* of a fresh set */
#define PSG_RECOVERY_MAX 16        /* of a set */
#define PSG_RECOVERY_CHARS 10      /* of a code without its dash: 5 bits each */
#define PSG_RECOVERY_SHOWN_SIZE 12 /* "7K2QX-M9T4D", NUL */
#define PSG_RECOVERY_LEFT_SIZE 64
#define PSG_RECOVERY_FEW 2 /* so many left, or fewer: time for new ones */
#define PSG_RECOVERY_SALT_SIZE 16
#define PSG_RECOVERY_HASH_SIZE 32
#define PSG_ANSWER_SIZE (PSG_RECOVERY_CHARS + 1) /* a code of either kind, normalized */

/* -- the form -- */

/* A fresh random code as it is shown: two groups of five in Crockford's base32 (no I, L, O, U). */
void psg_recovery_code(char out[static PSG_RECOVERY_SHOWN_SIZE]);
/* An answer to a prompt for a code: what psg_code_normalize takes, or a recovery code in capitals without its dash.
 * Small letters, dashes and spaces are accepted, O for 0, I and L for 1. No TOTP code has ten characters, so that
 * the form alone tells one from the other. Errors: MALFORMED. Never looks at a secret. */
PSG_MUST_CHECK
enum psg_err psg_answer_normalize(const char *answer, char out[static PSG_ANSWER_SIZE]);
/* Whether a normalized answer has the form of a recovery code. */
bool psg_recovery_form(const char *code);
/* The hash of a normalized code. Errors: NO_MEMORY, INVALID (passes or memory out of bounds), IO. */
PSG_MUST_CHECK
enum psg_err psg_recovery_hash(const char *code, const uint8_t salt[static PSG_RECOVERY_SALT_SIZE],
			       uint32_t passes, uint32_t memory_kib,
			       uint8_t ret[static PSG_RECOVERY_HASH_SIZE]);
/* "1 recovery code is left", for people and the log. */
void psg_recovery_left_format(size_t left, char out[static PSG_RECOVERY_LEFT_SIZE]);
/* Whether the activation of this name in spent/ was opened by a recovery code. */
bool psg_recovery_opened(const char *file);

/* -- a person's -- */

struct psg_recovery {
	char id[PSG_CREDENTIAL_ID_SIZE]; /* of the set; "" where there is none */
	int64_t created_realtime_s;
	size_t count, left; /* 0: there is none */
};

/* Puts a set of normalized codes in the place of the one there is, durably. Makes the folder.
 * Errors: INVALID (more than PSG_RECOVERY_MAX, none, or not a code), NO_MEMORY, store's. */
PSG_MUST_CHECK
enum psg_err psg_recovery_put(struct psg_store *store, const char *subject,
			      const char *const *codes, size_t count);
/* What there is and how much of it is left. Errors: CORRUPT (it does not open with this key), store's. */
PSG_MUST_CHECK
enum psg_err psg_recovery_look(struct psg_store *store, const char *subject,
			       struct psg_recovery *ret);
/* Removes the set durably; *ret_removed: there was one. What was spent of it stays spent. Errors: store's. */
PSG_MUST_CHECK
enum psg_err psg_recovery_remove(struct psg_store *store, const char *subject, bool *ret_removed);
/* Has the person anything to answer a prompt with? *ret_digits is those of an authenticator's code, 0 where recovery
 * codes are all there is. Errors: NOT_ENROLLED, CORRUPT (nothing of what is there opens), store's. */
PSG_MUST_CHECK
enum psg_err psg_people_can_answer(struct psg_store *store, const char *subject,
				   size_t *ret_digits);

#endif
