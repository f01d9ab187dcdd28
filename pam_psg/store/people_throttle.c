/* The throttle: how many attempts count, how old the last one is, how long until the next.
 *
 * MUST take what it cannot know for new: an odd file or a time in the future delays, it never hastens
 *   (throttle_bad_files in tests/store/attempts_test.c).
 * MUST seal what an attempt says: one flipped bit of its boot id would make it as old as this boot
 *   (every_bit in tests/pam/damage_test.c).
 * MUST NOT let the wall clock or a reboot shorten a delay (throttle_wall_clock, throttle_reboot). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"
#include "psg/record.h"

/* Numbers beyond this were planted: nothing counts that far. */
#define NUMBER_MAX UINT64_C(1000000000000000000)
#define FORGIVEN ".forgiven"

void psg_attempt_name(uint64_t number, char out[static PSG_NUMBER_SIZE])
{
	(void)snprintf(out, PSG_NUMBER_SIZE, "%" PRIu64, number);
}

void psg_attempt_marker_name(uint64_t number, char out[static PSG_NUMBER_SIZE])
{
	(void)snprintf(out, PSG_NUMBER_SIZE, "%" PRIu64 FORGIVEN, number);
}

bool psg_attempt_name_parse(const char *name, uint64_t *ret_number, bool *ret_marker)
{
	char digits[PSG_NUMBER_SIZE];
	const char *dot = strchr(name, '.');
	size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);

	if (len >= sizeof(digits) || (dot != NULL && strcmp(dot, FORGIVEN) != 0))
		return false;
	memcpy(digits, name, len);
	digits[len] = '\0';
	*ret_marker = dot != NULL;
	return psg_u64_parse(digits, ret_number) == PSG_OK && *ret_number > 0 &&
	       *ret_number < NUMBER_MAX;
}

struct psg_tally psg_tally_of(const struct psg_strings *names)
{
	struct psg_tally tally = {0, 0};

	for (size_t i = 0; i < names->count; i++) {
		uint64_t number;
		bool marker;

		if (!psg_attempt_name_parse(names->items[i], &number, &marker))
			continue;
		if (number > tally.highest)
			tally.highest = number;
		if (marker && number > tally.forgiven)
			tally.forgiven = number;
	}
	return tally;
}

enum psg_err psg_tally_list(const struct psg_person *attempts, struct psg_tally *ret)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_names_list(attempts->folder, &names);

	if (err == PSG_OK)
		*ret = psg_tally_of(&names);
	return err;
}

enum psg_err psg_attempts_open(const struct psg_person *whole, uid_t apart, bool make,
			       struct psg_person *ret)
{
	char part[PSG_NUMBER_SIZE];

	if (apart == PSG_NOT_APART)
		(void)snprintf(part, sizeof(part), "attempts");
	else
		(void)snprintf(part, sizeof(part), "attempts-%u", (unsigned int)apart);
	return psg_person_part(whole, part, make, ret);
}

/* -- how old an attempt is -- */

enum psg_err psg_stamp_encode(const struct psg_person *attempts, const char *name,
			      const struct psg_now *now, struct psg_buf *out)
{
	psg_record_begin(out, "attempt");
	psg_record_put_text(out, "boot", now->boot_id);
	psg_record_put_u64(out, "boottime", (uint64_t)now->boottime_ns);
	return psg_seal_append(attempts->store, attempts->context, name, out);
}

/* False: one this boot cannot have written yet. */
static bool stamp_age(const char *text, const struct psg_now *now, int64_t *ret_age_ns)
{
	struct psg_record record;
	char boot[PSG_BOOT_ID_SIZE];
	int64_t made;

	psg_record_open(&record, text, "attempt");
	psg_record_get_text(&record, "boot", boot, sizeof(boot));
	made = (int64_t)psg_record_get_u64(&record, "boottime", INT64_MAX);
	if (psg_record_end(&record) != PSG_OK || !psg_boot_same(boot, boot))
		return false;
	if (!psg_boot_same(boot, now->boot_id)) {
		*ret_age_ns = now->boottime_ns;
		return true;
	}
	*ret_age_ns = now->boottime_ns - made;
	return made <= now->boottime_ns;
}

