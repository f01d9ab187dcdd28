/* Recovery codes: kept as hashes, spent by a name, taken like any other code. On files and in memory. */
#include "folk.h"

#include <stdio.h>
#include <string.h>

#include "../../pam_psg/store/people.h"

static const char *const codes[] = {"7K2QXM9T4D", "ABCDEFGH23", "0000000000", "12345678"};

static void put(struct folk *folk, const char *subject)
{
	static unsigned int next;

	/* Another set each time. */
	folk_recovery(folk->store, subject, "0123456789abcdef"[next++ % 16], codes,
		      PSG_COUNT(codes));
}

static struct psg_recovery look(struct folk *folk, const char *subject)
{
	struct psg_recovery recovery;

	assert_int_equal(psg_recovery_look(folk->store, subject, &recovery), PSG_OK);
	return recovery;
}

static uint64_t attempts(struct folk *folk)
{
	uint64_t count;
	int64_t wait;

	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", PSG_NOT_APART, &folk->throttle, &count, &wait),
	    PSG_OK);
	return count;
}

static void recovery_opens_once(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim = folk_claim(folk, "alice", codes[1], &grant);
	struct psg_activation made, stored;
	char file[PSG_ACTIVATION_FILE_SIZE];
	int64_t wait;

	folk_enroll(folk, "alice", &folk->phone);
	put(folk, "alice");
	assert_int_equal(look(folk, "alice").left, 4);
	assert_int_equal(psg_people_claim(folk->store, &claim, &made, &wait), PSG_OK);
	(void)snprintf(file, sizeof(file), "recovery-%s-2", look(folk, "alice").id);
	assert_string_equal(made.file, file);
	assert_true(psg_recovery_opened(made.file));
	stored = folk_activation(folk, "alice", file);
	assert_memory_equal(&made, &stored, sizeof(made));
	assert_int_equal(folk_live(folk, "alice"), 1);
	assert_int_equal(look(folk, "alice").left, 3);
	assert_int_equal(attempts(folk), 0);
	assert_int_equal(folk_try(folk, "alice", codes[1], &grant), PSG_ERR_REPLAYED);
	assert_int_equal(attempts(folk), 1);
	/* The others, and the device, are not touched by it. */
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
}

static void recovery_costs_an_attempt(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk_enroll(folk, "alice", &folk->phone);
	/* Somebody who has none: it cannot be right. */
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_ERR_MALFORMED);
	assert_int_equal(attempts(folk), 0);
	assert_int_equal(folk_try(folk, "nobody", codes[0], &grant), PSG_ERR_NOT_ENROLLED);
	put(folk, "alice");
	for (uint32_t i = 0; i < folk->throttle.attempts; i++)
		assert_int_equal(folk_try(folk, "alice", "ZZZZZZZZZZ", &grant), PSG_ERR_WRONG_CODE);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_ERR_THROTTLED);
	assert_int_equal(look(folk, "alice").left, 4);
	folk_pass(folk, 30);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
}

/* Codes of eight digits from elsewhere: after the devices', which may have eight digits too. */
static void recovery_of_eight_digits(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk->phone.digits = 8;
	folk_enroll(folk, "alice", &folk->phone);
	put(folk, "alice");
	assert_int_equal(folk_try(folk, "alice", "87654321", &grant), PSG_ERR_WRONG_CODE);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
	assert_int_equal(look(folk, "alice").left, 4);
	assert_int_equal(folk_try(folk, "alice", codes[3], &grant), PSG_OK);
	assert_int_equal(folk_try(folk, "alice", codes[3], &grant), PSG_ERR_REPLAYED);
	/* A device's own answer stands: what was spent there is no recovery code. */
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_REPLAYED);
}

static void recovery_alone_is_enough(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	size_t digits = 9;

	assert_int_equal(psg_people_can_answer(folk->store, "alice", &digits),
			 PSG_ERR_NOT_ENROLLED);
	put(folk, "alice");
	assert_int_equal(psg_people_can_answer(folk->store, "alice", &digits), PSG_OK);
	assert_int_equal(digits, 0);
	assert_int_equal(folk_try(folk, "alice", "123456", &grant), PSG_ERR_WRONG_CODE);
	for (size_t i = 0; i < PSG_COUNT(codes); i++)
		assert_int_equal(folk_try(folk, "alice", codes[i], NULL), PSG_OK);
	assert_int_equal(look(folk, "alice").left, 0);
	assert_int_equal(psg_people_can_answer(folk->store, "alice", &digits),
			 PSG_ERR_NOT_ENROLLED);
	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(psg_people_can_answer(folk->store, "alice", &digits), PSG_OK);
	assert_int_equal(digits, 6);
}

