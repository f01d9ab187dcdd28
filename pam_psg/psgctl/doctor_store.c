/* The stores that the stacks name: that they are there, safe, and can be read. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

#define MODES_SHOWN 5
#define DESCRIPTORS 16

const char *doctor_store_of(const struct doctor *doctor, const struct psg_args *args)
{
	return strcmp(args->store, PSG_STORE_DEFAULT) == 0 ? doctor->ctl->store_path : args->store;
}

/* nftw passes nothing of the caller's on. */
static struct {
	struct doctor *doctor;
	size_t shown;
} walking;

static int judge_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)kind;
	(void)where;
	if (info->st_uid == geteuid() && (S_ISLNK(info->st_mode) || !(info->st_mode & 0077)))
		return 0;
	doctor_add(walking.doctor, DOCTOR_STORE_MODE, (struct doctor_place){.file = path},
		   "uid %u, mode %04o", info->st_uid, info->st_mode & 07777U);
	return ++walking.shown >= MODES_SHOWN;
}

static void judge_modes(struct doctor *doctor, const char *path)
{
	walking.doctor = doctor;
	walking.shown = 0;
	nftw(path, judge_entry, DESCRIPTORS, FTW_PHYS);
}

static void judge_filesystem(struct doctor *doctor, const char *path)
{
	const struct doctor_place place = {.file = path};
	const char *name = NULL;
	enum ctl_filesystem kind = ctl_filesystem(path, &name);

	if (kind == CTL_FILESYSTEM_REFUSED)
		doctor_add(doctor, DOCTOR_STORE_FILESYSTEM, place, "the store is on %s", name);
	else if (kind == CTL_FILESYSTEM_VOLATILE)
		doctor_add(doctor, DOCTOR_STORE_VOLATILE, place,
			   "the store is on %s, which may not outlive a restart", name);
}

static void judge_key(struct doctor *doctor, const char *path, const char *given, enum psg_err err)
{
	char key[4096];
	struct stat info;

	psg_store_key_path(path, given, key);
	if (err == PSG_ERR_UNSAFE && lstat(key, &info) == 0)
		doctor_add(doctor, DOCTOR_KEY_UNREADABLE, (struct doctor_place){.file = key},
			   "the key has uid %u and mode %04o", info.st_uid, info.st_mode & 07777U);
	else
		doctor_add(doctor, DOCTOR_KEY_UNREADABLE, (struct doctor_place){.file = key},
			   "the key cannot be read: %s", psg_strerror(err));
}

static void judge_policy(struct doctor *doctor, const char *path, struct psg_store *store)
{
	struct doctor_asked asked = {.path = path, .store = store};
	enum psg_err err = psg_policy_open(store->root, &asked.policy);

	if (err) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/policy", path);
		doctor_add(doctor, DOCTOR_POLICY_UNREADABLE, (struct doctor_place){.file = file},
			   "the policy cannot be read: %s", psg_strerror(err));
		return;
	}
	doctor_judge_groups(doctor, &asked);
	if (store->key)
		doctor_judge_people(doctor, &asked);
	psg_policy_close(&asked.policy);
}

static void judge(struct doctor *doctor, const char *path, const char *key)
{
	struct psg_store *store PSG_CLEANUP(psg_store_close) = NULL;
	struct psg_store *with_key PSG_CLEANUP(psg_store_close) = NULL;
	const struct doctor_place place = {.file = path};
	size_t before = doctor->count;
	enum psg_err err = psg_store_open(path, key, false, &store);

	if (err == PSG_ERR_NOT_FOUND) {
		doctor_add(doctor, DOCTOR_STORE_MISSING, place, "there is no store");
		return;
	}
	judge_filesystem(doctor, path);
	/* To others than root root's own store looks like somebody else's. */
	if (!err || geteuid() == 0)
		judge_modes(doctor, path);
	if (err) {
		/* Unsafe: the modes say so already, unless it is no directory at all. */
		if (err != PSG_ERR_UNSAFE || doctor->count == before)
			doctor_add(doctor, DOCTOR_STORE_UNREADABLE, place,
				   "the store cannot be opened: %s", psg_strerror(err));
		return;
	}
	err = psg_store_open(path, key, true, &with_key);
	if (err)
		judge_key(doctor, path, key, err);
	judge_policy(doctor, path, err ? store : with_key);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Each line's store once: the first line that names it judges it. */
static bool is_first(const struct doctor *doctor, const struct psg_args *args,
		     const struct stack_line *line)
{
	for (size_t i = 0; i < doctor->service_count; i++) {
		const struct doctor_service *service = &doctor->services[i];

		for (size_t j = 0; j < service->stack.count; j++) {
			const struct stack_line *other = &service->stack.items[j];
			struct psg_args others;

			if (other == line)
				return true;
			if (stack_calls_psg(other) && doctor_args(service, other, &others, NULL) &&
			    same(others.store, args->store) && same(others.key, args->key))
				return false;
		}
	}
	return true;
}

/* --key goes with the store of the command line, as that does with the default one. */
static const char *key_of(const struct doctor *doctor, const struct psg_args *args)
{
	bool given = strcmp(args->store, PSG_STORE_DEFAULT) == 0;

	return args->key || !given ? args->key : doctor->ctl->key_path;
}

void doctor_judge_store(struct doctor *doctor)
{
	bool any = false;

	for (size_t i = 0; i < doctor->service_count; i++) {
		const struct doctor_service *service = &doctor->services[i];

		for (size_t j = 0; j < service->stack.count; j++) {
			const struct stack_line *line = &service->stack.items[j];
			struct psg_args args;

			if (!stack_calls_psg(line) || !doctor_args(service, line, &args, NULL))
				continue;
			any = true;
			if (is_first(doctor, &args, line))
				judge(doctor, doctor_store_of(doctor, &args),
				      key_of(doctor, &args));
		}
	}
	if (!any)
		judge(doctor, doctor->ctl->store_path, doctor->ctl->key_path);
}
