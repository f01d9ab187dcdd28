/* A person's credentials: sealed, one file each, replaced whole. See psg/people.h.
 *
 * MUST seal with person and id as associated data: a credential copied to another person or name does
 *   not open (credential_moves_nowhere in tests/store/people_test.c).
 * MUST wipe every copy of a secret on every return. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

#define PART "authenticators"
#define RECORD_VERSION 1U

bool psg_credential_id_valid(const char *id)
{
	return strlen(id) == PSG_CREDENTIAL_ID_SIZE - 1 &&
	       strspn(id, "0123456789abcdef") == PSG_CREDENTIAL_ID_SIZE - 1;
}

static void place_of(const char *context, const char *id,
		     char out[static PSG_CONTEXT_SIZE + PSG_CREDENTIAL_ID_SIZE])
{
	(void)snprintf(out, PSG_CONTEXT_SIZE + PSG_CREDENTIAL_ID_SIZE, "%s/%s", context, id);
}

static bool is_sound(const struct psg_credential *c)
{
	return psg_credential_id_valid(c->id) && (unsigned int)c->algorithm <= PSG_SHA512 &&
	       c->digits >= PSG_CODE_DIGITS_MIN && c->digits <= PSG_CODE_DIGITS_MAX &&
	       c->period_s >= 5 && c->period_s <= 3600 && c->secret_len > 0 &&
	       c->secret_len <= PSG_SECRET_MAX;
}

static void encode(const struct psg_credential *c, struct psg_buf *out)
{
	psg_buf_u8(out, RECORD_VERSION);
	psg_buf_string(out, c->id);
	psg_buf_u8(out, (uint8_t)c->algorithm);
	psg_buf_u32(out, c->digits);
	psg_buf_u32(out, c->period_s);
	psg_buf_u64(out, (uint64_t)c->created_realtime_s);
	psg_buf_string(out, c->label);
	psg_buf_u32(out, (uint32_t)c->secret_len);
	psg_buf_put(out, c->secret, c->secret_len);
}

static void read_text(struct psg_reader *reader, char *out, size_t size)
{
	char *text PSG_CLEANUP(psg_free_bytes) = psg_read_string(reader);

	out[0] = '\0';
	if (text == NULL || strlen(text) >= size)
		reader->failed = true;
	else
		memcpy(out, text, strlen(text) + 1);
}

static enum psg_err decode(const void *bytes, size_t len, const char *id,
			   struct psg_credential *ret)
{
	struct psg_reader reader = {.at = bytes, .left = len};
	struct psg_credential c PSG_CLEANUP(psg_credential_clear) = {.secret_len = 0};
	uint8_t version = psg_read_u8(&reader);

	if (version > RECORD_VERSION)
		return PSG_ERR_VERSION;
	read_text(&reader, c.id, sizeof(c.id));
	c.algorithm = (enum psg_algorithm)psg_read_u8(&reader);
	c.digits = psg_read_u32(&reader);
	c.period_s = psg_read_u32(&reader);
	c.created_realtime_s = (int64_t)psg_read_u64(&reader);
	read_text(&reader, c.label, sizeof(c.label));
	c.secret_len = psg_read_u32(&reader);
	if (reader.no_memory)
		return PSG_ERR_NO_MEMORY;
	if (reader.failed || version != RECORD_VERSION || c.secret_len != reader.left ||
	    !is_sound(&c) || strcmp(c.id, id) != 0)
		return PSG_ERR_CORRUPT;
	memcpy(c.secret, reader.at, c.secret_len);
	*ret = c;
	return PSG_OK;
}

enum psg_err psg_credential_unseal(const struct psg_key *key, const char *context, const char *id,
				   const void *sealed, size_t len, struct psg_credential *ret)
{
	uint8_t plain[PSG_SEALED_MAX];
	char place[PSG_CONTEXT_SIZE + PSG_CREDENTIAL_ID_SIZE];
	enum psg_err err;

	if (len > sizeof(plain))
		return PSG_ERR_CORRUPT;
	place_of(context, id, place);
	err = psg_key_open(key, place, sealed, len, plain);
	if (err == PSG_OK)
		err = decode(plain, len - PSG_SEAL_EXTRA, id, ret);
	psg_wipe(plain, sizeof(plain));
	return err == PSG_ERR_VERSION ? PSG_ERR_CORRUPT : err;
}

enum psg_err psg_credential_read(const struct psg_person *person, const char *id,
				 struct psg_credential *ret)
{
	uint8_t sealed[PSG_SEALED_MAX];
	struct psg_file_info info;
	enum psg_err err;

	if (person->store->key == NULL)
		return PSG_ERR_KEY;
	err = person->folder->ops->read(person->folder, id, sealed, sizeof(sealed), &info);
	if (err != PSG_OK)
		return err == PSG_ERR_UNSAFE ? PSG_ERR_CORRUPT : err;
	return psg_credential_unseal(person->store->key, person->context, id, sealed, info.len,
				     ret);
}

/* Whatever it holds: an administrator took away what let it be enrolled. */
static bool is_void(const struct psg_strings *names, const char *id)
{
	int64_t assigned_s;

	return psg_self_id_parse(id, &assigned_s) && assigned_s <= psg_self_until(names);
}

static enum psg_err read_named(const struct psg_person *person, const struct psg_strings *names,
			       struct psg_credentials *list)
{
	int64_t until_s;

