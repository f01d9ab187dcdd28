/* The key file, and what a key seals. The file's text is the whole input; what is sealed, and the bit that flips, follow
 * behind a FUZZ_END. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "psg/key.h"

#define LINE "psg-key 1 "

static char path[64];

static void forget(void)
{
	(void)unlink(path);
}

/* psg_key_read takes a name and no link: a file of this process in memory. */
static void put_file(const char *bytes, size_t len)
{
	int fd;

	if (!*path) {
		snprintf(path, sizeof(path), "/dev/shm/psg-key-fuzz-%jd", (intmax_t)getpid());
		(void)atexit(forget);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	expect(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static bool is_key(const char *text, size_t len)
{
	size_t prefix = sizeof(LINE) - 1;

	return len == prefix + 65 && memcmp(text, LINE, prefix) == 0 &&
	       strspn(text + prefix, "0123456789abcdef") == 64 && text[len - 1] == '\n';
}

static void check_seal(const struct psg_key *key, const char *plain, size_t len, size_t flip)
{
	uint8_t *sealed = malloc(len + PSG_SEAL_EXTRA), *again = malloc(len + 1);
	uint8_t mac[PSG_MAC_SIZE], other[PSG_MAC_SIZE];
	size_t bits = 8 * (len + PSG_SEAL_EXTRA);

	if (sealed && again) {
		expect(psg_key_seal(key, "a", plain, len, sealed) == PSG_OK);
		expect(psg_key_open(key, "a", sealed, len + PSG_SEAL_EXTRA, again) == PSG_OK &&
		       memcmp(again, plain, len) == 0);
		expect(psg_key_open(key, "b", sealed, len + PSG_SEAL_EXTRA, again) != PSG_OK);
		sealed[flip % bits / 8] ^= (uint8_t)(1U << (flip % 8));
		expect(psg_key_open(key, "a", sealed, len + PSG_SEAL_EXTRA, again) != PSG_OK);
		/* What is no seal at all. */
		expect(len < PSG_SEAL_EXTRA || psg_key_open(key, "a", plain, len, again) != PSG_OK);
		expect(psg_key_mac(key, "a", plain, len, mac) == PSG_OK &&
		       psg_key_mac(key, "b", plain, len, other) == PSG_OK &&
		       !psg_mac_equal(mac, other));
	}
	free(sealed);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct psg_key *key PSG_CLEANUP(psg_key_free) = NULL;
	size_t len, plain_len, flip;
	char *text = fuzz_part(&input, &len), *plain;
	enum psg_err err;

	if (!text)
		return 0;
	put_file(text, len);
	err = psg_key_read(path, getuid(), &key);
	expect((err == PSG_OK) == is_key(text, len) && (err == PSG_OK) == (key != NULL));
	expect(err == PSG_OK || err == PSG_ERR_KEY || err == PSG_ERR_VERSION);
	flip = (size_t)fuzz_byte(&input) << 8 | fuzz_byte(&input);
	plain = fuzz_copy(input.at, plain_len = input.left);
	if (key && plain)
		check_seal(key, plain, plain_len, flip);
	free(plain);
	free(text);
	return 0;
}
