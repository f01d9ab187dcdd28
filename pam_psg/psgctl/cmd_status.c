/* `psgctl status [USER]`: live activations and the time left. */
#include "status.h"

#include <stdio.h>

#include "person.h"
#include "psg/text.h"

static enum ctl_exit print_json(const struct status_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		ctl_json_array_put(&count, status_json(&list->rows[i]));
	return ctl_json_array_end(count);
}

/* Whether the person could activate at all. */
static enum ctl_exit print_person(struct ctl *ctl, const char *subject)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_credentials credentials PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_recovery recovery = {.count = 0};
	char wait[PSG_TIME_SIZE];
	uint64_t failures;
	int64_t wait_ns;
	enum ctl_exit status = ctl_gate_settings(ctl, &settings);

	if (status)
		return status;
	enum psg_err err = psg_people_credentials(ctl->store, subject, &credentials);

	if (!err)
		err = psg_recovery_look(ctl->store, subject, &recovery);
	if (err == PSG_ERR_CORRUPT) {
		ctl_warn(ctl, "the recovery codes of %s do not open with this key",
			 ctl_safe(subject));
		err = PSG_OK;
	}
	if (!err)
		err = psg_attempts_look(ctl->store, subject, PSG_NOT_APART, &settings.throttle,
					&failures, &wait_ns);
	if (err)
		return ctl_store_error(ctl, "reading the person's folder", err);
	printf("%s is %s.\n", ctl_safe(subject),
	       credentials.count        ? "enrolled"
	       : credentials.unreadable ? "enrolled, but the key does not open the authenticator"
					: "not enrolled");
	if (recovery.count)
		printf("%zu of %zu recovery codes are left.\n", recovery.left, recovery.count);
	psg_duration_format_human((wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, wait);
	if (wait_ns > 0)
		printf("Throttled after %llu wrong codes: the next is possible in %s.\n",
		       (unsigned long long)failures, wait);
	else if (failures)
		printf("%llu wrong or spent code%s since the last right one.\n",
		       (unsigned long long)failures, failures == 1 ? "" : "s");
	return CTL_DONE;
}

enum ctl_exit ctl_status(struct ctl *ctl)
{
	bool one = false, watch = false;
	const struct ctl_option options[] = {{"watch", false, NULL, &watch},
					     {NULL, false, NULL, NULL}};
	struct status_list list PSG_CLEANUP(status_list_clear) = {0};
	struct psg_subject subject;
	const char *name;

	if (!ctl_parse(ctl, options, &name, 0, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status =
	    name ? ctl_person(ctl, name, &subject) : ctl_person_sudo(ctl, &subject, &one);

	if (status)
		return status;
	one |= name != NULL;
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	if (watch)
		return status_watch(ctl, one ? subject.name : NULL);
	enum psg_err err = status_look(ctl, one ? subject.name : NULL, &list);

	if (err)
		return ctl_store_error(ctl, "reading the activations", err);
	if (ctl->json)
		return print_json(&list);
	status_print_table(&list);
	return one ? print_person(ctl, subject.name) : CTL_DONE;
}
