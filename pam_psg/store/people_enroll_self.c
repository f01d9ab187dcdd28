/* The first authenticator of somebody who enrols alone: confirmed, once, and only while it is allowed.
 *
 * MUST take an attempt before the confirming code is looked at (self_test.c, a_wrong_code_is_an_attempt).
 * MUST put the credential whole under a name that only one can make: its id says which assignment let it
 *   (self_test.c, two_at_once; race_self_test.c).
 * MUST hold for a process that slept anywhere: what an administrator took away stays away, since the names
 *   `until-N` void every self-enrolled credential of an assignment made up to then, also one that is put later
 *   (self_test.c, a_sleeper_enrols_nobody).
 * MUST NOT enrol beside an authenticator that is there: that is for its holder or an administrator. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

#define PART "authenticators"
/* "5e1f" and the assignment's time in seconds. A random id is one by an accident of 1 in 2^24. */
#define SELF_ID "5e1f%012" PRIx64
#define SELF_PREFIX "5e1f"
#define UNTIL_NAME "until-%" PRId64
#define UNTIL_PREFIX "until-"

/* -- names -- */

void psg_self_id(int64_t assigned_s, char out[static PSG_CREDENTIAL_ID_SIZE])
{
	(void)snprintf(out, PSG_CREDENTIAL_ID_SIZE, SELF_ID, (uint64_t)assigned_s);
}

bool psg_self_id_parse(const char *id, int64_t *ret_assigned_s)
{
	uint64_t since;

	if (!psg_credential_id_valid(id) || strncmp(id, SELF_PREFIX, strlen(SELF_PREFIX)) != 0)
		return false;
	since = strtoull(id + strlen(SELF_PREFIX), NULL, 16);
	if (since > PSG_SELF_UNTIL_MAX)
		return false;
	*ret_assigned_s = (int64_t)since;
	return true;
}

bool psg_self_until_parse(const char *name, int64_t *ret_until_s)
{
	const char *digits = name + strlen(UNTIL_PREFIX);
	char again[PSG_NUMBER_SIZE];
	int64_t until;

	if (strncmp(name, UNTIL_PREFIX, strlen(UNTIL_PREFIX)) != 0)
		return false;
	until = strtoll(digits, NULL, 10);
	(void)snprintf(again, sizeof(again), UNTIL_NAME, until);
	if (until < 0 || until > PSG_SELF_UNTIL_MAX || strcmp(again, name) != 0)
		return false;
	*ret_until_s = until;
	return true;
}

int64_t psg_self_until(const struct psg_strings *names)
{
	int64_t until = -1, one;

	for (size_t i = 0; i < names->count; i++)
		if (psg_self_until_parse(names->items[i], &one) && one > until)
			until = one;
	return until;
}

enum psg_err psg_self_still(const struct psg_person *authenticators, const char *id)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	int64_t assigned_s;
	enum psg_err err;

	if (!psg_self_id_parse(id, &assigned_s))
		return PSG_OK;
	err = psg_names_list(authenticators->folder, &names);
	return err == PSG_OK && psg_self_until(&names) >= assigned_s ? PSG_ERR_NOT_FOUND : err;
}

enum psg_err psg_self_void(const struct psg_person *authenticators, int64_t until_s)
{
	const struct psg_folder_ops *ops = authenticators->folder->ops;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	char name[PSG_NUMBER_SIZE];
	int64_t one;
	int file;
	enum psg_err err = psg_names_list(authenticators->folder, &names);

	if (err != PSG_OK || psg_self_until(&names) >= until_s)
		return err;
	(void)snprintf(name, sizeof(name), UNTIL_NAME, until_s);
	err = ops->create(authenticators->folder, name, &file);
	if (err == PSG_OK)
		ops->close(authenticators->folder, file);
	else if (err != PSG_ERR_EXISTS)
		return err;
	err = ops->sync_names(authenticators->folder);
	/* The highest says it all. */
	for (size_t i = 0; i < names.count && err == PSG_OK; i++)
		if (psg_self_until_parse(names.items[i], &one))
			psg_best_effort(ops->remove(authenticators->folder, names.items[i]));
	return err;
}

/* -- enrolling -- */

/* Nobody else has enrolled this person, and nobody has taken away what an assignment of then let enrol. */
static enum psg_err still_nobody(const struct psg_person *whole, int64_t assigned_s)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	enum psg_err err = psg_person_part(whole, PART, false, &person);

	if (err == PSG_OK)
		err = psg_names_list(person.folder, &names);
	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	if (err == PSG_OK && psg_self_until(&names) >= assigned_s)
		err = PSG_ERR_NOT_ENROLLED;
	if (err == PSG_OK)
		err = psg_credentials_read(whole, &list);
	if (err == PSG_OK && list.count + list.unreadable > 0)
		err = PSG_ERR_EXISTS;
	return err;
}

enum psg_err psg_people_self_open(struct psg_store *store, const char *subject, int64_t assigned_s)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	return err == PSG_OK ? still_nobody(&whole, assigned_s) : err;
}

/* Written and synced beside, then named where nothing has the name: whoever is killed leaves a hidden file for the sweep. */
static enum psg_err put_new(const struct psg_person *whole, const struct psg_credential *credential)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	uint8_t sealed[PSG_CREDENTIAL_SEALED_MAX], number[8];
	char beside[PSG_NUMBER_SIZE] = ".self-";
	size_t len;
	enum psg_err err = psg_person_part(whole, PART, true, &person);

	if (err == PSG_OK)
		err = psg_credential_seal(&person, credential, sealed, sizeof(sealed), &len);
	if (err != PSG_OK)
		return err;
	psg_random(number, sizeof(number));
	psg_hex_encode(number, sizeof(number), beside + strlen(beside));
	err = person.folder->ops->replace(person.folder, beside, sealed, len);
	if (err != PSG_OK)
		return err;
	err = person.folder->ops->rename(person.folder, beside, credential->id, false);
	if (err == PSG_OK)
		err = person.folder->ops->sync_names(person.folder);
	else
		psg_best_effort(person.folder->ops->remove(person.folder, beside));
	return err;
}

static enum psg_err confirm(const struct psg_self *self, const struct psg_attempt *attempt)
{
	uint64_t step;

	return psg_totp_match(self->credential, attempt->now.realtime_ns / PSG_NS_PER_S,
			      self->window_steps, false, 0, self->code, &step);
}

enum psg_err psg_people_enroll_self(struct psg_store *store, const struct psg_self *self,
				    int64_t *ret_wait_ns)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_attempt attempt;
	struct psg_now now;
	int64_t assigned_s;
	enum psg_err err = PSG_ERR_INVALID;

	if (psg_self_id_parse(self->credential->id, &assigned_s))
		err = psg_person_open(store, self->subject, NULL, true, &whole);
	if (err == PSG_OK)
		err =
		    psg_attempt_take_of(&whole, self->apart, self->throttle, &attempt, ret_wait_ns);
	if (err == PSG_OK)
		err = confirm(self, &attempt);
	/* What was true at the prompt may have changed since, however long ago that was. */
	if (err == PSG_OK)
		err = still_nobody(&whole, assigned_s);
	if (err == PSG_OK && self->recheck != NULL)
		err = self->recheck(self->recheck_arg);
	if (err == PSG_OK)
		err = psg_still_soon(store, &attempt.now, &now);
	if (err == PSG_OK)
		err = put_new(&whole, self->credential);
	if (err == PSG_OK)
		psg_best_effort(psg_attempts_forgive_of(&whole, self->apart, attempt.number));
	return err;
}