/* A lower bound. *ret_known false: nothing tells (a time in the future, an odd file): as new as now.
 * Errors: NOT_FOUND, store's. */
static enum psg_err attempt_age(const struct psg_person *attempts, uint64_t number,
				int64_t *ret_age_ns, bool *ret_known)
{
	char text[PSG_FILE_MAX + 1], name[PSG_NUMBER_SIZE];
	struct psg_file_info info = {0};
	struct psg_now now;
	enum psg_err err, read;

	psg_attempt_name(number, name);
	read =
	    psg_seal_read(attempts->store, attempts->folder, attempts->context, name, text, &info);
	/* Whoever only looks may have no key. */
	if (read != PSG_OK && read != PSG_ERR_CORRUPT && read != PSG_ERR_KEY)
		return read;
	/* After the read: what was written before it is not in the future. */
	err = psg_people_now(attempts->store, &now);
	if (err != PSG_OK)
		return err;
	*ret_known = true;
	*ret_age_ns = 0;
	if (read == PSG_OK && stamp_age(text, &now, ret_age_ns))
		return PSG_OK;
	*ret_known = info.mtime_realtime_ns > 0 && info.mtime_realtime_ns <= now.realtime_ns;
	*ret_age_ns = *ret_known ? psg_age_by_mtime(&now, info.mtime_realtime_ns) : 0;
	return PSG_OK;
}

enum psg_err psg_stamp_anew(const struct psg_person *attempts, uint64_t number)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char name[PSG_NUMBER_SIZE];
	struct psg_now now;
	enum psg_err err = psg_people_now(attempts->store, &now);

	if (err != PSG_OK)
		return err;
	psg_attempt_name(number, name);
	err = psg_stamp_encode(attempts, name, &now, &text);
	if (err != PSG_OK)
		return err;
	return attempts->folder->ops->replace(attempts->folder, name, text.data, text.len);
}

static int64_t delay_ns(const struct psg_throttle *throttle, uint64_t count)
{
	int64_t delay = throttle->delay_s;

	if (count < throttle->attempts || count == 0)
		return 0;
	for (uint64_t i = throttle->attempts; i < count && delay < throttle->maximum_delay_s; i++)
		delay = delay > INT64_MAX / 2 ? INT64_MAX : delay * 2;
	if (delay > throttle->maximum_delay_s)
		delay = throttle->maximum_delay_s;
	return delay > INT64_MAX / PSG_NS_PER_S ? INT64_MAX : delay * PSG_NS_PER_S;
}

enum psg_err psg_attempts_judge(const struct psg_person *attempts,
				const struct psg_throttle *throttle, struct psg_tally tally,
				struct psg_judgement *ret)
{
	struct psg_judgement judgement = {.count = tally.highest - tally.forgiven};
	int64_t age = 0, delay;
	bool known;
	enum psg_err err;

	if (judgement.count > 0) {
		err = attempt_age(attempts, tally.highest, &age, &known);
		if (err != PSG_OK)
			return err;
		judgement.unknown = !known;
		judgement.outlived = age >= PSG_ATTEMPT_LIFE_NS;
		delay = delay_ns(throttle, judgement.count);
		judgement.wait_ns = age < delay ? delay - age : 0;
	}
	if (judgement.outlived)
		judgement = (struct psg_judgement){.outlived = true};
	*ret = judgement;
	return PSG_OK;
}

enum psg_err psg_attempts_look(struct psg_store *store, const char *subject, uid_t apart,
			       const struct psg_throttle *throttle, uint64_t *ret_count,
			       int64_t *ret_wait_ns)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {0};
	struct psg_judgement judgement = {0};
	struct psg_tally tally;
	enum psg_err err = psg_person_open(store, subject, NULL, false, &whole);

	if (err == PSG_OK)
		err = psg_attempts_open(&whole, apart, false, &attempts);

	if (err == PSG_OK)
		err = psg_tally_list(&attempts, &tally);
	if (err == PSG_OK)
		err = psg_attempts_judge(&attempts, throttle, tally, &judgement);
	/* No folder, or its highest attempt was forgiven just now. */
	if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
		return err;
	*ret_count = judgement.count;
	*ret_wait_ns = judgement.wait_ns;
	return PSG_OK;
}
