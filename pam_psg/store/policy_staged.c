/* A policy beside the one in force: to be looked at, put in force, or dropped. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "policy_write.h"

struct psg_policy_staged {
	struct psg_folder *root;
	int fd; /* the folder's, until put_finish */
	struct psg_policy *policy;
};

/* The file's offset is shared with the one that it was written through, which is never written again. */
static enum psg_err look(int fd, struct psg_policy **ret)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return own < 0 ? psg_err_from_errno(errno) : psg_policy_open_fd(own, ret);
}

enum psg_err psg_policy_staged_new(struct psg_folder *root, int fd, struct psg_policy_staged **ret)
{
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = calloc(1, sizeof(*staged));

	if (!staged) {
		(void)root->ops->put_finish(root, PSG_POLICY_FILE, fd, false);
		return PSG_ERR_NO_MEMORY;
	}
	staged->root = root;
	staged->fd = fd;
	enum psg_err err = look(fd, &staged->policy);

	if (err)
		return err;
	*ret = staged;
	staged = NULL;
	return PSG_OK;
}

struct psg_policy *psg_policy_staged_policy(struct psg_policy_staged *staged)
{
	return staged->policy;
}

static enum psg_err finish(struct psg_policy_staged **staged, bool keep)
{
	struct psg_policy_staged *old = *staged;

	*staged = NULL;
	if (!old)
		return PSG_ERR_INVALID;
	enum psg_err err = old->root->ops->put_finish(old->root, PSG_POLICY_FILE, old->fd, keep);

	psg_policy_close(&old->policy);
	free(old);
	return err;
}

enum psg_err psg_policy_commit(struct psg_policy_staged **staged)
{
	return finish(staged, true);
}

void psg_policy_drop(struct psg_policy_staged **staged)
{
	if (*staged)
		(void)finish(staged, false);
}
