/* Durations and times as text, and the clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "psg/clock.h"
#include "psg/text.h"

static void duration_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
	    {"1s", 1},          {"90s", 90},
	    {"30m", 1800},      {"8h", 28800},
	    {"2d", 172800},     {"366d", 31622400},
	    {"08h", 28800},     {"PT8H", 28800},
	    {"PT1H30M", 5400},  {"P1DT30M", 88200},
	    {"P2D", 172800},    {"PT90S", 90},
	    {"PT1H1M1S", 3661}, {"PT31622400S", 31622400},
	    {"P0DT1S", 1},      {"PT0H5M", 300},
	};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		assert_int_equal(psg_duration_parse(rows[i].text, &seconds), PSG_OK);
		assert_true(seconds == rows[i].seconds);
	}
}

static void duration_refused(void **state)
{
	static const char *const bad[] = {"",
					  "8",
					  "h",
					  "0s",
					  "PT0S",
					  "P",
					  "PT",
					  "P1D T1H",
					  "8H",
					  "8 h",
					  "-8h",
					  "+8h",
					  "8.5h",
					  "PT1.5H",
					  "P1M",
					  "P1Y",
					  "P1W",
					  "PT1D",
					  "P1H",
					  "PT1M1H",
					  "PT1H1H",
					  "P1DT",
					  "pt8h",
					  "PT8h",
					  "8hh",
					  "8h30m",
					  "367d",
					  "31622401s",
					  "PT31622401S",
					  "9999999999s",
					  "99999999999999999999s",
					  "P366DT1S",
					  "8h ",
					  " 8h",
					  "PT-1H",
					  "P1DT1H1"};
	int64_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_duration_parse(bad[i], &seconds) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
	assert_true(seconds == 7);
}

static void duration_format(void **state)
{
	static const struct {
		int64_t seconds;
		const char *iso, *human;
	} rows[] = {
	    {0, "PT0S", "0s"},
	    {-5, "PT0S", "0s"},
	    {42, "PT42S", "42s"},
	    {60, "PT1M", "1m"},
	    {61, "PT1M1S", "1m 1s"},
	    {28800, "PT8H", "8h"},
	    {28799, "PT7H59M59S", "7h 59m"},
	    {3605, "PT1H5S", "1h"},
	    {86400, "P1D", "1d"},
	    {88200, "P1DT30M", "1d"},
	    {93600, "P1DT2H", "1d 2h"},
	    {31622400, "P366D", "366d"},
	    {INT64_MAX, "P106751991167300DT15H30M7S", "106751991167300d 15h"},
	};
	char out[PSG_TIME_SIZE];

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		psg_duration_format(rows[i].seconds, out);
		assert_string_equal(out, rows[i].iso);
		psg_duration_format_human(rows[i].seconds, out);
		assert_string_equal(out, rows[i].human);
	}
}

static void duration_there_and_back(void **state)
{
	char out[PSG_TIME_SIZE];

	(void)state;
	for (int64_t s = 1; s <= PSG_DURATION_MAX_S; s += s < 100000 ? 7 : 9973) {
		int64_t back = 0;

		psg_duration_format(s, out);
		assert_int_equal(psg_duration_parse(out, &back), PSG_OK);
		assert_true(back == s);
	}
}

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void time_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
	    {"1970-01-01T00:00:01Z", 1},
	    {"2026-01-31T12:00:00Z", 1769860800},
	    {"2026-01-31T12:00Z", 1769860800},
	    {"2026-01-31 12:00Z", 1769860800},
	    {"2026-01-31T13:30:00+01:30", 1769860800},
	    {"2026-01-31T04:00-08:00", 1769860800},
	    {"2024-02-29T00:00:00Z", 1709164800},
	    {"2000-02-29T00:00:00Z", 951782400},
	    {"2038-01-19T03:14:08Z", 2147483648},
	    {"9999-12-31T23:59:59Z", 253402300799},
	    /* local, two hours east: */
	    {"2026-01-31T14:00:00", 1769860800},
	    {"2026-01-31 14:00", 1769860800},
	    {"2026-01-31", 1769860800 + 36000 - 1},
	};

	(void)state;
	set_zone("EAST-2");
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		int64_t seconds = 0;

		if (psg_time_parse(rows[i].text, &seconds) != PSG_OK || seconds != rows[i].seconds)
			fail_msg("%s: %jd", rows[i].text, (intmax_t)seconds);
	}
}

