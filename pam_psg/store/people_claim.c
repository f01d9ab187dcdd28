/* A code spent, and the activation it opens: DESIGN section 5, rules 1 and 2 whole.
 *
 * MUST take an attempt before a code is looked at (race_test.c, parallel_guesses).
 * MUST spend a step by making its name, and only then believe it: one code opens one activation however
 *   many processes try (race_test.c, one_code_one_door; interleave_test.c).
 * MUST look again once the name is won: time, window, highest step, credential, policy. A process may have
 *   slept anywhere before (interleave_test.c with its clock steps).
 * MUST take a recovery code for a code like any other: the same attempt, name, look and record
 *   (recovery_opens_once, recovery_looks_again in recovery_test.c).
 * MUST NOT write an activation that anything in that look speaks against; MUST NOT report success before
 *   it is durable and looked at once more (psg_grant_write). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"

/* What the person could answer with, as it was before the attempt. */
struct held {
	struct psg_credentials credentials;
	struct psg_recovery_set recovery; /* count 0: none, or not asked for */
};

static void held_clear(struct held *held)
{
	psg_credentials_clear(&held->credentials);
}

/* What matched, until the claim is through. */
struct match {
	struct psg_credential credential;
	uint64_t step;
	const struct psg_recovery_set
	    *recovery; /* the set of the recovery code that it was, or NULL */
	char file[PSG_ACTIVATION_FILE_SIZE];
};

static void match_clear(struct match *match)
{
	psg_credential_clear(&match->credential);
}

/* Which answer says most when several credentials say no. */
static enum psg_err telling(enum psg_err a, enum psg_err b)
{
	static const enum psg_err order[] = {PSG_ERR_STEP_FUTURE, PSG_ERR_REPLAYED};

	for (size_t i = 0; i < PSG_COUNT(order); i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return a;
}

/* Every credential is tried whatever matches: which device it was takes no less time than none. */
static enum psg_err match_code(const struct psg_credentials *credentials,
			       const struct psg_strings *names, const struct psg_claim *claim,
			       int64_t realtime_ns, struct match *ret)
{
	enum psg_err answer = PSG_ERR_WRONG_CODE;
	bool spent_before = false;

	for (size_t i = 0; i < credentials->count; i++) {
		const struct psg_credential *credential = &credentials->items[i];
		uint64_t highest = 0, step = 0;
		bool has = psg_spent_highest(names, PSG_SPENT_CODE, credential->id, &highest);
		enum psg_err err =
		    psg_totp_match(credential, realtime_ns / PSG_NS_PER_S, claim->window_steps, has,
				   highest, claim->code, &step);

		if (err != PSG_OK && err != PSG_ERR_WRONG_CODE && err != PSG_ERR_REPLAYED &&
		    err != PSG_ERR_STEP_FUTURE)
			return err;
		if (err == PSG_OK && answer != PSG_OK) {
			ret->credential = *credential;
			ret->step = step;
			answer = PSG_OK;
		} else if (answer != PSG_OK) {
			answer = telling(answer, err);
		}
		spent_before |= err == PSG_ERR_REPLAYED;
	}
	/* Two credentials may hold one secret: what was spent on either is spent. */
	if (answer == PSG_OK && spent_before)
		answer = PSG_ERR_REPLAYED;
	if (answer == PSG_OK)
		(void)snprintf(ret->file, sizeof(ret->file), "%s-%" PRIu64, ret->credential.id,
			       ret->step);
	return answer;
}

/* A code of eight digits may be of a device or carried over from elsewhere: what a device says of it counts. */
static enum psg_err match_any(const struct held *held, const struct psg_strings *names,
			      const struct psg_claim *claim, int64_t realtime_ns, struct match *ret)
{
	enum psg_err err = match_code(&held->credentials, names, claim, realtime_ns, ret);

	if (err != PSG_ERR_WRONG_CODE || held->recovery.count == 0)
		return err;
	ret->recovery = &held->recovery;
	return psg_recovery_match(&held->recovery, names, claim->code, ret->file);
}

static bool in_window(const struct match *match, uint32_t window_steps, int64_t realtime_ns)
{
	uint64_t step = psg_totp_step(&match->credential, realtime_ns / PSG_NS_PER_S);

	return match->step <= step ? step - match->step <= window_steps
				   : match->step - step <= window_steps;
}

/* By its path from the top: a folder that was put aside meanwhile is no longer this person's. */
static enum psg_err credential_still(struct psg_store *store, const char *subject,
				     const struct psg_credential *then)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct psg_credential now PSG_CLEANUP(psg_credential_clear) = {.secret_len = 0};
	enum psg_err err = psg_person_open(store, subject, "authenticators", false, &person);
	uint8_t a[PSG_SECRET_MAX] = {0}, b[PSG_SECRET_MAX] = {0};
	bool same;

	if (err == PSG_OK)
		err = psg_self_still(&person, then->id);
	if (err == PSG_OK)
		err = psg_credential_read(&person, then->id, &now);
	if (err == PSG_ERR_NOT_FOUND || err == PSG_ERR_CORRUPT)
		return PSG_ERR_STALE;
	if (err != PSG_OK)
		return err;
	memcpy(a, then->secret, then->secret_len);
	memcpy(b, now.secret, now.secret_len);
	same = then->secret_len == now.secret_len;
	for (size_t i = 0; i < sizeof(a); i += PSG_MAC_SIZE)
		same = psg_mac_equal(a + i, b + i) && same;
	psg_wipe(a, sizeof(a));
	psg_wipe(b, sizeof(b));
	return same ? PSG_OK : PSG_ERR_STALE;
}

