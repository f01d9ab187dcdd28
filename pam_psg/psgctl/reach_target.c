/* What a group or a permission set gives: its sets and muting sets read once, judged as the gate judges them. */
#include <stdlib.h>
#include <string.h>

#include "reach_view.h"

void ctl_view_target_clear(struct ctl_view_target *target)
{
	ctl_keys_clear(&target->open);
	ctl_keys_clear(&target->gated);
	*target = (struct ctl_view_target){0};
}

static enum psg_err numbered(struct ctl_index *index, const char *kind, const char *name,
			     uint32_t *ret)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};
	psg_buf_format(&key, "%s/%s", kind, name);
	return key.failed ? PSG_ERR_NO_MEMORY : ctl_index_add(index, key.data, ret);
}

static bool matters(const struct ctl_view *view, uint32_t key)
{
	return !view->chosen || (key < view->matters_room && view->matters[key]);
}

static enum psg_err keep_keys(struct ctl_view *view, const struct psg_strings *permissions,
			      struct ctl_keys *keys)
{
	const size_t prefix = strlen(CTL_APPLICATION_PREFIX);
	for (size_t i = 0; i < permissions->count; i++) {
		const char *application = permissions->items[i] + prefix;
		if (strncmp(permissions->items[i], CTL_APPLICATION_PREFIX, prefix) != 0)
			continue;
		uint32_t key = ctl_index_find(&view->applications, application);
		if (!matters(view, key))
			continue;
		enum psg_err err = ctl_index_add(&view->applications, application, &key);
		if (!err)
			err = ctl_keys_add(keys, key);
		if (err)
			return err;
	}
	ctl_keys_sort(keys);
	return PSG_OK;
}

/* A set that is not there, of a namespace that was never deployed, gives nothing. A muting set must be there. */
static enum psg_err view_set(struct ctl_view *view, size_t side_number, bool muting,
			     const char *name, struct ctl_view_set *ret)
{
	struct ctl_side *side = &view->side[side_number];
	uint32_t number;
	enum psg_err err = numbered(&side->set_names, muting ? "muting" : "set", name, &number);
	if (!err)
		err = ctl_view_room(&side->sets, sizeof(*side->sets), number, &side->set_room);
	if (err)
		return err;
	struct ctl_view_set *set = &side->sets[number];
	if (!set->loaded) {
		struct psg_permission_set read PSG_CLEANUP(psg_permission_set_clear) = {0};
		err = muting ? psg_policy_muting_set(side->policy, name, &read)
			     : psg_policy_set(side->policy, name, &read);
		if (!err)
			err = keep_keys(view, &read.permissions, &set->keys);
		else if (err == PSG_ERR_NOT_FOUND && !muting)
			err = PSG_OK;
		if (err)
			return err;
		set->requires_activation = read.requires_activation;
		set->loaded = true;
	}
	*ret = *set; /* borrowed: the array moves when it grows, what it points to does not */
	return PSG_OK;
}

static enum psg_err muted_keys(struct ctl_view *view, size_t side, const struct psg_group *group,
			       struct ctl_keys *muted)
{
	enum psg_err err = PSG_OK;
	for (size_t i = 0; !err && i < group->muting_sets.count; i++) {
		struct ctl_view_set set;
		err = view_set(view, side, true, group->muting_sets.items[i], &set);
		for (uint32_t k = 0; !err && k < set.keys.count; k++)
			err = ctl_keys_add(muted, set.keys.items[k]);
	}
	ctl_keys_sort(muted);
	return err;
}

/* What one set gives, by itself or in a group. The one decision says what a path comes to. */
static enum psg_err judge_set(struct ctl_view *view, size_t side, struct psg_path path,
			      const struct ctl_keys *muted, struct ctl_view_target *out)
{
	struct ctl_view_set set;
	enum psg_err err = view_set(view, side, false, path.set, &set);
	if (err)
		return err;
	const struct psg_facts facts = {0}; /* no activation, no end: the path by itself */
	path.requires_activation |= set.requires_activation;
	enum psg_verdict verdicts[2];
	for (size_t i = 0; i < PSG_COUNT(verdicts); i++) {
		path.muted = i > 0;
		verdicts[i] = psg_decide_path(&facts, &path).verdict;
	}
	for (uint32_t i = 0; i < set.keys.count && !err; i++) {
		uint32_t key = set.keys.items[i];
		if (!matters(view, key)) /* read when all of it was wanted */
			continue;
		enum psg_verdict verdict = verdicts[ctl_keys_has(muted, key)];
		if (verdict == PSG_ALLOW)
			err = ctl_keys_add(&out->open, key);
		else if (verdict == PSG_ACTIVATE)
			err = ctl_keys_add(&out->gated, key);
	}
	return err;
}

/* What is assigned and no more there gives nothing. */
static enum psg_err judge(struct ctl_view *view, size_t side, enum psg_target_kind kind,
			  const char *name, struct ctl_view_target *out)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	struct ctl_keys muted PSG_CLEANUP(ctl_keys_clear) = {0};
	struct psg_path path = {.kind = kind, .target = name, .assignee = "", .gives = true};
	enum psg_err err;
	if (kind == PSG_TARGET_SET) {
		path.set = name;
		path.status = PSG_STATUS_UPDATED;
		err = judge_set(view, side, path, &muted, out);
	} else {
		err = psg_policy_group(view->side[side].policy, name, &group);
		/* What a Failed group is made of need not even be there. */
		if (err == PSG_ERR_NOT_FOUND || (!err && group.status == PSG_STATUS_FAILED))
			return PSG_OK;
		path.status = group.status;
		path.requires_activation = group.requires_activation;
		if (!err)
			err = muted_keys(view, side, &group, &muted);
		for (size_t i = 0; !err && i < group.sets.count; i++) {
			path.set = group.sets.items[i];
			err = judge_set(view, side, path, &muted, out);
		}
	}
	if (view->chosen) { /* it is kept: each once, and no more room than that */
		ctl_keys_sort(&out->open);
		ctl_keys_sort(&out->gated);
	}
	return err;
}

enum psg_err ctl_view_target(struct ctl_view *view, size_t side, enum psg_target_kind kind,
			     const char *name, struct ctl_view_target *room,
			     const struct ctl_view_target **ret)
{
	/* What is the same in both is read from the first. */
	size_t from = ctl_view_differs(view, kind, name) ? side : 0;
	struct ctl_side *of = &view->side[from];
	struct ctl_view_target *target = room;
	uint32_t number;
	enum psg_err err = PSG_OK;
	if (view->chosen) {
		err = numbered(&of->target_names, psg_target_kind_name(kind), name, &number);
		if (!err)
			err = ctl_view_room(&of->targets, sizeof(*of->targets), number,
					    &of->target_room);
		if (err)
			return err;
		target = &of->targets[number];
	}
	if (!target->loaded)
		err = judge(view, from, kind, name, target);
	if (err)
		return err;
	target->loaded = true;
	*ret = target;
	return PSG_OK;
}
