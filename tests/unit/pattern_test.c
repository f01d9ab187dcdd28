/* Patterns: what matches, what is refused with which words, bounds, and the same answers as libc's regcomp. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/base.h"
#include "psg/pattern.h"

#include "../soak.h"

struct row {
	const char *pattern, *text;
	bool matches;
};

static const struct row rows[] = {
    {"", "", true},
    {"", "a", false},
    {"abc", "abc", true},
    {"abc", "abcd", false},
    {"abc", "zabc", false},
    {"abc", "ab", false},
    {"a|bc|d", "bc", true},
    {"a|bc|d", "d", true},
    {"a|bc|d", "ad", false},
    {"(a|)b", "b", true},
    {"(|a)b", "ab", true},
    {"()", "", true},
    {"INC|INC[0-9]+", "INC77", true},
    {"^INC[0-9]{7}$", "INC0012345", true},
    {"^INC[0-9]{7}$", "INC001234", false},
    {"(^a|b$)c*", "ac", true},
    {"(^a|b$)c*", "bc", false},
    {"a^b", "ab", false},
    {"a$|^b", "b", true},
    {"x*", "", true},
    {"x*", "xxxx", true},
    {"x+", "", false},
    {"x+", "xx", true},
    {"(ab)+", "ababab", true},
    {"(ab)+", "aba", false},
    {"x?y", "xy", true},
    {"x?y", "xxy", false},
    {"a{0}b", "b", true},
    {"a{0}b", "ab", false},
    {"a{3}", "aaa", true},
    {"a{3}", "aa", false},
    {"a{3}", "aaaa", false},
    {"a{2,}", "a", false},
    {"a{2,}", "aaaaa", true},
    {"a{0,}b", "aab", true},
    {"a{1,3}", "", false},
    {"a{1,3}", "aaa", true},
    {"a{1,3}", "aaaa", false},
    {"(a{1,2}b){2}", "abaab", true},
    {"(a*)*", "aaa", true},
    {"(a*)+b", "b", true},
    {"(a{0}){3}", "", true},
    {".", "\xc3\xbc", true},
    {"..", "\xc3\xbc", false},
    {"\xc3\xbc+", "\xc3\xbc\xc3\xbc", true},
    {"[\xc3\xa4-\xc3\xbc]", "\xc3\xb6", true},
    {"[^a]", "\xe2\x82\xac", true},
    {".*", "\xff", false},
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[^abc]", "d", true},
    {"[^abc]", "b", false},
    {"[]a]", "]", true},
    {"[^]a]", "]", false},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[a-c]{2}", "bc", true},
    {"[+--]", ",", true},
    {"[%--]", "-", true},
    {"[\\d]", "d", true},
    {"[\\d]", "\\", true},
    {"[[:digit:][:upper:]_-]+", "A_7-", true},
    {"[[:digit:][:upper:]_-]+", "a", false},
    {"[[:alpha:]]", "\xc3\xbc", false},
    {"[[:space:]]", " ", true},
    {"[[:punct:]]{3}", "!@~", true},
    {"[[:xdigit:]]+", "09afAF", true},
    {"[[.-.]a]", "-", true},
    {"[[=a=]-c]", "b", true},
    {"[[.-.]-/]", ".", true},
    {"[[]", "[", true},
    {"[a[.].]]", "]", true},
    {"a]b}", "a]b}", true},
    {"\\.\\*\\[\\\\\\{\\}\\-\\/\\|\\)\\^\\$ ", ".*[\\{}-/|)^$ ", true},
    {"#[0-9]+: .{3,}", "#12: because", true},
};

static struct psg_pattern *parse(const char *text)
{
	struct psg_pattern *pattern = NULL;
	char why[PSG_PATTERN_WHY_SIZE];

	if (psg_pattern_parse(text, &pattern, why) != PSG_OK)
		fail_msg("%s: %s", text, why);
	assert_string_equal(why, "");
	return pattern;
}

static bool matches(const char *pattern, const char *text)
{
	struct psg_pattern *parsed PSG_CLEANUP(psg_pattern_free) = parse(pattern);
	bool first = psg_pattern_matches(parsed, text);

	/* Nothing stays of a text. */
	assert_int_equal(psg_pattern_matches(parsed, text), first);
	return first;
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++)
		if (matches(rows[i].pattern, rows[i].text) != rows[i].matches)
			fail_msg("%s against %s", rows[i].pattern, rows[i].text);
}

