/* Which archive a zip is: two readers must not see two packages. Two ends, two directories, two names of one file, zip64. */
#include "zip_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SET "permissionsets/A.permissionset"

static const struct zip_entry small[] = {
    {.name = "package.xml", .bytes = FIXTURE_PACKAGE("<version>64.0</version>"), .method = 8},
    {.name = SET, .bytes = FIXTURE_SET("<description>stored</description>")},
};

/* One reader would see the first archive, another the second. */
static void two_ends(void **state)
{
	const struct zip_entry good = {.name = "good", .bytes = "x"};
	const struct zip_entry bad = {.name = "bad", .bytes = "x"};
	struct psg_buf archive = {0}, second = {0};

	(void)state;
	zip_build(&good, 1, &archive);
	zip_build(&bad, 1, &second);
	archive.data[archive.len - 2] = (char)second.len;
	psg_buf_put(&archive, second.data, second.len);
	zip_expect_bytes(&archive,
			 ":0:0 <> Error: The zip has two ends: who reads it sees one or the "
			 "other");
	psg_buf_clear(&archive);
	psg_buf_clear(&second);
}

/* Of two archives one after the other libzip by itself takes the one that spans more: the first. */
static void archive_before(void **state)
{
	const struct zip_entry bad = {.name = "bad", .bytes = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	const struct zip_entry good = {.name = "good", .bytes = "x"};
	struct psg_problems problems = {0};
	struct psg_buf archive = {0}, text = {0};

	(void)state;
	zip_build(&bad, 1, &archive);
	zip_build(&good, 1, &archive);
	zip_read_all(archive.data, archive.len, &problems, &text);
	fixture_assert_none(&problems);
	assert_string_equal(text.data, "good=x\n");
	psg_buf_clear(&archive);
	psg_buf_clear(&text);
}

/* Who reviews the package with another program must have seen what is deployed. */
static void two_names(void **state)
{
	const char *problem = SET ":0:0 <> Error: The file has two names in the zip: who reads it "
				  "sees one or the other";
	const struct zip_entry streamed = {
	    .name = SET, .bytes = "x", .local = "permissionsets/B.permissionset"};
	const struct zip_entry unicode = {
	    .name = SET, .bytes = "x", .unicode = "permissionsets/B.permissionset"};
	const struct zip_entry same = {.name = SET, .bytes = "x", .unicode = SET};
	const struct zip_entry escaped = {.name = "#U00e9", .bytes = "x", .unicode = "\xc3\xa9"};
	struct psg_problems problems = {0};
	struct psg_buf archive = {0}, text = {0};

	(void)state;
	zip_expect(&streamed, 1, problem);
	zip_expect(&unicode, 1, problem);
	zip_build(&same, 1, &archive);
	zip_read_all(archive.data, archive.len, &problems, &text);
	archive.len = 0;
	zip_build(&escaped, 1, &archive);
	zip_read_all(archive.data, archive.len, &problems, &text);
	fixture_assert_none(&problems);
	assert_string_equal(text.data, SET "=x\n\xc3\xa9=x\n");
	psg_buf_clear(&archive);
	psg_buf_clear(&text);
}

/* In the directory: libzip would try each. */
static void ends_in_the_directory(void **state)
{
	const struct zip_entry entry = {.name = "PK\5\6", .bytes = "x"};
	struct psg_buf archive = {0};

	(void)state;
	zip_build(&entry, 1, &archive);
	zip_expect_bytes(&archive,
			 ":0:0 <> Error: The zip has two ends: who reads it sees one or the "
			 "other");
	psg_buf_clear(&archive);
}

/* What comes after the end belongs to nobody. */
static void tail(void **state)
{
	struct psg_buf archive = {0};

	(void)state;
	zip_build(small, PSG_COUNT(small), &archive);
	psg_buf_text(&archive, "x");
	zip_expect_bytes(&archive, ":0:0 <> Error: The zip is damaged or cut short");
	psg_buf_clear(&archive);
}

/* Replaces the end record by its zip64 form, which says `size` and `offset`. */
static void to_zip64(struct psg_buf *archive, uint64_t count, uint64_t size, uint64_t offset)
{
	struct psg_reader reader = {.at = (const unsigned char *)archive->data + archive->len - 10,
				    .left = 8};
	uint64_t real_size = psg_read_u32(&reader), real_offset = psg_read_u32(&reader);
	uint64_t at;

	archive->len -= 22;
	at = archive->len;
	psg_buf_put(archive, "PK\6\6", 4);
	psg_buf_u64(archive, 44);
	psg_buf_u32(archive, 45 << 16 | 45);
	psg_buf_u64(archive, 0);
	psg_buf_u64(archive, count);
	psg_buf_u64(archive, count);
	psg_buf_u64(archive, size ? size : real_size);
	psg_buf_u64(archive, offset ? offset : real_offset);
	psg_buf_put(archive, "PK\6\7\0\0\0\0", 8);
	psg_buf_u64(archive, at);
	psg_buf_u32(archive, 1);
	psg_buf_put(archive, "PK\5\6\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0",
		    22);
}

static void zip64(void **state)
{
	static const uint64_t lies[][3] = {
	    {2, UINT64_MAX, 0},
	    {2, 0, UINT64_MAX},
	    {2, UINT64_MAX / 2, UINT64_MAX / 2},
	    {3, 0, 0},
	    {UINT64_MAX, 0, 0},
	    {UINT64_MAX / 40, 0, 0},
	    {2, 0, INT64_MAX - 1},
	};
	struct psg_problems problems = {0};
	struct psg_buf archive = {0}, text = {0};

	(void)state;
	zip_build(small, PSG_COUNT(small), &archive);
	to_zip64(&archive, 2, 0, 0);
	zip_read_all(archive.data, archive.len, &problems, &text);
	fixture_assert_none(&problems);
	assert_non_null(strstr(text.data, SET "="));
	psg_buf_clear(&archive);
	psg_buf_clear(&text);
	for (size_t i = 0; i < PSG_COUNT(lies); i++) {
		zip_build(small, PSG_COUNT(small), &archive);
		to_zip64(&archive, lies[i][0], lies[i][1], lies[i][2]);
		zip_expect_bytes(&archive, ":0:0 <> Error: The zip is damaged or cut short");
		psg_buf_clear(&archive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_ends),  cmocka_unit_test(archive_before),
	    cmocka_unit_test(two_names), cmocka_unit_test(ends_in_the_directory),
	    cmocka_unit_test(tail),      cmocka_unit_test(zip64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