/* The name is ours; is it still worth anything? The clock comes last: all before it may have slept. */
static enum psg_err look_again(const struct psg_person *spent, const struct psg_claim *claim,
			       const struct psg_attempt *attempt, const struct match *match)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_now now;
	uint64_t highest = 0;
	bool device = match->recovery == NULL;
	enum psg_err err = device ? psg_names_list(spent->folder, &names) : PSG_OK;

	if (err == PSG_OK && device &&
	    (!psg_spent_highest(&names, PSG_SPENT_CODE, match->credential.id, &highest) ||
	     highest != match->step))
		err = PSG_ERR_REPLAYED;
	if (err == PSG_OK && claim->recheck != NULL)
		err = claim->recheck(claim->recheck_arg);
	if (err == PSG_OK)
		err = device ? credential_still(spent->store, claim->subject, &match->credential)
			     : psg_recovery_still(spent->store, claim->subject, match->recovery);
	if (err == PSG_OK && claim->grant != NULL)
		err = psg_grant_still(spent, claim->grant);
	if (err == PSG_OK)
		err = psg_still_soon(spent->store, &attempt->now, &now);
	if (err == PSG_OK && device && !in_window(match, claim->window_steps, now.realtime_ns))
		err = PSG_ERR_STALE;
	return err;
}

/* The step is spent and opens nothing: an empty file, durably. */
static enum psg_err spend_only(const struct psg_person *spent, int file)
{
	struct psg_buf nothing = {.data = NULL};

	return psg_record_store(spent->folder, file, &nothing);
}

static enum psg_err spend(const struct psg_person *spent, const struct psg_claim *claim,
			  const struct psg_attempt *attempt, const struct match *match,
			  struct psg_activation *ret)
{
	int file;
	enum psg_err err = spent->folder->ops->create(spent->folder, match->file, &file);

	if (err != PSG_OK)
		return err == PSG_ERR_EXISTS ? PSG_ERR_REPLAYED : err;
	err = look_again(spent, claim, attempt, match);
	if (err == PSG_OK && claim->grant != NULL)
		err = psg_grant_fill(claim->grant, match->file, &attempt->now, ret);
	if (err != PSG_OK) {
		spent->folder->ops->close(spent->folder, file);
		return err;
	}
	return claim->grant != NULL ? psg_grant_write(spent, claim->grant, file, ret)
				    : spend_only(spent, file);
}

static enum psg_err claim_with(const struct psg_person *whole, const struct psg_claim *claim,
			       const struct held *held, const struct psg_attempt *attempt,
			       struct psg_activation *ret)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct match match PSG_CLEANUP(match_clear) = {.step = 0};
	struct psg_activation activation = {.valid = false};
	enum psg_err err = psg_person_part(whole, "spent", true, &spent);

	if (err == PSG_OK)
		err = psg_names_list(spent.folder, &names);
	if (err == PSG_OK)
		err = match_any(held, &names, claim, attempt->now.realtime_ns, &match);
	memcpy(activation.file, match.file, sizeof(activation.file));
	if (err == PSG_OK)
		err = spend(&spent, claim, attempt, &match, &activation);
	if (err != PSG_OK)
		return err;
	/* The door is open and durable: what follows is tidying up, and may fail. */
	if (claim->grant != NULL)
		psg_spent_supersede(&spent, &activation);
	if (ret != NULL)
		*ret = activation;
	return PSG_OK;
}

/* Recovery codes are read only for an answer that may be one, or to tell whether there is anything to answer with.
 * Errors: NOT_ENROLLED, MALFORMED for a recovery code of somebody who has none: it cannot be right. */
static enum psg_err held_read(const struct psg_person *whole, const char *code, struct held *held)
{
	enum psg_err err = psg_credentials_read(whole, &held->credentials);

	if (err == PSG_OK && (psg_recovery_may_be(code) || held->credentials.count == 0))
		err = psg_recovery_read(whole, &held->recovery);
	/* Damaged ones are no reason to refuse a device's code. */
	if (err == PSG_ERR_NOT_FOUND ||
	    (err == PSG_ERR_CORRUPT && !psg_recovery_form(code) && held->credentials.count > 0))
		err = PSG_OK;
	if (err != PSG_OK)
		return err;
	if (held->credentials.count == 0 && held->recovery.count == 0)
		return held->credentials.unreadable > 0 ? PSG_ERR_CORRUPT : PSG_ERR_NOT_ENROLLED;
	return psg_recovery_form(code) && held->recovery.count == 0 ? PSG_ERR_MALFORMED : PSG_OK;
}

enum psg_err psg_people_claim(struct psg_store *store, const struct psg_claim *claim,
			      struct psg_activation *ret, int64_t *ret_wait_ns)
{
	struct held held PSG_CLEANUP(held_clear) = {.recovery.count = 0};
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_attempt attempt;
	enum psg_err err = psg_person_open(store, claim->subject, NULL, false, &whole);

	if (err == PSG_OK)
		err = held_read(&whole, claim->code, &held);
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_ERR_NOT_ENROLLED : err;
	err = psg_attempt_take_of(&whole, claim->apart, claim->throttle, &attempt, ret_wait_ns);
	if (err != PSG_OK)
		return err;
	err = claim_with(&whole, claim, &held, &attempt, ret);
	if (err != PSG_OK)
		return err;
	/* The door is open already: attempts that stay delay the next one, and that is all. */
	psg_best_effort(psg_attempts_forgive_of(&whole, claim->apart, attempt.number));
	return PSG_OK;
}
