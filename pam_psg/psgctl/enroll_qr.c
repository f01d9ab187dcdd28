/* The QR code, in the forms a terminal or a browser shows. */
#include <errno.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "enroll.h"

#define QUIET 4 /* modules of quiet zone on each side, ISO/IEC 18004 */

static void code_free(QRcode **code)
{
	if (*code) {
		psg_wipe((*code)->data, (size_t)((*code)->width * (*code)->width));
		QRcode_free(*code);
	}
}

static bool dark(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1);
}

/* The colours are given, not assumed: a scanner wants dark on light, and a terminal may be either way.
 * 231 and 16 are white and black in every theme; the first sixteen are not. */
static void print_utf8(const QRcode *code, bool coloured)
{
	static const char *const halves[2][2] = {{"\u2588", "\u2580"}, {"\u2584", " "}};
	int size = code->width + 2 * QUIET;

	for (int y = 0; y < size; y += 2) {
		fputs(coloured ? "\033[38;5;231;48;5;16m" : "", stdout);
		for (int x = 0; x < size; x++) {
			/* Below the last row of an odd height lies light. */
			bool below = y + 1 < size && dark(code, x, y + 1);

			fputs(halves[dark(code, x, y)][below], stdout);
		}
		fputs(coloured ? "\033[0m\n" : "\n", stdout);
	}
}

static void print_ansi(const QRcode *code)
{
	int size = code->width + 2 * QUIET;

	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++)
			fputs(dark(code, x, y) ? "\033[40m  " : "\033[47m  ", stdout);
		fputs("\033[0m\n", stdout);
	}
}

static void print_svg(const QRcode *code)
{
	int size = code->width + 2 * QUIET;

	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	       "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
	       "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
	       size * 6, size * 6, size, size, size, size);
	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			int start = x;

			while (dark(code, x, y))
				x++;
			if (x > start)
				printf("M%d %dh%dv1h-%dz", start, y, x - start, x - start);
		}
	}
	fputs("\"/>\n</svg>\n", stdout);
}

enum psg_err enroll_qr_print(const char *text, enum enroll_qr form, bool coloured)
{
	/* Level L: nothing dirties a screen, and fewer modules are larger modules. */
	QRcode *code PSG_CLEANUP(code_free) = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (!code)
		return errno == ENOMEM ? PSG_ERR_NO_MEMORY : PSG_ERR_INVALID;
	switch (form) {
	case ENROLL_QR_UTF8:
		print_utf8(code, coloured);
		break;
	case ENROLL_QR_ANSI:
		print_ansi(code);
		break;
	case ENROLL_QR_SVG:
		print_svg(code);
		break;
	case ENROLL_QR_DEFAULT:
	case ENROLL_QR_NONE:
		break;
	}
	return PSG_OK;
}
