/* Opening the store and the policy, and saying what an administrator can do when that fails. */
#include "psgctl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_absolute(const struct ctl *ctl, const char **path, char out[static PATH_MAX])
{
	if (*path == NULL || (*path)[0] == '/')
		return true;
	char here[PATH_MAX];
	if (getcwd(here, sizeof(here)) == NULL ||
	    snprintf(out, PATH_MAX, "%s/%s", here, *path) >= PATH_MAX) {
		ctl_error(ctl,
			  "%s: the path is too long, or the working directory is gone: give the "
			  "path from / on",
			  ctl_safe(*path));
		return false;
	}
	*path = out;
	return true;
}

bool ctl_resolve_paths(struct ctl *ctl)
{
	static char store[PATH_MAX], key[PATH_MAX];
	return make_absolute(ctl, &ctl->store_path, store) &&
	       make_absolute(ctl, &ctl->key_path, key);
}

static void say_unsafe(const struct ctl *ctl)
{
	struct stat info;
	if (lstat(ctl->store_path, &info) != 0)
		return;
	if (!S_ISDIR(info.st_mode))
		ctl_error(ctl, "%s is no directory: name another with --store, or move it away",
			  ctl_safe(ctl->store_path));
	else if (info.st_uid != 0 || (info.st_mode & 0077) != 0)
		ctl_error(
		    ctl,
		    "%s belongs to uid %u with mode %04o; it must belong to root with mode 0700: "
		    "chown root:root and chmod 0700 it, once you know who could write there",
		    ctl_safe(ctl->store_path), info.st_uid, info.st_mode & 07777U);
	else
		ctl_error(ctl,
			  "look for what root does not own or others may read: find %s ! -uid 0 -o "
			  "-perm /077",
			  ctl_safe(ctl->store_path));
}

const char *ctl_remedy(enum psg_err err)
{
	switch ((unsigned)err) {
	case PSG_ERR_IO:
		return "see what the kernel says of the disk (journalctl -k), then run this again";
	case PSG_ERR_ACCESS:
		return "see what keeps root out: a security policy (journalctl -k), or how it is "
		       "mounted";
	case PSG_ERR_CLOCK:
		return "see which system call is denied to this process, then run this again";
	case PSG_ERR_PROC:
		return "mount /proc, without hidepid for root, then run this again";
	case PSG_ERR_EXISTS:
	case PSG_ERR_STALE:
		return "something else changed it at the same time: run this again";
	default:
		return psg_remedy(err) != NULL ? psg_remedy(err)
					       : "`psgctl doctor` looks for the cause";
	}
}

/* What to do about it, one line. */
static void say_remedy(const struct ctl *ctl, enum psg_err err)
{
	char key[4096];
	psg_store_key_path(ctl->store_path, ctl->key_path, key);
	switch ((unsigned)err) {
	case PSG_ERR_NOT_FOUND:
		ctl_error(ctl, "to make a store: psgctl --store %s init",
			  ctl_safe(ctl->store_path));
		break;
	case PSG_ERR_UNSAFE:
		say_unsafe(ctl);
		break;
	case PSG_ERR_KEY:
		ctl_error(
		    ctl,
		    "the key is %s: restore it from a backup. A new one (`psgctl init`) opens no "
		    "authenticator that was sealed with the old one",
		    ctl_safe(key));
		break;
	case PSG_ERR_CORRUPT:
		ctl_error(
		    ctl,
		    "restore what is damaged from a backup; %s/policy can also be removed, then "
		    "init, deploy and assign again",
		    ctl_safe(ctl->store_path));
		break;
	case PSG_ERR_VERSION:
		ctl_error(ctl,
			  "it was written by a newer psgctl: upgrade this one (it is " PSG_VERSION
			  ")");
		break;
	case PSG_ERR_OLD:
		ctl_error(ctl,
			  "its form is no longer read: move %s/policy away, then init, deploy and "
			  "assign again; the psgctl that wrote it lists what was assigned",
			  ctl_safe(ctl->store_path));
		break;
	default:
		ctl_error(ctl, "to go on: %s", ctl_remedy(err));
		break;
	}
}