static const char *const bad[][2] = {
    {"(a", "a ( is not closed by a )"},
    {"(a|b", "a ( is not closed by a )"},
    {"a)", "a ) closes nothing"},
    {"a)|(b", "a ) closes nothing"},
    {"*a", "nothing is before a *: write \\* for the character itself"},
    {"a|+", "nothing is before a +: write \\+ for the character itself"},
    {"(?:a)", "nothing is before a ?: write \\? for the character itself"},
    {"{2}", "nothing is before a {: write \\{ for the character itself"},
    {"a**", "one repetition directly follows another"},
    {"a+?", "one repetition directly follows another"},
    {"a{2}{3}", "one repetition directly follows another"},
    {"^*a", "* repeats ^, which is no character"},
    {"a${2}", "{ repeats $, which is no character"},
    {"a{", "{ begins a count, as in {2}, {2,} or {1,10}: write \\{ for the character itself"},
    {"a{,3}", "{ begins a count, as in {2}, {2,} or {1,10}: write \\{ for the character itself"},
    {"a{-1}", "{ begins a count, as in {2}, {2,} or {1,10}: write \\{ for the character itself"},
    {"a{1,b}", "{ begins a count, as in {2}, {2,} or {1,10}: write \\{ for the character itself"},
    {"a{2", "a { is not closed by a }"},
    {"(a{2", "a { is not closed by a }"},
    {"a{2,3", "a { is not closed by a }"},
    {"a{3,2}", "a count in {} runs backwards"},
    {"a{256}", "a count in {} is larger than 255"},
    {"a{0,99999999999999999999}", "a count in {} is larger than 255"},
    {"(a)\\1", "back-references, such as \\1, are not part of POSIX extended expressions"},
    {"\\d+", "\\d is not part of POSIX: write [0-9]"},
    {"\\w+", "\\w is not part of POSIX: write [[:alnum:]_]"},
    {"\\S", "\\S is not part of POSIX: write [^[:space:]]"},
    {"\\bINC", "\\b is not part of POSIX"},
    {"\\<INC", "\\< is not part of POSIX"},
    {"a\\", "it ends with a \\: write \\\\ for the character itself"},
    {"[a", "a [ is not closed by a ]"},
    {"[", "a [ is not closed by a ]"},
    {"[^", "a [ is not closed by a ]"},
    {"[]", "a [ is not closed by a ]"},
    {"[^]", "a [ is not closed by a ]"},
    {"[a-", "a [ is not closed by a ]"},
    {"[z-a]", "a range in [] runs backwards"},
    {"[a-c-e]", "the end of one range in [] begins another: put a - that is meant as itself last"},
    {"[[:alpha:]-z]", "a class, such as [:alpha:], is no end of a range"},
    {"[a-[:digit:]]", "a class is no end of a range"},
    {"[[:letter:]]", "after [: comes the name of a class, as in [[:alpha:]], [[:digit:]], "
		     "[[:alnum:]] or [[:space:]]"},
    {"[[:alpha", "after [: comes the name of a class, as in [[:alpha:]], [[:digit:]], "
		 "[[:alnum:]] or [[:space:]]"},
    {"[[.space.]]", "between [. and .], or [= and =], is one character"},
    {"[[.a", "between [. and .], or [= and =], is one character"},
    {"[[==]]", "between [. and .], or [= and =], is one character"},
    {"a\xff", "it is not UTF-8"},
    {"a\xc3", "it is not UTF-8"},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		struct psg_pattern *pattern = NULL;
		char why[PSG_PATTERN_WHY_SIZE];

		if (psg_pattern_parse(bad[i][0], &pattern, why) != PSG_ERR_INVALID)
			fail_msg("%s is taken", bad[i][0]);
		assert_null(pattern);
		if (strcmp(why, bad[i][1]) != 0)
			fail_msg("%s: %s", bad[i][0], why);
	}
}

/* -- bounds -- */

static enum psg_err parse_only(const char *text)
{
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = NULL;
	char why[PSG_PATTERN_WHY_SIZE];
	enum psg_err err = psg_pattern_parse(text, &pattern, why);

	if (err && !strstr(why, "larger than 4096 steps") &&
	    !strstr(why, "it has more than 255 characters"))
		fail_msg("%s: %s", text, why);
	return err;
}

static const char *filled(const char *unit, size_t times)
{
	static char text[8 * PSG_PATTERN_CHARACTERS_MAX];

	*text = '\0';
	for (size_t i = 0; i < times; i++)
		strcat(text, unit);
	return text;
}

