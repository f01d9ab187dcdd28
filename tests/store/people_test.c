/* Authenticators, records, ends, grants: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- authenticators -- */

static void credentials_keep(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	size_t removed = 0;

	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 0);
	folk_enroll(folk, "alice", &folk->tablet);
	folk_enroll(folk, "alice", &folk->phone);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 2);
	assert_memory_equal(&list.items[0], &folk->phone, sizeof(folk->phone));
	assert_memory_equal(&list.items[1], &folk->tablet, sizeof(folk->tablet));
	assert_int_equal(psg_people_unenroll(folk->store, "alice", folk->phone.id, &removed),
			 PSG_OK);
	assert_int_equal(removed, 1);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	assert_int_equal(removed, 1);
	assert_int_equal(psg_people_unenroll(folk->store, "nobody", NULL, &removed), PSG_OK);
	assert_int_equal(removed, 0);
	assert_int_equal(psg_people_unenroll(folk->store, "alice", "../x", &removed),
			 PSG_ERR_INVALID);
}

static void unsound_credentials_are_refused(void **state)
{
	struct folk *folk = *state;
	struct psg_credential c = folk->phone;

	c.digits = 9;
	assert_int_equal(psg_people_enroll(folk->store, "alice", &c), PSG_ERR_INVALID);
	c = folk->phone;
	c.period_s = 0;
	assert_int_equal(psg_people_enroll(folk->store, "alice", &c), PSG_ERR_INVALID);
	c = folk->phone;
	c.secret_len = 0;
	assert_int_equal(psg_people_enroll(folk->store, "alice", &c), PSG_ERR_INVALID);
	c = folk->phone;
	c.id[3] = '/';
	assert_int_equal(psg_people_enroll(folk->store, "alice", &c), PSG_ERR_INVALID);
}

static void credential_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	folk_enroll(folk, "alice", &folk->phone);
	(void)folk_copy(folk, "alice", "bob", "authenticators", folk->phone.id, folk->phone.id);
	assert_int_equal(psg_people_credentials(folk->store, "bob", &list), PSG_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.unreadable, 1);
	assert_int_equal(folk_try(folk, "bob", folk_code(folk, &folk->phone, 0), NULL),
			 PSG_ERR_CORRUPT);
	assert_int_equal(folk_count(folk, "bob", "attempts"), 0);
	(void)folk_copy(folk, "alice", "alice", "authenticators", folk->phone.id, folk->tablet.id);
	psg_credentials_clear(&list);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.unreadable, 1);
}

/* -- records -- */

static void record_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a;
	char other[64];

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	(void)snprintf(other, sizeof(other), "%s-99", folk->phone.id);
	(void)folk_copy(folk, "alice", "alice", "spent", a.file, other);
	assert_false(folk_activation(folk, "alice", other).valid);
	(void)folk_copy(folk, "alice", "bob", "spent", a.file, a.file);
	assert_false(folk_activation(folk, "bob", a.file).valid);
	assert_int_equal(folk_live(folk, "bob"), 0);
}

/* Every cut and every changed byte of a record: spent in vain, and never an error. */
static void bad_files_never_shut_the_door(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_activation a;
	char bytes[PSG_FILE_MAX + 64];
	struct psg_file_info info;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	folder = folk_part(folk, "alice", "spent");
	assert_int_equal(folder->ops->read(folder, a.file, bytes, PSG_FILE_MAX, &info), PSG_OK);
	for (size_t len = 0; len <= info.len + 1; len++) {
		bytes[info.len] = 'x';
		folk_plant(folk, "alice", "spent", a.file, bytes, len, folk->now.realtime_ns,
			   false);
		assert_int_equal(folk_live(folk, "alice"), len == info.len ? 1 : 0);
	}
	for (size_t at = 0; at < info.len; at++) {
		bytes[at] ^= 0x10;
		folk_plant(folk, "alice", "spent", a.file, bytes, info.len, folk->now.realtime_ns,
			   false);
		assert_int_equal(folk_live(folk, "alice"), 0);
		bytes[at] ^= 0x10;
	}
	folk_plant(folk, "alice", "spent", a.file, bytes, info.len, folk->now.realtime_ns, true);
	assert_int_equal(folk_live(folk, "alice"), 0);
	memset(bytes, 'x', sizeof(bytes));
	folk_plant(folk, "alice", "spent", a.file, bytes, sizeof(bytes), folk->now.realtime_ns,
		   false);
	assert_int_equal(folk_live(folk, "alice"), 0);
	folk_plant(folk, "alice", "spent", "what is this", "", 0, folk->now.realtime_ns, false);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), NULL),
			 PSG_ERR_REPLAYED);
	folk_pass(folk, 60);
	(void)folk_activate(folk, "alice", "Closers");
	assert_int_equal(folk_live(folk, "alice"), 1);
}

