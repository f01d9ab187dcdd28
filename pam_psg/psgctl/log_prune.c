/* Keeping the log as the settings say: `psgctl log --prune`, and a part of `psgctl tidy`. */
#include "log.h"

#include <stdio.h>

#include "../metadata/metadata.h"

json_t *log_retained_json(const struct psg_log_retained *done)
{
	return json_pack("{sb sI sI sI sI}", "rotated", done->rotated, "removed",
			 (json_int_t)done->removed, "removedSize", (json_int_t)done->removed_size,
			 "held", (json_int_t)done->held, "size", (json_int_t)done->size);
}

static void tell(const struct ctl *ctl, const struct psg_log_retained *done)
{
	if (done->removed)
		ctl_note(ctl, "%zu old file%s of the log removed, %ju bytes; %ju bytes are left",
			 done->removed, done->removed == 1 ? "" : "s",
			 (uintmax_t)done->removed_size, (uintmax_t)done->size);
	if (done->rotated)
		ctl_note(ctl, "a new log was begun");
	if (!done->removed && !done->rotated)
		ctl_note(ctl, "nothing to do; the log has %ju bytes", (uintmax_t)done->size);
}

enum ctl_exit ctl_log_retain(struct ctl *ctl, struct psg_log_retained *ret)
{
	struct psg_log_retention keep;
	struct psg_log_retained done;
	struct psg_now now;
	int lock PSG_CLEANUP(psg_close_fd) = -1;

	if ((!ctl->store && !ctl_open_store(ctl, false)) || (!ctl->policy && !ctl_open_policy(ctl)))
		return CTL_STORE;
	enum ctl_exit status = ctl_lock_policy(ctl, &lock);

	if (status)
		return status;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &now);

	if (!err)
		err = psg_log_settings(ctl->policy, &keep);
	if (!err)
		err = psg_log_retain(ctl->store->root, &keep, now.realtime_ns, &done);
	if (err)
		return ctl_store_error(ctl, "keeping the log", err);
	if (done.held)
		ctl_warn(ctl,
			 "%zu old file%s of the log stay%s: a login has it open to write, or is "
			 "stopped; find it with fuser, or wait for the next time",
			 done.held, done.held == 1 ? "" : "s", done.held == 1 ? "s" : "");
	if (done.size > keep.size)
		ctl_note(ctl,
			 "the log is larger than logMaximumSize: nothing younger than %d days goes "
			 "for its size",
			 (int)(PSG_LOG_YOUNG_S / (24 * 3600)));
	if (!ctl->json)
		tell(ctl, &done);
	*ret = done;
	return CTL_DONE;
}
