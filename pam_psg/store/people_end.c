/* Ending and binding: names made beside an activation, the first wins (DESIGN section 5, rule 3).
 *
 * MUST make the name of an end whether or not anything stands in the file yet: a process asleep before
 *   its write wakes to an ended one (interleave_test.c, "end and tidy against claim").
 * MUST NOT touch another target's or session's activation (supersede_touches_nothing_else in
 *   tests/store/people_test.c).
 * MUST NOT bind after the ticket's 120 s, however long this process slept (bind_too_late). */
#include <string.h>

#include "people.h"

static enum psg_err end_text(const struct psg_person *spent, const char *name,
			     enum psg_end_reason reason, struct psg_buf *text)
{
	struct psg_end end = {.reason = reason};
	struct psg_now now;

	if (psg_people_now(spent->store, &now) == PSG_OK) {
		memcpy(end.boot_id, now.boot_id, sizeof(end.boot_id));
		end.realtime_ns = now.realtime_ns;
		end.boottime_ns = now.boottime_ns;
	}
	psg_end_encode(&end, text);
	return psg_seal_append(spent->store, spent->context, name, text);
}

enum psg_err psg_spent_end(const struct psg_person *spent, const char *file,
			   enum psg_end_reason reason, bool *ret_first)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char name[PSG_ACTIVATION_FILE_SIZE + 16];
	int handle;
	enum psg_err err;

	psg_spent_beside(file, PSG_SPENT_ENDED, name);
	err = spent->folder->ops->create(spent->folder, name, &handle);
	if (err == PSG_OK || err == PSG_ERR_EXISTS) {
		if (ret_first != NULL)
			*ret_first = err == PSG_OK;
	}
	if (err != PSG_OK)
		return err == PSG_ERR_EXISTS ? PSG_OK : err;
	/* The name has ended it. What stands in it is for people, and a crash before it is durable
	 * is a reboot, which ends every activation: so nothing from here on is a failure. */
	err = end_text(spent, name, reason, &text);
	if (err == PSG_OK)
		err = spent->folder->ops->write(spent->folder, handle, text.data, text.len);
	if (err == PSG_OK)
		err = spent->folder->ops->sync(spent->folder, handle);
	spent->folder->ops->close(spent->folder, handle);
	(void)spent->folder->ops->sync_names(spent->folder);
	return PSG_OK;
}

enum psg_err psg_activation_end(struct psg_store *store, const char *subject, const char *file,
				enum psg_end_reason reason, bool *ret_first)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];
	struct psg_spent_name name;
	bool there = false;
	enum psg_err err;

	if (!psg_spent_name_parse(file, &name) || name.part != PSG_SPENT_RECORD)
		return PSG_ERR_INVALID;
	err = psg_person_open(store, subject, "spent", false, &spent);
	if (err == PSG_OK)
		err = spent.folder->ops->exists(spent.folder, file, &there);
	if (err == PSG_OK && !there) {
		psg_spent_beside(file, PSG_SPENT_ENDED, ended);
		err = spent.folder->ops->exists(spent.folder, ended, &there);
	}
	if (err == PSG_OK && !there)
		err = PSG_ERR_NOT_FOUND;
	return err == PSG_OK ? psg_spent_end(&spent, file, reason, ret_first) : err;
}

enum psg_err psg_activation_end_closed(struct psg_store *store, const char *subject,
				       const char *file, enum psg_end_reason reason)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];
	bool there = false;
	enum psg_err err = psg_person_open(store, subject, "spent", false, &spent);

	psg_spent_beside(file, PSG_SPENT_ENDED, ended);
	if (err == PSG_OK)
		err = spent.folder->ops->exists(spent.folder, ended, &there);
	if (err == PSG_OK && !there)
		err = PSG_ERR_NOT_FOUND;
	if (err == PSG_OK)
		err = end_text(&spent, ended, reason, &text);
	/* Renamed over: the name is there all the time, and ended it stays. */
	return err == PSG_OK ? spent.folder->ops->replace(spent.folder, ended, text.data, text.len)
			     : err;
}

static bool same_session(const struct psg_binding *a, const struct psg_binding *b)
{
	if (a->leader.pid > 0 && a->leader.pid == b->leader.pid &&
	    a->leader.start_ticks == b->leader.start_ticks)
		return true;
	return a->audit_id != PSG_AUDIT_NONE && a->audit_id == b->audit_id;
}

/* Older by the boot clock, then by name: of two that are made at once exactly one is the older. */
static bool is_older(const struct psg_activation *a, const struct psg_activation *b)
{
	if (a->created_boottime_ns != b->created_boottime_ns)
		return a->created_boottime_ns < b->created_boottime_ns;
	return strcmp(a->file, b->file) < 0;
}

static bool supersedes(const struct psg_activation *newer, const struct psg_activation *older)
{
	if (!older->valid || older->ended || older->kind != newer->kind ||
	    strcmp(older->target, newer->target) != 0 || older->scope != newer->scope ||
	    !psg_boot_same(older->boot_id, newer->boot_id) || !is_older(older, newer))
		return false;
	if (newer->scope == PSG_SCOPE_HOST)
		return true;
	return newer->bound && older->bound && same_session(&newer->binding, &older->binding);
}

