/* `psgctl authenticators [USER]`: what people carry, never its secret. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "person.h"

struct listing {
	struct ctl *ctl;
	const struct psg_throttle *throttle;
	int64_t now_s;
	size_t json_count, count;
	struct ctl_table *table;
};

/* The failures are the person's, whichever device was tried. */
struct standing {
	const char *subject;
	struct psg_recovery recovery;
	uint64_t failures;
	int64_t until_s; /* 0: not throttled */
};

static json_t *to_json(const struct standing *standing, const struct psg_credential *credential)
{
	return json_pack(
	    "{so so so sI sI so so sI so sI}", "id", ctl_json_text(credential->id), "userName",
	    ctl_json_text(standing->subject), "algorithm",
	    ctl_json_text(psg_algorithm_name(credential->algorithm)), "digits",
	    (json_int_t)credential->digits, "period", (json_int_t)credential->period_s, "label",
	    *credential->label ? ctl_json_text(credential->label) : json_null(), "createdDate",
	    ctl_json_time(credential->created_realtime_s), "failures",
	    (json_int_t)standing->failures, "throttledUntil", ctl_json_time(standing->until_s),
	    "recoveryCodesLeft", (json_int_t)standing->recovery.left);
}

static void to_row(struct listing *listing, const struct standing *standing,
		   const struct psg_credential *credential)
{
	char type[64], created[PSG_TIME_SIZE], failures[24], until[PSG_TIME_SIZE] = "";
	char recovery[48] = "";

	snprintf(type, sizeof(type), "%s %u digits %u s", psg_algorithm_name(credential->algorithm),
		 credential->digits, credential->period_s);
	snprintf(failures, sizeof(failures), "%llu", (unsigned long long)standing->failures);
	psg_time_format(credential->created_realtime_s, created);
	if (standing->until_s)
		psg_time_format(standing->until_s, until);
	if (standing->recovery.count)
		snprintf(recovery, sizeof(recovery), "%zu of %zu", standing->recovery.left,
			 standing->recovery.count);
	const char *cells[] = {standing->subject, credential->id, type,  credential->label,
			       created,           failures,       until, recovery};

	ctl_table_row(listing->table, cells);
}

static enum psg_err list_person(void *arg, const char *subject)
{
	struct listing *listing = arg;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct standing standing = {.subject = subject};
	int64_t wait_ns = 0;
	enum psg_err err = psg_people_credentials(listing->ctl->store, subject, &list);

	if (!err)
		err = psg_attempts_look(listing->ctl->store, subject, PSG_NOT_APART,
					listing->throttle, &standing.failures, &wait_ns);
	if (err)
		return err;
	if (psg_recovery_look(listing->ctl->store, subject, &standing.recovery))
		ctl_warn(listing->ctl, "the recovery codes of %s do not open with this key",
			 ctl_safe(subject));
	/* Of whom there is no line below. */
	if (standing.recovery.left && list.count == 0)
		ctl_note(listing->ctl, "%s has %zu recovery codes and no authenticator",
			 ctl_safe(subject), standing.recovery.left);
	if (wait_ns > 0)
		standing.until_s = listing->now_s + (wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S;
	if (list.unreadable)
		ctl_warn(listing->ctl,
			 "%zu authenticators of %s do not open with this key: restore the key they "
			 "were sealed with, or psgctl enroll %s --replace",
			 list.unreadable, ctl_safe(subject), ctl_safe(subject));
	listing->count += list.count;
	for (size_t i = 0; i < list.count; i++) {
		if (listing->ctl->json)
			ctl_json_array_put(&listing->json_count,
					   to_json(&standing, &list.items[i]));
		else
			to_row(listing, &standing, &list.items[i]);
	}
	return PSG_OK;
}

static enum psg_err add_name(void *names, const char *subject)
{
	return psg_strings_add(names, subject);
}

static enum psg_err list_all(struct listing *listing)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_people_each(listing->ctl->store, add_name, &names);

	psg_strings_sort(&names);
	for (size_t i = 0; i < names.count && !err; i++)
		err = list_person(listing, names.items[i]);
	return err;
}

static enum ctl_exit run(struct ctl *ctl, const struct psg_subject *subject)
{
	static const char *const header[] = {
	    "USER", "ID", "TYPE", "LABEL", "CREATED", "FAILURES", "THROTTLED UNTIL", "RECOVERY"};
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct listing listing = {.ctl = ctl, .throttle = &settings.throttle};
	struct psg_now now;
	enum ctl_exit status = ctl_gate_settings(ctl, &settings);

	if (status)
		return status;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &now);

	if (err)
		return ctl_store_error(ctl, "reading the clock", err);
	listing.now_s = now.realtime_ns / PSG_NS_PER_S;
	if (!ctl->json)
		listing.table = ctl_table_new(header, PSG_COUNT(header));
	ctl_table_shorten(listing.table, 3);
	err = subject ? list_person(&listing, subject->name) : list_all(&listing);
	if (!err && subject && listing.count == 0)
		ctl_warn_person(ctl, subject);
	if (ctl->json && !(err && listing.json_count == 0))
		status = ctl_json_array_end(listing.json_count);
	else if (!ctl->json)
		ctl_table_print_free(listing.table);
	return err ? ctl_store_error(ctl, "reading the authenticators", err) : status;
}

enum ctl_exit ctl_authenticators(struct ctl *ctl)
{
	const char *name;
	struct psg_subject subject;

	if (!ctl_parse(ctl, NULL, &name, 0, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status = name ? ctl_person(ctl, name, &subject) : CTL_DONE;

	if (status)
		return status;
	return ctl_open_store(ctl, true) ? run(ctl, name ? &subject : NULL) : CTL_STORE;
}
