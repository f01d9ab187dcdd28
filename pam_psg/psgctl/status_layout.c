/* Which columns the live view has room for, and how wide they are. */
#include "status_layout.h"

#include <string.h>

/* How wide at least, with room, and with plenty of it. Those that rank last go first where there is no room at all. */
static const struct {
	const char *title;
	unsigned least, fair, most, rank;
} columns[WATCH_COLUMNS] = {
    [WATCH_MARK] = {"", 1, 1, 1, 0},
    [WATCH_USER] = {"USER", 8, 12, 24, 1},
    [WATCH_TARGET] = {"TARGET", 10, 22, 40, 3},
    [WATCH_SERVICE] = {"SERVICE", 7, 8, 16, 5},
    [WATCH_SESSION] = {"SESSION", 7, 10, 32, 6},
    [WATCH_LEFT] = {"LEFT", 8, 13, 13, 2},
    [WATCH_BAR] = {"", 8, 12, 24, 4},
};

const char *watch_title(size_t column)
{
	return columns[column].title;
}

const char *watch_session(const struct watch_row *row, char out[static PSG_SESSION_ID_SIZE])
{
	ctl_live_session(&row->activation, out);
	return *out ? out : "(Host)";
}

unsigned watch_clamp(unsigned value, unsigned least, unsigned most)
{
	return value < least ? least : value > most ? most : value;
}

static unsigned sum(const struct watch_layout *layout)
{
	unsigned all = 0;

	for (size_t i = 0; i < WATCH_COLUMNS; i++)
		all += layout->widths[i] ? layout->widths[i] + (all ? layout->gap : 0) : 0;
	return all;
}

/* What each column would like, at most. */
static void want(const struct watch_rows *rows, unsigned wanted[static WATCH_COLUMNS])
{
	char session[PSG_SESSION_ID_SIZE];

	for (size_t i = 0; i < WATCH_COLUMNS; i++)
		wanted[i] = columns[i].least;
	wanted[WATCH_BAR] = columns[WATCH_BAR].most;
	for (size_t i = 0; i < rows->count; i++) {
		const struct watch_row *row = &rows->items[i];
		const char *texts[WATCH_COLUMNS] = {[WATCH_USER] = row->subject,
						    [WATCH_TARGET] = row->activation.target,
						    [WATCH_SERVICE] = row->activation.service,
						    [WATCH_SESSION] = watch_session(row, session)};

		for (size_t j = 0; j < WATCH_COLUMNS; j++)
			if (texts[j])
				wanted[j] = watch_clamp(watch_width(ctl_safe(texts[j])), wanted[j],
							columns[j].most);
		if (row->activation.expires_boottime_ns - row->activation.created_boottime_ns >=
		    86400 * PSG_NS_PER_S)
			wanted[WATCH_LEFT] = columns[WATCH_LEFT].most;
	}
}

static void grow(struct watch_layout *layout, size_t column, unsigned to)
{
	unsigned *width = &layout->widths[column], used = sum(layout);
	unsigned room = layout->screen->width > used ? layout->screen->width - used : 0;

	if (*width && to > *width)
		*width += to - *width < room ? to - *width : room;
}

/* First the least of as many columns as fit, then more of each, by rank. */
void watch_lay_out(struct watch_layout *layout, const struct watch_rows *rows)
{
	size_t by_rank[WATCH_COLUMNS];
	unsigned wanted[WATCH_COLUMNS];

	layout->gap = layout->screen->width < 60 ? 1 : 2;
	want(rows, wanted);
	memset(layout->widths, 0, sizeof(layout->widths));
	for (size_t i = 0; i < WATCH_COLUMNS; i++)
		by_rank[columns[i].rank] = i;
	for (size_t i = 0; i < WATCH_COLUMNS; i++) {
		unsigned *width = &layout->widths[by_rank[i]];

		*width = columns[by_rank[i]].least;
		if (sum(layout) > layout->screen->width)
			*width = 0;
	}
	for (size_t i = 0; i < WATCH_COLUMNS; i++)
		grow(layout, by_rank[i],
		     watch_clamp(columns[by_rank[i]].fair, 0, wanted[by_rank[i]]));
	for (size_t i = 0; i < WATCH_COLUMNS; i++)
		grow(layout, by_rank[i], wanted[by_rank[i]]);
}
