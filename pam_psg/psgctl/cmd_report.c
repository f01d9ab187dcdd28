/* psgctl report: who held what and when, and who tried in vain, as a page, as tables, or as one document. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "report.h"

#define DAYS_BEFORE 30
#define DAY_S INT64_C(86400)

struct asked {
	const char *since, *until, *user, *group, *output, *format, *table;
};

enum format { FORMAT_HTML, FORMAT_CSV, FORMAT_JSON, FORMAT_NONE };
static const char *const formats[] = {"html", "csv", "json"};
enum table { TABLE_ACTIVATIONS, TABLE_EVENTS, TABLE_ELIGIBLE, TABLE_FAILURES, TABLE_NONE };
static const char *const tables[] = {"activations", "events", "eligible", "failures"};

static size_t find_word(const char *const *words, size_t count, const char *word)
{
	size_t at = 0;
	while (at < count && strcasecmp(words[at], word) != 0)
		at++;
	return at;
}

static bool mistake(const struct ctl *ctl, const char *text)
{
	ctl_error(ctl, "%s", text);
	ctl_print_usage(ctl->command);
	return false;
}

static enum format format_of(const struct ctl *ctl, const struct asked *asked)
{
	const char *dot = asked->output != NULL ? strrchr(asked->output, '.') : NULL;
	if (asked->format != NULL)
		return (enum format)find_word(formats, PSG_COUNT(formats), asked->format);
	if (asked->table != NULL)
		return FORMAT_CSV;
	if (asked->output == NULL || strcmp(asked->output, "-") == 0)
		return ctl->json ? FORMAT_JSON : FORMAT_HTML;
	if (dot != NULL && strcasecmp(dot, ".htm") == 0)
		return FORMAT_HTML;
	return dot != NULL ? (enum format)find_word(formats, PSG_COUNT(formats), dot + 1)
			   : FORMAT_NONE;
}

static bool judge(const struct ctl *ctl, struct asked *asked, enum format *ret_format,
		  enum table *ret_table)
{
	enum format format = format_of(ctl, asked);
	enum table table = asked->table != NULL
			       ? (enum table)find_word(tables, PSG_COUNT(tables), asked->table)
			       : TABLE_ACTIVATIONS;
	if (asked->output == NULL && ctl->json)
		asked->output = "-";
	if (asked->output == NULL || asked->output[0] == '\0')
		return mistake(ctl, "say where to: --output FILE, or --output - for standard "
				    "output");
	if (format == FORMAT_NONE)
		return mistake(ctl, "say in which form: --format html, csv or json, or a file that "
				    "ends in .html, .csv or .json");
	if (table == TABLE_NONE)
		return mistake(ctl, "--table is activations, events, eligible or failures");
	if (asked->table != NULL && format != FORMAT_CSV)
		return mistake(ctl, "--table goes with --format csv: the others have them all");
	if (ctl->json && format != FORMAT_JSON && strcmp(asked->output, "-") == 0)
		return mistake(ctl, "--json and another format cannot both go to standard output: "
				    "name a file with --output");
	*ret_format = format;
	*ret_table = table;
	return true;
}

/* A bare date begins the period with its first second, and ends it with its last. */
static bool parse_time(const struct ctl *ctl, const char *option, const char *text, bool begins,
		       int64_t *ret_s)
{
	char start[PSG_TIME_SIZE];
	int64_t time_s = 0;
	bool well = psg_time_parse(text, &time_s) == PSG_OK;
	if (well && begins && strlen(text) == strlen("2026-01-31")) {
		snprintf(start, sizeof(start), "%sT00:00", text);
		well = psg_time_parse(start, &time_s) == PSG_OK;
	}
	if (!well) {
		ctl_error(ctl, "%s %s is no time: write 2026-01-31 or 2026-01-31T12:00Z", option,
			  ctl_safe(text));
		return false;
	}
	*ret_s = time_s;
	return true;
}

static bool find_period(struct report *report, const struct asked *asked)
{
	struct psg_ledger_scope *scope = &report->scope;
	scope->now_s = scope->until_s = report->now.realtime_ns / PSG_NS_PER_S;
	scope->boot_s = (report->now.realtime_ns - report->now.boottime_ns) / PSG_NS_PER_S;
	if (asked->until != NULL &&
	    !parse_time(report->ctl, "--until", asked->until, false, &scope->until_s))
		return false;
	/* What is still to come has no strip to be drawn on. */
	if (scope->until_s > scope->now_s)
		scope->until_s = scope->now_s;
	scope->since_s = scope->until_s - DAYS_BEFORE * DAY_S;
	if (asked->since != NULL &&
	    !parse_time(report->ctl, "--since", asked->since, true, &scope->since_s))
		return false;
	if (scope->since_s < scope->until_s)
		return true;
	ctl_error(report->ctl, "the period ends before it begins: --since must be before --until, "
			       "and before now");
	return false;
}

struct rows {
	const struct psg_ledger_scope *scope;
	FILE *out;
	size_t count;
};

static void put_event(void *arg, const struct psg_ledger_event *event)
{
	struct rows *rows = arg;
	if (!psg_ledger_covers(rows->scope, event))
		return;
	psg_csv_event(event, rows->out);
	rows->count++;
}