/* A claim without a grant says by the file's name what it spent. */
static void recovery_spent_for_nothing_is_told(void **state)
{
	struct folk *folk = *state;
	struct psg_claim claim = folk_claim(folk, "alice", codes[0], NULL);
	struct psg_activation made = {.valid = true};
	int64_t wait;

	put(folk, "alice");
	assert_int_equal(psg_people_claim(folk->store, &claim, &made, &wait), PSG_OK);
	assert_false(made.valid);
	assert_true(psg_recovery_opened(made.file));
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void a_new_set_replaces(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_recovery first, second;
	bool removed = false;

	assert_int_equal(psg_recovery_put(folk->store, "alice", codes, 3), PSG_OK);
	first = look(folk, "alice");
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
	/* The same code in a new set is a new code: what was spent is of the old set. */
	assert_int_equal(psg_recovery_put(folk->store, "alice", codes, 2), PSG_OK);
	second = look(folk, "alice");
	assert_string_not_equal(first.id, second.id);
	assert_int_equal(second.left, 2);
	assert_int_equal(folk_try(folk, "alice", codes[2], &grant), PSG_ERR_WRONG_CODE);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
	assert_int_equal(psg_recovery_remove(folk->store, "alice", &removed), PSG_OK);
	assert_true(removed);
	assert_int_equal(folk_try(folk, "alice", codes[1], &grant), PSG_ERR_NOT_ENROLLED);
	assert_int_equal(look(folk, "alice").count, 0);
	assert_int_equal(psg_recovery_remove(folk->store, "alice", &removed), PSG_OK);
	assert_false(removed);
	assert_int_equal(psg_recovery_remove(folk->store, "nobody", &removed), PSG_OK);
}

static void recovery_put_wants_codes(void **state)
{
	static const char *const bad[] = {"7K2QX-M9T4D", "123456", "", "7K2QXM9T4DD"};
	const char *many[PSG_RECOVERY_MAX + 1];
	struct folk *folk = *state;

	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		assert_int_equal(psg_recovery_put(folk->store, "alice", &bad[i], 1),
				 PSG_ERR_INVALID);
	for (size_t i = 0; i < PSG_COUNT(many); i++)
		many[i] = codes[0];
	assert_int_equal(psg_recovery_put(folk->store, "alice", many, PSG_COUNT(many)),
			 PSG_ERR_INVALID);
	assert_int_equal(psg_recovery_put(folk->store, "alice", many, 0), PSG_ERR_INVALID);
	assert_int_equal(look(folk, "alice").count, 0);
}

/* -- what the world does meanwhile -- */

enum change { NOTHING, REPLACED, REMOVED, SLEPT, ENDED, REFUSED };

struct meanwhile {
	struct folk *folk;
	enum change change;
};

static enum psg_err meanwhile(void *arg)
{
	const struct meanwhile *it = arg;
	struct folk *folk = it->folk;
	char file[PSG_ACTIVATION_FILE_SIZE];
	bool removed;

	switch (it->change) {
	case REPLACED:
		put(folk, "alice");
		break;
	case REMOVED:
		assert_int_equal(psg_recovery_remove(folk->store, "alice", &removed), PSG_OK);
		break;
	case SLEPT:
		folk->now.boottime_ns += 61 * FOLK_S;
		break;
	case ENDED:
		(void)snprintf(file, sizeof(file), "recovery-%s-1", look(folk, "alice").id);
		assert_int_equal(
		    psg_activation_end(folk->store, "alice", file, PSG_END_UNENROLLED, NULL),
		    PSG_OK);
		break;
	case REFUSED:
		return PSG_ERR_STALE;
	case NOTHING:
		break;
	}
	return PSG_OK;
}

static void recovery_looks_again(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	for (int change = NOTHING; change <= REFUSED; change++) {
		struct meanwhile it = {folk, (enum change)change};
		struct psg_claim claim = folk_claim(folk, "alice", codes[0], &grant);
		size_t live = folk_live(folk, "alice");
		int64_t wait;

		put(folk, "alice");
		claim.recheck = meanwhile;
		claim.recheck_arg = &it;
		assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait),
				 change == NOTHING ? PSG_OK : PSG_ERR_STALE);
		assert_int_equal(folk_live(folk, "alice"), change == NOTHING ? 1 : live);
		/* Spent in vain is spent, in that set. */
		if (change == SLEPT || change == REFUSED || change == ENDED)
			assert_int_equal(look(folk, "alice").left, 3);
		assert_int_equal(psg_attempts_forgive_all(folk->store, "alice"), PSG_OK);
	}
}

static void recovery_spent_in_vain(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	char file[PSG_ACTIVATION_FILE_SIZE];

	put(folk, "alice");
	(void)snprintf(file, sizeof(file), "recovery-%s-1", look(folk, "alice").id);
	folk_plant(folk, "alice", "spent", file, "x", 1, folk->now.realtime_ns, true);
	assert_int_equal(look(folk, "alice").left, 3);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_ERR_REPLAYED);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void tidy_keeps_recovery_codes_spent(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	char file[PSG_ACTIVATION_FILE_SIZE], ended[PSG_ACTIVATION_FILE_SIZE + 16];
	bool removed;

	folk_enroll(folk, "alice", &folk->phone);
	put(folk, "alice");
	(void)snprintf(file, sizeof(file), "recovery-%s-1", look(folk, "alice").id);
	psg_spent_beside(file, PSG_SPENT_ENDED, ended);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	assert_int_equal(folk_live(folk, "alice"), 1);
	assert_int_equal(psg_recovery_remove(folk->store, "alice", &removed), PSG_OK);
	folk_pass(folk, 3 * 86400);
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	/* Over for days, of a set that is gone: its set may come back from a backup. It has an end, so that nobody
	 * reads it at every login. */
	assert_true(folk_has(folk, "alice", "spent", file));
	assert_true(folk_has(folk, "alice", "spent", ended));
	assert_int_equal(folk_live(folk, "alice"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(recovery_opens_once),
	    FOLK_MEMORY(recovery_costs_an_attempt),
	    FOLK_MEMORY(recovery_of_eight_digits),
	    FOLK_MEMORY(recovery_alone_is_enough),
	    FOLK_MEMORY(recovery_spent_for_nothing_is_told),
	    FOLK_FILES(a_new_set_replaces),
	    FOLK_MEMORY(recovery_put_wants_codes),
	    FOLK_BOTH(recovery_looks_again),
	    FOLK_FILES(recovery_spent_in_vain),
	    FOLK_BOTH(tidy_keeps_recovery_codes_spent),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
