/* A person carried into a backup, see psg/backup.h, while logins go on and nobody waits for anybody.
 *
 * The order is what makes it whole. Authenticators are read first, then the names in spent/: a code that was spent, durably,
 * before its authenticator was read has its name already, and a listing is of one moment (files_list.c). So no
 * authenticator is carried without the codes that were spent when it was read. The other way round a device enrolled
 * and confirmed in between would come without the code that confirmed it. What tidying removes meanwhile is never
 * a highest step. Codes spent after the listing are not in the backup, however it is made, and nothing here can help that:
 * psg_people_put_back spends them all, unseen, by their steps.
 *
 * MUST read authenticators before spent/ (carry_order in tests/store/carry_test.c).
 * MUST NOT carry what opens something: no activation, no binding, no recovery code (carried_is_no_activation). */
#include <stdio.h>
#include <string.h>

#include "people.h"
#include "psg/backup.h"
#include "psg/record.h"

#define ATTEMPTS "attempts"
#define ATTEMPTS_APART ATTEMPTS "-"
#define RECOVERY "recovery"

struct carrying {
	const struct psg_person *whole;
	struct psg_buf *out;
	struct psg_strings parts; /* attempts and attempts-UID */
	bool recovery, any;
	struct psg_carry_count count;
};

static void carrying_clear(struct carrying *carrying)
{
	psg_strings_clear(&carrying->parts);
}

static enum psg_err carry_authenticator(struct carrying *carrying, const struct psg_person *person,
					const char *id)
{
	struct psg_credential credential PSG_CLEANUP(psg_credential_clear) = {.secret_len = 0};
	uint8_t sealed[PSG_SEALED_MAX];
	struct psg_file_info info;
	enum psg_err err = PSG_ERR_CORRUPT;

	if (psg_credential_id_valid(id))
		err = person->folder->ops->read(person->folder, id, sealed, sizeof(sealed), &info);
	if (err == PSG_OK)
		err = psg_credential_unseal(person->store->key, person->context, id, sealed,
					    info.len, &credential);
	if (err == PSG_ERR_CORRUPT || err == PSG_ERR_UNSAFE) {
		carrying->count.unreadable++;
		return PSG_OK;
	}
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	psg_record_put_text(carrying->out, "authenticator", id);
	psg_record_put_hex(carrying->out, "sealed", sealed, info.len);
	carrying->count.authenticators++;
	carrying->any = true;
	return PSG_OK;
}

/* The mark of what was taken away goes along; what it makes void does not. */
static enum psg_err carry_authenticators(struct carrying *carrying)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_person_part(carrying->whole, "authenticators", false, &person);
	int64_t until_s = -1, made_s;

	if (err == PSG_OK)
		err = psg_names_list(person.folder, &names);
	if (err == PSG_OK)
		until_s = psg_self_until(&names);
	for (size_t i = 0; i < names.count && err == PSG_OK; i++) {
		if (psg_self_until_parse(names.items[i], &made_s) ||
		    (psg_self_id_parse(names.items[i], &made_s) && made_s <= until_s))
			continue;
		err = carry_authenticator(carrying, &person, names.items[i]);
	}
	if (err == PSG_OK && until_s >= 0) {
		psg_record_put_u64(carrying->out, "until", (uint64_t)until_s);
		carrying->any = true;
	}
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err see_part(void *arg, const char *name)
{
	struct carrying *carrying = arg;

	carrying->recovery |= strcmp(name, RECOVERY) == 0;
	return strncmp(name, ATTEMPTS, strlen(ATTEMPTS)) == 0
		   ? psg_strings_add(&carrying->parts, name)
		   : PSG_OK;
}

/* Those that count now. How old they are is not carried: put back, they are as new as can be. */
static enum psg_err carry_attempts(struct carrying *carrying, const char *part)
{
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {0};
	const struct psg_throttle any = {.attempts = 1};
	struct psg_judgement judgement = {0};
	struct psg_tally tally;
	enum psg_err err = psg_person_part(carrying->whole, part, false, &attempts);

	if (err == PSG_OK)
		err = psg_tally_list(&attempts, &tally);
	if (err == PSG_OK)
		err = psg_attempts_judge(&attempts, &any, tally, &judgement);
	if (err != PSG_OK || judgement.count == 0)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	psg_record_put_text(carrying->out, "attempts", part);
	psg_record_put_u64(carrying->out, "count", judgement.count);
	carrying->any = true;
	return PSG_OK;
}

/* Whatever kind of code it is that a name stands for. */
static void carry_name(struct carrying *carrying, const struct psg_strings *names, const char *name)
{
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];

	if (!psg_carried_name_valid(name))
		return;
	psg_spent_beside(name, PSG_SPENT_ENDED, ended);
	psg_record_put_text(carrying->out, psg_strings_has(names, ended) ? "ended" : "spent", name);
	carrying->count.spent++;
	carrying->any = true;
}

static enum psg_err carry_spent(struct carrying *carrying)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_person_part(carrying->whole, "spent", false, &spent);

	if (err == PSG_OK)
		err = psg_names_list(spent.folder, &names);
	for (size_t i = 0; i < names.count && err == PSG_OK; i++)
		carry_name(carrying, &names, names.items[i]);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

enum psg_err psg_people_carry(struct psg_store *store, const char *subject, struct psg_buf *out,
			      struct psg_carry_count *ret_count)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	struct carrying carrying PSG_CLEANUP(carrying_clear) = {.whole = &whole, .out = &text};
	enum psg_err err = store->key == NULL ? PSG_ERR_KEY : PSG_OK;

	if (err == PSG_OK)
		err = psg_person_open(store, subject, NULL, false, &whole);
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	psg_record_begin(&text, "person");
	psg_record_put_text(&text, "name", subject);
	err = carry_authenticators(&carrying);
	if (err == PSG_OK)
		err = whole.folder->ops->list(whole.folder, see_part, &carrying);
	psg_strings_sort(&carrying.parts);
	for (size_t i = 0; i < carrying.parts.count && err == PSG_OK; i++)
		err = carry_attempts(&carrying, carrying.parts.items[i]);
	if (err == PSG_OK)
		err = carry_spent(&carrying);
	if (err != PSG_OK)
		return err;
	if (carrying.recovery)
		psg_record_put_text(&text, "left", RECOVERY);
	if (carrying.any || carrying.recovery)
		psg_buf_put(out, text.data, text.len);
	ret_count->authenticators += carrying.count.authenticators;
	ret_count->spent += carrying.count.spent;
	ret_count->unreadable += carrying.count.unreadable;
	return text.failed || out->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}
