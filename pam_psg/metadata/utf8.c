/* Strict UTF-8: what the files must be, and what messages and JSON may carry on. */
#include "metadata.h"

#include <string.h>

size_t psg_utf8_next(const char *text, size_t left, uint32_t *ret_code)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
	uint32_t code = len == 1 ? at[0] : at[0] & (0xFFU >> (len + 1));

	if (len == 0 || len > left || at[0] > 0xF4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3FU);
	}
	/* A surrogate or an overlong form would be one name with two spellings. */
	if ((len == 3 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) ||
	    (len == 4 && (code < 0x10000 || code > 0x10FFFF)))
		return 0;
	if (ret_code)
		*ret_code = code;
	return len;
}

/* Whether the next eight bytes are ASCII, as nearly all of metadata is. */
static bool ascii_ahead(const char *text, size_t left)
{
	uint64_t bytes;

	if (left < sizeof(bytes))
		return false;
	memcpy(&bytes, text, sizeof(bytes));
	return (bytes & UINT64_C(0x8080808080808080)) == 0;
}

size_t psg_utf8_valid(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t step = ascii_ahead(text + at, len - at)
				  ? sizeof(uint64_t)
				  : psg_utf8_next(text + at, len - at, NULL);

		if (step == 0)
			break;
		at += step;
	}
	return at;
}

size_t psg_utf8_count(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

bool psg_utf8_has_control(const char *text, bool breaks)
{
	size_t left = strlen(text);
	uint32_t code;

	while (left > 0) {
		bool printable = *text >= 0x20 && *text < 0x7F;
		size_t step = printable ? 1 : psg_utf8_next(text, left, &code);

		if (step == 0)
			return true;
		if (printable)
			code = ' ';
		if (breaks && (code == '\t' || code == '\n' || code == '\r'))
			code = ' ';
		if (code < 0x20 || (code >= 0x7F && code <= 0x9F))
			return true;
		text += step;
		left -= step;
	}
	return false;
}

void psg_utf8_snippet(const char *text, char out[static PSG_SNIPPET_SIZE])
{
	size_t len = strlen(text);
	size_t fits = len < PSG_SNIPPET_SIZE ? len : PSG_SNIPPET_SIZE - 4;

	if (fits < len)
		fits = psg_utf8_valid(text, fits);
	memcpy(out, text, fits);
	strcpy(out + fits, fits < len ? "..." : "");
}
