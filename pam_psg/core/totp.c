/* TOTP (RFC 6238) through liboath: codes of steps, and whether an answer is one of them.
 *
 * MUST compute and compare every step of the window, whatever matches      (totp_test: window_*)
 * MUST compare in constant time                                            (sodium_memcmp below)
 * MUST NOT accept a step at or below the highest spent                     (totp_test: spent_*)
 * MUST NOT leave a secret or a code in memory that is given back           (every local is wiped)
 */
#include "psg/totp.h"

#include <liboath/oath.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "psg/key.h"

static pthread_once_t oath_once = PTHREAD_ONCE_INIT;
static int oath_state = -1;

static void start_oath(void)
{
	oath_state = oath_init();
}

void psg_credential_clear(struct psg_credential *credential)
{
	psg_wipe(credential, sizeof(*credential));
}

void psg_credentials_clear(struct psg_credentials *list)
{
	if (list->items)
		psg_wipe(list->items, list->count * sizeof(*list->items));
	free(list->items);
	*list = (struct psg_credentials){0};
}

uint64_t psg_totp_step(const struct psg_credential *credential, int64_t realtime_s)
{
	if (realtime_s < 0 || credential->period_s == 0)
		return 0;
	return (uint64_t)realtime_s / credential->period_s;
}

static bool credential_usable(const struct psg_credential *credential)
{
	return credential->digits >= PSG_CODE_DIGITS_MIN &&
	       credential->digits <= PSG_CODE_DIGITS_MAX && credential->period_s > 0 &&
	       credential->secret_len > 0 && credential->secret_len <= PSG_SECRET_MAX;
}

static bool hash_flags(enum psg_algorithm algorithm, int *ret)
{
	switch (algorithm) {
	case PSG_SHA1:
		*ret = 0;
		return true;
	case PSG_SHA256:
		*ret = OATH_TOTP_HMAC_SHA256;
		return true;
	case PSG_SHA512:
		*ret = OATH_TOTP_HMAC_SHA512;
		return true;
	}
	return false;
}

