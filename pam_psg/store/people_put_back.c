/* A person put back from a backup, see psg/backup.h, while logins go on.
 *
 * A backup knows nothing of what happened after it: of codes used since, of activations ended since. So of all that was
 * spent nothing is taken away here, and nothing that opens is brought back: names are added, empty. And since the
 * host may have lost its own names (that is mostly why one restores), every step that could have been accepted by now
 * is spent unseen: those up to the end of the window. The next code that works begins one step after that.
 *
 * MUST spend, durably, before an authenticator is there that could open by what is being spent (put_back_order in
 *   tests/store/backup_test.c; tests/fault/killed_restore_test.c, killed at every call).
 * MUST NOT remove or rewrite a name in spent/: what is there, ended or live, is this host's to know
 *   (put_back_revives_nothing).
 * MUST keep the stricter of two counts of attempts (put_back_attempts). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"
#include "psg/backup.h"

static uint64_t last_step(const struct psg_put_back *how,
			  const struct psg_carried_authenticator *one, const struct psg_now *now)
{
	const struct psg_credential credential = {.period_s = one->period_s};

	return psg_totp_step(&credential, now->realtime_ns / PSG_NS_PER_S) + how->window_steps;
}

static int64_t next_code_s(const struct psg_put_back *how, const struct psg_now *now)
{
	int64_t latest_s = 0;

	for (size_t i = 0; i < how->carried->authenticator_count; i++) {
		const struct psg_carried_authenticator *one = &how->carried->authenticators[i];
		int64_t next_s = (int64_t)(last_step(how, one, now) + 1) * one->period_s;

		if (next_s > latest_s)
			latest_s = next_s;
	}
	return latest_s;
}

/* -- spent/ -- */

static enum psg_err spend(const struct psg_person *spent, const struct psg_strings *names,
			  const char *name)
{
	int file;

	if (psg_strings_has(names, name))
		return PSG_OK;
	enum psg_err err = spent->folder->ops->create(spent->folder, name, &file);

	if (err == PSG_OK)
		spent->folder->ops->close(spent->folder, file);
	return err == PSG_ERR_EXISTS ? PSG_OK : err;
}

/* Ended there, it ends here: it can only be one that this host forgot it had ended. */
static enum psg_err end(const struct psg_person *spent, const struct psg_strings *names,
			const char *name)
{
	return psg_strings_has(names, name) ? psg_spent_end(spent, name, PSG_END_DEACTIVATED, NULL)
					    : spend(spent, names, name);
}

static enum psg_err spend_all(const struct psg_person *whole, const struct psg_put_back *how,
			      const struct psg_now *now)
{
	const struct psg_carried *carried = how->carried;
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_person_part(whole, "spent", true, &spent);

	if (err == PSG_OK)
		err = psg_names_list(spent.folder, &names);
	for (size_t i = 0; i < carried->authenticator_count && err == PSG_OK; i++) {
		const struct psg_carried_authenticator *one = &carried->authenticators[i];
		char name[PSG_ACTIVATION_FILE_SIZE];

		(void)snprintf(name, sizeof(name), "%s-%" PRIu64, one->id,
			       last_step(how, one, now));
		err = spend(&spent, &names, name);
	}
	for (size_t i = 0; i < carried->spent.count && err == PSG_OK; i++)
		err = spend(&spent, &names, carried->spent.items[i]);
	for (size_t i = 0; i < carried->ended.count && err == PSG_OK; i++)
		err = end(&spent, &names, carried->ended.items[i]);
	/* Also with nothing new: whoever made the names may have been killed before this. */
	return err == PSG_OK ? spent.folder->ops->sync_names(spent.folder) : err;
}

/* -- attempts -- */

/* The highest alone tells how many count and since when: one is made, as of now. */
static enum psg_err put_attempts(const struct psg_person *whole,
				 const struct psg_carried_attempts *one)
{
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {0};
	const struct psg_throttle any = {.attempts = 1};
	struct psg_judgement judgement = {0};
	struct psg_tally tally;
	enum psg_err err = psg_attempts_open(whole, one->apart, true, &attempts);

	if (err == PSG_OK)
		err = psg_tally_list(&attempts, &tally);
	if (err == PSG_OK)
		err = psg_attempts_judge(&attempts, &any, tally, &judgement);
	/* Its highest was forgiven just now: by a right code. */
	if (err != PSG_OK || judgement.count >= one->count)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	uint64_t number = tally.forgiven + one->count;

	return psg_stamp_anew(&attempts, number > tally.highest ? number : tally.highest);
}

