/* Compares two policies: whom what is different concerns, and what it changes for them. */
#include "reach.h"

#include <stdlib.h>
#include <string.h>

#include "reach_judge.h"

/* Up to so many targets are compared before anybody is looked for: mostly nothing of it concerns a service. */
#define COMPARED_FIRST 1000U

struct search {
	struct ctl_view *view;
	struct ctl_index compared; /* "KIND/NAME" of what differs */
	bool *differs;             /* whether it does so for anybody, by number */
	size_t room;
	struct psg_strings *people;
};

static void search_clear(struct search *search)
{
	ctl_index_clear(&search->compared);
	free(search->differs);
}

/* Both sides of one target: what differs matters from now on. */
static enum psg_err compare_target(struct search *search, enum psg_target_kind kind,
				   const char *name, bool *ret)
{
	char target[PSG_API_NAME_SIZE + 1];
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};
	size_t known = search->compared.names.count;
	uint32_t number;
	psg_buf_format(&key, "%s/%s", psg_target_kind_name(kind), name);
	enum psg_err err =
	    key.failed ? PSG_ERR_NO_MEMORY : ctl_index_add(&search->compared, key.data, &number);
	if (!err)
		err = ctl_view_room(&search->differs, sizeof(*search->differs), number,
				    &search->room);
	if (err)
		return err;
	if (number >= known && strlen(name) < sizeof(target)) {
		memcpy(target, name, strlen(name) + 1);
		const struct psg_assignment as = {.kind = kind, .target = target};
		for (size_t side = 0; side < 2 && !err; side++)
			err = ctl_view_mark(search->view, side, &as);
		if (!err)
			err = ctl_view_choose(search->view, false, &search->differs[number]);
		ctl_view_unmark(search->view);
	}
	*ret = search->differs[number];
	return err;
}

static enum psg_err compare_list(struct search *search, enum psg_target_kind kind,
				 const struct psg_strings *names, bool *any)
{
	enum psg_err err = PSG_OK;
	for (size_t i = 0; names != NULL && !err && i < names->count; i++) {
		bool differs = false;
		err = compare_target(search, kind, names->items[i], &differs);
		*any |= differs;
	}
	return err;
}

/* Records come an assignee at a time: who was added last need not be added again. */
static enum psg_err add_person(struct psg_strings *people, const char *name)
{
	if (people->count > 0 && strcmp(people->items[people->count - 1], name) == 0)
		return PSG_OK;
	return psg_strings_add(people, name);
}

static enum psg_err look_at_assignment(void *arg, const struct psg_assignment *assignment)
{
	struct search *search = arg;
	bool differs = false;
	if (!ctl_view_differs(search->view, assignment->kind, assignment->target) ||
	    ctl_view_over(search->view, assignment))
		return PSG_OK;
	enum psg_err err = compare_target(search, assignment->kind, assignment->target, &differs);
	return err || !differs ? err : add_person(search->people, assignment->assignee);
}

/* The assignees of the targets that differ. Of what is gone the policy before knows them; new ones nobody has. */
static enum psg_err find_assignees(struct search *search)
{
	const struct ctl_differences *of = search->view->differences;
	size_t count =
	    (of->groups != NULL ? of->groups->count : 0) + (of->sets != NULL ? of->sets->count : 0);
	bool any = count > COMPARED_FIRST;
	enum psg_err err = PSG_OK;
	if (!any)
		err = compare_list(search, PSG_TARGET_GROUP, of->groups, &any);
	if (!any && !err)
		err = compare_list(search, PSG_TARGET_SET, of->sets, &any);
	if (err || !any)
		return err;
	return psg_policy_each_assigned(search->view->side[0].policy, look_at_assignment, search);
}

/* All that the target gives matters, on both sides; where only openings count, if it opens anything at all. */
static enum psg_err choose_target(struct ctl_view *view, const struct psg_assignment *assignment,
				  bool *ret_matters)
{
	struct ctl_view_target room PSG_CLEANUP(ctl_view_target_clear) = {0};
	const struct ctl_view_target *target;
	bool any;
	enum psg_err err =
	    ctl_view_target(view, 1, assignment->kind, assignment->target, &room, &target);
	if (err)
		return err;
	*ret_matters = !view->differences->openings_only || target->open.count > 0;
	for (size_t side = 0; side < 2 && !err && *ret_matters; side++)
		err = ctl_view_mark(view, side, assignment);
	if (!err && *ret_matters)
		err = ctl_view_choose(view, true, &any);
	ctl_view_unmark(view);
	return err;
}

/* What was assigned and unassigned. Each target is looked at once. */
static enum psg_err choose_assigned(struct search *search, const struct psg_assignment *assignment,
				    bool *ret_matters)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};
	uint32_t number;
	psg_buf_format(&key, "+%s/%s", psg_target_kind_name(assignment->kind), assignment->target);
	size_t known = search->compared.names.count;
	enum psg_err err =
	    key.failed ? PSG_ERR_NO_MEMORY : ctl_index_add(&search->compared, key.data, &number);
	if (!err)
		err = ctl_view_room(&search->differs, sizeof(*search->differs), number,
				    &search->room);
	if (!err && number >= known)
		err = choose_target(search->view, assignment, &search->differs[number]);
	if (!err)
		*ret_matters = search->differs[number];
	return err;
}

static enum psg_err find_assigned(struct search *search)
{
	const struct psg_assignments *list = search->view->differences->assigned;
	enum psg_err err = PSG_OK;
	for (size_t i = 0; list != NULL && !err && i < list->count; i++) {
		bool matters = false;
		err = choose_assigned(search, &list->items[i], &matters);
		if (!err && matters)
			err = add_person(search->people, list->items[i].assignee);
	}
	return err;
}

/* Who is exempt on one side only: all that is assigned to them matters. */
static enum psg_err find_exempt(struct search *search)
{
	enum psg_err err = PSG_OK;
	for (size_t side = 0; side < 2; side++) {
		const struct psg_strings *names = &search->view->side[side].settings.exempt_users;
		const struct psg_strings *others =
		    &search->view->side[1 - side].settings.exempt_users;
		for (size_t i = 0; i < names->count && !err; i++) {
			if (psg_strings_has(others, names->items[i]))
				continue;
			err = ctl_judge_choose(search->view, names->items[i]);
			if (!err)
				err = psg_strings_add(search->people, names->items[i]);
		}
	}
	return err;
}

enum psg_err ctl_reach_compare(struct psg_policy *before, struct psg_policy *after,
			       const struct ctl_differences *differences, int64_t now_s,
			       ctl_change_fn *each, void *arg)
{
	struct ctl_view view PSG_CLEANUP(ctl_view_clear) = {0};
	struct psg_strings people PSG_CLEANUP(psg_strings_clear) = {0};
	struct search search PSG_CLEANUP(search_clear) = {.view = &view, .people = &people};
	enum psg_err err = ctl_view_open(before, after, differences, now_s, &view);
	if (!err)
		err = find_assignees(&search);
	if (!err)
		err = find_assigned(&search);
	if (!err)
		err = find_exempt(&search);
	if (err || people.count == 0)
		return err;
	view.chosen = true;
	psg_strings_sort(&people);
	err = ctl_judge_add_members(&view, &people);
	return err ? err : ctl_judge_people(&view, &people, each, arg);
}
