/* Logins: which session began here, and whose audit id is its own (DESIGN trap 8).
 *
 * MUST vouch only for a whole, sealed registration of this subject whose leader lives
 *   (session_vouch in tests/store/logins_test.c).
 * MUST NOT take an audit id for the session's own because it is set: sshd's children inherit the daemon's.
 * MUST NOT let two logins have one audit id: as soon as the second begins, it is nobody's
 *   (shared_id_is_nobodys in tests/store/logins_test.c).
 * MUST end the lineage at the nearest login, whosever it is (a_login_within_a_login).
 * MUST NOT keep out for want of room whoever can do without a registration (no_room_for_a_registration in tests/store/fault_test.c). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "logins.h"
#include "psg/record.h"

enum psg_err psg_login_name(struct psg_store *store, const struct psg_binding *binding,
			    char out[static PSG_LOGIN_NAME_SIZE])
{
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err != PSG_OK)
		return err;
	if (binding->audit_id != PSG_AUDIT_NONE)
		(void)snprintf(out, PSG_LOGIN_NAME_SIZE, "%s-%" PRIu32, now.boot_id,
			       binding->audit_id);
	else
		(void)snprintf(out, PSG_LOGIN_NAME_SIZE, "%s-%jd-%" PRIu64, now.boot_id,
			       (intmax_t)binding->leader.pid, binding->leader.start_ticks);
	return PSG_OK;
}

void psg_login_shared_name(const char *name, char out[static PSG_LOGIN_NAME_SIZE])
{
	(void)snprintf(out, PSG_LOGIN_NAME_SIZE, "%.*s.shared", PSG_LOGIN_NAME_SIZE - 8, name);
}

enum psg_err psg_login_read(struct psg_store *store, struct psg_folder *folder, const char *name,
			    struct psg_login *ret)
{
	struct psg_login login = {.binding.audit_id = PSG_AUDIT_NONE};
	char text[PSG_FILE_MAX + 1];
	struct psg_file_info info;
	struct psg_record record;
	enum psg_err err = psg_seal_read(store, folder, PSG_LOGINS_FOLDER, name, text, &info);

	if (err != PSG_OK)
		return err;
	psg_record_open(&record, text, "session");
	login.binding.leader.pid = (pid_t)psg_record_get_u64(&record, "leader-pid", INT32_MAX);
	login.binding.leader.start_ticks = psg_record_get_u64(&record, "leader-start", UINT64_MAX);
	if (psg_record_next_is(&record, "audit-session"))
		login.binding.audit_id =
		    (uint32_t)psg_record_get_u64(&record, "audit-session", PSG_AUDIT_NONE - 1);
	psg_record_get_text(&record, "user", login.subject, sizeof(login.subject));
	psg_record_get_text(&record, "service", login.service, sizeof(login.service));
	if (psg_record_end(&record) != PSG_OK || login.binding.leader.pid <= 0)
		return PSG_ERR_CORRUPT;
	*ret = login;
	return PSG_OK;
}

static enum psg_err write_login(struct psg_store *store, struct psg_folder *folder,
				const char *name, int file, const struct psg_login *login)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	psg_record_begin(&text, "session");
	psg_record_put_u64(&text, "leader-pid", (uint64_t)login->binding.leader.pid);
	psg_record_put_u64(&text, "leader-start", login->binding.leader.start_ticks);
	if (login->binding.audit_id != PSG_AUDIT_NONE)
		psg_record_put_u64(&text, "audit-session", login->binding.audit_id);
	psg_record_put_text(&text, "user", login->subject);
	psg_record_put_text(&text, "service", login->service);
	err = psg_seal_append(store, PSG_LOGINS_FOLDER, name, &text);
	if (err == PSG_OK)
		err = folder->ops->write(folder, file, text.data, text.len);
	/* Not synced: a crash ends the session with it. */
	folder->ops->close(folder, file);
	return err;
}

/* EXISTS: registered already, by whomever. */
static enum psg_err make_login(struct psg_store *store, struct psg_folder *folder,
			       const struct psg_login *login)
{
	char name[PSG_LOGIN_NAME_SIZE];
	int file;
	enum psg_err err = psg_login_name(store, &login->binding, name);

	if (err == PSG_OK)
		err = folder->ops->create(folder, name, &file);
	return err == PSG_OK ? write_login(store, folder, name, file, login) : err;
}

/* Whoever has the id besides: it is no one login's from now on, as long as this boot lasts. The first of them may be
 * gone, with its registration, while others carry its id. */
