/* Names, escapes, numbers as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/text.h"

static char *repeat(char c, size_t count)
{
	static char text[400];

	memset(text, c, count);
	text[count] = '\0';
	return text;
}

static void names_api(void **state)
{
	static const char *const good[] = {
	    "A",       "a1",        "Billing_Admins", "ns__Name",
	    "A_b_c_1", "zZ_azAZ09", "ns_x__My_Set",   "abcdefghijklmno__X"};
	static const char *const bad[] = {"",
					  "_A",
					  "A_",
					  "1A",
					  "A__",
					  "__A",
					  "a___b",
					  "A-b",
					  "A b",
					  "A.b",
					  "ns__a__b",
					  "\xc3\x84",
					  "A\n",
					  "1ns__A",
					  "ns___A",
					  "ns__1A",
					  "abcdefghijklmnop__X"};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(good); i++)
		assert_true(psg_api_name_valid(good[i]));
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_api_name_valid(bad[i]) || !psg_api_name_fault(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_true(psg_api_name_valid(repeat('a', 80)));
	assert_false(psg_api_name_valid(repeat('a', 81)));
}

static void names_subject(void **state)
{
	static const char *const good[] = {"alice", "a.b@example.com", "DOM\\alice",    ".",
					   "..",    "with space",      "j\xc3\xbcrgen", "a-b%c",
					   "\xff"};
	static const char *const bad[] = {"",     "-a",   "%wheel", "a/b",     "a:b",
					  "a\nb", "a\tb", "\x7f",   "a\x1b[1m"};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(good); i++)
		assert_true(psg_subject_name_valid(good[i]));
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_subject_name_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_true(psg_subject_name_valid(repeat('a', 255)));
	assert_false(psg_subject_name_valid(repeat('a', 256)));
}

static void folder_names(void **state)
{
	static const struct {
		const char *subject, *folder;
	} rows[] = {
	    {"alice", "alice"},    {"..", "%2E."},           {".", "%2E"},
	    {"a.b", "a.b"},        {"a/b", "a%2Fb"},         {"%61", "%2561"},
	    {"DOM\\x", "DOM%5Cx"}, {"j\xc3\xbc", "j%C3%BC"}, {"a b\n", "a%20b%0A"},
	    {"-x_Y9", "-x_Y9"},    {"\xff", "%FF"},
	};
	char out[PSG_FOLDER_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		assert_int_equal(psg_folder_name(rows[i].subject, out), PSG_OK);
		assert_string_equal(out, rows[i].folder);
		assert_int_equal(psg_folder_subject(rows[i].folder, out), PSG_OK);
		assert_string_equal(out, rows[i].subject);
	}
	assert_int_equal(psg_folder_name("", out), PSG_ERR_INVALID);
	assert_int_equal(psg_folder_name(repeat('a', 255), out), PSG_OK);
	assert_int_equal(psg_folder_subject(repeat('a', 255), out), PSG_OK);
	assert_string_equal(out, repeat('a', 255));
	assert_int_equal(psg_folder_name(repeat('a', 256), out), PSG_ERR_INVALID);
	assert_int_equal(psg_folder_name(repeat('/', 85), out), PSG_OK);
	assert_int_equal(psg_folder_name(repeat('/', 86), out), PSG_ERR_INVALID);
}

/* Every one- and two-byte name has a folder of its own, and never one that is a path. */
static void folder_injective(void **state)
{
	char subject[3] = "", folder[PSG_FOLDER_NAME_SIZE], back[PSG_SUBJECT_SIZE];

	(void)state;
	for (int a = 1; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			subject[0] = (char)a;
			subject[1] = (char)b;
			assert_int_equal(psg_folder_name(subject, folder), PSG_OK);
			assert_true(folder[0] != '.' && !strchr(folder, '/'));
			assert_int_equal(psg_folder_subject(folder, back), PSG_OK);
			assert_string_equal(back, subject);
		}
	}
}

