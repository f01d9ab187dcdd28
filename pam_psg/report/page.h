/* The strips of the timelines. */
#ifndef PSG_REPORT_PAGE_H
#define PSG_REPORT_PAGE_H

#include "html.h"

#define PAGE_BINS 400 /* closer than a bin two things are drawn as one */
#define PAGE_MARKS_HEIGHT 14
#define PAGE_CROWD_HEIGHT 22

/* -- page_axis.c -- */
double page_percent(const struct html *html, int64_t time_s); /* of the period, 0 to 100 */
void page_percent_put(struct html *html, const char *name, double value); /* an attribute */
void page_ticks(struct html *html, bool words);                           /* or lines */

/* -- page_crowd.c -- */
/* The most at once in each bin; *ret_most in all. False: out of memory. */
bool page_crowd_count(const struct html *html, const struct psg_ledger_sum *sum,
		      unsigned bins[static PAGE_BINS], unsigned *ret_most);
void page_crowd_put(struct html *html, const struct psg_ledger_sum *sum, size_t colour,
		    const unsigned bins[static PAGE_BINS], unsigned most);

#endif
