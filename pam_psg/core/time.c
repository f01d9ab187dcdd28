/* Durations and times as text: ISO 8601 and the short forms. */
#include "psg/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE INT64_C(60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* A number of at most `max_digits` digits; *at is moved behind it. */
static bool take_number(const char **at, int max_digits, int64_t *ret)
{
	int64_t value = 0;
	int count = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (++count > max_digits)
			return false;
		value = value * 10 + (**at - '0');
	}
	*ret = value;
	return count > 0;
}

/* The numbers that stand before the letters of `units`, each once and in that order. */
static bool take_units(const char **at, const char *units, const int64_t *seconds, int64_t *sum)
{
	bool any = false;

	for (; **at >= '0' && **at <= '9'; any = true) {
		int64_t number = 0;

		/* Nine digits of days cannot overflow. */
		if (!take_number(at, 9, &number))
			return false;
		while (*units && *units != **at) {
			units++;
			seconds++;
		}
		if (!*units)
			return false;
		*sum += number * *seconds;
		units++;
		seconds++;
		(*at)++;
	}
	return any;
}

enum psg_err psg_duration_parse(const char *text, int64_t *ret_s)
{
	static const int64_t day[] = {DAY}, below[] = {HOUR, MINUTE, 1};
	static const int64_t short_units[] = {DAY, HOUR, MINUTE, 1};
	int64_t sum = 0;
	bool well;

	if (*text == 'P') {
		text++;
		well = *text == 'T' || take_units(&text, "D", day, &sum);
		if (well && *text == 'T') {
			text++;
			well = take_units(&text, "HMS", below, &sum);
		}
	} else {
		int64_t number = 0;
		const char *unit, *units = "dhms";

		well = take_number(&text, 9, &number) && *text;
		unit = well ? strchr(units, *text) : NULL;
		well = unit != NULL;
		if (unit) {
			sum = number * short_units[unit - units];
			text++;
		}
	}
	if (!well || *text || sum < 1 || sum > PSG_DURATION_MAX_S)
		return PSG_ERR_INVALID;
	*ret_s = sum;
	return PSG_OK;
}

void psg_duration_format(int64_t seconds, char out[static PSG_TIME_SIZE])
{
	static const struct {
		int64_t size;
		char letter;
	} units[] = {{HOUR, 'H'}, {MINUTE, 'M'}, {1, 'S'}};
	size_t len;
	int64_t rest;

	if (seconds <= 0) {
		memcpy(out, "PT0S", sizeof("PT0S"));
		return;
	}
	if (seconds >= DAY)
		len = (size_t)snprintf(out, PSG_TIME_SIZE, "P%jdD", (intmax_t)(seconds / DAY));
	else
		len = (size_t)snprintf(out, PSG_TIME_SIZE, "P");
	rest = seconds % DAY;
	if (rest > 0)
		len += (size_t)snprintf(out + len, PSG_TIME_SIZE - len, "T");
	for (size_t i = 0; i < PSG_COUNT(units); i++) {
		if (rest >= units[i].size)
			len += (size_t)snprintf(out + len, PSG_TIME_SIZE - len, "%jd%c",
						(intmax_t)(rest / units[i].size), units[i].letter);
		rest %= units[i].size;
	}
}

void psg_duration_format_human(int64_t seconds, char out[static PSG_TIME_SIZE])
{
	static const int64_t sizes[] = {DAY, HOUR, MINUTE, 1};
	static const char letters[] = "dhms";
	size_t first = 0;
	uint8_t more = 0; /* at most 59 */

	if (seconds < 0)
		seconds = 0;
	while (first < PSG_COUNT(sizes) - 1 && seconds < sizes[first])
		first++;
	if (first + 1 < PSG_COUNT(sizes))
		more = (uint8_t)(seconds % sizes[first] / sizes[first + 1]);
	if (more > 0)
		snprintf(out, PSG_TIME_SIZE, "%jd%c %u%c", (intmax_t)(seconds / sizes[first]),
			 letters[first], more, letters[first + 1]);
	else
		snprintf(out, PSG_TIME_SIZE, "%jd%c", (intmax_t)(seconds / sizes[first]),
			 letters[first]);
}

struct fields {
	int64_t year, month, day, hour, minute, second;
};

