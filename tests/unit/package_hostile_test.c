/* Package directories made to hurt: links, FIFOs, too many, too large, too deep, not readable. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void symlinks(void **state)
{
	static const char *const links[][2] = {
	    {"permissionsets/B.permissionset", "A.permissionset"},
	    {"permissionsets/C.permissionset", "/etc/shadow"},
	    {"package.xml", "/etc/shadow"},
	    {"other", "/etc"},
	    {"permissionsets/dangling", "nowhere"},
	};
	struct fixture_package *fixture = *state;
	char path[512];

	for (size_t i = 0; i < PSG_COUNT(links); i++) {
		char expected[128];

		fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
		fixture_path(fixture, links[i][0], path);
		assert_int_equal(symlink(links[i][1], path), 0);
		fixture_package_read(fixture);
		snprintf(expected, sizeof(expected),
			 "%s:0:0 <> Error: A symbolic link: links are not followed", links[i][0]);
		fixture_assert_only(&fixture->problems, expected);
		/* With a package.xml that is not read nothing is named. */
		if (strcmp(links[i][0], "package.xml") != 0)
			fixture_assert_documents(&fixture->model,
						 "PermissionSet/A=" FIXTURE_SET_A "\n");
		psg_problems_clear(&fixture->problems);
		psg_model_clear(&fixture->model);
		assert_int_equal(unlink(path), 0);
	}
}

static void link_to_the_package(void **state)
{
	struct fixture_package *fixture = *state;
	char path[512];

	fixture_package_put(fixture, "real/" FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_path(fixture, "link", path);
	assert_int_equal(symlink("real", path), 0);
	assert_int_equal(psg_package_read(path, &fixture->model, &fixture->problems), PSG_OK);
	fixture_assert_none(&fixture->problems);
	assert_int_equal(fixture->model.document_count, 1);
}

static void fifo(void **state)
{
	struct fixture_package *fixture = *state;
	char path[512];

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_path(fixture, "permissionsets/B.permissionset", path);
	assert_int_equal(mkfifo(path, 0644), 0);
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "permissionsets/B.permissionset:0:0 <> Error: Not a regular file");
}

static void odd_bytes_in_a_name(void **state)
{
	struct fixture_package *fixture = *state;
	char path[512];

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_path(fixture, "a\xFF\nb", path);
	assert_int_equal(symlink("x", path), 0);
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "a\\xff\\x0ab:0:0 <> Error: A symbolic link: links are not followed");
}

/* As nobody: root may read whatever the mode. */
static void unreadable(void **state)
{
	struct fixture_package *fixture = *state;
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	bool root = geteuid() == 0;
	char path[512], folder[512];
	enum psg_err err, folder_err;

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	fixture_package_put(fixture, "locked/x", "x");
	fixture_path(fixture, FIXTURE_SET_A, path);
	fixture_path(fixture, "locked", folder);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(folder, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	err = psg_package_read(fixture->directory, &fixture->model, &fixture->problems);
	folder_err = psg_package_read(folder, &model, &problems);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(err, PSG_OK);
	assert_int_equal(folder_err, PSG_ERR_ACCESS);
	psg_problems_sort(&fixture->problems);
	assert_int_equal(fixture->problems.error_count, 2);
	assert_string_equal(fixture->problems.items[0].file, "locked");
	assert_string_equal(fixture->problems.items[1].file, FIXTURE_SET_A);
	assert_string_equal(fixture->problems.items[1].text, "Permission denied");
}

static void too_large(void **state)
{
	struct fixture_package *fixture = *state;
	char path[512];

	fixture_package_put(fixture, "permissionsets/B.permissionset", FIXTURE_SET(""));
	fixture_package_put(fixture, FIXTURE_SET_A, "");
	fixture_path(fixture, FIXTURE_SET_A, path);
	assert_int_equal(truncate(path, PSG_XML_SIZE_MAX + 1), 0);
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    FIXTURE_SET_A ":0:0 <> Error: The file is larger than 16 MiB");
}

/* Manifests and folders do not count. */
static void too_many_files(void **state)
{
	struct fixture_package *fixture = *state;
	char path[32];

	fixture_package_put(fixture, "package.xml", FIXTURE_PACKAGE(""));
	fixture_package_put(fixture, "destructiveChanges.xml", FIXTURE_PACKAGE(""));
	for (unsigned i = 0; i < PSG_PACKAGE_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "f/%u", i);
		fixture_package_put(fixture, path, "");
	}
	fixture_package_read(fixture);
	fixture_assert_none(&fixture->problems);
	fixture_package_put(fixture, "one-more", "");
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    ":0:0 <> Error: The package has more than 10000 files");
}

static void too_deep(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_package_put(fixture, "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/A.permissionset-meta.xml",
			    FIXTURE_SET(""));
	fixture_package_read(fixture);
	fixture_assert_none(&fixture->problems);
	fixture_package_put(fixture, "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/B.permissionset-meta.xml",
			    FIXTURE_SET(""));
	psg_model_clear(&fixture->model);
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a:0:0 <> Error: Folders are nested more "
			    "than 16 deep");
}

static void no_directory(void **state)
{
	struct fixture_package *fixture = *state;
	char path[512];

	fixture_package_put(fixture, "file", "x");
	fixture_path(fixture, "file", path);
	assert_int_equal(psg_package_read(path, &fixture->model, &fixture->problems),
			 PSG_ERR_INVALID);
	fixture_path(fixture, "nowhere", path);
	assert_int_equal(psg_package_read(path, &fixture->model, &fixture->problems),
			 PSG_ERR_NOT_FOUND);
	fixture_assert_none(&fixture->problems);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_package_set_up, fixture_package_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(symlinks),       TEST(link_to_the_package),
	    TEST(fifo),           TEST(odd_bytes_in_a_name),
	    TEST(unreadable),     TEST(too_large),
	    TEST(too_many_files), TEST(too_deep),
	    TEST(no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