static void folder_refuses(void **state)
{
	static const char *const bad[] = {"",     ".",   "..",     ".a",  "a/b",  "a b", "%61",
					  "%2e",  "%",   "%2",     "%2G", "%zz",  "%00", "a%00b",
					  "\xff", "a\n", "%c3%bc", "%%",  "%2F%", "%2",  "a%4"};
	char out[PSG_SUBJECT_SIZE] = "kept";

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		if (psg_folder_subject(bad[i], out) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(out, "kept");
	}
	assert_int_equal(psg_folder_subject(repeat('a', 256), out), PSG_ERR_INVALID);
}

static void utf8_decoding(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t point;
	} rows[] = {
	    {"", 1, 0},
	    {"a", 1, 'a'},
	    {"\x7f", 1, 0x7f},
	    {"\xc2\x80", 2, 0x80},
	    {"\xdf\xbf", 2, 0x7ff},
	    {"\xe0\xa0\x80", 3, 0x800},
	    {"\xed\x9f\xbf", 3, 0xd7ff},
	    {"\xee\x80\x80", 3, 0xe000},
	    {"\xef\xbf\xbf", 3, 0xffff},
	    {"\xf0\x90\x80\x80", 4, 0x10000},
	    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	    /* stray, cut, overlong, surrogate, beyond Unicode */
	    {"\x80", 0, 7},
	    {"\xbf", 0, 7},
	    {"\xc3", 0, 7},
	    {"\xc3(", 0, 7},
	    {"\xe2\x82", 0, 7},
	    {"\xf0\x9f\x98", 0, 7},
	    {"\xc0\xaf", 0, 7},
	    {"\xc1\xbf", 0, 7},
	    {"\xe0\x9f\xbf", 0, 7},
	    {"\xf0\x8f\xbf\xbf", 0, 7},
	    {"\xed\xa0\x80", 0, 7},
	    {"\xed\xbf\xbf", 0, 7},
	    {"\xf4\x90\x80\x80", 0, 7},
	    {"\xf5\x80\x80\x80", 0, 7},
	    {"\xfe", 0, 7},
	    {"\xff", 0, 7},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		uint32_t point = 7;

		assert_int_equal(psg_utf8_decode(rows[i].text, &point), rows[i].len);
		assert_int_equal(point, rows[i].point);
	}
}

