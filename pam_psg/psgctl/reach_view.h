/* Two policies seen side by side from the side of their services: each set and target is read once, when asked for,
 * and only what matters of it is kept. */
#ifndef PSGCTL_REACH_VIEW_H
#define PSGCTL_REACH_VIEW_H

#include "index.h"
#include "reach.h"

/* Numbers of applications. */
struct ctl_keys {
	uint32_t *items;
	uint32_t count, room;
};

/* A permission set, or a muting set. */
struct ctl_view_set {
	bool loaded, requires_activation;
	struct ctl_keys keys;
};

/* What one group or set comes to. */
struct ctl_view_target {
	bool loaded;
	struct ctl_keys open, gated; /* served without and with activation */
};

/* The best that was found for one application. */
struct ctl_mark {
	enum ctl_reach state;
	const struct psg_assignment *through;
};

struct ctl_side {
	struct psg_policy *policy; /* borrowed */
	struct psg_gate_settings settings;
	struct ctl_index set_names, target_names; /* "KIND/NAME" */
	struct ctl_view_set *sets;
	struct ctl_view_target *targets;
	size_t set_room, target_room;
	struct ctl_mark *marks; /* one an application; all zero but those touched */
	uint32_t *touched;
	size_t mark_room, touched_count;
};

struct ctl_view {
	struct ctl_side side[2]; /* before, after */
	const struct ctl_differences *differences;
	struct ctl_index applications;
	bool *matters; /* by application */
	size_t matters_room;
	bool chosen; /* which applications matter is known: no other is looked at any more */
	int64_t now_s;
};

/* Room for item `at` in an array of zeroed items that only grows. `array` is the address of the pointer. */
PSG_MUST_CHECK
enum psg_err ctl_view_room(void *array, size_t item_size, size_t at, size_t *room);
PSG_MUST_CHECK
enum psg_err ctl_keys_add(struct ctl_keys *keys, uint32_t key);
/* Sorts, drops duplicates and gives back spare room. */
void ctl_keys_sort(struct ctl_keys *keys);
bool ctl_keys_has(const struct ctl_keys *sorted, uint32_t key);
void ctl_keys_clear(struct ctl_keys *keys);

PSG_MUST_CHECK
enum psg_err ctl_view_open(struct psg_policy *before, struct psg_policy *after,
			   const struct ctl_differences *differences, int64_t now_s,
			   struct ctl_view *ret);
void ctl_view_clear(struct ctl_view *view);
bool ctl_view_over(const struct ctl_view *view, const struct psg_assignment *assignment);
/* Whether this group or set may be another after than before. */
bool ctl_view_differs(const struct ctl_view *view, enum psg_target_kind kind, const char *name);
/* What a target gives on one side: whole as long as it is not chosen what matters, else that. *ret is read once and
 * kept, unless nothing is chosen: then it is `room`, to be cleared by the caller. Borrowed, until the next call. */
PSG_MUST_CHECK
enum psg_err ctl_view_target(struct ctl_view *view, size_t side, enum psg_target_kind kind,
			     const char *name, struct ctl_view_target *room,
			     const struct ctl_view_target **ret);
void ctl_view_target_clear(struct ctl_view_target *target);
/* Marks on one side what the assignment's target gives, whole as long as it is not chosen what matters, else that. */
PSG_MUST_CHECK
enum psg_err ctl_view_mark(struct ctl_view *view, size_t side,
			   const struct psg_assignment *assignment);
void ctl_view_unmark(struct ctl_view *view);
/* From now on these matter: all that is marked, or only what is marked differently. *ret_any: whether there was any. */
PSG_MUST_CHECK
enum psg_err ctl_view_choose(struct ctl_view *view, bool all, bool *ret_any);

#endif
