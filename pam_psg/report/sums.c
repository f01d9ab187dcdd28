/* From holdings and marks to what each person and each target comes to. */
#include <stdlib.h>

#include "keep.h"

int64_t ledger_held_s(const struct psg_ledger_scope *scope, int64_t start_s, int64_t end_s)
{
	int64_t start = start_s > scope->since_s ? start_s : scope->since_s;
	int64_t end = end_s < scope->until_s ? end_s : scope->until_s;

	return end > start ? end - start : 0;
}

static int by_start(const void *left, const void *right)
{
	const struct psg_holding *a = left, *b = right;
	int order = (a->start_s > b->start_s) - (a->start_s < b->start_s);

	return order ? order : ledger_order(a->id, b->id);
}

static int target_order(const struct psg_holding *a, const struct psg_holding *b)
{
	int order = ledger_order(a->target, b->target);

	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

static int by_user(const void *left, const void *right)
{
	const struct psg_holding *a = *(const struct psg_holding *const *)left;
	const struct psg_holding *b = *(const struct psg_holding *const *)right;
	int order = ledger_order(a->user, b->user);

	order = order ? order : target_order(a, b);
	return order ? order : by_start(a, b);
}

static int by_target(const void *left, const void *right)
{
	const struct psg_holding *a = *(const struct psg_holding *const *)left;
	const struct psg_holding *b = *(const struct psg_holding *const *)right;
	int order = target_order(a, b);

	order = order ? order : ledger_order(a->user, b->user);
	return order ? order : by_start(a, b);
}

static int mark_by(const char *a_name, const char *b_name, const struct psg_mark *a,
		   const struct psg_mark *b)
{
	int order = ledger_order(a_name, b_name);

	return order ? order : (a->time_s > b->time_s) - (a->time_s < b->time_s);
}

static int mark_by_user(const void *left, const void *right)
{
	const struct psg_mark *a = *(const struct psg_mark *const *)left;
	const struct psg_mark *b = *(const struct psg_mark *const *)right;

	return mark_by(a->user, b->user, a, b);
}

static int mark_by_target(const void *left, const void *right)
{
	const struct psg_mark *a = *(const struct psg_mark *const *)left;
	const struct psg_mark *b = *(const struct psg_mark *const *)right;

	return mark_by(a->target, b->target, a, b);
}

static int by_number(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int by_held(const void *left, const void *right)
{
	const struct psg_ledger_sum *a = left, *b = right;
	size_t a_marks = a->marks[PSG_MARK_REFUSED] + a->marks[PSG_MARK_WRONG];
	size_t b_marks = b->marks[PSG_MARK_REFUSED] + b->marks[PSG_MARK_WRONG];
	int order = (a->held_s < b->held_s) - (a->held_s > b->held_s);

	order = order ? order : (a->holdings < b->holdings) - (a->holdings > b->holdings);
	order = order ? order : (a_marks < b_marks) - (a_marks > b_marks);
	return order ? order : ledger_order(a->name, b->name);
}

static void sort(struct ledger_list *list, size_t size, int (*order)(const void *, const void *))
{
	if (list->count > 0)
		qsort(list->items, list->count, size, order);
}

/* Pointers to all items of a list, in an order. There is a place to point to, also when there are none. */
static void refer(struct psg_ledger *ledger, const struct ledger_list *from, size_t item_size,
		  struct ledger_list *list, int (*order)(const void *, const void *))
{
	(void)ledger_list_add(ledger, list, sizeof(void *));
	list->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		const void **pointer = ledger_list_add(ledger, list, sizeof(*pointer));

		if (!pointer)
			return;
		*pointer = (const char *)from->items + i * item_size;
	}
	sort(list, sizeof(void *), order);
}

/* Time held, of holdings of one person and target by their start: what overlaps counts once. */
struct sweep {
	const struct psg_ledger_scope *scope;
	int64_t until_s;
};

static int64_t sweep_on(struct sweep *sweep, const struct psg_holding *holding, bool fresh)
{
	int64_t start = holding->start_s;
	int64_t held;

	if (fresh)
		sweep->until_s = INT64_MIN;
	start = start > sweep->until_s ? start : sweep->until_s;
	held = ledger_held_s(sweep->scope, start, holding->end_s);
	sweep->until_s = holding->end_s > sweep->until_s ? holding->end_s : sweep->until_s;
	return held;
}

/* Adds up a run of holdings of one name; `lengths` has room for all of them. */
static void add_up(const struct psg_ledger *ledger, const struct psg_holding *const *run,
		   size_t count, int64_t *lengths, struct psg_ledger_sum *sum)
{
	struct sweep sweep = {.scope = &ledger->scope};

	for (size_t i = 0; i < count; i++) {
		bool fresh = i == 0 || run[i]->user != run[i - 1]->user ||
			     target_order(run[i], run[i - 1]) != 0;

		sum->others += fresh;
		sum->renewals += run[i]->renewals;
		sum->held_s += sweep_on(&sweep, run[i], fresh);
		lengths[i] = run[i]->held_s;
	}
	sum->holdings = count;
	if (count == 0)
		return;
	qsort(lengths, count, sizeof(*lengths), by_number);
	sum->median_s =
	    count % 2 ? lengths[count / 2]
		      : lengths[count / 2 - 1] + (lengths[count / 2] - lengths[count / 2 - 1]) / 2;
	sum->longest_s = lengths[count - 1];
}

/* How many of the sorted marks have this name from *at on; those of names before it are passed. */
static void take_marks(const struct ledger_list *marks, bool of_user, size_t *at,
		       struct psg_ledger_sum *sum)
{
	struct psg_mark *const *items = marks->items;

	sum->mark_first = *at;
	for (; *at < marks->count; (*at)++, sum->mark_count++) {
		const struct psg_mark *mark = items[*at];

		if ((of_user ? mark->user : mark->target) != sum->name)
			break;
		sum->marks[mark->kind]++;
	}
}

/* A sum for each name of the holdings or of the marks, both sorted by name. */
static void sum_names(struct psg_ledger *ledger, bool of_user, int64_t *lengths)
{
	struct ledger_list *sums = of_user ? &ledger->people : &ledger->targets;
	const struct ledger_list *held = of_user ? &ledger->by_user : &ledger->by_target;
	const struct ledger_list *marks =
	    of_user ? &ledger->marks_by_user : &ledger->marks_by_target;
	const struct psg_holding *const *holdings = held->items;
	struct psg_mark *const *items = marks->items;
	size_t at = 0, mark = 0;

	while (at < held->count || mark < marks->count) {
		const struct psg_holding *next = at < held->count ? holdings[at] : NULL;
		const char *name = next ? of_user ? next->user : next->target : NULL;
		const char *other = mark >= marks->count ? NULL
				    : of_user            ? items[mark]->user
							 : items[mark]->target;
		struct psg_ledger_sum *sum = ledger_list_add(ledger, sums, sizeof(*sum));
		size_t first = at;

		if (!sum)
			return;
		if (!next || (mark < marks->count && ledger_order(other, name) < 0))
			sum->name = other;
		else
			sum->name = name;
		if (next && sum->name == name)
			sum->kind = next->kind;
		for (; at < held->count; at++)
			if ((of_user ? holdings[at]->user : holdings[at]->target) != sum->name ||
			    (!of_user && holdings[at]->kind != sum->kind))
				break;
		sum->holding_first = first;
		add_up(ledger, holdings + first, at - first, lengths, sum);
		take_marks(marks, of_user, &mark, sum);
	}
}

void ledger_sum(struct psg_ledger *ledger)
{
	int64_t *lengths;

	sort(&ledger->holdings, sizeof(struct psg_holding), by_start);
	refer(ledger, &ledger->holdings, sizeof(struct psg_holding), &ledger->by_user, by_user);
	refer(ledger, &ledger->holdings, sizeof(struct psg_holding), &ledger->by_target, by_target);
	refer(ledger, &ledger->marks, sizeof(struct psg_mark), &ledger->marks_by_user,
	      mark_by_user);
	refer(ledger, &ledger->marks, sizeof(struct psg_mark), &ledger->marks_by_target,
	      mark_by_target);
	lengths = calloc(ledger->holdings.count + 1, sizeof(*lengths));
	if (!lengths || ledger->failed) {
		ledger->failed = true;
		free(lengths);
		return;
	}
	sum_names(ledger, true, lengths);
	sum_names(ledger, false, lengths);
	free(lengths);
	sort(&ledger->people, sizeof(struct psg_ledger_sum), by_held);
	sort(&ledger->targets, sizeof(struct psg_ledger_sum), by_held);
}
