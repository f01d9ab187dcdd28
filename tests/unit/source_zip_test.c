/* Zips as packages: what is taken, where the package begins, and what is refused with which words. */
#include "zip_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SET "permissionsets/A.permissionset"

static void assert_reads(const struct zip_entry *entries, size_t count, const char *expected)
{
	struct psg_problems problems = {0};
	struct psg_buf archive = {0}, text = {0};

	zip_build(entries, count, &archive);
	zip_read_all(archive.data, archive.len, &problems, &text);
	fixture_assert_none(&problems);
	assert_string_equal(text.data, expected);
	psg_buf_clear(&archive);
	psg_buf_clear(&text);
}

static void stored_and_deflated(void **state)
{
	const struct zip_entry entries[] = {
	    {.name = "permissionsets/", .mode = S_IFDIR | 0755},
	    {.name = "permissionsets/B.permissionset",
	     .bytes = "aaaaaaaaaaaaaaaaaaaa",
	     .method = 8},
	    {.name = SET, .bytes = "stored", .mode = S_IFREG | 0644},
	    {.name = "package.xml", .bytes = "p"},
	    {.name = "empty.txt"},
	};

	(void)state;
	assert_reads(entries, PSG_COUNT(entries),
		     "empty.txt=\npackage.xml=p\n" SET "=stored\n"
		     "permissionsets/B.permissionset=aaaaaaaaaaaaaaaaaaaa\n");
}

static void roots(void **state)
{
	const struct zip_entry in_one[] = {{.name = "one/package.xml", .bytes = "p"},
					   {.name = "one/" SET, .bytes = "s"}};
	const struct zip_entry unpackaged[] = {{.name = "README", .bytes = "r"},
					       {.name = "unpackaged/package.xml", .bytes = "p"}};
	const struct zip_entry both[] = {{.name = "./", .mode = S_IFDIR | 0755},
					 {.name = "./one/unpackaged/package.xml", .bytes = "p"},
					 {.name = "__MACOSX/one/._package.xml", .bytes = "x"},
					 {.name = ".DS_Store", .bytes = "x"}};
	const struct zip_entry beside[] = {{.name = "one/package.xml", .bytes = "p"},
					   {.name = "two.txt", .bytes = "t"}};
	const struct zip_entry source[] = {{.name = "force-app/main/default/permissionsets/"
						    "A.permissionset-meta.xml",
					    .bytes = "s"}};

	(void)state;
	assert_reads(in_one, 2, "package.xml=p\n" SET "=s\n");
	assert_reads(unpackaged, 2, "package.xml=p\n");
	assert_reads(both, 4, "package.xml=p\n");
	assert_reads(beside, 2, "one/package.xml=p\ntwo.txt=t\n");
	assert_reads(source, 1,
		     "force-app/main/default/permissionsets/A.permissionset-meta.xml=s\n");
}

/* Of the package's folder only, and said so where it matters. */
static void outside_the_package(void **state)
{
	const struct zip_entry entries[] = {{.name = "unpackaged/package.xml", .bytes = "p"},
					    {.name = "README", .bytes = "r"},
					    {.name = SET, .bytes = "s"}};

	(void)state;
	zip_expect(entries, PSG_COUNT(entries),
		   SET ":0:0 <> Warning: Not deployed: the package begins at "
		       "unpackaged/package.xml");
}

