/* `psgctl policy install FILE` and `policy export FILE`: the policy as the one file that it is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "install.h"
#include "psg/output.h"

#define POLICY_MAX ((uint64_t)UINT32_MAX)
#define EXPLAIN_INPUT                                                                              \
	"it must be a plain file, no link, that belongs to root and that no others may write: "    \
	"chown root: FILE && chmod go-w FILE"

struct install_run {
	const char *path;
	struct psg_policy *from;
	struct ctl_install install;
};

static void run_clear(struct install_run *run)
{
	psg_policy_close(&run->from);
	ctl_install_clear(&run->install);
}

/* -- reading -- */

/* A policy is looked up by place: what comes through a pipe is gathered first. */
static enum psg_err gather(int from, int *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = memfd_create("policy", MFD_CLOEXEC);
	char block[65536];
	uint64_t len = 0;
	if (fd < 0)
		return psg_err_from_errno(errno);
	for (;;) {
		ssize_t got = read(from, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return psg_err_from_errno(errno);
		if (got == 0)
			break;
		len += (uint64_t)got;
		enum psg_err err =
		    len > POLICY_MAX ? PSG_ERR_CORRUPT : psg_write_all(fd, block, (size_t)got);
		if (err)
			return err;
	}
	*ret = fd;
	fd = -1;
	return PSG_OK;
}

static enum ctl_exit refuse(const struct ctl *ctl, const char *path, enum psg_err err)
{
	const char *what = psg_strerror(err), *remedy = psg_remedy(err);
	if (err == PSG_ERR_NOT_FOUND) {
		remedy = "name one that `psgctl policy export` wrote";
	} else if (err == PSG_ERR_CORRUPT || err == PSG_ERR_INVALID) {
		what = "it is no policy file, or it is damaged";
		remedy = "make it anew with `psgctl policy export` on the host that it is from";
	} else if (err == PSG_ERR_VERSION) {
		remedy =
		    "upgrade psgctl and the module on this host first (psgctl is " PSG_VERSION ")";
	} else if (err == PSG_ERR_OLD) {
		remedy =
		    "deploy to the host that it is from with a psgctl of this version (" PSG_VERSION
		    "), and export it again";
	} else if (err == PSG_ERR_UNSAFE) {
		remedy = EXPLAIN_INPUT;
	}
	ctl_error(ctl, "%s is not put in force: %s%s%s; nothing was changed", ctl_safe(path), what,
		  remedy != NULL ? ": " : "", remedy != NULL ? remedy : "");
	return err == PSG_ERR_NO_MEMORY || err == PSG_ERR_LIMIT ? CTL_STORE : CTL_INVALID;
}

static enum psg_err open_from(struct install_run *run)
{
	int fd = -1;
	enum psg_err err = strcmp(run->path, "-") == 0
			       ? gather(STDIN_FILENO, &fd)
			       : psg_input_open(run->path, S_IWGRP | S_IWOTH, &fd);
	return err ? err : psg_policy_open_fd(fd, &run->from);
}

/* -- the outcome -- */

static enum ctl_exit report(const struct ctl *ctl, const struct install_run *run)
{
	const struct ctl_install *install = &run->install;
	size_t count = 0;
	ctl_install_warn(ctl, install);
	if (ctl->json) {
		ctl_json_list_begin(json_pack("{s:o, s:b, s:I, s:I}", "input",
					      ctl_json_text(run->path), "checkOnly",
					      install->check_only, "gained",
					      (json_int_t)install->gained.count, "lost",
					      (json_int_t)install->lost.count),
				    "changes");
		for (; count < install->changes.count; count++)
			ctl_json_list_put(count, ctl_changes_json(&install->changes, count));
		return ctl_json_list_end();
	}
	if (ctl->quiet)
		return CTL_DONE;
	if (install->check_only)
		ctl_install_print(install);
	printf("%s %s. Assignments: %zu more, %zu fewer.%s\n",
	       install->check_only ? "Checked" : "Installed", ctl_safe(run->path),
	       install->gained.count, install->lost.count,
	       install->check_only ? " Nothing was written (--check-only)." : "");
	return CTL_DONE;
}

static enum ctl_exit put_in_force(struct ctl *ctl, struct install_run *run)
{
	enum psg_err err = ctl_install_commit(ctl, &run->install);
	if (err)
		return ctl_install_failed(ctl, &run->install, err);
	char reason[256];
	snprintf(reason, sizeof(reason), "policy installed: %zu assignments more, %zu fewer",
		 run->install.gained.count, run->install.lost.count);
	struct psg_event event = {.kind = PSG_EVENT_DEPLOYED, .reason = reason};
	ctl_event(ctl, &event);
	return CTL_DONE;
}

static enum ctl_exit install(struct ctl *ctl, const char *path, bool check_only)
{
	struct install_run run PSG_CLEANUP(run_clear) = {
	    .path = path, .install = {.check_only = check_only, .now_s = time(NULL)}};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	bool bad = false;
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	enum psg_err err = open_from(&run);
	if (err)
		return refuse(ctl, path, err);
	enum ctl_exit status = check_only ? CTL_DONE : ctl_lock_policy(ctl, &lock);
	if (status != CTL_DONE)
		return status;
	err = ctl_install_stage(ctl, &run.install, run.from, &bad);
	if (err && bad)
		return refuse(ctl, path, err);
	if (err)
		return ctl_install_failed(ctl, &run.install, err);
	status = check_only ? CTL_DONE : put_in_force(ctl, &run);
	return status == CTL_DONE ? report(ctl, &run) : status;
}

/* -- export -- */

static bool is_policy(int fd)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	int own = dup(fd);
	return own >= 0 && psg_policy_open_fd(own, &policy) == PSG_OK;
}