static void time_refuses(void **state)
{
	static const char *const bad[] = {"",
					  "2026",
					  "2026-01",
					  "26-01-31",
					  "2026-1-31",
					  "2026-00-01",
					  "2026-13-01",
					  "2026-01-00",
					  "2026-01-32",
					  "2026-02-29",
					  "1900-02-29",
					  "2100-02-29",
					  "2026-01-31T",
					  "2026-01-31T12",
					  "2026-01-31T24:00",
					  "2026-01-31T12:60",
					  "2026-01-31T12:00:60Z",
					  "2026-01-31T12:00:00.5Z",
					  "2026-01-31Z",
					  "2026-01-31T12:00z",
					  "2026-01-31t12:00Z",
					  "2026-01-31T12:00ZZ",
					  "2026-01-31T12:00+1",
					  "2026-01-31T12:00+0100",
					  "2026-01-31T12:00+24:00",
					  "2026-01-31  12:00",
					  " 2026-01-31",
					  "2026-01-31 ",
					  "+2026-01-31",
					  "12026-01-31",
					  "1969-12-31T23:59:59Z",
					  "1970-01-01T00:00:00Z", /* 0 would read as "no end" */
					  "1970-01-01T00:00:00+01:00",
					  "tomorrow"};
	int64_t seconds = 7;

	(void)state;
	set_zone("UTC0");
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_time_parse(bad[i], &seconds) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
	assert_true(seconds == 7);
}

/* Summer time: the local day has 23 or 25 hours, and its end is still its end. */
static void time_summer(void **state)
{
	int64_t seconds = 0;

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(psg_time_parse("2026-03-29", &seconds), PSG_OK);
	assert_true(seconds == 1774821599);
	assert_int_equal(psg_time_parse("2026-07-01T12:00", &seconds), PSG_OK);
	assert_true(seconds == 1782900000);
}

/* Against the C library's calendar, over the whole range. */
static void time_format(void **state)
{
	char out[PSG_TIME_SIZE], expected[96];

	(void)state;
	for (int64_t s = -62135596800; s <= 253402300799; s += 86400 * 13 + 4211) {
		time_t t = s;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		/* %Y of a year below 1000 has fewer digits */
		snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
		psg_time_format(s, out);
		assert_string_equal(out, expected);
		if (s > 0) {
			int64_t back = 0;

			assert_int_equal(psg_time_parse(out, &back), PSG_OK);
			assert_true(back == s);
		}
	}
	psg_time_format(INT64_MAX, out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	psg_time_format(INT64_MIN, out);
	assert_string_equal(out, "0001-01-01T00:00:00Z");
}

static void boots(void **state)
{
	const char *one = "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f10";

	(void)state;
	assert_true(psg_boot_same(one, "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f10"));
	assert_false(psg_boot_same(one, "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f11"));
	/* two empty or damaged ones are no boot at all */
	assert_false(psg_boot_same("", ""));
	assert_false(psg_boot_same("x", "x"));
	assert_false(psg_boot_same(one, ""));
	assert_false(psg_boot_same("0F3DDF26-cdd2-4a2a-9b7d-0a3b5d3a4f10",
				   "0F3DDF26-cdd2-4a2a-9b7d-0a3b5d3a4f10"));
	assert_false(psg_boot_same("0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f1",
				   "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f1"));
}

static void system_clock(void **state)
{
	struct psg_now first, second;

	(void)state;
	assert_int_equal(psg_clock_now(&psg_clock_system, &first), PSG_OK);
	assert_int_equal(psg_clock_now(&psg_clock_system, &second), PSG_OK);
	assert_true(psg_boot_same(first.boot_id, second.boot_id));
	assert_true(second.boottime_ns >= first.boottime_ns);
	assert_true(first.realtime_ns > INT64_C(1600000000) * PSG_NS_PER_S);
}

static enum psg_err no_time(void *self, struct psg_now *ret)
{
	(void)self;
	(void)ret;
	return PSG_ERR_CLOCK;
}

static void broken_clock(void **state)
{
	const struct psg_clock clock = {.now = no_time};
	struct psg_now now = {.realtime_ns = 7};

	(void)state;
	assert_int_equal(psg_clock_now(&clock, &now), PSG_ERR_CLOCK);
	assert_true(now.realtime_ns == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(duration_parse),  cmocka_unit_test(duration_refused),
	    cmocka_unit_test(duration_format), cmocka_unit_test(duration_there_and_back),
	    cmocka_unit_test(time_parse),      cmocka_unit_test(time_refuses),
	    cmocka_unit_test(time_summer),     cmocka_unit_test(time_format),
	    cmocka_unit_test(boots),           cmocka_unit_test(system_clock),
	    cmocka_unit_test(broken_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
