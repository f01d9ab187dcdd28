/* The live view as text: a title, a line for each activation, the soonest to lapse first, and what does not fit in numbers.
 *
 * MUST NOT write a line wider than the screen, nor more lines than it has      (test_status_watch.py: fits_*)
 * MUST NOT let a name reach the terminal as more than its letters              (test_status_watch.py: harmless) */
#include "status_layout.h"

#include <stdio.h>
#include <string.h>

#include "psg/text.h"

enum colour { PLAIN, BOLD, DIM, GREEN, YELLOW, RED };

static const char *code_of(enum colour colour)
{
	static const char *const codes[] = {"0", "1", "2", "32", "33", "31;1"};

	return codes[colour];
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
		watch_put_cell(out, screen, title, width - (unsigned)strlen(time) - 1, false);
		psg_buf_format(out, " %s", time);
	} else {
		watch_put_cell(out, screen, title, width, false);
	}
	end(out, screen, BOLD);
}

static void put_header(struct psg_buf *out, const struct watch_layout *layout)
{
	begin(out, layout->screen, DIM);
	for (size_t i = 0, put = 0; i < WATCH_COLUMNS; i++) {
		if (!layout->widths[i])
			continue;
		watch_put_spaces(out, put++ ? layout->gap : 0);
		watch_put_cell(out, layout->screen, watch_title(i), layout->widths[i],
			       i == WATCH_LEFT);
	}
	end(out, layout->screen, DIM);
	end_line(out);
}

static void put_bar(struct psg_buf *out, const struct watch_screen *screen, int64_t left_ns,
		    int64_t all_ns, unsigned width)
{
	double share = all_ns > 0 ? (double)left_ns / (double)all_ns : 0;
	unsigned full = watch_clamp((unsigned)(share * width + 0.5), left_ns > 0, width);

	for (unsigned i = 0; i < width; i++)
		psg_buf_text(out, i < full ? screen->utf8 ? "━" : "#" : screen->utf8 ? "─" : ".");
}

static void put_row(struct psg_buf *out, const struct watch_layout *layout,
		    const struct watch_row *row, const struct psg_now *now)
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
	const char *cells[WATCH_COLUMNS] = {
	    row->ended_ns ? "-"
	    : fresh       ? "+"
	    : soon        ? "!"
			  : " ",
	    row->subject,
	    activation->target,
	    activation->service,
	    watch_session(row, session),
	    !row->ended_ns ? left
	    : left_ns > 0  ? "ended"
			   : "lapsed",
	};

	begin(out, layout->screen, colour);
	for (size_t i = 0, put = 0; i < WATCH_COLUMNS; i++) {
		enum colour bar = colour == PLAIN || colour == BOLD ? GREEN : PLAIN;

		if (!layout->widths[i])
			continue;
		watch_put_spaces(out, put++ ? layout->gap : 0);
		if (i != WATCH_BAR) {
			watch_put_cell(out, layout->screen, cells[i], layout->widths[i],
				       i == WATCH_LEFT);
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
	watch_put_cell(out, screen, text, screen->width, false);
	end(out, screen, DIM);
	psg_buf_text(out, "\x1b[K");
}

void watch_draw(const struct watch_rows *rows, const struct psg_now *now,
		const struct watch_screen *screen, struct psg_buf *out)
{
	struct watch_layout layout = {.screen = screen};
	size_t room = screen->height > 3 ? screen->height - 3 : 0;
	size_t shown = rows->count < room ? rows->count : room;

	psg_buf_text(out, "\x1b[H");
	put_title(out, rows, now, screen);
	watch_lay_out(&layout, rows);
	if (screen->height == 1)
		return;
	end_line(out);
	if (screen->height > 2)
		put_header(out, &layout);
	for (size_t i = 0; i < shown; i++)
		put_row(out, &layout, &rows->items[i], now);
	if (rows->count == 0 && room > 0) {
		watch_put_cell(out, screen, "Nothing is active.", screen->width, false);
		end_line(out);
		shown = 1;
	}
	for (size_t i = shown; i < room; i++)
		end_line(out);
	put_footer(out, screen, rows->count > room ? rows->count - room : 0);
}
