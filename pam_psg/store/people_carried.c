/* A person as a backup has them: the text read, and judged before anything of it is written anywhere.
 *
 * MUST NOT take a name that is more than a name in its folder (hostile_names in tests/store/carry_test.c): what is
 *   written in the store is named by it.
 * MUST NOT take an authenticator that is another person's, or opens with another key (carried_moves_nowhere). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"
#include "psg/backup.h"
#include "psg/record.h"

#define ATTEMPTS "attempts"
#define COUNT_MAX UINT64_C(1000000)
#define DEVICES_MAX 1000U

void psg_carried_clear(struct psg_carried *carried)
{
	free(carried->authenticators);
	free(carried->attempts);
	psg_strings_clear(&carried->spent);
	psg_strings_clear(&carried->ended);
	*carried = (struct psg_carried){.authenticators = NULL};
}

/* Names of kinds that are yet to come keep their codes spent too: what matters is that it stays one name. */
bool psg_carried_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < PSG_ACTIVATION_FILE_SIZE && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static enum psg_err take_authenticator(struct psg_record *record, struct psg_carried *carried)
{
	struct psg_carried_authenticator *grown = NULL, *one;
	char hex[2 * PSG_SEALED_MAX + 1];

	if (carried->authenticator_count < DEVICES_MAX)
		grown = reallocarray(carried->authenticators, carried->authenticator_count + 1,
				     sizeof(*grown));
	if (grown == NULL)
		return carried->authenticator_count < DEVICES_MAX ? PSG_ERR_NO_MEMORY
								  : PSG_ERR_CORRUPT;
	carried->authenticators = grown;
	one = &grown[carried->authenticator_count];
	*one = (struct psg_carried_authenticator){.len = 0};
	psg_record_get_text(record, "authenticator", one->id, sizeof(one->id));
	psg_record_get_text(record, "sealed", hex, sizeof(hex));
	one->len = strlen(hex) / 2;
	if (record->err != PSG_OK || !psg_credential_id_valid(one->id) ||
	    psg_hex_decode(hex, one->sealed, one->len) != PSG_OK ||
	    /* Sorted, as they were listed: so none is there twice. */
	    (carried->authenticator_count > 0 && strcmp(one[-1].id, one->id) >= 0))
		return PSG_ERR_CORRUPT;
	carried->authenticator_count++;
	return PSG_OK;
}

static bool parse_part(const char *part, uid_t *ret)
{
	uint64_t uid;

	if (strncmp(part, ATTEMPTS, strlen(ATTEMPTS)) != 0)
		return false;
	part += strlen(ATTEMPTS);
	*ret = PSG_NOT_APART;
	if (*part == '\0')
		return true;
	if (*part != '-' || psg_u64_parse(part + 1, &uid) != PSG_OK || uid >= PSG_NOT_APART)
		return false;
	*ret = (uid_t)uid;
	return true;
}

static enum psg_err take_attempts(struct psg_record *record, struct psg_carried *carried)
{
	struct psg_carried_attempts *grown =
	    reallocarray(carried->attempts, carried->attempts_count + 1, sizeof(*grown));
	char part[PSG_NUMBER_SIZE];

	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	carried->attempts = grown;
	struct psg_carried_attempts *one = &grown[carried->attempts_count];

	psg_record_get_text(record, "attempts", part, sizeof(part));
	one->count = psg_record_get_u64(record, "count", COUNT_MAX);
	if (record->err != PSG_OK || !parse_part(part, &one->apart) || one->count == 0)
		return PSG_ERR_CORRUPT;
	carried->attempts_count++;
	return PSG_OK;
}

/* Sorted among both kinds, as they were listed. */
static enum psg_err take_name(struct psg_record *record, const char *key, struct psg_strings *list)
{
	char name[PSG_ACTIVATION_FILE_SIZE];

	psg_record_get_text(record, key, name, sizeof(name));
	if (record->err != PSG_OK || !psg_carried_name_valid(name) ||
	    (list->count > 0 && strcmp(list->items[list->count - 1], name) >= 0))
		return PSG_ERR_CORRUPT;
	return psg_strings_add(list, name);
}

static enum psg_err take_all(struct psg_record *record, struct psg_carried *carried)
{
	enum psg_err err = PSG_OK;

	while (err == PSG_OK && psg_record_next_is(record, "authenticator"))
		err = take_authenticator(record, carried);
	if (err == PSG_OK && psg_record_next_is(record, "until")) {
		carried->has_until = true;
		carried->until_s = (int64_t)psg_record_get_u64(record, "until", PSG_SELF_UNTIL_MAX);
	}
	while (err == PSG_OK && psg_record_next_is(record, "attempts"))
		err = take_attempts(record, carried);
	while (err == PSG_OK && record->err == PSG_OK) {
		if (psg_record_next_is(record, "spent"))
			err = take_name(record, "spent", &carried->spent);
		else if (psg_record_next_is(record, "ended"))
			err = take_name(record, "ended", &carried->ended);
		else
			break;
	}
	if (err == PSG_OK && psg_record_next_is(record, "left")) {
		char left[16];

		psg_record_get_text(record, "left", left, sizeof(left));
		carried->recovery = strcmp(left, "recovery") == 0;
	}
	return err != PSG_OK ? err : psg_record_end(record);
}

enum psg_err psg_carried_parse(const char *text, struct psg_carried *ret)
{
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	char folder[PSG_FOLDER_NAME_SIZE];
	struct psg_record record;

	psg_record_open(&record, text, "person");
	psg_record_get_text(&record, "name", carried.subject, sizeof(carried.subject));
	if (record.err != PSG_OK)
		return record.err;
	enum psg_err err = psg_folder_name(carried.subject, folder);

	if (err == PSG_OK)
		err = take_all(&record, &carried);
	if (err != PSG_OK)
		return err == PSG_ERR_INVALID ? PSG_ERR_CORRUPT : err;
	*ret = carried;
	carried = (struct psg_carried){.authenticators = NULL};
	return PSG_OK;
}

enum psg_err psg_carried_judge(const struct psg_key *key, struct psg_carried *carried)
{
	char folder[PSG_FOLDER_NAME_SIZE], context[PSG_CONTEXT_SIZE];
	enum psg_err err = psg_folder_name(carried->subject, folder);

	if (err != PSG_OK)
		return PSG_ERR_CORRUPT;
	(void)snprintf(context, sizeof(context), "people/%s/authenticators", folder);
	for (size_t i = 0; i < carried->authenticator_count && err == PSG_OK; i++) {
		struct psg_carried_authenticator *one = &carried->authenticators[i];
		struct psg_credential credential PSG_CLEANUP(psg_credential_clear) = {.secret_len =
											  0};

		err = psg_credential_unseal(key, context, one->id, one->sealed, one->len,
					    &credential);
		one->period_s = credential.period_s;
	}
	return err;
}
