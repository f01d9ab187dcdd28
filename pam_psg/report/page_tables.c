/* The tables of the page. What there is too much of is cut, and a sentence says where the rest is. */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "psg/text.h"

#define ACTIVATIONS_MAX 500U
#define ROWS_MAX 200U

static void put_none(struct html *html, const char *text)
{
	html_open(html, "p", "class", "nothing", NULL);
	html_text(html, text);
	html_close(html);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void page_held(struct html *html)
{
	static const char *const heads[] = {"Group or set", "Activations", "People",  "Together",
					    "Median",       "Longest",     "Renewals"};
	const struct psg_ledger_view *view = html->view;
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < view->target_count; i++)
		all += view->targets[i].holdings > 0;
	if (all == 0) {
		put_none(html, "Nobody held access in this time.");
		return;
	}
	html_element(
	    html, "p",
	    "What lies within the period. Together is the sum over people; what one person "
	    "held twice at a time counts once.");
	html_table_begin(html, "table-held", "How long access was held, by group", heads,
			 PSG_COUNT(heads), 0x7e);
	for (size_t i = 0; i < view->target_count && shown < ROWS_MAX; i++) {
		const struct psg_ledger_sum *sum = &view->targets[i];

		if (sum->holdings == 0)
			continue;
		shown++;
		html_raw(html, "\n");
		html_open(html, "tr", NULL);
		html_cell_key(html, sum->name);
		html_cell_number(html, heads[1], sum->holdings);
		html_cell_number(html, heads[2], sum->others);
		html_cell_duration(html, heads[3], sum->held_s);
		html_cell_duration(html, heads[4], sum->median_s);
		html_cell_duration(html, heads[5], sum->longest_s);
		html_cell_number(html, heads[6], sum->renewals);
		html_close(html);
	}
	html_table_end(html);
	html_left_out(html, shown, all,
		      "psgctl report --format csv --table activations --output -");
}

static void put_end(struct html *html, const char *head, const struct psg_holding *one)
{
	static const char *const words[PSG_HELD_COUNT] = {
	    [PSG_HELD_UNKNOWN] = "its session is gone, when is not known",
	    [PSG_HELD_LIVE] = "still active",
	    [PSG_HELD_LAPSED] = "lapsed",
	    [PSG_HELD_CLOSED] = "session ended",
	    [PSG_HELD_DEACTIVATED] = "deactivated",
	    [PSG_HELD_UNASSIGNED] = "unassigned",
	    [PSG_HELD_REPLACED] = "replaced by a newer one",
	    [PSG_HELD_REBOOT] = "the host was restarted",
	};

	html_cell_open(html, head, one->end == PSG_HELD_LIVE ? "end live" : "end");
	html_text(html, words[one->end]);
	if (one->ended_by)
		html_format(html, " by %s", one->ended_by);
	if (one->renewals > 0)
		html_format(html, ", renewed %zu×", one->renewals);
	html_close(html);
}

static void put_activation(struct html *html, const char *const *heads,
			   const struct psg_holding *one)
{
	char held[PSG_TIME_SIZE];

	html_raw(html, "\n");
	html_open(html, "tr", NULL);
	html_cell_key(html, one->user);
	html_cell_open(html, heads[1], "name");
	html_name(html, one->target);
	html_close(html);
	html_cell_open(html, heads[2], "why");
	html_text(html, one->reason ? one->reason : "–");
	if (one->granted_by) {
		html_open(html, "span", "class", "tag", NULL);
		html_format(html, "granted by %s", one->granted_by);
		html_close(html);
	}
	html_close(html);
	html_cell_open(html, heads[3], "when");
	if (one->began_before)
		html_text(html, "before ");
	html_time(html, one->start_s);
	html_close(html);
	html_cell_open(html, heads[4], "when");
	if (one->end == PSG_HELD_LIVE)
		html_text(html, "–");
	else
		html_time(html, one->end_s);
	html_close(html);
	html_cell_open(html, heads[5], one->clock_set_back ? NULL : "number");
	html_text(html, one->clock_set_back ? "unknown, the clock was set back"
					    : html_duration(one->held_s, held));
	if (one->began_before && !one->clock_set_back)
		html_text(html, " at least");
	html_close(html);
	put_end(html, heads[6], one);
	html_cell_open(html, heads[7], "from");
	html_text(html, one->service ? one->service : "–");
	if (one->rhost && *one->rhost)
		html_format(html, " from %s", one->rhost);
	html_close(html);
	html_cell_open(html, heads[8], "id");
	html_text(html, one->id ? one->id : "–");
	html_close(html);
	html_close(html);
}

