/* sessions/ as a whole: the list of logins, and removing what is over. */
#include <stdlib.h>
#include <string.h>

#include "logins.h"

struct walk {
	struct psg_store *store;
	struct psg_folder *folder;
	struct psg_now now;
	struct psg_logins list;
	size_t room;
};

void psg_logins_clear(struct psg_logins *list)
{
	free(list->items);
	*list = (struct psg_logins){0};
}

static bool of_this_boot(const struct walk *walk, const char *name)
{
	size_t boot_len = strlen(walk->now.boot_id);

	return strncmp(name, walk->now.boot_id, boot_len) == 0 && name[boot_len] == '-';
}

static bool is_mark(const char *name)
{
	return strchr(name, '.') != NULL;
}

static enum psg_err list_one(void *arg, const char *name)
{
	struct walk *walk = arg;
	struct psg_login login;
	enum psg_err err;

	if (!of_this_boot(walk, name) || is_mark(name))
		return PSG_OK;
	err = psg_login_read(walk->store, walk->folder, name, &login);
	if (err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT)
		return PSG_OK;
	if (err == PSG_OK && login.binding.audit_id != PSG_AUDIT_NONE) {
		char shared[PSG_LOGIN_NAME_SIZE];
		bool there = true;

		psg_login_shared_name(name, shared);
		err = walk->folder->ops->exists(walk->folder, shared, &there);
		if (there)
			login.binding.audit_id = PSG_AUDIT_NONE;
	}
	if (err == PSG_OK)
		err = psg_session_alive(&walk->store->proc, &login.binding.leader, &login.alive);
	if (err != PSG_OK)
		return err;
	if (walk->list.count == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 16;
		struct psg_login *grown = reallocarray(walk->list.items, room, sizeof(*grown));

		if (grown == NULL)
			return PSG_ERR_NO_MEMORY;
		walk->list.items = grown;
		walk->room = room;
	}
	walk->list.items[walk->list.count++] = login;
	return PSG_OK;
}

static enum psg_err walk_all(struct psg_store *store, struct walk *walk, psg_name_fn *each)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	enum psg_err err = psg_people_now(store, &walk->now);

	if (err == PSG_OK)
		err = store->root->ops->open(store->root, PSG_LOGINS_FOLDER, false, &folder);
	if (err == PSG_OK) {
		walk->store = store;
		walk->folder = folder;
		err = folder->ops->list(folder, each, walk);
	}
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

enum psg_err psg_logins_list(struct psg_store *store, struct psg_logins *ret)
{
	struct walk walk = {.room = 0};
	enum psg_err err = walk_all(store, &walk, list_one);

	if (err != PSG_OK) {
		psg_logins_clear(&walk.list);
		return err;
	}
	*ret = walk.list;
	return PSG_OK;
}

/* Damaged ones go after an hour: the one that makes it may be about to write. */
static enum psg_err is_over(struct walk *walk, const char *name, bool *ret)
{
	struct psg_login login;
	struct psg_file_info info = {0};
	char text[PSG_FILE_MAX];
	bool alive = false;
	enum psg_err err;

	/* A mark stays: who carries the id it marks is not known (mark_shared). */
	if (is_mark(name))
		return PSG_OK;
	err = psg_login_read(walk->store, walk->folder, name, &login);
	if (err == PSG_OK) {
		err = psg_session_alive(&walk->store->proc, &login.binding.leader, &alive);
		*ret = !alive;
	} else if (err == PSG_ERR_CORRUPT) {
		err = walk->folder->ops->read(walk->folder, name, text, sizeof(text), &info);
		*ret = err == PSG_OK &&
		       psg_age_by_mtime(&walk->now, info.mtime_realtime_ns) >= PSG_TIDY_AGE_NS;
	}
	return err;
}

static enum psg_err tidy_one(void *arg, const char *name)
{
	struct walk *walk = arg;
	bool over = !of_this_boot(walk, name);
	enum psg_err err = over ? PSG_OK : is_over(walk, name, &over);

	if (err == PSG_OK && over)
		err = walk->folder->ops->remove(walk->folder, name);
	return err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT || err == PSG_ERR_UNSAFE ? PSG_OK
											   : err;
}

enum psg_err psg_sessions_tidy(struct psg_store *store)
{
	struct walk walk = {.room = 0};
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err == PSG_OK)
		err = store->root->ops->sweep(store->root, now.realtime_ns - PSG_TIDY_AGE_NS);
	return err == PSG_OK ? walk_all(store, &walk, tidy_one) : err;
}
