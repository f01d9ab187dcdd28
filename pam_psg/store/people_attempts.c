/* Attempts: how often a code may be guessed. The K-th attempt is the name attempts/K (DESIGN section 5).
 *
 * MUST make the name before a code is looked at, and only when the attempt before is old enough
 *   (parallel_guesses in tests/store/race_test.c, every schedule in tests/store/interleave_test.c).
 * MUST look again after making it: a process that slept since its listing makes a name that was forgiven
 *   and removed meanwhile, and would have a guess for free (interleave_test.c, "woken guesser").
 * MUST time an attempt after its name is there, so that sleeping in between makes it younger, not older.
 * MUST NOT wait for anybody. */
#include <string.h>

#include "people.h"
/* Each turn means that another process got an attempt or forgave some, which the throttle bounds. */
#define TURNS 1024

/* -- forgiving -- */

/* The attempt becomes the marker in one step: no other file is made for it, none removed. Where it is gone, or
 * where nothing but a marker is to be named, the marker is made. */
static enum psg_err mark(const struct psg_person *attempts, uint64_t number)
{
	char name[PSG_NUMBER_SIZE], marker[PSG_NUMBER_SIZE];
	int file;
	enum psg_err err;

	psg_attempt_name(number, name);
	psg_attempt_marker_name(number, marker);
	err = attempts->folder->ops->rename(attempts->folder, name, marker, true);
	if (err != PSG_ERR_NOT_FOUND)
		return err;
	err = attempts->folder->ops->create(attempts->folder, marker, &file);
	if (err == PSG_OK)
		attempts->folder->ops->close(attempts->folder, file);
	return err == PSG_ERR_EXISTS ? PSG_OK : err;
}

/* The marker first, then the names it forgives. Names up to a marker count for nobody, whoever makes
 * them again; the highest marker is never removed, since a woken process must find it. */
static enum psg_err sweep(const struct psg_person *attempts, const struct psg_strings *names,
			  uint64_t forgiven)
{
	for (size_t i = 0; i < names->count; i++) {
		uint64_t number;
		bool marker;
		enum psg_err err;

		if (!psg_attempt_name_parse(names->items[i], &number, &marker) ||
		    (marker ? number >= forgiven : number > forgiven))
			continue;
		err = attempts->folder->ops->remove(attempts->folder, names->items[i]);
		if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
			return err;
	}
	return PSG_OK;
}

static enum psg_err forgive(const struct psg_person *attempts, uint64_t number)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_tally tally;
	enum psg_err err = psg_names_list(attempts->folder, &names);

	if (err != PSG_OK)
		return err;
	tally = psg_tally_of(&names);
	if (number > tally.highest)
		number = tally.highest;
	if (number <= tally.forgiven)
		return sweep(attempts, &names, tally.forgiven);
	err = mark(attempts, number);
	return err == PSG_OK ? sweep(attempts, &names, number) : err;
}

enum psg_err psg_attempts_forgive_of(const struct psg_person *whole, uid_t apart, uint64_t number)
{
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_attempts_open(whole, apart, false, &attempts);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	return err == PSG_OK ? forgive(&attempts, number) : err;
}

enum psg_err psg_attempts_forgive(struct psg_store *store, const char *subject, uid_t apart,
				  uint64_t number)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	return err == PSG_OK ? psg_attempts_forgive_of(&whole, apart, number) : err;
}

enum psg_err psg_attempts_tidy(const struct psg_person *attempts)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_throttle any = {.attempts = 1};
	struct psg_judgement judgement = {0};
	struct psg_tally tally;
	enum psg_err err = psg_names_list(attempts->folder, &names);

	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	tally = psg_tally_of(&names);
	err = psg_attempts_judge(attempts, &any, tally, &judgement);
	if (err == PSG_OK)
		err = judgement.outlived ? forgive(attempts, tally.highest)
					 : sweep(attempts, &names, tally.forgiven);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* -- taking one -- */

enum turn { TURN_TAKEN, TURN_AGAIN };

