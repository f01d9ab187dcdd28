/* A person carried into a backup and put back: what is spent stays spent, what is over stays over. */
#include "carried.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "faulty.h"
#include "psg/backup.h"
#include "psg/bytes.h"

#define WINDOW 1

static struct psg_put_back_result put_back(struct folk *folk, const char *text, bool attempts)
{
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_put_back_result result;

	carried_take(folk, text, &carried);
	const struct psg_put_back how = {&carried, WINDOW, attempts};

	assert_int_equal(psg_people_put_back(folk->store, &how, &result), PSG_OK);
	return result;
}

static enum psg_err note(void *arg, const char *name)
{
	return psg_strings_add(arg, name);
}

/* The disk, and with it all that the host knew of the person. */
static void lose(struct folk *folk, const char *subject)
{
	static const char *const parts[] = {"authenticators", "spent", "attempts"};

	for (size_t i = 0; i < PSG_COUNT(parts); i++) {
		struct psg_folder *part = folk_part(folk, subject, parts[i]);
		struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};

		assert_int_equal(part->ops->list(part, note, &names), PSG_OK);
		for (size_t k = 0; k < names.count; k++)
			assert_int_equal(part->ops->remove(part, names.items[k]), PSG_OK);
		psg_folder_release(&part);
	}
}

/* -- the disk is lost -- */

static void put_back_spends_what_may_have_been_used(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	/* Spent after the backup, and lost with the disk: of every step that the window held. */
	for (int offset = -1; offset <= 1; offset++)
		assert_int_equal(carried_try(folk, offset), PSG_OK);
	lose(folk, "alice");
	struct psg_put_back_result result = put_back(folk, text, true);

	assert_int_equal(result.put, 1);
	for (int offset = -1; offset <= 1; offset++)
		assert_int_equal(carried_try(folk, offset), PSG_ERR_REPLAYED);
	int64_t wait_s = result.next_code_s - folk->now.realtime_ns / FOLK_S;

	assert_in_range(wait_s, 31, 60);
	folk_pass(folk, wait_s - 1);
	carried_unthrottle(folk);
	assert_int_equal(carried_try(folk, 0), PSG_ERR_REPLAYED);
	folk_pass(folk, 1);
	assert_int_equal(carried_try(folk, 0), PSG_OK);
}

/* Right, and with the highest that the backup knows: also where the clock stood behind when it was put back. */
static void put_back_keeps_what_was_spent_before(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(carried_try(folk, 1), PSG_OK);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	lose(folk, "alice");
	folk_pass(folk, -90);
	(void)put_back(folk, text, true);
	folk_pass(folk, 90);
	assert_int_equal(carried_try(folk, 1), PSG_ERR_REPLAYED);
	assert_int_equal(carried_try(folk, 0), PSG_ERR_REPLAYED);
}

static void carried_is_no_activation(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Ops");
	struct psg_activation made;

	folk_enroll(folk, "alice", &folk->phone);
	(void)folk_activate(folk, "alice", "Ops");
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &made), PSG_OK);
	assert_int_equal(folk_live(folk, "alice"), 1); /* the newer ended the older */
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	assert_null(strstr(text, "Ops"));
	lose(folk, "alice");
	(void)put_back(folk, text, true);
	assert_int_equal(folk_live(folk, "alice"), 0);
	assert_true(folk_has(folk, "alice", "spent", "admin-1"));
	/* The number is not given out again. */
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &made), PSG_OK);
	assert_string_equal(made.file, "admin-2");
}

/* -- the host goes on -- */

static void put_back_revives_nothing(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	struct psg_activation first = folk_activate(folk, "alice", "Ops");
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	assert_int_equal(
	    psg_activation_end(folk->store, "alice", first.file, PSG_END_DEACTIVATED, NULL),
	    PSG_OK);
	folk_pass(folk, 30);
	struct psg_activation second = folk_activate(folk, "alice", "Other");
	size_t names = folk_count(folk, "alice", "spent");

	(void)put_back(folk, text, true);
	assert_int_equal(folk_live(folk, "alice"), 1); /* what is live here stays so */
	assert_true(folk_activation(folk, "alice", first.file).ended);
	assert_true(folk_activation(folk, "alice", second.file).valid);
	assert_int_equal(folk_count(folk, "alice", "spent"), names + 1);
	/* Again, as after a kill: nothing more. */
	(void)put_back(folk, text, true);
	assert_int_equal(folk_count(folk, "alice", "spent"), names + 1);
}

/* A host that was set back to a snapshot of its disk has forgotten that it ended something. */
static void put_back_ends_what_had_ended(void **state)
{
	struct folk *folk = *state;
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];

	folk_enroll(folk, "alice", &folk->phone);
	struct psg_activation made = folk_activate(folk, "alice", "Ops");

	assert_int_equal(
	    psg_activation_end(folk->store, "alice", made.file, PSG_END_DEACTIVATED, NULL), PSG_OK);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");
	struct psg_folder *spent = folk_part(folk, "alice", "spent");

	snprintf(ended, sizeof(ended), "%s.ended", made.file);
	assert_int_equal(spent->ops->remove(spent, ended), PSG_OK);
	psg_folder_release(&spent);
	assert_int_equal(folk_live(folk, "alice"), 1);
	(void)put_back(folk, text, true);
	assert_int_equal(folk_live(folk, "alice"), 0);
}

