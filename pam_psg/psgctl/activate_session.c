/* Which session an activation is tied to.
 *
 * MUST: name a leader that outlives this command (tests/cli/test_activate.py, test_self_session_outlives_sudo).
 * MUST NOT: let the person behind sudo name a session (test_self_may_not_name_a_session), nor take an audit id that no
 *           session vouches for. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "activate.h"

#define PTY_MONITORS_MAX 4

/* With use_pty, sudo's own monitor is the session leader of what it runs, and ends with it. It runs as
 * root: a program of the person's own that is called sudo is a leader like any other. */
static bool is_sudo(const struct psg_proc *proc, pid_t pid)
{
	char path[64], target[4096];
	struct psg_proc_info info;

	if (proc->info(proc->self, pid, &info) != PSG_OK || info.real_uid != 0)
		return false;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0)
		return false;
	target[len] = '\0';
	const char *name = strrchr(target, '/');

	return name && !strncmp(name, "/sudo", 5);
}

/* The session in which sudo was typed: what sudo's own PAM call was in. */
static enum psg_err own_session(struct activate *activate)
{
	struct psg_store *store = activate->ctl->store;
	struct psg_call call;
	pid_t pid = 0;
	enum psg_err err;

	for (int i = 0; i < PTY_MONITORS_MAX; i++) {
		struct psg_proc_info info;

		err = psg_session_identify(&store->proc, pid, activate->subject.uid, &call);
		if (err || call.leader.pid == 0 || !is_sudo(&store->proc, call.leader.pid))
			break;
		err = store->proc.info(store->proc.self, call.leader.pid, &info);
		if (err)
			break;
		pid = info.parent;
	}
	/* What sudo asks for is asked by the person: its own real uid is root's by now. */
	if (!err) {
		call.real_uid = activate->subject.uid;
		err = psg_session_place(store, activate->subject.name, &call);
	}
	if (err)
		return err;
	activate->binding = (struct psg_binding){.leader = call.login, .audit_id = PSG_AUDIT_NONE};
	if (call.login.pid > 0 && call.audit_own)
		activate->binding.audit_id = call.audit_id;
	else if (call.login.pid == 0)
		activate->binding.leader = call.leader;
	return activate->binding.leader.pid == 0 ||
		       is_sudo(&store->proc, activate->binding.leader.pid)
		   ? PSG_ERR_NOT_FOUND
		   : PSG_OK;
}

static enum ctl_exit bind_own(struct activate *activate)
{
	enum psg_err err = own_session(activate);

	if (err == PSG_ERR_NOT_FOUND) {
		ctl_error(activate->ctl, "the session you are in has no leader that lives; log in "
					 "again, or let an administrator activate it");
		return CTL_REFUSED;
	}
	return err ? ctl_store_error(activate->ctl, "finding your session", err) : CTL_DONE;
}

static enum ctl_exit bind_named(struct activate *activate, const char *text)
{
	struct ctl *ctl = activate->ctl;
	struct psg_call call;
	bool alive = false;

	if (psg_session_id_parse(text, &activate->binding)) {
		ctl_error(ctl, "\"%s\" is no session id; `psgctl status` shows them",
			  ctl_safe(text));
		return CTL_INVALID;
	}
	enum psg_err err = psg_session_alive(&ctl->store->proc, &activate->binding.leader, &alive);

	psg_session_imagine(&activate->binding, activate->subject.uid, &call);
	call.audit_own = false;
	if (!err && alive && activate->binding.audit_id != PSG_AUDIT_NONE)
		err = psg_session_place(ctl->store, activate->subject.name, &call);
	if (err)
		return ctl_store_error(ctl, "looking at the session", err);
	if (!alive) {
		ctl_error(ctl, "session %s is over: name one that is open, or --scope Host",
			  ctl_safe(text));
		return CTL_REFUSED;
	}
	if (!call.audit_own)
		activate->binding.audit_id = PSG_AUDIT_NONE;
	return CTL_DONE;
}

/* The ids to choose from: `status` knows those alone in which something is active. */
static void name_logins(const struct activate *activate)
{
	struct psg_logins logins PSG_CLEANUP(psg_logins_clear) = {0};
	bool any = false;

	if (psg_logins_list(activate->ctl->store, &logins) != PSG_OK)
		return;
	for (size_t i = 0; i < logins.count; i++) {
		const struct psg_login *login = &logins.items[i];
		char id[PSG_SESSION_ID_SIZE];

		if (!login->alive || strcmp(login->subject, activate->subject.name) != 0)
			continue;
		psg_session_id_format(&login->binding, id);
		ctl_note(activate->ctl, "logged in by %s: --session %s", ctl_safe(login->service),
			 id);
		any = true;
	}
	if (!any)
		ctl_note(activate->ctl, "no login of %s is open here",
			 ctl_safe(activate->subject.name));
}

enum ctl_exit activate_session(struct activate *activate, const struct activate_words *words)
{
	struct ctl *ctl = activate->ctl;

	if (activate->self && words->session) {
		ctl_error(ctl, "without --user it is your own session; --session is the "
			       "administrator's");
		return CTL_INVALID;
	}
	if (activate->scope == PSG_SCOPE_HOST)
		return CTL_DONE;
	if (activate->self)
		return bind_own(activate);
	if (words->session)
		return bind_named(activate, words->session);
	ctl_error(ctl,
		  "%s is activated session by session: name one with --session ID, or --scope Host "
		  "for all sessions of %s",
		  activate->target, ctl_safe(activate->subject.name));
	name_logins(activate);
	return CTL_INVALID;
}
