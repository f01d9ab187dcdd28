/* Whom an assignment names, and the lock under which assignments change. */
#include "assignee.h"

#include <string.h>

#include "person.h"
#include "psg/unix_group.h"

/* The Unix group's own spelling; NOT_FOUND when this host has none of that name. */
static enum psg_err canonical_group(const char *name, char out[static PSG_SUBJECT_SIZE])
{
	struct psg_unix_group group;
	enum psg_err err = psg_unix_group_find(name, &group);
	if (err == PSG_OK)
		memcpy(out, group.name, strlen(group.name) + 1);
	return err;
}

bool ctl_assignee(const struct ctl *ctl, const char *given, char out[static CTL_ASSIGNEE_SIZE],
		  enum psg_err *ret_known)
{
	bool group = given[0] == '%';
	const char *name = group ? given + 1 : given;
	if (!psg_subject_name_valid(name)) {
		ctl_error(
		    ctl,
		    "\"%s\" cannot be assigned anything: name a user, or a Unix group as %%NAME",
		    ctl_safe(given));
		return false;
	}
	char *to = group ? out + 1 : out;
	out[0] = '%';
	memcpy(to, name, strlen(name) + 1);
	struct psg_subject person;
	*ret_known = group ? canonical_group(name, to) : psg_subject_by_name(name, &person);
	if (!group && *ret_known == PSG_OK)
		memcpy(to, person.name, strlen(person.name) + 1);
	return true;
}

static void warn_unknown(const struct ctl *ctl, const char *kind, const char *given)
{
	const char *near = ctl_suggest_person(ctl, given);
	ctl_warn(ctl, "this host has no %s %s (assigned all the same)%s%s%s", kind,
		 ctl_safe(given + (given[0] == '%')), near != NULL ? "; did you mean " : "",
		 near != NULL ? near : "", near != NULL ? "?" : "");
}

void ctl_warn_assignee(const struct ctl *ctl, const char *given, enum psg_err known)
{
	bool group = given[0] == '%';
	const char *kind = group ? "Unix group" : "user", *name = ctl_safe(given + group);
	if (known == PSG_ERR_NOT_FOUND)
		warn_unknown(ctl, kind, given);
	else if (known != PSG_OK)
		ctl_warn(ctl, "the name service could not say whether there is a %s %s", kind,
			 name);
}

bool ctl_given_or_file(const struct ctl *ctl, size_t operands, const char *file)
{
	if (operands == (file != NULL ? 0 : 2))
		return true;
	ctl_error(ctl, "%s needs ASSIGNEE and NAME, or --file", ctl->argv[0]);
	ctl_print_usage(ctl->command);
	return false;
}

enum ctl_exit ctl_begin_change(struct ctl *ctl, int *lock)
{
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	enum ctl_exit status = ctl_lock_policy(ctl, lock);
	if (status != CTL_DONE)
		return status;
	return ctl_open_policy(ctl) ? CTL_DONE : CTL_STORE;
}
