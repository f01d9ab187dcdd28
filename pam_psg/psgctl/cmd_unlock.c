/* `psgctl unlock USER`: forgets the failed attempts, those of others at this person's name too. */
#include <string.h>

#include "person.h"

struct search {
	const char *name;
	bool found;
};

static enum psg_err look(void *arg, const char *subject)
{
	struct search *search = arg;

	search->found |= !strcmp(subject, search->name);
	return PSG_OK;
}

/* Where that cannot be read the next step says so. */
static bool is_known(const struct ctl *ctl, const char *name)
{
	struct search search = {.name = name};

	return psg_people_each(ctl->store, look, &search) || search.found;
}

enum ctl_exit ctl_unlock(struct ctl *ctl)
{
	const char *name;
	struct psg_subject subject;

	if (!ctl_parse(ctl, NULL, &name, 1, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status = ctl_person(ctl, name, &subject);

	if (status)
		return status;
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	if (subject.uid == (uid_t)-1 && !is_known(ctl, subject.name)) {
		ctl_error_person(ctl, "there is no account, and nothing in the store, named", name);
		return CTL_REFUSED;
	}
	enum psg_err err = psg_attempts_forgive_all(ctl->store, subject.name);

	if (err && err != PSG_ERR_NOT_FOUND)
		return ctl_store_error(ctl, "forgetting the failed attempts", err);
	struct psg_event event = {.kind = PSG_EVENT_UNLOCKED, .user = subject.name};

	ctl_event(ctl, &event);
	if (ctl->json)
		return ctl_print_json(json_pack("{so}", "userName", ctl_json_text(subject.name)));
	ctl_note(ctl, "failed attempts of %s are forgotten", ctl_safe(subject.name));
	return CTL_DONE;
}
