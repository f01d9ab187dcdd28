/* Every entry point of the module in the states that matter, for something to fail in. */
#ifndef PSG_TESTS_ENTRIES_H
#define PSG_TESTS_ENTRIES_H

#include "../pam/world.h"

enum entry_has { ENTRY_NOTHING, ENTRY_AUTHENTICATOR, ENTRY_ACTIVE, ENTRY_LAPSED, ENTRY_ENDED };

struct entry {
	const char *name;
	struct world_policy policy;
	const char *service;
	int (*call)(pam_handle_t *pamh, int flags);
	int (*before)(pam_handle_t *pamh, int flags); /* nothing fails in it */
	const char *answer;                           /* NULL: none; "": the right code */
	enum entry_has has;
	int expected; /* what it returns when nothing fails */
	bool lookups; /* it opens where a look into /etc/group is believed to have found nothing */
	bool
	    record; /* it makes an activation: there is a live one if it succeeded, and only then */
};

extern const struct entry entries[];
extern const size_t entry_count;

/* Two services beside "gate", and a Unix group of WORLD_USER's in a mount namespace of our own; once. */
int entries_group(void **state);
void entry_make(struct world *world, const struct entry *entry);
/* A person whom nobody has seen yet. */
void entry_prepare(struct world *world, const struct entry *entry);
/* A transaction in which entry->call is next; false where `before` failed. */
bool entry_start(struct world *world, const struct entry *entry);
/* What is wrong with this result of a call in which something failed; NULL: nothing. */
const char *entry_judge(struct world *world, const struct entry *entry, int result);
/* With the resource back: who may get in does at once, who may not does not. */
void entry_works(struct world *world, const struct entry *entry);

#endif
