/* The report as one JSON document, a row a line: it need not be held whole. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* jansson's ASCII has one control character, DEL. */
static int put_ascii(const char *text, size_t len, void *out)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\x7f' ? fputs("\\u007f", out) < 0 : putc(text[i], out) == EOF)
			return -1;
	return 0;
}

static void put(FILE *out, json_t *owned)
{
	if (owned == NULL ||
	    json_dump_callback(owned, put_ascii, out, JSON_COMPACT | JSON_ENSURE_ASCII) != 0)
		ctl_output_failed();
	json_decref(owned);
}

static json_t *of_kind(const char *target, enum psg_target_kind kind, enum psg_target_kind wanted)
{
	return kind == wanted ? ctl_json_text(target) : json_null();
}

static json_t *json_holding(const struct psg_holding *one)
{
	bool live = one->end == PSG_HELD_LIVE;
	return json_pack(
	    "{so so so so so so so sI ss so sI so so so so so sb so}", "id", ctl_json_text(one->id),
	    "userName", ctl_json_text(one->user), "permissionSetGroup",
	    of_kind(one->target, one->kind, PSG_TARGET_GROUP), "permissionSet",
	    of_kind(one->target, one->kind, PSG_TARGET_SET), "createdDate",
	    ctl_json_time(one->start_s), "endedDate",
	    live ? json_null() : ctl_json_time(one->end_s), "expirationDate",
	    ctl_json_time(one->expires_s), "heldSeconds", (json_int_t)one->held_s, "end",
	    psg_held_end_name(one->end), "endedBy", ctl_json_text(one->ended_by), "renewals",
	    (json_int_t)one->renewals, "grantedBy", ctl_json_text(one->granted_by), "service",
	    ctl_json_text(one->service), "rhost", ctl_json_text(one->rhost), "tty",
	    ctl_json_text(one->tty), "authSessionId", ctl_json_text(one->session_id), "isWhole",
	    !one->began_before && !one->clock_set_back, "description", ctl_json_text(one->reason));
}

static json_t *json_sum(const struct psg_ledger_sum *sum, bool person)
{
	return json_pack("{so sI sI sI sI sI sI sI sI sI}", person ? "userName" : "fullName",
			 ctl_json_text(sum->name), "activations", (json_int_t)sum->holdings,
			 person ? "groupCount" : "userCount", (json_int_t)sum->others, "renewals",
			 (json_int_t)sum->renewals, "heldSeconds", (json_int_t)sum->held_s,
			 "medianSeconds", (json_int_t)sum->median_s, "longestSeconds",
			 (json_int_t)sum->longest_s, "refused",
			 (json_int_t)sum->marks[PSG_MARK_REFUSED], "wrongCodes",
			 (json_int_t)sum->marks[PSG_MARK_WRONG], "throttled",
			 (json_int_t)sum->marks[PSG_MARK_THROTTLED]);
}

static json_t *json_eligible(const struct psg_eligible *one)
{
	return json_pack("{so so so so so sb so}", "userName", ctl_json_text(one->user),
			 "permissionSetGroup", of_kind(one->target, one->kind, PSG_TARGET_GROUP),
			 "permissionSet", of_kind(one->target, one->kind, PSG_TARGET_SET), "via",
			 ctl_json_text(one->via), "expirationDate", ctl_json_time(one->until_s),
			 "isEnrolled", one->enrolled, "lastDate", ctl_json_time(one->last_s));
}

static json_t *json_failures(const struct psg_failures *one)
{
	return json_pack("{so so so sI sI sI sI sI sI so so so}", "userName",
			 ctl_json_text(one->user), "origin", ctl_json_text(one->origin), "service",
			 ctl_json_text(one->service), "wrongCodes", (json_int_t)one->wrong,
			 "replayed", (json_int_t)one->replayed, "throttled",
			 (json_int_t)one->throttled, "malformed", (json_int_t)one->malformed,
			 "refused", (json_int_t)one->refused, "failed", (json_int_t)one->failed,
			 "firstDate", ctl_json_time(one->first_s), "lastDate",
			 ctl_json_time(one->last_s), "reason", ctl_json_text(one->reason));
}

