/* Whom an assignment names, and the lock under which assignments change. */
#include "assignee.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

/* The Unix group's own spelling; NOT_FOUND when this host has none of that name. */
static enum psg_err canonical_group(const char *name, char out[static PSG_SUBJECT_SIZE])
{
	for (size_t size = 4096; size <= 16U << 20; size *= 4) {
		char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct group entry, *found = NULL;
		if (buffer == NULL)
			return PSG_ERR_NO_MEMORY;
		int failed = getgrnam_r(name, &entry, buffer, size, &found);
		if (failed == ERANGE)
			continue;
		if (found == NULL)
			return failed == 0 || failed == ENOENT ? PSG_ERR_NOT_FOUND : PSG_ERR_IO;
		if (strlen(found->gr_name) >= PSG_SUBJECT_SIZE)
			return PSG_ERR_INVALID;
		memcpy(out, found->gr_name, strlen(found->gr_name) + 1);
		return PSG_OK;
	}
	return PSG_ERR_IO;
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

void ctl_warn_assignee(const struct ctl *ctl, const char *given, enum psg_err known)
{
	bool group = given[0] == '%';
	const char *kind = group ? "Unix group" : "user", *name = ctl_safe(given + group);
	if (known == PSG_ERR_NOT_FOUND)
		ctl_warn(ctl, "this host has no %s %s (assigned all the same)", kind, name);
	else if (known != PSG_OK)
		ctl_warn(ctl, "the name service could not say whether there is a %s %s", kind,
			 name);
}

enum ctl_exit ctl_begin_change(struct ctl *ctl, int *lock)
{
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	enum psg_err err = psg_policy_lock(ctl->store->root, lock);
	if (err)
		return ctl_store_error(ctl, "cannot lock the policy", err);
	return ctl_open_policy(ctl) ? CTL_DONE : CTL_STORE;
}
