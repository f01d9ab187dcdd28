/* Judges people under two policies, and tells what is different for them. */
#include "reach_judge.h"

#include <stdlib.h>
#include <string.h>

struct judging {
	struct ctl_view *view;
	struct ctl_index
	    told;  /* "%group/application/was/is": what its members need not be told again */
	bool asks; /* whether Unix groups matter: else nobody's account is looked up */
	ctl_change_fn *each;
	void *arg;
};

/* One person while being judged. */
struct judged {
	const char *name;
	bool exempt[2];
	struct psg_assignments has[2];
};

static void judging_clear(struct judging *judging)
{
	ctl_index_clear(&judging->told);
}

static void judged_clear(struct judged *judged)
{
	psg_assignments_clear(&judged->has[0]);
	psg_assignments_clear(&judged->has[1]);
}

bool ctl_change_opens(const struct ctl_change *change)
{
	return change->before == CTL_REACH_GATED && change->after == CTL_REACH_OPEN;
}

const char *ctl_change_words(const struct ctl_change *change)
{
	if (change->before == CTL_REACH_NONE)
		return "gains";
	if (change->after == CTL_REACH_NONE)
		return "loses";
	return ctl_change_opens(change) ? "no longer needs activation" : "now needs activation";
}

const char *ctl_change_name(const struct ctl_change *change)
{
	if (change->before == CTL_REACH_NONE)
		return "Gains";
	if (change->after == CTL_REACH_NONE)
		return "Loses";
	return ctl_change_opens(change) ? "NeedsNoActivation" : "NeedsActivation";
}

/* Marks what the person has under both policies. */
static enum psg_err mark_person(struct ctl_view *view, bool asks, struct judged *ret,
				bool *ret_root)
{
	struct psg_subject person = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	enum psg_err err = PSG_OK;
	*ret_root = strcmp(ret->name, "root") == 0;
	if (strlen(ret->name) >= sizeof(person.name))
		return PSG_OK;
	memcpy(person.name, ret->name, strlen(ret->name) + 1);
	/* Where the name service has no answer, the assignments by name still count. */
	if (asks && ret->name[0] != '%' && psg_subject_by_name(ret->name, &person) != PSG_OK)
		person.uid = (uid_t)-1;
	*ret_root |= person.uid == 0;
	for (size_t side = 0; side < 2 && !err && !*ret_root; side++) {
		err = psg_gate_assignments(view->side[side].policy, &person, &ret->has[side]);
		for (size_t i = 0; i < ret->has[side].count && !err; i++)
			if (!ctl_view_over(view, &ret->has[side].items[i]))
				err = ctl_view_mark(view, side, &ret->has[side].items[i]);
	}
	return err;
}

static bool asks_names(const struct ctl_view *view)
{
	return psg_policy_has_unix_groups(view->side[0].policy) ||
	       psg_policy_has_unix_groups(view->side[1].policy);
}

enum psg_err ctl_judge_choose(struct ctl_view *view, const char *name)
{
	struct judged judged PSG_CLEANUP(judged_clear) = {.name = name};
	bool root, any;
	enum psg_err err = mark_person(view, asks_names(view), &judged, &root);
	if (!err)
		err = ctl_view_choose(view, true, &any);
	ctl_view_unmark(view);
	return err;
}

/* What came through a Unix group is told of the group, once, and of its members only where it is another change. */
static enum psg_err tell(struct judging *judging, const struct ctl_change *change)
{
	const struct psg_assignment *through = change->through;
	if (judging->view->differences->openings_only && !ctl_change_opens(change))
		return PSG_OK;
	if (through != NULL && through->assignee[0] == '%') {
		struct psg_buf note PSG_CLEANUP(psg_buf_clear) = {0};
		uint32_t number;
		psg_buf_format(&note, "%s/%s/%d/%d", through->assignee, change->application,
			       (int)change->before, (int)change->after);
		if (note.failed)
			return PSG_ERR_NO_MEMORY;
		if (change->person[0] != '%') {
			if (ctl_index_find(&judging->told, note.data) != CTL_INDEX_NONE)
				return PSG_OK;
		} else {
			enum psg_err err = ctl_index_add(&judging->told, note.data, &number);
			if (err)
				return err;
		}
	}
	return judging->each(judging->arg, change);
}

