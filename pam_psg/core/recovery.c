/* What a recovery code looks like, and its hash. See psg/recovery.h.
 *
 * MUST tell a recovery code from a code of a device by its form alone  (recovery_code_test: forms)
 * MUST NOT leave a code in memory that is given back                   (every local is wiped)
 */
#include "psg/recovery.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "psg/key.h"

#define OPENED "recovery-"
#define GROUP (PSG_RECOVERY_CHARS / 2)
/* Of a record that somebody sealed: what a login may be made to cost. */
#define PASSES_MAX 16U
#define MEMORY_KIB_MAX (64U * 1024)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void psg_recovery_code(char out[static PSG_RECOVERY_SHOWN_SIZE])
{
	uint8_t random[PSG_RECOVERY_CHARS];
	size_t len = 0;

	psg_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == GROUP)
			out[len++] = '-';
		out[len++] = alphabet[random[i] % (sizeof(alphabet) - 1)];
	}
	out[len] = '\0';
	psg_wipe(random, sizeof(random));
}

/* The letter as the alphabet has it, for what hands and eyes make of it; 0: none of it. */
static char symbol(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

static bool is_gap(char c)
{
	return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n';
}

enum psg_err psg_answer_normalize(const char *answer, char out[static PSG_ANSWER_SIZE])
{
	char code[PSG_ANSWER_SIZE] = "";
	size_t len = 0;
	bool well = answer != NULL;

	if (psg_code_normalize(answer, out) == PSG_OK)
		return PSG_OK;
	for (; well && *answer != '\0'; answer++) {
		if (is_gap(*answer))
			continue;
		char c = symbol(*answer);

		well = c != '\0' && len < PSG_RECOVERY_CHARS;
		if (well)
			code[len++] = c;
	}
	well = well && len == PSG_RECOVERY_CHARS;
	if (well)
		memcpy(out, code, sizeof(code));
	psg_wipe(code, sizeof(code));
	return well ? PSG_OK : PSG_ERR_MALFORMED;
}

bool psg_recovery_form(const char *code)
{
	return strlen(code) == PSG_RECOVERY_CHARS;
}

bool psg_recovery_opened(const char *file)
{
	return strncmp(file, OPENED, sizeof(OPENED) - 1) == 0;
}

void psg_recovery_left_format(size_t left, char out[static PSG_RECOVERY_LEFT_SIZE])
{
	(void)snprintf(out, PSG_RECOVERY_LEFT_SIZE, "%zu recovery code%s left", left,
		       left == 1 ? " is" : "s are");
}

enum psg_err psg_recovery_hash(const char *code, const uint8_t salt[static PSG_RECOVERY_SALT_SIZE],
			       uint32_t passes, uint32_t memory_kib,
			       uint8_t ret[static PSG_RECOVERY_HASH_SIZE])
{
	_Static_assert(PSG_RECOVERY_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "salt");
	if (sodium_init() < 0)
		return PSG_ERR_IO;
	if (passes == 0 || passes > PASSES_MAX || memory_kib > MEMORY_KIB_MAX ||
	    (size_t)memory_kib * 1024 < crypto_pwhash_argon2id_MEMLIMIT_MIN)
		return PSG_ERR_INVALID;
	/* With parameters that hold it can but run out of memory. */
	return crypto_pwhash_argon2id(ret, PSG_RECOVERY_HASH_SIZE, code, strlen(code), salt, passes,
				      (size_t)memory_kib * 1024,
				      crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}
