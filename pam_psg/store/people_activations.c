/* A person's activations as they stand. Reading is what every ALLOW rests on: one listing, then only the
 * records it names; nothing is written.
 *
 * MUST take ends from the same listing as the records: an end made later is the next reader's.
 * MUST NOT turn one bad record into an error, nor a failing store into an empty list
 *   (bad_files_never_shut_the_door, store_errors_deny in tests/store/fault_test.c). */
#include <stdlib.h>
#include <string.h>

#include "people.h"

static enum psg_err read_all(const struct psg_person *spent, struct psg_activations *list)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_names_list(spent->folder, &names);

	if (err != PSG_OK || names.count == 0)
		return err;
	list->items = calloc(names.count, sizeof(*list->items));
	if (list->items == NULL)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < names.count; i++) {
		struct psg_spent_name name;
		struct psg_spent one;

		if (!psg_spent_name_parse(names.items[i], &name) || name.part != PSG_SPENT_RECORD)
			continue;
		err = psg_spent_read(spent, &names, name.file, &one);
		if (err == PSG_OK)
			list->items[list->count++] = one.activation;
		else if (err != PSG_ERR_NOT_FOUND)
			return err;
	}
	return PSG_OK;
}

enum psg_err psg_people_activations(struct psg_store *store, const char *subject,
				    struct psg_activations *ret)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_person_open(store, subject, "spent", false, &spent);

	if (err == PSG_OK)
		err = read_all(&spent, &list);
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret = list;
	list = (struct psg_activations){0};
	return PSG_OK;
}

static enum psg_err place(struct psg_store *store, const struct psg_call *call,
			  const struct psg_now *now, struct psg_activation *activation)
{
	bool covers = false;
	enum psg_err err;

	/* Process numbers of another boot mean nothing; a binding to nothing covers nobody. */
	if (!activation->valid || !psg_boot_same(activation->boot_id, now->boot_id) ||
	    (activation->bound && activation->binding.leader.pid <= 0))
		return PSG_OK;
	err = psg_session_covers(&store->proc, call, activation, now, &covers);
	if (err == PSG_OK)
		activation->in_session = covers;
	return err;
}

enum psg_err psg_people_activations_in(struct psg_store *store, const char *subject,
				       const struct psg_call *call, struct psg_activations *ret)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	enum psg_err err = psg_people_activations(store, subject, &list);

	if (err == PSG_OK)
		err = psg_people_now(store, &now);
	for (size_t i = 0; i < list.count && err == PSG_OK; i++)
		err = place(store, call, &now, &list.items[i]);
	if (err != PSG_OK)
		return err;
	*ret = list;
	list = (struct psg_activations){0};
	return PSG_OK;
}

void psg_activation_id_format(const char *subject, const char *file,
			      char out[static PSG_ACTIVATION_ID_SIZE])
{
	char folder[PSG_FOLDER_NAME_SIZE];
	size_t len;

	out[0] = '\0';
	if (psg_folder_name(subject, folder) != PSG_OK || strlen(file) >= PSG_ACTIVATION_FILE_SIZE)
		return;
	len = strlen(folder);
	memcpy(out, folder, len);
	out[len] = '/';
	memcpy(out + len + 1, file, strlen(file) + 1);
}

enum psg_err psg_activation_id_parse(const char *id, char subject[static PSG_SUBJECT_SIZE],
				     char file[static PSG_ACTIVATION_FILE_SIZE])
{
	char folder[PSG_FOLDER_NAME_SIZE], name[PSG_SUBJECT_SIZE];
	const char *slash = strchr(id, '/');
	struct psg_spent_name parsed;

	if (slash == NULL || (size_t)(slash - id) >= sizeof(folder))
		return PSG_ERR_INVALID;
	memcpy(folder, id, (size_t)(slash - id));
	folder[slash - id] = '\0';
	if (!psg_spent_name_parse(slash + 1, &parsed) || parsed.part != PSG_SPENT_RECORD ||
	    psg_folder_subject(folder, name) != PSG_OK)
		return PSG_ERR_INVALID;
	memcpy(subject, name, strlen(name) + 1);
	memcpy(file, parsed.file, strlen(parsed.file) + 1);
	return PSG_OK;
}
