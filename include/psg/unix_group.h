/* A Unix group by its name, asked of the name service. */
#ifndef PSG_UNIX_GROUP_H
#define PSG_UNIX_GROUP_H

#include "psg/base.h"
#include "psg/text.h"

struct psg_unix_group {
	char name[PSG_SUBJECT_SIZE]; /* the name service's own spelling */
	gid_t gid;
};

/* Errors: NOT_FOUND only when every service said that there is none; NAMES when one could not say;
 * INVALID for a name that does not fit; NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_unix_group_find(const char *name, struct psg_unix_group *ret);

#endif