/* Makes attempt K and looks again: taken, unless somebody was first or it was forgiven before. */
static enum psg_err make(const struct psg_person *attempts, uint64_t number,
			 struct psg_now *ret_now, enum turn *ret)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char name[PSG_NUMBER_SIZE];
	struct psg_tally tally;
	int file;
	enum psg_err err;

	*ret = TURN_AGAIN;
	psg_attempt_name(number, name);
	err = attempts->folder->ops->create(attempts->folder, name, &file);
	if (err == PSG_ERR_EXISTS)
		return PSG_OK;
	if (err != PSG_OK)
		return err;
	err = psg_people_now(attempts->store, ret_now);
	if (err == PSG_OK)
		err = psg_stamp_encode(attempts, name, ret_now, &text);
	if (err == PSG_OK)
		err = attempts->folder->ops->write(attempts->folder, file, text.data, text.len);
	attempts->folder->ops->close(attempts->folder, file);
	if (err == PSG_OK)
		err = psg_tally_list(attempts, &tally);
	if (err != PSG_OK)
		return err;
	if (tally.forgiven < number) {
		*ret = TURN_TAKEN;
		return PSG_OK;
	}
	err = attempts->folder->ops->remove(attempts->folder, name);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err take_turn(const struct psg_person *attempts,
			      const struct psg_throttle *throttle, struct psg_attempt *attempt,
			      int64_t *ret_wait_ns, enum turn *ret)
{
	struct psg_judgement judgement;
	struct psg_tally tally;
	enum psg_err err = psg_tally_list(attempts, &tally);

	*ret = TURN_AGAIN;
	if (err == PSG_OK)
		err = psg_attempts_judge(attempts, throttle, tally, &judgement);
	if (err != PSG_OK)
		/* Removed since the listing: somebody forgave. */
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	if (judgement.outlived)
		return forgive(attempts, tally.highest);
	if (judgement.wait_ns > 0) {
		*ret_wait_ns = judgement.wait_ns;
		if (judgement.unknown)
			err = psg_stamp_anew(attempts, tally.highest);
		return err == PSG_OK ? PSG_ERR_THROTTLED : err;
	}
	attempt->number = tally.highest + 1;
	return make(attempts, attempt->number, &attempt->now, ret);
}

enum psg_err psg_attempt_take_of(const struct psg_person *whole, uid_t apart,
				 const struct psg_throttle *throttle, struct psg_attempt *ret,
				 int64_t *ret_wait_ns)
{
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {0};
	struct psg_attempt attempt = {.apart = apart};
	enum turn turn = TURN_AGAIN;
	int64_t wait = 0;
	enum psg_err err = psg_attempts_open(whole, apart, true, &attempts);

	for (int i = 0; i < TURNS && err == PSG_OK && turn == TURN_AGAIN; i++)
		err = take_turn(&attempts, throttle, &attempt, &wait, &turn);
	if (err == PSG_ERR_THROTTLED)
		*ret_wait_ns = wait;
	if (err != PSG_OK)
		return err;
	if (turn == TURN_AGAIN)
		return PSG_ERR_STALE;
	*ret = attempt;
	return PSG_OK;
}

enum psg_err psg_attempt_take(struct psg_store *store, const char *subject, uid_t apart,
			      const struct psg_throttle *throttle, struct psg_attempt *ret,
			      int64_t *ret_wait_ns)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_open(store, subject, NULL, true, &whole);

	return err == PSG_OK ? psg_attempt_take_of(&whole, apart, throttle, ret, ret_wait_ns) : err;
}

static enum psg_err forgive_part(void *arg, const char *name)
{
	const struct psg_person *person = arg;
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {.store = person->store};
	enum psg_err err;

	if (strncmp(name, "attempts", strlen("attempts")) != 0)
		return PSG_OK;
	err = person->folder->ops->open(person->folder, name, false, &attempts.folder);
	return err == PSG_OK ? forgive(&attempts, UINT64_MAX) : err;
}

enum psg_err psg_attempts_forgive_all(struct psg_store *store, const char *subject)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_open(store, subject, NULL, false, &person);

	if (err == PSG_OK)
		err = person.folder->ops->list(person.folder, forgive_part, &person);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}
