/* psgctl report: where its facts come from, and where it goes. */
#ifndef PSGCTL_REPORT_H
#define PSGCTL_REPORT_H

#include <stdio.h>

#include "psg/ledger.h"
#include "psg/output.h"
#include "psgctl.h"

struct report {
	struct ctl *ctl;
	struct psg_ledger_scope scope;
	struct psg_now now;
	struct psg_ledger *ledger;
	size_t damaged;
	char host[256];
};

/* -- report_lines.c -- */
typedef void report_event_fn(void *arg, const struct psg_ledger_event *event);
/* Every event of the log, oldest first; *ret_damaged counts the lines that are none. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err report_lines(struct ctl *ctl, report_event_fn *each, void *arg, size_t *ret_damaged);

/* -- report_facts.c -- */
/* What is live, and who could activate, as things stand now. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err report_facts(struct report *report);

/* -- report_json.c -- */
void report_json(const struct psg_page *page, FILE *out);

/* -- report_output.c: a file that is whole or not there -- */
struct report_output {
	const char *path; /* "-": standard output */
	struct psg_output file;
	FILE *stream;
};

/* False: said. */
bool report_output_open(const struct ctl *ctl, const char *path, struct report_output *ret);
/* Gives it its name, or with `keep` false drops it. False: said. */
bool report_output_end(const struct ctl *ctl, struct report_output *output, bool keep);

#endif