void psg_spent_supersede(const struct psg_person *spent, const struct psg_activation *newer)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_now now;

	/* A ticket's session is not known yet: psg_activation_bind ends what it supersedes. */
	if (newer->scope == PSG_SCOPE_SESSION && !newer->bound)
		return;
	if (psg_people_now(spent->store, &now) != PSG_OK ||
	    psg_names_list(spent->folder, &names) != PSG_OK)
		return;
	for (size_t i = 0; i < names.count; i++) {
		struct psg_spent_name name;
		struct psg_spent one;

		if (!psg_spent_name_parse(names.items[i], &name) || name.part != PSG_SPENT_RECORD ||
		    psg_spent_read(spent, &names, name.file, &one) != PSG_OK)
			continue;
		/* What lapsed by itself is somebody's to log as lapsed. What cannot be ended lapses. */
		if (supersedes(newer, &one.activation) &&
		    psg_activation_left_ns(&one.activation, &now) > 0)
			psg_best_effort(psg_spent_end(spent, name.file, PSG_END_SUPERSEDED, NULL));
	}
}

/* -- binding -- */

static enum psg_err may_bind(const struct psg_activation *activation, const struct psg_now *now)
{
	if (!activation->valid)
		return PSG_ERR_CORRUPT;
	if (activation->bound)
		return PSG_ERR_EXISTS;
	if (activation->scope != PSG_SCOPE_SESSION || !activation->has_ticket)
		return PSG_ERR_INVALID;
	if (activation->ended || psg_activation_left_ns(activation, now) <= 0 ||
	    now->boottime_ns < activation->created_boottime_ns ||
	    now->boottime_ns - activation->created_boottime_ns > PSG_TICKET_LIFE_NS)
		return PSG_ERR_STALE;
	return PSG_OK;
}

static enum psg_err look(const struct psg_person *spent, const char *file, struct psg_spent *ret)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_names_list(spent->folder, &names);

	return err == PSG_OK ? psg_spent_read(spent, &names, file, ret) : err;
}

/* Writes the binding into FILE.session just made; left empty, it binds to nothing. */
static enum psg_err bind_write(const struct psg_person *spent, const char *name, int handle,
			       const struct psg_binding *binding)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	psg_binding_encode(binding, &text);
	err = psg_seal_append(spent->store, spent->context, name, &text);
	if (err == PSG_OK)
		return psg_record_store(spent->folder, handle, &text);
	spent->folder->ops->close(spent->folder, handle);
	return err;
}

static enum psg_err bind_won(const struct psg_person *spent, const struct psg_activation *unbound,
			     const char *name, int handle, const struct psg_binding *binding)
{
	struct psg_spent one;
	struct psg_now now;
	enum psg_err err = psg_people_now(spent->store, &now);

	/* Again, now that the name is ours: this process may have slept before it made it. */
	if (err == PSG_OK)
		err = may_bind(unbound, &now);
	if (err != PSG_OK) {
		spent->folder->ops->close(spent->folder, handle);
		return err;
	}
	err = bind_write(spent, name, handle, binding);
	if (err == PSG_OK)
		err = look(spent, unbound->file, &one);
	if (err == PSG_OK && (one.activation.ended || !one.activation.bound ||
			      !same_session(&one.activation.binding, binding)))
		err = PSG_ERR_STALE;
	if (err == PSG_OK)
		psg_spent_supersede(spent, &one.activation);
	return err == PSG_ERR_NOT_FOUND ? PSG_ERR_STALE : err;
}

enum psg_err psg_activation_bind(struct psg_store *store, const char *subject, const char *file,
				 const struct psg_binding *binding)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	char session[PSG_ACTIVATION_FILE_SIZE + 16];
	struct psg_spent_name name;
	struct psg_spent one;
	struct psg_now now;
	int handle;
	enum psg_err err = PSG_ERR_INVALID;

	if (psg_spent_name_parse(file, &name) && name.part == PSG_SPENT_RECORD &&
	    binding->leader.pid > 0)
		err = psg_person_open(store, subject, "spent", false, &spent);
	if (err == PSG_OK)
		err = look(&spent, file, &one);
	if (err == PSG_OK)
		err = psg_people_now(store, &now);
	if (err == PSG_OK)
		err = may_bind(&one.activation, &now);
	if (err != PSG_OK)
		return err;
	psg_spent_beside(file, PSG_SPENT_SESSION, session);
	err = spent.folder->ops->create(spent.folder, session, &handle);
	if (err != PSG_OK)
		return err;
	err = bind_won(&spent, &one.activation, session, handle, binding);
	/* Bound to nothing, or perhaps to a session that is told it failed: neither may live on. */
	if (err != PSG_OK)
		psg_best_effort(psg_spent_end(&spent, file, PSG_END_FAILED, NULL));
	return err;
}
