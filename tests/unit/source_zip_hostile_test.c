/* Zips made to hurt: bombs, lies, damage at every byte, more than anybody should read. */
#include "zip_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SET "permissionsets/A.permissionset"

static void bomb(void **state)
{
	struct psg_buf packed = {0};

	(void)state;
	zip_build_bomb(1024, &packed);
	assert_true(packed.len < 2 * 1024 * 1024);
	const struct zip_entry honest = {.name = SET,
					 .method = 8,
					 .packed = packed.data,
					 .packed_len = packed.len,
					 .declared = 1024U * 1024 * 1024};
	struct zip_entry lying = honest;
	zip_expect(&honest, 1, ":0:0 <> Error: The package is larger than 600 MiB");
	lying.declared = 100;
	zip_expect(&lying, 1, SET ":0:0 <> Error: The file unpacks to more than the zip says");
	lying.declared = PSG_XML_SIZE_MAX;
	zip_expect(&lying, 1, SET ":0:0 <> Error: The file unpacks to more than the zip says");
	lying.declared = PSG_XML_SIZE_MAX + 1;
	zip_expect(&lying, 1, SET ":0:0 <> Error: The file is larger than 16 MiB");
	psg_buf_clear(&packed);
}

/* 40 files of 16 MiB each say they are 640 MiB, in a zip of a few hundred bytes a file. */
static void bomb_of_many(void **state)
{
	struct zip_entry entries[40] = {{0}};
	char names[40][16];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(entries); i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		entries[i] = (struct zip_entry){
		    .name = names[i], .bytes = "x", .declared = PSG_XML_SIZE_MAX};
	}
	zip_expect(entries, PSG_COUNT(entries),
		   ":0:0 <> Error: The package is larger than 600 MiB");
}

static void lying(void **state)
{
	static const struct {
		struct zip_entry entry;
		const char *problem;
	} rows[] = {
	    {{.name = "x", .bytes = "0123456789", .declared = 5, .method = 8},
	     "x:0:0 <> Error: The file unpacks to more than the zip says"},
	    {{.name = "x", .bytes = "0123456789", .declared = 5},
	     "x:0:0 <> Error: The file unpacks to more than the zip says"},
	    {{.name = "x", .bytes = "0123456789", .declared = 11, .method = 8},
	     "x:0:0 <> Error: The file is damaged: it unpacks to less than the zip says"},
	    {{.name = "x", .bytes = "0123456789", .declared = 5000000},
	     "x:0:0 <> Error: The file is damaged: it unpacks to less than the zip says"},
	    {{.name = "x", .bytes = "0123456789", .wrong_check = 1, .method = 8},
	     "x:0:0 <> Error: The file is damaged: its checksum is another"},
	    {{.name = "x", .bytes = "0123456789", .wrong_check = 1},
	     "x:0:0 <> Error: The file is damaged: its checksum is another"},
	    {{.name = "x", .packed = "\xff\xff\xff", .packed_len = 3, .declared = 9, .method = 8},
	     "x:0:0 <> Error: The file is damaged: it cannot be unpacked"},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++)
		zip_expect(&rows[i].entry, 1, rows[i].problem);
}

static void no_zip(void **state)
{
	static const char *const texts[] = {"", "P", "PK\3", "<Package/>", "PK\7\7 and so on"};
	struct psg_problems problems = {0};
	struct psg_source *source = NULL;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(texts); i++)
		assert_int_equal(zip_open_source(texts[i], strlen(texts[i]), &problems, &source),
				 PSG_ERR_INVALID);
	fixture_assert_none(&problems);
	assert_null(source);
}

static void empty(void **state)
{
	struct psg_buf archive = {0};

	(void)state;
	zip_build(NULL, 0, &archive);
	zip_expect_bytes(&archive, ":0:0 <> Error: The zip is empty");
	psg_buf_clear(&archive);
}

static const struct zip_entry small[] = {
    {.name = "package.xml", .bytes = FIXTURE_PACKAGE("<version>64.0</version>"), .method = 8},
    {.name = SET, .bytes = FIXTURE_SET("<description>stored</description>")},
};

/* Never a package with less in it than it had, and not a word. */
static void truncated(void **state)
{
	struct psg_buf archive = {0};

	(void)state;
	zip_build(small, PSG_COUNT(small), &archive);
	for (size_t len = 0; len < archive.len; len++) {
		struct psg_problems problems = {0};
		struct psg_source *source = NULL;
		enum psg_err err = zip_open_source(archive.data, len, &problems, &source);

		if (len < 4)
			assert_int_equal(err, PSG_ERR_INVALID);
		else
			fixture_assert_only(&problems,
					    ":0:0 <> Error: The zip is damaged or cut short");
		psg_source_close(&source);
		psg_problems_clear(&problems);
	}
	psg_buf_clear(&archive);
}

