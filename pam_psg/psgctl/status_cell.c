/* Text in cells of a terminal. */
#include <stdio.h>
#include <string.h>

#include "psg/text.h"
#include "status_layout.h"

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

unsigned watch_width(const char *text)
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

void watch_put_spaces(struct psg_buf *out, unsigned count)
{
	for (; count > 0; count--)
		psg_buf_put(out, " ", 1);
}

/* Made harmless, cut to `width` cells and filled up to them. Without UTF-8 what is beyond ASCII is a question mark. */
void watch_put_cell(struct psg_buf *out, const struct watch_screen *screen, const char *text,
		    unsigned width, bool right)
{
	const char *safe = ctl_safe(text);
	unsigned all = watch_width(safe), room = all > width ? width - 1 : width, used = 0;

	if (right && all < width)
		watch_put_spaces(out, width - all);
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
		watch_put_spaces(out, width - used);
}
