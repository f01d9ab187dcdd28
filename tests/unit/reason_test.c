/* A reason against the policy's rule and pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "psg/reason.h"

struct row {
	enum psg_reason_rule rule;
	const char *pattern, *text;
	enum psg_reason_verdict verdict;
};

static const struct row rows[] = {
    {PSG_REASON_REQUIRED, "", "", PSG_REASON_MISSING},
    {PSG_REASON_REQUIRED, ".*", "", PSG_REASON_MISSING},
    {PSG_REASON_REQUIRED, "", "because", PSG_REASON_GOOD},
    {PSG_REASON_REQUIRED, "INC[0-9]+", "INC7", PSG_REASON_GOOD},
    {PSG_REASON_REQUIRED, "INC[0-9]+", "INC7 and more", PSG_REASON_UNMATCHED},
    {PSG_REASON_REQUIRED, "INC[0-9]+", "see INC7", PSG_REASON_UNMATCHED},
    {PSG_REASON_REQUIRED, "INC|INC[0-9]+", "INC77", PSG_REASON_GOOD},
    {PSG_REASON_OPTIONAL, "INC[0-9]+", "", PSG_REASON_GOOD},
    {PSG_REASON_OPTIONAL, "INC[0-9]+", "x", PSG_REASON_UNMATCHED},
    {PSG_REASON_NONE, "INC[0-9]+", "x", PSG_REASON_GOOD},
    {PSG_REASON_NONE, "", "", PSG_REASON_GOOD},
    {PSG_REASON_REQUIRED, "", "a\nb", PSG_REASON_REFUSED},
    {PSG_REASON_REQUIRED, "", "\xff", PSG_REASON_REFUSED},
    {PSG_REASON_REQUIRED, "", "\xe2\x80\xae", PSG_REASON_REFUSED},
    {PSG_REASON_NONE, "", "\x1b[31m", PSG_REASON_REFUSED},
};

static enum psg_reason_verdict judge(enum psg_reason_rule rule, const char *pattern,
				     const char *text)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", pattern);
	struct psg_activation_policy policy = {.reason = rule, .reason_pattern = copy};
	enum psg_reason_verdict verdict = PSG_REASON_REFUSED;

	assert_int_equal(psg_reason_judge(&policy, text, &verdict), PSG_OK);
	return verdict;
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++)
		if (judge(rows[i].rule, rows[i].pattern, rows[i].text) != rows[i].verdict)
			fail_msg("row %zu: \"%s\" against \"%s\"", i, rows[i].text,
				 rows[i].pattern);
}

static void length_is_of_characters(void **state)
{
	char text[2 * (PSG_REASON_CHARACTERS_MAX + 1) + 1];

	(void)state;
	for (size_t i = 0; i <= PSG_REASON_CHARACTERS_MAX; i++)
		memcpy(text + 2 * i, "\xc3\xbc", 3);
	assert_int_equal(judge(PSG_REASON_REQUIRED, "", text), PSG_REASON_REFUSED);
	text[2 * PSG_REASON_CHARACTERS_MAX] = '\0';
	assert_int_equal(judge(PSG_REASON_REQUIRED, "", text), PSG_REASON_GOOD);
}

/* It was a pattern when it was deployed. */
static void a_damaged_pattern_is_an_error(void **state)
{
	char pattern[] = "(";
	const struct psg_activation_policy policy = {.reason = PSG_REASON_OPTIONAL,
						     .reason_pattern = pattern};
	enum psg_reason_verdict verdict = PSG_REASON_MISSING;

	(void)state;
	assert_int_equal(psg_reason_judge(&policy, "x", &verdict), PSG_ERR_CORRUPT);
	assert_int_equal(verdict, PSG_REASON_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(length_is_of_characters),
	    cmocka_unit_test(a_damaged_pattern_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
