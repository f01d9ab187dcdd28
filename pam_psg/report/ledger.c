/* The ledger as a whole: takes lines, and gives what came of them.
 *
 * MUST take any line whatever: strangers chose what is in it              (report_fuzz)
 * MUST NOT count a moment twice that one person held one target           (ledger_test: overlapping)
 * MUST NOT take the wall clock's word for how long, where it went back    (ledger_test: clock_set_back)
 */
#include "psg/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "keep.h"

struct psg_ledger *psg_ledger_new(const struct psg_ledger_scope *scope)
{
	struct psg_ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger)
		ledger->scope = *scope;
	return ledger;
}

static bool is_theirs(const struct psg_ledger_scope *scope, const struct psg_ledger_event *event)
{
	return (!scope->user || (event->user && strcmp(scope->user, event->user) == 0)) &&
	       (!scope->target || (event->target && strcmp(scope->target, event->target) == 0));
}

bool psg_ledger_covers(const struct psg_ledger_scope *scope, const struct psg_ledger_event *event)
{
	return event->time_s >= scope->since_s && event->time_s <= scope->until_s &&
	       is_theirs(scope, event);
}

void psg_ledger_add(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	size_t kind = (size_t)event->kind;

	if (ledger->first_s == 0)
		ledger->first_s = event->time_s;
	if (kind >= PSG_EVENT_COUNT || !is_theirs(&ledger->scope, event))
		return;
	/* What began before the period may reach into it, and what ends after it began in it. */
	ledger_hold(ledger, event);
	if (!psg_ledger_covers(&ledger->scope, event))
		return;
	ledger->counts[kind]++;
	ledger->event_count++;
	ledger_tally(ledger, event);
}

void psg_ledger_eligible(struct psg_ledger *ledger, const struct psg_eligible *eligible)
{
	struct psg_eligible copy = *eligible, *made;

	if ((ledger->scope.user && strcmp(ledger->scope.user, eligible->user) != 0) ||
	    (ledger->scope.target && strcmp(ledger->scope.target, eligible->target) != 0))
		return;
	copy.user = ledger_name(ledger, eligible->user);
	copy.via = ledger_name(ledger, eligible->via);
	copy.target = ledger_name(ledger, eligible->target);
	made = ledger_list_add(ledger, &ledger->eligible, sizeof(*made));
	if (made)
		*made = copy;
}

/* Keeps what reaches into the period, and notes for each pair whether there was anything, and when last. */
static void choose(struct psg_ledger *ledger)
{
	const struct psg_ledger_scope *scope = &ledger->scope;
	const struct ledger_record *records = ledger->records.items;

	for (size_t i = 0; i < ledger->records.count; i++) {
		const struct psg_holding *holding = &records[i].holding;
		struct ledger_pair *pair =
		    ledger_pair(ledger, holding->user, holding->kind, holding->target, false);
		struct psg_holding *kept;

		if (holding->start_s > scope->until_s)
			continue;
		if (holding->end_s < scope->since_s && holding->start_s < scope->since_s) {
			if (pair && holding->start_s > pair->last_s)
				pair->last_s = holding->start_s;
			continue;
		}
		kept = ledger_list_add(ledger, &ledger->holdings, sizeof(*kept));
		if (!kept)
			return;
		*kept = *holding;
		kept->held_s = ledger_held_s(scope, holding->start_s, holding->end_s);
		if (pair)
			pair->in_period = true;
	}
}

static int by_user(const void *left, const void *right)
{
	const struct psg_eligible *a = left, *b = right;
	int order = ledger_order(a->user, b->user);

	order = order ? order : ledger_order(a->target, b->target);
	return order ? order : ledger_order(a->via, b->via);
}

/* Leaves those who did not activate; who has it by two ways is named once, and by a way of one's own rather than a
 * Unix group. */
