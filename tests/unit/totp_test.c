/* TOTP: the RFCs' vectors, the window and its edges, the forms of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/totp.h"

static struct psg_credential credential(enum psg_algorithm algorithm, uint32_t digits)
{
	static const size_t lengths[] = {20, 32, 64}; /* RFC 6238 errata 2866 */
	struct psg_credential c = {
	    .id = "0123456789abcdef", .algorithm = algorithm, .digits = digits, .period_s = 30};

	c.secret_len = lengths[algorithm];
	for (size_t i = 0; i < c.secret_len; i++)
		c.secret[i] = (uint8_t)('0' + (i + 1) % 10);
	return c;
}

static void rfc6238_appendix_b(void **state)
{
	static const struct {
		int64_t time;
		const char *codes[3];
	} rows[] = {
	    {59, {"94287082", "46119246", "90693936"}},
	    {1111111109, {"07081804", "68084774", "25091201"}},
	    {1111111111, {"14050471", "67062674", "99943326"}},
	    {1234567890, {"89005924", "91819424", "93441116"}},
	    {2000000000, {"69279037", "90698825", "38618901"}},
	    {20000000000, {"65353130", "77737706", "47863826"}},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		for (int algorithm = PSG_SHA1; algorithm <= PSG_SHA512; algorithm++) {
			struct psg_credential c = credential((enum psg_algorithm)algorithm, 8);
			char code[PSG_CODE_DIGITS_MAX + 1];
			uint64_t step = psg_totp_step(&c, rows[i].time), matched = 0;

			assert_int_equal(psg_totp_code(&c, step, code), PSG_OK);
			assert_string_equal(code, rows[i].codes[algorithm]);
			assert_int_equal(psg_totp_match(&c, rows[i].time, 0, false, 0,
							rows[i].codes[algorithm], &matched),
					 PSG_OK);
			assert_true(matched == step);
			/* fewer digits are the last ones */
			c.digits = 7;
			assert_int_equal(psg_totp_code(&c, step, code), PSG_OK);
			assert_string_equal(code, rows[i].codes[algorithm] + 1);
			c.digits = 6;
			assert_int_equal(psg_totp_code(&c, step, code), PSG_OK);
			assert_string_equal(code, rows[i].codes[algorithm] + 2);
		}
	}
}

/* A TOTP step is a HOTP counter. */
static void rfc4226_appendix_d(void **state)
{
	static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
					    "254676", "287922", "162583", "399871", "520489"};
	struct psg_credential c = credential(PSG_SHA1, 6);
	char code[PSG_CODE_DIGITS_MAX + 1];

	(void)state;
	for (uint64_t step = 0; step < PSG_COUNT(codes); step++) {
		assert_int_equal(psg_totp_code(&c, step, code), PSG_OK);
		assert_string_equal(code, codes[step]);
	}
}

static void code_of(const struct psg_credential *c, uint64_t step, char out[static 9])
{
	assert_int_equal(psg_totp_code(c, step, out), PSG_OK);
}

/* Every step around the window, at both ends of the period. */
static void window_edges(void **state)
{
	struct psg_credential c = credential(PSG_SHA1, 6);
	const int64_t base = 1800000000; /* begins a step */

	(void)state;
	for (int64_t second = 0; second < 30; second += 29) {
		for (uint32_t window = 0; window <= 10; window++) {
			for (int64_t off = -13; off <= 13; off++) {
				uint64_t step = (uint64_t)(base / 30 + off), matched = 7;
				bool inside = off >= -(int64_t)window && off <= (int64_t)window;
				char code[9];
				enum psg_err err;

				code_of(&c, step, code);
				err = psg_totp_match(&c, base + second, window, false, 0, code,
						     &matched);
				assert_int_equal(err, inside ? PSG_OK : PSG_ERR_WRONG_CODE);
				assert_true(matched == (inside ? step : 7));
			}
		}
	}
}

