/* The secret: fresh from libsodium, or one that exists already.
 *
 * MUST: refuse fewer than 16 bytes, RFC 4226 R6 (tests/cli/test_enroll.py, test_secret_sizes).
 * MUST NOT: repeat a given secret in any message, right or wrong (test_bad_secret_is_not_repeated). */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enroll.h"

/* As long as the hash's output, RFC 6238 section 5.1. */
static size_t fresh_length(enum psg_algorithm algorithm)
{
	switch (algorithm) {
	case PSG_SHA256:
		return 32;
	case PSG_SHA512:
		return 64;
	case PSG_SHA1:
		break;
	}
	return 20;
}

static enum ctl_exit decode(struct enroll *enroll, const char *text)
{
	struct psg_credential *credential = &enroll->credential;
	/* Room for more than is allowed: too long must be told from malformed. */
	uint8_t bytes[CTL_ANSWER_SIZE];
	size_t len = 0;
	enum psg_err err = psg_base32_decode(text, bytes, sizeof(bytes), &len);

	if (!err && len >= PSG_SECRET_MIN && len <= PSG_SECRET_MAX) {
		memcpy(credential->secret, bytes, len);
		credential->secret_len = len;
	}
	psg_wipe(bytes, sizeof(bytes));
	if (err) {
		ctl_error(enroll->ctl, "the secret is not base32: write it in A to Z and 2 to 7");
		return CTL_INVALID;
	}
	if (credential->secret_len == 0) {
		ctl_error(enroll->ctl, "the secret has %zu bytes: give one of %d to %d", len,
			  PSG_SECRET_MIN, PSG_SECRET_MAX);
		return CTL_INVALID;
	}
	return CTL_DONE;
}

static enum ctl_exit from_stdin(struct enroll *enroll)
{
	char text[CTL_ANSWER_SIZE] PSG_CLEANUP(ctl_answer_wipe) = "";
	enum psg_err err = ctl_ask("Secret (base32): ", text, sizeof(text));

	if (err) {
		ctl_error(
		    enroll->ctl,
		    "no secret could be read from standard input: give it in base32, on one line");
		return CTL_INVALID;
	}
	return decode(enroll, text);
}

static enum ctl_exit from_file(struct enroll *enroll, const char *path)
{
	char text[CTL_ANSWER_SIZE] PSG_CLEANUP(ctl_answer_wipe) = "";
	struct stat info;
	/* O_NONBLOCK: a FIFO in the place of the file must not hold us. */
	int fd PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode)) {
		ctl_error(enroll->ctl,
			  "cannot read %s (%s): name a plain file with the secret in base32",
			  ctl_safe(path), fd < 0 ? strerror(errno) : "not a plain file");
		return CTL_INVALID;
	}
	ssize_t len = read(fd, text, sizeof(text));

	if (len < 0 || len == (ssize_t)sizeof(text) || memchr(text, '\0', (size_t)len)) {
		ctl_error(enroll->ctl,
			  "%s holds no secret: write one in base32 (A to Z, 2 to 7) into it",
			  ctl_safe(path));
		return CTL_INVALID;
	}
	if (info.st_mode & (S_IRWXG | S_IRWXO))
		ctl_warn(enroll->ctl, "others may read %s; remove it when you are done",
			 ctl_safe(path));
	for (char *end; (end = strpbrk(text, "\r\n")) != NULL;)
		*end = ' ';
	return decode(enroll, text);
}

/* The kernel shows arguments to everybody; from here on it shows blanks. The shell's history stays. */
static enum ctl_exit from_arguments(struct enroll *enroll, const char *given)
{
	enum ctl_exit status = decode(enroll, given);

	ctl_warn(enroll->ctl, "others on this host can read a secret given on the command line; "
			      "use --secret - or --secret-file");
	for (int i = 1; i < enroll->ctl->argc; i++) {
		char *argument = enroll->ctl->argv[i];
		size_t len = strlen(argument);

		if (given >= argument && given <= argument + len)
			memset(argument + (given - argument), 'x', strlen(given));
	}
	return status;
}

static const struct psg_credential *same_secret(const struct enroll *enroll)
{
	const struct psg_credential *credential = &enroll->credential;

	for (size_t i = 0; i < enroll->old.count; i++) {
		const struct psg_credential *old = &enroll->old.items[i];

		if (old->secret_len == credential->secret_len &&
		    sodium_memcmp(old->secret, credential->secret, old->secret_len) == 0)
			return old;
	}
	return NULL;
}

/* One secret under two ids would open two doors with one code, and under a new id forget what was spent. */
static enum ctl_exit name_credential(struct enroll *enroll)
{
	const struct psg_credential *old = same_secret(enroll);
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];

	if (old && !enroll->replace) {
		ctl_error(enroll->ctl,
			  "that is the secret of authenticator %s already: add another secret, or "
			  "--replace",
			  old->id);
		return CTL_INVALID;
	}
	enroll->same_secret = old != NULL;
	if (old) {
		memcpy(enroll->credential.id, old->id, sizeof(old->id));
		return CTL_DONE;
	}
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), enroll->credential.id);
	return CTL_DONE;
}

enum ctl_exit enroll_secret(struct enroll *enroll, const struct enroll_words *words)
{
	struct psg_credential *credential = &enroll->credential;
	enum ctl_exit status = CTL_DONE;

	if (words->secret && !strcmp(words->secret, "-")) {
		status = from_stdin(enroll);
	} else if (words->secret) {
		status = from_arguments(enroll, words->secret);
	} else if (words->secret_file) {
		status = from_file(enroll, words->secret_file);
	} else {
		credential->secret_len = fresh_length(credential->algorithm);
		psg_random(credential->secret, credential->secret_len);
	}
	if (!status)
		status = name_credential(enroll);
	if (status)
		return status;
	enum psg_err err = psg_base32_encode(credential->secret, credential->secret_len,
					     enroll->base32, sizeof(enroll->base32));

	return err ? ctl_store_error(enroll->ctl, "encoding the secret", err) : CTL_DONE;
}
