/* `psgctl tidy`: housekeeping for people who never come again; who does come tidies up behind himself. Nothing
 * depends on its running: what is over opens nothing. */
#include <stdio.h>

#include "live.h"
#include "log.h"

struct housekeeping {
	struct ctl *ctl;
	struct psg_now now;
	size_t people, lapsed, failed;
};

/* A lapse that nobody noticed is logged before what tells of it goes. */
static enum psg_err write_lapses(struct housekeeping *round, const char *subject)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = ctl_live_list(round->ctl, subject, &round->now, &list);

	for (size_t i = 0; i < list.count && !err; i++) {
		if (!ctl_lapsed(&list.items[i], &round->now))
			continue;
		err = ctl_write_lapse(round->ctl, subject, &list.items[i]);
		round->lapsed += !err;
	}
	return err;
}

/* One person's trouble is not the next one's. */
static enum psg_err tidy_person(void *arg, const char *subject)
{
	struct housekeeping *round = arg;
	char doing[PSG_SUBJECT_SIZE + 32];
	enum psg_err err = write_lapses(round, subject);

	if (!err)
		err = psg_people_tidy(round->ctl->store, subject);
	round->people++;
	if (!err)
		return PSG_OK;
	round->failed++;
	snprintf(doing, sizeof(doing), "tidying the folder of %s", ctl_safe(subject));
	(void)ctl_store_error(round->ctl, doing, err);
	return PSG_OK;
}

static enum psg_err tidy(struct housekeeping *round)
{
	enum psg_err err = psg_clock_now(&round->ctl->store->clock, &round->now), other;

	if (!err)
		err = psg_people_each(round->ctl->store, tidy_person, round);
	other = psg_sessions_tidy(round->ctl->store);
	return err ? err : other;
}

static enum ctl_exit print_json(const struct housekeeping *round,
				const struct psg_log_retained *log, enum ctl_exit status)
{
	enum ctl_exit printed =
	    ctl_print_json(json_pack("{sI sI sI so}", "people", (json_int_t)round->people, "lapsed",
				     (json_int_t)round->lapsed, "failed", (json_int_t)round->failed,
				     "log", log != NULL ? log_retained_json(log) : json_null()));

	return status ? status : printed;
}

enum ctl_exit ctl_tidy(struct ctl *ctl)
{
	struct housekeeping round = {.ctl = ctl};

	if (!ctl_parse(ctl, NULL, NULL, 0, 0, NULL))
		return CTL_USAGE;
	/* Without the key no record reads as whole, and one that is not whole goes sooner. */
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	enum psg_err err = tidy(&round);
	enum ctl_exit status = err ? ctl_store_error(ctl, "tidying the store", err) : CTL_DONE;
	struct psg_log_retained log = {.rotated = false};
	enum ctl_exit kept = ctl_log_retain(ctl, &log);

	if (!status)
		status = round.failed ? CTL_STORE : kept;
	if (ctl->json)
		return print_json(&round, kept ? NULL : &log, status);
	if (!status)
		ctl_note(ctl, "the folders of %zu %s and the list of logins are tidy", round.people,
			 round.people == 1 ? "person" : "people");
	return status;
}