static enum psg_err mark_shared(struct psg_store *store, struct psg_folder *folder,
				uint32_t audit_id)
{
	struct psg_binding binding = {.audit_id = audit_id};
	char name[PSG_LOGIN_NAME_SIZE], shared[PSG_LOGIN_NAME_SIZE];
	int file;
	enum psg_err err = psg_login_name(store, &binding, name);

	if (err != PSG_OK)
		return err;
	psg_login_shared_name(name, shared);
	err = folder->ops->create(folder, shared, &file);
	if (err == PSG_OK)
		folder->ops->close(folder, file);
	return err == PSG_ERR_EXISTS ? PSG_OK : err;
}

static enum psg_err is_shared(struct psg_store *store, struct psg_folder *folder, uint32_t audit_id,
			      bool *ret)
{
	struct psg_binding binding = {.audit_id = audit_id};
	char name[PSG_LOGIN_NAME_SIZE], shared[PSG_LOGIN_NAME_SIZE];
	enum psg_err err = psg_login_name(store, &binding, name);

	if (err != PSG_OK)
		return err;
	psg_login_shared_name(name, shared);
	return folder->ops->exists(folder, shared, ret);
}

static enum psg_err fill_login(const struct psg_call *call, const char *subject,
			       const char *service, struct psg_login *ret)
{
	struct psg_login login = {.binding.audit_id = PSG_AUDIT_NONE};

	if (call->lineage_count == 0 || strlen(subject) >= sizeof(login.subject))
		return PSG_ERR_INVALID;
	login.binding.leader = call->lineage[0];
	memcpy(login.subject, subject, strlen(subject) + 1);
	(void)snprintf(login.service, sizeof(login.service), "%.*s", (int)sizeof(login.service) - 1,
		       service ? service : "");
	*ret = login;
	return PSG_OK;
}

static bool lacks_room(enum psg_err err)
{
	return err == PSG_ERR_NO_ROOM || err == PSG_ERR_NO_INODES || err == PSG_ERR_QUOTA ||
	       err == PSG_ERR_READ_ONLY;
}

/* A full disk must not shut out who has to write nothing to get in: those who would make room. A session leader of root's
 * ends the lineage of all below it by itself, and an audit id that nobody vouches for counts for nothing. Where the id
 * is somebody's already, that must be written down: there is no doing without. */
static enum psg_err register_or_go_without(enum psg_err err, struct psg_call *call)
{
	if (!lacks_room(err) || call->real_uid != 0 ||
	    !psg_leader_same(&call->leader, &call->lineage[0]))
		return err;
	call->audit_own = false;
	return PSG_OK;
}

enum psg_err psg_session_register(struct psg_store *store, const char *subject, const char *service,
				  bool leads, struct psg_call *call)
{
	bool set = call->audit_id != PSG_AUDIT_NONE;
	bool fresh = set && call->audit_id != call->parent_audit_id;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_login login;
	bool known = false;
	enum psg_err err;

	if (!fresh && !leads)
		return PSG_OK;
	err = fill_login(call, subject, service, &login);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, PSG_LOGINS_FOLDER, true, &folder);
	if (err != PSG_OK)
		return fresh || !set ? register_or_go_without(err, call) : err;
	/* The parent of a login may be gone, and init has none: that differs, and is fresh to nobody. */
	if (fresh)
		err = is_shared(store, folder, call->audit_id, &known);
	if (err == PSG_OK && fresh && !known) {
		login.binding.audit_id = call->audit_id;
		err = make_login(store, folder, &login);
		if (err == PSG_OK) {
			call->audit_own = true;
			call->login = login.binding.leader;
		}
		if (err != PSG_ERR_EXISTS)
			return register_or_go_without(err, call);
		err = PSG_OK;
		login.binding.audit_id = PSG_AUDIT_NONE;
	}
	/* The id is an older login's: an sshd that was restarted in it carries it into every login. */
	if (err == PSG_OK && set)
		err = mark_shared(store, folder, call->audit_id);
	if (err == PSG_OK)
		err = make_login(store, folder, &login);
	if (err != PSG_OK && err != PSG_ERR_EXISTS)
		return set ? err : register_or_go_without(err, call);
	call->audit_own = false;
	call->login = login.binding.leader;
	return PSG_OK;
}

/* A login of whomever, begun inside another one, is not that other: `sshd -d` and `sshd -i` lead no session, and the
 * walk goes on above them. */
static void end_at(struct psg_call *call, const struct psg_leader *leader)
{
	for (size_t i = 0; i < call->lineage_count; i++)
		if (psg_leader_same(&call->lineage[i], leader))
			call->lineage_count = i + 1;
}

static enum psg_err end_at_login(struct psg_store *store, struct psg_folder *folder,
				 struct psg_call *call, struct psg_leader *ret)
{
	for (size_t i = 0; i < call->lineage_count; i++) {
		struct psg_binding binding = {.leader = call->lineage[i],
					      .audit_id = PSG_AUDIT_NONE};
		char name[PSG_LOGIN_NAME_SIZE];
		bool there = false;
		enum psg_err err = psg_login_name(store, &binding, name);

		if (err == PSG_OK)
			err = folder->ops->exists(folder, name, &there);
		if (err != PSG_OK)
			return err;
		if (there) {
			call->lineage_count = i + 1;
			call->led = true;
			*ret = binding.leader;
		}
	}
	return PSG_OK;
}

