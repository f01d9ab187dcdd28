/* What a recovery code looks like, and what is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "psg/recovery.h"

static void forms(void **state)
{
	static const struct {
		const char *answer, *code; /* NULL: malformed */
	} rows[] = {
	    {"7K2QX-M9T4D", "7K2QXM9T4D"},
	    {"7k2qx-m9t4d", "7K2QXM9T4D"},
	    {" 7k2qx m9t4d\r\n", "7K2QXM9T4D"},
	    {"7K2QXM9T4D", "7K2QXM9T4D"},
	    {"7K-2Q-XM-9T-4D", "7K2QXM9T4D"},
	    {"OIL0o-iILl1", "0110011111"}, /* for what eyes and hands make of 0 and 1 */
	    {"12345-67890", "1234567890"}, /* ten digits: of no device */
	    {"123456", "123456"},
	    {"123 456", "123456"},
	    {"1234567", "1234567"},
	    {"12345678", "12345678"},
	    {"7K2QX-M9T4", NULL},
	    {"7K2QX-M9T4DD", NULL},
	    {"7K2QX-M9T4U", NULL}, /* U is in no code */
	    {"7K2QX_M9T4D", NULL},
	    {"7K2QX-M9T4\xc3\x84", NULL},
	    {"12345", NULL},
	    {"123456789", NULL},
	    {"", NULL},
	    {"-", NULL},
	    {NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		char code[PSG_ANSWER_SIZE] = "kept";
		enum psg_err err = psg_answer_normalize(rows[i].answer, code);

		assert_int_equal(err, rows[i].code != NULL ? PSG_OK : PSG_ERR_MALFORMED);
		assert_string_equal(code, rows[i].code != NULL ? rows[i].code : "kept");
		if (err == PSG_OK)
			assert_int_equal(psg_recovery_form(code), strlen(code) == 10);
	}
}

/* Each is read back as itself, no two are alike, and every letter turns up in every place. */
static void fresh_codes(void **state)
{
	enum { CODES = 2000 };
	static char codes[CODES][PSG_ANSWER_SIZE];
	bool seen[PSG_RECOVERY_CHARS][128] = {{false}};
	struct psg_strings all PSG_CLEANUP(psg_strings_clear) = {0};

	(void)state;
	for (int i = 0; i < CODES; i++) {
		char shown[PSG_RECOVERY_SHOWN_SIZE];

		psg_recovery_code(shown);
		assert_int_equal(strlen(shown), PSG_RECOVERY_SHOWN_SIZE - 1);
		assert_int_equal(shown[5], '-');
		assert_null(strpbrk(shown, "ILOUilou"));
		assert_int_equal(psg_answer_normalize(shown, codes[i]), PSG_OK);
		assert_true(psg_recovery_form(codes[i]));
		for (size_t j = 0; j < PSG_RECOVERY_CHARS; j++)
			seen[j][(unsigned char)codes[i][j]] = true;
		assert_int_equal(psg_strings_add(&all, codes[i]), PSG_OK);
	}
	psg_strings_sort(&all);
	assert_int_equal(all.count, CODES);
	for (size_t j = 0; j < PSG_RECOVERY_CHARS; j++) {
		int letters = 0;

		for (size_t c = 0; c < 128; c++)
			letters += seen[j][c];
		assert_int_equal(letters, 32);
	}
}

static void hashes(void **state)
{
	uint8_t salt[PSG_RECOVERY_SALT_SIZE] = {1}, other[PSG_RECOVERY_SALT_SIZE] = {2};
	uint8_t a[PSG_RECOVERY_HASH_SIZE], b[PSG_RECOVERY_HASH_SIZE];

	(void)state;
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 1, 8, a), PSG_OK);
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 1, 8, b), PSG_OK);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", other, 1, 8, b), PSG_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(psg_recovery_hash("7K2QXM9T4E", salt, 1, 8, b), PSG_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	/* What a record may ask for is bounded. */
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 0, 8, b), PSG_ERR_INVALID);
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 17, 8, b), PSG_ERR_INVALID);
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 1, 7, b), PSG_ERR_INVALID);
	assert_int_equal(psg_recovery_hash("7K2QXM9T4D", salt, 1, 64 * 1024 + 1, b),
			 PSG_ERR_INVALID);
}

static void counts(void **state)
{
	char text[PSG_RECOVERY_LEFT_SIZE];

	(void)state;
	psg_recovery_left_format(1, text);
	assert_string_equal(text, "1 recovery code is left");
	psg_recovery_left_format(9, text);
	assert_string_equal(text, "9 recovery codes are left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms),
	    cmocka_unit_test(fresh_codes),
	    cmocka_unit_test(hashes),
	    cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests_name("recovery codes", tests, NULL, NULL);
}