void page_activations(struct html *html)
{
	static const char *const heads[] = {"Who",  "Group or set", "Why",     "From", "Until",
					    "Held", "How it ended", "Service", "Id"};
	const struct psg_ledger_view *view = html->view;
	size_t shown = least(view->holding_count, ACTIVATIONS_MAX);

	if (shown == 0) {
		put_none(html, "There was no activation in this time.");
		return;
	}
	html_left_out(html, shown, view->holding_count,
		      "psgctl report --format csv --table activations --output -");
	html_table_begin(html, "table-activations", "Activations, the newest first", heads,
			 PSG_COUNT(heads), 0x20);
	for (size_t i = 0; i < shown; i++)
		put_activation(html, heads, &view->holdings[view->holding_count - 1 - i]);
	html_table_end(html);
}

static void put_eligible(struct html *html, const char *const *heads,
			 const struct psg_eligible *one)
{
	html_raw(html, "\n");
	html_open(html, "tr", NULL);
	html_cell_key(html, one->user);
	html_cell(html, heads[1], one->target);
	html_cell(html, heads[2], one->via ? one->via : "the person");
	html_cell_time(html, heads[3], one->until_s);
	html_cell_open(html, heads[4], one->enrolled ? NULL : "warn");
	html_text(html, one->enrolled ? "yes" : "none");
	html_close(html);
	html_cell_time(html, heads[5], one->last_s);
	html_close(html);
}

void page_eligible(struct html *html)
{
	static const char *const heads[] = {"Who",           "Group or set",
					    "Assigned to",   "Assigned until",
					    "Authenticator", "Last activation"};
	const struct psg_ledger_view *view = html->view;
	size_t shown = least(view->eligible_count, ROWS_MAX);

	if (view->eligible_all == 0) {
		put_none(html, "Nobody is assigned now what needs an activation.");
		return;
	}
	html_open(html, "p", NULL);
	html_format(html,
		    "Of %zu that are assigned now and need an activation, %zu made none in this "
		    "time. Who never needs it may need no assignment.",
		    view->eligible_all, view->eligible_count);
	html_close(html);
	if (shown == 0)
		return;
	html_left_out(html, shown, view->eligible_count,
		      "psgctl report --format csv --table eligible --output -");
	html_table_begin(html, "table-eligible", "Eligible, and never activated", heads,
			 PSG_COUNT(heads), 0);
	for (size_t i = 0; i < shown; i++)
		put_eligible(html, heads, &view->eligible[i]);
	html_table_end(html);
}

#define KINDS 6

static size_t failures_of(const struct psg_failures *one, size_t kind)
{
	const size_t counts[KINDS] = {one->wrong,     one->replayed, one->throttled,
				      one->malformed, one->refused,  one->failed};

	return counts[kind];
}

static void put_failure(struct html *html, const char *const *heads, const size_t *kinds,
			size_t kind_count, const struct psg_failures *one)
{
	size_t at = 2;

	html_raw(html, "\n");
	html_open(html, "tr", NULL);
	html_cell_key(html, one->user ? one->user : "nobody named");
	html_cell_open(html, heads[1], "from");
	html_text(html, one->origin ? one->origin : "this host");
	html_close(html);
	for (size_t i = 0; i < kind_count; i++, at++)
		html_cell_number(html, heads[at], failures_of(one, kinds[i]));
	html_cell_time(html, heads[at], one->first_s);
	html_cell_time(html, heads[at + 1], one->last_s);
	html_cell_open(html, heads[at + 2], "why");
	html_text(html, one->reason ? one->reason : "–");
	html_close(html);
	html_close(html);
}

/* Those kinds alone that there are: the module sends some of them to syslog only. */
static size_t choose_kinds(const struct psg_ledger_view *view, size_t kinds[static KINDS])
{
	size_t count = 0;

	for (size_t kind = 0; kind < KINDS; kind++) {
		size_t all = 0;

		for (size_t i = 0; i < view->failure_count; i++)
			all += failures_of(&view->failures[i], kind);
		if (all > 0)
			kinds[count++] = kind;
	}
	return count;
}

