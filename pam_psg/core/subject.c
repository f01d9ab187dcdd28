/* The account that a question is about. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "psg/gate.h"

#define BUFFER_FIRST 1024U
#define BUFFER_MAX (1024U * 1024) /* a directory may hand out a long gecos, not a longer one */

/* By name, or by uid where name is NULL. *ret_found points into `account` and *ret_buf. */
static enum psg_err look_up(const char *name, uid_t uid, struct passwd *account, char **ret_buf,
			    struct passwd **ret_found)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 2) {
		char *buf PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct passwd *found = NULL;
		int result;

		if (!buf)
			return PSG_ERR_NO_MEMORY;
		do
			result = name ? getpwnam_r(name, account, buf, size, &found)
				      : getpwuid_r(uid, account, buf, size, &found);
		while (result == EINTR);
		if (result == ERANGE)
			continue;
		/* glibc's 0 without an entry is "every service says there is none". Any number,
		 * ENOENT too, is a service that could not say: sssd down, no descriptor left. */
		if (result != 0)
			return psg_err_lacking(result, PSG_ERR_NAMES);
		if (!found)
			return PSG_ERR_NOT_FOUND;
		*ret_found = found;
		*ret_buf = buf;
		buf = NULL;
		return PSG_OK;
	}
	return PSG_ERR_NAMES;
}

static enum psg_err fill(const char *name, uid_t uid, gid_t gid, struct psg_subject *ret)
{
	size_t len = strnlen(name, PSG_SUBJECT_SIZE);

	if (len == PSG_SUBJECT_SIZE)
		return PSG_ERR_INVALID;
	*ret = (struct psg_subject){.uid = uid, .gid = gid};
	memcpy(ret->name, name, len + 1);
	return PSG_OK;
}

enum psg_err psg_subject_by_name(const char *name, struct psg_subject *ret)
{
	char *buf PSG_CLEANUP(psg_free_bytes) = NULL;
	struct passwd account, *found = NULL;
	enum psg_err err = look_up(name, 0, &account, &buf, &found);

	if (err == PSG_ERR_NOT_FOUND) {
		err = fill(name, (uid_t)-1, (gid_t)-1, ret);
		return err == PSG_OK ? PSG_ERR_NOT_FOUND : err;
	}
	/* pw_name, not what was typed: a directory may take "Alice" for alice. */
	return err == PSG_OK ? fill(found->pw_name, found->pw_uid, found->pw_gid, ret) : err;
}

enum psg_err psg_subject_by_uid(uid_t uid, struct psg_subject *ret)
{
	char *buf PSG_CLEANUP(psg_free_bytes) = NULL;
	struct passwd account, *found = NULL;
	enum psg_err err = look_up(NULL, uid, &account, &buf, &found);

	return err == PSG_OK ? fill(found->pw_name, found->pw_uid, found->pw_gid, ret) : err;
}
