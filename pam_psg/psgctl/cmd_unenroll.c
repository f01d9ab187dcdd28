/* `psgctl unenroll USER [--id ID]`: takes authenticators away, and what they opened. */
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "person.h"

/* Somebody may hold the device: what it opened, and may be opening now, ends with it. */
static enum psg_err end_opened(struct ctl *ctl, const char *subject, const char *id,
			       size_t *ret_ended)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	size_t len = id ? strlen(id) : 0;
	struct psg_now now;
	enum psg_err err = psg_people_activations(ctl->store, subject, &list);

	if (!err)
		err = psg_clock_now(&ctl->store->clock, &now);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_activation *activation = &list.items[i];
		bool live = false, first = false, by_code;

		by_code = strncmp(activation->file, "admin-", 6) != 0;
		if (id)
			by_code =
			    !strncmp(activation->file, id, len) && activation->file[len] == '-';
		if (!by_code || activation->ended || ctl_lapsed(activation, &now))
			continue;
		if (ctl_live(ctl->store, activation, &now, &live))
			live = true;
		err = psg_activation_end(ctl->store, subject, activation->file, PSG_END_UNENROLLED,
					 &first);
		if (!err && first && live) {
			(*ret_ended)++;
			ctl_live_event(ctl, PSG_EVENT_DEACTIVATED, subject, activation,
				       "unenrolled");
		}
	}
	return err;
}

static enum ctl_exit report(struct ctl *ctl, const char *subject, size_t removed, size_t ended)
{
	if (ctl->json)
		return ctl_print_json(json_pack("{so sI sI}", "userName", ctl_json_text(subject),
						"removed", (json_int_t)removed, "ended",
						(json_int_t)ended));
	printf("%zu authenticators removed, %zu activations ended.\n", removed, ended);
	return CTL_DONE;
}

enum ctl_exit ctl_unenroll(struct ctl *ctl)
{
	const char *name, *id = NULL;
	const struct ctl_option options[] = {{"id", true, &id, NULL}, {NULL, false, NULL, NULL}};
	struct psg_subject subject;
	size_t removed = 0, ended = 0;
	char what[64] = "all authenticators";
	uint8_t bytes[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];

	if (!ctl_parse(ctl, options, &name, 1, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status = ctl_person(ctl, name, &subject);

	if (status)
		return status;
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	enum psg_err err = PSG_OK;

	/* An id that cannot be one is not there; it is never made a file name. */
	if (!id || !psg_hex_decode(id, bytes, sizeof(bytes)))
		err = psg_people_unenroll(ctl->store, subject.name, id, &removed);
	if (err && err != PSG_ERR_NOT_FOUND)
		return ctl_store_error(ctl, "removing the authenticators", err);
	if (id && removed == 0) {
		ctl_error(ctl, "%s has no authenticator %s; `psgctl authenticators` lists the ids",
			  ctl_safe(subject.name), ctl_safe(id));
		return CTL_REFUSED;
	}
	if (id)
		snprintf(what, sizeof(what), "authenticator %s", id);
	if (removed) {
		struct psg_event event = {
		    .kind = PSG_EVENT_UNENROLLED, .user = subject.name, .reason = what};

		ctl_event(ctl, &event);
		err = end_opened(ctl, subject.name, id, &ended);
	}
	if (err && err != PSG_ERR_NOT_FOUND)
		return ctl_store_error(ctl, "ending what the authenticators opened", err);
	/* Nobody else looks here before the person is enrolled again. */
	(void)!psg_people_tidy(ctl->store, subject.name);
	return report(ctl, subject.name, removed, ended);
}
