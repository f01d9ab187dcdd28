/* Tables as RFC 4180, in UTF-8, that a spreadsheet opens as text.
 *
 * MUST NOT let a cell be a formula: who chose a name or a reason would run it at whoever opens the file
 *   (test_report: formulas_are_text).
 * MUST NOT put a control character where somebody reads the file on a terminal (test_report: hostile_text). */
#include <inttypes.h>
#include <string.h>

#include "keep.h"
#include "psg/text.h"

#define CELL_SIZE 8192 /* a value of the log's 1024 bytes, each as \xHH */
#define NUMBER_SIZE 24

static void put_cell(FILE *out, const char *text)
{
	char shown[CELL_SIZE];

	psg_show_line(text ? text : "", shown, sizeof(shown));
	/* What Excel, Calc and Sheets take for a formula; the apostrophe they take for "text". */
	bool formula = text && *text && strchr("=+-@\t\r", *text);
	bool quoted = formula || strpbrk(shown, "\",\r\n") || *shown == ' ';

	if (!quoted) {
		fputs(shown, out);
		return;
	}
	fputs(formula ? "\"'" : "\"", out);
	for (const char *at = shown; *at; at++) {
		if (*at == '"')
			putc('"', out);
		putc(*at, out);
	}
	putc('"', out);
}

void psg_csv_row(FILE *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			putc(',', out);
		put_cell(out, cells[i]);
	}
	fputs("\r\n", out);
}

static const char *time_text(int64_t time_s, char out[static PSG_TIME_SIZE])
{
	if (time_s == 0)
		return NULL;
	psg_time_format(time_s, out);
	return out;
}

static const char *number(size_t value, char out[static NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%zu", value);
	return out;
}

static const char *of_kind(const char *target, enum psg_target_kind kind,
			   enum psg_target_kind wanted)
{
	return kind == wanted ? target : NULL;
}

void psg_csv_activations(const struct psg_ledger_view *view, FILE *out)
{
	static const char *const head[] = {
	    "id",
	    "userName",
	    "permissionSetGroup",
	    "permissionSet",
	    "createdDate",
	    "endedDate",
	    "expirationDate",
	    "heldSeconds",
	    "end",
	    "endedBy",
	    "renewals",
	    "grantedBy",
	    "service",
	    "rhost",
	    "tty",
	    "authSessionId",
	    "isWhole",
	    "description",
	};

	psg_csv_row(out, head, PSG_COUNT(head));
	for (size_t i = 0; i < view->holding_count; i++) {
		const struct psg_holding *one = &view->holdings[i];
		char begun[PSG_TIME_SIZE], ended[PSG_TIME_SIZE], expires[PSG_TIME_SIZE];
		char held[NUMBER_SIZE], renewals[NUMBER_SIZE];
		const char *cells[] = {
		    one->id,
		    one->user,
		    of_kind(one->target, one->kind, PSG_TARGET_GROUP),
		    of_kind(one->target, one->kind, PSG_TARGET_SET),
		    time_text(one->start_s, begun),
		    time_text(one->end == PSG_HELD_LIVE ? 0 : one->end_s, ended),
		    time_text(one->expires_s, expires),
		    number((size_t)one->held_s, held),
		    psg_held_end_name(one->end),
		    one->ended_by,
		    number(one->renewals, renewals),
		    one->granted_by,
		    one->service,
		    one->rhost,
		    one->tty,
		    one->session_id,
		    one->began_before || one->clock_set_back ? "false" : "true",
		    one->reason,
		};

		psg_csv_row(out, cells, PSG_COUNT(cells));
	}
}

void psg_csv_eligible(const struct psg_ledger_view *view, FILE *out)
{
	static const char *const head[] = {
	    "userName",       "permissionSetGroup", "permissionSet", "via",
	    "expirationDate", "isEnrolled",         "lastDate",
	};

	psg_csv_row(out, head, PSG_COUNT(head));
	for (size_t i = 0; i < view->eligible_count; i++) {
		const struct psg_eligible *one = &view->eligible[i];
		char until[PSG_TIME_SIZE], last[PSG_TIME_SIZE];
		const char *cells[] = {
		    one->user,
		    of_kind(one->target, one->kind, PSG_TARGET_GROUP),
		    of_kind(one->target, one->kind, PSG_TARGET_SET),
		    one->via,
		    time_text(one->until_s, until),
		    one->enrolled ? "true" : "false",
		    time_text(one->last_s, last),
		};

		psg_csv_row(out, cells, PSG_COUNT(cells));
	}
}

void psg_csv_failures(const struct psg_ledger_view *view, FILE *out)
{
	static const char *const head[] = {
	    "userName",  "origin",  "service", "wrongCodes", "replayed", "throttled",
	    "malformed", "refused", "failed",  "firstDate",  "lastDate", "reason",
	};

	psg_csv_row(out, head, PSG_COUNT(head));
	for (size_t i = 0; i < view->failure_count; i++) {
		const struct psg_failures *one = &view->failures[i];
		const size_t counts[] = {one->wrong,     one->replayed, one->throttled,
					 one->malformed, one->refused,  one->failed};
		char first[PSG_TIME_SIZE], last[PSG_TIME_SIZE];
		char numbers[PSG_COUNT(counts)][NUMBER_SIZE];
		const char *cells[PSG_COUNT(head)] = {one->user, one->origin, one->service};

		for (size_t j = 0; j < PSG_COUNT(counts); j++)
			cells[3 + j] = number(counts[j], numbers[j]);
		cells[9] = time_text(one->first_s, first);
		cells[10] = time_text(one->last_s, last);
		cells[11] = one->reason;
		psg_csv_row(out, cells, PSG_COUNT(cells));
	}
}

void psg_csv_event(const struct psg_ledger_event *event, FILE *out)
{
	static const char *const head[] = {
	    "time",          "event",         "userName",
	    "actor",         "service",       "rhost",
	    "tty",           "authSessionId", "permissionSetGroup",
	    "permissionSet", "activationId",  "expirationDate",
	    "reason",
	};
	char time[PSG_TIME_SIZE], expires[PSG_TIME_SIZE];

	if (!event) {
		psg_csv_row(out, head, PSG_COUNT(head));
		return;
	}
	const char *cells[] = {
	    time_text(event->time_s, time),
	    psg_event_name(event->kind),
	    event->user,
	    event->actor,
	    event->service,
	    event->rhost,
	    event->tty,
	    event->session_id,
	    of_kind(event->target, event->target_kind, PSG_TARGET_GROUP),
	    of_kind(event->target, event->target_kind, PSG_TARGET_SET),
	    event->activation_id,
	    time_text(event->expires_s, expires),
	    event->reason,
	};

	psg_csv_row(out, cells, PSG_COUNT(cells));
}
