/* A store with a person in it, on files or in memory, under a clock and a process table of the test's. */
#ifndef FOLK_H
#define FOLK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psg/people.h"

#define FOLK_BOOT_A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define FOLK_BOOT_B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define FOLK_PROCESSES 8
#define FOLK_S PSG_NS_PER_S

struct folk {
	bool on_files;
	char path[64]; /* on files: the store */
	struct psg_store *store;
	struct psg_now now;
	struct psg_throttle throttle;
	struct {
		pid_t pid;
		struct psg_proc_info info;
	} processes[FOLK_PROCESSES]; /* pid 0: a free place */
	enum psg_err proc_error;
	struct psg_credential phone, tablet; /* not enrolled until asked */
};

/* For cmocka_unit_test_prestate_setup_teardown: the state is &folk_on_files or &folk_in_memory before. */
extern bool folk_on_files, folk_in_memory;
int folk_setup(void **state);
int folk_teardown(void **state);
#define FOLK_BOTH(test)                                                                            \
	{#test " (files)", test, folk_setup, folk_teardown, &folk_on_files},                       \
	{                                                                                          \
#test " (memory)", test, folk_setup, folk_teardown, &folk_in_memory                \
	}
#define FOLK_FILES(test)                                                                           \
	{                                                                                          \
#test, test, folk_setup, folk_teardown, &folk_on_files                             \
	}
#define FOLK_MEMORY(test)                                                                          \
	{                                                                                          \
#test, test, folk_setup, folk_teardown, &folk_in_memory                            \
	}

void folk_pass(struct folk *folk, int64_t seconds);
/* The process `at` of the folk: its session's leader, with audit id 5. */
void folk_process(struct folk *folk, size_t at, pid_t pid, uint64_t start);
/* Another boot, up for `uptime_s`. */
void folk_reboot(struct folk *folk, int64_t uptime_s);
void folk_enroll(struct folk *folk, const char *subject, const struct psg_credential *credential);
/* Recovery codes by the letter of psg(7), of a hash that costs nothing; the set's id is sixteen times `id`. */
void folk_recovery(struct psg_store *store, const char *subject, char id, const char *const *codes,
		   size_t count);
/* The code of the step `offset` steps from now. */
const char *folk_code(struct folk *folk, const struct psg_credential *credential, int offset);
/* A group activation of an hour, two at most, for the Host. */
struct psg_grant folk_grant(const char *target);
struct psg_claim folk_claim(struct folk *folk, const char *subject, const char *code,
			    const struct psg_grant *grant);
/* Claims with the code of now for the Host; must succeed. */
struct psg_activation folk_activate(struct folk *folk, const char *subject, const char *target);
enum psg_err folk_try(struct folk *folk, const char *subject, const char *code,
		      const struct psg_grant *grant);
/* people/SUBJECT/PART, made. */
struct psg_folder *folk_part(struct folk *folk, const char *subject, const char *part);
bool folk_has(struct folk *folk, const char *subject, const char *part, const char *name);
size_t folk_count(struct folk *folk, const char *subject, const char *part);
/* A file as a broken disk or a killed process leaves it. odd: of a mode that makes it unsafe. */
void folk_plant(struct folk *folk, const char *subject, const char *part, const char *name,
		const void *bytes, size_t len, int64_t mtime_ns, bool odd);
/* Copies a file's bytes to another place, as one who can write the folder but has no key. */
size_t folk_copy(struct folk *folk, const char *from, const char *to, const char *part,
		 const char *name, const char *new_name);
/* How many of the subject's activations are live for the Host or in a session. */
size_t folk_live(struct folk *folk, const char *subject);
/* One of them by name; fails the test when it is not there. */
struct psg_activation folk_activation(struct folk *folk, const char *subject, const char *file);

#endif
