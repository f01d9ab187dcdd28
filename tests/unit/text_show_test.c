/* What people read and type: psg_show_line and psg_text_is_plain; and Unix groups by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "psg/text.h"
#include "psg/unix_group.h"

static void shown(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
	    {"", ""},
	    {"a\\b \"c\"", "a\\b \"c\""},
	    {"line\nbreak\x1b[31m", "line\\x0abreak\\x1b[31m"},
	    {"\xff", "\\xff"},
	    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	    {"\xe2\x80\xae", "\\xe2\\x80\\xae"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		psg_show_line(rows[i].text, out, sizeof(out));
		assert_string_equal(out, rows[i].shown);
	}
	psg_show_line("0123456789", out, 8);
	assert_string_equal(out, "0123...");
}

static void plain(void **state)
{
	(void)state;
	assert_true(psg_text_is_plain("", 0));
	assert_true(psg_text_is_plain("gr\xc3\xbcn", 4));
	assert_false(psg_text_is_plain("gr\xc3\xbcn", 3));
	assert_false(psg_text_is_plain("a\tb", 9));
	assert_false(psg_text_is_plain("a\xc3", 9));
	assert_false(psg_text_is_plain("\xe2\x80\xa8", 9));
}

static void unix_groups(void **state)
{
	struct psg_unix_group group = {.gid = 77};

	(void)state;
	assert_int_equal(psg_unix_group_find("no-such-group", &group), PSG_ERR_NOT_FOUND);
	assert_int_equal(group.gid, 77);
	assert_int_equal(psg_unix_group_find("root", &group), PSG_OK);
	assert_int_equal(group.gid, 0);
	assert_string_equal(group.name, "root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shown),
	    cmocka_unit_test(plain),
	    cmocka_unit_test(unix_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