/* The first and the last of every range, and what stands beside it. */
static void unsafe_characters(void **state)
{
	static const uint32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
					     {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

	(void)state;
	for (uint32_t point = 0; point < 0x3000; point++) {
		bool expected = false;

		for (size_t i = 0; i < PSG_COUNT(ranges); i++)
			expected |= point >= ranges[i][0] && point <= ranges[i][1];
		assert_int_equal(psg_char_is_unsafe(point), expected);
	}
}

static void escape_lines(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
	    {"", ""},
	    {"plain text", "plain text"},
	    {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"},
	    {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
	    {"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
	    {"\\x0a\"", "\\x5cx0a\\x22"},
	    {"\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b"},
	    {"\xe2\x80\xae"
	     "exe\xe2\x81\xa6",
	     "\\xe2\\x80\\xaeexe\\xe2\\x81\\xa6"},
	    {"\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
	    {"\xd8\x9c\xe2\x80\x8f", "\\xd8\\x9c\\xe2\\x80\\x8f"},
	    {"\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80"},
	};
	char out[200];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		psg_escape_line(rows[i].text, out, sizeof(out));
		assert_string_equal(out, rows[i].line);
	}
}

static bool well_formed(const char *line)
{
	uint32_t point;

	while (*line) {
		size_t len = psg_utf8_decode(line, &point);

		if (len == 0 || psg_char_is_unsafe(point) || point == '"')
			return false;
		if (point == '\\' && (line[1] != 'x' || !strchr("0123456789abcdef", line[2]) ||
				      !line[2] || !strchr("0123456789abcdef", line[3]) || !line[3]))
			return false;
		line += len;
	}
	return true;
}

/* Cut anywhere, a line is whole characters and whole escapes, and fits to the byte. */
static void escape_cuts(void **state)
{
	static const char *const texts[] = {
	    "0123456789abcdefghij",
	    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
	    "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80z\xc3\xbc\xe2\x82\xac",
	    "\n\xff\"\\\xe2\x80\xae\n\n"};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(texts); i++) {
		char whole[200];

		psg_escape_line(texts[i], whole, sizeof(whole));
		for (size_t size = 8; size < strlen(whole) + 4; size++) {
			/* From the heap, so that a sanitizer sees a byte too many. */
			char *out = malloc(size);
			size_t len;

			assert_non_null(out);
			psg_escape_line(texts[i], out, size);
			len = strlen(out);
			assert_true(len < size);
			assert_true(well_formed(out));
			if (size > strlen(whole)) {
				assert_string_equal(out, whole);
			} else {
				assert_string_equal(out + len - 3, "...");
				assert_memory_equal(out, whole, len - 3);
				/* nothing that would have fitted is left out: 12 is the longest */
				assert_true(len + 12 >= size - 1);
			}
			free(out);
		}
	}
}

/* Below the eight bytes of the contract: nothing, and no byte too many. */
static void escape_without_room(void **state)
{
	char out[4] = "xyz";

	(void)state;
	psg_escape_line("a", out, 0);
	assert_string_equal(out, "xyz");
	for (size_t size = 1; size < 4; size++) {
		memcpy(out, "xyz", 4);
		psg_escape_line("abcdef", out, size);
		assert_string_equal(out, "");
		assert_string_equal(out + 1, "yz");
	}
}

static void escape_any_bytes(void **state)
{
	(void)state;
	srandom(20);
	for (int round = 0; round < 20000; round++) {
		char text[24], out[64];
		size_t len = (size_t)random() % (sizeof(text) - 1);
		size_t size = 8 + (size_t)random() % (sizeof(out) - 8);

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(random() % 255 + 1);
		text[len] = '\0';
		psg_escape_line(text, out, size);
		assert_true(strlen(out) < size);
		assert_true(well_formed(out));
	}
}

static void hexadecimal(void **state)
{
	unsigned char bytes[4] = {0x00, 0x1f, 0xa0, 0xff}, back[4] = {9, 9, 9, 9};
	static const char *const bad[] = {"",         "001fa0f",  "001fa0ff0", "001FA0FF",
					  "001fa0fg", " 01fa0ff", "0x1fa0ff"};
	char text[9];

	(void)state;
	psg_hex_encode(bytes, 4, text);
	assert_string_equal(text, "001fa0ff");
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		assert_int_equal(psg_hex_decode(bad[i], back, 4), PSG_ERR_INVALID);
	assert_int_equal(back[0], 9);
	assert_int_equal(psg_hex_decode(text, back, 4), PSG_OK);
	assert_memory_equal(back, bytes, 4);
	assert_int_equal(psg_hex_decode("", back, 0), PSG_OK);
}

static void numbers(void **state)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "01",
					  "00",
					  "0x1",
					  "1a",
					  "18446744073709551616",
					  "99999999999999999999"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		assert_int_equal(psg_u64_parse(bad[i], &value), PSG_ERR_INVALID);
	assert_true(value == 7);
	assert_int_equal(psg_u64_parse("0", &value), PSG_OK);
	assert_true(value == 0);
	assert_int_equal(psg_u64_parse("18446744073709551615", &value), PSG_OK);
	assert_true(value == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_api),
	    cmocka_unit_test(names_subject),
	    cmocka_unit_test(folder_names),
	    cmocka_unit_test(folder_injective),
	    cmocka_unit_test(folder_refuses),
	    cmocka_unit_test(utf8_decoding),
	    cmocka_unit_test(escape_lines),
	    cmocka_unit_test(unsafe_characters),
	    cmocka_unit_test(escape_cuts),
	    cmocka_unit_test(escape_any_bytes),
	    cmocka_unit_test(escape_without_room),
	    cmocka_unit_test(hexadecimal),
	    cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