/* What somebody who was exempt, or will be, is not assigned: one line for all of it. */
static enum psg_err tell_exempt(struct judging *judging, const struct judged *judged)
{
	if (judged->exempt[0] == judged->exempt[1])
		return PSG_OK;
	return tell(judging, &(struct ctl_change){
				 .person = judged->name,
				 .application = CTL_APPLICATION_ANY,
				 .before = judged->exempt[0] ? CTL_REACH_OPEN : CTL_REACH_NONE,
				 .after = judged->exempt[1] ? CTL_REACH_OPEN : CTL_REACH_NONE,
			     });
}

static enum psg_err tell_application(struct judging *judging, const struct judged *judged,
				     uint32_t key)
{
	struct ctl_mark marks[2] = {0};
	for (size_t side = 0; side < 2; side++) {
		const struct ctl_side *of = &judging->view->side[side];
		if (key < of->mark_room)
			marks[side] = of->marks[key];
	}
	/* Of an exempt user these are among all the others. */
	if ((judged->exempt[0] && marks[1].state == CTL_REACH_NONE) ||
	    (judged->exempt[1] && marks[0].state == CTL_REACH_NONE))
		return PSG_OK;
	for (size_t side = 0; side < 2; side++)
		if (judged->exempt[side])
			marks[side] = (struct ctl_mark){.state = CTL_REACH_OPEN};
	if (marks[0].state == marks[1].state)
		return PSG_OK;
	const struct ctl_mark *telling = marks[1].state != CTL_REACH_NONE ? &marks[1] : &marks[0];
	return tell(judging, &(struct ctl_change){
				 .person = judged->name,
				 .application = judging->view->applications.names.items[key],
				 .before = marks[0].state,
				 .after = marks[1].state,
				 .through = telling->through,
			     });
}

static int by_name(const void *a, const void *b, void *arg)
{
	const uint32_t *left = a, *right = b;
	const struct ctl_view *view = arg;
	return strcmp(view->applications.names.items[*left],
		      view->applications.names.items[*right]);
}

static enum psg_err tell_all(struct judging *judging, const struct judged *judged)
{
	struct ctl_keys keys PSG_CLEANUP(ctl_keys_clear) = {0};
	enum psg_err err = tell_exempt(judging, judged);
	for (size_t side = 0; side < 2; side++) {
		const struct ctl_side *of = &judging->view->side[side];
		for (size_t i = 0; i < of->touched_count && !err; i++)
			err = ctl_keys_add(&keys, of->touched[i]);
	}
	ctl_keys_sort(&keys);
	if (keys.count > 1)
		qsort_r(keys.items, keys.count, sizeof(*keys.items), by_name, judging->view);
	for (uint32_t i = 0; i < keys.count && !err; i++)
		err = tell_application(judging, judged, keys.items[i]);
	return err;
}

static enum psg_err judge(struct judging *judging, const char *name)
{
	struct ctl_view *view = judging->view;
	struct judged judged PSG_CLEANUP(judged_clear) = {.name = name};
	bool root;
	for (size_t side = 0; side < 2; side++)
		judged.exempt[side] =
		    psg_strings_has(&view->side[side].settings.exempt_users, name);
	if (judged.exempt[0] && judged.exempt[1])
		return PSG_OK;
	enum psg_err err = mark_person(view, judging->asks, &judged, &root);
	if (!err && !root)
		err = tell_all(judging, &judged);
	ctl_view_unmark(view);
	return err;
}

enum psg_err ctl_judge_people(struct ctl_view *view, const struct psg_strings *people,
			      ctl_change_fn *each, void *arg)
{
	struct judging judging PSG_CLEANUP(judging_clear) = {
	    .view = view, .asks = asks_names(view), .each = each, .arg = arg};
	enum psg_err err = PSG_OK;
	/* Unix groups first: what is told of them is not told of their members. */
	for (size_t i = 0; i < people->count && !err; i++)
		if (people->items[i][0] == '%')
			err = judge(&judging, people->items[i]);
	for (size_t i = 0; i < people->count && !err; i++)
		if (people->items[i][0] != '%')
			err = judge(&judging, people->items[i]);
	return err;
}
