/* How many hold a group at a time, as the height of its strip. */
#include <stdlib.h>

#include "page.h"

struct turn {
	int64_t time_s;
	int by; /* 1: one more, -1: one less */
};

/* At one instant the ends come first: who renews by ending and beginning is one, not two. */
static int by_time(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int order = (a->time_s > b->time_s) - (a->time_s < b->time_s);

	return order ? order : a->by - b->by;
}

static int bin_of(const struct html *html, int64_t time_s)
{
	int bin = (int)(page_percent(html, time_s) * PAGE_BINS / 100.0);

	return bin < PAGE_BINS ? bin : PAGE_BINS - 1;
}

/* The most at once in each bin; *ret_most in all. False: out of memory. */
bool page_crowd_count(const struct html *html, const struct psg_ledger_sum *sum,
		      unsigned bins[static PAGE_BINS], unsigned *ret_most)
{
	const struct psg_holding *const *run = html->view->by_target + sum->holding_first;
	struct turn *turns = calloc(sum->holdings * 2 + 1, sizeof(*turns));
	unsigned now = 0, most = 0;
	size_t count = 0;
	int bin = 0;

	if (!turns)
		return false;
	for (size_t i = 0; i < sum->holdings; i++) {
		if (run[i]->clock_set_back)
			continue;
		turns[count++] = (struct turn){run[i]->start_s, 1};
		turns[count++] = (struct turn){run[i]->end_s, -1};
	}
	qsort(turns, count, sizeof(*turns), by_time);
	for (size_t i = 0; i < count; i++) {
		for (int next = bin_of(html, turns[i].time_s); bin < next; bin++)
			bins[bin + 1] = now;
		/* One that ends in the second it began in is there and gone: the end is sorted first. */
		now = turns[i].by > 0 ? now + 1 : now > 0 ? now - 1 : 0;
		bins[bin] = now > bins[bin] ? now : bins[bin];
		most = now > most ? now : most;
	}
	free(turns);
	*ret_most = most;
	return true;
}

void page_crowd_put(struct html *html, const struct psg_ledger_sum *sum, size_t colour,
		    const unsigned bins[static PAGE_BINS], unsigned most)
{
	for (int bin = 0, end; bin < PAGE_BINS; bin = end) {
		int height;

		for (end = bin + 1; end < PAGE_BINS && bins[end] == bins[bin];)
			end++;
		if (bins[bin] == 0)
			continue;
		height = (int)((unsigned)PAGE_CROWD_HEIGHT * bins[bin] / most);
		height = height > 3 ? height : 3;
		html_open(html, "rect", NULL);
		html_attribute_format(html, "class", "g%zu", colour);
		page_percent_put(html, "x", 100.0 * bin / PAGE_BINS);
		page_percent_put(html, "width", 100.0 * (end - bin) / PAGE_BINS);
		html_attribute_format(html, "y", "%d",
				      PAGE_MARKS_HEIGHT + PAGE_CROWD_HEIGHT - height);
		html_attribute_format(html, "height", "%d", height);
		html_open(html, "title", NULL);
		html_format(html, "%s: %u at once", sum->name, bins[bin]);
		html_close(html);
		html_close(html);
	}
}
