/* How far something has come, on one line of a terminal, for what takes longer than a second. */
#ifndef PSGCTL_PROGRESS_H
#define PSGCTL_PROGRESS_H

#include "psgctl.h"

#define CTL_PROGRESS_WIDTH_MAX 200U

struct ctl_progress {
	bool on; /* standard error is a terminal, and nobody asked for quiet or JSON */
	int64_t began_ns, drawn_ns; /* by the monotonic clock; drawn_ns 0: not drawn */
	unsigned drawn_width;
	const char *doing; /* what was drawn last */
};

/* Zeroed it never draws. */
void ctl_progress_begin(const struct ctl *ctl, struct ctl_progress *progress);
/* A psg_deployment_options.progress with the struct as its argument. `total` 0: unknown. */
void ctl_progress_show(void *progress, const char *doing, size_t done, size_t total);
/* Takes the line away; what is shown later comes again. To be called before anything else is printed. */
void ctl_progress_end(struct ctl_progress *progress);

/* The line, of at most `width` columns, none of them the last of the terminal:
 *     Compiling  [########............]   40 %  4,000 of 10,000
 * Where there is no room the bar goes first, then the numbers. Without a total there is the number alone, if any. Pure. */
void ctl_progress_line(const char *doing, size_t done, size_t total, unsigned width,
		       char out[static CTL_PROGRESS_WIDTH_MAX + 1]);

#endif
