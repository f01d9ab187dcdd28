/* From what was read to what is enrolled: everything is looked at before anything is written.
 *
 * MUST: spend what was spent elsewhere before its authenticator is there: no code is ever good twice
 *       (tests/cli/test_import.py, test_the_last_code_stays_spent).
 * MUST: take back what it put when something fails (test_a_store_that_fails_keeps_nothing). */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

static int by_user_and_line(const void *left, const void *right)
{
	const struct import_entry *a = left, *b = right;
	int order = strcmp(a->user, b->user);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool same_secret(const struct psg_credential *a, const struct psg_credential *b)
{
	return a->secret_len == b->secret_len &&
	       sodium_memcmp(a->secret, b->secret, a->secret_len) == 0;
}

static bool find_account(struct import *import, struct import_entry *entry)
{
	struct psg_subject subject;
	enum ctl_exit status = ctl_person(import->ctl, entry->user, &subject);

	if (status)
		return false;
	if (subject.uid == (uid_t)-1)
		ctl_warn(import->ctl, "there is no account %s on this host yet",
			 ctl_safe(entry->user));
	memcpy(entry->user, subject.name, sizeof(entry->user));
	return true;
}

/* One secret under two ids would open two doors with one code. */
static void find_twins(struct import *import, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		for (size_t j = first; j < i; j++)
			if (same_secret(&import->entries[i].credential,
					&import->entries[j].credential)) {
				import_problem(
				    import, false, import->entries[i].line, "take one of them out",
				    "%s has this secret in line %d already",
				    ctl_safe(import->entries[i].user), import->entries[j].line);
				break;
			}
}

/* What the person has: the same secret keeps its id, and with it what was spent of it. */
static bool compare(struct import *import, size_t first, size_t end)
{
	struct psg_credentials old PSG_CLEANUP(psg_credentials_clear) = {0};
	const char *user = import->entries[first].user;
	size_t there = 0;
	enum psg_err err = psg_people_credentials(import->ctl->store, user, &old);

	if (err) {
		ctl_store_error(import->ctl, "reading the authenticators", err);
		return false;
	}
	for (size_t i = first; i < end; i++) {
		struct import_entry *entry = &import->entries[i];

		for (size_t j = 0; j < old.count && !entry->there; j++) {
			if (!same_secret(&entry->credential, &old.items[j]))
				continue;
			entry->there = true;
			memcpy(entry->credential.id, old.items[j].id, sizeof(old.items[j].id));
			there++;
		}
	}
	if (old.count + old.unreadable > 0 && there < end - first && !import->replace &&
	    !import->add)
		import_problem(import, false, import->entries[first].line,
			       "--replace takes the old authenticator away, --add keeps it beside "
			       "the new one",
			       "%s is enrolled already", ctl_safe(user));
	return true;
}

/* The end of the entries of the same user. */
static size_t group_end(const struct import *import, size_t first)
{
	size_t end = first + 1;

	while (end < import->count &&
	       strcmp(import->entries[end].user, import->entries[first].user) == 0)
		end++;
	return end;
}

static bool look_at_codes(struct import *import)
{
	struct psg_recovery old = {.count = 0};
	enum psg_err err;

	if (import->code_count == 0 || import->count == 0)
		return true;
	err = psg_recovery_look(import->ctl->store, import->entries[0].user, &old);
	if (err && err != PSG_ERR_CORRUPT) {
		ctl_store_error(import->ctl, "reading the recovery codes", err);
		return false;
	}
	if ((!old.count && !err) || import->replace)
		return true;
	import->code_count = 0;
	import_problem(import, true, 0, "--replace puts them in the place of those",
		       "the scratch codes of %s are not carried: there are recovery codes already",
		       ctl_safe(import->entries[0].user));
	return true;
}

bool import_resolve(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		if (!find_account(import, &import->entries[i]))
			return false;
	if (import->count > 0)
		qsort(import->entries, import->count, sizeof(*import->entries), by_user_and_line);
	for (size_t first = 0, end; first < import->count; first = end) {
		end = group_end(import, first);
		find_twins(import, first, end);
		if (!compare(import, first, end))
			return false;
	}
	return look_at_codes(import);
}

/* -- writing -- */

static enum psg_err put(struct import *import, const struct import_entry *entry)
{
	struct psg_store *store = import->ctl->store;
	enum psg_err err = PSG_OK;

	if (entry->spent)
		err = psg_people_spend(store, entry->user, entry->credential.id, entry->step);
	if (!err && !entry->there)
		err = psg_people_enroll(store, entry->user, &entry->credential);
	return err;
}

static void take_back(struct import *import, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct import_entry *entry = &import->entries[i];
		size_t removed;
		enum psg_err err = entry->there
				       ? PSG_OK
				       : psg_people_unenroll(import->ctl->store, entry->user,
							     entry->credential.id, &removed);

		if (err)
			ctl_error(
			    import->ctl,
			    "authenticator %s of %s could not be removed again: %s; remove it with "
			    "psgctl unenroll and --id",
			    entry->credential.id, ctl_safe(entry->user), psg_strerror(err));
	}
}

