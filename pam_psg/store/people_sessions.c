/* Audit sessions seen fresh: sessions/BOOT-ID (DESIGN trap 8).
 *
 * MUST vouch only for a whole, sealed registration of this subject whose leader lives
 *   (session_vouch in tests/store/binding_test.c).
 * MUST NOT take an audit id for the session's own because it is set: sshd's children inherit the daemon's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"
#include "psg/record.h"

#define FOLDER "sessions"
#define NAME_SIZE (PSG_BOOT_ID_SIZE + 16)

struct registration {
	struct psg_leader leader;
	char subject[PSG_SUBJECT_SIZE];
};

static enum psg_err name_of(struct psg_store *store, uint32_t audit_id, char out[static NAME_SIZE])
{
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err == PSG_OK)
		(void)snprintf(out, NAME_SIZE, "%s-%" PRIu32, now.boot_id, audit_id);
	return err;
}

static enum psg_err registration_read(struct psg_store *store, struct psg_folder *folder,
				      const char *name, struct registration *ret)
{
	struct registration registration = {.leader.pid = 0};
	char text[PSG_FILE_MAX + 1];
	struct psg_file_info info;
	struct psg_record record;
	enum psg_err err = psg_seal_read(store, folder, FOLDER, name, text, &info);

	if (err != PSG_OK)
		return err;
	psg_record_open(&record, text, "session");
	registration.leader.pid = (pid_t)psg_record_get_u64(&record, "leader-pid", INT32_MAX);
	registration.leader.start_ticks = psg_record_get_u64(&record, "leader-start", UINT64_MAX);
	psg_record_get_text(&record, "user", registration.subject, sizeof(registration.subject));
	if (psg_record_end(&record) != PSG_OK)
		return PSG_ERR_CORRUPT;
	*ret = registration;
	return PSG_OK;
}

static enum psg_err registration_write(struct psg_store *store, struct psg_folder *folder,
				       const char *name, int file, const struct psg_leader *leader,
				       const char *subject)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	psg_record_begin(&text, "session");
	psg_record_put_u64(&text, "leader-pid", (uint64_t)leader->pid);
	psg_record_put_u64(&text, "leader-start", leader->start_ticks);
	psg_record_put_text(&text, "user", subject);
	err = psg_seal_append(store, FOLDER, name, &text);
	if (err == PSG_OK)
		err = folder->ops->write(folder, file, text.data, text.len);
	/* Not synced: a crash ends the session with it. */
	folder->ops->close(folder, file);
	return err;
}

enum psg_err psg_session_register(struct psg_store *store, const char *subject,
				  struct psg_call *call)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	char name[NAME_SIZE];
	int file;
	enum psg_err err;

	if (call->audit_id == PSG_AUDIT_NONE || call->audit_id == call->parent_audit_id ||
	    call->leader.pid <= 0)
		return PSG_OK;
	err = name_of(store, call->audit_id, name);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, FOLDER, true, &folder);
	if (err == PSG_OK)
		err = folder->ops->create(folder, name, &file);
	if (err == PSG_ERR_EXISTS)
		return psg_session_vouch(store, subject, call);
	if (err == PSG_OK)
		err = registration_write(store, folder, name, file, &call->leader, subject);
	if (err == PSG_OK)
		call->audit_own = true;
	return err;
}

enum psg_err psg_session_vouch(struct psg_store *store, const char *subject, struct psg_call *call)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct registration registration;
	char name[NAME_SIZE];
	bool alive = false;
	enum psg_err err;

	if (call->audit_id == PSG_AUDIT_NONE)
		return PSG_OK;
	err = name_of(store, call->audit_id, name);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, FOLDER, false, &folder);
	if (err == PSG_OK)
		err = registration_read(store, folder, name, &registration);
	if (err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT)
		return PSG_OK;
	if (err == PSG_OK && strcmp(registration.subject, subject) == 0 &&
	    registration.leader.pid > 0)
		err = psg_session_alive(&store->proc, &registration.leader, &alive);
	if (err == PSG_OK && alive)
		call->audit_own = true;
	return err;
}

enum psg_err psg_session_unregister(struct psg_store *store, const struct psg_call *call)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct registration registration;
	char name[NAME_SIZE];
	enum psg_err err;

	if (call->audit_id == PSG_AUDIT_NONE || call->leader.pid != call->pid)
		return PSG_OK;
	err = name_of(store, call->audit_id, name);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, FOLDER, false, &folder);
	if (err == PSG_OK)
		err = registration_read(store, folder, name, &registration);
	if (err == PSG_OK && registration.leader.pid == call->leader.pid &&
	    registration.leader.start_ticks == call->leader.start_ticks)
		err = folder->ops->remove(folder, name);
	return err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT ? PSG_OK : err;
}

struct tidy {
	struct psg_store *store;
	struct psg_folder *folder;
	struct psg_now now;
};

/* Damaged ones go after an hour: the one that makes it may be about to write. */
static enum psg_err tidy_one(void *arg, const char *name)
{
	struct tidy *tidy = arg;
	size_t boot_len = strlen(tidy->now.boot_id);
	struct registration registration;
	struct psg_file_info info = {0};
	char text[PSG_FILE_MAX];
	bool over = false;
	enum psg_err err = PSG_OK;

	if (strncmp(name, tidy->now.boot_id, boot_len) != 0 || name[boot_len] != '-') {
		over = true;
	} else {
		err = registration_read(tidy->store, tidy->folder, name, &registration);
		if (err == PSG_OK) {
			err = psg_session_alive(&tidy->store->proc, &registration.leader, &over);
			over = !over;
		} else if (err == PSG_ERR_CORRUPT) {
			err =
			    tidy->folder->ops->read(tidy->folder, name, text, sizeof(text), &info);
			over =
			    err == PSG_OK &&
			    psg_age_by_mtime(&tidy->now, info.mtime_realtime_ns) >= PSG_TIDY_AGE_NS;
		}
	}
	if (err == PSG_OK && over)
		err = tidy->folder->ops->remove(tidy->folder, name);
	return err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT || err == PSG_ERR_UNSAFE ? PSG_OK
											   : err;
}

enum psg_err psg_sessions_tidy(struct psg_store *store)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct tidy tidy = {.store = store};
	enum psg_err err = psg_people_now(store, &tidy.now);

	if (err == PSG_OK)
		err = store->root->ops->sweep(store->root, tidy.now.realtime_ns - PSG_TIDY_AGE_NS);
	if (err == PSG_OK)
		err = store->root->ops->open(store->root, FOLDER, false, &folder);
	if (err == PSG_OK) {
		tidy.folder = folder;
		err = folder->ops->list(folder, tidy_one, &tidy);
	}
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}