/* What an administrator took away stays away, also on a host that never knew of it. */
static void put_back_keeps_what_was_taken_away(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_credential alone = folk->phone;
	size_t removed;

	psg_self_id(1000, alone.id);
	folk_enroll(folk, "alice", &alone);
	char *before PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	char *after PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	assert_non_null(strstr(after, "until "));
	/* Here the mark is, and an older backup does not take it away. */
	(void)put_back(folk, before, true);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(psg_people_self_open(folk->store, "alice", 1000), PSG_ERR_NOT_ENROLLED);
}

/* The other way about: the mark comes with the backup. */
static void put_back_brings_the_mark(void **state)
{
	struct folk *folk = *state;
	struct psg_credential alone = folk->phone;
	size_t removed;

	psg_self_id(1000, alone.id);
	folk_enroll(folk, "alice", &alone);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");
	char *named = strstr(text, "alice");

	assert_non_null(named);
	memcpy(named, "carol", 5);
	assert_int_equal(psg_people_self_open(folk->store, "carol", 1000), PSG_OK);
	(void)put_back(folk, text, true);
	assert_int_equal(psg_people_self_open(folk->store, "carol", 1000), PSG_ERR_NOT_ENROLLED);
}

static void put_back_replaces_authenticators(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	size_t removed;

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	folk_enroll(folk, "alice", &folk->tablet);
	struct psg_put_back_result result = put_back(folk, text, true);

	assert_int_equal(result.put, 1);
	assert_int_equal(result.removed, 1);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_memory_equal(&list.items[0], &folk->phone, sizeof(folk->phone));
	result = put_back(folk, text, true);
	assert_int_equal(result.put + result.removed, 0);
}

/* -- attempts -- */

static uint64_t failures(struct folk *folk, uid_t apart)
{
	uint64_t count;
	int64_t wait;

	assert_int_equal(
	    psg_attempts_look(folk->store, "alice", apart, &folk->throttle, &count, &wait), PSG_OK);
	return count;
}

static void guess(struct folk *folk, uid_t apart, int times)
{
	struct psg_attempt attempt;
	int64_t wait;

	for (int i = 0; i < times; i++)
		assert_int_equal(
		    psg_attempt_take(folk->store, "alice", apart, &folk->throttle, &attempt, &wait),
		    PSG_OK);
}

static void put_back_attempts(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	guess(folk, PSG_NOT_APART, 3);
	guess(folk, 1001, 5);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	carried_unthrottle(folk);
	guess(folk, PSG_NOT_APART, 4);
	guess(folk, 1001, 1);
	for (int again = 0; again < 2; again++) {
		(void)put_back(folk, text, true);
		assert_int_equal(failures(folk, PSG_NOT_APART), 4); /* more here */
		assert_int_equal(failures(folk, 1001), 5);          /* more there */
	}
	carried_unthrottle(folk);
	(void)put_back(folk, text, false); /* of a day ago */
	assert_int_equal(failures(folk, PSG_NOT_APART), 0);
	lose(folk, "alice");
	(void)put_back(folk, text, true);
	assert_int_equal(failures(folk, PSG_NOT_APART), 3);
	/* As new as can be. */
	guess(folk, PSG_NOT_APART, 2);
	assert_int_equal(carried_try(folk, 0), PSG_ERR_THROTTLED);
}

/* -- order -- */

/* With the n-th call on the store failing, for every n: at no moment is an authenticator there by which a lost code opens. */
static void put_back_order(void **state)
{
	struct folk *folk = *state;
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_put_back_result result;
	enum psg_err err = PSG_ERR_IO;
	unsigned failed = 0;

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	carried_take(folk, text, &carried);
	const struct psg_put_back how = {&carried, WINDOW, true};

	for (int n = 0; err != PSG_OK; n++) {
		struct faults faults = {.left = n, .for_ever = true, .err = PSG_ERR_IO};
		struct faulty root;
		struct psg_store store = faulty_store(folk, &root, &faults);

		lose(folk, "alice");
		err = psg_people_put_back(&store, &how, &result);
		failed += err != PSG_OK;
		for (int offset = -1; offset <= 1; offset++) {
			carried_unthrottle(folk);
			enum psg_err tried = carried_try(folk, offset);

			assert_true(tried == PSG_ERR_NOT_ENROLLED || tried == PSG_ERR_REPLAYED);
		}
	}
	assert_true(failed > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(put_back_spends_what_may_have_been_used),
	    FOLK_BOTH(put_back_keeps_what_was_spent_before),
	    FOLK_BOTH(carried_is_no_activation),
	    FOLK_BOTH(put_back_revives_nothing),
	    FOLK_BOTH(put_back_ends_what_had_ended),
	    FOLK_BOTH(put_back_keeps_what_was_taken_away),
	    FOLK_BOTH(put_back_brings_the_mark),
	    FOLK_BOTH(put_back_replaces_authenticators),
	    FOLK_BOTH(put_back_attempts),
	    FOLK_MEMORY(put_back_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
