/* From lines to holdings: what began, what renewed it, what ended it.
 *
 * Not everything has a line: what a renewal replaces, what a reboot, a killed session or a clock ends has none. A lapse's
 * line comes when somebody notices it, which may be days later: it ended at its own time. */
#include <string.h>
#include <strings.h>

#include "keep.h"

/* Of one person and target; further back nothing is open any more but what no line ended. */
#define OPEN_MAX 64U

static struct ledger_record *record_at(const struct psg_ledger *ledger, size_t place)
{
	return (struct ledger_record *)ledger->records.items + place;
}

/* PID-TICKS is the session; what follows came with its audit id, later. */
static bool same_session(const char *a, const char *b)
{
	size_t len, other;

	if (!a || !b || *a < '0' || *a > '9')
		return false;
	len = strcspn(a, "-");
	len += a[len] ? 1 + strcspn(a + len + 1, "-") : 0;
	other = strcspn(b, "-");
	other += b[other] ? 1 + strcspn(b + other + 1, "-") : 0;
	return len == other && memcmp(a, b, len) == 0;
}

static void end(const struct psg_ledger *ledger, struct ledger_record *record, int64_t time_s,
		enum psg_held_end how)
{
	struct psg_holding *holding = &record->holding;
	int64_t boot_s = ledger->scope.boot_s;

	record->ended = true;
	holding->end = how;
	holding->end_s = time_s;
	if (holding->expires_s && time_s >= holding->expires_s &&
	    holding->expires_s >= holding->start_s) {
		holding->end = PSG_HELD_LAPSED;
		holding->end_s = holding->expires_s;
	}
	/* No activation outlives its boot, and nobody is there to write that down. */
	if (boot_s && holding->start_s < boot_s && boot_s < holding->end_s) {
		holding->end = PSG_HELD_REBOOT;
		holding->end_s = boot_s;
	}
}

static struct ledger_record *make(struct psg_ledger *ledger, struct ledger_pair *pair,
				  const struct psg_ledger_event *event)
{
	size_t place = ledger->records.count;
	const char *id = ledger_name(ledger, event->activation_id);
	struct ledger_record *record =
	    ledger_list_add(ledger, &ledger->records, sizeof(struct ledger_record));

	if (!record)
		return NULL;
	record->holding = (struct psg_holding){
	    .user = pair->user,
	    .target = pair->target,
	    .kind = pair->kind,
	    .id = id,
	    .service = ledger_name(ledger, event->service),
	    .rhost = ledger_name(ledger, event->rhost),
	    .tty = ledger_name(ledger, event->tty),
	    .session_id = ledger_name(ledger, event->session_id),
	    .reason = ledger_name(ledger, event->reason),
	    .granted_by =
		event->kind == PSG_EVENT_GRANTED ? ledger_name(ledger, event->actor) : NULL,
	    .start_s = event->time_s,
	    .expires_s = event->expires_s,
	};
	record->last_id = id;
	record->older = pair->newest;
	pair->newest = place + 1;
	if (id) {
		size_t *known = ledger_place(ledger, &ledger->ids, id, NULL, true);

		/* A second one of the same name has its place: the person's folder was made anew. */
		if (known)
			*known = place;
	}
	return record;
}

/* The one that a renewal continues: of the same session, else the newest that had time left. A Host one may be renewed
 * from anywhere. */
static struct ledger_record *renewed(const struct psg_ledger *ledger,
				     const struct ledger_pair *pair,
				     const struct psg_ledger_event *event)
{
	struct ledger_record *best = NULL;
	size_t place = pair->newest;

	for (unsigned i = 0; place && i < OPEN_MAX; i++) {
		struct ledger_record *record = record_at(ledger, place - 1);

		if (!record->ended && same_session(record->holding.session_id, event->session_id))
			return record;
		if (!best && !record->ended && record->holding.expires_s >= event->time_s)
			best = record;
		place = record->older;
	}
	return best;
}

/* An administrator's, or one's own by psgctl without a session, is for the host. */
static bool is_host(const struct psg_holding *holding)
{
	return !holding->session_id && holding->service && !strcmp(holding->service, "psgctl");
}

static void replace(struct psg_ledger *ledger, size_t place, const struct psg_ledger_event *event)
{
	struct psg_holding fresh = {.session_id = event->session_id, .service = event->service};

	for (unsigned i = 0; place && i < OPEN_MAX; i++) {
		struct ledger_record *record = record_at(ledger, place - 1);

		if (!record->ended &&
		    (same_session(record->holding.session_id, event->session_id) ||
		     (is_host(&record->holding) && is_host(&fresh))))
			end(ledger, record, event->time_s, PSG_HELD_REPLACED);
		place = record->older;
	}
}

