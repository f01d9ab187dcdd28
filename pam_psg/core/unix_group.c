/* Unix groups by name, with the reentrant call. */
#include "psg/unix_group.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 4096U
#define BUFFER_MAX (16U << 20) /* a group of a million members */

static enum psg_err fill(const struct group *found, struct psg_unix_group *ret)
{
	size_t len = strlen(found->gr_name);

	if (len >= sizeof(ret->name))
		return PSG_ERR_INVALID;
	memcpy(ret->name, found->gr_name, len + 1);
	ret->gid = found->gr_gid;
	return PSG_OK;
}

enum psg_err psg_unix_group_find(const char *name, struct psg_unix_group *ret)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct group entry, *found = NULL;
		int result;

		if (!buffer)
			return PSG_ERR_NO_MEMORY;
		do
			result = getgrnam_r(name, &entry, buffer, size, &found);
		while (result == EINTR);
		if (result == ERANGE)
			continue;
		/* As for accounts: 0 without an entry is "there is none", any number, ENOENT too, is a
		 * service that could not say. */
		if (result != 0)
			return psg_err_lacking(result, PSG_ERR_NAMES);
		return found ? fill(found, ret) : PSG_ERR_NOT_FOUND;
	}
	return PSG_ERR_NAMES;
}
