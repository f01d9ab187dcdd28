/* A progress bar: nothing is drawn in the first second, and nothing of it stays. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS INT64_C(1000000000)
#define BETWEEN_NS INT64_C(100000000)
#define BAR_MOST 40U
#define BAR_LEAST 10U

/* 1234567 as "1,234,567". */
static void format_count(size_t count, char out[static 32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%zu", count);
	size_t at = 0;
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void add_bar(unsigned cells, size_t done, size_t total, char *out)
{
	unsigned full = (unsigned)((double)done / (double)total * cells);
	*out++ = '[';
	memset(out, '#', full);
	memset(out + full, '.', cells - full);
	memcpy(out + cells, "]  ", 4);
}

void ctl_progress_line(const char *doing, size_t done, size_t total, unsigned width,
		       char out[static CTL_PROGRESS_WIDTH_MAX + 1])
{
	char so_far[32], of[32], bar[BAR_MOST + 8] = "", share[16] = "", numbers[80];
	if (width > CTL_PROGRESS_WIDTH_MAX)
		width = CTL_PROGRESS_WIDTH_MAX;
	if (total > 0 && done > total)
		done = total;
	format_count(done, so_far);
	format_count(total, of);
	snprintf(numbers, sizeof(numbers), total > 0 ? "  %s of %s" : "%s", so_far, of);
	if (total == 0 && done == 0)
		numbers[0] = '\0';
	if (total > 0)
		snprintf(share, sizeof(share), "%3u %%",
			 (unsigned)((double)done / (double)total * 100));
	/* By the longest that the numbers become, so that the bar keeps its length. */
	size_t used = strlen(doing) + 2 + strlen(share) +
		      (total > 0 ? 2 * strlen(of) + strlen("   of ") : strlen(numbers));
	if (used > width && total > 0) {
		numbers[0] = '\0';
		used = strlen(doing) + 2 + strlen(share);
	}
	if (total > 0 && used + BAR_LEAST + 4 <= width) {
		size_t cells = width - used - 4;
		add_bar(cells > BAR_MOST ? BAR_MOST : (unsigned)cells, done, total, bar);
	}
	snprintf(out, width + 1U, "%s  %s%s%s", doing, bar, share, numbers);
}

static int64_t now_ns(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_MONOTONIC, &now) == 0
		   ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec
		   : 0;
}

void ctl_progress_begin(const struct ctl *ctl, struct ctl_progress *progress)
{
	*progress = (struct ctl_progress){
	    .on = !ctl->quiet && !ctl->json && isatty(STDERR_FILENO),
	    .began_ns = now_ns(),
	};
}

/* One column less than there are: many terminals go on to the next line after the last. */
static unsigned terminal_width(void)
{
	struct winsize size;
	unsigned columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	return columns > 1 ? columns - 1 : 79;
}

void ctl_progress_show(void *arg, const char *doing, size_t done, size_t total)
{
	struct ctl_progress *progress = arg;
	char line[CTL_PROGRESS_WIDTH_MAX + 1];
	if (!progress->on)
		return;
	int64_t now = now_ns();
	bool same = progress->doing != NULL && strcmp(progress->doing, doing) == 0;
	if (now - progress->began_ns < PATIENCE_NS ||
	    (same && now - progress->drawn_ns < BETWEEN_NS))
		return;
	progress->doing = doing;
	ctl_progress_line(doing, done, total, terminal_width(), line);
	unsigned width = (unsigned)strlen(line);
	/* Blanks over what the line before had more: no escape sequence that a terminal may not know. */
	fprintf(stderr, "\r%s%*s", line,
		progress->drawn_width > width ? (int)(progress->drawn_width - width) : 0, "");
	fflush(stderr);
	progress->drawn_ns = now;
	progress->drawn_width = width > progress->drawn_width ? width : progress->drawn_width;
}

void ctl_progress_end(struct ctl_progress *progress)
{
	if (progress->drawn_ns != 0) {
		fprintf(stderr, "\r%*s\r", (int)progress->drawn_width, "");
		fflush(stderr);
	}
	progress->drawn_ns = 0;
	progress->drawn_width = 0;
}
