/* Two policies side by side: sets and targets read when asked for. */
#include "reach_view.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64U

enum psg_err ctl_view_room(void *array, size_t item_size, size_t at, size_t *room)
{
	if (at < *room)
		return PSG_OK;
	size_t wanted = 2 * at < FIRST_ROOM ? FIRST_ROOM : 2 * at;
	char *grown;
	/* memcpy: it may be an array of anything, a char ** would alias it. */
	memcpy(&grown, array, sizeof(grown));
	grown = reallocarray(grown, wanted, item_size);
	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	memset(grown + *room * item_size, 0, (wanted - *room) * item_size);
	memcpy(array, &grown, sizeof(grown));
	*room = wanted;
	return PSG_OK;
}

enum psg_err ctl_keys_add(struct ctl_keys *keys, uint32_t key)
{
	if (keys->count == keys->room) {
		uint32_t room = keys->room > 0 ? 2 * keys->room : 8;
		uint32_t *grown = reallocarray(keys->items, room, sizeof(*grown));
		if (grown == NULL)
			return PSG_ERR_NO_MEMORY;
		keys->items = grown;
		keys->room = room;
	}
	keys->items[keys->count++] = key;
	return PSG_OK;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;
	return (*left > *right) - (*left < *right);
}

void ctl_keys_sort(struct ctl_keys *keys)
{
	uint32_t kept = 0;
	if (keys->count == 0)
		return;
	qsort(keys->items, keys->count, sizeof(*keys->items), by_number);
	for (uint32_t i = 1; i < keys->count; i++)
		if (keys->items[i] != keys->items[kept])
			keys->items[++kept] = keys->items[i];
	keys->count = kept + 1;
	uint32_t *exact = reallocarray(keys->items, keys->count, sizeof(*exact));
	if (exact == NULL)
		return;
	keys->items = exact;
	keys->room = keys->count;
}

bool ctl_keys_has(const struct ctl_keys *sorted, uint32_t key)
{
	return sorted->count > 0 && bsearch(&key, sorted->items, sorted->count,
					    sizeof(*sorted->items), by_number) != NULL;
}

void ctl_keys_clear(struct ctl_keys *keys)
{
	free(keys->items);
	*keys = (struct ctl_keys){0};
}

static void side_clear(struct ctl_side *side)
{
	for (size_t i = 0; i < side->set_room; i++)
		ctl_keys_clear(&side->sets[i].keys);
	for (size_t i = 0; i < side->target_room; i++)
		ctl_view_target_clear(&side->targets[i]);
	free(side->sets);
	free(side->targets);
	free(side->marks);
	free(side->touched);
	ctl_index_clear(&side->set_names);
	ctl_index_clear(&side->target_names);
	psg_gate_settings_clear(&side->settings);
}

void ctl_view_clear(struct ctl_view *view)
{
	side_clear(&view->side[0]);
	side_clear(&view->side[1]);
	ctl_index_clear(&view->applications);
	free(view->matters);
	*view = (struct ctl_view){0};
}

enum psg_err ctl_view_open(struct psg_policy *before, struct psg_policy *after,
			   const struct ctl_differences *differences, int64_t now_s,
			   struct ctl_view *ret)
{
	struct ctl_view view PSG_CLEANUP(ctl_view_clear) = {
	    .side = {{.policy = before}, {.policy = after}},
	    .differences = differences,
	    .now_s = now_s,
	};
	enum psg_err err = psg_policy_settings(before, &view.side[0].settings);
	if (!err)
		err = psg_policy_settings(after, &view.side[1].settings);
	if (err)
		return err;
	*ret = view;
	view = (struct ctl_view){0};
	return PSG_OK;
}

bool ctl_view_over(const struct ctl_view *view, const struct psg_assignment *assignment)
{
	return psg_until_over(assignment->until_s, view->now_s);
}

bool ctl_view_differs(const struct ctl_view *view, enum psg_target_kind kind, const char *name)
{
	const struct psg_strings *changed =
	    kind == PSG_TARGET_GROUP ? view->differences->groups : view->differences->sets;
	return changed != NULL && psg_strings_has(changed, name);
}

static enum psg_err mark(struct ctl_view *view, size_t side_number, uint32_t key,
			 enum ctl_reach state, const struct psg_assignment *through)
{
	struct ctl_side *side = &view->side[side_number];
	size_t room = side->mark_room;
	enum psg_err err = ctl_view_room(&side->marks, sizeof(*side->marks), key, &side->mark_room);
	if (!err && (side->touched == NULL || side->mark_room != room)) {
		uint32_t *grown =
		    reallocarray(side->touched, side->mark_room, sizeof(*side->touched));
		if (grown == NULL)
			return PSG_ERR_NO_MEMORY;
		side->touched = grown;
	}
	if (err)
		return err;
	struct ctl_mark *found = &side->marks[key];
	if (state <= found->state)
		return PSG_OK;
	if (found->state == CTL_REACH_NONE)
		side->touched[side->touched_count++] = key;
	*found = (struct ctl_mark){.state = state, .through = through};
	return PSG_OK;
}

void ctl_view_unmark(struct ctl_view *view)
{
	for (size_t s = 0; s < PSG_COUNT(view->side); s++) {
		struct ctl_side *side = &view->side[s];
		for (size_t i = 0; i < side->touched_count; i++)
			side->marks[side->touched[i]] = (struct ctl_mark){0};
		side->touched_count = 0;
	}
}

enum psg_err ctl_view_mark(struct ctl_view *view, size_t side,
			   const struct psg_assignment *assignment)
{
	struct ctl_view_target room PSG_CLEANUP(ctl_view_target_clear) = {0};
	const struct ctl_view_target *target;
	enum psg_err err =
	    ctl_view_target(view, side, assignment->kind, assignment->target, &room, &target);
	for (uint32_t i = 0; !err && i < target->open.count; i++)
		err = mark(view, side, target->open.items[i], CTL_REACH_OPEN, assignment);
	for (uint32_t i = 0; !err && i < target->gated.count; i++)
		err = mark(view, side, target->gated.items[i], CTL_REACH_GATED, assignment);
	return err;
}

static enum ctl_reach state_of(const struct ctl_side *side, uint32_t key)
{
	return key < side->mark_room ? side->marks[key].state : CTL_REACH_NONE;
}

enum psg_err ctl_view_choose(struct ctl_view *view, bool all, bool *ret_any)
{
	bool any = false;
	for (size_t s = 0; s < PSG_COUNT(view->side); s++) {
		const struct ctl_side *side = &view->side[s];
		for (size_t i = 0; i < side->touched_count; i++) {
			uint32_t key = side->touched[i];
			if (!all && state_of(&view->side[0], key) == state_of(&view->side[1], key))
				continue;
			enum psg_err err = ctl_view_room(&view->matters, sizeof(*view->matters),
							 key, &view->matters_room);
			if (err)
				return err;
			view->matters[key] = any = true;
		}
	}
	*ret_any = any;
	return PSG_OK;
}