static enum psg_err copy(int from, int to)
{
	char block[65536];
	off_t at = 0;
	for (;;) {
		ssize_t got = pread(from, block, sizeof(block), at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? PSG_OK : psg_err_from_errno(errno);
		at += got;
		enum psg_err err = psg_write_all(to, block, (size_t)got);
		if (err)
			return err;
	}
}

static enum ctl_exit export_failed(const struct ctl *ctl, const char *path, enum psg_err err)
{
	const char *what = psg_strerror(err), *remedy = psg_remedy(err);
	if (err == PSG_ERR_EXISTS)
		what = "what is there is no policy file, and is left alone";
	else if (err == PSG_ERR_UNSAFE)
		what = "it is a link, or no plain file";
	if (err == PSG_ERR_EXISTS || err == PSG_ERR_UNSAFE)
		remedy = "name another";
	ctl_error(ctl, "cannot write %s: %s%s%s", ctl_safe(path), what, remedy != NULL ? ": " : "",
		  remedy != NULL ? remedy : "");
	return CTL_INVALID;
}

static enum ctl_exit export_to(struct ctl *ctl, const char *path)
{
	struct psg_output output PSG_CLEANUP(psg_output_drop) = {.folder = -1, .fd = -1};
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	int from PSG_CLEANUP(psg_close_fd) = -1;
	bool to_stdout = strcmp(path, "-") == 0;
	if (to_stdout && isatty(STDOUT_FILENO)) {
		ctl_error(ctl, "a policy is no text for a terminal: name a file, or send it on, as "
			       "in `psgctl policy export - | ssh HOST psgctl policy install -`");
		return CTL_USAGE;
	}
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	/* One descriptor for both: what was judged is what is written. */
	enum psg_err err = ctl->store->root->ops->open_file(ctl->store->root, "policy", &from);
	int own = err ? -1 : dup(from);
	if (!err)
		err = own < 0 ? psg_err_from_errno(errno) : psg_policy_open_fd(own, &policy);
	if (!err)
		err = psg_policy_sound(policy);
	if (err)
		return ctl_store_error(ctl, "cannot export the policy", err);
	if (!to_stdout)
		err = psg_output_begin(path, is_policy, &output);
	if (!err)
		err = copy(from, to_stdout ? STDOUT_FILENO : output.fd);
	if (!err && !to_stdout)
		err = psg_output_end(&output, true);
	if (err)
		return export_failed(ctl, path, err);
	ctl_note(ctl,
		 "exported the policy to %s: `psgctl policy install` puts it in force elsewhere",
		 to_stdout ? "standard output" : ctl_safe(path));
	return CTL_DONE;
}

enum ctl_exit ctl_policy(struct ctl *ctl)
{
	const char *operands[2];
	bool check_only = false;
	const struct ctl_option options[] = {{"check-only", false, NULL, &check_only},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, operands, 2, 2, NULL))
		return CTL_USAGE;
	bool exports = strcmp(operands[0], "export") == 0;
	if (exports && !check_only)
		return export_to(ctl, operands[1]);
	if (strcmp(operands[0], "install") == 0)
		return install(ctl, operands[1], check_only);
	if (exports)
		ctl_error(ctl, "--check-only goes with policy install");
	else
		ctl_error(ctl, "policy takes install or export, not %s", ctl_safe(operands[0]));
	ctl_print_usage(ctl->command);
	return CTL_USAGE;
}
