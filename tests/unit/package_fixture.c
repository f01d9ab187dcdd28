#include "package_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/metadata/metadata.h"

static void describe(const struct psg_package *package, struct psg_buf *out)
{
	psg_buf_text(out, "");
	if (package->version)
		psg_buf_format(out, "version %u\n", package->version);
	for (size_t i = 0; i < package->item_count; i++) {
		const struct psg_package_item *item = &package->items[i];

		psg_buf_format(out, "%s%s/%s=%s\n", item->listed ? "+" : " ", item->type->name,
			       item->name, item->path);
	}
	for (size_t i = 0; i < package->deletion_count; i++) {
		const struct psg_package_deletion *deletion = &package->deletions[i];

		psg_buf_format(out, "-%s/%s=%s%s:%d:%d\n", deletion->type, deletion->name,
			       deletion->after ? "after " : "", deletion->file, deletion->line,
			       deletion->column);
	}
	assert_false(out->failed);
}

void package_expect(struct fixture_package *fixture, const char *expected)
{
	struct psg_source *source = NULL;
	struct psg_package package = {0};
	struct psg_buf text = {0};

	psg_problems_clear(&fixture->problems);
	assert_int_equal(psg_source_open(fixture->directory, &fixture->problems, &source), PSG_OK);
	assert_int_equal(psg_package_open(source, &package, &fixture->problems), PSG_OK);
	psg_problems_sort(&fixture->problems);
	for (size_t i = 0; i < package.item_count; i++) {
		const struct psg_package_item *item = &package.items[i];

		assert_ptr_equal(psg_package_find(&package, item->type->name, item->name), item);
		assert_string_equal(psg_source_path(source, item->file), item->path);
	}
	assert_null(psg_package_find(&package, "PermissionSet", "Nowhere"));
	describe(&package, &text);
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
	psg_package_clear(&package);
	psg_source_close(&source);
}

void package_expect_problems(const struct fixture_package *fixture, const char *expected)
{
	struct psg_buf text = {0};

	psg_buf_text(&text, "");
	for (size_t i = 0; i < fixture->problems.count; i++) {
		const struct psg_problem *problem = &fixture->problems.items[i];

		psg_buf_format(&text, "%s:%d:%d <%s> %s: %s\n", problem->file, problem->line,
			       problem->column, problem->element,
			       problem->warning ? "Warning" : "Error", problem->text);
		assert_true(*problem->remedy);
	}
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
}
