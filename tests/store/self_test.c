/* Who enrols alone: once, whole, throttled, and not after an administrator took it away. */
#include "folk.h"

#include <stdio.h>
#include <string.h>

#define ASSIGNED_S INT64_C(1700000000)

static struct psg_credential fresh(const struct folk *folk, int64_t assigned_s, uint8_t seed)
{
	struct psg_credential made = {.algorithm = PSG_SHA1,
				      .digits = 6,
				      .period_s = 30,
				      .created_realtime_s = folk->now.realtime_ns / FOLK_S,
				      .secret_len = 20};

	psg_self_id(assigned_s, made.id);
	memset(made.secret, seed, made.secret_len);
	return made;
}

static enum psg_err enroll_with(struct folk *folk, const struct psg_credential *credential,
				const char *code, psg_recheck_fn *recheck)
{
	int64_t wait_ns = 0;
	struct psg_self self = {.subject = "alice",
				.credential = credential,
				.code = code,
				.apart = PSG_NOT_APART,
				.throttle = &folk->throttle,
				.window_steps = 1,
				.recheck = recheck,
				.recheck_arg = folk};

	return psg_people_enroll_self(folk->store, &self, &wait_ns);
}

static enum psg_err enroll(struct folk *folk, const struct psg_credential *credential)
{
	char code[16];

	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, credential, 0));
	return enroll_with(folk, credential, code, NULL);
}

static size_t count(struct folk *folk)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.unreadable, 0);
	return list.count;
}

static size_t remove_all(struct folk *folk)
{
	size_t removed = 0;

	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	return removed;
}

static void enrolled_and_the_code_still_opens(void **state)
{
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);
	struct psg_grant grant = folk_grant("Closers");

	assert_int_equal(psg_people_self_open(folk->store, "alice", ASSIGNED_S), PSG_OK);
	assert_int_equal(enroll(folk, &made), PSG_OK);
	assert_int_equal(count(folk), 1);
	assert_int_equal(psg_people_self_open(folk->store, "alice", ASSIGNED_S), PSG_ERR_EXISTS);
	/* Nothing counts against the claim of the same code, and nothing else lies about. */
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &made, 0), &grant), PSG_OK);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &made, 0), &grant),
			 PSG_ERR_REPLAYED);
	assert_int_equal(folk_count(folk, "alice", "authenticators"), 1);
	assert_int_equal(folk_live(folk, "alice"), 1);
}

static void a_wrong_code_is_an_attempt(void **state)
{
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);
	uint64_t counted = 0;
	int64_t wait_ns;

	for (uint32_t i = 0; i < folk->throttle.attempts; i++)
		assert_int_equal(enroll_with(folk, &made, "1234567", NULL), PSG_ERR_WRONG_CODE);
	assert_int_equal(enroll(folk, &made), PSG_ERR_THROTTLED);
	assert_int_equal(count(folk), 0);
	assert_int_equal(psg_attempts_look(folk->store, "alice", PSG_NOT_APART, &folk->throttle,
					   &counted, &wait_ns),
			 PSG_OK);
	assert_int_equal(counted, folk->throttle.attempts);
	folk_pass(folk, wait_ns / FOLK_S + 1);
	assert_int_equal(enroll(folk, &made), PSG_OK);
}

/* Two with keys of their own and one assignment. */
static void two_at_once(void **state)
{
	struct folk *folk = *state;
	struct psg_credential first = fresh(folk, ASSIGNED_S, 1),
			      second = fresh(folk, ASSIGNED_S, 2);
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	assert_int_equal(enroll(folk, &first), PSG_OK);
	assert_int_equal(enroll(folk, &second), PSG_ERR_EXISTS);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_memory_equal(list.items[0].secret, first.secret, first.secret_len);
}

static struct psg_credential other;

static enum psg_err first_in_between(void *arg)
{
	return enroll(arg, &other);
}

/* All looks are past; the name alone decides. */
static void the_name_decides(void **state)
{
	struct folk *folk = *state;
	struct psg_credential late = fresh(folk, ASSIGNED_S, 1);
	char code[16];

	other = fresh(folk, ASSIGNED_S, 2);
	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &late, 0));
	assert_int_equal(enroll_with(folk, &late, code, first_in_between), PSG_ERR_EXISTS);
	assert_int_equal(count(folk), 1);
	assert_int_equal(folk_count(folk, "alice", "authenticators"), 1);
}

static enum psg_err enrolled_and_taken_away(void *arg)
{
	struct folk *folk = arg;
	enum psg_err err = enroll(folk, &other);

	if (err == PSG_OK)
		assert_int_equal(remove_all(folk), 1);
	return err;
}

/* It looked, slept, and woke after an administrator had taken an authenticator away. */
static void a_sleeper_enrols_nobody(void **state)
{
	static const int64_t others[] = {ASSIGNED_S, ASSIGNED_S + 100};
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	for (size_t i = 0; i < PSG_COUNT(others); i++) {
		int64_t assigned_s = ASSIGNED_S + 1000 * (int64_t)i;
		struct psg_credential late = fresh(folk, assigned_s, 1);
		char code[16];

		folk->now.realtime_ns = (assigned_s + 200) * FOLK_S;
		other = fresh(folk, assigned_s + others[i] - ASSIGNED_S, 2);
		(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &late, 0));
		(void)!enroll_with(folk, &late, code, enrolled_and_taken_away);
		assert_int_equal(count(folk), 0);
		assert_int_equal(folk_try(folk, "alice", code, &grant), PSG_ERR_NOT_ENROLLED);
	}
}

