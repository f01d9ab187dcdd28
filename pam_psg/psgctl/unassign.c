/* Ends activations of what is no longer assigned.
 *
 * MUST: end names that nothing is written in yet, as deactivate does (tests/cli/test_activate.py,
 *       test_unassign_ends_the_unwritten; tests/pam/race_end_test.c, unassigned_needs_a_new_code).
 *
 * The gate reads the policy anew for every decision, so that nothing serves any more from then on. A user's
 * activations are ended besides: assigned once more, one starts with a code again. */
#include "unassign.h"

#include <string.h>

#include "live.h"

struct ending {
	struct psg_store *store;
	struct psg_policy *policy; /* without what was taken away */
	struct psg_now now;
};

static void ending_clear(struct ending *ending)
{
	psg_policy_close(&ending->policy);
	psg_store_close(&ending->store);
}

/* Whether the user has the target in another way still: as a member of some %group. Not by what is over. */
static enum psg_err still_assigned(const struct ending *ending,
				   const struct psg_assignment *assignment, bool *ret)
{
	struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_subject subject;
	enum psg_err err = psg_subject_by_name(assignment->assignee, &subject);
	bool found = false;

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = false;
		return PSG_OK;
	}
	if (!err)
		err = psg_gate_assignments(ending->policy, &subject, &has);
	if (err)
		return err;
	for (size_t i = 0; i < has.count; i++)
		found |=
		    has.items[i].kind == assignment->kind &&
		    !strcmp(has.items[i].target, assignment->target) &&
		    !psg_until_over(has.items[i].until_s, ending->now.realtime_ns / PSG_NS_PER_S);
	*ret = found;
	return PSG_OK;
}

static bool to_end(const struct ending *ending, const struct psg_activation *one,
		   const struct psg_assignment *assignment)
{
	/* A login on its way has looked at the policy before it changed, perhaps, and is about to write. */
	if (!one->valid)
		return !one->ended;
	return (!one->ended || ctl_closed_early(one, &ending->now)) &&
	       !ctl_lapsed(one, &ending->now) && one->kind == assignment->kind &&
	       strcmp(one->target, assignment->target) == 0;
}

static enum psg_err end_one(struct ctl *ctl, struct ending *ending, const char *subject,
			    const struct psg_activation *one)
{
	bool first = false;
	enum psg_err err =
	    ctl_closed_early(one, &ending->now)
		? psg_activation_end_closed(ending->store, subject, one->file, PSG_END_UNASSIGNED)
		: psg_activation_end(ending->store, subject, one->file, PSG_END_UNASSIGNED, &first);
	if (first && one->valid)
		ctl_live_event(ctl, PSG_EVENT_ENDED, subject, one, "unassigned");
	return err;
}

/* The name service is asked only for those who have something to end. */
static enum psg_err end_all(struct ctl *ctl, struct ending *ending,
			    const struct psg_assignment *assignment)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_people_activations(ending->store, assignment->assignee, &list);
	bool asked = false, still = false;
	for (size_t i = 0; i < list.count && !still; i++) {
		if (!to_end(ending, &list.items[i], assignment))
			continue;
		if (!asked) {
			enum psg_err failed = still_assigned(ending, assignment, &still);
			if (failed)
				return failed;
		}
		asked = true;
		enum psg_err failed =
		    still ? PSG_OK : end_one(ctl, ending, assignment->assignee, &list.items[i]);
		err = err ? err : failed;
	}
	return err;
}

/* The policy was changed without the key; what is recorded of people is sealed with it. */
static enum psg_err begin(struct ctl *ctl, struct ending *ending)
{
	enum psg_err err = psg_store_open(ctl->store_path, ctl->key_path, true, &ending->store);
	if (!err)
		err = psg_policy_open(ending->store->root, &ending->policy);
	return err ? err : psg_clock_now(&ending->store->clock, &ending->now);
}

/* That this fails leaves no door open: without the assignment nothing serves. */
void ctl_end_unassigned(struct ctl *ctl, const struct psg_assignment *list, size_t count)
{
	struct ending ending PSG_CLEANUP(ending_clear) = {0};
	enum psg_err opened = begin(ctl, &ending);
	size_t failed_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (list[i].assignee[0] == '%')
			continue;
		enum psg_err err = opened ? opened : end_all(ctl, &ending, &list[i]);
		if (err && failed_count++ < 10)
			ctl_warn(ctl,
				 "activations of %s could not be ended (%s): they serve nothing "
				 "now, and would again if %s were assigned again before they lapse",
				 ctl_safe(list[i].assignee), psg_strerror(err),
				 ctl_safe(list[i].target));
	}
	if (failed_count > 10)
		ctl_warn(ctl, "and those of %zu more", failed_count - 10);
}

static enum psg_err add_name(void *arg, const char *subject)
{
	return psg_strings_add(arg, subject);
}

enum psg_err ctl_end_left(struct ctl *ctl, const struct psg_assignment *list, size_t count)
{
	struct ending ending PSG_CLEANUP(ending_clear) = {0};
	struct psg_strings known PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = begin(ctl, &ending);
	/* Without the key nothing that it sealed opens anything. */
	if (err == PSG_ERR_KEY)
		return PSG_OK;
	/* Of a million that are assigned for the first time nobody need be looked for. */
	if (!err)
		err = psg_people_each(ending.store, add_name, &known);
	psg_strings_sort(&known);
	for (size_t i = 0; i < count && !err; i++)
		if (psg_strings_has(&known, list[i].assignee))
			err = end_all(ctl, &ending, &list[i]);
	return err;
}
