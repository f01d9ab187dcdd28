/* Base32, as secrets are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/totp.h"

/* RFC 4648 section 10, and what people paste. */
static void base32(void **state)
{
	static const struct {
		const char *text, *bytes, *back;
	} rows[] = {
	    {"MY======", "f", "MY"},
	    {"MZXQ====", "fo", "MZXQ"},
	    {"MZXW6===", "foo", "MZXW6"},
	    {"MZXW6YQ=", "foob", "MZXW6YQ"},
	    {"MZXW6YTB", "fooba", "MZXW6YTB"},
	    {"MZXW6YTBOI======", "foobar", "MZXW6YTBOI"},
	    {"mzxw 6ytb oi", "foobar", "MZXW6YTBOI"},
	    {"MZXW6YTBOI", "foobar", "MZXW6YTBOI"},
	};
	static const char *const bad[] = {"",         " ",        "M",        "MZXW6YT1",
					  "MZXW6YT!", "MZX",      "M=======", "MZXW6YTB\xff",
					  "========", "MZXW6YTBO"};
	uint8_t bytes[16] = {9};
	char text[32] = "kept";
	size_t len = 7;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_base32_decode(bad[i], bytes, sizeof(bytes), &len) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(len, 7);
	assert_int_equal(bytes[0], 9);
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		assert_int_equal(psg_base32_decode(rows[i].text, bytes, sizeof(bytes), &len),
				 PSG_OK);
		assert_int_equal(len, strlen(rows[i].bytes));
		assert_memory_equal(bytes, rows[i].bytes, len);
		assert_int_equal(psg_base32_encode(bytes, len, text, strlen(rows[i].back) + 1),
				 PSG_OK);
		assert_string_equal(text, rows[i].back);
	}
	/* no room */
	assert_int_equal(psg_base32_decode("MZXW6YTBOI", bytes, 5, &len), PSG_ERR_INVALID);
	assert_int_equal(psg_base32_encode(bytes, 6, text, 10), PSG_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