static void window_at_the_ends_of_time(void **state)
{
	struct psg_credential c = credential(PSG_SHA1, 6);
	uint64_t matched = 7;
	char code[9];

	(void)state;
	code_of(&c, 0, code);
	assert_int_equal(psg_totp_match(&c, 0, 10, false, 0, code, &matched), PSG_OK);
	assert_true(matched == 0);
	assert_int_equal(psg_totp_match(&c, 59, 1, false, 0, code, &matched), PSG_OK);
	assert_int_equal(psg_totp_match(&c, 60, 1, false, 0, code, &matched), PSG_ERR_WRONG_CODE);
	assert_int_equal(psg_totp_match(&c, -1, 1, false, 0, code, &matched), PSG_ERR_CLOCK);
	/* Steps beyond what a time can say are an error, no wrapping to the first ones. */
	assert_int_equal(psg_totp_match(&c, INT64_MAX, 1, false, 0, code, &matched),
			 PSG_ERR_INVALID);
	assert_int_equal(psg_totp_code(&c, UINT64_MAX, code), PSG_ERR_INVALID);
	assert_int_equal(psg_totp_code(&c, (uint64_t)INT64_MAX / 30 + 1, code), PSG_ERR_INVALID);
	code_of(&c, (uint64_t)INT64_MAX / 30, code);
	code_of(&c, (uint64_t)INT64_MAX / 30 - 1, code);
	assert_int_equal(psg_totp_match(&c, INT64_MAX - 60, 1, false, 0, code, &matched), PSG_OK);
	assert_true(matched == (uint64_t)INT64_MAX / 30 - 1);
	assert_int_equal(psg_totp_match(&c, 0, PSG_WINDOW_STEPS_MAX + 1, false, 0, code, &matched),
			 PSG_ERR_INVALID);
}

/* What a highest spent step leaves of the window. */
static void spent_steps(void **state)
{
	struct psg_credential c = credential(PSG_SHA256, 8);
	const int64_t now = 1800000000;
	const uint64_t step = (uint64_t)now / 30;

	(void)state;
	for (int highest = -4; highest <= 4; highest++) {
		for (int off = -2; off <= 2; off++) {
			uint64_t matched = 7;
			char code[9];
			enum psg_err expected = PSG_OK;

			if (highest > 2)
				expected = PSG_ERR_STEP_FUTURE;
			else if (off <= highest)
				expected = PSG_ERR_REPLAYED;
			code_of(&c, step + (uint64_t)off, code);
			assert_int_equal(psg_totp_match(&c, now, 2, true, step + (uint64_t)highest,
							code, &matched),
					 expected);
			assert_true(matched == (expected ? 7 : step + (uint64_t)off));
			/* a wrong code is wrong whatever was spent */
			code[0] = code[0] == '0' ? '1' : '0';
			assert_int_equal(psg_totp_match(&c, now, 2, true, step + (uint64_t)highest,
							code, &matched),
					 PSG_ERR_WRONG_CODE);
		}
	}
	char code[9];
	uint64_t matched = 7;

	/* step 0 spent is not "none was spent" */
	code_of(&c, 0, code);
	assert_int_equal(psg_totp_match(&c, 0, 0, true, 0, code, &matched), PSG_ERR_REPLAYED);
	assert_int_equal(psg_totp_match(&c, 0, 0, false, 99, code, &matched), PSG_OK);
}

/* Two steps of a window may have one code: the lowest that is still to be had counts. */
static void spent_twins(void **state)
{
	struct psg_credential c = credential(PSG_SHA1, 6);
	static char codes[2500][9];
	char code[9];
	uint64_t first = 0, second = 0, matched = 0;

	(void)state;
	for (uint64_t step = 0; step < PSG_COUNT(codes); step++)
		code_of(&c, step, codes[step]);
	for (uint64_t b = 1; b < PSG_COUNT(codes) && second == 0; b++) {
		for (uint64_t a = 0; a < b && second == 0; a++) {
			if (strcmp(codes[a], codes[b]) == 0) {
				first = a;
				second = b;
			}
		}
	}
	assert_true(second > first);
	code_of(&c, first, code);
	uint32_t window = (uint32_t)(second - first);
	int64_t now = (int64_t)first * 30;

	assert_int_equal(psg_totp_match(&c, now, window, false, 0, code, &matched), PSG_OK);
	assert_true(matched == first);
	assert_int_equal(psg_totp_match(&c, now, window, true, first, code, &matched), PSG_OK);
	assert_true(matched == second);
	assert_int_equal(psg_totp_match(&c, now, window, true, second, code, &matched),
			 PSG_ERR_REPLAYED);
}

static void other_lengths_are_wrong(void **state)
{
	static const char *const codes[] = {
	    "",       "9",      "94287", "942870", "9428708", "942870820", "94287082000000000000",
	    "287082", "4287082"};
	struct psg_credential c = credential(PSG_SHA1, 8);
	uint64_t matched = 7;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(codes); i++)
		assert_int_equal(psg_totp_match(&c, 59, 0, false, 0, codes[i], &matched),
				 PSG_ERR_WRONG_CODE);
	c.digits = 6;
	assert_int_equal(psg_totp_match(&c, 59, 0, false, 0, "94287082", &matched),
			 PSG_ERR_WRONG_CODE);
	assert_int_equal(psg_totp_match(&c, 59, 0, false, 0, "287082", &matched), PSG_OK);
}

