/* The columns of the live view. */
#ifndef PSGCTL_STATUS_LAYOUT_H
#define PSGCTL_STATUS_LAYOUT_H

#include "status.h"

enum watch_column {
	WATCH_MARK,
	WATCH_USER,
	WATCH_TARGET,
	WATCH_SERVICE,
	WATCH_SESSION,
	WATCH_LEFT,
	WATCH_BAR,
	WATCH_COLUMNS
};

struct watch_layout {
	const struct watch_screen *screen;
	unsigned widths[WATCH_COLUMNS]; /* 0: left out */
	unsigned gap;
};

/* Fills the widths and the gap; all together no wider than the screen. */
void watch_lay_out(struct watch_layout *layout, const struct watch_rows *rows);
const char *watch_title(size_t column);
/* Where it counts: a session's id, "pending", or "(Host)". */
const char *watch_session(const struct watch_row *row, char out[static PSG_SESSION_ID_SIZE]);
unsigned watch_clamp(unsigned value, unsigned least, unsigned most);

/* -- status_cell.c -- */

/* Cells that a text takes. */
unsigned watch_width(const char *text);
void watch_put_spaces(struct psg_buf *out, unsigned count);
/* Made harmless, cut to `width` cells, at least one, and filled up to them. Without UTF-8 what is beyond ASCII is a question mark. */
void watch_put_cell(struct psg_buf *out, const struct watch_screen *screen, const char *text,
		    unsigned width, bool right);

#endif
