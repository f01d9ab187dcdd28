/* The process table, and who in it is of a session. */
#include "roster.h"

#include <stdlib.h>
#include <unistd.h>

#include "scope.h"

void psg_roster_clear(struct psg_roster *roster)
{
	psg_processes_clear(&roster->processes);
	free(roster->marks);
	roster->marks = NULL;
}

enum psg_err psg_roster_read(struct psg_roster *ret)
{
	struct psg_roster roster PSG_CLEANUP(psg_roster_clear) = {.marks = NULL};
	enum psg_err err = psg_processes_read(&roster.processes);

	if (err)
		return err;
	roster.marks = calloc(roster.processes.count + 1, sizeof(*roster.marks));
	if (!roster.marks)
		return PSG_ERR_NO_MEMORY;
	*ret = roster;
	roster = (struct psg_roster){.marks = NULL};
	return PSG_OK;
}

static bool elsewhere(void *arg, pid_t pid)
{
	return psg_scope_is_elsewhere(arg, pid);
}

static bool in_scope(void *arg, pid_t pid)
{
	return psg_scope_holds(arg, pid);
}

/* Where nobody can say, it is somebody's. */
static bool is_account(void *arg, uid_t uid)
{
	struct psg_subject account;

	(void)arg;
	return psg_subject_by_uid(uid, &account) != PSG_ERR_NOT_FOUND;
}

static bool lives(const struct psg_roster *roster, const struct psg_leader *leader,
		  const struct psg_process **ret)
{
	*ret = psg_processes_find(&roster->processes, leader->pid);
	return *ret && (*ret)->info.start_ticks == leader->start_ticks;
}

enum psg_err psg_roster_mark(struct psg_roster *roster, const struct psg_binding *session,
			     uid_t subject_uid, const struct psg_logins *logins,
			     const struct psg_leader *known, size_t known_count)
{
	struct psg_leader *others PSG_CLEANUP(psg_free_bytes) =
	    calloc(logins->count + 1, sizeof(*others));
	struct psg_scope_place place = {.uid = subject_uid};
	struct psg_members_ask ask = {.processes = &roster->processes,
				      .session = *session,
				      .subject_uid = subject_uid,
				      .others = others,
				      .known = known,
				      .known_count = known_count,
				      .self = getpid(),
				      .elsewhere = elsewhere,
				      .in_scope = in_scope,
				      .is_account = is_account,
				      .arg = &place};
	const struct psg_process *leader;

	if (!others)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < logins->count; i++) {
		const struct psg_leader *other = &logins->items[i].binding.leader;

		if (psg_leader_same(other, &session->leader) || !lives(roster, other, &leader))
			continue;
		others[ask.other_count++] = *other;
		/* An sshd restarted in this session took the id along: it tells the two apart no more,
		 * even where the mark that said so is gone with the first of them. */
		if (leader->info.audit_id == session->audit_id)
			ask.session.audit_id = PSG_AUDIT_NONE;
	}
	if (lives(roster, &session->leader, &leader))
		psg_scope_place(session->leader.pid, subject_uid, &place);
	return psg_members_mark(&ask, roster->marks);
}
