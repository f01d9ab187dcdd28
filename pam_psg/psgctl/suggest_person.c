/* Whom somebody may have meant: a user who is assigned something, or has a folder in the store. */
#include <string.h>

#include "person.h"

static enum psg_err add_name(void *arg, const char *name)
{
	return psg_strings_add(arg, name);
}

/* Each once, for they are sorted by name; and not the one that was just assigned by mistake. */
static enum psg_err add_assigned(struct psg_policy *policy, const char *but,
				 struct psg_strings *names)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_all_assigned(policy, &list);

	for (size_t i = 0; i < list.count && !err; i++)
		if (strcmp(list.items[i].assignee, but) != 0 &&
		    (i == 0 || strcmp(list.items[i - 1].assignee, list.items[i].assignee) != 0))
			err = psg_strings_add(names, list.items[i].assignee);
	return err;
}

const char *ctl_suggest_person(const struct ctl *ctl, const char *given)
{
	struct psg_strings assigned PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings present PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;

	/* A suggestion that cannot be had is left out. */
	if (!ctl->store)
		return NULL;
	if (psg_policy_open(ctl->store->root, &policy) == PSG_OK)
		(void)!add_assigned(policy, given, &assigned);
	const char *near = ctl_suggest(given, &assigned);

	if (!near && psg_people_each(ctl->store, add_name, &present) == PSG_OK)
		near = ctl_suggest(given, &present);
	return near && strcmp(near, given) != 0 ? near : NULL;
}

void ctl_warn_person(const struct ctl *ctl, const struct psg_subject *subject)
{
	if (subject->uid != (uid_t)-1)
		return;
	const char *near = ctl_suggest_person(ctl, subject->name);

	ctl_warn(ctl, "this host has no user %s%s%s%s", ctl_safe(subject->name),
		 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

void ctl_error_person(const struct ctl *ctl, const char *what, const char *name)
{
	const char *near = ctl_suggest_person(ctl, name);

	if (near)
		ctl_error(ctl, "%s %s; did you mean %s?", what, ctl_safe(name), near);
	else
		ctl_error(ctl, "%s %s; `psgctl assignments` lists who is assigned what", what,
			  ctl_safe(name));
}