enum ctl_exit ctl_store_error(const struct ctl *ctl, const char *doing, enum psg_err err)
{
	if ((err == PSG_ERR_ACCESS || err == PSG_ERR_UNSAFE) && geteuid() != 0) {
		ctl_error(ctl, "%s: %s belongs to root, and you are uid %u: run psgctl as root",
			  doing, ctl_safe(ctl->store_path), geteuid());
		return CTL_STORE;
	}
	ctl_error(ctl, "%s: %s: %s", doing, ctl_safe(ctl->store_path), psg_strerror(err));
	say_remedy(ctl, err);
	return CTL_STORE;
}

bool ctl_open_store(struct ctl *ctl, bool with_key)
{
	if (ctl->store != NULL && (!with_key || ctl->store->key != NULL))
		return true;
	if (!ctl_resolve_paths(ctl))
		return false;
	struct psg_store *store;
	enum psg_err err = psg_store_open(ctl->store_path, ctl->key_path, with_key, &store);
	if (err != PSG_OK) {
		ctl_store_error(ctl, "cannot open the store", err);
		return false;
	}
	psg_store_close(&ctl->store);
	ctl->store = store;
	return true;
}

enum ctl_exit ctl_lock_policy(struct ctl *ctl, int *ret_fd)
{
	bool locked = false;
	enum psg_err err = psg_policy_is_locked(ctl->store->root, &locked);
	if (!err && locked)
		ctl_note(ctl, "another psgctl is changing the policy: waiting for it");
	if (!err)
		err = psg_policy_lock(ctl->store->root, ret_fd);
	return err ? ctl_store_error(ctl, "cannot lock the policy", err) : CTL_DONE;
}

bool ctl_open_policy(struct ctl *ctl)
{
	if (ctl->policy != NULL)
		return true;
	if (!ctl_open_store(ctl, false))
		return false;
	enum psg_err err = psg_policy_open(ctl->store->root, &ctl->policy);
	if (err == PSG_OK)
		return true;
	ctl->policy = NULL;
	ctl_store_error(ctl, "cannot read the policy", err);
	return false;
}

bool ctl_find_target(struct ctl *ctl, const char *name, enum psg_target_kind *ret_kind)
{
	if (!ctl_open_policy(ctl))
		return false;
	struct psg_group group;
	enum psg_err err = psg_policy_group(ctl->policy, name, &group);
	if (err == PSG_OK) {
		psg_group_clear(&group);
		*ret_kind = PSG_TARGET_GROUP;
		return true;
	}
	if (err == PSG_ERR_NOT_FOUND)
		err = psg_policy_set_brief(ctl->policy, name, NULL, NULL);
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND) {
		ctl_store_error(ctl, "cannot read the policy", err);
		return false;
	}
	*ret_kind = err == PSG_OK ? PSG_TARGET_SET : PSG_TARGET_NONE;
	return true;
}

char *ctl_suggest_target(struct ctl *ctl, const char *given)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	const char *near = NULL;
	if (psg_policy_group_names(ctl->policy, &names) == PSG_OK)
		near = ctl_suggest(given, &names);
	if (near == NULL && psg_policy_set_names(ctl->policy, &sets) == PSG_OK)
		near = ctl_suggest(given, &sets);
	return near != NULL ? strdup(near) : NULL;
}

enum ctl_exit ctl_unknown_target(struct ctl *ctl, const char *name, enum ctl_exit status)
{
	char *near PSG_CLEANUP(psg_free_bytes) = ctl_suggest_target(ctl, name);
	if (near != NULL)
		ctl_error(ctl,
			  "there is no permission set group or permission set %s; did you mean %s?",
			  ctl_safe(name), ctl_safe(near));
	else
		ctl_error(
		    ctl,
		    "there is no permission set group or permission set %s; `psgctl groups` lists "
		    "the groups",
		    ctl_safe(name));
	return status;
}
