/* `psgctl explain USER SERVICE`: every path, why it serves or not, the verdict, the PAM codes. */
#include <string.h>

#include "explain.h"

/* What the command line gave that the module takes from PAM. */
static enum psg_err note_assumptions(struct explain *explain)
{
	enum psg_err err = PSG_OK;
	bool publickey = false, caller = false;

	for (size_t i = 0; i < explain->count; i++) {
		publickey |= explain->items[i].args.after_publickey;
		caller |= explain->items[i].args.subject_caller;
	}
	const char *near = explain->subject.uid == (uid_t)-1
			       ? ctl_suggest_person(explain->ctl, explain->subject.name)
			       : NULL;
	if (explain->subject.uid == (uid_t)-1)
		err = explain_note(explain, "there is no account %s on this host%s%s%s",
				   ctl_safe(explain->subject.name), near ? "; did you mean " : "",
				   near ? near : "", near ? "?" : "");
	if (!err && publickey)
		err =
		    explain_note(explain, "after=publickey: this assumes that a key was accepted");
	if (!err && caller)
		err = explain_note(
		    explain, "subject=caller: the person is who runs %s, not whom they become",
		    ctl_safe(explain->service));
	return err;
}

enum ctl_exit ctl_explain(struct ctl *ctl)
{
	struct explain explain PSG_CLEANUP(explain_clear) = {.ctl = ctl};
	struct explain_words words = {0};
	const struct ctl_option options[] = {{"application", true, &words.application, NULL},
					     {"permission", true, &words.permission, NULL},
					     {"group", true, &words.group, NULL},
					     {"session", true, &words.session, NULL},
					     {"subject", true, &explain.subject_by, NULL},
					     {"pam-dir", true, &explain.pam_dir, NULL},
					     {NULL, false, NULL, NULL}};
	const char *operands[2];

	if (!ctl_parse(ctl, options, operands, 2, 2, NULL))
		return CTL_USAGE;
	if (explain.subject_by && strcmp(explain.subject_by, "user") != 0 &&
	    strcmp(explain.subject_by, "caller") != 0) {
		ctl_error(ctl, "--subject takes user or caller, not \"%s\"",
			  ctl_safe(explain.subject_by));
		return CTL_INVALID;
	}
	enum ctl_exit status = ctl_person(ctl, operands[0], &explain.subject);

	if (!status)
		status = explain_service(&explain, operands[1]);
	if (!status)
		status = explain_words(&explain, &words);
	if (!status)
		status = explain_run(&explain);
	if (status)
		return status;
	if (note_assumptions(&explain))
		return CTL_STORE;
	if (ctl->json)
		status = ctl_print_json(explain_json(&explain));
	else
		explain_print(&explain);
	return status ? status : explain_status(&explain);
}
