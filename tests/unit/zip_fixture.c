#include "zip_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

static void put16(struct psg_buf *out, unsigned value)
{
	psg_buf_u8(out, (uint8_t)value);
	psg_buf_u8(out, (uint8_t)(value >> 8));
}

static void deflate_raw(const char *bytes, size_t len, struct psg_buf *out)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
	unsigned char room[65536];
	int status = Z_OK;

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	while (status == Z_OK) {
		stream.next_out = room;
		stream.avail_out = sizeof(room);
		status = deflate(&stream, Z_FINISH);
		psg_buf_put(out, room, sizeof(room) - stream.avail_out);
	}
	assert_int_equal(status, Z_STREAM_END);
	deflateEnd(&stream);
}

/* Each piece ends at a byte, so that it can be repeated. */
void zip_build_bomb(size_t megabytes, struct psg_buf *out)
{
	size_t size = 1024 * 1024;
	char *zeros = calloc(1, size), *room = malloc(size);
	z_stream stream = {.next_in = (Bytef *)zeros,
			   .avail_in = (uInt)size,
			   .next_out = (Bytef *)room,
			   .avail_out = (uInt)size};

	assert_true(zeros && room);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FULL_FLUSH), Z_OK);
	while (megabytes-- > 0)
		psg_buf_put(out, room, size - stream.avail_out);
	psg_buf_put(out, "\3\0", 2); /* the last block, empty */
	deflateEnd(&stream);
	free(zeros);
	free(room);
}

/* What both headers share, from the version to the lengths. */
static void put_header(const struct zip_entry *entry, size_t len, size_t packed_len, uint32_t check,
		       size_t name_len, size_t extra_len, struct psg_buf *out)
{
	put16(out, 20);
	put16(out, entry->flags);
	put16(out, entry->method);
	put16(out, 0);
	put16(out, 0x21); /* 1 January 1980 */
	psg_buf_u32(out, check);
	psg_buf_u32(out, (uint32_t)packed_len);
	psg_buf_u32(out, entry->declared ? entry->declared : (uint32_t)len);
	put16(out, (unsigned)name_len);
	put16(out, (unsigned)extra_len);
}

/* Info-ZIP's Unicode Path: what the name is instead. */
static void put_unicode(const struct zip_entry *entry, size_t name_len, struct psg_buf *out)
{
	size_t len = strlen(entry->unicode);

	put16(out, 0x7075);
	put16(out, (unsigned)(5 + len));
	psg_buf_u8(out, 1);
	psg_buf_u32(out, (uint32_t)crc32(0, (const Bytef *)entry->name, (uInt)name_len));
	psg_buf_put(out, entry->unicode, len);
}

static void put_entry(const struct zip_entry *entry, struct psg_buf *out, struct psg_buf *directory)
{
	size_t len = entry->len || !entry->bytes ? entry->len : strlen(entry->bytes);
	size_t name_len = entry->name_len ? entry->name_len : strlen(entry->name);
	uint32_t check = (uint32_t)crc32(0, (const Bytef *)entry->bytes, (uInt)len);
	struct psg_buf packed = {0};
	size_t start = out->len;

	check = (entry->bytes ? check : 0) + entry->wrong_check;
	if (entry->packed)
		psg_buf_put(&packed, entry->packed, entry->packed_len);
	else if (entry->method == 8)
		deflate_raw(entry->bytes, len, &packed);
	else
		psg_buf_put(&packed, entry->bytes, len);
	psg_buf_put(out, "PK\3\4", 4);
	put_header(entry, len, packed.len, check, name_len, 0, out);
	psg_buf_put(out, entry->local ? entry->local : entry->name, name_len);
	psg_buf_put(out, packed.data, packed.len);
	psg_buf_put(directory, "PK\1\2", 4);
	put16(directory, 3 << 8 | 20);
	put_header(entry, len, packed.len, check, name_len,
		   entry->unicode ? 9 + strlen(entry->unicode) : 0, directory);
	put16(directory, 0); /* comment */
	put16(directory, 0);
	put16(directory, 0);
	psg_buf_u32(directory, entry->mode << 16);
	psg_buf_u32(directory, (uint32_t)start);
	psg_buf_put(directory, entry->name, name_len);
	if (entry->unicode)
		put_unicode(entry, name_len, directory);
	psg_buf_clear(&packed);
}

void zip_build(const struct zip_entry *entries, size_t count, struct psg_buf *out)
{
	struct psg_buf directory = {0};
	size_t start;

	for (size_t i = 0; i < count; i++)
		put_entry(&entries[i], out, &directory);
	start = out->len;
	psg_buf_put(out, directory.data, directory.len);
	psg_buf_put(out, "PK\5\6\0\0\0\0", 8);
	put16(out, (unsigned)count);
	put16(out, (unsigned)count);
	psg_buf_u32(out, (uint32_t)directory.len);
	psg_buf_u32(out, (uint32_t)start);
	put16(out, 0);
	assert_false(out->failed || directory.failed);
	psg_buf_clear(&directory);
}

enum psg_err zip_open_source(const void *bytes, size_t len, struct psg_problems *problems,
			     struct psg_source **ret)
{
	int fd = memfd_create("zip", MFD_CLOEXEC);
	char path[32];
	enum psg_err err;

	assert_true(fd >= 0);
	for (size_t at = 0; at < len;) {
		ssize_t put = write(fd, (const char *)bytes + at, len - at);

		assert_true(put > 0);
		at += (size_t)put;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = psg_source_open(path, problems, ret);
	close(fd);
	return err;
}

void zip_read_all(const void *bytes, size_t len, struct psg_problems *problems,
		  struct psg_buf *ret_text)
{
	struct psg_source *source = NULL;

	assert_int_equal(zip_open_source(bytes, len, problems, &source), PSG_OK);
	psg_buf_text(ret_text, "");
	for (size_t i = 0; i < psg_source_count(source); i++) {
		struct psg_buf file = {0};
		bool good = false;

		assert_int_equal(psg_source_read(source, i, problems, &file, &good), PSG_OK);
		if (good)
			psg_buf_format(ret_text, "%s=%s\n", psg_source_path(source, i), file.data);
		psg_buf_clear(&file);
	}
	psg_source_close(&source);
	psg_problems_sort(problems);
}

void zip_expect_bytes(const struct psg_buf *archive, const char *problem)
{
	struct psg_problems problems = {0};
	struct psg_buf text = {0};

	zip_read_all(archive->data, archive->len, &problems, &text);
	fixture_assert_only(&problems, problem);
	assert_string_equal(text.data, "");
	psg_problems_clear(&problems);
	psg_buf_clear(&text);
}

void zip_expect(const struct zip_entry *entries, size_t count, const char *problem)
{
	struct psg_problems problems = {0};
	struct psg_buf archive = {0}, text = {0};

	zip_build(entries, count, &archive);
	zip_read_all(archive.data, archive.len, &problems, &text);
	fixture_assert_only(&problems, problem);
	psg_problems_clear(&problems);
	psg_buf_clear(&archive);
	psg_buf_clear(&text);
}
