/* Files as large as they may be, of one thing only: read or refused in time and memory that grow as the file does. */
#include "metadata_fixture.h"

#include "../../pam_psg/metadata/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* What grows with the square of the size takes hours or all memory there is: this is far from either. */
/* Under the address sanitizer all of it takes minutes by itself. */
#ifdef __SANITIZE_ADDRESS__
#define SECONDS_MAX 3600
#else
#define SECONDS_MAX 300U
#endif
#define KIB_MAX (3L * 1024 * 1024)

#define ROOT "<PermissionSet " FIXTURE_SALESFORCE ">\n"

static int guard(void **state)
{
	(void)state;
	(void)alarm(SECONDS_MAX);
	return 0;
}

static int unguard(void **state)
{
	struct rusage usage;

	(void)state;
	(void)alarm(0);
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	assert_true(usage.ru_maxrss < KIB_MAX);
	return 0;
}

/* `unit` again and again between `start` and `end`, until the file is `size` bytes at most. */
static void fill(struct psg_buf *ret, const char *start, const char *unit, const char *end,
		 size_t size)
{
	size_t unit_len = strlen(unit), left = size - strlen(start) - strlen(end);
	char *bytes = malloc(left);

	assert_non_null(bytes);
	left = left / unit_len * unit_len;
	for (size_t i = 0; i < left; i += unit_len)
		memcpy(bytes + i, unit, unit_len);
	psg_buf_text(ret, start);
	psg_buf_put(ret, bytes, left);
	free(bytes);
	psg_buf_text(ret, end);
	assert_false(ret->failed);
}

static void expect_problem(const struct psg_buf *text, const char *expected)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	assert_int_equal(
	    fixture_parse("PermissionSet", "X", "f", text->data, text->len, &model, &problems),
	    PSG_OK);
	psg_problems_sort(&problems);
	if (!expected)
		fixture_assert_none(&problems);
	else
		fixture_assert_only(&problems, expected);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

static void expect(const char *start, const char *unit, const char *end, const char *expected)
{
	struct psg_buf text = {0};

	fill(&text, start, unit, end, PSG_XML_SIZE_MAX);
	expect_problem(&text, expected);
	psg_buf_clear(&text);
}

#define BAD(place, what) "f:" place " <> Error: Error parsing file: " what
#define TAIL "<label>x</label></PermissionSet>"
#define LONG_TAG "a tag is longer than 64 KiB"
#define LONG_LABEL(start) "f:2:1 <label> Error: data value too large: " start "... (max length=80)"
#define TWENTY(x) x x x x x x x x x x x x x x x x x x x x
#define ALL_OF(x) TWENTY(x) TWENTY(x) TWENTY(x)

static void one_attribute(void **state)
{
	(void)state;
	expect(ROOT "<label a=\"", "x", "\">x</label></PermissionSet>", BAD("2:1", LONG_TAG));
	expect(ROOT "<label a=\"", "&lt;", "", BAD("2:1", LONG_TAG));
	expect(ROOT "<label a='\"", "x>", "", BAD("2:1", LONG_TAG));
	expect("<PermissionSet xmlns='", "x", "'/>", BAD("1:1", LONG_TAG));
	expect(ROOT, "<a b='", "", BAD("2:7", "Unescaped '<' not allowed in attributes values"));
}

static void one_comment(void **state)
{
	(void)state;
	expect(ROOT "<!--", "x", "-->" TAIL, NULL);
	expect(ROOT "<!--", "- ", "-->" TAIL, NULL);
	expect(ROOT, "<!---->", TAIL, NULL);
	/* Every one of sixteen million is an error. */
	expect(ROOT "<!--", "-", "-->" TAIL, BAD("2:5", "Double hyphen within comment"));
	expect(ROOT "<!-- '\"<a", " ", "", BAD("2:16777153", "Comment not terminated"));
}

static void one_text(void **state)
{
	(void)state;
	expect(ROOT "<label><![CDATA[", "x", "]]></label></PermissionSet>",
	       BAD("2:10000020", "CData section too big found"));
	expect(ROOT "<label>", "x", "</label></PermissionSet>", LONG_LABEL(ALL_OF("x")));
	expect(ROOT "<label>", "<![CDATA[x]]>", "</label></PermissionSet>",
	       LONG_LABEL(ALL_OF("x")));
	expect(ROOT "<label>", "&#x41;", "</label></PermissionSet>", LONG_LABEL(ALL_OF("A")));
	expect(ROOT, "\n", TAIL, NULL);
	expect(ROOT, "\r\n", TAIL, NULL);
	expect(ROOT, "<![CDATA[", "", BAD("2:10000013", "CData section too big found"));
	expect(ROOT, "&", "", BAD("2:2", "xmlParseEntityRef: no name"));
	expect(ROOT, "&x;", "", BAD("2:4", "Entity 'x' not defined"));
}

static void one_name(void **state)
{
	(void)state;
	expect(ROOT "<", "x", "/>" TAIL, BAD("2:1", LONG_TAG));
	expect(ROOT "</", "x", ">" TAIL, BAD("2:1", LONG_TAG));
	expect("<!DOCTYPE ", "x", ">" ROOT TAIL, BAD("1:1", LONG_TAG));
	expect(ROOT "<?x ", "y", "?>" TAIL, BAD("2:10000006", "PI x too big found"));
	expect(ROOT, "<?x y?>", TAIL, NULL);
}