	list->items = calloc(names->count, sizeof(*list->items));
	if (list->items == NULL)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < names->count; i++) {
		enum psg_err err = PSG_ERR_CORRUPT;

		if (psg_self_until_parse(names->items[i], &until_s) ||
		    is_void(names, names->items[i]))
			continue;
		if (psg_credential_id_valid(names->items[i]))
			err =
			    psg_credential_read(person, names->items[i], &list->items[list->count]);
		if (err == PSG_OK)
			list->count++;
		else if (err == PSG_ERR_CORRUPT)
			list->unreadable++;
		else if (err != PSG_ERR_NOT_FOUND)
			return err;
	}
	return PSG_OK;
}

enum psg_err psg_credentials_read(const struct psg_person *whole, struct psg_credentials *ret)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	enum psg_err err = psg_person_part(whole, PART, false, &person);

	if (err == PSG_OK)
		err = psg_names_list(person.folder, &names);
	else if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK;
	if (err == PSG_OK && names.count > 0)
		err = read_named(&person, &names, &list);
	if (err != PSG_OK)
		return err;
	*ret = list;
	list = (struct psg_credentials){0};
	return PSG_OK;
}

enum psg_err psg_people_credentials(struct psg_store *store, const char *subject,
				    struct psg_credentials *ret)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_OK)
		return psg_credentials_read(&whole, ret);
	if (err == PSG_ERR_NOT_FOUND) {
		*ret = (struct psg_credentials){0};
		err = PSG_OK;
	}
	return err;
}

enum psg_err psg_credential_seal(const struct psg_person *person,
				 const struct psg_credential *credential, uint8_t *sealed,
				 size_t size, size_t *ret_len)
{
	struct psg_buf plain PSG_CLEANUP(psg_buf_clear) = {0};
	char place[PSG_CONTEXT_SIZE + PSG_CREDENTIAL_ID_SIZE];

	if (person->store->key == NULL)
		return PSG_ERR_KEY;
	if (!is_sound(credential) ||
	    memchr(credential->label, '\0', sizeof(credential->label)) == NULL)
		return PSG_ERR_INVALID;
	encode(credential, &plain);
	if (plain.failed)
		return PSG_ERR_NO_MEMORY;
	if (plain.len + PSG_SEAL_EXTRA > size)
		return PSG_ERR_INVALID;
	place_of(person->context, credential->id, place);
	*ret_len = plain.len + PSG_SEAL_EXTRA;
	return psg_key_seal(person->store->key, place, plain.data, plain.len, sealed);
}

enum psg_err psg_people_enroll(struct psg_store *store, const char *subject,
			       const struct psg_credential *credential)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	uint8_t sealed[PSG_CREDENTIAL_SEALED_MAX];
	size_t len;
	enum psg_err err;

	if (store->key == NULL)
		return PSG_ERR_KEY;
	if (!is_sound(credential))
		return PSG_ERR_INVALID;
	err = psg_person_open(store, subject, PART, true, &person);
	if (err == PSG_OK)
		err = psg_credential_seal(&person, credential, sealed, sizeof(sealed), &len);
	if (err == PSG_OK)
		err = person.folder->ops->replace(person.folder, credential->id, sealed, len);
	return err;
}

/* A full disk keeps nobody's authenticator where it is: then it goes without that name. */
static enum psg_err void_until(const struct psg_person *person, int64_t until_s)
{
	enum psg_err err = psg_self_void(person, until_s);

	return err == PSG_ERR_NO_ROOM || err == PSG_ERR_NO_INODES || err == PSG_ERR_QUOTA ? PSG_OK
											  : err;
}

/* Before the name is free: a login that slept since its prompt would make it again. */
static enum psg_err remove_one(const struct psg_person *person, const char *id)
{
	int64_t assigned_s;
	enum psg_err err =
	    psg_self_id_parse(id, &assigned_s) ? void_until(person, assigned_s) : PSG_OK;

	return err == PSG_OK ? person->folder->ops->remove(person->folder, id) : err;
}

/* Where none stays: whoever had one does not enrol alone by the same assignment again. What is assigned in this very
 * second is taken for assigned after. Before any is removed: whoever is killed in between can be asked again. */
static enum psg_err close_the_door(const struct psg_person *person, const struct psg_strings *names,
				   const char *id)
{
	size_t goes = 0;
	struct psg_now now;
	enum psg_err err;

	for (size_t i = 0; i < names->count; i++) {
		if (!psg_credential_id_valid(names->items[i]) || is_void(names, names->items[i]))
			continue;
		if (id != NULL && strcmp(id, names->items[i]) != 0)
			return PSG_OK;
		goes++;
	}
	if (goes == 0)
		return PSG_OK;
	err = psg_people_now(person->store, &now);
	return err == PSG_OK ? void_until(person, now.realtime_ns / PSG_NS_PER_S - 1) : err;
}

enum psg_err psg_people_unenroll(struct psg_store *store, const char *subject, const char *id,
				 size_t *ret_removed)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	size_t removed = 0;
	enum psg_err err;

	if (id != NULL && !psg_credential_id_valid(id))
		return PSG_ERR_INVALID;
	err = psg_person_open(store, subject, PART, false, &person);
	if (err == PSG_OK)
		err = psg_names_list(person.folder, &names);
	if (err == PSG_OK)
		err = close_the_door(&person, &names, id);
	for (size_t i = 0; i < names.count && err == PSG_OK; i++) {
		int64_t until_s;

		if ((id != NULL && strcmp(id, names.items[i]) != 0) ||
		    psg_self_until_parse(names.items[i], &until_s))
			continue;
		err = remove_one(&person, names.items[i]);
		if (err == PSG_OK)
			removed += !is_void(&names, names.items[i]);
		else if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	/* Also with nothing left to remove: whoever did may have been killed before this. */
	if (err == PSG_OK)
		err = person.folder->ops->sync_names(person.folder);
	if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK;
	if (err == PSG_OK)
		*ret_removed = removed;
	return err;
}
