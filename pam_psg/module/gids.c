/* The supplementary groups of the calling process: lent groups go in, and come out again.
 *
 * MUST NOT: take away a group that this process did not get here, nor ever add gid 0. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define LENT "psg_lent"

/* What one process was lent in one transaction. sshd's child inherits its monitor's, but has groups
 * of its own since initgroups(): there the record means nothing. */
struct lent {
	pid_t pid;
	struct psg_gids gids;
};

void psg_gids_clear(struct psg_gids *list)
{
	free(list->items);
	*list = (struct psg_gids){0};
}

static bool has(const struct psg_gids *list, gid_t gid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == gid)
			return true;
	return false;
}

enum psg_err psg_gids_add(struct psg_gids *list, gid_t gid)
{
	if (gid == 0 || has(list, gid))
		return PSG_OK;
	gid_t *grown = reallocarray(list->items, list->count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	list->items = grown;
	grown[list->count++] = gid;
	return PSG_OK;
}

static void drop_lent(pam_handle_t *pamh, void *data, int error_status)
{
	struct lent *lent = data;

	(void)pamh;
	(void)error_status;
	psg_gids_clear(&lent->gids);
	free(lent);
}

static const struct psg_gids *lent_here(pam_handle_t *pamh)
{
	static const struct psg_gids none;
	const void *data = NULL;

	if (pam_get_data(pamh, LENT, &data) != PAM_SUCCESS || !data)
		return &none;
	const struct lent *lent = data;

	return lent->pid == getpid() ? &lent->gids : &none;
}

static enum psg_err remember(pam_handle_t *pamh, struct psg_gids *gids)
{
	struct lent *lent = calloc(1, sizeof(*lent));

	if (!lent)
		return PSG_ERR_NO_MEMORY;
	*lent = (struct lent){.pid = getpid(), .gids = *gids};
	if (pam_set_data(pamh, LENT, lent, drop_lent) != PAM_SUCCESS) {
		free(lent);
		return PSG_ERR_NO_MEMORY;
	}
	*gids = (struct psg_gids){0};
	return PSG_OK;
}

static enum psg_err present(struct psg_gids *ret)
{
	int count = getgroups(0, NULL);

	if (count < 0)
		return psg_err_from_errno(errno);
	gid_t *items = calloc((size_t)count + 1, sizeof(*items));

	if (!items)
		return PSG_ERR_NO_MEMORY;
	count = getgroups(count, items);
	if (count < 0) {
		free(items);
		return PSG_ERR_IO;
	}
	*ret = (struct psg_gids){items, (size_t)count};
	return PSG_OK;
}

/* The kernel's list may hold gid 0, root's own: what was there is kept as it was. */
static void without(struct psg_gids *list, const struct psg_gids *taken,
		    const struct psg_gids *kept)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!has(taken, list->items[i]) || has(kept, list->items[i]))
			list->items[count++] = list->items[i];
	list->count = count;
}

enum psg_err psg_gids_lend(pam_handle_t *pamh, const struct psg_gids *wanted)
{
	const struct psg_gids *before = lent_here(pamh);
	struct psg_gids groups PSG_CLEANUP(psg_gids_clear) = {0};
	struct psg_gids lent PSG_CLEANUP(psg_gids_clear) = {0};
	enum psg_err err = wanted->count || before->count ? present(&groups) : PSG_ERR_NOT_FOUND;

	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	size_t count = groups.count;

	without(&groups, before, wanted);
	bool changed = groups.count != count;

	for (size_t i = 0; i < wanted->count && !err; i++) {
		gid_t gid = wanted->items[i];

		if (has(&groups, gid) && !has(before, gid))
			continue;
		changed |= !has(&groups, gid);
		err = psg_gids_add(&lent, gid);
		if (!err)
			err = psg_gids_add(&groups, gid);
	}
	if (!err && changed && setgroups(groups.count, groups.items))
		err = psg_err_from_errno(errno);
	/* Remembered last: `before` is what it takes the place of. */
	return err ? err : remember(pamh, &lent);
}

enum psg_err psg_gids_return(pam_handle_t *pamh)
{
	static const struct psg_gids none;

	return psg_gids_lend(pamh, &none);
}