void page_failures(struct html *html)
{
	static const char *const names[KINDS] = {"Wrong",   "Spent",   "Throttled",
						 "No code", "Refused", "Errors"};
	const struct psg_ledger_view *view = html->view;
	const char *heads[KINDS + 5] = {"Who", "From"};
	size_t shown = least(view->failure_count, ROWS_MAX), kinds[KINDS], at = 2;
	size_t kind_count = choose_kinds(view, kinds);

	html_element(html, "p",
		     "What the throttle stopped before a code was looked at, and what cannot be a "
		     "code, goes to syslog alone.");
	if (shown == 0) {
		put_none(html, "No attempt failed in this time.");
		return;
	}
	for (size_t i = 0; i < kind_count; i++)
		heads[at++] = names[kinds[i]];
	heads[at++] = "First";
	heads[at++] = "Last";
	heads[at++] = "Last reason";
	html_left_out(html, shown, view->failure_count,
		      "psgctl report --format csv --table failures --output -");
	html_table_begin(html, "table-failures", "Failed attempts, by user and origin", heads, at,
			 ((1U << kind_count) - 1) << 2);
	for (size_t i = 0; i < shown; i++)
		put_failure(html, heads, kinds, kind_count, &view->failures[i]);
	html_table_end(html);
}

void page_would(struct html *html)
{
	static const char *const heads[] = {"Who", "Service", "Times", "First", "Last", "Why"};
	const struct psg_ledger_view *view = html->view;
	size_t shown = least(view->would_count, ROWS_MAX);

	if (shown == 0) {
		put_none(html, "Nobody passed only because a stack says permissive.");
		return;
	}
	html_element(html, "p",
		     "These people passed because a stack says permissive. Without it they would "
		     "have been refused.");
	html_table_begin(html, "table-would", "Would have been refused, by user and service", heads,
			 PSG_COUNT(heads), 0x4);
	for (size_t i = 0; i < shown; i++) {
		const struct psg_failures *one = &view->would[i];

		html_raw(html, "\n");
		html_open(html, "tr", NULL);
		html_cell_key(html, one->user ? one->user : "nobody named");
		html_cell(html, heads[1], one->service);
		html_cell_number(html, heads[2], one->would);
		html_cell_time(html, heads[3], one->first_s);
		html_cell_time(html, heads[4], one->last_s);
		html_cell_open(html, heads[5], "why");
		html_text(html, one->reason ? one->reason : "–");
		html_close(html);
		html_close(html);
	}
	html_table_end(html);
	html_left_out(html, shown, view->would_count, "psgctl report --format json --output -");
}

void page_acts(struct html *html)
{
	static const char *const heads[] = {"When", "What", "By", "For", "Group or set", "More"};
	const struct psg_ledger_view *view = html->view;
	size_t shown = least(view->act_count, ROWS_MAX);

	if (shown == 0) {
		put_none(html, "Nobody changed anything in this time.");
		return;
	}
	html_left_out(html, shown, view->act_count,
		      "psgctl report --format csv --table events --output -");
	html_table_begin(html, "table-acts", "Administrators' acts, the newest first", heads,
			 PSG_COUNT(heads), 0);
	for (size_t i = 0; i < shown; i++) {
		const struct psg_act *one = &view->acts[view->act_count - 1 - i];

		html_raw(html, "\n");
		html_open(html, "tr", NULL);
		html_open(html, "th", "scope", "row", "class", "when", NULL);
		html_time(html, one->time_s);
		html_close(html);
		html_cell_open(html, heads[1], one->kind == PSG_EVENT_GRANTED ? "act warn" : "act");
		html_text(html, psg_event_name(one->kind));
		html_close(html);
		html_cell(html, heads[2], one->actor);
		html_cell(html, heads[3], one->user);
		html_cell(html, heads[4], one->target);
		html_cell_open(html, heads[5], "why");
		html_text(html, one->reason ? one->reason : "–");
		html_close(html);
		html_close(html);
	}
	html_table_end(html);
}

void page_events(struct html *html)
{
	static const char *const heads[] = {"Event", "Lines"};
	const struct psg_ledger_view *view = html->view;

	if (view->event_count == 0) {
		put_none(html, "No line of the log lies in this time.");
		return;
	}
	html_open(html, "p", NULL);
	html_count(html, view->event_count, "line", "lines");
	html_text(html, " of the log lie in this time.");
	html_close(html);
	html_table_begin(html, "table-events", "Lines of the log, by event", heads,
			 PSG_COUNT(heads), 0x2);
	for (size_t i = 0; i < PSG_EVENT_COUNT; i++) {
		if (view->counts[i] == 0)
			continue;
		html_raw(html, "\n");
		html_open(html, "tr", NULL);
		html_cell_key(html, psg_event_name((enum psg_event_kind)i));
		html_cell_number(html, heads[1], view->counts[i]);
		html_close(html);
	}
	html_table_end(html);
}
