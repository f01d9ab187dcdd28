/* A backup as one file: a zip, whose comment, at the very end of the file, authenticates every byte before it.
 *
 *     manifest       what this is a backup of: a text record
 *     policy         the policy file as it was in force
 *     people/NAME    a person: a text record (psg/backup.h)
 *     key            the sealing key, only with --with-key
 *     log…           the log's files, only with --with-log
 *
 * The comment is `psg-backup 1 key FINGERPRINT seal HEX`. */
#ifndef PSGCTL_ARCHIVE_H
#define PSGCTL_ARCHIVE_H

#include "psgctl.h"

#define CTL_ARCHIVE_MAX ((size_t)1 << 30) /* of the file, which is held in memory */
#define CTL_HOST_SIZE 256

/* What a backup says of itself. */
struct ctl_manifest {
	char program[32], host[CTL_HOST_SIZE], boot_id[PSG_BOOT_ID_SIZE];
	char fingerprint[PSG_FINGERPRINT_SIZE];
	int64_t created_s;
	uint64_t people, authenticators;
};
void ctl_manifest_encode(const struct ctl_manifest *manifest, struct psg_buf *out);
PSG_MUST_CHECK
enum psg_err ctl_manifest_parse(const char *text, struct ctl_manifest *ret);

/* -- archive_write.c -- */

struct ctl_packer;
PSG_MUST_CHECK
enum psg_err ctl_packer_new(struct ctl_packer **ret);
void ctl_packer_free(struct ctl_packer **packer);
/* A file of these bytes, which are taken over. */
PSG_MUST_CHECK
enum psg_err ctl_packer_put(struct ctl_packer *packer, const char *name, struct psg_buf *bytes);
/* A file of what stands at `fd` up to its present end. It is read later, through a descriptor of its own. */
PSG_MUST_CHECK
enum psg_err ctl_packer_put_fd(struct ctl_packer *packer, const char *name, int fd);
/* The whole, sealed. Errors: NO_MEMORY, IO (a file could not be read), INVALID (above CTL_ARCHIVE_MAX). */
PSG_MUST_CHECK
enum psg_err ctl_packer_finish(struct ctl_packer *packer, const struct psg_key *key,
			       struct psg_buf *ret);

/* -- archive_read.c -- */

/* Whether the file at `fd` ends as a backup does. */
bool ctl_is_archive(int fd);
/* Takes the fingerprint from the end of a backup. Errors: INVALID (it is none, or is cut short), VERSION. */
PSG_MUST_CHECK
enum psg_err ctl_archive_fingerprint(const struct psg_buf *bytes,
				     char ret[static PSG_FINGERPRINT_SIZE]);
/* Whether this key made every byte of it. Errors: CORRUPT. */
PSG_MUST_CHECK
enum psg_err ctl_archive_authenticate(const struct psg_buf *bytes, const struct psg_key *key);

struct ctl_archive;
/* Opens it, borrowing the bytes. Names are those above, each once, each a plain file; sizes within bounds. To be
 * authenticated first, but for the one that brings its key. Errors: CORRUPT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err ctl_archive_open(const struct psg_buf *bytes, struct ctl_archive **ret);
void ctl_archive_close(struct ctl_archive **archive);
size_t ctl_archive_count(const struct ctl_archive *archive);
/* Borrowed. */
const char *ctl_archive_name(const struct ctl_archive *archive, size_t at);
/* The number of the file of that name, or the count when there is none. */
size_t ctl_archive_find(const struct ctl_archive *archive, const char *name);
/* Its content; no NUL in it when `text`. Errors: CORRUPT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err ctl_archive_read(struct ctl_archive *archive, size_t at, bool text,
			      struct psg_buf *ret);
/* Its content to a descriptor. Errors: CORRUPT, and the descriptor's. */
PSG_MUST_CHECK
enum psg_err ctl_archive_copy(struct ctl_archive *archive, size_t at, int fd);

/* -- archive_manifest.c -- */

/* The parts of the comment, for writer and reader. */
#define CTL_TRAILER_KIND "psg-backup "
#define CTL_TRAILER_BEGIN CTL_TRAILER_KIND "1 key "
#define CTL_TRAILER_SEAL " seal "
#define CTL_SEAL_DIGITS ((size_t)2 * PSG_MAC_SIZE)
#define CTL_TRAILER_SIZE                                                                           \
	(sizeof(CTL_TRAILER_BEGIN) - 1 + PSG_FINGERPRINT_SIZE - 1 + sizeof(CTL_TRAILER_SEAL) - 1 + \
	 CTL_SEAL_DIGITS)
/* The seal over the first `len` bytes, as digits. */
PSG_MUST_CHECK
enum psg_err ctl_archive_seal(const struct psg_key *key, const void *bytes, size_t len,
			      char ret[static CTL_SEAL_DIGITS + 1]);

#endif
