/* `psgctl deactivate (NAME | --id ID | --all) [--user USER]`: ends activations.
 *
 * MUST: end names that nothing is written in yet, so that a process asleep before its write wakes to an
 *       ended activation (tests/cli/test_activate.py, test_deactivate_ends_the_unwritten).
 * MUST NOT: let the person behind sudo reach anybody else's (test_sudo_deactivate_is_own). */
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "person.h"

struct ending {
	struct ctl *ctl;
	struct psg_now now;
	const char *target; /* NULL: any */
	const char *file;   /* NULL: any */
	bool found;         /* `file` is there */
	size_t ended;
	enum psg_err err; /* the first that happened */
	json_t *ids;
};

static void ending_clear(struct ending *ending)
{
	json_decref(ending->ids);
}

static bool meant(const struct ending *ending, const struct psg_activation *activation)
{
	if (ending->file)
		return !strcmp(activation->file, ending->file);
	/* What is not written yet may turn out to be anything. */
	return !ending->target || !activation->valid || !strcmp(activation->target, ending->target);
}

/* A login that is over left jobs behind, perhaps: `enforce` gives them until the lapse, and now no longer. */
static enum psg_err end_closed(struct ending *ending, const char *subject,
			       const struct psg_activation *activation)
{
	enum psg_err err = psg_activation_end_closed(ending->ctl->store, subject, activation->file,
						     PSG_END_DEACTIVATED);

	if (!err)
		ctl_live_event(ending->ctl, PSG_EVENT_DEACTIVATED, subject, activation,
			       "what its closed login left behind");
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err end_one(struct ending *ending, const char *subject,
			    const struct psg_activation *activation)
{
	struct ctl *ctl = ending->ctl;
	char id[PSG_ACTIVATION_ID_SIZE];
	bool live = false, first = false;
	enum psg_err err = PSG_OK;

	/* It ends even where nobody can tell any more whether its session lives. */
	if (ctl_live(ctl->store, activation, &ending->now, &live) != PSG_OK)
		live = true;
	err =
	    psg_activation_end(ctl->store, subject, activation->file, PSG_END_DEACTIVATED, &first);
	if (err || !first || !live)
		return err;
	ending->ended++;
	psg_activation_id_format(subject, activation->file, id);
	json_array_append_new(ending->ids, ctl_json_text(id));
	ctl_live_event(ctl, PSG_EVENT_DEACTIVATED, subject, activation, NULL);
	return PSG_OK;
}

/* One activation or person that fails keeps none of the others alive. */
static enum psg_err end_of(void *arg, const char *subject)
{
	struct ending *ending = arg;
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_people_activations(ending->ctl->store, subject, &list);

	for (size_t i = 0; i < list.count; i++) {
		const struct psg_activation *activation = &list.items[i];

		if (!meant(ending, activation))
			continue;
		ending->found = true;
		bool closed = ctl_closed_early(activation, &ending->now);

		if (!closed && (activation->ended || ctl_lapsed(activation, &ending->now)))
			continue;
		enum psg_err failed = closed ? end_closed(ending, subject, activation)
					     : end_one(ending, subject, activation);

		err = err ? err : failed;
	}
	ending->err = ending->err ? ending->err : err;
	return PSG_OK;
}

static enum ctl_exit report(struct ending *ending)
{
	struct ctl *ctl = ending->ctl;

	if (ctl->json)
		return ctl_print_json(
		    json_pack("{sI sO}", "ended", (json_int_t)ending->ended, "ids", ending->ids));
	printf("%zu ended.\n", ending->ended);
	return CTL_DONE;
}

/* A name that is nothing is no error (an emergency script must run through), but worth saying. */
static enum ctl_exit warn_unknown(struct ctl *ctl, const struct ending *ending)
{
	enum psg_target_kind kind;

	if (!ending->target || ending->found)
		return CTL_DONE;
	if (!ctl_find_target(ctl, ending->target, &kind))
		return CTL_STORE;
	char *near PSG_CLEANUP(psg_free_bytes) =
	    kind == PSG_TARGET_NONE ? ctl_suggest_target(ctl, ending->target) : NULL;

	if (kind == PSG_TARGET_NONE)
		ctl_warn(ctl, "there is no group or permission set named %s%s%s%s",
			 ctl_safe(ending->target), near ? "; did you mean " : "", near ? near : "",
			 near ? "?" : "");
	return CTL_DONE;
}

static enum ctl_exit run(struct ctl *ctl, struct ending *ending, const struct psg_subject *subject)
{
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	ending->ids = json_array();
	enum psg_err err =
	    ending->ids ? psg_clock_now(&ctl->store->clock, &ending->now) : PSG_ERR_NO_MEMORY;

	if (!err)
		err = subject ? end_of(ending, subject->name)
			      : psg_people_each(ctl->store, end_of, ending);
	if (!err)
		err = ending->err;
	if (err)
		return ctl_store_error(ctl, "ending activations", err);
	if (ending->file && !ending->found) {
		ctl_error(ctl, "there is no such activation; `psgctl status` shows the ids");
		return CTL_REFUSED;
	}
	enum ctl_exit status = warn_unknown(ctl, ending);

	if (!status && subject && ending->ended == 0)
		ctl_warn_person(ctl, subject);
	return status ? status : report(ending);
}

/* By id: the id says whose it is, and --user or sudo may only narrow that. */
static enum ctl_exit run_id(struct ctl *ctl, const char *id, const struct psg_subject *only)
{
	char file[PSG_ACTIVATION_FILE_SIZE];
	struct psg_subject owner = {.uid = (uid_t)-1};

	if (psg_activation_id_parse(id, owner.name, file) ||
	    (only && strcmp(only->name, owner.name) != 0)) {
		ctl_error(ctl, "there is no such activation%s: %s; `psgctl status` shows the ids",
			  only ? " of that person's" : "", ctl_safe(id));
		return CTL_REFUSED;
	}
	struct ending ending PSG_CLEANUP(ending_clear) = {.ctl = ctl, .file = file};

	return run(ctl, &ending, &owner);
}

enum ctl_exit ctl_deactivate(struct ctl *ctl)
{
	const char *name, *user = NULL, *id = NULL;
	bool all = false, one = false;
	const struct ctl_option options[] = {{"id", true, &id, NULL},
					     {"all", false, NULL, &all},
					     {"user", true, &user, NULL},
					     {NULL, false, NULL, NULL}};
	struct psg_subject subject;

	if (!ctl_parse(ctl, options, &name, 0, 1, NULL))
		return CTL_USAGE;
	if ((name != NULL) + (id != NULL) + all != 1) {
		ctl_error(ctl, "say what to end: a NAME, --id ID, or --all");
		ctl_print_usage(ctl->command);
		return CTL_USAGE;
	}
	enum ctl_exit status =
	    user ? ctl_person(ctl, user, &subject) : ctl_person_sudo(ctl, &subject, &one);

	if (status)
		return status;
	one |= user != NULL;
	if (id)
		return run_id(ctl, id, one ? &subject : NULL);
	struct ending ending PSG_CLEANUP(ending_clear) = {.ctl = ctl, .target = name};

	return run(ctl, &ending, one ? &subject : NULL);
}
