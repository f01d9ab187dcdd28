/* The writers' lock, and what its holder says it is doing. The module takes neither. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "files.h"
#include "policy_private.h"
#include "psg/people.h"
#include "psg/record.h"

#define UPDATING_FILE "updating"
#define UPDATING_MAX (64U * 1024 * 1024)

enum psg_err psg_policy_lock(struct psg_folder *root, int *ret_fd)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	int made = -1;
	enum psg_err err = root->ops->create(root, PSG_POLICY_LOCK_FILE, &made);

	if (!err)
		root->ops->close(root, made);
	if (err && err != PSG_ERR_EXISTS)
		return err;
	err = root->ops->open_file(root, PSG_POLICY_LOCK_FILE, &fd);
	if (err)
		return err;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return psg_err_from_errno(errno);
	/* What the holder before said it was doing is over, or was never finished. */
	err = root->ops->remove(root, UPDATING_FILE);
	if (err && err != PSG_ERR_NOT_FOUND)
		return err;
	/* So is what somebody was killed over. Not what is young: `init` writes the key beside without this lock. */
	err = root->ops->sweep(root, (int64_t)time(NULL) * PSG_NS_PER_S - PSG_TIDY_AGE_NS);
	/* Or it was killed between putting a policy in force and making that durable: found so already, it is not
	 * written again. */
	if (!err)
		err = root->ops->sync_names(root);
	if (err)
		return err;
	*ret_fd = fd;
	fd = -1;
	return PSG_OK;
}

/* Not put beside and renamed: a policy may be staged in the folder already, and nothing rests on this list. Who
 * reads it half written finds fewer names than it promises, which is no list. */
enum psg_err psg_policy_announce(struct psg_folder *root, const struct psg_strings *groups)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	int file = -1;

	psg_record_begin(&text, "updating");
	psg_record_put_u64(&text, "groups", groups->count);
	for (size_t i = 0; i < groups->count; i++)
		psg_record_put_text(&text, "group", groups->items[i]);
	if (text.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = root->ops->remove(root, UPDATING_FILE);

	if (!err || err == PSG_ERR_NOT_FOUND)
		err = root->ops->create(root, UPDATING_FILE, &file);
	if (err)
		return err;
	err = root->ops->write(root, file, text.data, text.len);
	root->ops->close(root, file);
	if (err)
		(void)!root->ops->remove(root, UPDATING_FILE);
	return err;
}

/* Whether `how` cannot be had. It is asked for, never waited for, and given back at once: a writer that comes in between
 * waits for no longer than that, unless who asks is stopped just there. */
static enum psg_err ask(struct psg_folder *root, int how, bool *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = root->ops->open_file(root, PSG_POLICY_LOCK_FILE, &fd);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = false;
		return PSG_OK;
	}
	if (err)
		return err;
	if (flock(fd, how | LOCK_NB) == 0)
		*ret = false;
	else if (errno == EWOULDBLOCK)
		*ret = true;
	else
		return psg_err_from_errno(errno);
	return PSG_OK;
}

/* As psg_policy_lock would ask: who was stopped while it asked for a moment makes it wait, too. */
enum psg_err psg_policy_is_locked(struct psg_folder *root, bool *ret)
{
	return ask(root, LOCK_EX, ret);
}

static enum psg_err read_text(struct psg_folder *root, char **ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	char *text PSG_CLEANUP(psg_free_bytes) = NULL;
	struct stat status;
	size_t len = 0;
	enum psg_err err = root->ops->open_file(root, UPDATING_FILE, &fd);

	if (err)
		return err;
	if (fstat(fd, &status) < 0)
		return psg_err_from_errno(errno);
	if (status.st_size < 0 || status.st_size > UPDATING_MAX)
		return PSG_ERR_CORRUPT;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return PSG_ERR_NO_MEMORY;
	err = psg_files_read(fd, &status, text, (size_t)status.st_size, &len);
	if (err)
		return err;
	text[len] = '\0';
	*ret = text;
	text = NULL;
	return PSG_OK;
}

static enum psg_err parse(const char *text, struct psg_strings *ret)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_record record;
	char name[PSG_FILE_MAX];

	psg_record_open(&record, text, "updating");
	uint64_t count = psg_record_get_u64(&record, "groups", UINT32_MAX);
	enum psg_err err = PSG_OK;

	for (uint64_t i = 0; i < count && !err && !record.err; i++) {
		psg_record_get_text(&record, "group", name, sizeof(name));
		err = psg_strings_add(&names, name);
	}
	if (!err)
		err = psg_record_end(&record);
	if (err)
		return err;
	psg_strings_sort(&names);
	*ret = names;
	names = (struct psg_strings){0};
	return PSG_OK;
}

enum psg_err psg_policy_updating(struct psg_folder *root, struct psg_strings *ret)
{
	char *text PSG_CLEANUP(psg_free_bytes) = NULL;
	struct psg_strings names = {0};
	bool held = false;
	/* Shared, so that readers do not see each other. */
	enum psg_err err = ask(root, LOCK_SH, &held);

	/* The lock first: a new holder drops the list that it finds before it does anything else. */
	if (!err && held)
		err = read_text(root, &text);
	if (!err && held)
		err = parse(text, &names);
	/* No list, or one that is just being written. */
	if (err && err != PSG_ERR_NOT_FOUND && err != PSG_ERR_CORRUPT && err != PSG_ERR_VERSION)
		return err;
	*ret = names;
	return PSG_OK;
}