/* The longest secret there may be, and steps of times and periods that are none. */
static void limits(void **state)
{
	struct psg_credential c = credential(PSG_SHA512, 8), other;
	char code[9], again[9];

	(void)state;
	c.secret_len = PSG_SECRET_MAX;
	memset(c.secret, 7, sizeof(c.secret));
	code_of(&c, 1, code);
	other = c;
	other.secret[PSG_SECRET_MAX - 1] ^= 1;
	code_of(&other, 1, again);
	assert_string_not_equal(code, again);
	assert_true(psg_totp_step(&c, 59) == 1 && psg_totp_step(&c, 60) == 2);
	assert_true(psg_totp_step(&c, -60) == 0);
	c.period_s = 0;
	assert_true(psg_totp_step(&c, 60) == 0);
}

static void unusable_credentials(void **state)
{
	char code[9] = "kept";
	uint64_t matched = 7;

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct psg_credential c = credential(PSG_SHA1, 6);

		if (i == 0)
			c.digits = 5;
		if (i == 1)
			c.digits = 9;
		if (i == 2)
			c.period_s = 0;
		if (i == 3)
			c.secret_len = 0;
		if (i == 4)
			c.secret_len = PSG_SECRET_MAX + 1;
		if (i == 5)
			c.algorithm = (enum psg_algorithm)3;
		if (i == 6)
			c = (struct psg_credential){0};
		assert_int_equal(psg_totp_code(&c, 1, code), PSG_ERR_INVALID);
		assert_string_equal(code, "kept");
		assert_int_equal(psg_totp_match(&c, 59, 1, false, 0, "287082", &matched),
				 PSG_ERR_INVALID);
		assert_true(matched == 7);
	}
}

static void answers(void **state)
{
	static const struct {
		const char *answer, *code;
	} rows[] = {
	    {"123456", "123456"},       {"1234567", "1234567"}, {"12345678", "12345678"},
	    {" 123456\n", "123456"},    {"123 456", "123456"},  {"  1234 5678 ", "12345678"},
	    {"\t123456\r\n", "123456"}, {"000000", "000000"},   {"1 23456", "123456"},
	};
	static const char *const bad[] = {"",
					  " ",
					  "12345",
					  "123456789",
					  "12 34 56",
					  "123  456",
					  "12345a",
					  "a123456",
					  "-123456",
					  "+123456",
					  "123456.",
					  "0x1234",
					  "12345\xff",
					  "123\t456",
					  "123\n456",
					  "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6",
					  "\357\274\22123456",
					  "12345 ",
					  "password",
					  "1234567890123456789012345678901234567890"};
	char out[PSG_CODE_DIGITS_MAX + 1] = "kept";

	(void)state;
	assert_int_equal(psg_code_normalize(NULL, out), PSG_ERR_MALFORMED);
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_code_normalize(bad[i], out) != PSG_ERR_MALFORMED)
			fail_msg("taken: %s", bad[i]);
	assert_string_equal(out, "kept");
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		assert_int_equal(psg_code_normalize(rows[i].answer, out), PSG_OK);
		assert_string_equal(out, rows[i].code);
	}
}

static void names(void **state)
{
	static const char *const bad[] = {"", "sha1", "SHA-1", "SHA1 ", "MD5", "SHA384"};
	enum psg_algorithm back = PSG_SHA512;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		assert_int_equal(psg_algorithm_parse(bad[i], &back), PSG_ERR_INVALID);
	assert_int_equal(back, PSG_SHA512);
	for (int a = PSG_SHA1; a <= PSG_SHA512; a++) {
		assert_int_equal(
		    psg_algorithm_parse(psg_algorithm_name((enum psg_algorithm)a), &back), PSG_OK);
		assert_int_equal(back, a);
	}
	assert_non_null(psg_algorithm_name((enum psg_algorithm)9));
}

static void cleared(void **state)
{
	struct psg_credential c = credential(PSG_SHA1, 6), zero;
	struct psg_credentials list = {.items = calloc(2, sizeof(c)), .count = 2};

	(void)state;
	memset(&zero, 0, sizeof(zero));
	psg_credential_clear(&c);
	assert_memory_equal(&c, &zero, sizeof(c));
	psg_credentials_clear(&list);
	assert_null(list.items);
	psg_credentials_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc6238_appendix_b),
	    cmocka_unit_test(rfc4226_appendix_d),
	    cmocka_unit_test(window_edges),
	    cmocka_unit_test(window_at_the_ends_of_time),
	    cmocka_unit_test(spent_steps),
	    cmocka_unit_test(spent_twins),
	    cmocka_unit_test(other_lengths_are_wrong),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(unusable_credentials),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(names),
	    cmocka_unit_test(cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
