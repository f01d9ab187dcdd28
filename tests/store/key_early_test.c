/* What an account check computes before sodium_init() was ever called: the same as after it. A program of its own,
 * because any other test may have called it. */
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_private.h"
#include "psg/key.h"

static const char key_text[] =
    "psg-key 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

/* The seal of 2,000 bytes, so that more than one block is hashed. */
static void seal(const char *path, uint8_t ret[static PSG_MAC_SIZE])
{
	struct psg_key *key PSG_CLEANUP(psg_key_free) = NULL;
	char bytes[2000];

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(psg_key_read(path, geteuid(), &key), PSG_OK);
	assert_int_equal(psg_key_mac(key, "people/alice/spent/1", bytes, sizeof(bytes), ret),
			 PSG_OK);
}

static void hashes_before_init(void **state)
{
	char path[] = "/tmp/psg-early-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	uint8_t before[PSG_MAC_SIZE], after[PSG_MAC_SIZE];
	uint64_t hash = psg_policy_key_hash("settings", 8);

	(void)state;
	assert_true(fd >= 0 && write(fd, key_text, strlen(key_text)) == (ssize_t)strlen(key_text));
	close(fd);
	seal(path, before);
	assert_true(psg_mac_equal(before, before));
	/* 0: not initialized until now; 1 would be "already". */
	assert_int_equal(sodium_init(), 0);
	seal(path, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_true(psg_policy_key_hash("settings", 8) == hash);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hashes_before_init)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