static void keep_event(void *arg, const struct psg_ledger_event *event)
{
	psg_ledger_add(arg, event);
}

/* As they are read: they need not be held. */
static enum psg_err write_events(struct report *report, FILE *out, size_t *ret_count)
{
	struct rows rows = {.scope = &report->scope, .out = out};
	psg_csv_event(NULL, out);
	enum psg_err err = report_lines(report->ctl, put_event, &rows, &report->damaged);
	*ret_count = rows.count;
	return err;
}

static enum psg_err keep(struct report *report, struct psg_ledger_view *ret)
{
	report->ledger = psg_ledger_new(&report->scope);
	enum psg_err err = report->ledger != NULL ? PSG_OK : PSG_ERR_NO_MEMORY;
	if (!err)
		err = report_lines(report->ctl, keep_event, report->ledger, &report->damaged);
	if (!err)
		err = report_facts(report);
	return err ? err : psg_ledger_close(report->ledger, ret);
}

static enum psg_err write_view(const struct report *report, const struct psg_ledger_view *view,
			       enum format format, enum table table, FILE *out)
{
	const struct psg_page page = {
	    .view = view, .host = report->host, .damaged = report->damaged};
	if (format == FORMAT_HTML)
		return psg_page_write(&page, out);
	if (format == FORMAT_JSON)
		report_json(&page, out);
	else if (table == TABLE_ELIGIBLE)
		psg_csv_eligible(view, out);
	else if (table == TABLE_FAILURES)
		psg_csv_failures(view, out);
	else
		psg_csv_activations(view, out);
	return PSG_OK;
}

static enum ctl_exit say(const struct report *report, const struct asked *asked, bool events_alone,
			 const struct psg_ledger_view *view)
{
	const struct ctl *ctl = report->ctl;
	char since[PSG_TIME_SIZE], until[PSG_TIME_SIZE];
	if (report->damaged > 0)
		ctl_note(ctl, "%zu damaged line%s skipped", report->damaged,
			 report->damaged == 1 ? " was" : "s were");
	if (strcmp(asked->output, "-") == 0)
		return CTL_DONE;
	if (ctl->json)
		return ctl_print_json(json_pack(
		    "{so so so sI so so}", "output", ctl_json_text(asked->output), "since",
		    ctl_json_time(report->scope.since_s), "until",
		    ctl_json_time(report->scope.until_s), "eventCount",
		    (json_int_t)view->event_count, "activationCount",
		    events_alone ? json_null() : json_integer((json_int_t)view->holding_count),
		    "userCount",
		    events_alone ? json_null() : json_integer((json_int_t)view->holder_count)));
	if (ctl->quiet)
		return CTL_DONE;
	psg_time_format(report->scope.since_s, since);
	psg_time_format(report->scope.until_s, until);
	printf("%s: %s to %s, %zu event%s", ctl_safe(asked->output), since, until,
	       view->event_count, view->event_count == 1 ? "" : "s");
	if (!events_alone)
		printf(", %zu activation%s of %zu %s", view->holding_count,
		       view->holding_count == 1 ? "" : "s", view->holder_count,
		       view->holder_count == 1 ? "person" : "people");
	putchar('\n');
	return CTL_DONE;
}

static enum ctl_exit run(struct report *report, const struct asked *asked, enum format format,
			 enum table table)
{
	struct report_output output;
	struct psg_ledger_view view = {.holding_count = 0};
	bool events_alone = format == FORMAT_CSV && table == TABLE_EVENTS;
	if (!report_output_open(report->ctl, asked->output, &output))
		return CTL_INVALID;
	enum psg_err err = events_alone ? write_events(report, output.stream, &view.event_count)
					: keep(report, &view);
	if (!err && !events_alone)
		err = write_view(report, &view, format, table, output.stream);
	/* What the stream could not take is told by who closes it. */
	if (err && !ferror(output.stream)) {
		(void)report_output_end(report->ctl, &output, false);
		return ctl_store_error(report->ctl, "cannot make the report", err);
	}
	if (!report_output_end(report->ctl, &output, true))
		return CTL_INVALID;
	return say(report, asked, events_alone, &view);
}

enum ctl_exit ctl_report(struct ctl *ctl)
{
	struct report report = {.ctl = ctl};
	struct asked asked = {.output = NULL};
	enum format format;
	enum table table;
	const struct ctl_option options[] = {
	    {"since", true, &asked.since, NULL},   {"until", true, &asked.until, NULL},
	    {"user", true, &asked.user, NULL},     {"group", true, &asked.group, NULL},
	    {"output", true, &asked.output, NULL}, {"format", true, &asked.format, NULL},
	    {"table", true, &asked.table, NULL},   {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL) || !judge(ctl, &asked, &format, &table))
		return CTL_USAGE;
	if (!ctl_open_store(ctl, true) || !ctl_open_policy(ctl))
		return CTL_STORE;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &report.now);
	if (err)
		return ctl_store_error(ctl, "reading the clock", err);
	report.scope.user = asked.user;
	report.scope.target = asked.group;
	if (gethostname(report.host, sizeof(report.host) - 1) != 0)
		strcpy(report.host, "this host");
	if (!find_period(&report, &asked))
		return CTL_INVALID;
	enum ctl_exit status = run(&report, &asked, format, table);
	psg_ledger_free(&report.ledger);
	return status;
}