static json_t *json_would(const struct psg_failures *one)
{
	return json_pack("{so so sI so so so}", "userName", ctl_json_text(one->user), "service",
			 ctl_json_text(one->service), "wouldRefuse", (json_int_t)one->would,
			 "firstDate", ctl_json_time(one->first_s), "lastDate",
			 ctl_json_time(one->last_s), "reason", ctl_json_text(one->reason));
}

static json_t *json_act(const struct psg_act *one)
{
	return json_pack("{so ss so so so so so}", "time", ctl_json_time(one->time_s), "event",
			 psg_event_name(one->kind), "actor", ctl_json_text(one->actor), "userName",
			 ctl_json_text(one->user), "permissionSetGroup",
			 of_kind(one->target, one->target_kind, PSG_TARGET_GROUP), "permissionSet",
			 of_kind(one->target, one->target_kind, PSG_TARGET_SET), "reason",
			 ctl_json_text(one->reason));
}

static json_t *json_counts(const struct psg_ledger_view *view)
{
	json_t *counts = json_object();
	for (int i = 0; i < PSG_EVENT_COUNT; i++)
		if (view->counts[i] > 0 &&
		    json_object_set_new(counts, psg_event_name((enum psg_event_kind)i),
					json_integer((json_int_t)view->counts[i])) != 0)
			ctl_output_failed();
	return counts;
}

static json_t *json_head(const struct psg_page *page)
{
	const struct psg_ledger_view *view = page->view;
	const struct psg_ledger_scope *scope = view->scope;
	return json_pack(
	    "{ss so so so so so so sI sI sI so}", "host", page->host, "since",
	    ctl_json_time(scope->since_s), "until", ctl_json_time(scope->until_s), "createdDate",
	    ctl_json_time(scope->now_s), "userName", ctl_json_text(scope->user), "fullName",
	    ctl_json_text(scope->target), "logBegins", ctl_json_time(view->first_s), "damagedLines",
	    (json_int_t)page->damaged, "heldSeconds", (json_int_t)view->held_s, "eligibleCount",
	    (json_int_t)view->eligible_all, "events", json_counts(view));
}

/* Without the brace that ends it: the lists follow. */
static void put_head(FILE *out, json_t *owned)
{
	char *text = owned != NULL ? json_dumps(owned, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(owned);
	if (text != NULL)
		(void)put_ascii(text, strlen(text) - 1, out);
	else
		ctl_output_failed();
	free(text);
}

static json_t *row_holding(const struct psg_ledger_view *view, size_t at)
{
	return json_holding(&view->holdings[at]);
}

static json_t *row_person(const struct psg_ledger_view *view, size_t at)
{
	return json_sum(&view->people[at], true);
}

static json_t *row_target(const struct psg_ledger_view *view, size_t at)
{
	return json_sum(&view->targets[at], false);
}

static json_t *row_eligible(const struct psg_ledger_view *view, size_t at)
{
	return json_eligible(&view->eligible[at]);
}

static json_t *row_failures(const struct psg_ledger_view *view, size_t at)
{
	return json_failures(&view->failures[at]);
}

static json_t *row_would(const struct psg_ledger_view *view, size_t at)
{
	return json_would(&view->would[at]);
}

static json_t *row_act(const struct psg_ledger_view *view, size_t at)
{
	return json_act(&view->acts[at]);
}

void report_json(const struct psg_page *page, FILE *out)
{
	const struct psg_ledger_view *view = page->view;
	const struct {
		const char *name;
		json_t *(*row)(const struct psg_ledger_view *view, size_t at);
		size_t count;
	} lists[] = {
	    {"activations", row_holding, view->holding_count},
	    {"people", row_person, view->person_count},
	    {"groups", row_target, view->target_count},
	    {"eligible", row_eligible, view->eligible_count},
	    {"failures", row_failures, view->failure_count},
	    {"wouldRefuse", row_would, view->would_count},
	    {"acts", row_act, view->act_count},
	};
	put_head(out, json_head(page));
	for (size_t i = 0; i < PSG_COUNT(lists); i++) {
		fprintf(out, ",\n\"%s\":[", lists[i].name);
		for (size_t at = 0; at < lists[i].count; at++) {
			fputs(at == 0 ? "\n" : ",\n", out);
			put(out, lists[i].row(view, at));
		}
		putc(']', out);
	}
	fputs("}\n", out);
}