static void end_in_any_state(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a;
	char ended[96];
	bool first = true;

	folk_enroll(folk, "alice", &folk->phone);
	for (int i = 0; i < 3; i++) {
		a = folk_activate(folk, "alice", "Closers");
		(void)snprintf(ended, sizeof(ended), "%s.ended", a.file);
		folk_plant(folk, "alice", "spent", ended, "psg-end 1\nreason ", i == 0 ? 0 : 17,
			   folk->now.realtime_ns, i == 2);
		assert_int_equal(folk_live(folk, "alice"), 0);
		assert_int_equal(folk_activation(folk, "alice", a.file).end_reason, PSG_END_NONE);
		assert_int_equal(
		    psg_activation_end(folk->store, "alice", a.file, PSG_END_DEACTIVATED, &first),
		    PSG_OK);
		assert_false(first);
		folk_pass(folk, 60);
	}
}

static void ends_are_first_come(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a, ended;
	bool first = false;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, &first),
			 PSG_OK);
	assert_true(first);
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_LAPSED, &first),
			 PSG_OK);
	assert_false(first);
	ended = folk_activation(folk, "alice", a.file);
	assert_int_equal(ended.end_reason, PSG_END_CLOSED);
	assert_int_equal(ended.ended_realtime_ns, folk->now.realtime_ns);
	assert_int_equal(psg_activation_end(folk->store, "alice", "admin-7", PSG_END_LAPSED, NULL),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_activation_end(folk->store, "bob", "admin-7", PSG_END_LAPSED, NULL),
			 PSG_ERR_NOT_FOUND);
	assert_int_equal(
	    psg_activation_end(folk->store, "alice", "../../policy", PSG_END_LAPSED, NULL),
	    PSG_ERR_INVALID);
	assert_int_equal(
	    psg_activation_end(folk->store, "alice", "admin-1.ended", PSG_END_LAPSED, NULL),
	    PSG_ERR_INVALID);
}

/* What closing left until the lapse is over at once when its end is written again; what has not ended is not touched. */
static void an_end_may_be_for_another_reason(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a, ended;

	assert_int_equal(
	    psg_activation_end_closed(folk->store, "alice", "admin-1", PSG_END_UNASSIGNED),
	    PSG_ERR_NOT_FOUND);
	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	assert_int_equal(
	    psg_activation_end_closed(folk->store, "alice", a.file, PSG_END_UNASSIGNED),
	    PSG_ERR_NOT_FOUND);
	assert_int_equal(folk_live(folk, "alice"), 1);
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	folk_pass(folk, 5);
	assert_int_equal(
	    psg_activation_end_closed(folk->store, "alice", a.file, PSG_END_UNASSIGNED), PSG_OK);
	ended = folk_activation(folk, "alice", a.file);
	assert_true(ended.ended);
	assert_int_equal(ended.end_reason, PSG_END_UNASSIGNED);
	assert_int_equal(ended.ended_realtime_ns, folk->now.realtime_ns);
}

/* A store that was opened for its policy alone gives no secret, takes none and believes no record. */
static void nothing_without_the_key(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_activations activations PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_grant grant = folk_grant("Closers");
	struct psg_activation made;
	struct psg_key *key;

	folk_enroll(folk, "alice", &folk->phone);
	folk_activate(folk, "alice", "Closers");
	key = folk->store->key;
	folk->store->key = NULL;
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_ERR_KEY);
	assert_int_equal(list.count, 0);
	assert_int_equal(psg_people_enroll(folk->store, "alice", &folk->tablet), PSG_ERR_KEY);
	assert_int_equal(psg_people_activations(folk->store, "alice", &activations), PSG_ERR_KEY);
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &made), PSG_ERR_KEY);
	folk->store->key = key;
	assert_int_equal(folk_live(folk, "alice"), 1);
}

static void ids_go_there_and_back(void **state)
{
	static const char *const bad[] = {"",
					  "alice",
					  "alice/",
					  "alice/x",
					  "/admin-1",
					  "alice/admin-",
					  "a%/admin-1",
					  "alice/../x",
					  ".a/admin-1",
					  "alice/admin-01",
					  "alice/admin-1.ended",
					  "alice/admin-1-1",
					  "alice/admin-x/../../bob/admin-1",
					  "alice/recovery--1"};
	char id[PSG_ACTIVATION_ID_SIZE], subject[PSG_SUBJECT_SIZE], file[PSG_ACTIVATION_FILE_SIZE];

	(void)state;
	psg_activation_id_format("al/ice", "admin-12", id);
	assert_string_equal(id, "al%2Fice/admin-12");
	assert_int_equal(psg_activation_id_parse(id, subject, file), PSG_OK);
	assert_string_equal(subject, "al/ice");
	assert_string_equal(file, "admin-12");
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		assert_int_equal(psg_activation_id_parse(bad[i], subject, file), PSG_ERR_INVALID);
}

