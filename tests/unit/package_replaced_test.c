/* A directory that somebody changes between listing and reading. */
#include "package_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The one problem when the file at `path`, in `folder`, is replaced. */
static void expect_replaced(void (*replace)(const char *path, const char *folder),
			    const char *expected)
{
	struct fixture_package fixture = {.directory = fixture_directory()};
	struct psg_source *source = NULL;
	struct psg_buf bytes = {0};
	char path[512], folder[512];
	bool good = true;

	fixture_package_put(&fixture, FIXTURE_SET_A, "as it was listed");
	fixture_package_put(&fixture, "secret/A.permissionset", "as it was listed");
	fixture_path(&fixture, FIXTURE_SET_A, path);
	fixture_path(&fixture, "permissionsets", folder);
	assert_int_equal(psg_source_open(fixture.directory, &fixture.problems, &source), PSG_OK);
	assert_string_equal(psg_source_path(source, 0), FIXTURE_SET_A);
	replace(path, folder);
	assert_int_equal(psg_source_read(source, 0, &fixture.problems, &bytes, &good), PSG_OK);
	assert_false(good);
	assert_null(bytes.data);
	fixture_assert_only(&fixture.problems, expected);
	psg_source_close(&source);
	psg_problems_clear(&fixture.problems);
	fixture_remove(&fixture.directory);
}

static void put_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void by_link(const char *path, const char *folder)
{
	(void)folder;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../secret/A.permissionset", path), 0);
}

static void folder_by_link(const char *path, const char *folder)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(symlink("secret", folder), 0);
}

static void by_another(const char *path, const char *folder)
{
	char aside[520];

	(void)folder;
	snprintf(aside, sizeof(aside), "%s.new", path);
	put_text(aside, "another of 16 by");
	assert_int_equal(rename(aside, path), 0);
}

static void by_fifo(const char *path, const char *folder)
{
	(void)folder;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
}

static void by_more(const char *path, const char *folder)
{
	(void)folder;
	put_text(path, "as it was listed, and more");
}

static void by_less(const char *path, const char *folder)
{
	(void)folder;
	put_text(path, "as it");
}

static void by_nothing(const char *path, const char *folder)
{
	(void)folder;
	assert_int_equal(unlink(path), 0);
}

static void replaced(void **state)
{
	(void)state;
	expect_replaced(by_link, FIXTURE_SET_A
			":0:0 <> Error: The file was replaced while the package was read");
	expect_replaced(folder_by_link, FIXTURE_SET_A ":0:0 <> Error: Not a directory");
	expect_replaced(by_another, FIXTURE_SET_A
			":0:0 <> Error: The file was replaced while the package was read");
	expect_replaced(by_fifo, FIXTURE_SET_A
			":0:0 <> Error: The file was replaced while the package was read");
	expect_replaced(by_more,
			FIXTURE_SET_A ":0:0 <> Error: The file changed while the package was read");
	expect_replaced(by_less,
			FIXTURE_SET_A ":0:0 <> Error: The file changed while the package was read");
	expect_replaced(by_nothing, FIXTURE_SET_A ":0:0 <> Error: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replaced)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
