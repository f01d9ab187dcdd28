/* Text records, see psg/record.h.
 * MUST accept exactly what the writer writes (record_text_is_canonical in tests/store/activation_test.c):
 * two texts for one content would be two seals for one activation. */
#include "psg/record.h"

#include <inttypes.h>
#include <string.h>

#include "psg/text.h"

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e && c != '%';
}

void psg_record_begin(struct psg_buf *out, const char *kind)
{
	psg_buf_format(out, "psg-%s 1\n", kind);
}

void psg_record_put_text(struct psg_buf *out, const char *key, const char *value)
{
	psg_buf_format(out, "%s ", key);
	for (; *value != '\0'; value++) {
		if (is_plain((unsigned char)*value))
			psg_buf_put(out, value, 1);
		else
			psg_buf_format(out, "%%%02X", (unsigned char)*value);
	}
	psg_buf_put(out, "\n", 1);
}

void psg_record_put_u64(struct psg_buf *out, const char *key, uint64_t value)
{
	psg_buf_format(out, "%s %" PRIu64 "\n", key, value);
}

void psg_record_put_hex(struct psg_buf *out, const char *key, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	psg_buf_format(out, "%s ", key);
	for (size_t i = 0; i < len; i++)
		psg_buf_format(out, "%02x", byte[i]);
	psg_buf_put(out, "\n", 1);
}

static void spoil(struct psg_record *record, enum psg_err err)
{
	if (record->err == PSG_OK)
		record->err = err;
}

void psg_record_open(struct psg_record *record, const char *text, const char *kind)
{
	static const char prefix[] = "psg-";
	size_t kind_len = strlen(kind);
	char number[24];
	const char *at = text, *end;
	uint64_t version;

	record->at = text;
	record->err = PSG_ERR_CORRUPT;
	if (strncmp(at, prefix, sizeof(prefix) - 1) != 0)
		return;
	at += sizeof(prefix) - 1;
	if (strncmp(at, kind, kind_len) != 0 || at[kind_len] != ' ')
		return;
	at += kind_len + 1;
	end = strchr(at, '\n');
	if (end == NULL || (size_t)(end - at) >= sizeof(number))
		return;
	memcpy(number, at, (size_t)(end - at));
	number[end - at] = '\0';
	if (psg_u64_parse(number, &version) != PSG_OK || version == 0)
		return;
	record->err = version == 1 ? PSG_OK : PSG_ERR_VERSION;
	record->at = end + 1;
}

bool psg_record_next_is(const struct psg_record *record, const char *key)
{
	size_t len = strlen(key);

	return record->err == PSG_OK && strncmp(record->at, key, len) == 0 &&
	       record->at[len] == ' ';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One character of a value; -1 for what the writer would not have written. */
static int next_byte(const char **at)
{
	const char *p = *at;
	int high, low, c;

	if (is_plain((unsigned char)*p)) {
		*at = p + 1;
		return *p;
	}
	if (*p != '%')
		return -1;
	high = hex_digit(p[1]);
	low = high < 0 ? -1 : hex_digit(p[2]);
	if (low < 0)
		return -1;
	c = high * 16 + low;
	if (c == 0 || is_plain((unsigned char)c))
		return -1;
	*at = p + 3;
	return c;
}

void psg_record_get_text(struct psg_record *record, const char *key, char *out, size_t size)
{
	const char *at;
	size_t len = 0;

	out[0] = '\0';
	if (!psg_record_next_is(record, key)) {
		spoil(record, PSG_ERR_CORRUPT);
		return;
	}
	at = record->at + strlen(key) + 1;
	while (*at != '\n') {
		int c = next_byte(&at);

		if (c < 0 || len + 1 >= size) {
			spoil(record, PSG_ERR_CORRUPT);
			out[0] = '\0';
			return;
		}
		out[len++] = (char)c;
	}
	out[len] = '\0';
	record->at = at + 1;
}

uint64_t psg_record_get_u64(struct psg_record *record, const char *key, uint64_t max)
{
	char text[24];
	uint64_t value = 0;

	psg_record_get_text(record, key, text, sizeof(text));
	if (record->err != PSG_OK)
		return 0;
	if (psg_u64_parse(text, &value) != PSG_OK || value > max) {
		spoil(record, PSG_ERR_CORRUPT);
		return 0;
	}
	return value;
}

void psg_record_get_hex(struct psg_record *record, const char *key, void *ret_bytes, size_t len)
{
	char text[2 * 64 + 1];
	enum psg_err err = PSG_ERR_CORRUPT;

	memset(ret_bytes, 0, len);
	psg_record_get_text(record, key, text, sizeof(text));
	if (record->err == PSG_OK && len <= 64)
		err = psg_hex_decode(text, ret_bytes, len);
	/* The writer's digits are lower-case; a decoder may be more generous. */
	if (err != PSG_OK || strpbrk(text, "ABCDEF") != NULL) {
		memset(ret_bytes, 0, len);
		spoil(record, PSG_ERR_CORRUPT);
	}
}

enum psg_err psg_record_end(const struct psg_record *record)
{
	if (record->err != PSG_OK)
		return record->err;
	return *record->at == '\0' ? PSG_OK : PSG_ERR_CORRUPT;
}
