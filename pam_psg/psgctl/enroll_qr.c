/* The QR code, in the forms a terminal or a browser shows. */
#include <errno.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "enroll.h"
#include "psg/otpauth.h"

#define QUIET 4 /* modules of quiet zone on each side, ISO/IEC 18004 */

static void code_free(QRcode **code)
{
	if (*code) {
		psg_wipe((*code)->data, (size_t)((*code)->width * (*code)->width));
		QRcode_free(*code);
	}
}

static struct psg_qr qr_of(const QRcode *code)
{
	return (struct psg_qr){.modules = code->data, .width = code->width, .quiet = QUIET};
}

/* The colours are given, not assumed: a scanner wants dark on light, and a terminal may be either way.
 * 231 and 16 are white and black in every theme; the first sixteen are not. */
static enum psg_err print_utf8(const struct psg_qr *qr, bool coloured)
{
	struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};
	int size = qr->width + 2 * qr->quiet;

	for (int y = 0; y < size && !line.failed; y += 2) {
		line.len = 0;
		psg_qr_line(qr, y, &line);
		if (!line.failed)
			printf("%s%s%s\n", coloured ? "\033[38;5;231;48;5;16m" : "", line.data,
			       coloured ? "\033[0m" : "");
	}
	return line.failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static void print_ansi(const struct psg_qr *qr)
{
	int size = qr->width + 2 * qr->quiet;

	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++)
			fputs(psg_qr_dark(qr, x, y) ? "\033[40m  " : "\033[47m  ", stdout);
		fputs("\033[0m\n", stdout);
	}
}

static void print_svg(const struct psg_qr *qr)
{
	int size = qr->width + 2 * qr->quiet;

	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	       "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
	       "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
	       size * 6, size * 6, size, size, size, size);
	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			int start = x;

			while (psg_qr_dark(qr, x, y))
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
	struct psg_qr qr = qr_of(code);

	switch (form) {
	case ENROLL_QR_UTF8:
		return print_utf8(&qr, coloured);
	case ENROLL_QR_ANSI:
		print_ansi(&qr);
		break;
	case ENROLL_QR_SVG:
		print_svg(&qr);
		break;
	case ENROLL_QR_DEFAULT:
	case ENROLL_QR_NONE:
		break;
	}
	return PSG_OK;
}
