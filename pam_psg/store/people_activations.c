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

static enum psg_err place(struct psg_store *store, const char *subject, struct psg_call *call,
			  const struct psg_now *now, struct psg_activation *activation)
{
	bool covers = false;
	enum psg_err err = PSG_OK;

	/* Process numbers of another boot mean nothing; a binding to nothing covers nobody. */
	if (!activation->valid || !psg_boot_same(activation->boot_id, now->boot_id) ||
	    (activation->bound && activation->binding.leader.pid <= 0))
		return PSG_OK;
	if (activation->bound && activation->scope != PSG_SCOPE_HOST)
		err = psg_session_find(store, subject, call);
	if (err == PSG_OK)
		err = psg_session_covers(&store->proc, call, activation, now, &covers);
	if (err == PSG_OK)
		activation->in_session = covers;
	return err;
}

enum psg_err psg_people_activations_in(struct psg_store *store, const char *subject,
				       struct psg_call *call, struct psg_activations *ret)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	enum psg_err err = psg_people_activations(store, subject, &list);

	if (err == PSG_OK)
		err = psg_people_now(store, &now);
	for (size_t i = 0; i < list.count && err == PSG_OK; i++)
		err = place(store, subject, call, &now, &list.items[i]);
	if (err != PSG_OK)
		return err;
	*ret = list;
	list = (struct psg_activations){0};
	return PSG_OK;
}

/* A name in spent/ to be read, and what it is sorted by. */
struct candidate {
	const char *file;
	bool by_code;
	uint64_t number;
};

static int newer_first(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;

	if (one->by_code != other->by_code)
		return one->by_code ? 1 : -1;
	if (one->number != other->number)
		return one->number > other->number ? -1 : 1;
	return 0;
}

/* Records without an end beside them. */
static enum psg_err find_candidates(const struct psg_strings *names, struct candidate **ret,
				    size_t *ret_count)
{
	struct candidate *list = calloc(names->count + 1, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < names->count; i++) {
		char end[PSG_ACTIVATION_FILE_SIZE + 16];
		struct psg_spent_name name;

		if (!psg_spent_name_parse(names->items[i], &name) || name.part != PSG_SPENT_RECORD)
			continue;
		psg_spent_beside(name.file, PSG_SPENT_ENDED, end);
		if (!psg_strings_has(names, end))
			list[count++] = (struct candidate){
			    names->items[i], name.kind != PSG_SPENT_ADMIN, name.number};
	}
	qsort(list, count, sizeof(*list), newer_first);
	*ret = list;
	*ret_count = count;
	return PSG_OK;
}

struct live {
	struct psg_store *store;
	const char *subject;
	struct psg_call *call;
	psg_activation_fn *each;
	void *arg;
	struct psg_activations list;
	size_t room;
};

/* They are large, and mostly few of many are live. */
static enum psg_err make_room(struct live *live)
{
	size_t room = live->room ? 2 * live->room : 2;

	if (live->list.count < live->room)
		return PSG_OK;
	struct psg_activation *grown =
	    reallocarray(live->list.items, room, sizeof(*live->list.items));

	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	live->list.items = grown;
	live->room = room;
	return PSG_OK;
}

/* *ret_enough is left alone where the one is not kept. */
static enum psg_err keep_live(struct live *live, const struct psg_activation *activation,
			      bool *ret_enough)
{
	struct psg_now now;
	enum psg_err err = psg_people_now(live->store, &now);

	if (err != PSG_OK || activation->ended || psg_activation_left_ns(activation, &now) <= 0)
		return err;
	err = make_room(live);
	if (err != PSG_OK)
		return err;
	struct psg_activation *kept = &live->list.items[live->list.count];

	*kept = *activation;
	err = place(live->store, live->subject, live->call, &now, kept);
	if (err == PSG_OK && live->each)
		err = live->each(live->arg, kept, ret_enough);
	live->list.count++;
	return err;
}

static enum psg_err read_live(const struct psg_person *spent, struct live *live)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct candidate *candidates PSG_CLEANUP(psg_free_bytes) = NULL;
	size_t count = 0;
	bool enough = false;
	enum psg_err err = psg_names_list(spent->folder, &names);

	if (err == PSG_OK)
		err = find_candidates(&names, &candidates, &count);
	if (err != PSG_OK)
		return err;
	for (size_t i = 0; i < count && err == PSG_OK && !enough; i++) {
		struct psg_spent one;

		err = psg_spent_read(spent, &names, candidates[i].file, &one);
		if (err == PSG_OK)
			err = keep_live(live, &one.activation, &enough);
		else if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	return err;
}

enum psg_err psg_people_live(struct psg_store *store, const char *subject, struct psg_call *call,
			     psg_activation_fn *each, void *arg, struct psg_activations *ret)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct live live = {store, subject, call, each, arg, {0}, 0};
	enum psg_err err = psg_person_open(store, subject, "spent", false, &spent);

	if (err == PSG_OK)
		err = read_live(&spent, &live);
	else if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK;
	if (err == PSG_OK)
		*ret = live.list;
	else
		psg_activations_clear(&live.list);
	return err;
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
