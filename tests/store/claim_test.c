/* Codes spent: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define YEARS_10_NS (INT64_C(3653) * 86400 * FOLK_S)

static void not_enrolled_leaves_nothing(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_folder *people = NULL;

	assert_int_equal(folk_try(folk, "alice", "123456", &grant), PSG_ERR_NOT_ENROLLED);
	assert_int_equal(folk->store->root->ops->open(folk->store->root, "people", false, &people),
			 PSG_ERR_NOT_FOUND);
}

static void claim_opens_once(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_activation a, stored;
	char code[16];

	folk_enroll(folk, "alice", &folk->phone);
	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
	a = folk_activate(folk, "alice", "Closers");
	assert_true(psg_activation_live(&a, &folk->now));
	assert_int_equal(a.expires_boottime_ns - a.created_boottime_ns, 3600 * FOLK_S);
	assert_int_equal(a.expires_realtime_ns - a.created_realtime_ns, 3600 * FOLK_S);
	stored = folk_activation(folk, "alice", a.file);
	assert_memory_equal(&a, &stored, sizeof(a));
	assert_int_equal(folk_try(folk, "alice", code, &grant), PSG_ERR_REPLAYED);
	assert_int_equal(folk_live(folk, "alice"), 1);
	/* Success forgave its attempt; the replay took one. */
	assert_int_equal(folk_count(folk, "alice", "attempts"), 2);
	folk_pass(folk, 3600);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void window_edges(void **state)
{
	static const struct {
		int offset;
		enum psg_err err;
	} rows[] = {{-2, PSG_ERR_WRONG_CODE},
		    {2, PSG_ERR_WRONG_CODE},
		    {-1, PSG_OK},
		    {-1, PSG_ERR_REPLAYED},
		    {1, PSG_OK},
		    {0, PSG_ERR_REPLAYED}}; /* the older code after the newer */
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk_enroll(folk, "alice", &folk->phone);
	for (size_t i = 0; i < PSG_COUNT(rows); i++)
		assert_int_equal(
		    folk_try(folk, "alice", folk_code(folk, &folk->phone, rows[i].offset), &grant),
		    rows[i].err);
}

static void two_devices(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk_enroll(folk, "alice", &folk->phone);
	folk_enroll(folk, "alice", &folk->tablet);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->tablet, 1), &grant),
			 PSG_OK);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->tablet, 0), &grant),
			 PSG_ERR_REPLAYED);
}

static void one_secret_under_two_ids(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_credential twin = folk->phone;

	memcpy(twin.id, folk->tablet.id, sizeof(twin.id));
	folk_enroll(folk, "alice", &folk->phone);
	folk_enroll(folk, "alice", &twin);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_REPLAYED);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 1), &grant), PSG_OK);
}

static void spending_alone_opens_nothing(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), NULL), PSG_OK);
	assert_int_equal(folk_live(folk, "alice"), 0);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_REPLAYED);
}

/* As import does: the step is spent before its authenticator is there. */
static void spent_elsewhere_is_spent(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	uint64_t step = psg_totp_step(&folk->phone, folk->now.realtime_ns / FOLK_S);

	for (int again = 0; again < 2; again++)
		assert_int_equal(psg_people_spend(folk->store, "alice", folk->phone.id, step),
				 PSG_OK);
	assert_int_equal(psg_people_spend(folk->store, "alice", "../x", step), PSG_ERR_INVALID);
	folk_enroll(folk, "alice", &folk->phone);
	for (int offset = -1; offset <= 0; offset++)
		assert_int_equal(
		    folk_try(folk, "alice", folk_code(folk, &folk->phone, offset), &grant),
		    PSG_ERR_REPLAYED);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 1), &grant), PSG_OK);
	assert_int_equal(folk_live(folk, "alice"), 1);
}

static void a_clock_once_wrong_says_so(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");

	folk_enroll(folk, "alice", &folk->phone);
	folk->now.realtime_ns += YEARS_10_NS;
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
	folk->now.realtime_ns -= YEARS_10_NS;
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_STEP_FUTURE);
	folk_enroll(folk, "alice", &folk->tablet);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->tablet, 0), &grant),
			 PSG_OK);
}

static enum psg_err stale(void *arg)
{
	++*(int *)arg;
	return PSG_ERR_STALE;
}

struct asleep {
	struct folk *folk;
	int64_t boottime_s, realtime_s;
	const char *unenrols, *ends;
	const struct psg_credential *replaces;
};

/* What happens while the claim sleeps after it won its name. */
static enum psg_err sleeps(void *arg)
{
	const struct asleep *asleep = arg;
	struct folk *folk = asleep->folk;
	size_t removed;

