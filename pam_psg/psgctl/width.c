/* How many columns of a terminal a text takes, and how many there are. */
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "psgctl.h"

#define COLUMNS_MAX 1000

/* glibc's wcwidth knows only ASCII in the C locale; the process keeps that one, by which reasons are matched. */
static locale_t widths(void)
{
	static locale_t locale;
	if (locale == (locale_t)0)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

size_t ctl_width_fit(const char *text, size_t columns, size_t *ret_columns)
{
	locale_t locale = widths();
	locale_t before = locale != (locale_t)0 ? uselocale(locale) : (locale_t)0;
	size_t at = 0, used = 0;
	while (text[at] != '\0') {
		uint32_t point = 0;
		size_t taken = psg_utf8_decode(text + at, &point);
		int width = taken > 0 && before != (locale_t)0 ? wcwidth((wchar_t)point) : 1;
		size_t needed = width < 0 ? 1 : (size_t)width;
		if (used + needed > columns)
			break;
		used += needed;
		at += taken > 0 ? taken : 1;
	}
	if (before != (locale_t)0)
		uselocale(before);
	*ret_columns = used;
	return at;
}

size_t ctl_width(const char *text)
{
	size_t columns;
	(void)ctl_width_fit(text, SIZE_MAX, &columns);
	return columns;
}

size_t ctl_terminal_columns(FILE *stream)
{
	struct winsize size;
	uint64_t columns = 0;
	const char *given = secure_getenv("COLUMNS");
	if (!isatty(fileno(stream)))
		return 0;
	if (given == NULL || psg_u64_parse(given, &columns) != PSG_OK || columns > COLUMNS_MAX)
		columns = 0;
	if (columns == 0 && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	return columns > 0 ? (size_t)columns : 80;
}
