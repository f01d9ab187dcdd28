/* A backup read and judged, whole, before anything is written.
 *
 * MUST take nothing from a file that this store's key did not seal (tests/cli/test_restore.py, test_another_key;
 *      test_backup.py, test_every_byte_counts).
 * MUST take a key from a backup only where there is none: over another it would cut everybody off.
 * MUST NOT go on with a clock that stands before the backup: what is spent by it would not be what was used
 *      (test_a_clock_before_the_backup). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "psg/output.h"
#include "psg/text.h"
#include "restore.h"

void ctl_restore_clear(struct ctl_restore *run)
{
	ctl_archive_close(&run->archive);
	psg_buf_clear(&run->bytes);
	psg_buf_clear(&run->brings);
	psg_key_free(&run->key);
	ctl_install_clear(&run->install);
	psg_policy_close(&run->from);
	psg_strings_clear(&run->recovery_lost);
}

PSG_PRINTF(3, 4)
static enum ctl_exit refuse(const struct ctl *ctl, const struct ctl_restore *run,
			    const char *format, ...)
{
	char why[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	ctl_error(ctl, "%s is not restored: %s; nothing was changed", ctl_safe(run->path), why);
	return CTL_INVALID;
}

static enum ctl_exit damaged(const struct ctl *ctl, const struct ctl_restore *run, enum psg_err err)
{
	if (err == PSG_ERR_NO_MEMORY || err == PSG_ERR_LIMIT)
		return ctl_store_error(ctl, "cannot read the backup", err);
	if (err == PSG_ERR_VERSION)
		return refuse(ctl, run,
			      "a newer psgctl wrote it: upgrade this one (it is " PSG_VERSION ")");
	return refuse(ctl, run, "it was changed or damaged since it was made: use another");
}

/* -- the bytes -- */

static enum psg_err read_all(int fd, struct psg_buf *ret)
{
	char block[65536];
	for (;;) {
		ssize_t got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return psg_err_from_errno(errno);
		if (got == 0)
			return ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
		psg_buf_put(ret, block, (size_t)got);
		if (ret->len > CTL_ARCHIVE_MAX)
			return PSG_ERR_INVALID;
	}
}

static enum ctl_exit read_file(const struct ctl *ctl, struct ctl_restore *run)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	char fingerprint[PSG_FINGERPRINT_SIZE];
	enum psg_err err = psg_input_open(run->path, 0077, &fd);
	if (err == PSG_ERR_UNSAFE)
		return refuse(
		    ctl, run,
		    "it must be a plain file, no link, that belongs to root and that nobody "
		    "else may read or write: chown root: FILE && chmod 600 FILE");
	if (!err)
		err = read_all(fd, &run->bytes);
	if (err == PSG_ERR_NO_MEMORY || err == PSG_ERR_LIMIT)
		return ctl_store_error(ctl, "cannot read the backup", err);
	if (err == PSG_ERR_NOT_FOUND)
		return refuse(ctl, run, "it is not there: name a file that `psgctl backup` wrote");
	if (err && err != PSG_ERR_INVALID)
		return refuse(ctl, run, "it cannot be read: %s", psg_strerror(err));
	if (!err)
		err = ctl_archive_fingerprint(&run->bytes, fingerprint);
	if (err == PSG_ERR_INVALID)
		return refuse(ctl, run, "it is no backup of psgctl, or it was cut short");
	return err ? damaged(ctl, run, err) : CTL_DONE;
}

/* -- the key -- */

static enum ctl_exit take_brought_key(const struct ctl *ctl, struct ctl_restore *run,
				      const char *path, const char *fingerprint)
{
	enum psg_err err = ctl_archive_open(&run->bytes, &run->archive);
	size_t at = err ? 0 : ctl_archive_find(run->archive, "key");
	if (!err && at == ctl_archive_count(run->archive))
		return refuse(
		    ctl, run,
		    "this host has no sealing key, and the backup brings none: put the key "
		    "with the fingerprint %s at %s first",
		    ctl_safe(fingerprint), ctl_safe(path));
	if (!err)
		err = ctl_archive_read(run->archive, at, true, &run->brings);
	if (!err)
		err = psg_key_parse(run->brings.data, run->brings.len, &run->key);
	return err ? damaged(ctl, run, err) : CTL_DONE;
}

static enum ctl_exit find_key(const struct ctl *ctl, struct ctl_restore *run)
{
	char path[4096], wanted[PSG_FINGERPRINT_SIZE], own[PSG_FINGERPRINT_SIZE];
	struct stat info;
	enum psg_err err = ctl_archive_fingerprint(&run->bytes, wanted);
	if (err)
		return damaged(ctl, run, err);
	psg_store_key_path(ctl->store_path, ctl->key_path, path);
	if (lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		enum ctl_exit status = take_brought_key(ctl, run, path, wanted);
		if (status != CTL_DONE)
			return status;
	} else {
		err = psg_key_read(path, geteuid(), &run->key);
		if (err)
			return ctl_store_error(ctl, "cannot read the sealing key", err);
	}
	err = psg_key_fingerprint(run->key, own);
	if (!err && strcmp(own, wanted) != 0)
		return refuse(
		    ctl, run,
		    "another key sealed it (fingerprint %s; the one here, %s, is %s). Put that "
		    "key there if it is the right one: what is sealed with the present "
		    "one then opens no more",
		    ctl_safe(wanted), ctl_safe(path), own);
	if (!err)
		err = ctl_archive_authenticate(&run->bytes, run->key);
	return err ? damaged(ctl, run, err) : CTL_DONE;
}

