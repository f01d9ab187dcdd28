/* What is settled before libxml2 sees a byte: UTF-8 throughout, said so or not said.
 *
 * A parser that converts would read other characters than the ones an administrator and a reviewer
 * see, and its positions would no longer be those of the file. */
#include "metadata.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOM "\xEF\xBB\xBF"
#define DECLARATION_MAX 1024U

void psg_xml_locate(const char *bytes, size_t offset, int *ret_line, int *ret_column)
{
	size_t at = offset >= 3 && memcmp(bytes, BOM, 3) == 0 ? 3 : 0;
	int line = 1, column = 1;

	for (; at < offset; at++) {
		if (bytes[at] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)bytes[at] & 0xC0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static enum psg_err refuse(const char *bytes, size_t offset, const char *text,
			   struct psg_xml_fault *ret_fault)
{
	psg_xml_locate(bytes, offset, &ret_fault->line, &ret_fault->column);
	snprintf(ret_fault->text, sizeof(ret_fault->text), "Error parsing file: %s", text);
	ret_fault->remedy = "Save the file as UTF-8.";
	return PSG_ERR_INVALID;
}

static size_t skip_space(const char *bytes, size_t at, size_t end)
{
	while (at < end && strchr(" \t\r\n", bytes[at]))
		at++;
	return at;
}

/* The value of the declaration's encoding; length 0 when it has none (or is none: libxml2 says so). */
static size_t declared(const char *bytes, size_t len, size_t *ret_len)
{
	size_t start = len >= 3 && memcmp(bytes, BOM, 3) == 0 ? 3 : 0;
	size_t end = len < start + DECLARATION_MAX ? len : start + DECLARATION_MAX;
	const char *close, *word;
	size_t at;

	*ret_len = 0;
	if (len < start + 6 || memcmp(bytes + start, "<?xml", 5) != 0)
		return 0;
	close = memmem(bytes + start, end - start, "?>", 2);
	end = close ? (size_t)(close - bytes) : end;
	word = memmem(bytes + start, end - start, "encoding", 8);
	if (!word)
		return 0;
	at = skip_space(bytes, (size_t)(word - bytes) + 8, end);
	if (at >= end || bytes[at] != '=')
		return 0;
	at = skip_space(bytes, at + 1, end);
	if (at >= end || (bytes[at] != '"' && bytes[at] != '\''))
		return 0;
	close = memchr(bytes + at + 1, bytes[at], end - at - 1);
	if (close)
		*ret_len = (size_t)(close - bytes) - at - 1;
	return at + 1;
}

enum psg_err psg_xml_check_encoding(const char *bytes, size_t len, struct psg_xml_fault *ret_fault)
{
	size_t name_len, valid, name;
	const char *nul;
	char text[128];

	if ((len >= 2 &&
	     (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) ||
	    (len >= 4 && memcmp(bytes, "\0\0\xFE\xFF", 4) == 0))
		return refuse(bytes, 0, "the file is UTF-16 or UTF-32, not UTF-8", ret_fault);
	nul = memchr(bytes, '\0', len);
	if (nul)
		return refuse(bytes, (size_t)(nul - bytes), "a NUL byte: the file is no UTF-8 text",
			      ret_fault);
	name = declared(bytes, len, &name_len);
	if (name_len > 0 && !(name_len == 5 && strncasecmp(bytes + name, "UTF-8", 5) == 0)) {
		snprintf(text, sizeof(text), "the encoding \"%.*s\" is not supported, only UTF-8",
			 (int)(name_len < 40 ? psg_utf8_valid(bytes + name, name_len) : 40),
			 bytes + name);
		return refuse(bytes, name, text, ret_fault);
	}
	valid = psg_utf8_valid(bytes, len);
	if (valid < len)
		return refuse(bytes, valid, "a byte sequence that is not UTF-8", ret_fault);
	return PSG_OK;
}