static void begin(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	const char *user = ledger_name(ledger, event->user);
	const char *target = ledger_name(ledger, event->target);
	struct ledger_pair *pair =
	    user && target ? ledger_pair(ledger, user, event->target_kind, target, true) : NULL;
	struct ledger_record *record;
	size_t *known;
	const char *id;

	if (!pair)
		return;
	record = event->kind == PSG_EVENT_RENEWED ? renewed(ledger, pair, event) : NULL;
	if (!record) {
		replace(ledger, pair->newest, event);
		record = make(ledger, pair, event);
		if (record)
			record->holding.began_before = event->kind == PSG_EVENT_RENEWED;
		return;
	}
	id = ledger_name(ledger, event->activation_id);
	record->last_id = id;
	record->holding.renewals++;
	record->holding.expires_s = event->expires_s;
	if (!record->holding.reason)
		record->holding.reason = ledger_name(ledger, event->reason);
	known = id ? ledger_place(ledger, &ledger->ids, id, NULL, true) : NULL;
	if (known)
		*known = (size_t)(record - (struct ledger_record *)ledger->records.items);
}

static struct ledger_record *find(struct psg_ledger *ledger, const char *activation_id)
{
	const char *id = ledger_name(ledger, activation_id);
	const size_t *place = id ? ledger_place(ledger, &ledger->ids, id, NULL, false) : NULL;

	return place && *place < ledger->records.count ? record_at(ledger, *place) : NULL;
}

/* It ended, and no line says that it began: the log does not go back so far. */
static struct ledger_record *make_older(struct psg_ledger *ledger,
					const struct psg_ledger_event *event)
{
	const char *user = ledger_name(ledger, event->user);
	const char *target = ledger_name(ledger, event->target);
	struct psg_ledger_event older = *event;
	struct ledger_pair *pair =
	    user && target ? ledger_pair(ledger, user, event->target_kind, target, true) : NULL;
	struct ledger_record *record;

	older.reason = older.service = NULL; /* the end's, not its own */
	if (event->expires_s && event->expires_s < event->time_s)
		older.time_s = event->expires_s;
	record = pair ? make(ledger, pair, &older) : NULL;
	if (record)
		record->holding.began_before = true;
	return record;
}

static enum psg_held_end how_of(const struct psg_ledger_event *event)
{
	bool unassigned = event->reason && strcasecmp(event->reason, "unassigned") == 0;

	switch ((unsigned)event->kind) {
	case PSG_EVENT_LAPSED:
		return PSG_HELD_LAPSED;
	case PSG_EVENT_DEACTIVATED:
		return PSG_HELD_DEACTIVATED;
	default:
		return unassigned ? PSG_HELD_UNASSIGNED : PSG_HELD_CLOSED;
	}
}

static void finish(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	struct ledger_record *record = find(ledger, event->activation_id);

	/* What enforce did to the processes is no other end; the end of one that was renewed ends nothing. */
	if (record && (record->ended ||
		       (record->last_id && strcmp(record->last_id, event->activation_id) != 0)))
		return;
	if (!record && event->kind != PSG_EVENT_SESSION_ENDED && event->activation_id)
		record = make_older(ledger, event);
	if (!record)
		return;
	end(ledger, record, event->time_s, how_of(event));
	if (record->holding.end == PSG_HELD_DEACTIVATED)
		record->holding.ended_by = ledger_name(ledger, event->actor);
}

static void bind(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	struct ledger_record *record = find(ledger, event->activation_id);

	if (!record)
		return;
	record->holding.session_id = ledger_name(ledger, event->session_id);
	if (!record->holding.rhost)
		record->holding.rhost = ledger_name(ledger, event->rhost);
}

void ledger_hold(struct psg_ledger *ledger, const struct psg_ledger_event *event)
{
	switch ((unsigned)event->kind) {
	case PSG_EVENT_ACTIVATED:
	case PSG_EVENT_RENEWED:
	case PSG_EVENT_GRANTED:
		begin(ledger, event);
		break;
	case PSG_EVENT_BOUND:
		bind(ledger, event);
		break;
	case PSG_EVENT_LAPSED:
	case PSG_EVENT_ENDED:
	case PSG_EVENT_DEACTIVATED:
	case PSG_EVENT_SESSION_ENDED:
		finish(ledger, event);
		break;
	default:
		break;
	}
}

void psg_ledger_live(struct psg_ledger *ledger, const struct psg_ledger_event *activation)
{
	struct ledger_record *record = find(ledger, activation->activation_id);

	if (!record) {
		const char *user = ledger_name(ledger, activation->user);
		const char *target = ledger_name(ledger, activation->target);
		struct ledger_pair *pair =
		    user && target
			? ledger_pair(ledger, user, activation->target_kind, target, true)
			: NULL;

		record = pair ? make(ledger, pair, activation) : NULL;
	}
	if (!record)
		return;
	record->ended = false;
	record->live = true;
	record->holding.end = PSG_HELD_LIVE;
	record->holding.end_s = ledger->scope.now_s;
	record->holding.expires_s = activation->expires_s;
}

void ledger_settle(struct psg_ledger *ledger)
{
	for (size_t i = 0; i < ledger->records.count; i++) {
		struct ledger_record *record = record_at(ledger, i);
		struct psg_holding *holding = &record->holding;

		if (!record->ended && !record->live)
			end(ledger, record,
			    holding->expires_s ? ledger->scope.now_s : holding->start_s,
			    PSG_HELD_UNKNOWN);
		holding->clock_set_back = holding->end_s < holding->start_s;
	}
}