	folk->now.boottime_ns += asleep->boottime_s * FOLK_S;
	folk->now.realtime_ns += asleep->realtime_s * FOLK_S;
	if (asleep->ends != NULL)
		assert_int_equal(psg_activation_end(folk->store, "alice", asleep->ends,
						    PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
	if (asleep->unenrols != NULL)
		assert_int_equal(
		    psg_people_unenroll(folk->store, "alice", asleep->unenrols, &removed), PSG_OK);
	if (asleep->replaces != NULL)
		folk_enroll(folk, "alice", asleep->replaces);
	return PSG_OK;
}

static size_t records(struct folk *folk, const char *subject)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	size_t valid = 0;

	assert_int_equal(psg_people_activations(folk->store, subject, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		valid += list.items[i].valid;
	return valid;
}

static void claim_looks_again(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim;
	/* The second as 61 s are with a wall clock that was set back: the code is in its window still. */
	struct asleep rows[] = {{.folk = folk, .boottime_s = 61, .realtime_s = 61},
				{.folk = folk, .boottime_s = 61},
				{.folk = folk, .realtime_s = 61},
				{.folk = folk, .realtime_s = -61},
				{.folk = folk, .boottime_s = -5},
				{.folk = folk, .boottime_s = 60, .realtime_s = 40}};
	int called = 0;
	int64_t wait;

	folk_enroll(folk, "alice", &folk->phone);
	claim = folk_claim(folk, "alice", folk_code(folk, &folk->phone, 0), &grant);
	claim.recheck = stale;
	claim.recheck_arg = &called;
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait), PSG_ERR_STALE);
	assert_int_equal(called, 1);
	claim.recheck = sleeps;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		bool last = i + 1 == PSG_COUNT(rows);

		folk_pass(folk, 3600);
		claim.code = folk_code(folk, &folk->phone, 0);
		claim.recheck_arg = &rows[i];
		assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait),
				 last ? PSG_OK : PSG_ERR_STALE);
		assert_int_equal(folk_live(folk, "alice"), last ? 1 : 0);
		/* What speaks against it is seen before anything is written, not taken back after. */
		assert_int_equal(records(folk, "alice"), last ? 1 : 0);
	}
}

static void claim_wakes_to_an_end(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim;
	struct asleep asleep = {.folk = folk};
	struct psg_credential other;
	char file[64];
	int64_t wait;

	folk_enroll(folk, "alice", &folk->phone);
	claim = folk_claim(folk, "alice", folk_code(folk, &folk->phone, 0), &grant);
	(void)snprintf(file, sizeof(file), "%s-%" PRIu64, folk->phone.id,
		       psg_totp_step(&folk->phone, folk->now.realtime_ns / FOLK_S));
	claim.recheck = sleeps;
	claim.recheck_arg = &asleep;
	asleep.ends = file;
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait), PSG_ERR_STALE);
	assert_int_equal(folk_live(folk, "alice"), 0);
	assert_int_equal(folk_activation(folk, "alice", file).end_reason, PSG_END_DEACTIVATED);
	/* The credential goes while it sleeps. */
	folk_pass(folk, 60);
	asleep.ends = NULL;
	asleep.unenrols = folk->phone.id;
	claim.code = folk_code(folk, &folk->phone, 0);
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait), PSG_ERR_STALE);
	assert_int_equal(folk_live(folk, "alice"), 0);
	/* Or another secret takes its place under its id. */
	folk_enroll(folk, "alice", &folk->phone);
	folk_pass(folk, 60);
	other = folk->phone;
	other.secret[0] ^= 1;
	asleep.unenrols = NULL;
	asleep.replaces = &other;
	claim.code = folk_code(folk, &folk->phone, 0);
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait), PSG_ERR_STALE);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void renewal_keeps_the_maximum(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_activation first, second, third;
	struct psg_claim claim;
	int64_t wait;

	folk_enroll(folk, "alice", &folk->phone);
	first = folk_activate(folk, "alice", "Closers");
	folk_pass(folk, 3000);
	grant.renews = &first;
	claim = folk_claim(folk, "alice", folk_code(folk, &folk->phone, 0), &grant);
	assert_int_equal(psg_people_claim(folk->store, &claim, &second, &wait), PSG_OK);
	assert_int_equal(second.first_boottime_ns, first.created_boottime_ns);
	assert_int_equal(second.first_realtime_ns, first.created_realtime_ns);
	assert_int_equal(second.expires_boottime_ns - second.created_boottime_ns, 3600 * FOLK_S);
	assert_int_equal(folk_activation(folk, "alice", first.file).end_reason, PSG_END_SUPERSEDED);
	assert_int_equal(folk_live(folk, "alice"), 1);
	folk_pass(folk, 3000);
	grant.renews = &second;
	claim.code = folk_code(folk, &folk->phone, 0);
	assert_int_equal(psg_people_claim(folk->store, &claim, &third, &wait), PSG_OK);
	assert_int_equal(third.expires_boottime_ns - first.created_boottime_ns, 7200 * FOLK_S);
	assert_int_equal(third.expires_realtime_ns - first.created_realtime_ns, 7200 * FOLK_S);
	/* Nothing of an ended one is continued. */
	folk_pass(folk, 60);
	assert_int_equal(
	    psg_activation_end(folk->store, "alice", third.file, PSG_END_DEACTIVATED, NULL),
	    PSG_OK);
	grant.renews = &third;
	claim.code = folk_code(folk, &folk->phone, 0);
	assert_int_equal(psg_people_claim(folk->store, &claim, NULL, &wait), PSG_ERR_STALE);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void renewal_past_the_maximum_opens_nothing(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_activation first;

	folk_enroll(folk, "alice", &folk->phone);
	first = folk_activate(folk, "alice", "Closers");
	folk_pass(folk, 7200);
	grant.renews = &first;
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_STALE);
	folk_pass(folk, 60);
	memcpy(first.boot_id, FOLK_BOOT_B, sizeof(first.boot_id));
	first.first_boottime_ns = folk->now.boottime_ns;
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant),
			 PSG_ERR_STALE);
}

