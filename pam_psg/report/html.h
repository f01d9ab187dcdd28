/* Writing HTML: elements that are closed in order, text that is escaped, whatever it holds. */
#ifndef PSG_REPORT_HTML_H
#define PSG_REPORT_HTML_H

#include <libxml/xmlwriter.h>

#include "psg/ledger.h"

struct html {
	xmlTextWriter *writer;
	FILE *out;
	bool failed;
	const struct psg_page *page;
	const struct psg_ledger_view *view;
};

PSG_MUST_CHECK
enum psg_err html_begin(struct html *html, FILE *out);
/* Errors: NO_MEMORY, IO. */
PSG_MUST_CHECK
enum psg_err html_end(struct html *html);

/* An element with its attributes: name, value, … NULL; one whose value is NULL is left out. */
void html_open(struct html *html, const char *name, ...) __attribute__((sentinel));
void html_close(struct html *html);
/* Untrusted text, its control characters made visible. */
void html_text(struct html *html, const char *text);
void html_format(struct html *html, const char *format, ...) PSG_PRINTF(2, 3);
void html_name(struct html *html, const char *name); /* that may break after each _ */
/* Ours alone: the text of a style or a script, a line break between elements. */
void html_raw(struct html *html, const char *text);
void html_element(struct html *html, const char *name, const char *text); /* <name>text</name> */
void html_attribute_format(struct html *html, const char *name, const char *format, ...)
    PSG_PRINTF(3, 4); /* right after html_open */

void html_time(struct html *html, int64_t time_s);        /* "2026-01-31 12:00", as a <time> */
const char *html_duration(int64_t seconds, char out[32]); /* "7h 59m"; "0s" */
/* "3 codes", "1 code" */
void html_count(struct html *html, size_t count, const char *one, const char *many);

/* -- tables: on a narrow page a row becomes a block, each cell behind its head -- */
/* `numbers`: which columns are, by their bits. */
void html_table_begin(struct html *html, const char *id, const char *caption,
		      const char *const *heads, size_t count, unsigned numbers);
void html_table_end(struct html *html);
void html_cell(struct html *html, const char *head, const char *text); /* NULL and "": a dash */
void html_cell_open(struct html *html, const char *head, const char *class_name);
void html_cell_number(struct html *html, const char *head, size_t number);
void html_cell_duration(struct html *html, const char *head, int64_t seconds);
void html_cell_time(struct html *html, const char *head, int64_t time_s);
void html_cell_key(struct html *html, const char *text); /* the row's own head */
/* "Shown are 500 of 1234", and where the rest is; nothing when all are shown. */
void html_left_out(struct html *html, size_t shown, size_t all, const char *rest);

/* -- page_style.c -- */
/* Parts of one text, NULL after the last. */
extern const char *const page_style[], *const page_script[];

/* -- page_timeline.c -- */
void page_timelines(struct html *html);
/* -- page_tables.c -- */
void page_held(struct html *html);
void page_activations(struct html *html);
void page_eligible(struct html *html);
void page_failures(struct html *html);
void page_would(struct html *html);
void page_acts(struct html *html);
void page_events(struct html *html);

#endif
