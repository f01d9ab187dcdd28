/* What was seen, and what came and went since. */
#include "status.h"

#include <stdlib.h>
#include <string.h>

#define WARN_NS (300 * PSG_NS_PER_S) /* where the policy says nothing */

static void row_clear(struct watch_row *row)
{
	free(row->subject);
	row->subject = NULL;
}

void watch_rows_clear(struct watch_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		row_clear(&rows->items[i]);
	free(rows->items);
	rows->items = NULL;
	rows->count = 0;
}

static int by_id(const void *a, const void *b)
{
	const struct watch_row *left = a, *right = b;

	return strcmp(left->id, right->id);
}

static int by_end(const void *a, const void *b)
{
	const struct watch_row *left = a, *right = b;
	int64_t x = left->activation.expires_boottime_ns, y = right->activation.expires_boottime_ns;

	return x != y ? (x > y) - (x < y) : strcmp(left->id, right->id);
}

static int64_t warn_of(struct psg_policy *policy, const struct psg_activation *activation)
{
	struct psg_activation_policy governing PSG_CLEANUP(psg_activation_policy_clear) = {0};

	if (!policy || psg_policy_activation_policy(policy, activation->kind, activation->target,
						    &governing) != PSG_OK)
		return WARN_NS;
	return governing.warn_before_s > 0 ? governing.warn_before_s * PSG_NS_PER_S : WARN_NS;
}

/* What was live, in the order of ids, and still stays on the screen a moment. */
static size_t add_ended(struct watch_rows *old, int64_t now_ns, struct watch_row *to)
{
	size_t added = 0;

	for (size_t i = 0; i < old->count; i++) {
		struct watch_row *row = &old->items[i];

		if (!row->subject)
			continue;
		if (!row->ended_ns)
			row->ended_ns = now_ns;
		if (now_ns - row->ended_ns >= WATCH_FLASH_NS)
			continue;
		to[added++] = *row;
		row->subject = NULL;
	}
	return added;
}

enum psg_err watch_rows_take(struct watch_rows *rows, struct psg_policy *policy,
			     const struct status_list *list, bool *ret_changed)
{
	struct watch_rows next = {.subject = rows->subject, .looked = true};
	int64_t now_ns = list->now.boottime_ns;
	bool changed = list->count != rows->live || !rows->looked;

	next.items = calloc(list->count + rows->count + 1, sizeof(*next.items));
	if (!next.items)
		return PSG_ERR_NO_MEMORY;
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), by_id);
	for (size_t i = 0; i < list->count; i++) {
		const struct status_row *from = &list->rows[i];
		struct watch_row *row = &next.items[next.count++], *was;

		psg_activation_id_format(from->subject, from->activation.file, row->id);
		row->activation = from->activation;
		row->warn_ns = warn_of(policy, &from->activation);
		row->since_ns = rows->looked ? now_ns : 0;
		was = rows->count
			  ? bsearch(row, rows->items, rows->count, sizeof(*rows->items), by_id)
			  : NULL;
		changed |=
		    !was || was->ended_ns ||
		    was->activation.expires_boottime_ns != row->activation.expires_boottime_ns ||
		    was->activation.bound != row->activation.bound;
		if (was && !was->ended_ns)
			row->since_ns = was->since_ns;
		if (was)
			row_clear(was);
		next.people += i == 0 || strcmp(from->subject, list->rows[i - 1].subject) != 0;
		row->subject = strdup(from->subject);
		if (!row->subject) {
			watch_rows_clear(&next);
			return PSG_ERR_NO_MEMORY;
		}
	}
	next.live = next.count;
	next.count += add_ended(rows, now_ns, next.items + next.count);
	if (next.count)
		qsort(next.items, next.count, sizeof(*next.items), by_end);
	watch_rows_clear(rows);
	*rows = next;
	*ret_changed = changed;
	return PSG_OK;
}
