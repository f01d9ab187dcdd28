/* What session a call is in (DESIGN trap 8): the process table as /proc shows it.
 *
 * MUST treat a /proc that cannot be read as an error, never as "unset"   (session_test: proc_unreadable)
 * MUST end the lineage at the first session leader of real uid 0         (session_test: lineage_*)
 * MUST NOT take a pid that was given to another process for its parent   (session_test: reused_parent)
 * MUST NOT match by pid alone, nor across boots                          (session_covers_test: covers_*)
 */
#include "psg/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

static enum psg_err start_of(const struct psg_proc *proc, pid_t pid, uint64_t *ret_ticks)
{
	struct psg_proc_info info;

	/* The system's own knows a way that costs a third. */
	if (proc->info == psg_proc_system.info)
		return psg_proc_start(proc->self, pid, ret_ticks);
	enum psg_err err = proc->info(proc->self, pid, &info);

	if (err == PSG_OK)
		*ret_ticks = info.start_ticks;
	return err;
}

enum psg_err psg_session_alive(const struct psg_proc *proc, const struct psg_leader *leader,
			       bool *ret)
{
	uint64_t ticks = 0;
	enum psg_err err;

	if (leader->pid <= 0) {
		*ret = false;
		return PSG_OK;
	}
	err = start_of(proc, leader->pid, &ticks);
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret = err == PSG_OK && ticks == leader->start_ticks;
	return PSG_OK;
}

/* The session's leader where it lives. A leader in another pid namespace reads as session 0. */
static enum psg_err find_leader(const struct psg_proc *proc, pid_t session, struct psg_leader *ret)
{
	struct psg_proc_info info;
	enum psg_err err;

	if (session <= 0)
		return PSG_OK;
	err = proc->info(proc->self, session, &info);
	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	if (err != PSG_OK)
		return err;
	if (info.session == session)
		*ret = (struct psg_leader){.pid = session, .start_ticks = info.start_ticks};
	return PSG_OK;
}

/* From `first` upwards, it included; the session's leader, where it is on the way. The first one's parent is looked
 * at even where the walk ends with the first: a session's monitor is its leader, and its parent tells whether its
 * audit id is new. */
static enum psg_err walk(const struct psg_proc *proc, struct psg_call *call,
			 const struct psg_proc_info *first)
{
	struct psg_proc_info info = *first;
	pid_t pid = call->pid;

	for (;;) {
		bool last = info.session == pid && info.real_uid == 0;
		struct psg_proc_info parent;
		enum psg_err err;

		call->led = last && pid != 1 && info.audit_id == call->audit_id;
		call->lineage[call->lineage_count++] =
		    (struct psg_leader){.pid = pid, .start_ticks = info.start_ticks};
		if (pid == first->session && info.session == pid)
			call->leader = call->lineage[call->lineage_count - 1];
		if (info.parent <= 0 || call->lineage_count == PSG_LINEAGE_MAX ||
		    (last && call->lineage_count > 1))
			return PSG_OK;
		err = proc->info(proc->self, info.parent, &parent);
		if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
			return err;
		/* A parent is older than its child. A younger one has taken the pid of a parent
		 * that died between the two looks. */
		if (err == PSG_ERR_NOT_FOUND || parent.start_ticks > info.start_ticks)
			return PSG_OK;
		if (call->lineage_count == 1)
			call->parent_audit_id = parent.audit_id;
		if (last)
			return PSG_OK;
		pid = info.parent;
		info = parent;
	}
}

enum psg_err psg_session_identify(const struct psg_proc *proc, pid_t pid, uid_t subject_uid,
				  struct psg_call *ret)
{
	struct psg_call call = {.pid = pid ? pid : getpid(), .subject_uid = subject_uid};
	struct psg_proc_info info;
	enum psg_err err = proc->info(proc->self, call.pid, &info);

	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_PROC : err;
	call.real_uid = info.real_uid;
	call.audit_id = info.audit_id;
	/* Where the parent is gone by now its id is not known to differ, so ours is not fresh. */
	call.parent_audit_id = info.parent > 0 ? info.audit_id : PSG_AUDIT_NONE;
	err = walk(proc, &call, &info);
	if (err == PSG_OK && call.leader.pid == 0)
		err = find_leader(proc, info.session, &call.leader);
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_PROC : err;
	*ret = call;
	return PSG_OK;
}

bool psg_leader_same(const struct psg_leader *a, const struct psg_leader *b)
{
	return a->pid > 0 && a->pid == b->pid && a->start_ticks == b->start_ticks;
}

bool psg_session_descends(const struct psg_call *call, const struct psg_leader *leader)
{
	for (size_t i = 0; i < call->lineage_count && i < PSG_LINEAGE_MAX; i++)
		if (psg_leader_same(&call->lineage[i], leader))
			return true;
	return false;
}

