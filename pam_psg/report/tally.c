/* What did not open, and what administrators did. */
#include "keep.h"

static void mark(struct psg_ledger *ledger, const struct psg_ledger_event *event,
		 enum psg_mark_kind kind)
{
	struct psg_mark *made = ledger_list_add(ledger, &ledger->marks, sizeof(*made));

	if (made)
		*made = (struct psg_mark){.user = ledger_name(ledger, event->user),
					  .target = ledger_name(ledger, event->target),
					  .time_s = event->time_s,
					  .kind = kind};
}

static size_t *counter_of(struct psg_failures *row, enum psg_event_kind kind)
{
	switch ((unsigned)kind) {
	case PSG_EVENT_WRONG_CODE:
		return &row->wrong;
	case PSG_EVENT_REPLAYED:
		return &row->replayed;
	case PSG_EVENT_THROTTLED:
		return &row->throttled;
	case PSG_EVENT_MALFORMED:
		return &row->malformed;
	case PSG_EVENT_REFUSED:
		return &row->refused;
	case PSG_EVENT_ERROR:
		return &row->failed;
	default:
		return &row->would;
	}
}

static void count(struct psg_ledger *ledger, struct ledger_list *list, void **keys,
		  const char *second, const struct psg_ledger_event *event)
{
	const char *user = ledger_name(ledger, event->user);
	const char *name = ledger_name(ledger, second);
	size_t *place = ledger_place(ledger, keys, user, name, true);
	struct psg_failures *row;

	if (!place)
		return;
	if (*place == SIZE_MAX) {
		row = ledger_list_add(ledger, list, sizeof(*row));
		if (!row)
			return;
		*place = list->count - 1;
		row->user = user;
		row->first_s = row->last_s = event->time_s;
	}
	row = (struct psg_failures *)list->items + *place;
	(*counter_of(row, event->kind))++;
	row->first_s = event->time_s < row->first_s ? event->time_s : row->first_s;
	row->last_s = event->time_s > row->last_s ? event->time_s : row->last_s;
	row->origin = ledger_name(ledger, event->rhost ? event->rhost : event->tty);
	row->service = ledger_name(ledger, event->service);
	row->reason = ledger_name(ledger, event->reason);
}

static void act(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	struct psg_act *made = ledger_list_add(ledger, &ledger->acts, sizeof(*made));

	if (made)
		*made = (struct psg_act){.time_s = event->time_s,
					 .kind = event->kind,
					 .target_kind = event->target_kind,
					 .actor = ledger_name(ledger, event->actor),
					 .user = ledger_name(ledger, event->user),
					 .target = ledger_name(ledger, event->target),
					 .reason = ledger_name(ledger, event->reason)};
}

void ledger_tally(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	const char *origin = event->rhost && *event->rhost ? event->rhost : event->tty;

	switch ((unsigned)event->kind) {
	case PSG_EVENT_WRONG_CODE:
	case PSG_EVENT_REPLAYED:
	case PSG_EVENT_THROTTLED:
	case PSG_EVENT_MALFORMED:
	case PSG_EVENT_REFUSED:
	case PSG_EVENT_ERROR:
		count(ledger, &ledger->failures, &ledger->failure_keys, origin, event);
		mark(ledger, event,
		     event->kind == PSG_EVENT_THROTTLED ? PSG_MARK_THROTTLED
		     : event->kind == PSG_EVENT_WRONG_CODE || event->kind == PSG_EVENT_REPLAYED
			 ? PSG_MARK_WRONG
			 : PSG_MARK_REFUSED);
		break;
	case PSG_EVENT_WOULD_REFUSE:
		count(ledger, &ledger->would, &ledger->would_keys, event->service, event);
		break;
	case PSG_EVENT_SESSION_ENDED:
		break;
	default:
		if (event->kind >= PSG_EVENT_INITIALIZED)
			act(ledger, event);
		break;
	}
}
