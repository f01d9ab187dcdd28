/* `psgctl status [USER]`: live activations and the time left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "person.h"

struct row {
	char *subject;
	struct psg_activation activation;
};

struct listing {
	struct ctl *ctl;
	struct psg_now now;
	struct row *rows;
	size_t count;
};

static void listing_clear(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->rows[i].subject);
	free(listing->rows);
}

static enum psg_err add(struct listing *listing, const char *subject,
			const struct psg_activation *activation)
{
	struct row *grown = reallocarray(listing->rows, listing->count + 1, sizeof(*grown));
	char *copy = strdup(subject);

	if (grown)
		listing->rows = grown;
	if (!grown || !copy) {
		free(copy);
		return PSG_ERR_NO_MEMORY;
	}
	grown[listing->count++] = (struct row){copy, *activation};
	return PSG_OK;
}

static enum psg_err collect(void *arg, const char *subject)
{
	struct listing *listing = arg;
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = ctl_live_list(listing->ctl, subject, &listing->now, &list);

	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_activation *activation = &list.items[i];
		bool live = false;

		if (ctl_lapsed(activation, &listing->now))
			err = ctl_write_lapse(listing->ctl, subject, activation);
		else
			err = ctl_live(listing->ctl->store, activation, &listing->now, &live);
		if (!err && live)
			err = add(listing, subject, activation);
	}
	return err;
}

static int by_user_and_end(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = strcmp(a->subject, b->subject);

	if (order)
		return order;
	return (a->activation.expires_realtime_ns > b->activation.expires_realtime_ns) -
	       (a->activation.expires_realtime_ns < b->activation.expires_realtime_ns);
}

static enum ctl_exit print_json(const struct listing *listing)
{
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++)
		ctl_json_array_put(
		    &count, ctl_live_json(listing->rows[i].subject, &listing->rows[i].activation));
	return ctl_json_array_end(count);
}

/* Soon over: what somebody may want to renew, or to finish first. */
static enum ctl_colour urgency(const struct psg_activation *activation, const struct psg_now *now)
{
	int64_t left_s = psg_activation_left_ns(activation, now) / PSG_NS_PER_S;

	return left_s < 60 ? CTL_BAD : left_s < 600 ? CTL_CARE : CTL_COLOURLESS;
}

static void print_table(const struct listing *listing)
{
	static const char *const header[] = {"USER",    "TARGET",  "LEFT",        "SESSION",
					     "SERVICE", "STARTED", "DESCRIPTION", "ID"};
	struct ctl_table *table = ctl_table_new(header, PSG_COUNT(header));

	for (size_t i = 0; i < listing->count; i++) {
		const struct psg_activation *activation = &listing->rows[i].activation;
		char left[PSG_TIME_SIZE], started[PSG_TIME_SIZE], session[PSG_SESSION_ID_SIZE];
		char id[PSG_ACTIVATION_ID_SIZE];

		psg_duration_format_human(
		    psg_activation_left_ns(activation, &listing->now) / PSG_NS_PER_S, left);
		psg_time_format(activation->created_realtime_ns / PSG_NS_PER_S, started);
		ctl_live_session(activation, session);
		psg_activation_id_format(listing->rows[i].subject, activation->file, id);
		const char *cells[] = {listing->rows[i].subject,
				       activation->target,
				       left,
				       *session ? session : "every (Host)",
				       activation->service,
				       started,
				       activation->description,
				       id};
		ctl_table_row(table, cells);
		ctl_table_mark(table, 2, urgency(activation, &listing->now));
	}
	ctl_table_shorten(table, 6);
	ctl_table_print_free(table);
}

/* Whether the person could activate at all. */
static enum ctl_exit print_person(struct ctl *ctl, const char *subject)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_credentials credentials PSG_CLEANUP(psg_credentials_clear) = {0};
	char wait[PSG_TIME_SIZE];
	uint64_t failures;
	int64_t wait_ns;
	enum ctl_exit status = ctl_gate_settings(ctl, &settings);

	if (status)
		return status;
	enum psg_err err = psg_people_credentials(ctl->store, subject, &credentials);

	if (!err)
		err = psg_attempts_look(ctl->store, subject, PSG_NOT_APART, &settings.throttle,
					&failures, &wait_ns);
	if (err)
		return ctl_store_error(ctl, "reading the person's folder", err);
	printf("%s is %s.\n", ctl_safe(subject),
	       credentials.count        ? "enrolled"
	       : credentials.unreadable ? "enrolled, but the key does not open the authenticator"
					: "not enrolled");
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
	static const struct ctl_option options[] = {{NULL, false, NULL, NULL}};
	struct listing listing PSG_CLEANUP(listing_clear) = {.ctl = ctl};
	struct psg_subject subject;
	const char *name;
	bool one = false;

	if (!ctl_parse(ctl, options, &name, 0, 1, NULL))
		return CTL_USAGE;
	enum ctl_exit status =
	    name ? ctl_person(ctl, name, &subject) : ctl_person_sudo(ctl, &subject, &one);

	if (status)
		return status;
	one |= name != NULL;
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &listing.now);

	if (!err)
		err = one ? collect(&listing, subject.name)
			  : psg_people_each(ctl->store, collect, &listing);
	if (err)
		return ctl_store_error(ctl, "reading the activations", err);
	if (listing.count)
		qsort(listing.rows, listing.count, sizeof(*listing.rows), by_user_and_end);
	if (ctl->json)
		return print_json(&listing);
	print_table(&listing);
	return one ? print_person(ctl, subject.name) : CTL_DONE;
}