static void wall_clock_and_reboot_end_all(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	(void)folk_activate(folk, "alice", "Closers");
	folk->now.realtime_ns += YEARS_10_NS;
	assert_int_equal(folk_live(folk, "alice"), 0);
	folk->now.realtime_ns -= 2 * YEARS_10_NS;
	assert_int_equal(folk_live(folk, "alice"), 1);
	folk->now.boottime_ns += 3600 * FOLK_S;
	assert_int_equal(folk_live(folk, "alice"), 0);
	folk->now.boottime_ns -= 3600 * FOLK_S;
	assert_int_equal(folk_live(folk, "alice"), 1);
	folk_reboot(folk, 0);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

static void long_reasons_fit(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	char reason[2 * PSG_DESCRIPTION_SIZE], service[200];
	struct psg_claim claim;
	struct psg_activation a;
	int64_t wait;

	memset(reason, '\001', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	memset(service, '%', sizeof(service));
	service[sizeof(service) - 1] = '\0';
	grant.description = reason;
	grant.service = service;
	folk_enroll(folk, "alice", &folk->phone);
	claim = folk_claim(folk, "alice", folk_code(folk, &folk->phone, 0), &grant);
	assert_int_equal(psg_people_claim(folk->store, &claim, &a, &wait), PSG_OK);
	assert_int_equal(strlen(a.description), PSG_DESCRIPTION_SIZE - 1);
	assert_string_equal(folk_activation(folk, "alice", a.file).description, a.description);
	/* Cut at a character. */
	folk_pass(folk, 60);
	for (size_t i = 0; i + 2 < sizeof(reason); i += 2)
		memcpy(reason + i, "\xc3\xbc", 2);
	reason[0] = 'x';
	reason[1] = 'x';
	memmove(reason + 1, reason + 2, sizeof(reason) - 2);
	claim.code = folk_code(folk, &folk->phone, 0);
	assert_int_equal(psg_people_claim(folk->store, &claim, &a, &wait), PSG_OK);
	assert_int_equal(strlen(a.description), PSG_DESCRIPTION_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(not_enrolled_leaves_nothing),
	    FOLK_BOTH(claim_opens_once),
	    FOLK_BOTH(window_edges),
	    FOLK_BOTH(two_devices),
	    FOLK_BOTH(one_secret_under_two_ids),
	    FOLK_BOTH(spending_alone_opens_nothing),
	    FOLK_BOTH(spent_elsewhere_is_spent),
	    FOLK_BOTH(a_clock_once_wrong_says_so),
	    FOLK_BOTH(claim_looks_again),
	    FOLK_BOTH(claim_wakes_to_an_end),
	    FOLK_BOTH(renewal_keeps_the_maximum),
	    FOLK_BOTH(renewal_past_the_maximum_opens_nothing),
	    FOLK_BOTH(wall_clock_and_reboot_end_all),
	    FOLK_BOTH(long_reasons_fit),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
