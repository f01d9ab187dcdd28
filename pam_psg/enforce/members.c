/* Who is in a session: by descent from its leader, and by the audit id that is the session's own.
 *
 * MUST NOT take a pid that was given to another process for the leader   (members_test: recycled_leader)
 * MUST NOT reach into another login, wherever it was started             (members_test: nested_login)
 * MUST spare what root, or another user, made a service of               (members_test: daemons_are_spared) */
#include "psg/enforce.h"

#include <stdlib.h>

#define UNKNOWN ((enum psg_member) - 1)

static bool is_one_of(const struct psg_process *process, const struct psg_leader *list,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].pid == process->pid && list[i].start_ticks == process->info.start_ticks)
			return true;
	return false;
}

static bool has_the_id(const struct psg_members_ask *ask, const struct psg_process *process)
{
	return ask->session.audit_id != PSG_AUDIT_NONE &&
	       process->info.audit_id == ask->session.audit_id;
}

static bool is_anothers(const struct psg_members_ask *ask, uid_t uid)
{
	if (uid == 0 || ask->subject_uid == 0)
		return true;
	if (uid == ask->subject_uid)
		return false;
	return !ask->is_account || ask->is_account(ask->arg, uid);
}

static enum psg_member mark_one(const struct psg_members_ask *ask,
				const struct psg_process *process, enum psg_member parent)
{
	if (process->pid == 1 || process->pid == ask->self)
		return PSG_MEMBER_NO;
	if (is_one_of(process, &ask->session.leader, 1))
		return PSG_MEMBER_YES;
	/* What helps whoever ends them, perhaps from inside (freeze.c). */
	if (process->info.parent == ask->self)
		return PSG_MEMBER_NO;
	if (is_one_of(process, ask->others, ask->other_count))
		return PSG_MEMBER_FOREIGN;
	if (parent != PSG_MEMBER_NO)
		return parent;
	if (is_one_of(process, ask->known, ask->known_count))
		return PSG_MEMBER_YES;
	/* It has left the tree. A daemon that somebody restarted here carries the id as well: root's,
	 * and those that became another user, are services. */
	if (has_the_id(ask, process)) {
		if (is_anothers(ask, process->info.real_uid))
			return PSG_MEMBER_SPARED;
		return ask->elsewhere && ask->elsewhere(ask->arg, process->pid) ? PSG_MEMBER_SPARED
										: PSG_MEMBER_YES;
	}
	if (ask->in_scope && ask->in_scope(ask->arg, process->pid))
		return PSG_MEMBER_YES;
	return PSG_MEMBER_NO;
}

/* The parent's place in the list; the list's count where there is none. A parent is older than its child. */
static size_t parent_of(const struct psg_processes *list, size_t at)
{
	const struct psg_process *child = &list->items[at];
	const struct psg_process *parent = psg_processes_find(list, child->info.parent);

	if (!parent || parent->info.start_ticks > child->info.start_ticks || parent == child)
		return list->count;
	return (size_t)(parent - list->items);
}

enum psg_err psg_members_mark(const struct psg_members_ask *ask, enum psg_member *marks)
{
	const struct psg_processes *list = ask->processes;
	size_t *path PSG_CLEANUP(psg_free_bytes) = calloc(list->count + 1, sizeof(*path));

	if (!path)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < list->count; i++)
		marks[i] = UNKNOWN;
	for (size_t i = 0; i < list->count; i++) {
		size_t depth = 0, at = i;

		/* Up to somebody who is marked, then down again. Not by recursion: how deep it goes
		 * is the user's to choose. */
		while (at < list->count && marks[at] == UNKNOWN && depth < list->count) {
			path[depth++] = at;
			at = parent_of(list, at);
		}
		enum psg_member above =
		    at < list->count && marks[at] != UNKNOWN ? marks[at] : PSG_MEMBER_NO;

		while (depth > 0) {
			at = path[--depth];
			above = marks[at] = mark_one(ask, &list->items[at], above);
		}
	}
	return PSG_OK;
}