enum psg_err psg_totp_code(const struct psg_credential *credential, uint64_t step,
			   char out[static PSG_CODE_DIGITS_MAX + 1])
{
	char code[PSG_CODE_DIGITS_MAX + 1] = "";
	int flags, result;

	if (!credential_usable(credential) || !hash_flags(credential->algorithm, &flags) ||
	    step > (uint64_t)INT64_MAX / credential->period_s)
		return PSG_ERR_INVALID;
	if (pthread_once(&oath_once, start_oath) != 0 || oath_state != OATH_OK)
		return PSG_ERR_NO_MEMORY;
	result = oath_totp_generate2((const char *)credential->secret, credential->secret_len,
				     (time_t)(step * credential->period_s), credential->period_s, 0,
				     credential->digits, flags, code);
	if (result == OATH_OK)
		memcpy(out, code, sizeof(code));
	psg_wipe(code, sizeof(code));
	if (result == OATH_OK)
		return PSG_OK;
	return result == OATH_MALLOC_ERROR ? PSG_ERR_NO_MEMORY : PSG_ERR_INVALID;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum psg_err psg_code_normalize(const char *answer, char out[static PSG_CODE_DIGITS_MAX + 1])
{
	char code[PSG_CODE_DIGITS_MAX + 1] = "";
	size_t len = 0, end, gaps = 0;
	bool well = answer != NULL;

	while (well && is_space(*answer))
		answer++;
	end = well ? strlen(answer) : 0;
	while (end > 0 && is_space(answer[end - 1]))
		end--;
	for (size_t i = 0; well && i < end; i++) {
		if (answer[i] == ' ' && gaps++ == 0)
			continue;
		well = answer[i] >= '0' && answer[i] <= '9' && len < PSG_CODE_DIGITS_MAX;
		if (well)
			code[len++] = answer[i];
	}
	well = well && len >= PSG_CODE_DIGITS_MIN;
	if (well)
		memcpy(out, code, sizeof(code));
	psg_wipe(code, sizeof(code));
	return well ? PSG_OK : PSG_ERR_MALFORMED;
}

/* Which steps of the window an answer is right for. */
struct match {
	uint64_t first, last; /* the window */
	bool any, fresh;      /* fresh: one above the highest spent, the lowest of them in `step` */
	uint64_t step;
};

static enum psg_err match_window(const struct psg_credential *credential, bool has_highest,
				 uint64_t highest_spent,
				 const char given[static PSG_CODE_DIGITS_MAX + 1],
				 struct match *match)
{
	enum psg_err err = PSG_OK;

	for (uint64_t step = match->first; step <= match->last && err == PSG_OK; step++) {
		char code[PSG_CODE_DIGITS_MAX + 1] = "";

		err = psg_totp_code(credential, step, code);
		/* Both are filled up with NULs, so another length is another value. */
		bool equal = err == PSG_OK && sodium_memcmp(code, given, sizeof(code)) == 0;
		bool above = !has_highest || step > highest_spent;

		psg_wipe(code, sizeof(code));
		if (equal && above && !match->fresh)
			match->step = step;
		match->fresh |= equal && above;
		match->any |= equal;
	}
	return err;
}

enum psg_err psg_totp_match(const struct psg_credential *credential, int64_t realtime_s,
			    uint32_t window_steps, bool has_highest, uint64_t highest_spent,
			    const char *code, uint64_t *ret_step)
{
	char given[PSG_CODE_DIGITS_MAX + 1] = "";
	struct match match = {0};
	uint64_t now;
	size_t len = strnlen(code, sizeof(given));
	enum psg_err err;

	if (realtime_s < 0)
		return PSG_ERR_CLOCK;
	if (!credential_usable(credential) || window_steps > PSG_WINDOW_STEPS_MAX)
		return PSG_ERR_INVALID;
	if (len < PSG_CODE_DIGITS_MIN || len > PSG_CODE_DIGITS_MAX)
		return PSG_ERR_WRONG_CODE;
	memcpy(given, code, len);
	now = psg_totp_step(credential, realtime_s);
	match.first = now > window_steps ? now - window_steps : 0;
	match.last = now + window_steps;
	err = match_window(credential, has_highest, highest_spent, given, &match);
	psg_wipe(given, sizeof(given));
	if (err != PSG_OK)
		return err;
	if (!match.any)
		return PSG_ERR_WRONG_CODE;
	if (has_highest && highest_spent > match.last)
		return PSG_ERR_STEP_FUTURE;
	if (!match.fresh)
		return PSG_ERR_REPLAYED;
	*ret_step = match.step;
	return PSG_OK;
}

static const char *const algorithm_names[] = {
    [PSG_SHA1] = "SHA1",
    [PSG_SHA256] = "SHA256",
    [PSG_SHA512] = "SHA512",
};

const char *psg_algorithm_name(enum psg_algorithm algorithm)
{
	size_t index = (size_t)algorithm;

	return index < PSG_COUNT(algorithm_names) ? algorithm_names[index] : "unknown";
}

enum psg_err psg_algorithm_parse(const char *name, enum psg_algorithm *ret)
{
	for (size_t i = 0; i < PSG_COUNT(algorithm_names); i++) {
		if (strcmp(name, algorithm_names[i]) == 0) {
			*ret = (enum psg_algorithm)i;
			return PSG_OK;
		}
	}
	return PSG_ERR_INVALID;
}

enum psg_err psg_base32_decode(const char *text, uint8_t *ret, size_t size, size_t *ret_len)
{
	char *bytes = NULL;
	size_t len = 0;
	int result = oath_base32_decode(text, strlen(text), &bytes, &len);
	bool fits = result == OATH_OK && len > 0 && len <= size;

	if (fits) {
		memcpy(ret, bytes, len);
		*ret_len = len;
	}
	if (result == OATH_OK) {
		psg_wipe(bytes, len);
		free(bytes);
	}
	if (result == OATH_MALLOC_ERROR)
		return PSG_ERR_NO_MEMORY;
	return fits ? PSG_OK : PSG_ERR_INVALID;
}

enum psg_err psg_base32_encode(const uint8_t *bytes, size_t len, char *out, size_t size)
{
	char *text = NULL;
	size_t text_len = 0;
	int result = oath_base32_encode((const char *)bytes, len, &text, &text_len);
	size_t kept = text_len;
	bool fits;

	if (result != OATH_OK)
		return result == OATH_MALLOC_ERROR ? PSG_ERR_NO_MEMORY : PSG_ERR_INVALID;
	while (kept > 0 && text[kept - 1] == '=')
		kept--;
	fits = kept < size;
	if (fits) {
		memcpy(out, text, kept);
		out[kept] = '\0';
	}
	psg_wipe(text, text_len);
	free(text);
	return fits ? PSG_OK : PSG_ERR_INVALID;
}
