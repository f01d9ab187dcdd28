/* Where a time stands on a strip, and the axis above them all. */
#include <stdio.h>
#include <string.h>

#include "page.h"
#include "psg/text.h"

#define TICKS_MAX 6
#define DAY INT64_C(86400)

double page_percent(const struct html *html, int64_t time_s)
{
	const struct psg_ledger_scope *scope = html->view->scope;
	int64_t span = scope->until_s - scope->since_s;
	double at = span > 0 ? 100.0 * (double)(time_s - scope->since_s) / (double)span : 0.0;

	return at < 0 ? 0 : at > 100 ? 100 : at;
}

void page_percent_put(struct html *html, const char *name, double value)
{
	html_attribute_format(html, name, "%.2f%%", value);
}

/* -- the axis -- */

static int64_t step_of(int64_t span)
{
	static const int64_t steps[] = {60,       300,      900,      3600,     10800,
					21600,    43200,    DAY,      2 * DAY,  5 * DAY,
					10 * DAY, 30 * DAY, 60 * DAY, 120 * DAY};

	for (size_t i = 0; i < PSG_COUNT(steps); i++)
		if (span / steps[i] <= TICKS_MAX)
			return steps[i];
	return span / TICKS_MAX;
}

static int64_t first_tick(const struct psg_ledger_scope *scope, int64_t step)
{
	return (scope->since_s + step - 1) / step * step;
}

/* "18:00", "22 Nov", "2026-11": as exact as the step. */
static void tick_text(int64_t time_s, int64_t step, char out[static PSG_TIME_SIZE])
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[PSG_TIME_SIZE];
	unsigned month = 0, day = 0;

	psg_time_format(time_s, text);
	if (sscanf(text, "%*d-%2u-%2uT", &month, &day) != 2 || month < 1 || month > 12)
		snprintf(out, PSG_TIME_SIZE, "%s", text);
	else if (step < DAY && time_s % DAY != 0)
		snprintf(out, PSG_TIME_SIZE, "%.5s", text + strlen("2026-01-31T"));
	else if (step < 60 * DAY)
		snprintf(out, PSG_TIME_SIZE, "%u %s", day, months[month - 1]);
	else
		snprintf(out, PSG_TIME_SIZE, "%.7s", text);
}

void page_ticks(struct html *html, bool words)
{
	const struct psg_ledger_scope *scope = html->view->scope;
	int64_t step = step_of(scope->until_s - scope->since_s);

	if (step <= 0)
		return;
	for (int64_t tick = first_tick(scope, step); tick <= scope->until_s; tick += step) {
		double at = page_percent(html, tick);
		char text[PSG_TIME_SIZE];

		html_open(html, words ? "text" : "line", NULL);
		page_percent_put(html, words ? "x" : "x1", at);
		if (words) {
			html_attribute_format(html, "text-anchor", "%s",
					      at < 6    ? "start"
					      : at > 94 ? "end"
							: "middle");
			html_attribute_format(html, "y", "12");
			tick_text(tick, step, text);
			html_text(html, text);
		} else {
			page_percent_put(html, "x2", at);
			html_attribute_format(html, "y2", "100%%");
		}
		html_close(html);
	}
}