static void bounds(void **state)
{
	static const char *const heavy[] = {
	    "((a?|b?){1,31}){1,16}",
	    "a{22,255}",
	    "((a|b|c|d|e){0,30}){0,8}",
	    "(a?a?a?a?){0,255}",
	    "((((a*)*)*)*)*",
	    "((((a+)+)+)+)+",
	    "(((((..[ab][^x][^x]))?(a?)+))?){0,18}",
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(heavy); i++) {
		char text[PSG_PATTERN_CHARACTERS_MAX + 1] = {0};

		memset(text, 'a', sizeof(text) - 2);
		(void)matches(heavy[i], text);
		text[100] = '~';
		assert_false(strstr(heavy[i], "[^") == NULL && matches(heavy[i], text));
	}
	/* 255 steps and 254 ways on; the last step is the end. */
	assert_int_equal(parse_only("(a{255}){16}"), PSG_OK);
	assert_int_equal(parse_only("(a{255}){17}"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("((a{255}){255}){255}"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("(a{0,255}){255}"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("((a{0,255}){255})*|b"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("((a{255}){16}a{15}){1}"), PSG_OK);
	assert_int_equal(parse_only("(a{255}){16}a{15}a"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("((a{255}){16}a{15})?"), PSG_ERR_INVALID);
	assert_int_equal(parse_only("(a{255}){16}a{14}|b"), PSG_ERR_INVALID);
	assert_int_equal(parse_only(filled("(", 0)), PSG_OK);
	assert_int_equal(parse_only(filled("a", 255)), PSG_OK);
	assert_int_equal(parse_only(filled("\xf0\x9f\x98\x80", 255)), PSG_OK);
	assert_int_equal(parse_only(filled("a", 256)), PSG_ERR_INVALID);
	assert_int_equal(parse_only(filled("a|", 127)), PSG_OK);
	assert_int_equal(parse_only(filled("(a|", 300)), PSG_ERR_INVALID);
}

/* -- the same as libc's -- */

struct text {
	char bytes[128];
	size_t len;
	unsigned seed;
};

static unsigned dice(struct text *text, unsigned sides)
{
	text->seed = text->seed * 1103515245U + 12345U;
	return (text->seed >> 16) % sides;
}

static void say(struct text *text, const char *words)
{
	size_t len = strlen(words);

	if (text->len + len < sizeof(text->bytes)) {
		memcpy(text->bytes + text->len, words, len + 1);
		text->len += len;
	}
}

/* Small enough for libc. Repetition only of what takes a character or is in parentheses. */
static void say_pattern(struct text *text, unsigned depth)
{
	static const char *const atoms[] = {"a",    "b",    "c",     ".",
					    "[ab]", "[^a]", "[b-c]", "[[:lower:]]"};
	static const char *const repeats[] = {"*",     "+",    "?",     "{2}",
					      "{0,2}", "{1,}", "{2,3}", "{0}"};
	unsigned pieces = 1 + dice(text, 3);

	for (unsigned i = 0; i < pieces; i++) {
		if (depth > 0 && dice(text, 3) == 0) {
			say(text, "(");
			say_pattern(text, depth - 1);
			if (dice(text, 2) == 0) {
				say(text, "|");
				say_pattern(text, depth - 1);
			}
			say(text, ")");
		} else {
			say(text, atoms[dice(text, PSG_COUNT(atoms))]);
		}
		if (dice(text, 3) == 0)
			say(text, repeats[dice(text, PSG_COUNT(repeats))]);
	}
}

static bool libc_matches(const regex_t *regex, const char *text)
{
	return regexec(regex, text, 0, NULL, 0) == 0;
}

static void compare(const char *text, struct text *typed)
{
	char anchored[sizeof(((struct text *)NULL)->bytes) + 8];
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = parse(text);
	regex_t regex;

	snprintf(anchored, sizeof(anchored), "^(%s)$", text);
	assert_int_equal(regcomp(&regex, anchored, REG_EXTENDED | REG_NOSUB), 0);
	for (unsigned i = 0; i < 30; i++) {
		char word[16] = "";
		unsigned len = dice(typed, 8);

		for (unsigned at = 0; at < len; at++)
			word[at] = (char)('a' + dice(typed, 4));
		if (psg_pattern_matches(pattern, word) != libc_matches(&regex, word))
			fail_msg("%s against %s: libc says otherwise", text, word);
	}
	regfree(&regex);
}

static void as_libc(void **state)
{
	unsigned rounds = soak(3000, 300000);
	struct text text = {.seed = 7};

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		text.len = 0;
		say_pattern(&text, 2);
		/* Cut where it was full: not what this is about. */
		if (text.len < sizeof(text.bytes) - 16)
			compare(text.bytes, &text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(bounds),
	    cmocka_unit_test(as_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
