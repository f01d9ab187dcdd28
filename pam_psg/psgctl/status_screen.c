/* The live view as text: a title, a line for each activation, the soonest to lapse first, and what does not fit in numbers.
 *
 * MUST NOT write a line wider than the screen, nor more lines than it has      (test_status_watch.py: fits_*)
 * MUST NOT let a name reach the terminal as more than its letters              (test_status_watch.py: harmless) */
#include "status.h"

#include <stdio.h>
#include <string.h>

#include "psg/text.h"

enum { MARK, USER, TARGET, SERVICE, SESSION, LEFT, BAR, COLUMNS };

/* How wide at least, with room, and with plenty of it. Those that rank last go first where there is no room at all. */
static const struct {
	const char *title;
	unsigned least, fair, most, rank;
} columns[COLUMNS] = {
    [MARK] = {"", 1, 1, 1, 0},
    [USER] = {"USER", 8, 12, 24, 1},
    [TARGET] = {"TARGET", 10, 22, 40, 3},
    [SERVICE] = {"SERVICE", 7, 8, 16, 5},
    [SESSION] = {"SESSION", 7, 10, 32, 6},
    [LEFT] = {"LEFT", 8, 13, 13, 2},
    [BAR] = {"", 8, 12, 24, 4},
};

struct layout {
	const struct watch_screen *screen;
	unsigned widths[COLUMNS]; /* 0: left out */
	unsigned gap;
};

enum colour { PLAIN, BOLD, DIM, GREEN, YELLOW, RED };

static const char *code_of(enum colour colour)
{
	static const char *const codes[] = {"0", "1", "2", "32", "33", "31;1"};

	return codes[colour];
}

/* Cells of a terminal: none for marks that join a letter, two for East Asian letters and pictures. */
static unsigned cells_of(uint32_t point)
{
	if ((point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200d) ||
	    (point >= 0xfe00 && point <= 0xfe0f))
		return 0;
	return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
		       (point >= 0xac00 && point <= 0xd7a3) ||
		       (point >= 0xf900 && point <= 0xfaff) ||
		       (point >= 0xfe30 && point <= 0xfe6f) ||
		       (point >= 0xff00 && point <= 0xff60) ||
		       (point >= 0x1f300 && point <= 0x1faff) ||
		       (point >= 0x20000 && point <= 0x3fffd)
		   ? 2
		   : 1;
}

static unsigned width_of(const char *text)
{
	unsigned width = 0;

	while (*text) {
		uint32_t point = ' ';
		size_t len = psg_utf8_decode(text, &point);

		width += cells_of(point);
		text += len ? len : 1;
	}
	return width;
}

static void put_spaces(struct psg_buf *out, unsigned count)
{
	for (; count > 0; count--)
		psg_buf_put(out, " ", 1);
}

/* Made harmless, cut to `width` cells and filled up to them. Without UTF-8 what is beyond ASCII is a question mark. */
static void put_cell(struct psg_buf *out, const struct watch_screen *screen, const char *text,
		     unsigned width, bool right)
{
	const char *safe = ctl_safe(text);
	unsigned all = width_of(safe), room = all > width ? width - 1 : width, used = 0;

	if (right && all < width)
		put_spaces(out, width - all);
	while (*safe) {
		uint32_t point = ' ';
		size_t len = psg_utf8_decode(safe, &point);
		unsigned cells = cells_of(point);

		if (used + cells > room)
			break;
		if (screen->utf8 || point < 0x80)
			psg_buf_put(out, safe, len ? len : 1);
		else
			psg_buf_text(out, cells == 2 ? "??" : cells ? "?" : "");
		used += cells;
		safe += len ? len : 1;
	}
	if (*safe) {
		psg_buf_text(out, screen->utf8 ? "…" : "~");
		used++;
	}
	if (!right || all > width)
		put_spaces(out, width - used);
}

static void begin(struct psg_buf *out, const struct watch_screen *screen, enum colour colour)
{
	if (screen->colour && colour != PLAIN)
		psg_buf_format(out, "\x1b[%sm", code_of(colour));
}

static void end(struct psg_buf *out, const struct watch_screen *screen, enum colour colour)
{
	if (screen->colour && colour != PLAIN)
		psg_buf_text(out, "\x1b[0m");
}

static void end_line(struct psg_buf *out)
{
	psg_buf_text(out, "\x1b[K\r\n");
}

