/* A ledger of ten days, and lines for it. */
#ifndef LEDGER_FIXTURE_H
#define LEDGER_FIXTURE_H

#include "psg/ledger.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define T0 INT64_C(1769853600) /* 2026-01-31T10:00:00Z */
#define NOW (T0 + 10 * DAY)

static struct psg_ledger *ledger;
static struct psg_ledger_view view;
static struct psg_ledger_scope scope;

static inline int setup(void **state)
{
	(void)state;
	scope = (struct psg_ledger_scope){.since_s = T0, .until_s = NOW, .now_s = NOW};
	ledger = psg_ledger_new(&scope);
	return ledger ? 0 : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	psg_ledger_free(&ledger);
	return 0;
}

/* Begins anew with what a test wrote into `scope`. */
static inline void rescope(void)
{
	psg_ledger_free(&ledger);
	ledger = psg_ledger_new(&scope);
	assert_non_null(ledger);
}

static inline struct psg_ledger_event line(enum psg_event_kind kind, int64_t time_s,
					   const char *user, const char *id)
{
	return (struct psg_ledger_event){.kind = kind,
					 .time_s = time_s,
					 .user = user,
					 .target = "Finance",
					 .target_kind = PSG_TARGET_GROUP,
					 .service = "sshd",
					 .activation_id = id};
}

static inline void put(enum psg_event_kind kind, int64_t time_s, const char *user, const char *id)
{
	struct psg_ledger_event event = line(kind, time_s, user, id);

	psg_ledger_add(ledger, &event);
}

/* One of eight hours, in a session where `session` is not NULL. */
static inline void begin(enum psg_event_kind kind, int64_t time_s, const char *user, const char *id,
			 const char *session)
{
	struct psg_ledger_event event = line(kind, time_s, user, id);

	event.expires_s = time_s + 8 * HOUR;
	event.session_id = session;
	event.reason = "INC1";
	psg_ledger_add(ledger, &event);
}

static inline const struct psg_holding *close_one(void)
{
	assert_int_equal(psg_ledger_close(ledger, &view), PSG_OK);
	assert_int_equal(view.holding_count, 1);
	return &view.holdings[0];
}

#endif
