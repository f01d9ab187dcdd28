/* A small store with one person for each reason to be refused, each of its files remembered. */
#ifndef SMALL_STORE_H
#define SMALL_STORE_H

#include "world.h"

#define SMALL_FILES_MAX 64
#define SMALL_FILE_MAX 16384
#define SMALL_PEOPLE 6

struct small_file {
	char path[256]; /* below the store */
	char bytes[SMALL_FILE_MAX];
	size_t len;
};

/* WORLD_USER is in by a live activation; these are not, each for another reason. */
extern const char *const small_people[SMALL_PEOPLE];
extern struct world small_world;
extern struct small_file small_files[SMALL_FILES_MAX];
extern size_t small_file_count;

/* For cmocka_run_group_tests. */
int small_setup(void **state);
int small_teardown(void **state);
/* What account says to one who answers nothing. */
int small_account(const char *user);
/* A guess at somebody's code that leaves no attempt. */
int small_authenticate(const char *user, const char *code);
/* The policy. */
bool small_is_large(const struct small_file *file);
/* Person `i` is refused as ever, after `what` was done to `file`. */
void small_refused_as_before(size_t i, const struct small_file *file, const char *what,
			     size_t where);
/* So is whomever `file` could concern, by account and by codes. */
void small_all_refused(const struct small_file *file, const char *what, size_t where);

#endif