static void taken_away_is_for_an_administrator(void **state)
{
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);
	size_t removed = 0;

	folk->now.realtime_ns = (ASSIGNED_S + 50) * FOLK_S;
	assert_int_equal(enroll(folk, &made), PSG_OK);
	assert_int_equal(remove_all(folk), 1);
	assert_int_equal(psg_people_self_open(folk->store, "alice", ASSIGNED_S),
			 PSG_ERR_NOT_ENROLLED);
	assert_int_equal(enroll(folk, &made), PSG_ERR_NOT_ENROLLED);
	assert_int_equal(count(folk), 0);
	/* Nothing to take away closes nothing; assigned again opens. */
	folk->now.realtime_ns += 100 * FOLK_S;
	assert_int_equal(remove_all(folk), 0);
	made = fresh(folk, ASSIGNED_S + 50, 3);
	assert_int_equal(enroll(folk, &made), PSG_OK);
	/* One of two: the other goes on. */
	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", folk->phone.id, &removed),
			 PSG_OK);
	assert_int_equal(count(folk), 1);
	/* The last of an administrator's making counts too. */
	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", made.id, &removed), PSG_OK);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", folk->phone.id, &removed),
			 PSG_OK);
	assert_int_equal(psg_people_self_open(folk->store, "alice", ASSIGNED_S + 149),
			 PSG_ERR_NOT_ENROLLED);
	assert_int_equal(psg_people_self_open(folk->store, "alice", ASSIGNED_S + 150), PSG_OK);
	assert_int_equal(folk_count(folk, "alice", "authenticators"), 1);
}

static enum psg_err taken_away_and_put_again(void *arg)
{
	struct folk *folk = arg;

	assert_int_equal(remove_all(folk), 1);
	/* By a login that slept since its last look. */
	folk_enroll(folk, "alice", &other);
	return PSG_OK;
}

/* A claim that won its step looks whether its credential is void by now, and not only whether it is there. */
static void a_void_one_opens_nothing(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim;
	int64_t wait_ns;

	folk->now.realtime_ns = (ASSIGNED_S + 50) * FOLK_S;
	other = fresh(folk, ASSIGNED_S, 1);
	assert_int_equal(enroll(folk, &other), PSG_OK);
	claim = folk_claim(folk, "alice", folk_code(folk, &other, 0), &grant);
	claim.recheck = taken_away_and_put_again;
	claim.recheck_arg = folk;
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait_ns), PSG_ERR_STALE);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void not_beside_an_authenticator(void **state)
{
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);

	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(enroll(folk, &made), PSG_ERR_EXISTS);
	assert_int_equal(count(folk), 1);
	/* One that does not open is one. */
	assert_int_equal(remove_all(folk), 1);
	folk_plant(folk, "alice", "authenticators", folk->phone.id, "x", 1, 0, false);
	made = fresh(folk, folk->now.realtime_ns / FOLK_S, 1);
	assert_int_equal(enroll(folk, &made), PSG_ERR_EXISTS);
}

static enum psg_err a_minute_later(void *arg)
{
	folk_pass(arg, 61);
	return PSG_OK;
}

static enum psg_err no_longer(void *arg)
{
	(void)arg;
	return PSG_ERR_STALE;
}

static void looked_at_again(void **state)
{
	psg_recheck_fn *const changes[] = {a_minute_later, no_longer};
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);

	for (size_t i = 0; i < PSG_COUNT(changes); i++) {
		char code[16];

		(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &made, 0));
		assert_int_equal(enroll_with(folk, &made, code, changes[i]), PSG_ERR_STALE);
		assert_int_equal(count(folk), 0);
	}
}

/* No other name is one: neither a random id nor what somebody planted. */
static void other_names_void_nothing(void **state)
{
	static const char *const odd[] = {"until-", "until--1", "until-01", "until-9999999999999",
					  "until-1x"};
	struct folk *folk = *state;
	struct psg_credential made = fresh(folk, ASSIGNED_S, 1);

	folk_enroll(folk, "alice", &folk->phone);
	folk_plant(folk, "alice", "authenticators", "until-1800000000", "", 0, 0, false);
	assert_int_equal(count(folk), 1);
	assert_int_equal(psg_people_self_open(folk->store, "alice", INT64_C(1800000000)),
			 PSG_ERR_NOT_ENROLLED);
	for (size_t i = 0; i < PSG_COUNT(odd); i++) {
		struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

		folk_plant(folk, "alice", "authenticators", odd[i], "", 0, 0, false);
		assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
		assert_int_equal(list.unreadable, i + 1);
	}
	(void)snprintf(made.id, sizeof(made.id), "0123456789abcdef");
	assert_int_equal(enroll(folk, &made), PSG_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(enrolled_and_the_code_still_opens),
	    FOLK_BOTH(a_wrong_code_is_an_attempt),
	    FOLK_BOTH(two_at_once),
	    FOLK_BOTH(the_name_decides),
	    FOLK_BOTH(a_sleeper_enrols_nobody),
	    FOLK_BOTH(taken_away_is_for_an_administrator),
	    FOLK_BOTH(a_void_one_opens_nothing),
	    FOLK_BOTH(not_beside_an_authenticator),
	    FOLK_BOTH(looked_at_again),
	    FOLK_BOTH(other_names_void_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