/* What left its login has init above it, or whoever adopts orphans. Below a session leader of root's with the same
 * id it is in a login of its own, of an sshd that was started in the first and that this module never sees.
 * The audit id counts only where it is the session's own, and only for a process of the subject's own
 * real uid. Not a third person's: where loginuid is unset anybody can turn the counter to any value.
 * Not root's: an sshd restarted inside somebody's login carries that login's id into every login it
 * takes, and is not that login; what root runs in the session as it should has the leader above it. */
static bool same_audit(const struct psg_call *call, const struct psg_binding *binding)
{
	return call->audit_own && !call->led && binding->audit_id != PSG_AUDIT_NONE &&
	       call->audit_id == binding->audit_id && call->real_uid != 0 &&
	       call->real_uid == call->subject_uid && call->subject_uid != (uid_t)-1;
}

static bool ticket_fits(const struct psg_call *call, const struct psg_activation *activation,
			const struct psg_now *now)
{
	int64_t made = activation->created_boottime_ns;

	return call->has_ticket && activation->has_ticket && made <= now->boottime_ns &&
	       made >= now->boottime_ns - PSG_TICKET_LIFE_NS &&
	       sodium_memcmp(call->ticket, activation->ticket, PSG_TICKET_SIZE) == 0;
}

enum psg_err psg_session_covers(const struct psg_proc *proc, const struct psg_call *call,
				const struct psg_activation *activation, const struct psg_now *now,
				bool *ret)
{
	const struct psg_binding *binding = &activation->binding;
	bool covers = false;

	if (!activation->valid) {
		*ret = false;
		return PSG_OK;
	}
	if (activation->scope == PSG_SCOPE_HOST) {
		*ret = true;
		return PSG_OK;
	}
	if (activation->scope != PSG_SCOPE_SESSION ||
	    !psg_boot_same(activation->boot_id, now->boot_id)) {
		*ret = false;
		return PSG_OK;
	}
	if (!activation->bound)
		covers = ticket_fits(call, activation, now);
	else if (psg_session_descends(call, &binding->leader) || same_audit(call, binding)) {
		enum psg_err err = psg_session_alive(proc, &binding->leader, &covers);

		if (err != PSG_OK)
			return err;
	}
	*ret = covers;
	return PSG_OK;
}

void psg_session_id_format(const struct psg_binding *binding, char out[static PSG_SESSION_ID_SIZE])
{
	int len = snprintf(out, PSG_SESSION_ID_SIZE, "%jd-%ju", (intmax_t)binding->leader.pid,
			   (uintmax_t)binding->leader.start_ticks);

	if (binding->audit_id != PSG_AUDIT_NONE && len > 0 && len < PSG_SESSION_ID_SIZE)
		snprintf(out + len, PSG_SESSION_ID_SIZE - (size_t)len, "-%ju",
			 (uintmax_t)binding->audit_id);
}

enum psg_err psg_session_id_parse(const char *text, struct psg_binding *ret)
{
	char copy[PSG_SESSION_ID_SIZE], *start, *audit;
	uint64_t pid, ticks, audit_id = PSG_AUDIT_NONE;
	size_t len = strnlen(text, sizeof(copy));

	if (len == sizeof(copy))
		return PSG_ERR_INVALID;
	memcpy(copy, text, len + 1);
	start = strchr(copy, '-');
	if (!start)
		return PSG_ERR_INVALID;
	*start++ = '\0';
	audit = strchr(start, '-');
	if (audit)
		*audit++ = '\0';
	if (psg_u64_parse(copy, &pid) != PSG_OK || psg_u64_parse(start, &ticks) != PSG_OK ||
	    pid < 1 || pid > INT32_MAX)
		return PSG_ERR_INVALID;
	if (audit && (psg_u64_parse(audit, &audit_id) != PSG_OK || audit_id >= PSG_AUDIT_NONE))
		return PSG_ERR_INVALID;
	*ret = (struct psg_binding){
	    .leader = {.pid = (pid_t)pid, .start_ticks = ticks},
	    .audit_id = (uint32_t)audit_id,
	};
	return PSG_OK;
}

void psg_session_imagine(const struct psg_binding *binding, uid_t subject_uid, struct psg_call *ret)
{
	*ret = (struct psg_call){
	    .pid = binding->leader.pid,
	    .real_uid = subject_uid,
	    .subject_uid = subject_uid,
	    .leader = binding->leader,
	    .lineage = {binding->leader},
	    .lineage_count = binding->leader.pid > 0 ? 1 : 0,
	    .audit_id = binding->audit_id,
	    .parent_audit_id = PSG_AUDIT_NONE,
	    .audit_own = binding->audit_id != PSG_AUDIT_NONE,
	    .login = binding->leader,
	};
}
