/* Package directories made to hurt: links, FIFOs, too many, too large, too deep, not readable. */
#include "package_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
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
	assert_int_equal(fixture_package_load(path, &fixture->model, &fixture->problems), PSG_OK);
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

/* Root can make one; the other needs nobody. */
static void device_and_socket(void **state)
{
	struct fixture_package *fixture = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[512];

	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/B.permissionset-meta.xml",
		 fixture->directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	package_expect(fixture, "+PermissionSet/A=" FIXTURE_SET_A "\n"
				"+PermissionSet/B=B.permissionset-meta.xml\n");
	fixture_assert_only(&fixture->problems,
			    "B.permissionset-meta.xml:0:0 <> Error: Not a regular file");
	if (geteuid() != 0)
		return;
	assert_int_equal(unlink(address.sun_path), 0);
	fixture_path(fixture, "package.xml", path);
	assert_int_equal(mknod(path, S_IFCHR | 0666, makedev(1, 5)), 0); /* zeros without end */
	package_expect(fixture, " PermissionSet/A=" FIXTURE_SET_A "\n");
	fixture_assert_only(&fixture->problems, "package.xml:0:0 <> Error: Not a regular file");
}

/* Not a directory, not a file: nobody opens it to see. */
static void special_path(void **state)
{
	struct fixture_package *fixture = *state;
	struct psg_source *source = NULL;
	char path[512];

	fixture_path(fixture, "fifo", path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(psg_source_open(path, &fixture->problems, &source), PSG_ERR_INVALID);
	assert_int_equal(psg_source_open("/dev/zero", &fixture->problems, &source),
			 PSG_ERR_INVALID);
	fixture_assert_none(&fixture->problems);
	assert_null(source);
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
	err = fixture_package_load(fixture->directory, &fixture->model, &fixture->problems);
	folder_err = fixture_package_load(folder, &model, &problems);
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

/* In source format one object is hundreds of files: only components count. */
static void too_many_components(void **state)
{
	struct fixture_package *fixture = *state;
	char path[64];

	for (unsigned i = 0; i < PSG_PACKAGE_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "objects/F%u.field-meta.xml", i);
		fixture_package_put(fixture, path, "");
		snprintf(path, sizeof(path), "sets/S%u.permissionset-meta.xml", i);
		fixture_package_put(fixture, path, "");
	}
	struct psg_source *source = NULL;
	assert_int_equal(psg_source_open(fixture->directory, &fixture->problems, &source), PSG_OK);
	fixture_assert_none(&fixture->problems);
	psg_source_close(&source);
	fixture_package_put(fixture, "sets/One.permissionset-meta.xml", "");
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    ":0:0 <> Error: The package has more than 10000 files");
}

/* Sparse: they say 640 MiB. */
static void too_much(void **state)
{
	struct fixture_package *fixture = *state;
	char name[64], path[512];

	fixture_package_put(fixture, "package.xml", FIXTURE_PACKAGE(""));
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "staticresources/f%u.resource", i);
		fixture_package_put(fixture, name, "");
		fixture_path(fixture, name, path);
		assert_int_equal(truncate(path, PSG_XML_SIZE_MAX), 0);
	}
	fixture_package_read(fixture);
	fixture_assert_only(&fixture->problems,
			    ":0:0 <> Error: The package is larger than 600 MiB");
	fixture_path(fixture, "package.xml", path);
	assert_int_equal(unlink(path), 0);
	fixture_package_put(fixture, FIXTURE_SET_A, FIXTURE_SET(""));
	psg_problems_clear(&fixture->problems);
	fixture_package_read(fixture);
	fixture_assert_none(&fixture->problems);
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
	assert_int_equal(fixture_package_load(path, &fixture->model, &fixture->problems),
			 PSG_ERR_INVALID);
	fixture_path(fixture, "nowhere", path);
	assert_int_equal(fixture_package_load(path, &fixture->model, &fixture->problems),
			 PSG_ERR_NOT_FOUND);
	fixture_assert_none(&fixture->problems);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_package_set_up, fixture_package_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(symlinks),       TEST(link_to_the_package),
	    TEST(fifo),           TEST(device_and_socket),
	    TEST(special_path),   TEST(odd_bytes_in_a_name),
	    TEST(unreadable),     TEST(too_large),
	    TEST(too_many_files), TEST(too_many_components),
	    TEST(too_much),       TEST(too_deep),
	    TEST(no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
