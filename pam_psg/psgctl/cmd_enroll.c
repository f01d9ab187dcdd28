/* `psgctl enroll USER`: gives a person an authenticator.
 *
 * MUST: leave nothing half-enrolled: what is to be confirmed is stored only once it was
 *       (tests/cli/test_enroll.py, test_unconfirmed_leaves_nothing).
 * MUST: keep the old authenticators until the new one is in (test_replace_keeps_the_old).
 * MUST NOT: put a secret into an error or an event (test_secret_is_nowhere_else). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "enroll.h"

void enroll_clear(struct enroll *enroll)
{
	psg_gate_settings_clear(&enroll->settings);
	psg_credentials_clear(&enroll->old);
	psg_credential_clear(&enroll->credential);
	psg_wipe(enroll->base32, sizeof(enroll->base32));
	psg_wipe(enroll->uri, sizeof(enroll->uri));
}

static void warn_unknown(const struct enroll *enroll)
{
	const char *name = enroll->subject.name;
	const char *near =
	    enroll->subject.uid == (uid_t)-1 ? ctl_suggest_person(enroll->ctl, name) : NULL;

	if (enroll->subject.uid == (uid_t)-1)
		ctl_warn(enroll->ctl, "there is no account %s on this host yet%s%s%s",
			 ctl_safe(name), near ? "; did you mean " : "", near ? near : "",
			 near ? "?" : "");
}

static enum ctl_exit look_at_old(struct enroll *enroll)
{
	struct ctl *ctl = enroll->ctl;
	struct psg_now now;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &now);

	if (!err)
		err = psg_people_credentials(ctl->store, enroll->subject.name, &enroll->old);
	if (err)
		return ctl_store_error(ctl, "reading the authenticators", err);
	warn_unknown(enroll);
	enroll->credential.created_realtime_s = now.realtime_ns / PSG_NS_PER_S;
	if (enroll->old.count + enroll->old.unreadable == 0 || enroll->replace || enroll->add)
		return CTL_DONE;
	ctl_error(ctl,
		  "%s is enrolled already: --replace takes the old authenticator away, --add "
		  "keeps it beside the new one",
		  ctl_safe(enroll->subject.name));
	return CTL_INVALID;
}

static enum psg_err remove_old(struct enroll *enroll)
{
	struct psg_store *store = enroll->ctl->store;
	const char *name = enroll->subject.name;
	enum psg_err err = PSG_OK;
	size_t removed;

	/* What the key does not open cannot be told by its id: all go, and the new one comes back. */
	if (enroll->old.unreadable) {
		err = psg_people_unenroll(store, name, NULL, &removed);
		return err ? err : psg_people_enroll(store, name, &enroll->credential);
	}
	for (size_t i = 0; i < enroll->old.count && !err; i++)
		if (strcmp(enroll->old.items[i].id, enroll->credential.id) != 0)
			err = psg_people_unenroll(store, name, enroll->old.items[i].id, &removed);
	return err;
}

/* Spends the confirming code, so that nobody who saw it can use it. */
static enum psg_err spend(struct enroll *enroll, const char *code)
{
	struct psg_store *store = enroll->ctl->store;
	struct psg_claim claim = {
	    .subject = enroll->subject.name,
	    .code = code,
	    .apart = PSG_NOT_APART,
	    .throttle = &enroll->settings.throttle,
	    .window_steps = enroll->settings.window_steps,
	};
	int64_t wait_ns;
	enum psg_err err = psg_people_claim(store, &claim, NULL, &wait_ns);

	/* Somebody wore out the attempts before: root has just seen a right code. */
	if (err == PSG_ERR_THROTTLED)
		err = psg_attempts_forgive(store, claim.subject, PSG_NOT_APART, UINT64_MAX);
	else
		return err;
	return err ? err : psg_people_claim(store, &claim, NULL, &wait_ns);
}

static enum ctl_exit undo(struct enroll *enroll, enum psg_err why)
{
	size_t removed;
	enum psg_err err = PSG_OK;

	if (!enroll->same_secret)
		err = psg_people_unenroll(enroll->ctl->store, enroll->subject.name,
					  enroll->credential.id, &removed);