/* -- authenticators/ -- */

static bool is_carried(const struct psg_carried *carried, const char *id)
{
	for (size_t i = 0; i < carried->authenticator_count; i++)
		if (strcmp(carried->authenticators[i].id, id) == 0)
			return true;
	return false;
}

static bool is_there(const struct psg_person *person, const struct psg_carried_authenticator *one)
{
	uint8_t sealed[PSG_SEALED_MAX];
	struct psg_file_info info;

	return person->folder->ops->read(person->folder, one->id, sealed, sizeof(sealed), &info) ==
		   PSG_OK &&
	       info.len == one->len && memcmp(sealed, one->sealed, one->len) == 0;
}

/* `write` false: only counted. */
static enum psg_err put_authenticators(const struct psg_person *person,
				       const struct psg_carried *carried, bool write,
				       struct psg_put_back_result *result)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	const struct psg_folder_ops *ops = person->folder->ops;
	enum psg_err err = psg_names_list(person->folder, &names);
	int64_t until_s;

	/* Before any that it makes void could be there. */
	if (err == PSG_OK && write && carried->has_until)
		err = psg_self_void(person, carried->until_s);
	for (size_t i = 0; i < carried->authenticator_count && err == PSG_OK; i++) {
		const struct psg_carried_authenticator *one = &carried->authenticators[i];

		if (is_there(person, one))
			continue;
		if (write)
			err = ops->replace(person->folder, one->id, one->sealed, one->len);
		result->put++;
	}
	for (size_t i = 0; i < names.count && err == PSG_OK; i++) {
		/* What was taken away here stays so. */
		if (is_carried(carried, names.items[i]) ||
		    psg_self_until_parse(names.items[i], &until_s))
			continue;
		if (write)
			err = ops->remove(person->folder, names.items[i]);
		result->removed++;
		if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	return err == PSG_OK && write ? ops->sync_names(person->folder) : err;
}

static enum psg_err authenticators(const struct psg_person *whole,
				   const struct psg_carried *carried, bool write,
				   struct psg_put_back_result *result)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_part(
	    whole, "authenticators",
	    write && (carried->authenticator_count > 0 || carried->has_until), &person);

	if (err == PSG_OK)
		return put_authenticators(&person, carried, write, result);
	if (err == PSG_ERR_NOT_FOUND && !write)
		result->put += carried->authenticator_count;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err look_recovery(const struct psg_person *whole, const struct psg_carried *carried,
				  struct psg_put_back_result *result)
{
	bool there = false;
	enum psg_err err = carried->recovery
			       ? whole->folder->ops->exists(whole->folder, "recovery", &there)
			       : PSG_OK;

	result->recovery_lost = carried->recovery && !there;
	return err;
}

enum psg_err psg_people_put_back(struct psg_store *store, const struct psg_put_back *how,
				 struct psg_put_back_result *ret)
{
	const struct psg_carried *carried = how->carried;
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_put_back_result result = {.put = 0};
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err == PSG_OK)
		err = psg_person_open(store, carried->subject, NULL, true, &whole);
	if (err == PSG_OK)
		err = spend_all(&whole, how, &now);
	for (size_t i = 0; i < carried->attempts_count && how->attempts && err == PSG_OK; i++)
		err = put_attempts(&whole, &carried->attempts[i]);
	if (err == PSG_OK)
		err = authenticators(&whole, carried, true, &result);
	if (err == PSG_OK)
		err = look_recovery(&whole, carried, &result);
	if (err != PSG_OK)
		return err;
	result.next_code_s = next_code_s(how, &now);
	*ret = result;
	return PSG_OK;
}

enum psg_err psg_people_put_back_look(struct psg_store *store, const struct psg_put_back *how,
				      struct psg_put_back_result *ret)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_put_back_result result = {.put = 0};
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err == PSG_OK)
		err = psg_person_open(store, how->carried->subject, NULL, false, &whole);
	if (err == PSG_OK)
		err = authenticators(&whole, how->carried, false, &result);
	if (err == PSG_OK)
		err = look_recovery(&whole, how->carried, &result);
	if (err == PSG_ERR_NOT_FOUND) {
		result.put = how->carried->authenticator_count;
		result.recovery_lost = how->carried->recovery;
		err = PSG_OK;
	}
	if (err != PSG_OK)
		return err;
	result.next_code_s = next_code_s(how, &now);
	*ret = result;
	return PSG_OK;
}
