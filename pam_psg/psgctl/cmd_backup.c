/* psgctl backup: what this store decides by, in one file, while logins go on.
 *
 * No lock is taken, and nobody waits: the policy is one immutable file, of which a descriptor is held, and each person is
 * read in the order that store/people_carry.c gives reasons for. A command that changes both while this runs is in the
 * backup for those parts that were read after it; each part is one that was in force. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "psg/backup.h"
#include "psg/output.h"

struct backup_run {
	const char *path;
	bool with_key, with_log, to_stdout;
	struct ctl_packer *packer;
	struct ctl *ctl;
	struct ctl_manifest manifest;
	struct psg_carry_count count;
	struct psg_buf bytes;
	char subject[PSG_SUBJECT_SIZE]; /* at whom it failed */
};

static void run_clear(struct backup_run *run)
{
	ctl_packer_free(&run->packer);
	psg_buf_clear(&run->bytes);
}

/* -- gathering -- */

static enum psg_err add_person(void *arg, const char *subject)
{
	struct backup_run *run = arg;
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char name[sizeof("people/") + PSG_FOLDER_NAME_SIZE] = "people/";
	snprintf(run->subject, sizeof(run->subject), "%s", subject);
	enum psg_err err = psg_folder_name(subject, *(char(*)[PSG_FOLDER_NAME_SIZE])(name + 7));
	if (!err)
		err = psg_people_carry(run->ctl->store, subject, &text, &run->count);
	if (!err && text.len > PSG_CARRIED_MAX)
		err = PSG_ERR_CORRUPT;
	if (!err && text.len > 0) {
		err = ctl_packer_put(run->packer, name, &text);
		run->manifest.people++;
	}
	if (!err)
		run->subject[0] = '\0';
	return err;
}

static enum psg_err add_file(struct backup_run *run, const char *name)
{
	struct psg_folder *root = run->ctl->store->root;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = root->ops->open_file(root, name, &fd);
	return err ? err : ctl_packer_put_fd(run->packer, name, fd);
}

/* What is in force now, and all of it sound: a damaged one would be of no use on the day it is wanted. */
static enum psg_err add_policy(struct backup_run *run)
{
	struct psg_folder *root = run->ctl->store->root;
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = root->ops->open_file(root, "policy", &fd);
	int own = err ? -1 : dup(fd);
	if (!err)
		err = own < 0 ? PSG_ERR_LIMIT : psg_policy_open_fd(own, &policy);
	if (!err)
		err = psg_policy_sound(policy);
	return err ? err : ctl_packer_put_fd(run->packer, "policy", fd);
}

static enum psg_err add_log(void *arg, const char *name)
{
	struct backup_run *run = arg;
	bool is_log =
	    strcmp(name, "log") == 0 || (strncmp(name, "log.", 4) == 0 && name[4] != '\0' &&
					 strspn(name + 4, "0123456789") == strlen(name + 4));
	enum psg_err err = is_log ? add_file(run, name) : PSG_OK;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err; /* renamed since it was listed */
}

static enum psg_err add_key(struct backup_run *run)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_key *key PSG_CLEANUP(psg_key_free) = NULL;
	char path[4096], block[PSG_KEY_TEXT_SIZE + 1], fingerprint[PSG_FINGERPRINT_SIZE];
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	psg_store_key_path(run->ctl->store_path, run->ctl->key_path, path);
	enum psg_err err = psg_input_open(path, 0077, &fd);
	ssize_t got = err ? 0 : read(fd, block, sizeof(block));
	if (!err)
		err = got < 0 ? PSG_ERR_IO : psg_key_parse(block, (size_t)got, &key);
	if (!err)
		err = psg_key_fingerprint(key, fingerprint);
	/* Another since the store was opened would not open what is sealed here. */
	if (!err && strcmp(fingerprint, run->manifest.fingerprint) != 0)
		err = PSG_ERR_KEY;
	if (!err)
		psg_buf_put(&text, block, (size_t)got);
	psg_wipe(block, sizeof(block));
	return err ? err : ctl_packer_put(run->packer, "key", &text);
}

static enum psg_err add_manifest(struct backup_run *run)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	run->manifest.authenticators = run->count.authenticators;
	ctl_manifest_encode(&run->manifest, &text);
	return ctl_packer_put(run->packer, "manifest", &text);
}

/* The time first: what happens from then on is not promised to be in it. */
static enum psg_err begin(struct backup_run *run)
{
	struct psg_now now;
	enum psg_err err = psg_clock_now(&run->ctl->store->clock, &now);
	if (err)
		return err;
	run->manifest.created_s = now.realtime_ns / PSG_NS_PER_S;
	memcpy(run->manifest.boot_id, now.boot_id, sizeof(now.boot_id));
	snprintf(run->manifest.program, sizeof(run->manifest.program), "%s", PSG_VERSION);
	if (gethostname(run->manifest.host, sizeof(run->manifest.host) - 1) != 0)
		strcpy(run->manifest.host, "localhost");
	err = psg_key_fingerprint(run->ctl->store->key, run->manifest.fingerprint);
	return err ? err : ctl_packer_new(&run->packer);
}

