/* Every reading of a clock failing in turn (in `make soak` also all from there on), in every entry point: what holds is what holds in syscalls_test.c. No
 * system call does it, the kernel's clocks are read without one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "entries.h"

static struct world world;
static long left = -1; /* readings until one fails; negative: none does */
static bool for_ever, struck;

/* Before libc's, for the module too. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (left < 0 || left-- > 0)
		return (int)syscall(SYS_clock_gettime, id, ret);
	struck = true;
	left = for_ever ? 0 : -1;
	errno = EINVAL;
	return -1;
}

static int run(const struct entry *entry, long readings)
{
	entry_prepare(&world, entry);
	assert_true(entry_start(&world, entry));
	struck = false;
	left = readings;
	int result = entry->call(world.pamh, 0);

	left = -1;
	world_end(&world);
	return result;
}

static void each_reading_fails(void **state)
{
	const struct entry *entry = *state;

	entry_make(&world, entry);
	for (unsigned mode = 0; mode < soak(1, 2); mode++) {
		long readings = 0;

		for_ever = mode == 1;
		for (struck = true; struck; readings++) {
			int result = run(entry, readings);
			const char *why = entry_judge(&world, entry, result);

			if (!struck)
				assert_int_equal(result, entry->expected);
			if (why)
				fail_msg("%s: reading %ld failed%s: it returned %d, and %s",
					 entry->name, readings, for_ever ? " and all after it" : "",
					 result, why);
			entry_works(&world, entry);
		}
		assert_true(readings > 2);
	}
	world_drop(&world);
}

static int run_all(void)
{
	struct CMUnitTest tests[32] = {{0}};

	for (size_t i = 0; i < entry_count && i < PSG_COUNT(tests); i++)
		tests[i] = (struct CMUnitTest){.name = entries[i].name,
					       .test_func = each_reading_fails,
					       .initial_state = (void *)(uintptr_t)&entries[i]};
	return _cmocka_run_group_tests("clocks", tests, entry_count, entries_group, NULL);
}

int main(void)
{
	return world_run_in_session(run_all);
}