/* An entry of this name is refused with these words, and named so. */
static void names(void **state)
{
	static const struct {
		const char *name, *problem;
		size_t len;
	} rows[] = {
	    {"../x", "../x:0:0 <> Error: The name in the zip leads out of it by '..'", 0},
	    {"a/../x", "a/../x:0:0 <> Error: The name in the zip leads out of it by '..'", 0},
	    {"a/..", "a/..:0:0 <> Error: The name in the zip leads out of it by '..'", 0},
	    {"a/../", "a/..:0:0 <> Error: The name in the zip leads out of it by '..'", 0},
	    {"./../x", "../x:0:0 <> Error: The name in the zip leads out of it by '..'", 0},
	    {"/etc/passwd", "/etc/passwd:0:0 <> Error: The name in the zip is absolute", 0},
	    {"/", "/:0:0 <> Error: The name in the zip is absolute", 0},
	    {"C:/x", "C:/x:0:0 <> Error: The name in the zip begins with a drive letter", 0},
	    {"a\\x", "a\\x:0:0 <> Error: The name in the zip has a backslash in it", 0},
	    {"a//x", "a//x:0:0 <> Error: The name in the zip has an empty part or '.' in it", 0},
	    {"a/./x", "a/./x:0:0 <> Error: The name in the zip has an empty part or '.' in it", 0},
	    {"a\nx", "a\nx:0:0 <> Error: The name in the zip has a control character in it", 0},
	    {"a\x7fx", "a\x7fx:0:0 <> Error: The name in the zip has a control character in it", 0},
	    {"a\xff", "a\\xff:0:0 <> Error: The name in the zip is not valid UTF-8", 0},
	    {"\xc0\xaf", "\\xc0\\xaf:0:0 <> Error: The name in the zip is not valid UTF-8", 0},
	    {"a\0x", "a:0:0 <> Error: The name in the zip has a NUL in it", 3},
	    {"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/x",
	     "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/x:0:0 <> Error: Folders are nested more than 16 "
	     "deep",
	     0},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		const struct zip_entry entries[] = {
		    {.name = SET, .bytes = "s"},
		    {.name = rows[i].name, .name_len = rows[i].len, .bytes = "x"}};

		zip_expect(entries, PSG_COUNT(entries), rows[i].problem);
	}
}

static void name_said_to_be_utf8(void **state)
{
	const struct zip_entry wrong = {.name = "a\xff", .bytes = "x", .flags = 0x800};
	const struct zip_entry right = {.name = "\xc3\xa9", .bytes = "x", .flags = 0x800};
	const struct zip_entry silent = {.name = "\xc3\xa9", .bytes = "x"};

	(void)state;
	zip_expect(&wrong, 1, "a\\xff:0:0 <> Error: The name in the zip is not valid UTF-8");
	assert_reads(&right, 1, "\xc3\xa9=x\n");
	assert_reads(&silent, 1, "\xc3\xa9=x\n");
}

static void deepest(void **state)
{
	const struct zip_entry entry = {.name = "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/x", .bytes = "x"};

	(void)state;
	assert_reads(&entry, 1, "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/x=x\n");
}

/* What is not what its name says. */
static void entries(void **state)
{
	static const struct {
		struct zip_entry entry;
		const char *problem;
	} rows[] = {
	    {{.name = "x", .bytes = "/etc/shadow", .mode = S_IFLNK | 0777},
	     "x:0:0 <> Error: A symbolic link: links are not followed"},
	    {{.name = "x/", .mode = S_IFLNK | 0777},
	     "x/:0:0 <> Error: A symbolic link: links are not followed"},
	    {{.name = "x", .mode = S_IFCHR | 0666}, "x:0:0 <> Error: Not a regular file"},
	    {{.name = "x", .mode = S_IFBLK | 0666}, "x:0:0 <> Error: Not a regular file"},
	    {{.name = "x", .mode = S_IFIFO | 0666}, "x:0:0 <> Error: Not a regular file"},
	    {{.name = "x", .mode = S_IFSOCK | 0666}, "x:0:0 <> Error: Not a regular file"},
	    {{.name = "x", .mode = S_IFDIR | 0755}, "x:0:0 <> Error: Not a regular file"},
	    {{.name = "x", .bytes = "0123456789abc", .flags = 1},
	     "x:0:0 <> Error: The file is encrypted"},
	    {{.name = SET, .bytes = "t"}, SET ":0:0 <> Error: The name stands in the zip twice"},
	    {{.name = "permissionsets", .bytes = "t"},
	     SET ":0:0 <> Error: The name is a file's and a folder's in the zip"},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		const struct zip_entry both[] = {{.name = SET, .bytes = "s"}, rows[i].entry};

		zip_expect(both, PSG_COUNT(both), rows[i].problem);
	}
	/* A folder may stand there twice, with or without files in it; a file may not have its name. */
	const struct zip_entry folders[] = {{.name = "x/"}, {.name = "x/"}, {.name = "x/y"}};
	const struct zip_entry empty_folder[] = {{.name = "x/"}, {.name = "x"}};

	assert_reads(folders, PSG_COUNT(folders), "x/y=\n");
	zip_expect(empty_folder, PSG_COUNT(empty_folder),
		   "x:0:0 <> Error: The name is a file's and a folder's in the zip");
}

