/* Whatever a broken disk or a hand does to a file of the store, nobody gets in who did not before, and no host crashes.
 *
 * A small store with one person for each reason to be refused, and the real module through the real libpam: every
 * bit of every file flipped, every file cut at every length, every file's content put in the place of every other's.
 * `make check` takes a sample of the bits and lengths, `make soak` all of them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "small_store.h"

static int open_of(const struct small_file *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", small_world.store_dir, file->path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void put(int fd, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
}

static void flip(const struct small_file *file, int fd, size_t bit, size_t whole)
{
	char byte = (char)(file->bytes[bit / 8] ^ (1 << bit % 8));

	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	if (!small_is_large(file) || bit % whole == 0) {
		small_all_refused(file, "bit flipped", bit);
	} else {
		small_refused_as_before(0, file, "bit flipped", bit);
		small_refused_as_before(1, file, "bit flipped", bit);
		world_end(&small_world);
	}
	assert_int_equal(pwrite(fd, &file->bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
}

/* A step that is prime to 8 shows each byte another bit. Of the policy every bit is seen by two people and one of each
 * byte by all: everybody's every bit would take an hour. */
static void every_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < small_file_count; i++) {
		size_t step = small_is_large(&small_files[i]) ? soak(397, 1) : soak(97, 1);

		/* Which attempt counts, and since when, the last one says. */
		if (strstr(small_files[i].path, "attempts/5"))
			step = soak(7, 1);
		int fd = open_of(&small_files[i]);

		for (size_t bit = 0; bit < small_files[i].len * 8; bit += step)
			flip(&small_files[i], fd, bit, soak(397, 9));
		close(fd);
	}
}

static void every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < small_file_count; i++) {
		size_t step = small_is_large(&small_files[i]) ? soak(211, 1) : soak(43, 1);
		int fd = open_of(&small_files[i]);

		for (size_t len = 0; len < small_files[i].len; len += step) {
			assert_int_equal(ftruncate(fd, (off_t)len), 0);
			small_all_refused(&small_files[i], "cut", len);
			put(fd, small_files[i].bytes, small_files[i].len);
		}
		close(fd);
	}
}

static void every_swap(void **state)
{
	(void)state;
	for (size_t i = 0; i < small_file_count; i++) {
		int fd = open_of(&small_files[i]);

		for (size_t j = i % soak(3, 1); j < small_file_count; j += soak(3, 1)) {
			put(fd, small_files[j].bytes, small_files[j].len);
			if (i != j)
				small_all_refused(&small_files[i], small_files[j].path, j);
		}
		put(fd, small_files[i].bytes, small_files[i].len);
		close(fd);
	}
}

/* Nothing of the above was so because everybody was refused anyhow. */
static void as_it_is(void **state)
{
	(void)state;
	assert_int_equal(small_account(WORLD_USER), PAM_SUCCESS);
	for (size_t i = 0; i < SMALL_PEOPLE; i++)
		assert_int_equal(small_account(small_people[i]), PAM_PERM_DENIED);
	assert_int_equal(small_authenticate("bin", world_code(&small_world, 0)), PAM_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bit),
	    cmocka_unit_test(every_length),
	    cmocka_unit_test(every_swap),
	    cmocka_unit_test(as_it_is),
	};

	return cmocka_run_group_tests(tests, small_setup, small_teardown);
}