/* NOT_FOUND: no login that lives. */
static enum psg_err find(struct psg_store *store, struct psg_folder *folder,
			 const struct psg_binding *binding, struct psg_login *ret, bool *ret_shared)
{
	char name[PSG_LOGIN_NAME_SIZE], shared[PSG_LOGIN_NAME_SIZE];
	bool alive = false;
	enum psg_err err = psg_login_name(store, binding, name);

	if (err == PSG_OK)
		err = psg_login_read(store, folder, name, ret);
	if (err == PSG_ERR_CORRUPT)
		err = PSG_ERR_NOT_FOUND;
	if (err == PSG_OK)
		err = psg_session_alive(&store->proc, &ret->binding.leader, &alive);
	if (err == PSG_OK && !alive)
		err = PSG_ERR_NOT_FOUND;
	*ret_shared = true;
	psg_login_shared_name(name, shared);
	return err == PSG_OK ? folder->ops->exists(folder, shared, ret_shared) : err;
}

static enum psg_err place_by_audit(struct psg_store *store, struct psg_folder *folder,
				   const char *subject, struct psg_call *call)
{
	struct psg_binding binding = {.audit_id = call->audit_id};
	struct psg_login login;
	bool shared;
	enum psg_err err;

	if (call->audit_id == PSG_AUDIT_NONE)
		return PSG_OK;
	err = find(store, folder, &binding, &login, &shared);
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	end_at(call, &login.binding.leader);
	if (strcmp(login.subject, subject) != 0)
		return PSG_OK;
	call->audit_own = !shared;
	/* Root's processes carry the id where they are not in the login: see same_audit(). */
	if (psg_session_descends(call, &login.binding.leader) ||
	    (!shared && !call->led && call->real_uid != 0 && call->real_uid == call->subject_uid))
		call->login = login.binding.leader;
	return PSG_OK;
}

enum psg_err psg_session_place(struct psg_store *store, const char *subject, struct psg_call *call)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_binding binding = {.audit_id = PSG_AUDIT_NONE};
	struct psg_login login;
	bool shared;
	enum psg_err err = store->root->ops->open(store->root, PSG_LOGINS_FOLDER, false, &folder);

	if (err == PSG_OK)
		err = end_at_login(store, folder, call, &binding.leader);
	if (err == PSG_OK)
		err = place_by_audit(store, folder, subject, call);
	if (err != PSG_OK || call->login.pid > 0 || call->lineage_count == 0)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	/* A login without an id of its own: the walk ends at its leader. */
	if (!psg_leader_same(&binding.leader, &call->lineage[call->lineage_count - 1]))
		return PSG_OK;
	err = find(store, folder, &binding, &login, &shared);
	if (err == PSG_OK && strcmp(login.subject, subject) == 0)
		call->login = login.binding.leader;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

enum psg_err psg_session_find(struct psg_store *store, const char *subject, struct psg_call *call)
{
	struct psg_call found;

	if (!call->unknown)
		return PSG_OK;
	enum psg_err err = psg_session_identify(&store->proc, call->pid, call->subject_uid, &found);

	if (!err && call->begins && found.lineage_count > 0)
		found.lineage_count = 1;
	if (!err)
		err = psg_session_place(store, subject, &found);
	if (err)
		return err;
	found.has_ticket = call->has_ticket;
	memcpy(found.ticket, call->ticket, sizeof(found.ticket));
	*call = found;
	return PSG_OK;
}

enum psg_err psg_session_unregister(struct psg_store *store, const struct psg_call *call)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_binding own = {.audit_id = call->audit_id}, led = {.audit_id = PSG_AUDIT_NONE};
	struct psg_login login;
	char name[PSG_LOGIN_NAME_SIZE];
	enum psg_err err;

	if (call->lineage_count == 0)
		return PSG_OK;
	led.leader = call->lineage[0];
	err = psg_login_name(store, &led, name);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, PSG_LOGINS_FOLDER, false, &folder);
	if (err == PSG_OK) {
		err = folder->ops->remove(folder, name);
		if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	if (err == PSG_OK && own.audit_id != PSG_AUDIT_NONE) {
		err = psg_login_name(store, &own, name);
		if (err == PSG_OK)
			err = psg_login_read(store, folder, name, &login);
		if (err == PSG_OK && psg_leader_same(&login.binding.leader, &led.leader))
			err = folder->ops->remove(folder, name);
	}
	return err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT ? PSG_OK : err;
}