static enum psg_err gather(struct backup_run *run)
{
	struct psg_store *store = run->ctl->store;
	enum psg_err err = begin(run);
	if (!err)
		err = add_policy(run);
	if (!err)
		err = psg_people_each(store, add_person, run);
	if (!err && run->with_log)
		err = store->root->ops->list(store->root, add_log, run);
	if (!err && run->with_key)
		err = add_key(run);
	if (!err)
		err = add_manifest(run);
	return err ? err : ctl_packer_finish(run->packer, store->key, &run->bytes);
}

/* -- writing -- */

static enum psg_err write_out(struct backup_run *run)
{
	struct psg_output output PSG_CLEANUP(psg_output_drop) = {.folder = -1, .fd = -1};
	if (run->to_stdout)
		return psg_write_all(STDOUT_FILENO, run->bytes.data, run->bytes.len);
	enum psg_err err = psg_output_begin(run->path, ctl_is_archive, &output);
	if (!err)
		err = psg_write_all(output.fd, run->bytes.data, run->bytes.len);
	return err ? err : psg_output_end(&output, true);
}

static enum ctl_exit write_failed(const struct ctl *ctl, const char *path, enum psg_err err)
{
	const char *what = psg_strerror(err), *remedy = psg_remedy(err);
	if (err == PSG_ERR_EXISTS)
		what = "what is there is no backup, and is left alone";
	else if (err == PSG_ERR_UNSAFE)
		what = "it is a link, or no plain file";
	else if (err == PSG_ERR_NOT_FOUND)
		remedy = "make the directory it is to be in first";
	if (err == PSG_ERR_EXISTS || err == PSG_ERR_UNSAFE)
		remedy = "name another";
	ctl_error(ctl, "cannot write %s: %s%s%s; there is no backup", ctl_safe(path), what,
		  remedy != NULL ? ": " : "", remedy != NULL ? remedy : "");
	return CTL_INVALID;
}

static void warn(const struct ctl *ctl, const struct backup_run *run)
{
	if (run->count.unreadable > 0)
		ctl_warn(ctl,
			 "%zu authenticator%s could not be opened and %s not in the backup: "
			 "`psgctl doctor` names them",
			 run->count.unreadable, run->count.unreadable == 1 ? "" : "s",
			 run->count.unreadable == 1 ? "is" : "are");
	if (run->with_key)
		ctl_warn(
		    ctl,
		    "the sealing key is in it: whoever can read this file can make everybody's "
		    "codes. Keep it as you keep %s",
		    "the key itself");
}

static enum ctl_exit report(struct ctl *ctl, const struct backup_run *run)
{
	char reason[512];
	snprintf(reason, sizeof(reason), "to %s%s", run->to_stdout ? "standard output" : run->path,
		 run->with_key ? ", with the sealing key" : "");
	struct psg_event event = {.kind = PSG_EVENT_BACKED_UP, .reason = reason};
	ctl_event(ctl, &event);
	warn(ctl, run);
	if (ctl->json)
		return ctl_print_json(json_pack(
		    "{s:o, s:o, s:I, s:I, s:I, s:s, s:b, s:b}", "output", ctl_json_text(run->path),
		    "createdDate", ctl_json_time(run->manifest.created_s), "people",
		    (json_int_t)run->manifest.people, "authenticators",
		    (json_int_t)run->count.authenticators, "size", (json_int_t)run->bytes.len,
		    "keyFingerprint", run->manifest.fingerprint, "withKey", run->with_key,
		    "withLog", run->with_log));
	if (run->to_stdout || ctl->quiet)
		return CTL_DONE;
	printf("Backed up the policy, %zu %s and %zu authenticator%s to %s.\n",
	       (size_t)run->manifest.people, run->manifest.people == 1 ? "person" : "people",
	       run->count.authenticators, run->count.authenticators == 1 ? "" : "s",
	       ctl_safe(run->path));
	if (!run->with_key)
		printf("The sealing key is not in it: keep a copy of it elsewhere (fingerprint "
		       "%s).\n",
		       run->manifest.fingerprint);
	return CTL_DONE;
}

enum ctl_exit ctl_backup(struct ctl *ctl)
{
	struct backup_run run PSG_CLEANUP(run_clear) = {.ctl = ctl};
	const struct ctl_option options[] = {{"with-key", false, NULL, &run.with_key},
					     {"with-log", false, NULL, &run.with_log},
					     {NULL, false, NULL, NULL}};
	const char *mistake = NULL;
	if (!ctl_parse(ctl, options, &run.path, 1, 1, NULL))
		return CTL_USAGE;
	run.to_stdout = strcmp(run.path, "-") == 0;
	if (run.to_stdout && isatty(STDOUT_FILENO))
		mistake = "a backup is no text for a terminal: name a file, or send it on";
	else if (run.to_stdout && ctl->json)
		mistake = "standard output is the backup's: without --json, or name a file";
	if (mistake != NULL) {
		ctl_error(ctl, "%s", mistake);
		return CTL_USAGE;
	}
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	enum psg_err err = gather(&run);
	if (err == PSG_ERR_INVALID) {
		ctl_error(ctl, "the backup would be larger than 1 GiB: leave the log out");
		return CTL_STORE;
	}
	if (err && run.subject[0] != '\0')
		ctl_error(ctl, "at the folder of %s:", ctl_safe(run.subject));
	if (err)
		return ctl_store_error(ctl, "cannot back up", err);
	err = write_out(&run);
	return err ? write_failed(ctl, run.path, err) : report(ctl, &run);
}
