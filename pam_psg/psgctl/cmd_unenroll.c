/* `psgctl unenroll USER [--id ID]`: takes authenticators away, and what they opened. */
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "person.h"

/* Of one device, or of all. */
static bool is_of(const void *id, const char *device)
{
	return id == NULL || strcmp(id, device) == 0;
}

static enum ctl_exit report(struct ctl *ctl, const char *subject, size_t removed, size_t recovery,
			    size_t ended)
{
	if (ctl->json)
		return ctl_print_json(json_pack("{so sI sI sI}", "userName", ctl_json_text(subject),
						"removed", (json_int_t)removed,
						"recoveryCodesRemoved", (json_int_t)recovery,
						"ended", (json_int_t)ended));
	printf("%zu authenticators removed, %zu activations ended.\n", removed, ended);
	if (recovery)
		printf("%zu recovery codes removed.\n", recovery);
	return CTL_DONE;
}

/* Whoever has the sheet could enrol a device of their own with it. */
static enum psg_err remove_recovery(struct ctl *ctl, const char *subject, bool *ret_removed,
				    size_t *ret_left)
{
	struct psg_recovery recovery = {.count = 0};
	enum psg_err err = psg_recovery_look(ctl->store, subject, &recovery);

	*ret_left = recovery.left;
	return err && err != PSG_ERR_CORRUPT
		   ? err
		   : psg_recovery_remove(ctl->store, subject, ret_removed);
}

enum ctl_exit ctl_unenroll(struct ctl *ctl)
{
	const char *name, *id = NULL;
	const struct ctl_option options[] = {{"id", true, &id, NULL}, {NULL, false, NULL, NULL}};
	struct psg_subject subject;
	size_t removed = 0, recovery = 0, ended = 0;
	bool recovery_removed = false;
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
	if (!err && !id)
		err = remove_recovery(ctl, subject.name, &recovery_removed, &recovery);
	if (err && err != PSG_ERR_NOT_FOUND)
		return ctl_store_error(ctl, "removing the authenticators", err);
	if (id && removed == 0) {
		ctl_error(ctl, "%s has no authenticator %s; `psgctl authenticators` lists the ids",
			  ctl_safe(subject.name), ctl_safe(id));
		return CTL_REFUSED;
	}
	if (recovery_removed)
		snprintf(what, sizeof(what), "all authenticators and recovery codes");
	if (removed == 0 && !recovery_removed)
		ctl_warn_person(ctl, &subject);
	if (id)
		snprintf(what, sizeof(what), "authenticator %s", id);
	if (removed || recovery_removed) {
		struct psg_event event = {
		    .kind = PSG_EVENT_UNENROLLED, .user = subject.name, .reason = what};

		ctl_event(ctl, &event);
		err = ctl_end_opened(ctl, subject.name, is_of, id, &ended);
	}
	if (err && err != PSG_ERR_NOT_FOUND)
		return ctl_store_error(ctl, "ending what the authenticators opened", err);
	/* Nobody else looks here before the person is enrolled again. */
	(void)!psg_people_tidy(ctl->store, subject.name);
	return report(ctl, subject.name, removed, recovery, ended);
}
