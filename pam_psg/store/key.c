/* The sealing key: its file, its memory, and what it seals. See psg/key.h.
 *
 * MUST judge the open key file, not its name (key_file_is_judged in tests/store/key_test.c).
 * MUST bind every sealed thing to its place: context is authenticated (sealed_moves_nowhere).
 * MUST NOT leave key bytes on the stack, in freed memory or in a core dump.
 * MUST NOT fail only because RLIMIT_MEMLOCK, the caller's to set, is low (key_without_memlock). */
#include "psg/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "psg/text.h"

#define MASTER_SIZE crypto_kdf_KEYBYTES
#define FIRST_LINE "psg-key 1 "
#define FILE_SIZE (sizeof(FIRST_LINE) - 1 + 2 * MASTER_SIZE + 1)
#define SEAL_VERSION 1U
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(PSG_KEY_TEXT_SIZE == FILE_SIZE, "PSG_KEY_TEXT_SIZE");
_Static_assert(PSG_SEAL_EXTRA == 1 + NONCE_SIZE + TAG_SIZE, "PSG_SEAL_EXTRA");

struct psg_key {
	uint8_t seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t mac[crypto_generichash_KEYBYTES];
};

/* Before anything random or sealed. Not before a mere hash: sodium_init() asks the processor what it can, which in a
 * virtual machine took longer (41 us) than all hashing of an account check, to choose between functions that give the same
 * (hashes_before_init in tests/store/key_early_test.c). */
static enum psg_err init(void)
{
	return sodium_init() < 0 ? PSG_ERR_IO : PSG_OK;
}

void psg_random(void *ret, size_t len)
{
	/* Where it fails, and only for want of a lock, libsodium opens its source of random bytes at first use. */
	(void)!init();
	randombytes_buf(ret, len);
}

void psg_wipe(void *bytes, size_t len)
{
	if (bytes != NULL)
		sodium_memzero(bytes, len);
}

bool psg_mac_equal(const uint8_t a[static PSG_MAC_SIZE], const uint8_t b[static PSG_MAC_SIZE])
{
	return sodium_memcmp(a, b, PSG_MAC_SIZE) == 0;
}

/* A page of its own: sodium_malloc's guard pages are four times that, which a low RLIMIT_AS may
 * refuse. Locking is asked for and not insisted on; the page stays out of dumps either way. */
static struct psg_key *key_page(void)
{
	static const int how[] = {MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
				  MAP_PRIVATE | MAP_ANONYMOUS};
	void *page = MAP_FAILED;

	for (size_t i = 0; i < PSG_COUNT(how) && page == MAP_FAILED; i++)
		page = mmap(NULL, sizeof(struct psg_key), PROT_READ | PROT_WRITE, how[i], -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	(void)madvise(page, sizeof(struct psg_key), MADV_DONTDUMP);
	return page;
}

void psg_key_free(struct psg_key **key)
{
	if (*key == NULL)
		return;
	sodium_memzero(*key, sizeof(**key));
	(void)munmap(*key, sizeof(**key));
	*key = NULL;
}

static enum psg_err key_derive(const uint8_t master[static MASTER_SIZE], struct psg_key **ret)
{
	struct psg_key *key = key_page();

	if (key == NULL)
		return PSG_ERR_NO_MEMORY;
	if (crypto_kdf_derive_from_key(key->seal, sizeof(key->seal), 1, "psg-seal", master) != 0 ||
	    crypto_kdf_derive_from_key(key->mac, sizeof(key->mac), 2, "psg-mac_", master) != 0) {
		psg_key_free(&key);
		return PSG_ERR_KEY;
	}
	*ret = key;
	return PSG_OK;
}

enum psg_err psg_key_random(struct psg_key **ret)
{
	uint8_t master[MASTER_SIZE];
	enum psg_err err = init();

	if (err != PSG_OK)
		return err;
	crypto_kdf_keygen(master);
	err = key_derive(master, ret);
	psg_wipe(master, sizeof(master));
	return err;
}

static enum psg_err key_text_parse(char *text, size_t len, uint8_t master[static MASTER_SIZE])
{
	static const char kind[] = "psg-key ";
	size_t prefix = sizeof(FIRST_LINE) - 1;

