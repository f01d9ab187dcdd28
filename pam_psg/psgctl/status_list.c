/* What is live now, as a list, a table and JSON. */
#include "status.h"

#include <stdlib.h>
#include <string.h>

struct looking {
	struct ctl *ctl;
	struct status_list *list;
};

void status_list_clear(struct status_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->rows[i].subject);
	free(list->rows);
	*list = (struct status_list){0};
}

static enum psg_err add(struct status_list *list, const char *subject,
			const struct psg_activation *activation)
{
	struct status_row *grown = reallocarray(list->rows, list->count + 1, sizeof(*grown));
	char *copy = strdup(subject);

	if (grown)
		list->rows = grown;
	if (!grown || !copy) {
		free(copy);
		return PSG_ERR_NO_MEMORY;
	}
	grown[list->count++] = (struct status_row){copy, *activation};
	return PSG_OK;
}

static enum psg_err collect(void *arg, const char *subject)
{
	const struct looking *looking = arg;
	struct ctl *ctl = looking->ctl;
	const struct psg_now *now = &looking->list->now;
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = ctl_live_list(ctl, subject, now, &list);

	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_activation *activation = &list.items[i];
		bool live = false;

		if (ctl_lapsed(activation, now))
			err = ctl_write_lapse(ctl, subject, activation);
		else
			err = ctl_live(ctl->store, activation, now, &live);
		if (!err && live)
			err = add(looking->list, subject, activation);
	}
	return err;
}

static int by_user_and_end(const void *left, const void *right)
{
	const struct status_row *a = left, *b = right;
	int order = strcmp(a->subject, b->subject);

	if (order)
		return order;
	return (a->activation.expires_realtime_ns > b->activation.expires_realtime_ns) -
	       (a->activation.expires_realtime_ns < b->activation.expires_realtime_ns);
}

enum psg_err status_look(struct ctl *ctl, const char *subject, struct status_list *ret)
{
	struct status_list list PSG_CLEANUP(status_list_clear) = {0};
	struct looking looking = {ctl, &list};
	enum psg_err err = psg_clock_now(&ctl->store->clock, &list.now);

	if (!err)
		err = subject ? collect(&looking, subject)
			      : psg_people_each(ctl->store, collect, &looking);
	if (err)
		return err;
	if (list.count)
		qsort(list.rows, list.count, sizeof(*list.rows), by_user_and_end);
	*ret = list;
	list = (struct status_list){0};
	return PSG_OK;
}

json_t *status_json(const struct status_row *row)
{
	return ctl_live_json(row->subject, &row->activation);
}

/* Soon over: what somebody may want to renew, or to finish first. */
static enum ctl_colour urgency(const struct psg_activation *activation, const struct psg_now *now)
{
	int64_t left_s = psg_activation_left_ns(activation, now) / PSG_NS_PER_S;

	return left_s < 60 ? CTL_BAD : left_s < 600 ? CTL_CARE : CTL_COLOURLESS;
}

void status_print_table(const struct status_list *list)
{
	static const char *const header[] = {"USER",    "TARGET",  "LEFT",        "SESSION",
					     "SERVICE", "STARTED", "DESCRIPTION", "ID"};
	struct ctl_table *table = ctl_table_new(header, PSG_COUNT(header));

	for (size_t i = 0; i < list->count; i++) {
		const struct psg_activation *activation = &list->rows[i].activation;
		char left[PSG_TIME_SIZE], started[PSG_TIME_SIZE], session[PSG_SESSION_ID_SIZE];
		char id[PSG_ACTIVATION_ID_SIZE];

		psg_duration_format_human(
		    psg_activation_left_ns(activation, &list->now) / PSG_NS_PER_S, left);
		psg_time_format(activation->created_realtime_ns / PSG_NS_PER_S, started);
		ctl_live_session(activation, session);
		psg_activation_id_format(list->rows[i].subject, activation->file, id);
		const char *cells[] = {list->rows[i].subject,
				       activation->target,
				       left,
				       *session ? session : "every (Host)",
				       activation->service,
				       started,
				       activation->description,
				       id};
		ctl_table_row(table, cells);
		ctl_table_mark(table, 2, urgency(activation, &list->now));
	}
	ctl_table_shorten(table, 6);
	ctl_table_print_free(table);
}
