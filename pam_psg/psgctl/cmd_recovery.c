/* `psgctl recovery USER`: ten new recovery codes, shown once.
 *
 * MUST: keep them before they are shown, or a sheet would open nothing (tests/cli/test_recovery.py,
 *       test_a_store_that_takes_nothing_shows_nothing).
 * MUST NOT: put a code into an error or an event (test_codes_are_nowhere_else). */
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "person.h"

struct sheet {
	char shown[PSG_RECOVERY_COUNT][PSG_RECOVERY_SHOWN_SIZE];
	char codes[PSG_RECOVERY_COUNT][PSG_ANSWER_SIZE];
};

static void sheet_wipe(struct sheet *sheet)
{
	psg_wipe(sheet, sizeof(*sheet));
}

static enum psg_err fill(struct sheet *sheet)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < PSG_RECOVERY_COUNT && !err; i++) {
		psg_recovery_code(sheet->shown[i]);
		err = psg_answer_normalize(sheet->shown[i], sheet->codes[i]);
	}
	return err;
}

static enum psg_err store_it(struct ctl *ctl, const char *subject, const struct sheet *sheet)
{
	const char *codes[PSG_RECOVERY_COUNT];

	for (size_t i = 0; i < PSG_RECOVERY_COUNT; i++)
		codes[i] = sheet->codes[i];
	return psg_recovery_put(ctl->store, subject, codes, PSG_RECOVERY_COUNT);
}

static enum ctl_exit show_json(const char *subject, const struct sheet *sheet,
			       const struct psg_recovery *made)
{
	json_t *codes = json_array();

	for (size_t i = 0; i < PSG_RECOVERY_COUNT; i++)
		if (json_array_append_new(codes, ctl_json_text(sheet->shown[i])) != 0)
			ctl_output_failed();
	return ctl_print_json(json_pack("{so so so so}", "userName", ctl_json_text(subject), "id",
					ctl_json_text(made->id), "createdDate",
					ctl_json_time(made->created_realtime_s), "codes", codes));
}

static enum ctl_exit show(struct ctl *ctl, const char *subject, const struct sheet *sheet,
			  const struct psg_recovery *made)
{
	if (ctl->json)
		return show_json(subject, sheet, made);
	printf("Recovery codes of %s:\n\n", ctl_safe(subject));
	for (size_t i = 0; i < PSG_RECOVERY_COUNT / 2; i++)
		printf("    %2zu  %s      %2zu  %s\n", i + 1, sheet->shown[i],
		       i + 1 + PSG_RECOVERY_COUNT / 2, sheet->shown[i + PSG_RECOVERY_COUNT / 2]);
	fputs(
	    "\nEach is good once, where a code of the authenticator is asked for. They are shown\n"
	    "now and never again: keep them on paper, away from the device.\n",
	    stdout);
	return fflush(stdout) == 0 ? CTL_DONE : CTL_STORE;
}

static enum ctl_exit run(struct ctl *ctl, const char *subject)
{
	struct sheet sheet PSG_CLEANUP(sheet_wipe) = {.shown = {""}};
	struct psg_recovery old = {.count = 0}, made = {.count = 0};
	enum psg_err looked = psg_recovery_look(ctl->store, subject, &old);
	/* What does not open with this key is replaced like any other. */
	enum psg_err err = looked == PSG_ERR_CORRUPT ? PSG_OK : looked;

	if (!err)
		err = fill(&sheet);
	if (!err)
		err = store_it(ctl, subject, &sheet);
	if (!err)
		err = psg_recovery_look(ctl->store, subject, &made);
	if (err)
		return ctl_store_error(ctl, "making recovery codes", err);
	char what[96];

	snprintf(what, sizeof(what), "set %s of %d%s", made.id, PSG_RECOVERY_COUNT,
		 old.count || looked ? ", replacing" : "");
	struct psg_event event = {.kind = PSG_EVENT_RECOVERY_MADE, .user = subject, .reason = what};

	ctl_event(ctl, &event);
	if (old.left)
		ctl_note(ctl, "the %zu codes of %s that were left are good no longer", old.left,
			 ctl_safe(subject));
	return show(ctl, subject, &sheet, &made);
}

enum ctl_exit ctl_recovery(struct ctl *ctl)
{
	const char *name;
	struct psg_subject subject;

	if (!ctl_parse(ctl, NULL, &name, 1, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status = ctl_person(ctl, name, &subject);

	if (status)
		return status;
	if (subject.uid == (uid_t)-1)
		ctl_warn(ctl, "there is no account %s on this host yet", ctl_safe(name));
	return ctl_open_store(ctl, true) ? run(ctl, subject.name) : CTL_STORE;
}

void ctl_recovery_used(struct ctl *ctl, const char *subject, const struct psg_activation *made)
{
	struct psg_recovery recovery = {.count = 0};
	char left[PSG_RECOVERY_LEFT_SIZE] = "how many are left cannot be read";

	if (!psg_recovery_opened(made->file))
		return;
	if (psg_recovery_look(ctl->store, subject, &recovery) == PSG_OK)
		psg_recovery_left_format(recovery.left, left);
	ctl_live_event(ctl, PSG_EVENT_RECOVERY_USED, subject, made, left);
	ctl_warn(ctl, "a recovery code was spent: %s%s", left,
		 recovery.left > PSG_RECOVERY_FEW
		     ? "; cross it out"
		     : "; ask your administrator for new ones: psgctl recovery");
}
