/* Zips as packages: what is taken, where the package begins, and what is refused with which words. */
#include "zip_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stored_and_deflated),
	    cmocka_unit_test(roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