static size_t leave_idle(struct psg_ledger *ledger)
{
	struct psg_eligible *items = ledger->eligible.items;
	size_t all = ledger->eligible.count, asked = 0, left = 0;

	if (all > 0)
		qsort(items, all, sizeof(*items), by_user);
	for (size_t i = 0; i < all; i++) {
		const struct psg_eligible *one = &items[i];
		const struct psg_eligible *before = asked ? &items[i - 1] : NULL;
		struct ledger_pair *pair =
		    ledger_pair(ledger, one->user, one->kind, one->target, false);

		if (before && before->user == one->user && before->target == one->target &&
		    before->kind == one->kind)
			continue;
		asked++;
		if (pair && pair->in_period)
			continue;
		ledger->eligible.count = left + 1;
		struct psg_eligible kept = *one;

		kept.last_s = pair ? pair->last_s : 0;
		items[left++] = kept;
	}
	ledger->eligible.count = left;
	return asked;
}

static size_t failed_of(const struct psg_failures *row)
{
	return row->wrong + row->replayed + row->throttled + row->malformed + row->refused +
	       row->failed + row->would;
}

static int by_most(const void *left, const void *right)
{
	const struct psg_failures *a = left, *b = right;
	size_t a_all = failed_of(a), b_all = failed_of(b);
	int order = (a_all < b_all) - (a_all > b_all);

	order = order ? order : (a->last_s < b->last_s) - (a->last_s > b->last_s);
	return order ? order : ledger_order(a->user, b->user);
}

static void sort_rows(struct ledger_list *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(struct psg_failures), by_most);
}

static struct psg_ledger_view view_of(const struct psg_ledger *ledger)
{
	return (struct psg_ledger_view){
	    .scope = &ledger->scope,
	    .holdings = ledger->holdings.items,
	    .holding_count = ledger->holdings.count,
	    .by_user = ledger->by_user.items,
	    .by_target = ledger->by_target.items,
	    .marks_by_user = ledger->marks_by_user.items,
	    .marks_by_target = ledger->marks_by_target.items,
	    .mark_count = ledger->marks.count,
	    .failures = ledger->failures.items,
	    .failure_count = ledger->failures.count,
	    .would = ledger->would.items,
	    .would_count = ledger->would.count,
	    .acts = ledger->acts.items,
	    .act_count = ledger->acts.count,
	    .eligible = ledger->eligible.items,
	    .eligible_count = ledger->eligible.count,
	    .people = ledger->people.items,
	    .person_count = ledger->people.count,
	    .targets = ledger->targets.items,
	    .target_count = ledger->targets.count,
	    .event_count = ledger->event_count,
	    .first_s = ledger->first_s,
	};
}

enum psg_err psg_ledger_close(struct psg_ledger *ledger, struct psg_ledger_view *ret)
{
	struct psg_ledger_view view;
	size_t asked;

	ledger_settle(ledger);
	choose(ledger);
	asked = leave_idle(ledger);
	sort_rows(&ledger->failures);
	sort_rows(&ledger->would);
	ledger_sum(ledger);
	if (ledger->failed)
		return PSG_ERR_NO_MEMORY;
	view = view_of(ledger);
	view.eligible_all = asked;
	memcpy(view.counts, ledger->counts, sizeof(view.counts));
	for (size_t i = 0; i < view.person_count; i++) {
		view.held_s += view.people[i].held_s;
		view.holder_count += view.people[i].holdings > 0;
	}
	*ret = view;
	return PSG_OK;
}

const char *psg_held_end_name(enum psg_held_end end)
{
	static const char *const names[PSG_HELD_COUNT] = {
	    [PSG_HELD_UNKNOWN] = "Unknown",         [PSG_HELD_LIVE] = "Live",
	    [PSG_HELD_LAPSED] = "Lapsed",           [PSG_HELD_CLOSED] = "Closed",
	    [PSG_HELD_DEACTIVATED] = "Deactivated", [PSG_HELD_UNASSIGNED] = "Unassigned",
	    [PSG_HELD_REPLACED] = "Superseded",     [PSG_HELD_REBOOT] = "Reboot",
	};

	return (size_t)end < PSG_HELD_COUNT ? names[end] : "Unknown";
}
