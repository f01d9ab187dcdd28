/* Every system call of every entry point failing in turn, through the real libpam and the real module.
 *
 * Whatever fails: nobody gets in who would not have, nothing live stands behind a refusal, no descriptor is left
 * open, nothing crashes or hangs; and with the resource back the next login is right at once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "../soak.h"
#include "entries.h"
#include "inject.h"

static struct world world;

/* The first of them are what reading /etc/group can meet; a short read there is a shorter file. */
static const int errors[] = {EMFILE, ENFILE, ENOMEM, EIO, EINTR, ENOSPC, EACCES, INJECT_SHORT};
#define LOOKUP_ERRORS 5

static int call(void *arg)
{
	const struct entry *entry = arg;

	if (!entry_start(&world, entry))
		return 90;
	inject_begin();
	int result = entry->call(world.pamh, 0);

	inject_end();
	return result;
}

static void explain(const struct entry *entry, const struct injection *what,
		    const struct injected *got, const char *why)
{
	fail_msg("%s: call %ld, system call %ld of \"%s\", failed (%s): it returned %d, signal %d, "
		 "and %s",
		 entry->name, what->nth, got->struck, got->path,
		 what->errnum ? strerror(what->errnum) : "short", got->status, got->signal, why);
}

static long run(const struct entry *entry, const struct injection *what)
{
	struct injected got;

	entry_prepare(&world, entry);
	inject_run(what, call, (void *)(uintptr_t)entry, &got);
	const char *why = got.status < 0   ? "was killed"
			  : got.fds_leaked ? "left descriptors open"
			  : what->nth == 0 ? NULL
					   : entry_judge(&world, entry, got.status);

	if (what->nth == 0 && got.status != entry->expected)
		why = "nothing had failed";
	if (why)
		explain(entry, what, &got, why);
	if (what->nth > 0)
		entry_works(&world, entry);
	return got.calls;
}

/* `make check`: every 29th call, each with another error; `make soak`: every call with three, in turn. */
static void each_call_fails(void **state)
{
	const struct entry *entry = *state;
	const unsigned count = entry->lookups ? LOOKUP_ERRORS : (unsigned)PSG_COUNT(errors);
	const unsigned stride = soak(entry->lookups && entry->call == pam_acct_mgmt ? 1 : 29, 1);
	static unsigned turn;
	struct injection what = {0};
	long calls;

	entry_make(&world, entry);
	calls = run(entry, &what);
	assert_true(calls > 10);
	for (what.nth = 1 + turn++ % stride; what.nth <= calls; what.nth += stride) {
		for (unsigned e = 0; e < soak(1, 3); e++) {
			what.errnum = errors[(turn + what.nth / stride + e) % count];
			(void)run(entry, &what);
		}
	}
	world_drop(&world);
}

/* An activation that may not outlive a power cut opens nothing: each fsync in a login, and an mkdir's before it. */
static void each_sync_counts(void **state)
{
	const struct entry *entry = *state;
	struct injection what = {.nth = 1, .errnum = EIO, .only = SYS_fsync};
	struct injected got = {.struck = SYS_fsync};

	entry_make(&world, entry);
	for (; got.struck == SYS_fsync; what.nth++) {
		entry_prepare(&world, entry);
		inject_run(&what, call, (void *)(uintptr_t)entry, &got);
		if (got.struck == SYS_fsync && got.status == PAM_SUCCESS)
			explain(entry, &what, &got, "nothing vouches that it lasts");
		if (got.struck == SYS_fsync && entry_judge(&world, entry, got.status))
			explain(entry, &what, &got, entry_judge(&world, entry, got.status));
	}
	assert_true(what.nth > 3);
	world_drop(&world);
}

static int run_all(void)
{
	struct CMUnitTest tests[32] = {{0}};

	for (size_t i = 0; i < entry_count && i + 1 < PSG_COUNT(tests); i++)
		tests[i] = (struct CMUnitTest){.name = entries[i].name,
					       .test_func = each_call_fails,
					       .initial_state = (void *)(uintptr_t)&entries[i]};
	tests[entry_count] = (struct CMUnitTest){.name = "each fsync counts",
						 .test_func = each_sync_counts,
						 .initial_state = (void *)(uintptr_t)&entries[0]};
	return _cmocka_run_group_tests("syscalls", tests, entry_count + 1, entries_group, NULL);
}

int main(void)
{
	return world_run_in_session(run_all);
}
