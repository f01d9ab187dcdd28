/* The sealing key of a store and what it is used for. Memory that held it is wiped. */
#ifndef PSG_KEY_H
#define PSG_KEY_H

#include "psg/base.h"

#define PSG_SEAL_EXTRA 41 /* version byte, nonce, authentication tag */
#define PSG_MAC_SIZE 32

struct
    psg_key; /* opaque; in sodium_malloc'ed or mlocked memory where possible, never in a core dump */

/* Reads a key file: judged on the open handle (plain file, owner, mode 0600 or 0400, O_NOFOLLOW).
 * Errors: KEY (missing, malformed), VERSION, UNSAFE, ACCESS, LIMIT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_key_read(const char *path, uid_t owner, struct psg_key **ret);
/* The text of a key file: `len` bytes. Errors: KEY, VERSION, NO_MEMORY. */
#define PSG_KEY_TEXT_SIZE 75
PSG_MUST_CHECK
enum psg_err psg_key_parse(const char *text, size_t len, struct psg_key **ret);
/* Makes a key file with a fresh random key, durably, 0600. Errors: EXISTS (left as it is), … */
PSG_MUST_CHECK
enum psg_err psg_key_make(const char *path);
/* Makes one with this text, which psg_key_parse has accepted. Errors: as psg_key_make. */
PSG_MUST_CHECK
enum psg_err psg_key_put(const char *path, const char text[static PSG_KEY_TEXT_SIZE]);
/* A random key in memory, for tests. */
PSG_MUST_CHECK
enum psg_err psg_key_random(struct psg_key **ret);
void psg_key_free(struct psg_key **key);

/* XChaCha20-Poly1305 with a random nonce. `context` is authenticated, not stored: a sealed record
 * moved to another name does not open. out holds len + PSG_SEAL_EXTRA. */
PSG_MUST_CHECK
enum psg_err psg_key_seal(const struct psg_key *key, const char *context, const void *plain,
			  size_t len, void *out);
/* Errors: CORRUPT (wrong key, context, or bytes), VERSION. ret holds len - PSG_SEAL_EXTRA. */
PSG_MUST_CHECK
enum psg_err psg_key_open(const struct psg_key *key, const char *context, const void *sealed,
			  size_t len, void *ret);
/* BLAKE2b keyed over context, NUL and bytes. */
PSG_MUST_CHECK
enum psg_err psg_key_mac(const struct psg_key *key, const char *context, const void *bytes,
			 size_t len, uint8_t ret[static PSG_MAC_SIZE]);
/* Tells keys apart and says nothing of them: 16 hexadecimal digits. */
#define PSG_FINGERPRINT_SIZE 17
PSG_MUST_CHECK
enum psg_err psg_key_fingerprint(const struct psg_key *key, char ret[static PSG_FINGERPRINT_SIZE]);
/* Constant time. */
bool psg_mac_equal(const uint8_t a[static PSG_MAC_SIZE], const uint8_t b[static PSG_MAC_SIZE]);

/* Random bytes from libsodium. */
void psg_random(void *ret, size_t len);
/* Wipes, not optimised away. */
void psg_wipe(void *bytes, size_t len);

#endif