static int64_t month_days(int64_t year, int64_t month)
{
	static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970 of a date in the proleptic Gregorian calendar, years counted from March.
 * Not timegm and gmtime_r: both read TZ and the file it names, which in su are the caller's. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t from_march = (month + 9) % 12;
	int64_t y = month <= 2 ? year - 1 : year;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

/* Exactly `digits` digits and, before them, `lead` unless it is NUL. */
static bool take_fixed(const char **at, char lead, int digits, int64_t *ret)
{
	const char *start;

	if (lead && *(*at)++ != lead)
		return false;
	start = *at;
	return take_number(at, digits, ret) && *at - start == digits;
}

static bool take_date(const char **at, struct fields *f)
{
	return take_fixed(at, '\0', 4, &f->year) && take_fixed(at, '-', 2, &f->month) &&
	       take_fixed(at, '-', 2, &f->day) && f->year >= 1970 && f->month >= 1 &&
	       f->month <= 12 && f->day >= 1 && f->day <= month_days(f->year, f->month);
}

static bool take_clock(const char **at, struct fields *f)
{
	if (!take_fixed(at, '\0', 2, &f->hour) || !take_fixed(at, ':', 2, &f->minute))
		return false;
	if (**at == ':' && !take_fixed(at, ':', 2, &f->second))
		return false;
	return f->hour < 24 && f->minute < 60 && f->second < 60;
}

static bool take_offset(const char **at, int64_t *ret_s)
{
	int64_t hours = 0, minutes = 0;
	char sign = **at;

	if (sign == 'Z') {
		(*at)++;
		*ret_s = 0;
		return true;
	}
	if ((sign != '+' && sign != '-') || !take_fixed(at, sign, 2, &hours) ||
	    !take_fixed(at, ':', 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_s = (hours * HOUR + minutes * MINUTE) * (sign == '-' ? -1 : 1);
	return true;
}

static bool local_time(const struct fields *f, int64_t *ret_s)
{
	struct tm tm = {
	    .tm_year = (int)f->year - 1900,
	    .tm_mon = (int)f->month - 1,
	    .tm_mday = (int)f->day,
	    .tm_hour = (int)f->hour,
	    .tm_min = (int)f->minute,
	    .tm_sec = (int)f->second,
	    .tm_isdst = -1,
	};

	/* -1 is also the last second of 1969, which the caller refuses anyway. */
	*ret_s = mktime(&tm);
	return *ret_s != -1;
}

enum psg_err psg_time_parse(const char *text, int64_t *ret_s)
{
	struct fields f = {.hour = 23, .minute = 59, .second = 59};
	int64_t offset = 0, seconds = 0;
	bool local = true;

	if (!take_date(&text, &f))
		return PSG_ERR_INVALID;
	if (*text) {
		f.second = 0;
		if (*text != 'T' && *text != ' ')
			return PSG_ERR_INVALID;
		text++;
		if (!take_clock(&text, &f))
			return PSG_ERR_INVALID;
		local = *text == '\0';
		if (!local && (!take_offset(&text, &offset) || *text))
			return PSG_ERR_INVALID;
	}
	if (local && !local_time(&f, &seconds))
		return PSG_ERR_INVALID;
	if (!local)
		seconds = days_of(f.year, f.month, f.day) * DAY + f.hour * HOUR +
			  f.minute * MINUTE + f.second - offset;
	if (seconds <= 0)
		return PSG_ERR_INVALID;
	*ret_s = seconds;
	return PSG_OK;
}

void psg_time_format(int64_t realtime_s, char out[static PSG_TIME_SIZE])
{
	const int64_t least = days_of(1, 1, 1) * DAY;
	const int64_t most = days_of(9999, 12, 31) * DAY + DAY - 1;
	int64_t seconds = realtime_s < least ? least : realtime_s > most ? most : realtime_s;
	int64_t days = (seconds - least) / DAY, of_day = (seconds - least) % DAY;
	int64_t year = 1 + days / 366, month = 1;

	days += days_of(1, 1, 1);
	/* The guess above is never late. */
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	snprintf(out, PSG_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
		 (int)(days - days_of(year, month, 1) + 1), (int)(of_day / HOUR),
		 (int)(of_day % HOUR / MINUTE), (int)(of_day % MINUTE));
}
