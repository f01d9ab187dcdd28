/* A restore under way. */
#ifndef PSGCTL_RESTORE_H
#define PSGCTL_RESTORE_H

#include "archive.h"
#include "install.h"
#include "psg/backup.h"

struct ctl_restore {
	const char *path;
	bool check_only, exact, force;
	struct psg_buf bytes; /* of the file */
	struct ctl_archive *archive;
	struct ctl_manifest manifest;
	struct psg_key *key;   /* this host's, or the one that it brings */
	struct psg_buf brings; /* the key's text, where this host has none */
	struct psg_policy *from;
	struct ctl_install install;
	uint32_t window_steps;
	/* what came of it */
	size_t put, removed, ended;
	int64_t next_code_s;
	struct psg_strings recovery_lost;
	bool log_put, log_left;
};
void ctl_restore_clear(struct ctl_restore *run);

/* -- restore_open.c -- */
/* Reads the file, and judges all of it but the policy: nothing is written before that. What is wrong is said. */
enum ctl_exit ctl_restore_open(struct ctl *ctl, struct ctl_restore *run);
/* Makes what is missing of a store, its key among it, and opens it. Under check_only it may stay closed: ctl->store NULL. */
enum ctl_exit ctl_restore_open_store(struct ctl *ctl, struct ctl_restore *run);

/* -- restore_people.c -- */
/* Everybody put back, or under check_only looked at. Errors: CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err ctl_restore_people(struct ctl *ctl, struct ctl_restore *run);
/* The log's files, where this host has none. Best effort: nothing rests on it. */
void ctl_restore_log(struct ctl *ctl, struct ctl_restore *run);

#endif
