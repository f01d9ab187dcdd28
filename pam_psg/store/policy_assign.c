/* One assignment put or removed: the policy copied record by record, one of them changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "policy_private.h"

struct copying {
	struct psg_policy_sink *sink;
	const char *assignee;
};

/* Everything but what is written anew: format, this assignee's, and the lists of keys. */
static enum psg_err copy(void *arg, const struct psg_policy_record *record)
{
	const struct copying *copying = arg;
	size_t prefix = strlen(PSG_KEY_ASSIGNED), len = strlen(copying->assignee);
	const char *key = psg_policy_record_key(record);

	if (psg_policy_record_under(record, PSG_KEY_KEYS) ||
	    (record->key_len == strlen(PSG_KEY_FORMAT) &&
	     psg_policy_record_under(record, PSG_KEY_FORMAT)))
		return PSG_OK;
	if (record->key_len == prefix + len && psg_policy_record_under(record, PSG_KEY_ASSIGNED) &&
	    memcmp(key + prefix, copying->assignee, len) == 0)
		return PSG_OK;
	psg_policy_sink_copy(copying->sink, record);
	return PSG_OK;
}

/* The format after `before` assignments of the assignee have become `after`. */
static enum psg_err change_format(struct psg_policy_format *format, const char *assignee,
				  size_t before, size_t after)
{
	uint32_t less = (uint32_t)before, more = (uint32_t)after;
	bool unix_group = assignee[0] == '%';
	time_t now = time(NULL);

	if (format->assignments < less || (unix_group && format->unix_group_assignments < less) ||
	    after > UINT32_MAX - format->assignments)
		return PSG_ERR_CORRUPT;
	format->generation++;
	format->created_s = now > 0 ? (uint64_t)now : 0;
	format->assignments += more - less;
	if (unix_group)
		format->unix_group_assignments += more - less;
	format->records += (uint32_t)(after > 0) - (uint32_t)(before > 0);
	return PSG_OK;
}

static enum psg_err rewrite(struct psg_folder *root, struct psg_policy *policy,
			    const struct psg_policy_format *format, const char *assignee,
			    const struct psg_assignment **items, size_t count)
{
	struct copying copying = {.assignee = assignee};
	struct psg_policy_record record;
	enum psg_err err = psg_policy_sink_start(root, format, &copying.sink);

	if (err)
		return err;
	if (count > 0) {
		qsort(items, count, sizeof(*items), psg_policy_assignment_order);
		psg_policy_record_start(&record, PSG_KEY_ASSIGNED, assignee);
		psg_policy_encode_assigned(&record.frame, items, count);
		psg_policy_sink_add(copying.sink, &record);
	}
	err = psg_policy_walk(policy, copy, &copying);
	if (err)
		psg_policy_sink_fail(copying.sink, err);
	return psg_policy_sink_finish(&copying.sink);
}

static bool same_target(const struct psg_assignment *a, const struct psg_assignment *b)
{
	return a->kind == b->kind && strcmp(a->target, b->target) == 0;
}

/* Puts (keep) or removes the assignment. */
static enum psg_err change(struct psg_folder *root, const struct psg_assignment *assignment,
			   bool keep, bool *ret_changed)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments before PSG_CLEANUP(psg_assignments_clear) = {0};
	const struct psg_assignment **items PSG_CLEANUP(psg_free_bytes) = NULL;
	const struct psg_assignment *old = NULL;
	size_t count = 0;

	if (!psg_policy_assignment_valid(assignment))
		return PSG_ERR_INVALID;
	enum psg_err err = psg_policy_open(root, &policy);

	if (!err)
		err = psg_policy_assigned(policy, assignment->assignee, &before);
	if (err)
		return err;
	items = calloc(before.count + 1, sizeof(*items));
	if (!items)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < before.count; i++) {
		if (same_target(&before.items[i], assignment))
			old = &before.items[i];
		else
			items[count++] = &before.items[i];
	}
	if (keep)
		items[count++] = assignment;
	if (keep ? old && old->until_s == assignment->until_s : !old) {
		*ret_changed = false;
		return PSG_OK;
	}
	struct psg_policy_format format = policy->format;

	err = change_format(&format, assignment->assignee, before.count, count);
	if (!err)
		err = rewrite(root, policy, &format, assignment->assignee, items, count);
	if (!err)
		*ret_changed = true;
	return err;
}

enum psg_err psg_policy_assign(struct psg_folder *root, const struct psg_assignment *assignment,
			       bool *ret_changed)
{
	return change(root, assignment, true, ret_changed);
}

enum psg_err psg_policy_unassign(struct psg_folder *root, const struct psg_assignment *assignment,
				 bool *ret_changed)
{
	return change(root, assignment, false, ret_changed);
}

enum psg_err psg_policy_lock(struct psg_folder *root, int *ret_fd)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	int made = -1;
	enum psg_err err = root->ops->create(root, PSG_POLICY_LOCK_FILE, &made);

	if (!err)
		root->ops->close(root, made);
	if (err && err != PSG_ERR_EXISTS)
		return err;
	err = root->ops->open_file(root, PSG_POLICY_LOCK_FILE, &fd);
	if (err)
		return err;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return psg_err_from_errno(errno);
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}
