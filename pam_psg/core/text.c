/* Names, escapes, and numbers as text.
 *
 * MUST escape so that untrusted text stays one printable line       (text_test: escape_*)
 * MUST keep a subject's folder name injective and never a path      (text_test: folder_*)
 * MUST NOT look at the locale: isalpha() is the caller's in su      (text_test: names_*)
 */
#include "psg/text.h"

#include <stddef.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#define NAMESPACE_MAX 15U
#define API_NAME_MAX 80U

static bool has_foreign_character(const char *name)
{
	for (; *name; name++)
		if (!is_letter(*name) && !is_digit(*name) && *name != '_')
			return true;
	return false;
}

const char *psg_api_name_fault(const char *name)
{
	const char *rest = strstr(name, "__");
	const char *own = rest ? rest + 2 : name;

	if (has_foreign_character(name))
		return "it holds something other than letters, digits and underscores";
	if (!*own)
		return *name ? "nothing follows its two underscores" : "it is empty";
	if (!is_letter(*name))
		return "it does not begin with a letter";
	if (strstr(own, "__") || *own == '_')
		return "it has two underscores in a row that are not a namespace's";
	if (!is_letter(*own))
		return "it does not begin with a letter after its namespace";
	if (own[strlen(own) - 1] == '_')
		return "it ends with an underscore";
	if (rest && rest - name > (ptrdiff_t)NAMESPACE_MAX)
		return "its namespace, before the two underscores, is longer than 15 characters";
	if (strlen(own) > API_NAME_MAX)
		return "it is longer than 80 characters";
	return NULL;
}

bool psg_api_name_valid(const char *name)
{
	return !psg_api_name_fault(name);
}

bool psg_subject_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= PSG_SUBJECT_SIZE || name[0] == '-' || name[0] == '%')
		return false;
	for (const char *at = name; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == ':')
			return false;
	}
	return true;
}

enum psg_err psg_folder_name(const char *subject, char out[static PSG_FOLDER_NAME_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	char name[PSG_FOLDER_NAME_SIZE];
	size_t len = 0;

	if (!*subject)
		return PSG_ERR_INVALID;
	for (const char *at = subject; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		bool plain = is_letter(*at) || is_digit(*at) || *at == '_' || *at == '-' ||
			     (*at == '.' && at != subject);

		if (len + (plain ? 1 : 3) >= sizeof(name))
			return PSG_ERR_INVALID;
		if (plain) {
			name[len++] = *at;
			continue;
		}
		name[len++] = '%';
		name[len++] = digits[byte >> 4];
		name[len++] = digits[byte & 15];
	}
	memcpy(out, name, len);
	out[len] = '\0';
	return PSG_OK;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum psg_err psg_folder_subject(const char *folder, char out[static PSG_SUBJECT_SIZE])
{
	char subject[PSG_SUBJECT_SIZE], again[PSG_FOLDER_NAME_SIZE];
	size_t len = 0;

	for (const char *at = folder; *at; at++) {
		char c = *at;

		if (c == '%') {
			/* Either case here: the way back below accepts one only. */
			int high = at[1] ? hex_value((char)(at[1] | 0x20)) : -1;
			int low = high >= 0 && at[2] ? hex_value((char)(at[2] | 0x20)) : -1;

			if (low < 0)
				return PSG_ERR_INVALID;
			c = (char)(high * 16 + low);
			at += 2;
		}
		if (c == '\0' || len + 1 >= sizeof(subject))
			return PSG_ERR_INVALID;
		subject[len++] = c;
	}
	subject[len] = '\0';
	if (psg_folder_name(subject, again) != PSG_OK || strcmp(again, folder) != 0)
		return PSG_ERR_INVALID;
	memcpy(out, subject, len + 1);
	return PSG_OK;
}

size_t psg_utf8_decode(const char *text, uint32_t *ret)
{
	const unsigned char *at = (const unsigned char *)text;
	/* RFC 3629: the smallest code point that each length may spell; shorter forms are forgeries. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t point = at[0];

	if (len == 0 || at[0] > 0xf4)
		return 0;
	if (len > 1)
		point &= 0x7fU >> len;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3fU);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret = point;
	return len;
}

bool psg_char_is_unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	       /* line and paragraph separator */
	       point == 0x2028 || point == 0x2029 ||
	       /* bidi marks, embeddings, overrides, isolates: they reorder what a reader sees */
	       point == 0x061c || point == 0x200e || point == 0x200f ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool psg_text_is_plain(const char *text, size_t most)
{
	for (size_t count = 0; *text; count++) {
		uint32_t point = 0;
		size_t len = psg_utf8_decode(text, &point);

		if (len == 0 || psg_char_is_unsafe(point) || count == most)
			return false;
		text += len;
	}
	return true;
}

void psg_show_line(const char *text, char *out, size_t size)
{
	size_t len = 0;
	while (*text != '\0') {
		uint32_t point = 0;
		size_t taken = psg_utf8_decode(text, &point);
		bool plain = taken > 0 && !psg_char_is_unsafe(point);
		size_t needed = plain ? taken : 4;
		if (len + needed + 4 > size) { /* 4: "..." and its end */
			memcpy(out + len, "...", 3);
			len += 3;
			break;
		}
		if (plain) {
			memcpy(out + len, text, taken);
		} else {
			taken = 1;
			memcpy(out + len, "\\x", 2);
			char digits[3];
			psg_hex_encode(text, 1, digits);
			memcpy(out + len + 2, digits, 2);
		}
		len += needed;
		text += taken;
	}
	out[len] = '\0';
}

void psg_escape_line(const char *text, char *out, size_t size)
{
	size_t len = 0, safe = 0; /* safe: where "..." still fits, between two characters */

	if (size < 4) {
		if (size > 0)
			out[0] = '\0';
		return;
	}
	while (*text) {
		char piece[4 * 4 + 1];
		uint32_t point = 0;
		size_t taken = psg_utf8_decode(text, &point), piece_len = taken;

		if (taken == 0 || psg_char_is_unsafe(point) || point == '\\' || point == '"') {
			taken = taken ? taken : 1;
			piece_len = 4 * taken;
			for (size_t i = 0; i < taken; i++) {
				piece[4 * i] = '\\';
				piece[4 * i + 1] = 'x';
				psg_hex_encode(text + i, 1, piece + 4 * i + 2);
			}
		} else {
			memcpy(piece, text, taken);
		}
		if (len + piece_len >= size) {
			memcpy(out + safe, "...", 4);
			return;
		}
		memcpy(out + len, piece, piece_len);
		len += piece_len;
		text += taken;
		if (len + 4 <= size)
			safe = len;
	}
	out[len] = '\0';
}

void psg_hex_encode(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[at[i] >> 4];
		*out++ = digits[at[i] & 15];
	}
	*out = '\0';
}

enum psg_err psg_hex_decode(const char *text, void *ret_bytes, size_t len)
{
	unsigned char *out = ret_bytes;

	if (strlen(text) != 2 * len)
		return PSG_ERR_INVALID;
	for (size_t i = 0; i < 2 * len; i++)
		if (hex_value(text[i]) < 0)
			return PSG_ERR_INVALID;
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)(hex_value(text[2 * i]) * 16 + hex_value(text[2 * i + 1]));
	return PSG_OK;
}

enum psg_err psg_u64_parse(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!is_digit(text[0]) || (text[0] == '0' && text[1]))
		return PSG_ERR_INVALID;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (!is_digit(*text) || value > (UINT64_MAX - digit) / 10)
			return PSG_ERR_INVALID;
		value = value * 10 + digit;
	}
	*ret = value;
	return PSG_OK;
}