/* -- grants and superseding -- */

static const struct psg_binding session_a = {{100, 7}, 5}, session_b = {{200, 8}, 6},
				session_a_too = {{101, 9}, 5},
				session_c = {{300, 1}, PSG_AUDIT_NONE};

static struct psg_activation grant_in(struct folk *folk, const char *target,
				      const struct psg_binding *binding)
{
	struct psg_grant grant = folk_grant(target);
	struct psg_activation a;

	if (binding != NULL) {
		grant.scope = PSG_SCOPE_SESSION;
		grant.binding = binding;
	}
	folk_pass(folk, 1);
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &a), PSG_OK);
	return a;
}

static void grants_are_numbered(void **state)
{
	struct folk *folk = *state;

	assert_string_equal(grant_in(folk, "A", NULL).file, "admin-1");
	assert_string_equal(grant_in(folk, "B", NULL).file, "admin-2");
	folk_plant(folk, "alice", "spent", "admin-9.ended", "", 0, 0, false);
	assert_string_equal(grant_in(folk, "C", NULL).file, "admin-10");
	assert_int_equal(folk_live(folk, "alice"), 3);
}

static void supersede_touches_nothing_else(void **state)
{
	struct folk *folk = *state;
	struct psg_activation host = grant_in(folk, "A", NULL), a = grant_in(folk, "A", &session_a);
	struct psg_activation b = grant_in(folk, "A", &session_b);
	struct psg_activation other = grant_in(folk, "B", &session_a);
	struct psg_activation c1 = grant_in(folk, "A", &session_c), c2;

	assert_int_equal(folk_live(folk, "alice"), 5);
	(void)grant_in(folk, "A", &session_a_too);
	assert_int_equal(folk_activation(folk, "alice", a.file).end_reason, PSG_END_SUPERSEDED);
	assert_int_equal(folk_live(folk, "alice"), 5);
	c2 = grant_in(folk, "A", &session_c);
	assert_true(folk_activation(folk, "alice", c1.file).ended);
	assert_false(folk_activation(folk, "alice", c2.file).ended);
	(void)grant_in(folk, "A", NULL);
	assert_true(folk_activation(folk, "alice", host.file).ended);
	assert_false(folk_activation(folk, "alice", b.file).ended);
	assert_false(folk_activation(folk, "alice", other.file).ended);
	assert_int_equal(folk_live(folk, "alice"), 5);
}

/* Grants the same once more when the clock is looked at for the `at`-th time. */
struct between {
	struct folk *folk;
	struct psg_clock clock;
	unsigned int at, looks;
	struct psg_activation made;
};

static enum psg_err grant_between(void *self, struct psg_now *ret)
{
	struct between *between = self;

	if (++between->looks == between->at)
		between->made = grant_in(between->folk, "A", NULL);
	return psg_clock_now(&between->clock, ret);
}

/* Of two that are made at once the later one stays, whichever of them looks last. */
static void supersede_ends_the_older_alone(void **state)
{
	struct folk *folk = *state;
	struct between between = {.folk = folk, .clock = folk->store->clock, .at = 3};
	struct psg_activation older;

	folk->store->clock = (struct psg_clock){.self = &between, .now = grant_between};
	older = grant_in(folk, "A", NULL);
	folk->store->clock = between.clock;
	assert_true(between.made.valid);
	assert_true(folk_activation(folk, "alice", older.file).ended);
	assert_false(folk_activation(folk, "alice", between.made.file).ended);
	assert_int_equal(folk_live(folk, "alice"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(credentials_keep),
	    FOLK_BOTH(unsound_credentials_are_refused),
	    FOLK_BOTH(credential_moves_nowhere),
	    FOLK_BOTH(record_moves_nowhere),
	    FOLK_BOTH(bad_files_never_shut_the_door),
	    FOLK_BOTH(end_in_any_state),
	    FOLK_BOTH(ends_are_first_come),
	    FOLK_BOTH(an_end_may_be_for_another_reason),
	    FOLK_BOTH(nothing_without_the_key),
	    FOLK_MEMORY(ids_go_there_and_back),
	    FOLK_BOTH(grants_are_numbered),
	    FOLK_BOTH(supersede_touches_nothing_else),
	    FOLK_BOTH(supersede_ends_the_older_alone),
	};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
