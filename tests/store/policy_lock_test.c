/* The writers' lock, and what its holder says it is recalculating. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy_sample.h"

static void expect(struct psg_folder *root, const char *words)
{
	struct psg_strings wanted PSG_CLEANUP(psg_strings_clear) = policy_sample_words(words);
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};

	assert_int_equal(psg_policy_updating(root, &found), PSG_OK);
	policy_sample_expect(&found, (const char *const *)wanted.items, wanted.count);
}

static void announce(struct psg_folder *root, const char *words)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = policy_sample_words(words);

	assert_int_equal(psg_policy_announce(root, &names), PSG_OK);
}

static void the_lock_excludes(void **state)
{
	struct psg_folder *root = *state;
	int held PSG_CLEANUP(psg_close_fd) = -1;
	int other PSG_CLEANUP(psg_close_fd) = -1;

	assert_int_equal(psg_policy_lock(root, &held), PSG_OK);
	assert_int_equal(root->ops->open_file(root, "lock", &other), PSG_OK);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	psg_close_fd(&held);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	psg_close_fd(&other);
	assert_int_equal(psg_policy_lock(root, &held), PSG_OK);
}

/* It ends with the lock, and the next holder has no part in it. */
static void announced_while_held(void **state)
{
	struct psg_folder *root = *state;
	int lock PSG_CLEANUP(psg_close_fd) = -1;

	expect(root, "");
	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	expect(root, "");
	announce(root, "Ops Finance");
	expect(root, "Finance Ops");
	announce(root, "Finance");
	expect(root, "Finance");
	announce(root, "");
	expect(root, "");
	announce(root, "Ops");
	psg_close_fd(&lock);
	expect(root, "");
	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	expect(root, "");
}

/* Announced with a policy staged in the same folder, and put in force after. */
static void announced_while_staged(void **state)
{
	struct psg_folder *root = *state;
	struct psg_policy *base PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_policy_staged *staged PSG_CLEANUP(psg_policy_drop) = NULL;
	const struct psg_policy_update nothing = {0};
	int lock PSG_CLEANUP(psg_close_fd) = -1;

	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	policy_sample_write(root, 7);
	assert_int_equal(psg_policy_open(root, &base), PSG_OK);
	assert_int_equal(psg_policy_stage(root, base, &nothing, &staged), PSG_OK);
	announce(root, "Ops");
	expect(root, "Ops");
	assert_int_equal(psg_policy_commit(&staged), PSG_OK);
	expect(root, "Ops");
}

/* Names of any bytes, and thousands of them. */
static void odd_and_many(void **state)
{
	struct psg_folder *root = *state;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	char name[32] = "a\nb%\xff\x01 ";

	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(psg_strings_add(&names, name), PSG_OK);
		snprintf(name, sizeof(name), "Group%u\n", i);
	}
	psg_strings_sort(&names);
	assert_int_equal(psg_policy_announce(root, &names), PSG_OK);
	assert_int_equal(psg_policy_updating(root, &found), PSG_OK);
	policy_sample_expect(&found, (const char *const *)names.items, names.count);
}

/* -- other processes -- */

/* A child that holds the lock and has announced Ops; it waits to be killed. */
static pid_t start_writer(struct psg_folder *root)
{
	int ready[2], lock = -1;
	char byte = 0;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();

	if (child == 0) {
		struct psg_strings names = policy_sample_words("Ops");

		/* A test that fails forgets it. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);

		if (psg_policy_lock(root, &lock) || psg_policy_announce(root, &names) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void kill_writer(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_writer_that_dies(void **state)
{
	struct psg_folder *root = *state;
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	bool there = false;
	pid_t child = start_writer(root);

	expect(root, "Ops");
	assert_int_equal(kill(child, SIGSTOP), 0);
	expect(root, "Ops");
	kill_writer(child);
	expect(root, "");
	assert_int_equal(root->ops->exists(root, "updating", &there), PSG_OK);
	assert_true(there);
	/* What the dead one left is not what the next one does. */
	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	expect(root, "");
	assert_int_equal(root->ops->exists(root, "updating", &there), PSG_OK);
	assert_false(there);
}

/* Looking neither waits for the holder nor takes the lock from it. */
static void looking_leaves_the_lock(void **state)
{
	struct psg_folder *root = *state;
	int other PSG_CLEANUP(psg_close_fd) = -1;
	pid_t child = start_writer(root);

	for (int i = 0; i < 100; i++)
		expect(root, "Ops");
	assert_int_equal(root->ops->open_file(root, "lock", &other), PSG_OK);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	kill_writer(child);
	expect(root, "");
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
}

/* Half a list, or none that we wrote, is no list and no error. */
static void lists_that_are_none(void **state)
{
	static const char *const texts[] = {
	    "",
	    "psg-updating 1\n",
	    "psg-updating 1\ngroups 2\ngroup A\n",
	    "psg-updating 1\ngroups 1\ngroup A",
	    "psg-updating 1\ngroups 1\ngroup A\ngroup B\n",
	    "psg-updating 1\ngroups 99999999999999999999\n",
	    "psg-updating 2\ngroups 1\ngroup A\n",
	    "whatever",
	};
	struct psg_folder *root = *state;
	int lock PSG_CLEANUP(psg_close_fd) = -1;

	assert_int_equal(psg_policy_lock(root, &lock), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(texts); i++) {
		assert_int_equal(root->ops->replace(root, "updating", texts[i], strlen(texts[i])),
				 PSG_OK);
		expect(root, "");
	}
	announce(root, "Ops");
	expect(root, "Ops");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    POLICY_SAMPLE_ON_FILES(the_lock_excludes),
	    POLICY_SAMPLE_ON_FILES(announced_while_held),
	    POLICY_SAMPLE_ON_FILES(announced_while_staged),
	    POLICY_SAMPLE_ON_FILES(odd_and_many),
	    POLICY_SAMPLE_ON_FILES(a_writer_that_dies),
	    POLICY_SAMPLE_ON_FILES(looking_leaves_the_lock),
	    POLICY_SAMPLE_ON_FILES(lists_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
