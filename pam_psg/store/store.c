/* Opening and making a store, see psg/store.h. */
#include "psg/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static size_t path_len(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

void psg_store_key_path(const char *path, const char *key_path, char out[static 4096])
{
	size_t len = path_len(path);
	int n;

	if (key_path != NULL)
		n = snprintf(out, 4096, "%s", key_path);
	else if (len == sizeof(PSG_STORE_DEFAULT) - 1 && strncmp(path, PSG_STORE_DEFAULT, len) == 0)
		n = snprintf(out, 4096, "%s", PSG_KEY_DEFAULT);
	else
		n = snprintf(out, 4096, "%.*s/key", (int)len, path);
	/* A path cut short would name another file; the empty one names none. */
	if (n < 0 || n >= 4096)
		out[0] = '\0';
}

static enum psg_err store_new(struct psg_folder *root, const struct psg_clock *clock,
			      const struct psg_proc *proc, struct psg_store **ret)
{
	struct psg_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return PSG_ERR_NO_MEMORY;
	store->root = root;
	store->clock = clock != NULL ? *clock : psg_clock_system;
	if (clock == NULL)
		store->clock.self = store->boot_id;
	store->proc = proc != NULL ? *proc : psg_proc_system;
	store->proc_view.fd = -1;
	if (proc == NULL)
		store->proc.self = &store->proc_view;
	*ret = store;
	return PSG_OK;
}

void psg_store_close(struct psg_store **store)
{
	if (*store == NULL)
		return;
	psg_key_free(&(*store)->key);
	psg_folder_release(&(*store)->root);
	psg_close_fd(&(*store)->proc_view.fd);
	free(*store);
	*store = NULL;
}

/* The store's owner is whoever runs this: root, but in tests. Files of anybody else are refused. */
enum psg_err psg_store_open(const char *path, const char *key_path, bool with_key,
			    struct psg_store **ret)
{
	struct psg_folder *root PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_store *store PSG_CLEANUP(psg_store_close) = NULL;
	char key[4096];
	enum psg_err err = psg_folder_open_files(path, geteuid(), &root);

	if (err == PSG_OK)
		err = store_new(root, NULL, NULL, &store);
	if (err != PSG_OK)
		return err;
	root = NULL;
	if (with_key) {
		psg_store_key_path(path, key_path, key);
		err = psg_key_read(key, geteuid(), &store->key);
	}
	if (err == PSG_OK) {
		*ret = store;
		store = NULL;
	}
	return err;
}

enum psg_err psg_store_wrap(struct psg_folder *root, const struct psg_clock *clock,
			    const struct psg_proc *proc, struct psg_store **ret)
{
	struct psg_key *key PSG_CLEANUP(psg_key_free) = NULL;
	enum psg_err err = psg_key_random(&key);

	if (err == PSG_OK)
		err = store_new(root, clock, proc, ret);
	if (err == PSG_OK) {
		(*ret)->key = key;
		key = NULL;
	}
	return err;
}

/* Its name is synced though it was there before: whoever made it may have been killed or lost power, and a key
 * whose folder is lost takes every authenticator with it. */
static enum psg_err make_folder(const char *path, bool *made)
{
	if (mkdir(path, 0700) == 0) {
		*made = true;
		if (chmod(path, 0700) != 0)
			return psg_err_from_errno(errno);
	} else if (errno != EEXIST) {
		return psg_err_from_errno(errno);
	}
	return psg_files_sync_name(path);
}

/* The folder of the key where it is missing: /etc/psg before the package made it. */
static enum psg_err make_key_folder(const char *key, bool *made)
{
	const char *slash = strrchr(key, '/');
	char folder[4096];

	if (slash == NULL || slash == key)
		return PSG_OK;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - key), key);
	return make_folder(folder, made);
}

static enum psg_err make_subfolder(struct psg_folder *root, const char *name, bool *made)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	bool there = false;
	enum psg_err err = root->ops->exists(root, name, &there);

	if (err != PSG_OK)
		return err;
	*made |= !there;
	return root->ops->open(root, name, true, &folder);
}

enum psg_err psg_store_make(const char *path, const char *key_path, bool *ret_made)
{
	return psg_store_make_with(path, key_path, NULL, ret_made);
}

enum psg_err psg_store_make_with(const char *path, const char *key_path, const char *key_text,
				 bool *ret_made)
{
	struct psg_folder *root PSG_CLEANUP(psg_folder_release) = NULL;
	char own[4096], key[4096];
	bool made = false;
	enum psg_err err;

	psg_store_key_path(path, key_path, key);
	if (path[0] != '/' || key[0] != '/' || path_len(path) >= sizeof(own))
		return PSG_ERR_INVALID;
	(void)snprintf(own, sizeof(own), "%.*s", (int)path_len(path), path);
	err = make_folder(own, &made);
	if (err == PSG_OK)
		err = psg_folder_open_files(own, geteuid(), &root);
	if (err == PSG_OK)
		err = make_subfolder(root, "people", &made);
	if (err == PSG_OK)
		err = make_subfolder(root, "sessions", &made);
	if (err == PSG_OK)
		err = make_key_folder(key, &made);
	if (err != PSG_OK)
		return err;
	err = key_text != NULL ? psg_key_put(key, key_text) : psg_key_make(key);
	if (err == PSG_OK)
		made = true;
	else if (err != PSG_ERR_EXISTS)
		return err;
	*ret_made = made;
	return PSG_OK;
}