	if (err)
		ctl_error(
		    enroll->ctl,
		    "authenticator %s could not be removed again (%s): psgctl unenroll %s --id %s",
		    enroll->credential.id, psg_strerror(err), ctl_safe(enroll->subject.name),
		    enroll->credential.id);
	if (why != PSG_ERR_WRONG_CODE && why != PSG_ERR_REPLAYED && why != PSG_ERR_STALE)
		return ctl_store_error(enroll->ctl, "enrolling", why);
	ctl_error(enroll->ctl,
		  "not enrolled, for the code could not be spent (%s): run it again, and type the "
		  "next code",
		  psg_strerror(why));
	return CTL_REFUSED;
}

static enum ctl_exit store_it(struct enroll *enroll, const char *code)
{
	struct ctl *ctl = enroll->ctl;
	char what[64];
	enum psg_err err = psg_people_enroll(ctl->store, enroll->subject.name, &enroll->credential);

	if (!err && code)
		err = spend(enroll, code);
	if (err)
		return undo(enroll, err);
	if (enroll->replace)
		err = remove_old(enroll);
	snprintf(what, sizeof(what), "authenticator %s%s", enroll->credential.id,
		 enroll->replace     ? ", replacing"
		 : enroll->old.count ? ", added"
				     : "");
	struct psg_event event = {
	    .kind = PSG_EVENT_ENROLLED, .user = enroll->subject.name, .reason = what};

	ctl_event(ctl, &event);
	if (err)
		return ctl_store_error(ctl, "removing the old authenticators", err);
	(void)!psg_people_tidy(ctl->store, enroll->subject.name);
	ctl_note(ctl, "%s is enrolled%s", ctl_safe(enroll->subject.name),
		 code ? " and the code was right" : "");
	return CTL_DONE;
}

/* With somebody at the keyboard: show, try a code, and only then store. */
static enum ctl_exit finish(struct enroll *enroll)
{
	char code[PSG_CODE_DIGITS_MAX + 1] = "";
	enum ctl_exit status;

	if (enroll->no_confirm || !isatty(STDIN_FILENO)) {
		status = store_it(enroll, NULL);
		return status ? status : enroll_show(enroll);
	}
	status = enroll_show(enroll);
	if (!status)
		status = enroll_confirm(enroll, code);
	if (!status)
		status = store_it(enroll, code);
	psg_wipe(code, sizeof(code));
	return status;
}

static bool parse(struct enroll *enroll, struct enroll_words *words, const char **name)
{
	const struct ctl_option options[] = {{"algorithm", true, &words->algorithm, NULL},
					     {"digits", true, &words->digits, NULL},
					     {"period", true, &words->period, NULL},
					     {"label", true, &words->label, NULL},
					     {"qr", true, &words->qr, NULL},
					     {"secret", true, &words->secret, NULL},
					     {"secret-file", true, &words->secret_file, NULL},
					     {"replace", false, NULL, &enroll->replace},
					     {"add", false, NULL, &enroll->add},
					     {"no-confirm", false, NULL, &enroll->no_confirm},
					     {NULL, false, NULL, NULL}};
	const char *wrong = NULL;

	if (!ctl_parse(enroll->ctl, options, name, 1, 1, NULL))
		return false;
	if (enroll->replace && enroll->add)
		wrong = "--replace and --add exclude each other";
	if (words->secret && words->secret_file)
		wrong = "--secret and --secret-file exclude each other";
	if (enroll->ctl->json && words->qr && strcmp(words->qr, "none") != 0)
		wrong = "--json and --qr exclude each other: the JSON has the uri";
	if (wrong) {
		ctl_error(enroll->ctl, "%s", wrong);
		ctl_print_usage(enroll->ctl->command);
	}
	return !wrong;
}

enum ctl_exit ctl_enroll(struct ctl *ctl)
{
	struct enroll enroll PSG_CLEANUP(enroll_clear) = {.ctl = ctl};
	struct enroll_words words = {0};
	const char *name;

	if (!parse(&enroll, &words, &name))
		return CTL_USAGE;
	enum ctl_exit status = enroll_parameters(&enroll, &words);

	if (!status)
		status = ctl_person(ctl, name, &enroll.subject);
	if (!status && !ctl_open_store(ctl, true))
		status = CTL_STORE;
	if (!status)
		status = ctl_gate_settings(ctl, &enroll.settings);
	if (!status)
		status = look_at_old(&enroll);
	if (!status)
		status = enroll_secret(&enroll, &words);
	if (!status)
		status = enroll_uri(&enroll);
	return status ? status : finish(&enroll);
}