static void methods(void **state)
{
	static const unsigned others[] = {1, 6, 9, 12, 14, 93, 95, 98};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(others); i++) {
		const struct zip_entry entry = {.name = "x", .bytes = "x", .method = others[i]};

		zip_expect(&entry, 1,
			   "x:0:0 <> Error: The file is packed by a method that is not read here");
	}
}

/* Nobody looks into what is passed over. */
static void passed_over(void **state)
{
	const struct zip_entry all[] = {
	    {.name = SET, .bytes = "s"},
	    {.name = ".git/HEAD", .bytes = "x", .mode = S_IFLNK | 0777},
	    {.name = "permissionsets/.DS_Store", .bytes = "x", .method = 12},
	    {.name = "__MACOSX/x", .bytes = "x", .flags = 1},
	    {.name = "a/__MACOSX/", .mode = S_IFDIR | 0755}};

	(void)state;
	assert_reads(all, PSG_COUNT(all), SET "=s\n");
}

/* A zip in a zip is a file like others, also where libzip looks for the end. */
static void zip_in_zip(void **state)
{
	const struct zip_entry inner = {.name = "x", .bytes = "inner"};
	struct psg_buf bytes = {0}, archive = {0};
	struct psg_problems problems = {0};
	struct psg_source *source = NULL;
	bool good = false;

	(void)state;
	zip_build(&inner, 1, &bytes);
	const struct zip_entry outer[] = {
	    {.name = "a.resource", .bytes = bytes.data, .len = bytes.len},
	    {.name = "b.resource", .bytes = bytes.data, .len = bytes.len}};
	zip_build(outer, PSG_COUNT(outer), &archive);
	assert_int_equal(zip_open_source(archive.data, archive.len, &problems, &source), PSG_OK);
	assert_int_equal(psg_source_count(source), 2);
	for (size_t i = 0; i < 2; i++) {
		struct psg_buf file = {0};

		assert_int_equal(psg_source_read(source, i, &problems, &file, &good), PSG_OK);
		assert_true(good && file.len == bytes.len);
		assert_memory_equal(file.data, bytes.data, bytes.len);
		psg_buf_clear(&file);
	}
	fixture_assert_none(&problems);
	psg_source_close(&source);
	psg_buf_clear(&bytes);
	psg_buf_clear(&archive);
}

/* As `zip` does it. */
static void made_by_zip(void **state)
{
	static const char *const commands[] = {
	    "zip -qr p.zip permissionsets package.xml",
	    "zip -qr -0 p.zip permissionsets package.xml",
	    "zip -q -r - permissionsets package.xml | cat >p.zip",
	    "zip -qr -fz p.zip permissionsets package.xml",
	    "echo a comment | zip -qrz p.zip permissionsets package.xml >/dev/null",
	    "mkdir -p top && cp -r permissionsets package.xml top && zip -qr p.zip top",
	};
	struct fixture_package *fixture = *state;
	char command[512], path[512];

	fixture_package_put(fixture, "package.xml",
			    FIXTURE_PACKAGE("<types><members>*</members><name>PermissionSet</name>"
					    "</types>"));
	fixture_package_put(fixture, SET, FIXTURE_SET(""));
	fixture_path(fixture, "p.zip", path);
	for (size_t i = 0; i < PSG_COUNT(commands); i++) {
		(void)unlink(path);
		snprintf(command, sizeof(command), "cd %s && %s", fixture->directory, commands[i]);
		assert_int_equal(system(command), 0);
		assert_int_equal(fixture_package_load(path, &fixture->model, &fixture->problems),
				 PSG_OK);
		fixture_assert_none(&fixture->problems);
		fixture_assert_documents(&fixture->model, "PermissionSet/A=" SET "\n");
		psg_model_clear(&fixture->model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stored_and_deflated),
	    cmocka_unit_test(roots),
	    cmocka_unit_test(outside_the_package),
	    cmocka_unit_test(names),
	    cmocka_unit_test(name_said_to_be_utf8),
	    cmocka_unit_test(deepest),
	    cmocka_unit_test(entries),
	    cmocka_unit_test(methods),
	    cmocka_unit_test(passed_over),
	    cmocka_unit_test(zip_in_zip),
	    cmocka_unit_test_setup_teardown(made_by_zip, fixture_package_set_up,
					    fixture_package_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
