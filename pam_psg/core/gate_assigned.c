/* Who a subject is in the policy's eyes: the name, and its Unix groups as %name. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "psg/gate.h"

#define GROUPS_MAX 65536
#define BUFFER_MAX (1U << 24) /* a group of a million members */

/* Moves the items of `more` to the end of `list`; `more` is empty afterwards. */
static enum psg_err append(struct psg_assignments *list, struct psg_assignments *more)
{
	if (more->count == 0)
		return PSG_OK;
	struct psg_assignment *grown =
	    reallocarray(list->items, list->count + more->count, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	memcpy(grown + list->count, more->items, more->count * sizeof(*grown));
	list->items = grown;
	list->count += more->count;
	free(more->items);
	*more = (struct psg_assignments){0};
	return PSG_OK;
}

static enum psg_err add_assignee(struct psg_policy *policy, const char *assignee,
				 struct psg_assignments *list)
{
	struct psg_assignments more PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_assigned(policy, assignee, &more);

	return err ? err : append(list, &more);
}

/* "%name" of a gid; NULL in *ret for a gid without a name. */
static enum psg_err group_assignee(gid_t gid, char **ret)
{
	for (size_t size = 1024; size <= BUFFER_MAX; size *= 4) {
		char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct group entry, *found = NULL;

		if (!buffer)
			return PSG_ERR_NO_MEMORY;
		int failed = getgrgid_r(gid, &entry, buffer, size, &found);

		if (failed == ERANGE)
			continue;
		if (!found) {
			*ret = NULL;
			return failed && failed != ENOENT ? psg_err_lacking(failed, PSG_ERR_NAMES)
							  : PSG_OK;
		}
		char *text = malloc(strlen(found->gr_name) + 2);

		if (!text)
			return PSG_ERR_NO_MEMORY;
		text[0] = '%';
		memcpy(text + 1, found->gr_name, strlen(found->gr_name) + 1);
		*ret = text;
		return PSG_OK;
	}
	return PSG_ERR_NAMES;
}

/* getgrouplist() tells of no source that failed: it returns the groups it got. A lookup that misses one
 * would make somebody unassigned, whom unassigned_ok lets pass (syscalls_test: *_group_unassigned_ok). */
static bool is_failure(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == EIO ||
	       errnum == EINTR;
}

static enum psg_err group_ids(const struct psg_subject *subject, gid_t **ret, int *ret_count)
{
	for (int size = 64; size <= GROUPS_MAX; size *= 4) {
		gid_t *ids = calloc((size_t)size, sizeof(*ids));
		int count = size;

		if (!ids)
			return PSG_ERR_NO_MEMORY;
		errno = 0;
		int got = getgrouplist(subject->name, subject->gid, ids, &count);
		int failed = errno;

		if (is_failure(failed)) {
			free(ids);
			return psg_err_lacking(failed, PSG_ERR_NAMES);
		}
		if (got >= 0) {
			*ret = ids;
			*ret_count = count;
			return PSG_OK;
		}
		free(ids);
	}
	return PSG_ERR_NAMES;
}

/* `whole`: a group without a name is a failure, and so is a person without an account. The last source
 * asked decides what libc says: "no such entry", where the one before had no descriptor to look with. */
static enum psg_err assigned(struct psg_policy *policy, const struct psg_subject *subject,
			     bool whole, struct psg_assignments *ret)
{
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	gid_t *ids PSG_CLEANUP(psg_free_bytes) = NULL;
	int count = 0;
	enum psg_err err = add_assignee(policy, subject->name, &list);

	bool asked = psg_policy_has_unix_groups(policy);

	if (!err && asked && whole && subject->uid == (uid_t)-1)
		err = PSG_ERR_NAMES;
	/* Without an account there are no groups to be in. */
	if (!err && asked && subject->uid != (uid_t)-1)
		err = group_ids(subject, &ids, &count);
	for (int i = 0; i < count && !err; i++) {
		char *assignee PSG_CLEANUP(psg_free_bytes) = NULL;

		err = group_assignee(ids[i], &assignee);
		if (!err && !assignee && whole)
			err = PSG_ERR_NAMES;
		if (!err && assignee)
			err = add_assignee(policy, assignee, &list);
	}
	if (err)
		return err;
	*ret = list;
	list = (struct psg_assignments){0};
	return PSG_OK;
}

enum psg_err psg_gate_assignments(struct psg_policy *policy, const struct psg_subject *subject,
				  struct psg_assignments *ret)
{
	return assigned(policy, subject, false, ret);
}

enum psg_err psg_gate_assignments_whole(struct psg_policy *policy,
					const struct psg_subject *subject,
					struct psg_assignments *ret)
{
	return assigned(policy, subject, true, ret);
}
