/* The sealing key, and making and opening a store. */
#include "folk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/psg-key-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int folder_drop(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static const char *in(const char *name)
{
	static char paths[4][160];
	static size_t next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void key_is_made_once(void **state)
{
	struct psg_key *key = NULL;
	struct stat st;
	char before[128] = "", after[128] = "";
	int fd;

	(void)state;
	umask(0777);
	assert_int_equal(psg_key_make(in("key")), PSG_OK);
	umask(022);
	assert_int_equal(stat(in("key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	fd = open(in("key"), O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, before, sizeof(before) - 1) == 75);
	assert_int_equal(psg_key_make(in("key")), PSG_ERR_EXISTS);
	assert_int_equal(pread(fd, after, sizeof(after) - 1, 0), 75);
	close(fd);
	assert_string_equal(before, after);
	assert_int_equal(strncmp(before, "psg-key 1 ", 10), 0);
	assert_int_equal(psg_key_read(in("key"), geteuid(), &key), PSG_OK);
	psg_key_free(&key);
	assert_null(key);
	assert_int_equal(psg_key_make(in("none/key")), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_key_make(in("")), PSG_ERR_INVALID);
}

static void key_file_is_judged(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		enum psg_err err;
	} rows[] = {
	    {"psg-key 1 " HEX64 "\n", 0600, PSG_OK},
	    {"psg-key 1 " HEX64 "\n", 0400, PSG_OK},
	    {"psg-key 1 " HEX64 "\n", 0640, PSG_ERR_UNSAFE},
	    {"psg-key 1 " HEX64 "\n", 0604, PSG_ERR_UNSAFE},
	    {"psg-key 1 " HEX64 "\n", 0700, PSG_ERR_UNSAFE},
	    {"psg-key 1 " HEX64, 0600, PSG_ERR_KEY},
	    {"psg-key 1 " HEX64 "\n\n", 0600, PSG_ERR_KEY},
	    {"psg-key 1 " HEX64 "0\n", 0600, PSG_ERR_KEY},
	    {"psg-key 1 x" HEX64 "\n", 0600, PSG_ERR_KEY},
	    {"psg-key 2 " HEX64 "\n", 0600, PSG_ERR_VERSION},
	    {"psg-key 12 " HEX64 "\n", 0600, PSG_ERR_KEY},
	    {"", 0600, PSG_ERR_KEY},
	};
	struct psg_key *key = NULL;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		enum psg_err err;

		put(in("key"), rows[i].text, rows[i].mode);
		err = psg_key_read(in("key"), geteuid(), &key);
		/* Longer than version 1 is, whatever else it says: a later form or none. */
		if (i == 10)
			assert_true(err == PSG_ERR_KEY || err == PSG_ERR_VERSION);
		else
			assert_int_equal(err, rows[i].err);
		psg_key_free(&key);
	}
	assert_int_equal(psg_key_read(in("none"), geteuid(), &key), PSG_ERR_KEY);
	put(in("key"), rows[0].text, 0600);
	assert_int_equal(psg_key_read(in("key"), geteuid() + 1, &key), PSG_ERR_UNSAFE);
	(void)unlink(in("link"));
	assert_int_equal(symlink("key", in("link")), 0);
	assert_int_equal(psg_key_read(in("link"), geteuid(), &key), PSG_ERR_UNSAFE);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_int_equal(psg_key_read(in("fifo"), geteuid(), &key), PSG_ERR_UNSAFE);
	assert_null(key);
}

static void sealed_moves_nowhere(void **state)
{
	struct psg_key *key = NULL, *other = NULL;
	uint8_t sealed[11 + PSG_SEAL_EXTRA], again[sizeof(sealed)];
	char plain[11];

	(void)state;
	assert_int_equal(psg_key_random(&key), PSG_OK);
	assert_int_equal(psg_key_random(&other), PSG_OK);
	assert_int_equal(psg_key_seal(key, "here", "the secret", 11, sealed), PSG_OK);
	assert_int_equal(psg_key_seal(key, "here", "the secret", 11, again), PSG_OK);
	assert_memory_not_equal(sealed, again, sizeof(sealed));
	assert_int_equal(psg_key_open(key, "here", sealed, sizeof(sealed), plain), PSG_OK);
	assert_string_equal(plain, "the secret");
	assert_int_equal(psg_key_open(key, "there", sealed, sizeof(sealed), plain),
			 PSG_ERR_CORRUPT);
	assert_int_equal(psg_key_open(other, "here", sealed, sizeof(sealed), plain),
			 PSG_ERR_CORRUPT);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x40;
		assert_int_equal(psg_key_open(key, "here", sealed, sizeof(sealed), plain),
				 i == 0 ? PSG_ERR_VERSION : PSG_ERR_CORRUPT);
		sealed[i] ^= 0x40;
		assert_int_equal(psg_key_open(key, "here", sealed, i, plain), PSG_ERR_CORRUPT);
	}
	psg_key_free(&key);
	psg_key_free(&other);
}

static void macs_tell_all_apart(void **state)
{
	static const struct {
		const char *context, *bytes;
		size_t len;
	} rows[] = {{"a", "bc", 2}, {"ab", "c", 1}, {"a", "b", 1}, {"", "abc", 3}, {"a", "\0c", 2}};
	uint8_t macs[PSG_COUNT(rows) + 1][PSG_MAC_SIZE];
	struct psg_key *key = NULL, *other = NULL;

	(void)state;
	assert_int_equal(psg_key_random(&key), PSG_OK);
	assert_int_equal(psg_key_random(&other), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(rows); i++)
		assert_int_equal(
		    psg_key_mac(key, rows[i].context, rows[i].bytes, rows[i].len, macs[i]), PSG_OK);
	assert_int_equal(psg_key_mac(other, "a", "bc", 2, macs[PSG_COUNT(rows)]), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(macs); i++) {
		for (size_t j = 0; j < PSG_COUNT(macs); j++)
			assert_int_equal(psg_mac_equal(macs[i], macs[j]), i == j);
	}
	psg_key_free(&key);
	psg_key_free(&other);
}

static void key_without_memlock(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = {0, 0};
		struct psg_key *key = NULL;

		/* Root may lock all the same: not as somebody else. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
		    (geteuid() == 0 && seteuid(65534) != 0))
			_exit(2);
		_exit(psg_key_random(&key) == PSG_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void store_is_made_and_opened(void **state)
{
	struct psg_store *store = NULL;
	bool made = false;
	char path[4096], key[4096];
	struct stat st;

	(void)state;
	strcpy(path, in("store/"));
	assert_int_equal(psg_store_open(path, NULL, true, &store), PSG_ERR_NOT_FOUND);
	umask(0777);
	assert_int_equal(psg_store_make(path, NULL, &made), PSG_OK);
	umask(022);
	assert_true(made);
	assert_int_equal(psg_store_make(path, NULL, &made), PSG_OK);
	assert_false(made);
	assert_int_equal(stat(in("store"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(psg_store_open(path, NULL, true, &store), PSG_OK);
	assert_non_null(store->key);
	psg_store_close(&store);
	assert_null(store);
	assert_int_equal(psg_store_open(path, in("nokey"), false, &store), PSG_OK);
	assert_null(store->key);
	psg_store_close(&store);
	assert_int_equal(psg_store_open(path, in("nokey"), true, &store), PSG_ERR_KEY);
	assert_int_equal(psg_store_make(path, in("keys/key"), &made), PSG_OK);
	assert_true(made);
	assert_int_equal(psg_store_open(path, in("keys/key"), true, &store), PSG_OK);
	psg_store_close(&store);
	assert_int_equal(chmod(in("store"), 0750), 0);
	assert_int_equal(psg_store_open(path, NULL, true, &store), PSG_ERR_UNSAFE);
	assert_int_equal(psg_store_make(path, NULL, &made), PSG_ERR_UNSAFE);
	assert_int_equal(psg_store_make("relative", NULL, &made), PSG_ERR_INVALID);
	assert_int_equal(psg_store_make(path, "relative", &made), PSG_ERR_INVALID);
	psg_store_key_path("/var/lib/psg", NULL, key);
	assert_string_equal(key, "/etc/psg/key");
	psg_store_key_path("/var/lib/psg//", NULL, key);
	assert_string_equal(key, "/etc/psg/key");
	psg_store_key_path("/srv/psg/", NULL, key);
	assert_string_equal(key, "/srv/psg/key");
	psg_store_key_path("/srv/psg", "/k", key);
	assert_string_equal(key, "/k");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	psg_store_key_path(path, NULL, key);
	assert_string_equal(key, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_is_made_once),     cmocka_unit_test(key_file_is_judged),
	    cmocka_unit_test(sealed_moves_nowhere), cmocka_unit_test(macs_tell_all_apart),
	    cmocka_unit_test(key_without_memlock),  cmocka_unit_test(store_is_made_and_opened),
	};

	return cmocka_run_group_tests_name("key", tests, folder_make, folder_drop);
}
