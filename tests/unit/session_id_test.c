/* The text that `status` prints and --session takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/session.h"

#define NONE PSG_AUDIT_NONE

static const struct {
	struct psg_binding binding;
	const char *text;
} rows[] = {
    {{{1, 0}, NONE}, "1-0"},
    {{{4194304, 123456789}, 42}, "4194304-123456789-42"},
    {{{INT32_MAX, UINT64_MAX}, NONE - 1}, "2147483647-18446744073709551615-4294967294"},
    {{{60, 100}, 0}, "60-100-0"},
};

static const char *const bad[] = {
    "",
    "60",
    "60-",
    "-100",
    "0-100",
    "60-100-",
    "60--100",
    "-60-100",
    "060-100",
    "60-0100",
    "60-100-07",
    "60-100-4294967295",
    "60-100-1-2",
    "2147483648-1",
    "60-18446744073709551616",
    " 60-100",
    "60-100 ",
    "60-100x",
    "c2",
    "60_100",
    "60-10000000000000000000000000000000000000000000000000000000000000000000",
};

static void there_and_back(void **state)
{
	struct psg_binding back;
	char text[PSG_SESSION_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		psg_session_id_format(&rows[i].binding, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(psg_session_id_parse(text, &back), PSG_OK);
		assert_int_equal(back.leader.pid, rows[i].binding.leader.pid);
		assert_true(back.leader.start_ticks == rows[i].binding.leader.start_ticks);
		assert_int_equal(back.audit_id, rows[i].binding.audit_id);
	}
}

static void refused(void **state)
{
	struct psg_binding back = {.audit_id = 9};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_session_id_parse(bad[i], &back) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(back.audit_id, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