/* -- what is in it -- */

static enum psg_err judge_person(struct ctl_restore *run, size_t at, uint64_t *ret_authenticators)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	char folder[PSG_FOLDER_NAME_SIZE] = "";
	enum psg_err err = ctl_archive_read(run->archive, at, true, &text);
	if (!err)
		err = psg_carried_parse(text.data, &carried);
	if (!err)
		err = psg_carried_judge(run->key, &carried);
	if (!err)
		err = psg_folder_name(carried.subject, folder);
	if (!err && strcmp(ctl_archive_name(run->archive, at) + strlen("people/"), folder) != 0)
		err = PSG_ERR_CORRUPT;
	*ret_authenticators += carried.authenticator_count;
	return err;
}

static enum psg_err judge_all(struct ctl_restore *run)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	uint64_t people = 0, authenticators = 0;
	enum psg_err err =
	    ctl_archive_read(run->archive, ctl_archive_find(run->archive, "manifest"), true, &text);
	if (!err)
		err = ctl_manifest_parse(text.data, &run->manifest);
	for (size_t i = 0; !err && i < ctl_archive_count(run->archive); i++)
		if (strncmp(ctl_archive_name(run->archive, i), "people/", 7) == 0) {
			err = judge_person(run, i, &authenticators);
			people++;
		}
	if (!err &&
	    (people != run->manifest.people || authenticators != run->manifest.authenticators))
		err = PSG_ERR_CORRUPT;
	return err;
}

static enum psg_err take_policy(struct ctl_restore *run)
{
	int fd PSG_CLEANUP(psg_close_fd) = memfd_create("policy", MFD_CLOEXEC);
	if (fd < 0)
		return psg_err_from_errno(errno);
	enum psg_err err =
	    ctl_archive_copy(run->archive, ctl_archive_find(run->archive, "policy"), fd);
	if (err)
		return err;
	int own = fd;
	fd = -1;
	return psg_policy_open_fd(own, &run->from);
}

static enum ctl_exit judge_circumstances(const struct ctl *ctl, const struct ctl_restore *run)
{
	char host[CTL_HOST_SIZE] = "", now[PSG_TIME_SIZE], then[PSG_TIME_SIZE];
	int64_t now_s = time(NULL);
	if (now_s < run->manifest.created_s) {
		psg_time_format(now_s, now);
		psg_time_format(run->manifest.created_s, then);
		return refuse(
		    ctl, run,
		    "it was made at %s, and this host's clock says %s: set the clock first, "
		    "for by it codes are kept from working twice",
		    then, now);
	}
	if (run->force ||
	    (gethostname(host, sizeof(host) - 1) == 0 && strcmp(host, run->manifest.host) == 0))
		return CTL_DONE;
	return refuse(ctl, run, "it is a backup of the host %s, and this is %s: with --force it is",
		      ctl_safe(run->manifest.host), ctl_safe(host));
}

enum ctl_exit ctl_restore_open(struct ctl *ctl, struct ctl_restore *run)
{
	enum ctl_exit status = read_file(ctl, run);
	if (status == CTL_DONE)
		status = find_key(ctl, run);
	if (status != CTL_DONE)
		return status;
	enum psg_err err =
	    run->archive == NULL ? ctl_archive_open(&run->bytes, &run->archive) : PSG_OK;
	if (!err)
		err = judge_all(run);
	if (!err)
		err = take_policy(run);
	if (err == PSG_ERR_OLD)
		return refuse(ctl, run,
			      "its policy is of a form that is no longer read: restore it with the "
			      "psgctl %s that made it, and upgrade then",
			      ctl_safe(run->manifest.program));
	return err ? damaged(ctl, run, err) : judge_circumstances(ctl, run);
}

/* -- the store -- */

enum ctl_exit ctl_restore_open_store(struct ctl *ctl, struct ctl_restore *run)
{
	char own[PSG_FINGERPRINT_SIZE] = "";
	struct stat info;
	bool made = false, there = lstat(ctl->store_path, &info) == 0 || errno != ENOENT;
	if (run->check_only && !there)
		return CTL_DONE;
	if (run->check_only)
		return ctl_open_store(ctl, run->brings.len == 0) ? CTL_DONE : CTL_STORE;
	if (!there && !ctl_judge_filesystem(ctl))
		return CTL_STORE;
	enum psg_err err = psg_store_make_with(
	    ctl->store_path, ctl->key_path, run->brings.len > 0 ? run->brings.data : NULL, &made);
	if (err)
		return ctl_store_error(ctl, "cannot make the store", err);
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	err = psg_key_fingerprint(ctl->store->key, own);
	/* Somebody else made one meanwhile. */
	if (!err && strcmp(own, run->manifest.fingerprint) != 0)
		err = PSG_ERR_KEY;
	return err ? ctl_store_error(ctl, "cannot use the sealing key", err) : CTL_DONE;
}
