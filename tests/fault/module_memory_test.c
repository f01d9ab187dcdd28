/* Every allocation of every entry point failing in turn, of the module's, libpam's, libsodium's and libc's own, in
 * the real module below the real libpam. What holds is what holds in syscalls_test.c; and nothing is leaked. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../soak.h"
#include "entries.h"

#include "../failing_memory.h"

static struct world world;

/* -- the person has memory of their own -- */

static void (*typing)(void *arg);
static void *typing_arg;

static void type_with_memory(void *arg)
{
	long left = memory_left;

	(void)arg;
	memory_left = -1;
	typing(typing_arg);
	memory_left = left;
}

static void spare_the_person(void)
{
	typing = world.person.before_answer;
	typing_arg = world.person.arg;
	if (typing)
		world.person.before_answer = type_with_memory;
}

/* -- what is left behind -- */

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

struct kept {
	long blocks;
	int fds;
};

static struct kept keep(void)
{
	return (struct kept){memory_blocks, open_fds()};
}

/* -- one call, and the rounds -- */

/* The result; *ret_left: what the transaction did not give back. */
static int run(const struct entry *entry, long calls, enum memory_failure *ret_failed,
	       struct kept *ret_left)
{
	entry_prepare(&world, entry);
	struct kept before = keep();

	assert_true(entry_start(&world, entry));
	spare_the_person();
	memory_fail_after(calls);
	int result = entry->call(world.pamh, 0);

	*ret_failed = memory_failed();
	world_end(&world);
	struct kept after = keep();

	*ret_left = (struct kept){after.blocks - before.blocks, after.fds - before.fds};
	return result;
}

static void check(const struct entry *entry, long calls, int result, struct kept left)
{
	const char *why = entry_judge(&world, entry, result);
	enum memory_failure failed;

	/* libc keeps what it made at its first look at the accounts; what a second time takes is lost. */
	if (!why && (left.blocks || left.fds)) {
		(void)run(entry, calls, &failed, &left);
		why = left.blocks > 0 ? "lost memory"
		      : left.fds > 0  ? "left descriptors open"
				      : NULL;
	}
	if (why)
		fail_msg("%s: allocation %ld failed: it returned %d, and %s (%ld blocks, %d "
			 "descriptors)",
			 entry->name, calls, result, why, left.blocks, left.fds);
}

/* `make check`: every 17th; `make soak`: each. */
static void each_allocation_fails(void **state)
{
	const struct entry *entry = *state;
	const unsigned stride = soak(entry->lookups ? 3 : 17, 1);
	enum memory_failure failed = MEMORY_OURS_FAILED;
	static unsigned turn;
	struct kept left;
	int result;

	entry_make(&world, entry);
	assert_int_equal(run(entry, -1, &failed, &left), entry->expected);
	for (long calls = turn++ % stride;; calls += stride) {
		result = run(entry, calls, &failed, &left);
		if (failed == MEMORY_NONE_FAILED)
			break;
		check(entry, calls, result, left);
		entry_works(&world, entry);
	}
	assert_int_equal(result, entry->expected);
	world_drop(&world);
}

static int run_all(void)
{
	struct CMUnitTest tests[32] = {{0}};

	for (size_t i = 0; i < entry_count && i < PSG_COUNT(tests); i++)
		tests[i] = (struct CMUnitTest){.name = entries[i].name,
					       .test_func = each_allocation_fails,
					       .initial_state = (void *)(uintptr_t)&entries[i]};
	return _cmocka_run_group_tests("module_memory", tests, entry_count, entries_group, NULL);
}

int main(void)
{
	return world_run_in_session(run_all);
}
