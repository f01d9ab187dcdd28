/* Everybody's part of a restore, and the log's. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "live.h"
#include "psg/text.h"
#include "restore.h"

/* -- one person -- */

/* Of a device that did not come back. Recovery codes are of none: they stay as they are. */
static bool is_gone(const void *arg, const char *device)
{
	const struct psg_carried *carried = arg;
	for (size_t i = 0; i < carried->authenticator_count; i++)
		if (strcmp(carried->authenticators[i].id, device) == 0)
			return false;
	return device[0] != '\0';
}

static enum psg_err read_person(struct ctl_restore *run, size_t at, struct psg_carried *ret)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err = ctl_archive_read(run->archive, at, true, &text);
	if (!err)
		err = psg_carried_parse(text.data, ret);
	return err ? err : psg_carried_judge(run->key, ret);
}

static enum psg_err restore_person(struct ctl *ctl, struct ctl_restore *run, size_t at)
{
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_put_back_result result = {.put = 0};
	enum psg_err err = read_person(run, at, &carried);
	const struct psg_put_back how = {
	    .carried = &carried,
	    .window_steps = run->window_steps,
	    .attempts = time(NULL) - run->manifest.created_s < PSG_ATTEMPT_LIFE_NS / PSG_NS_PER_S,
	};
	if (!err && ctl->store == NULL)
		result.put = carried.authenticator_count;
	else if (!err)
		err = run->check_only ? psg_people_put_back_look(ctl->store, &how, &result)
				      : psg_people_put_back(ctl->store, &how, &result);
	/* Also when nothing was removed just now: who removed it may have been killed before this. */
	if (!err && !run->check_only)
		err = ctl_end_opened(ctl, carried.subject, is_gone, &carried, &run->ended);
	if (!err && result.recovery_lost)
		err = psg_strings_add(&run->recovery_lost, carried.subject);
	run->put += result.put;
	run->removed += result.removed;
	if (result.next_code_s > run->next_code_s)
		run->next_code_s = result.next_code_s;
	return err;
}

/* -- who is not in it -- */

struct exact {
	struct ctl *ctl;
	struct ctl_restore *run;
};

static bool is_any(const void *arg, const char *device)
{
	(void)arg, (void)device;
	return true;
}

static enum psg_err remove_stranger(void *arg, const char *subject)
{
	struct exact *exact = arg;
	struct ctl_restore *run = exact->run;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	char name[sizeof("people/") + PSG_FOLDER_NAME_SIZE] = "people/",
				      folder[PSG_FOLDER_NAME_SIZE];
	size_t removed = 0;
	enum psg_err err = psg_folder_name(subject, folder);
	strcat(name, folder);
	if (err || ctl_archive_find(run->archive, name) < ctl_archive_count(run->archive))
		return err;
	if (run->check_only) {
		err = exact->ctl->store->key != NULL
			  ? psg_people_credentials(exact->ctl->store, subject, &list)
			  : PSG_OK;
		run->removed += list.count + list.unreadable;
		return err;
	}
	err = psg_people_unenroll(exact->ctl->store, subject, NULL, &removed);
	run->removed += removed;
	return err ? err : ctl_end_opened(exact->ctl, subject, is_any, NULL, &run->ended);
}

/* The wider window of the two: by either a code may have been, or may come to be, accepted. */
static enum psg_err find_window(struct ctl_restore *run)
{
	struct psg_policy *policies[] = {run->install.before,
					 psg_policy_staged_policy(run->install.staged)};
	enum psg_err err = PSG_OK;
	for (size_t i = 0; !err && i < PSG_COUNT(policies); i++) {
		struct psg_gate_settings gate PSG_CLEANUP(psg_gate_settings_clear) = {0};
		err = psg_policy_settings(policies[i], &gate);
		if (!err && gate.window_steps > run->window_steps)
			run->window_steps = gate.window_steps;
	}
	return err;
}

enum psg_err ctl_restore_people(struct ctl *ctl, struct ctl_restore *run)
{
	struct exact exact = {ctl, run};
	enum psg_err err = find_window(run);
	for (size_t i = 0; !err && i < ctl_archive_count(run->archive); i++)
		if (strncmp(ctl_archive_name(run->archive, i), "people/", 7) == 0)
			err = restore_person(ctl, run, i);
	if (!err && run->exact && ctl->store != NULL)
		err = psg_people_each(ctl->store, remove_stranger, &exact);
	return err;
}

/* -- the log -- */

static enum psg_err see_log(void *arg, const char *name)
{
	struct ctl_restore *run = arg;
	run->log_left |= strcmp(name, "log") == 0 || strncmp(name, "log.", 4) == 0;
	return PSG_OK;
}

static enum psg_err put_log(struct ctl *ctl, struct ctl_restore *run, size_t at)
{
	struct psg_folder *root = ctl->store->root;
	const char *name = ctl_archive_name(run->archive, at);
	int fd = -1;
	enum psg_err err = root->ops->put_start(root, name, &fd);
	if (err)
		return err;
	err = ctl_archive_copy(run->archive, at, fd);
	enum psg_err put = root->ops->put_finish(root, name, fd, !err);
	return err ? err : put;
}

void ctl_restore_log(struct ctl *ctl, struct ctl_restore *run)
{
	size_t log = ctl_archive_find(run->archive, "log");
	if (log == ctl_archive_count(run->archive))
		return;
	enum psg_err err = ctl->store->root->ops->list(ctl->store->root, see_log, run);
	if (run->log_left)
		return;
	for (size_t i = 0; !err && i < ctl_archive_count(run->archive); i++)
		if (strncmp(ctl_archive_name(run->archive, i), "log", 3) == 0)
			err = put_log(ctl, run, i);
	run->log_put = !err;
	if (err)
		ctl_warn(ctl, "the log could not be restored: %s", psg_strerror(err));
}