static void many_tags(void **state)
{
	(void)state;
	expect(ROOT, "<a b='' c=''/>", TAIL,
	       BAD("2:6999987", "the file has more than 500000 elements"));
	expect(ROOT, "<", "", BAD("2:2", "StartTag: invalid element name"));
	expect(ROOT, "<a", "", BAD("2:3", "error parsing attribute name"));
	expect(ROOT, "<a>", "", BAD("2:46", "elements are nested more than 16 deep"));
	expect(ROOT, "</a>", "",
	       BAD("2:5", "Opening and ending tag mismatch: PermissionSet line 1 and a"));
}

/* Tags just short enough, of thousands of attributes: the first is the last. */
static void attribute_bomb(void **state)
{
	struct psg_buf tag = {0}, text = {0};

	(void)state;
	psg_buf_text(&tag, "<a");
	for (int i = 0; tag.len + 20 < PSG_XML_TAG_MAX; i++)
		psg_buf_format(&tag, " %s%d=''", "b", i);
	psg_buf_text(&tag, "/>");
	fill(&text, ROOT, tag.data, TAIL, PSG_XML_SIZE_MAX);
	expect_problem(&text, BAD("2:1", "a tag has more than 16 attributes"));
	psg_buf_clear(&tag);
	psg_buf_clear(&text);

	psg_buf_text(&tag, "<a");
	for (int i = 0; tag.len + 30 < PSG_XML_TAG_MAX; i++)
		psg_buf_format(&tag, " xmlns:b%d='b%d'", i, i);
	psg_buf_text(&tag, "/>");
	fill(&text, ROOT, tag.data, TAIL, PSG_XML_SIZE_MAX);
	expect_problem(&text, BAD("2:1", "a tag has more than 16 attributes"));
	psg_buf_clear(&tag);
	psg_buf_clear(&text);
}

static size_t count_problems(const struct psg_buf *text)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	size_t count;

	assert_int_equal(
	    fixture_parse("PermissionSet", "X", "f", text->data, text->len, &model, &problems),
	    PSG_OK);
	count = problems.count;
	for (size_t i = 0; i < count; i++)
		assert_true(strlen(problems.items[i].text) < 1000);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
	return count;
}

/* One name of 60 KiB, and 400,000 elements in it: 24 GB, were it kept for each. */
static void namespace_bomb(void **state)
{
	struct psg_buf uri = {0}, start = {0}, text = {0};

	(void)state;
	while (uri.len < 30000)
		psg_buf_text(&uri, "urn:x");
	psg_buf_format(&start, "<PermissionSet " FIXTURE_SALESFORCE " xmlns:a='%s' xmlns:b='%sb'>",
		       uri.data, uri.data);
	fill(&text, start.data, "<a:x/><b:x/>", TAIL, 2500000);
	assert_int_equal(count_problems(&text), PSG_REPORT_MAX + 1);
	psg_buf_clear(&text);
	psg_buf_clear(&start);
	psg_buf_format(&start, "<a:PermissionSet xmlns:a='%s'>", uri.data);
	fill(&text, start.data, "<a:x/><a:x/>", "</a:PermissionSet>", 2500000);
	assert_int_equal(count_problems(&text), PSG_REPORT_MAX + 1);
	psg_buf_clear(&text);
	psg_buf_clear(&start);
	psg_buf_clear(&uri);
}

static void name_bomb(void **state)
{
	char unit[PSG_XML_NAME_MAX + 8];
	struct psg_buf text = {0};

	(void)state;
	unit[0] = '<';
	memset(unit + 1, 'x', PSG_XML_NAME_MAX);
	memcpy(unit + 1 + PSG_XML_NAME_MAX, "/>", 3);
	fill(&text, ROOT, unit, TAIL, PSG_XML_SIZE_MAX);
	assert_int_equal(count_problems(&text), PSG_REPORT_MAX + 1);
	psg_buf_clear(&text);
}

static void items_alike(void **state)
{
	struct psg_buf text = {0};

	(void)state;
	fill(&text, ROOT, "<tabSettings><tab>T</tab><visibility>None</visibility></tabSettings>",
	     TAIL, 10000000);
	assert_int_equal(count_problems(&text), PSG_REPORT_MAX + 1);
	psg_buf_clear(&text);
	fill(&text, ROOT, "<tabSettings><tab>T</tab><visibility>x</visibility></tabSettings>", TAIL,
	     10000000);
	assert_int_equal(count_problems(&text), PSG_REPORT_MAX + 1 + PSG_REPORT_MAX + 1);
	psg_buf_clear(&text);
}

/* A gigabyte: nothing but its size is looked at. */
static void nested_gigabyte(void **state)
{
	size_t len = (size_t)1 << 30;
	char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct psg_xml *xml = NULL;
	struct psg_xml_fault fault = {0};
	struct rusage before, after;

	(void)state;
	assert_true(bytes != MAP_FAILED);
	for (size_t i = 0; i < 30000; i += 3)
		memcpy(bytes + i, "<a>", 3);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(psg_xml_read(bytes, len, &xml, &fault), PSG_ERR_INVALID);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_string_equal(fault.text, "Error parsing file: the file is larger than 16 MiB");
	assert_null(xml);
	assert_true(after.ru_minflt - before.ru_minflt < 1000);
	assert_int_equal(munmap(bytes, len), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, guard, unguard)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_attribute), TEST(one_comment),     TEST(one_text),       TEST(one_name),
	    TEST(many_tags),     TEST(attribute_bomb),  TEST(namespace_bomb), TEST(name_bomb),
	    TEST(items_alike),   TEST(nested_gigabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
