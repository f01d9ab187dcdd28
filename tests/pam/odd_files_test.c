/* Files and folders of the store that are not what they should be: another kind of thing, another's, open to others.
 *
 * Nobody gets in who did not before, nobody waits (a FIFO), no host crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "small_store.h"

enum odd {
	ODD_LINK,
	ODD_TWICE,
	ODD_FIFO,
	ODD_FOLDER,
	ODD_DEVICE,
	ODD_SOCKET,
	ODD_MODE,
	ODD_OPEN,
	ODD_OWNER,
	ODD_GROUP,
	ODD_COUNT
};

static const char *const odd_names[] = {
    "a symbolic link", "a second link", "a FIFO",       "a folder",   "a device",
    "a socket",        "of mode 0000",  "of mode 0666", "somebody's", "of a group of somebody's"};

/* `aside` is what stood at `path`. */
static void make_odd(enum odd odd, const char *aside, const char *path)
{
	switch (odd) {
	case ODD_LINK:
		assert_int_equal(symlink(aside, path), 0);
		return;
	case ODD_TWICE:
		assert_int_equal(link(aside, path), 0);
		return;
	case ODD_FIFO:
		assert_int_equal(mknod(path, S_IFIFO | 0600, 0), 0);
		return;
	case ODD_FOLDER:
		assert_int_equal(mkdir(path, 0700), 0);
		return;
	case ODD_DEVICE:
		assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(1, 5)), 0); /* zero */
		return;
	case ODD_SOCKET:
		assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
		return;
	case ODD_MODE:
	case ODD_OPEN:
	case ODD_OWNER:
	case ODD_GROUP:
	case ODD_COUNT:
		break;
	}
	/* The very bytes, and not to be trusted. */
	assert_int_equal(link(aside, path), 0);
	if (odd == ODD_MODE || odd == ODD_OPEN)
		assert_int_equal(chmod(path, odd == ODD_OPEN ? 0666 : 0), 0);
	else
		assert_int_equal(
		    chown(path, odd == ODD_OWNER ? 65534 : 0, odd == ODD_GROUP ? 65534 : 0), 0);
}

static void every_oddness(void **state)
{
	char path[512], aside[512];

	(void)state;
	snprintf(aside, sizeof(aside), "%s/aside", small_world.dir);
	for (size_t i = 0; i < small_file_count; i++) {
		snprintf(path, sizeof(path), "%.80s/%.255s", small_world.store_dir,
			 small_files[i].path);
		for (enum odd odd = ODD_LINK; odd < ODD_COUNT; odd++) {
			assert_int_equal(rename(path, aside), 0);
			make_odd(odd, aside, path);
			small_all_refused(&small_files[i], odd_names[odd], odd);
			assert_int_equal(remove(path), 0);
			assert_int_equal(chmod(aside, 0600), 0);
			assert_int_equal(chown(aside, 0, 0), 0);
			assert_int_equal(rename(aside, path), 0);
		}
	}
}

/* A folder that somebody else could have written, or a link to one: whatever is in it says nothing. WORLD_USER's are
 * live inside and must not let in either. */
static void every_folder(void **state)
{
	static const char *const folders[] = {"", "people", "people/" WORLD_USER,
					      "people/" WORLD_USER "/spent"};
	char path[512], aside[512];

	(void)state;
	snprintf(aside, sizeof(aside), "%s/aside", small_world.dir);
	for (size_t i = 0; i < PSG_COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s%s%s", small_world.store_dir,
			 *folders[i] ? "/" : "", folders[i]);
		assert_int_equal(chmod(path, 0770), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_PERM_DENIED);
		assert_int_equal(chmod(path, 0700), 0);
		assert_int_equal(chown(path, 65534, 0), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_PERM_DENIED);
		assert_int_equal(chown(path, 0, 0), 0);
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(symlink(aside, path), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_PERM_DENIED);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_PERM_DENIED);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mknod(path, S_IFIFO | 0600, 0), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_PERM_DENIED);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rename(aside, path), 0);
		assert_int_equal(small_account(WORLD_USER), PAM_SUCCESS);
	}
}

/* None of the above was so because everybody was refused anyhow. */
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
	    cmocka_unit_test(every_oddness),
	    cmocka_unit_test(every_folder),
	    cmocka_unit_test(as_it_is),
	};

	return cmocka_run_group_tests(tests, small_setup, small_teardown);
}
