/* A person's folders, and the sealed records in them. See people.h.
 *
 * MUST bind every record to its person and name: one copied elsewhere says nothing there
 *   (record_moves_nowhere in tests/store/people_test.c).
 * MUST treat one bad file as a record that says nothing, and a failing store as an error
 *   (bad_files_never_shut_the_door, store_errors_deny). */
#include <stdio.h>
#include <string.h>

#include "people.h"

#define SEAL_KEY "seal "
#define SEAL_LINE_SIZE (sizeof(SEAL_KEY) - 1 + 2 * PSG_MAC_SIZE + 1)

enum psg_err psg_person_open(struct psg_store *store, const char *subject, const char *part,
			     bool make, struct psg_person *ret)
{
	struct psg_folder *people PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {.store = store};
	char name[PSG_FOLDER_NAME_SIZE];
	enum psg_err err = psg_folder_name(subject, name);

	if (err == PSG_OK)
		err = store->root->ops->open(store->root, "people", make, &people);
	if (err == PSG_OK)
		err = people->ops->open(people, name, make, &whole.folder);
	if (err != PSG_OK)
		return err;
	(void)snprintf(whole.context, sizeof(whole.context), "people/%s/", name);
	if (part != NULL)
		return psg_person_part(&whole, part, make, ret);
	*ret = whole;
	whole.folder = NULL;
	return PSG_OK;
}

enum psg_err psg_person_part(const struct psg_person *whole, const char *part, bool make,
			     struct psg_person *ret)
{
	enum psg_err err = whole->folder->ops->open(whole->folder, part, make, &ret->folder);

	if (err != PSG_OK)
		return err;
	ret->store = whole->store;
	(void)snprintf(ret->context, sizeof(ret->context), "%s%s", whole->context, part);
	return PSG_OK;
}

void psg_person_close(struct psg_person *person)
{
	psg_folder_release(&person->folder);
}

static enum psg_err name_add(void *arg, const char *name)
{
	return psg_strings_add(arg, name);
}

enum psg_err psg_names_list(struct psg_folder *folder, struct psg_strings *ret)
{
	enum psg_err err;

	psg_strings_clear(ret);
	err = folder->ops->list(folder, name_add, ret);
	if (err == PSG_OK)
		psg_strings_sort(ret);
	return err;
}

int64_t psg_age_by_mtime(const struct psg_now *now, int64_t mtime_realtime_ns)
{
	int64_t age;

	if (mtime_realtime_ns >= now->realtime_ns ||
	    __builtin_sub_overflow(now->realtime_ns, mtime_realtime_ns, &age))
		return 0;
	return age < now->boottime_ns ? age : now->boottime_ns;
}

enum psg_err psg_people_now(struct psg_store *store, struct psg_now *ret)
{
	struct psg_now now;
	enum psg_err err = psg_clock_now(&store->clock, &now);

	if (err != PSG_OK)
		return err;
	if (now.realtime_ns < 0 || now.boottime_ns < 0 || !psg_boot_same(now.boot_id, now.boot_id))
		return PSG_ERR_CLOCK;
	*ret = now;
	return PSG_OK;
}

static enum psg_err seal_of(const struct psg_store *store, const char *context, const char *name,
			    const char *text, size_t len, uint8_t mac[static PSG_MAC_SIZE])
{
	char place[PSG_CONTEXT_SIZE + PSG_FOLDER_NAME_SIZE];
	int n = snprintf(place, sizeof(place), "%s/%s", context, name);

	if (store->key == NULL)
		return PSG_ERR_KEY;
	if (n < 0 || (size_t)n >= sizeof(place))
		return PSG_ERR_INVALID;
	return psg_key_mac(store->key, place, text, len, mac);
}

enum psg_err psg_seal_append(const struct psg_store *store, const char *context, const char *name,
			     struct psg_buf *text)
{
	uint8_t mac[PSG_MAC_SIZE];
	char hex[2 * PSG_MAC_SIZE + 1];
	enum psg_err err;

	if (text->failed)
		return PSG_ERR_NO_MEMORY;
	err = seal_of(store, context, name, text->data, text->len, mac);
	if (err != PSG_OK)
		return err;
	psg_hex_encode(mac, sizeof(mac), hex);
	psg_buf_format(text, SEAL_KEY "%s\n", hex);
	if (text->failed)
		return PSG_ERR_NO_MEMORY;
	return text->len <= PSG_FILE_MAX ? PSG_OK : PSG_ERR_INVALID;
}

static enum psg_err seal_check(const struct psg_store *store, const char *context, const char *name,
			       char *text, size_t len)
{
	uint8_t mac[PSG_MAC_SIZE], given[PSG_MAC_SIZE];
	char *line;
	enum psg_err err;

	if (len < SEAL_LINE_SIZE || strlen(text) != len || text[len - 1] != '\n')
		return PSG_ERR_CORRUPT;
	line = text + len - SEAL_LINE_SIZE;
	text[len - 1] = '\0';
	if (strncmp(line, SEAL_KEY, sizeof(SEAL_KEY) - 1) != 0 ||
	    psg_hex_decode(line + sizeof(SEAL_KEY) - 1, given, sizeof(given)) != PSG_OK)
		return PSG_ERR_CORRUPT;
	*line = '\0';
	err = seal_of(store, context, name, text, (size_t)(line - text), mac);
	if (err == PSG_OK && !psg_mac_equal(mac, given))
		err = PSG_ERR_CORRUPT;
	return err;
}

enum psg_err psg_seal_read(const struct psg_store *store, struct psg_folder *folder,
			   const char *context, const char *name,
			   char text[static PSG_FILE_MAX + 1], struct psg_file_info *info)
{
	enum psg_err err;

	*info = (struct psg_file_info){0};
	err = folder->ops->read(folder, name, text, PSG_FILE_MAX, info);
	if (err != PSG_OK)
		return err == PSG_ERR_UNSAFE ? PSG_ERR_CORRUPT : err;
	text[info->len] = '\0';
	return seal_check(store, context, name, text, info->len);
}

enum psg_err psg_record_store(struct psg_folder *folder, int file, const struct psg_buf *text)
{
	enum psg_err err = folder->ops->write(folder, file, text->data, text->len);

	if (err == PSG_OK)
		err = folder->ops->sync(folder, file);
	folder->ops->close(folder, file);
	return err == PSG_OK ? folder->ops->sync_names(folder) : err;
}
