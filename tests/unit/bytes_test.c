/* Errors, lists, buffers and the reader. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/bytes.h"

static void errors(void **state)
{
	(void)state;
	for (int err = -1; err <= PSG_ERR_COUNT + 1; err++) {
		const char *text = psg_strerror((enum psg_err)err);

		assert_non_null(text);
		if (err >= 0 && err < PSG_ERR_COUNT)
			assert_string_not_equal(text, "unknown error");
	}
	assert_int_equal(psg_err_from_errno(0), PSG_ERR_IO);
	assert_int_equal(psg_err_from_errno(EIO), PSG_ERR_IO);
	assert_int_equal(psg_err_from_errno(ENOENT), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_err_from_errno(EMFILE), PSG_ERR_LIMIT);
	assert_int_equal(psg_err_from_errno(EDQUOT), PSG_ERR_QUOTA);
	assert_int_equal(psg_err_from_errno(EROFS), PSG_ERR_READ_ONLY);
	assert_int_equal(psg_err_from_errno(EFBIG), PSG_ERR_FILE_LIMIT);
	assert_int_equal(psg_err_from_errno(ENOSPC), PSG_ERR_NO_ROOM);
	assert_int_equal(psg_err_from_errno(EACCES), PSG_ERR_ACCESS);
	/* only ENOENT is "not there", and nothing is "all well" */
	for (int errnum = -1; errnum < 200; errnum++) {
		assert_int_not_equal(psg_err_from_errno(errnum), PSG_OK);
		if (errnum != ENOENT)
			assert_int_not_equal(psg_err_from_errno(errnum), PSG_ERR_NOT_FOUND);
	}
}

static void releases(void **state)
{
	char *text = strdup("x");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = fd;

	(void)state;
	assert_true(fd >= 0);
	errno = EXDEV;
	psg_free_bytes(&text);
	psg_free_bytes(&text);
	psg_close_fd(&fd);
	psg_close_fd(&fd);
	assert_int_equal(errno, EXDEV);
	assert_null(text);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
}

static void lists(void **state)
{
	struct psg_strings list = {0};
	char name[16];

	(void)state;
	psg_strings_sort(&list);
	assert_false(psg_strings_has(&list, "a"));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%d", i * 7 % 100);
		assert_int_equal(psg_strings_add(&list, name), PSG_OK);
	}
	assert_int_equal(list.count, 300);
	psg_strings_sort(&list);
	assert_int_equal(list.count, 100);
	for (size_t i = 1; i < list.count; i++)
		assert_true(strcmp(list.items[i - 1], list.items[i]) < 0);
	assert_true(psg_strings_has(&list, "n99"));
	assert_false(psg_strings_has(&list, "n"));
	assert_false(psg_strings_has(&list, "n990"));
	/* a list that was cut grows again */
	assert_int_equal(psg_strings_add(&list, "\xff"), PSG_OK);
	assert_string_equal(list.items[100], "\xff");
	psg_strings_clear(&list);
	assert_null(list.items);
	psg_strings_clear(&list);
}

/* As others may have made it: no room beyond its count. */
static void list_made_elsewhere(void **state)
{
	struct psg_strings list = {.items = calloc(3, sizeof(char *)), .count = 3};

	(void)state;
	assert_non_null(list.items);
	for (size_t i = 0; i < 3; i++)
		list.items[i] = strdup("x");
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(psg_strings_add(&list, "y"), PSG_OK);
	psg_strings_clear(&list);
}

