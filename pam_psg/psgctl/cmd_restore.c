/* psgctl restore: what a backup holds, put back so that nothing spent, ended or lapsed comes to life.
 *
 * Everything is judged first; then the policy is staged, which finds a full disk early; then people, each so that they
 * are never let in wrongly on the way (store/people_put_back.c); the policy comes in force last, by one rename. Killed
 * anywhere it is run again. */
#include "restore.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psg/text.h"

#define NAMED 10U

static void say_recovery(const struct ctl *ctl, const struct ctl_restore *run)
{
	struct psg_buf names PSG_CLEANUP(psg_buf_clear) = {0};
	size_t count = run->recovery_lost.count;
	for (size_t i = 0; i < count && i < NAMED; i++)
		psg_buf_format(&names, "%s%s", i > 0 ? ", " : "",
			       ctl_safe(run->recovery_lost.items[i]));
	if (names.failed)
		ctl_output_failed();
	else if (count > 0)
		ctl_warn(ctl,
			 "recovery codes are not restored, for one that was used since would work "
			 "again: make new ones for %s%s",
			 names.data, count > NAMED ? " and others" : "");
}

static enum ctl_exit report_json(const struct ctl_restore *run)
{
	const struct ctl_install *install = &run->install;
	size_t count = 0;
	ctl_json_list_begin(
	    json_pack("{s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:b, s:o, s:I, s:I}",
		      "input", ctl_json_text(run->path), "host", ctl_json_text(run->manifest.host),
		      "createdDate", ctl_json_time(run->manifest.created_s), "checkOnly",
		      run->check_only, "people", (json_int_t)run->manifest.people, "authenticators",
		      (json_int_t)run->manifest.authenticators, "written", (json_int_t)run->put,
		      "removed", (json_int_t)run->removed, "ended", (json_int_t)run->ended,
		      "nextCodeDate", ctl_json_time(run->next_code_s), "keyRestored",
		      run->brings.len > 0, "logRestored", run->log_put, "recoveryLost",
		      ctl_json_strings(&run->recovery_lost), "gained",
		      (json_int_t)install->gained.count, "lost", (json_int_t)install->lost.count),
	    "changes");
	for (; count < install->changes.count; count++)
		ctl_json_list_put(count, ctl_changes_json(&install->changes, count));
	return ctl_json_list_end();
}

static enum ctl_exit report(const struct ctl *ctl, const struct ctl_restore *run)
{
	char made[PSG_TIME_SIZE], next[PSG_TIME_SIZE];
	ctl_install_warn(ctl, &run->install);
	say_recovery(ctl, run);
	if (run->log_left)
		ctl_note(ctl,
			 "this host's log is left as it is; the one in the backup: unzip -p %s log",
			 ctl_safe(run->path));
	if (ctl->json)
		return report_json(run);
	if (ctl->quiet)
		return CTL_DONE;
	if (run->check_only)
		ctl_install_print(&run->install);
	psg_time_format(run->manifest.created_s, made);
	printf("%s the backup of %s, made %s: %zu %s. Authenticators: %zu %s, %zu removed. "
	       "Assignments: %zu more, %zu fewer.%s\n",
	       run->check_only ? "Checked" : "Restored", ctl_safe(run->manifest.host), made,
	       (size_t)run->manifest.people, run->manifest.people == 1 ? "person" : "people",
	       run->put, run->check_only ? "to write" : "written", run->removed,
	       run->install.gained.count, run->install.lost.count,
	       run->check_only ? " Nothing was written (--check-only)." : "");
	if (run->brings.len > 0)
		printf("The sealing key %s from the backup.\n",
		       run->check_only ? "would come" : "came");
	if (run->next_code_s > 0) {
		psg_time_format(run->next_code_s, next);
		printf("Everybody's next code works from %s on, or before: earlier ones may have "
		       "been used.\n",
		       next);
	}
	return CTL_DONE;
}

static void tell(struct ctl *ctl, const struct ctl_restore *run)
{
	char reason[1024], made[PSG_TIME_SIZE];
	psg_time_format(run->manifest.created_s, made);
	snprintf(reason, sizeof(reason),
		 "backup of %s, made %s: %zu people, %zu authenticators written, %zu removed%s%s%s",
		 run->manifest.host, made, (size_t)run->manifest.people, run->put, run->removed,
		 run->exact ? ", exact" : "", run->force ? ", forced" : "",
		 run->brings.len > 0 ? ", with its key" : "");
	struct psg_event event = {.kind = PSG_EVENT_RESTORED, .reason = reason};
	ctl_event(ctl, &event);
}

static enum ctl_exit stage(struct ctl *ctl, struct ctl_restore *run)
{
	bool bad = false;
	run->install.check_only = run->check_only;
	run->install.now_s = time(NULL);
	enum psg_err err = ctl_install_stage(ctl, &run->install, run->from, &bad);
	if (err && bad) {
		ctl_error(ctl,
			  "%s is not restored: its policy is damaged; nothing was changed: "
			  "use another",
			  ctl_safe(run->path));
		return CTL_INVALID;
	}
	return err ? ctl_install_failed(ctl, &run->install, err) : CTL_DONE;
}

static enum ctl_exit put_back(struct ctl *ctl, struct ctl_restore *run)
{
	enum psg_err err = ctl_restore_people(ctl, run);
	if (err)
		return ctl_store_error(
		    ctl,
		    run->check_only ? "cannot compare the backup with this store"
				    : "the restore is not complete: run it again when this is "
				      "cured. Until then some people may have to wait for "
				      "a code, and nobody is let in wrongly",
		    err);
	if (run->check_only)
		return CTL_DONE;
	err = ctl_install_commit(ctl, &run->install);
	if (err)
		return ctl_install_failed(ctl, &run->install, err);
	ctl_restore_log(ctl, run);
	tell(ctl, run);
	return CTL_DONE;
}

enum ctl_exit ctl_restore(struct ctl *ctl)
{
	struct ctl_restore run PSG_CLEANUP(ctl_restore_clear) = {.check_only = false};
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	const struct ctl_option options[] = {{"check-only", false, NULL, &run.check_only},
					     {"exact", false, NULL, &run.exact},
					     {"force", false, NULL, &run.force},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, &run.path, 1, 1, NULL))
		return CTL_USAGE;
	if (!ctl_resolve_paths(ctl))
		return CTL_STORE;
	enum ctl_exit status = ctl_restore_open(ctl, &run);
	if (status == CTL_DONE)
		status = ctl_restore_open_store(ctl, &run);
	if (status == CTL_DONE && !run.check_only)
		status = ctl_lock_policy(ctl, &lock);
	if (status == CTL_DONE)
		status = stage(ctl, &run);
	if (status == CTL_DONE)
		status = put_back(ctl, &run);
	return status == CTL_DONE ? report(ctl, &run) : status;
}