/* What is read without a word is what was put in. */
static void check_flipped(const struct psg_buf *archive)
{
	struct psg_problems problems = {0};
	struct psg_source *source = NULL;

	if (zip_open_source(archive->data, archive->len, &problems, &source) == PSG_OK) {
		for (size_t i = 0; i < psg_source_count(source); i++) {
			struct psg_buf file = {0};
			size_t before = problems.count;
			bool good = false;

			assert_int_equal(psg_source_read(source, i, &problems, &file, &good),
					 PSG_OK);
			assert_true(good || problems.count > 0);
			if (good)
				assert_true(strcmp(file.data, small[0].bytes) == 0 ||
					    strcmp(file.data, small[1].bytes) == 0);
			assert_true(!good || problems.count == before);
			psg_buf_clear(&file);
		}
		assert_true(psg_source_count(source) == 2 || problems.count > 0);
	}
	psg_source_close(&source);
	psg_problems_clear(&problems);
}

static void flipped(void **state)
{
	struct psg_buf archive = {0};

	(void)state;
	zip_build(small, PSG_COUNT(small), &archive);
	for (size_t at = 0; at < archive.len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			archive.data[at] = (char)(archive.data[at] ^ (1 << bit));
			check_flipped(&archive);
			archive.data[at] = (char)(archive.data[at] ^ (1 << bit));
		}
	psg_buf_clear(&archive);
}

/* `count` empty files and a package.xml, a destructive manifest and a folder, which do not count. */
static void build_many(unsigned count, struct psg_buf *archive)
{
	struct zip_entry *entries = calloc(count + 3, sizeof(*entries));
	char(*names)[16] = calloc(count, sizeof(*names));

	assert_true(entries && names);
	for (unsigned i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "f/%u", i);
		entries[i].name = names[i];
	}
	entries[count].name = "package.xml";
	entries[count + 1].name = "destructiveChangesPost.xml";
	entries[count + 2].name = "f/";
	zip_build(entries, count + 3, archive);
	free(entries);
	free(names);
}

static void many_files(void **state)
{
	struct psg_problems problems = {0};
	struct psg_source *source = NULL;
	struct psg_buf archive = {0};

	(void)state;
	build_many(PSG_PACKAGE_FILES_MAX, &archive);
	assert_int_equal(zip_open_source(archive.data, archive.len, &problems, &source), PSG_OK);
	fixture_assert_none(&problems);
	assert_int_equal(psg_source_count(source), PSG_PACKAGE_FILES_MAX + 2);
	psg_source_close(&source);
	psg_buf_clear(&archive);
	build_many(PSG_PACKAGE_FILES_MAX + 1, &archive);
	zip_expect_bytes(&archive, ":0:0 <> Error: The package has more than 10000 files");
	psg_buf_clear(&archive);
}

static void many_entries(void **state)
{
	struct psg_buf archive = {0};
	char *name = malloc(65535);
	struct zip_entry *entries = calloc(300, sizeof(*entries));

	(void)state;
	build_many(30000 - 2, &archive);
	zip_expect_bytes(&archive, ":0:0 <> Error: The zip has more than 30000 entries");
	psg_buf_clear(&archive);
	assert_true(name && entries);
	memset(name, 'x', 65535);
	for (size_t i = 0; i < 300; i++)
		entries[i] = (struct zip_entry){.name = name, .name_len = 65535};
	zip_build(entries, 300, &archive);
	zip_expect_bytes(&archive, ":0:0 <> Error: The zip's directory is larger than 16 MiB");
	psg_buf_clear(&archive);
	free(entries);
	free(name);
}

static void too_large(void **state)
{
	struct fixture_package *fixture = *state;
	struct psg_source *source = NULL;
	char path[512];

	fixture_package_put(fixture, "p.zip", "PK\3\4");
	fixture_path(fixture, "p.zip", path);
	assert_int_equal(truncate(path, PSG_PACKAGE_ZIP_MAX), 0);
	assert_int_equal(psg_source_open(path, &fixture->problems, &source), PSG_OK);
	fixture_assert_only(&fixture->problems, ":0:0 <> Error: The zip is damaged or cut short");
	psg_source_close(&source);
	psg_problems_clear(&fixture->problems);
	assert_int_equal(truncate(path, PSG_PACKAGE_ZIP_MAX + 1), 0);
	assert_int_equal(psg_source_open(path, &fixture->problems, &source), PSG_OK);
	fixture_assert_only(&fixture->problems, ":0:0 <> Error: The zip is larger than 39 MiB");
	assert_int_equal(psg_source_count(source), 0);
	psg_source_close(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bomb),
	    cmocka_unit_test(bomb_of_many),
	    cmocka_unit_test(lying),
	    cmocka_unit_test(no_zip),
	    cmocka_unit_test(empty),
	    cmocka_unit_test(truncated),
	    cmocka_unit_test(flipped),
	    cmocka_unit_test(many_files),
	    cmocka_unit_test(many_entries),
	    cmocka_unit_test_setup_teardown(too_large, fixture_package_set_up,
					    fixture_package_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