static bool is_imported(const struct import *import, size_t first, size_t end, const char *id)
{
	for (size_t i = first; i < end; i++)
		if (strcmp(import->entries[i].credential.id, id) == 0)
			return true;
	return false;
}

/* What was there before goes when all that is new is in. */
static enum psg_err remove_old(struct import *import, size_t first, size_t end)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_store *store = import->ctl->store;
	const char *user = import->entries[first].user;
	size_t removed;
	enum psg_err err = psg_people_credentials(store, user, &list);

	for (size_t i = 0; i < list.count && !err; i++)
		if (!is_imported(import, first, end, list.items[i].id))
			err = psg_people_unenroll(store, user, list.items[i].id, &removed);
	/* What the key does not open cannot be told by its id: all go, and the new ones come back. */
	if (!err && list.unreadable)
		err = psg_people_unenroll(store, user, NULL, &removed);
	for (size_t i = first; i < end && !err && list.unreadable; i++)
		err = psg_people_enroll(store, user, &import->entries[i].credential);
	return err;
}

static enum psg_err put_codes(struct import *import)
{
	const char *codes[PSG_RECOVERY_MAX];
	char what[64];

	if (import->code_count == 0)
		return PSG_OK;
	for (size_t i = 0; i < import->code_count; i++)
		codes[i] = import->codes[i];
	enum psg_err err = psg_recovery_put(import->ctl->store, import->entries[0].user, codes,
					    import->code_count);
	struct psg_event event = {
	    .kind = PSG_EVENT_RECOVERY_MADE, .user = import->entries[0].user, .reason = what};

	snprintf(what, sizeof(what), "%zu scratch codes, imported", import->code_count);
	if (!err)
		ctl_event(import->ctl, &event);
	return err;
}

static void report(struct import *import, const struct import_entry *entry)
{
	char what[96];
	struct psg_event event = {.kind = PSG_EVENT_ENROLLED, .user = entry->user, .reason = what};

	snprintf(what, sizeof(what), "authenticator %s, imported from %s%s", entry->credential.id,
		 import->format == IMPORT_OATH ? "pam_oath" : "google-authenticator",
		 import->replace ? ", replacing" : "");
	if (!entry->there)
		ctl_event(import->ctl, &event);
}

bool import_store(struct import *import)
{
	enum psg_err err = PSG_OK;
	size_t done = 0;

	while (done < import->count && !err)
		err = put(import, &import->entries[done++]);
	if (!err)
		err = put_codes(import);
	if (err) {
		take_back(import, done);
		ctl_store_error(import->ctl, "importing", err);
		return false;
	}
	for (size_t i = 0; i < import->count; i++)
		report(import, &import->entries[i]);
	for (size_t first = 0, end; first < import->count && import->replace && !err; first = end) {
		end = group_end(import, first);
		err = remove_old(import, first, end);
	}
	if (err)
		ctl_store_error(import->ctl, "removing the old authenticators", err);
	return !err;
}
