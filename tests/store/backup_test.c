/* A person carried into a backup and put back: what is spent stays spent, what is over stays over. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "faulty.h"
#include "psg/backup.h"
#include "psg/bytes.h"

#define WINDOW 1

static char *carry(struct folk *folk, const char *subject)
{
	struct psg_carry_count count = {0};
	struct psg_buf text = {0};

	assert_int_equal(psg_people_carry(folk->store, subject, &text, &count), PSG_OK);
	return text.data;
}

static void take(struct folk *folk, const char *text, struct psg_carried *ret)
{
	assert_int_equal(psg_carried_parse(text, ret), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, ret), PSG_OK);
}

static struct psg_put_back_result put_back(struct folk *folk, const char *text, bool attempts)
{
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_put_back_result result;

	take(folk, text, &carried);
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

static enum psg_err try_offset(struct folk *folk, int offset)
{
	const struct psg_grant grant = folk_grant("Ops");

	return folk_try(folk, "alice", folk_code(folk, &folk->phone, offset), &grant);
}

static void unthrottle(struct folk *folk)
{
	assert_int_equal(psg_attempts_forgive_all(folk->store, "alice"), PSG_OK);
}

/* -- the disk is lost -- */

static void put_back_spends_what_may_have_been_used(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	/* Spent after the backup, and lost with the disk: of every step that the window held. */
	for (int offset = -1; offset <= 1; offset++)
		assert_int_equal(try_offset(folk, offset), PSG_OK);
	lose(folk, "alice");
	struct psg_put_back_result result = put_back(folk, text, true);

	assert_int_equal(result.put, 1);
	for (int offset = -1; offset <= 1; offset++)
		assert_int_equal(try_offset(folk, offset), PSG_ERR_REPLAYED);
	int64_t wait_s = result.next_code_s - folk->now.realtime_ns / FOLK_S;

	assert_in_range(wait_s, 31, 60);
	folk_pass(folk, wait_s - 1);
	unthrottle(folk);
	assert_int_equal(try_offset(folk, 0), PSG_ERR_REPLAYED);
	folk_pass(folk, 1);
	assert_int_equal(try_offset(folk, 0), PSG_OK);
}

/* Right, and with the highest that the backup knows: also where the clock stood behind when it was put back. */
static void put_back_keeps_what_was_spent_before(void **state)
{
	struct folk *folk = *state;

	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(try_offset(folk, 1), PSG_OK);
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	lose(folk, "alice");
	folk_pass(folk, -90);
	(void)put_back(folk, text, true);
	folk_pass(folk, 90);
	assert_int_equal(try_offset(folk, 1), PSG_ERR_REPLAYED);
	assert_int_equal(try_offset(folk, 0), PSG_ERR_REPLAYED);
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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");
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
	char *before PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	char *after PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");
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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	unthrottle(folk);
	guess(folk, PSG_NOT_APART, 4);
	guess(folk, 1001, 1);
	for (int again = 0; again < 2; again++) {
		(void)put_back(folk, text, true);
		assert_int_equal(failures(folk, PSG_NOT_APART), 4); /* more here */
		assert_int_equal(failures(folk, 1001), 5);          /* more there */
	}
	unthrottle(folk);
	(void)put_back(folk, text, false); /* of a day ago */
	assert_int_equal(failures(folk, PSG_NOT_APART), 0);
	lose(folk, "alice");
	(void)put_back(folk, text, true);
	assert_int_equal(failures(folk, PSG_NOT_APART), 3);
	/* As new as can be. */
	guess(folk, PSG_NOT_APART, 2);
	assert_int_equal(try_offset(folk, 0), PSG_ERR_THROTTLED);
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
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	take(folk, text, &carried);
	const struct psg_put_back how = {&carried, WINDOW, true};

	for (int n = 0; err != PSG_OK; n++) {
		struct faults faults = {.left = n, .for_ever = true, .err = PSG_ERR_IO};
		struct faulty root;
		struct psg_store store = faulty_store(folk, &root, &faults);

		lose(folk, "alice");
		err = psg_people_put_back(&store, &how, &result);
		failed += err != PSG_OK;
		for (int offset = -1; offset <= 1; offset++) {
			unthrottle(folk);
			enum psg_err tried = try_offset(folk, offset);

			assert_true(tried == PSG_ERR_NOT_ENROLLED || tried == PSG_ERR_REPLAYED);
		}
	}
	assert_true(failed > 8);
}

/* Enrolled, and its first code used, while the folder was being read: the authenticator never comes alone. */
struct between {
	struct psg_folder folder;
	struct psg_folder *inner;
	struct folk *folk;
	bool done;
};

static enum psg_err between_open(struct psg_folder *folder, const char *name, bool make,
				 struct psg_folder **ret);
static enum psg_err between_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	struct between *between = (struct between *)(void *)folder;

	return between->inner->ops->list(between->inner, each, arg);
}

static void between_release(struct psg_folder *folder)
{
	struct between *between = (struct between *)(void *)folder;

	psg_folder_release(&between->inner);
}

static const struct psg_folder_ops between_ops = {
    .open = between_open, .list = between_list, .release = between_release};
static struct between whole, people;

