/* A growable buffer and a bounded reader. */
#include "psg/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and a NUL. */
static bool reserve(struct psg_buf *buf, size_t more)
{
	size_t size = buf->size ? buf->size : 64;
	char *data;

	if (buf->failed)
		return false;
	if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
		buf->failed = true;
		return false;
	}
	while (size < buf->len + more + 1)
		size *= 2;
	if (size == buf->size)
		return true;
	data = malloc(size);
	if (!data) {
		buf->failed = true;
		return false;
	}
	/* Not realloc: records hold secrets, and it may leave a copy where the old block was. */
	if (buf->data) {
		memcpy(data, buf->data, buf->len + 1);
		explicit_bzero(buf->data, buf->size);
		free(buf->data);
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void psg_buf_put(struct psg_buf *buf, const void *bytes, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void psg_buf_text(struct psg_buf *buf, const char *text)
{
	psg_buf_put(buf, text, strlen(text));
}

void psg_buf_format(struct psg_buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)len))
		return;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void psg_buf_u8(struct psg_buf *buf, uint8_t value)
{
	psg_buf_put(buf, &value, 1);
}

static void put_little(struct psg_buf *buf, uint64_t value, size_t len)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	psg_buf_put(buf, bytes, len);
}

void psg_buf_u32(struct psg_buf *buf, uint32_t value)
{
	put_little(buf, value, 4);
}

void psg_buf_u64(struct psg_buf *buf, uint64_t value)
{
	put_little(buf, value, 8);
}

void psg_buf_string(struct psg_buf *buf, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len > UINT32_MAX) {
		buf->failed = true;
		return;
	}
	psg_buf_u32(buf, (uint32_t)len);
	psg_buf_put(buf, text, len);
}

void psg_buf_strings(struct psg_buf *buf, const struct psg_strings *list)
{
	if (list->count > UINT32_MAX) {
		buf->failed = true;
		return;
	}
	psg_buf_u32(buf, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		psg_buf_string(buf, list->items[i]);
}

void psg_buf_clear(struct psg_buf *buf)
{
	if (buf->data) {
		explicit_bzero(buf->data, buf->size);
		free(buf->data);
	}
	*buf = (struct psg_buf){0};
}

static const unsigned char *take(struct psg_reader *reader, size_t len)
{
	const unsigned char *at = reader->at;

	if (reader->failed || len > reader->left) {
		reader->failed = true;
		return NULL;
	}
	if (len == 0)
		return (const unsigned char *)"";
	reader->at += len;
	reader->left -= len;
	return at;
}

static uint64_t take_little(struct psg_reader *reader, size_t len)
{
	const unsigned char *at = take(reader, len);
	uint64_t value = 0;

	for (size_t i = 0; at && i < len; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint8_t psg_read_u8(struct psg_reader *reader)
{
	return (uint8_t)take_little(reader, 1);
}

uint32_t psg_read_u32(struct psg_reader *reader)
{
	return (uint32_t)take_little(reader, 4);
}

uint64_t psg_read_u64(struct psg_reader *reader)
{
	return take_little(reader, 8);
}

char *psg_read_string(struct psg_reader *reader)
{
	uint32_t len = psg_read_u32(reader);
	const unsigned char *at = take(reader, len);
	char *copy;

	/* A NUL inside would make two different records read as one name. */
	if (!at || memchr(at, '\0', len)) {
		reader->failed = true;
		return NULL;
	}
	copy = malloc((size_t)len + 1);
	if (!copy) {
		reader->failed = reader->no_memory = true;
		return NULL;
	}
	memcpy(copy, at, len);
	copy[len] = '\0';
	return copy;
}

void psg_read_strings(struct psg_reader *reader, struct psg_strings *ret)
{
	struct psg_strings list = {0};
	uint32_t count = psg_read_u32(reader);

	/* Each takes four bytes at least: a forged count ends at the record's end. */
	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		char *text PSG_CLEANUP(psg_free_bytes) = psg_read_string(reader);

		if (text && psg_strings_add(&list, text) != PSG_OK)
			reader->failed = reader->no_memory = true;
	}
	if (reader->failed)
		psg_strings_clear(&list);
	psg_strings_clear(ret);
	*ret = list;
}

enum psg_err psg_read_end(const struct psg_reader *reader)
{
	if (reader->no_memory)
		return PSG_ERR_NO_MEMORY;
	return reader->failed || reader->left > 0 ? PSG_ERR_CORRUPT : PSG_OK;
}