	if (len > sizeof(kind) && memcmp(text, kind, sizeof(kind) - 1) == 0 &&
	    text[sizeof(kind) - 1] >= '1' && text[sizeof(kind) - 1] <= '9' &&
	    (len < prefix || memcmp(text, FIRST_LINE, prefix) != 0))
		return PSG_ERR_VERSION;
	if (len != FILE_SIZE || memcmp(text, FIRST_LINE, prefix) != 0 || text[len - 1] != '\n')
		return PSG_ERR_KEY;
	text[len - 1] = '\0';
	return psg_hex_decode(text + prefix, master, MASTER_SIZE) == PSG_OK ? PSG_OK : PSG_ERR_KEY;
}

enum psg_err psg_key_read(const char *path, uid_t owner, struct psg_key **ret)
{
	uint8_t master[MASTER_SIZE];
	char text[FILE_SIZE + 2];
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat st;
	size_t len;
	enum psg_err err = psg_files_open(AT_FDCWD, path, owner, &fd, &st);

	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_KEY : err;
	if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400)
		return PSG_ERR_UNSAFE;
	err = psg_files_read(fd, &st, text, sizeof(text), &len);
	if (err == PSG_OK)
		err = key_text_parse(text, len, master);
	else if (err == PSG_ERR_CORRUPT)
		err = PSG_ERR_KEY;
	if (err == PSG_OK)
		err = key_derive(master, ret);
	psg_wipe(text, sizeof(text));
	psg_wipe(master, sizeof(master));
	return err;
}

enum psg_err psg_key_parse(const char *text, size_t len, struct psg_key **ret)
{
	uint8_t master[MASTER_SIZE];
	char own[FILE_SIZE + 1];
	enum psg_err err = len == FILE_SIZE ? PSG_OK : PSG_ERR_KEY;

	if (err != PSG_OK)
		return err;
	memcpy(own, text, len);
	err = key_text_parse(own, len, master);
	if (err == PSG_OK)
		err = key_derive(master, ret);
	psg_wipe(own, sizeof(own));
	psg_wipe(master, sizeof(master));
	return err;
}

enum psg_err psg_key_make(const char *path)
{
	uint8_t master[MASTER_SIZE];
	char text[FILE_SIZE + 1];
	enum psg_err err = init();

	if (err != PSG_OK)
		return err;
	crypto_kdf_keygen(master);
	memcpy(text, FIRST_LINE, sizeof(FIRST_LINE));
	psg_hex_encode(master, sizeof(master), text + sizeof(FIRST_LINE) - 1);
	text[FILE_SIZE - 1] = '\n';
	err = psg_files_make_whole(path, text, FILE_SIZE);
	psg_wipe(text, sizeof(text));
	psg_wipe(master, sizeof(master));
	return err;
}

enum psg_err psg_key_put(const char *path, const char text[static PSG_KEY_TEXT_SIZE])
{
	return psg_files_make_whole(path, text, PSG_KEY_TEXT_SIZE);
}

enum psg_err psg_key_seal(const struct psg_key *key, const char *context, const void *plain,
			  size_t len, void *out)
{
	uint8_t *at = out;
	enum psg_err err = init();

	if (err != PSG_OK)
		return err;
	at[0] = SEAL_VERSION;
	randombytes_buf(at + 1, NONCE_SIZE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(at + 1 + NONCE_SIZE, NULL, plain, len,
						       (const uint8_t *)context, strlen(context),
						       NULL, at + 1, key->seal) != 0)
		return PSG_ERR_KEY;
	return PSG_OK;
}

enum psg_err psg_key_open(const struct psg_key *key, const char *context, const void *sealed,
			  size_t len, void *ret)
{
	const uint8_t *at = sealed;
	enum psg_err err = init();

	if (err != PSG_OK)
		return err;
	if (len < PSG_SEAL_EXTRA || at[0] == 0)
		return PSG_ERR_CORRUPT;
	if (at[0] != SEAL_VERSION)
		return PSG_ERR_VERSION;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		ret, NULL, NULL, at + 1 + NONCE_SIZE, len - 1 - NONCE_SIZE,
		(const uint8_t *)context, strlen(context), at + 1, key->seal) != 0)
		return PSG_ERR_CORRUPT;
	return PSG_OK;
}

enum psg_err psg_key_mac(const struct psg_key *key, const char *context, const void *bytes,
			 size_t len, uint8_t ret[static PSG_MAC_SIZE])
{
	crypto_generichash_state state;
	int bad = crypto_generichash_init(&state, key->mac, sizeof(key->mac), PSG_MAC_SIZE);

	/* The NUL parts context and bytes: no pair of them reads like another. */
	bad |= crypto_generichash_update(&state, (const uint8_t *)context, strlen(context) + 1);
	bad |= crypto_generichash_update(&state, bytes, len);
	bad |= crypto_generichash_final(&state, ret, PSG_MAC_SIZE);
	sodium_memzero(&state, sizeof(state));
	return bad == 0 ? PSG_OK : PSG_ERR_KEY;
}

enum psg_err psg_key_fingerprint(const struct psg_key *key, char ret[static PSG_FINGERPRINT_SIZE])
{
	uint8_t mac[PSG_MAC_SIZE];
	enum psg_err err = psg_key_mac(key, "fingerprint", "", 0, mac);

	if (err == PSG_OK)
		psg_hex_encode(mac, (PSG_FINGERPRINT_SIZE - 1) / 2, ret);
	return err;
}