/* Between the first part that is opened and the second. */
static enum psg_err between_open(struct psg_folder *folder, const char *name, bool make,
				 struct psg_folder **ret)
{
	struct between *between = (struct between *)(void *)folder;
	struct between *below = between == &people ? &whole : NULL;

	if (below == NULL && between->done) {
		folk_enroll(between->folk, "alice", &between->folk->phone);
		assert_int_equal(try_offset(between->folk, 0), PSG_OK);
		between->done = false;
	} else if (below == NULL) {
		between->done = true;
	}
	struct psg_folder *inner;
	enum psg_err err = between->inner->ops->open(between->inner, name, make, &inner);

	if (err != PSG_OK)
		return err;
	*ret = inner;
	if (strcmp(name, "alice") == 0) {
		whole = (struct between){
		    .folder.ops = &between_ops, .inner = inner, .folk = between->folk};
		*ret = &whole.folder;
	} else if (strcmp(name, "people") == 0) {
		people = (struct between){
		    .folder.ops = &between_ops, .inner = inner, .folk = between->folk};
		*ret = &people.folder;
	}
	return PSG_OK;
}

static void carry_order(void **state)
{
	struct folk *folk = *state;
	struct psg_carry_count count = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_store store = *folk->store;
	struct between root = {
	    .folder.ops = &between_ops, .inner = folk->store->root, .folk = folk};

	folk_enroll(folk, "alice", &folk->tablet);
	(void)try_offset(folk, 0); /* her folders are there */
	unthrottle(folk);
	people.done = whole.done = false;
	store.root = &root.folder;
	assert_int_equal(psg_people_carry(&store, "alice", &text, &count), PSG_OK);
	take(folk, text.data, &carried);
	for (size_t i = 0; i < carried.authenticator_count; i++)
		if (strcmp(carried.authenticators[i].id, folk->phone.id) == 0)
			assert_true(carried.spent.count > 0);
	assert_true(folk_has(folk, "alice", "authenticators", folk->phone.id));
}

/* -- hostile texts -- */

static void hostile_names(void **state)
{
	static const char *const bad[] = {
	    "psg-person 1\nname alice\nspent ../../../etc/x\n",
	    "psg-person 1\nname alice\nspent a/b\n",
	    "psg-person 1\nname alice\nspent .hidden\n",
	    "psg-person 1\nname alice\nspent a.ended\n",
	    "psg-person 1\nname alice\nspent -1\n",
	    "psg-person 1\nname alice\nspent \n",
	    "psg-person 1\nname alice\nended x.session\n",
	    "psg-person 1\nname alice\nspent b-1\nspent a-1\n",
	    "psg-person 1\nname alice\nspent a-1\nspent a-1\n",
	    "psg-person 1\nname alice\nattempts ../x\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts-x\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts-4294967295\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts\ncount 0\n",
	    "psg-person 1\nname alice\nattempts attempts\ncount 1000001\n",
	    "psg-person 1\nname alice\nauthenticator ../../x\nsealed 00\n",
	    "psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 0\n",
	    "psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 0G\n",
	    "psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 00\n"
	    "authenticator aaaaaaaaaaaaaaaa\nsealed 00\n",
	    "psg-person 1\nname \n",
	    "psg-person 1\n",
	    "psg-person 1\nname alice\nunknown x\n",
	    "psg-person 1\nname alice",
	    "",
	};
	struct psg_carried carried;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_carried_parse(bad[i], &carried) != PSG_ERR_CORRUPT)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(psg_carried_parse("psg-person 2\nname alice\n", &carried),
			 PSG_ERR_VERSION);
}

static void carried_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carry(folk, "alice");

	memcpy(strstr(text, "alice"), "allie", 5);
	assert_int_equal(psg_carried_parse(text, &carried), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, &carried), PSG_ERR_CORRUPT);
	memcpy(strstr(text, "allie"), "alice", 5);
	memcpy(strstr(text, "authenticator aa"), "authenticator ab", 16);
	psg_carried_clear(&carried);
	assert_int_equal(psg_carried_parse(text, &carried), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, &carried), PSG_ERR_CORRUPT);
}

static void what_does_not_open_is_left_out(void **state)
{
	struct folk *folk = *state;
	struct psg_carry_count count = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	folk_enroll(folk, "alice", &folk->phone);
	folk_plant(folk, "alice", "authenticators", folk->tablet.id, "x", 1, 0, false);
	folk_plant(folk, "alice", "authenticators", "odd", "x", 1, 0, false);
	folk_plant(folk, "alice", "spent", "Odd", "x", 1, 0, false);
	assert_int_equal(psg_people_carry(folk->store, "alice", &text, &count), PSG_OK);
	assert_int_equal(count.authenticators, 1);
	assert_int_equal(count.unreadable, 2);
	assert_int_equal(count.spent, 0);
	assert_null(strstr(text.data, folk->tablet.id));
	/* Who has nothing is not in it. */
	psg_buf_clear(&text);
	assert_int_equal(psg_people_carry(folk->store, "nobody", &text, &count), PSG_OK);
	assert_int_equal(text.len, 0);
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
	    FOLK_BOTH(carry_order),
	    FOLK_MEMORY(hostile_names),
	    FOLK_BOTH(carried_moves_nowhere),
	    FOLK_FILES(what_does_not_open_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