static void there_and_back(void **state)
{
	struct psg_buf buf = {0};
	struct psg_strings list = {0}, back = {0};
	char *text;

	(void)state;
	assert_int_equal(psg_strings_add(&list, "one"), PSG_OK);
	assert_int_equal(psg_strings_add(&list, ""), PSG_OK);
	assert_int_equal(psg_strings_add(&back, "replaced"), PSG_OK);
	psg_buf_u8(&buf, 0xab);
	psg_buf_u32(&buf, 0x01020304);
	psg_buf_u64(&buf, UINT64_C(0x1122334455667788));
	psg_buf_string(&buf, "text");
	psg_buf_string(&buf, NULL);
	psg_buf_strings(&buf, &list);
	assert_false(buf.failed);
	assert_memory_equal(
	    buf.data, "\xab\x04\x03\x02\x01\x88\x77\x66\x55\x44\x33\x22\x11\x04\0\0\0text", 21);
	struct psg_reader reader = {.at = (unsigned char *)buf.data, .left = buf.len};

	assert_int_equal(psg_read_u8(&reader), 0xab);
	assert_int_equal(psg_read_u32(&reader), 0x01020304);
	assert_true(psg_read_u64(&reader) == UINT64_C(0x1122334455667788));
	text = psg_read_string(&reader);
	assert_string_equal(text, "text");
	free(text);
	text = psg_read_string(&reader);
	assert_string_equal(text, "");
	free(text);
	psg_read_strings(&reader, &back);
	assert_int_equal(back.count, 2);
	assert_string_equal(back.items[0], "one");
	assert_string_equal(back.items[1], "");
	assert_int_equal(reader.left, 0);
	assert_false(reader.failed);
	psg_strings_clear(&list);
	psg_strings_clear(&back);
	psg_buf_clear(&buf);
	psg_buf_clear(&buf);
}

static void buffer_text(void **state)
{
	struct psg_buf buf = {0};
	char expected[3000] = "";

	(void)state;
	for (int i = 0; i < 300; i++) {
		psg_buf_format(&buf, "%d;", i);
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%d;",
			 i);
		assert_int_equal(buf.data[buf.len], '\0');
	}
	assert_string_equal(buf.data, expected);
	assert_int_equal(buf.len, strlen(expected));
	psg_buf_clear(&buf);
	psg_buf_text(&buf, "");
	assert_string_equal(buf.data, "");
	psg_buf_clear(&buf);
}

static void buffer_fails_for_good(void **state)
{
	struct psg_buf buf = {0};

	(void)state;
	psg_buf_text(&buf, "abc");
	psg_buf_put(&buf, "x", SIZE_MAX / 2);
	assert_true(buf.failed);
	psg_buf_text(&buf, "d");
	psg_buf_format(&buf, "%d", 1);
	assert_true(buf.failed);
	assert_string_equal(buf.data, "abc");
	psg_buf_clear(&buf);
	assert_false(buf.failed);
}

/* Every cut of a record reads as failed, not as another record, and stays failed. */
static void reader_cut_short(void **state)
{
	struct psg_buf buf = {0};

	(void)state;
	psg_buf_u32(&buf, 5);
	psg_buf_string(&buf, "name");
	psg_buf_u64(&buf, 9);
	for (size_t len = 0; len < buf.len; len++) {
		unsigned char *copy = malloc(len + 1);
		struct psg_reader reader = {.at = copy, .left = len};
		char *text;

		assert_non_null(copy);
		memcpy(copy, buf.data, len);
		psg_read_u32(&reader);
		text = psg_read_string(&reader);
		psg_read_u64(&reader);
		assert_true(reader.failed);
		assert_int_equal(psg_read_u8(&reader), 0);
		assert_null(psg_read_string(&reader));
		free(text);
		free(copy);
	}
	psg_buf_clear(&buf);
}

static void reader_forged(void **state)
{
	static const unsigned char huge[] = {0xff, 0xff, 0xff, 0xff, 'a'};
	static const unsigned char nul[] = {3, 0, 0, 0, 'a', 0, 'b'};
	struct psg_reader reader = {.at = huge, .left = sizeof(huge)};
	struct psg_strings list = {0};

	(void)state;
	assert_null(psg_read_string(&reader));
	assert_true(reader.failed);
	reader = (struct psg_reader){.at = huge, .left = sizeof(huge)};
	assert_int_equal(psg_strings_add(&list, "old"), PSG_OK);
	psg_read_strings(&reader, &list);
	assert_true(reader.failed);
	assert_int_equal(list.count, 0);
	reader = (struct psg_reader){.at = nul, .left = sizeof(nul)};
	assert_null(psg_read_string(&reader));
	assert_true(reader.failed);
	psg_strings_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors),
	    cmocka_unit_test(releases),
	    cmocka_unit_test(lists),
	    cmocka_unit_test(list_made_elsewhere),
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(buffer_text),
	    cmocka_unit_test(buffer_fails_for_good),
	    cmocka_unit_test(reader_cut_short),
	    cmocka_unit_test(reader_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