/* 7:59:42, 3d 04:10:22. */
static void format_left(int64_t left_ns, char out[static PSG_TIME_SIZE])
{
	intmax_t left = (left_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, day = 24 * 3600;

	if (left >= day)
		snprintf(out, PSG_TIME_SIZE, "%jdd %02d:%02d:%02d", left / day,
			 (int)(left % day / 3600), (int)(left % 3600 / 60), (int)(left % 60));
	else
		snprintf(out, PSG_TIME_SIZE, "%d:%02d:%02d", (int)(left / 3600),
			 (int)(left % 3600 / 60), (int)(left % 60));
}

static const char *session_of(const struct watch_row *row, char out[static PSG_SESSION_ID_SIZE])
{
	ctl_live_session(&row->activation, out);
	return *out ? out : "(Host)";
}

static unsigned clamp(unsigned value, unsigned least, unsigned most)
{
	return value < least ? least : value > most ? most : value;
}

static unsigned sum(const struct layout *layout)
{
	unsigned all = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		all += layout->widths[i] ? layout->widths[i] + (all ? layout->gap : 0) : 0;
	return all;
}

/* What each column would like, at most. */
static void want(const struct watch_rows *rows, unsigned wanted[static COLUMNS])
{
	char session[PSG_SESSION_ID_SIZE];

	for (size_t i = 0; i < COLUMNS; i++)
		wanted[i] = columns[i].least;
	wanted[BAR] = columns[BAR].most;
	for (size_t i = 0; i < rows->count; i++) {
		const struct watch_row *row = &rows->items[i];
		const char *texts[COLUMNS] = {[USER] = row->subject,
					      [TARGET] = row->activation.target,
					      [SERVICE] = row->activation.service,
					      [SESSION] = session_of(row, session)};

		for (size_t j = 0; j < COLUMNS; j++)
			if (texts[j])
				wanted[j] =
				    clamp(width_of(ctl_safe(texts[j])), wanted[j], columns[j].most);
		if (row->activation.expires_boottime_ns - row->activation.created_boottime_ns >=
		    86400 * PSG_NS_PER_S)
			wanted[LEFT] = columns[LEFT].most;
	}
}

static void grow(struct layout *layout, size_t column, unsigned to)
{
	unsigned *width = &layout->widths[column], used = sum(layout);
	unsigned room = layout->screen->width > used ? layout->screen->width - used : 0;

	if (*width && to > *width)
		*width += to - *width < room ? to - *width : room;
}

/* First the least of as many columns as fit, then more of each, by rank. */
static void lay_out(struct layout *layout, const struct watch_rows *rows)
{
	size_t by_rank[COLUMNS];
	unsigned wanted[COLUMNS];

	layout->gap = layout->screen->width < 60 ? 1 : 2;
	want(rows, wanted);
	memset(layout->widths, 0, sizeof(layout->widths));
	for (size_t i = 0; i < COLUMNS; i++)
		by_rank[columns[i].rank] = i;
	for (size_t i = 0; i < COLUMNS; i++) {
		unsigned *width = &layout->widths[by_rank[i]];

		*width = columns[by_rank[i]].least;
		if (sum(layout) > layout->screen->width)
			*width = 0;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		grow(layout, by_rank[i], clamp(columns[by_rank[i]].fair, 0, wanted[by_rank[i]]));
	for (size_t i = 0; i < COLUMNS; i++)
		grow(layout, by_rank[i], wanted[by_rank[i]]);
}

static void put_title(struct psg_buf *out, const struct watch_rows *rows, const struct psg_now *now,
		      const struct watch_screen *screen)
{
	char time[PSG_TIME_SIZE], title[400];
	unsigned width = screen->width;

	psg_time_format(now->realtime_ns / PSG_NS_PER_S, time);
	/* Of the day, where the date has no room. */
	if (width < 60)
		memmove(time, time + strcspn(time, "T") + 1, strlen(time) - strcspn(time, "T"));
	if (rows->subject)
		snprintf(title, sizeof(title), "%zu active: %s", rows->live,
			 ctl_safe(rows->subject));
	else
		snprintf(title, sizeof(title), "%zu active, %zu %s", rows->live, rows->people,
			 rows->people == 1 ? "person" : "people");
	begin(out, screen, BOLD);
	if (width > strlen(time) + 10) {
		put_cell(out, screen, title, width - (unsigned)strlen(time) - 1, false);
		psg_buf_format(out, " %s", time);
	} else {
		put_cell(out, screen, title, width, false);
	}
	end(out, screen, BOLD);
	end_line(out);
}

static void put_header(struct psg_buf *out, const struct layout *layout)
{
	begin(out, layout->screen, DIM);
	for (size_t i = 0, put = 0; i < COLUMNS; i++) {
		if (!layout->widths[i])
			continue;
		put_spaces(out, put++ ? layout->gap : 0);
		put_cell(out, layout->screen, columns[i].title, layout->widths[i], i == LEFT);
	}
	end(out, layout->screen, DIM);
	end_line(out);
}

static void put_bar(struct psg_buf *out, const struct watch_screen *screen, int64_t left_ns,
		    int64_t all_ns, unsigned width)
{
	double share = all_ns > 0 ? (double)left_ns / (double)all_ns : 0;
	unsigned full = clamp((unsigned)(share * width + 0.5), left_ns > 0, width);

	for (unsigned i = 0; i < width; i++)
		psg_buf_text(out, i < full ? screen->utf8 ? "━" : "#" : screen->utf8 ? "─" : ".");
}

static void put_row(struct psg_buf *out, const struct layout *layout, const struct watch_row *row,
		    const struct psg_now *now)
{
	const struct psg_activation *activation = &row->activation;
	int64_t left_ns = psg_activation_left_ns(activation, now);
	bool fresh = row->since_ns && now->boottime_ns - row->since_ns < WATCH_FLASH_NS;
	bool soon = left_ns <= row->warn_ns;
	enum colour colour = row->ended_ns                          ? DIM
			     : soon && left_ns <= 60 * PSG_NS_PER_S ? RED
			     : soon                                 ? YELLOW
			     : fresh                                ? BOLD
								    : PLAIN;
	char left[PSG_TIME_SIZE], session[PSG_SESSION_ID_SIZE];

	format_left(left_ns > 0 ? left_ns : 0, left);
	const char *cells[COLUMNS] = {
	    row->ended_ns ? "-"
	    : fresh       ? "+"
	    : soon        ? "!"
			  : " ",
	    row->subject,
	    activation->target,
	    activation->service,
	    session_of(row, session),
	    !row->ended_ns ? left
	    : left_ns > 0  ? "ended"
			   : "lapsed",
	};

	begin(out, layout->screen, colour);
	for (size_t i = 0, put = 0; i < COLUMNS; i++) {
		enum colour bar = colour == PLAIN || colour == BOLD ? GREEN : PLAIN;

		if (!layout->widths[i])
			continue;
		put_spaces(out, put++ ? layout->gap : 0);
		if (i != BAR) {
			put_cell(out, layout->screen, cells[i], layout->widths[i], i == LEFT);
			continue;
		}
		begin(out, layout->screen, bar);
		put_bar(out, layout->screen, row->ended_ns || left_ns < 0 ? 0 : left_ns,
			activation->expires_boottime_ns - activation->created_boottime_ns,
			layout->widths[i]);
		end(out, layout->screen, bar);
	}
	end(out, layout->screen, colour);
	end_line(out);
}

static void put_footer(struct psg_buf *out, const struct watch_screen *screen, size_t hidden)
{
	char text[80];

	if (hidden)
		snprintf(text, sizeof(text), "q: quit   %zu more that last longer", hidden);
	else
		snprintf(text, sizeof(text), "q: quit");
	begin(out, screen, DIM);
	put_cell(out, screen, text, screen->width, false);
	end(out, screen, DIM);
	psg_buf_text(out, "\x1b[K");
}

void watch_draw(const struct watch_rows *rows, const struct psg_now *now,
		const struct watch_screen *screen, struct psg_buf *out)
{
	struct layout layout = {.screen = screen};
	size_t room = screen->height > 3 ? screen->height - 3 : 0;
	size_t shown = rows->count < room ? rows->count : room;

	psg_buf_text(out, "\x1b[H");
	put_title(out, rows, now, screen);
	lay_out(&layout, rows);
	if (screen->height > 2)
		put_header(out, &layout);
	for (size_t i = 0; i < shown; i++)
		put_row(out, &layout, &rows->items[i], now);
	if (rows->count == 0 && room > 0) {
		put_cell(out, screen, "Nothing is active.", screen->width, false);
		end_line(out);
		shown = 1;
	}
	for (size_t i = shown; i < room; i++)
		end_line(out);
	put_footer(out, screen, rows->count > room ? rows->count - room : 0);
}
