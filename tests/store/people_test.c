/* Codes spent, activations, ends, bindings, sessions, tidying: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define YEARS_10_NS (INT64_C(3653) * 86400 * FOLK_S)

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

/* Copies a file's bytes to another place, as one who can write the folder but has no key. */
static size_t copy(struct folk *folk, const char *from, const char *to, const char *part,
		   const char *name, const char *new_name)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = folk_part(folk, from, part);
	char bytes[PSG_FILE_MAX];
	struct psg_file_info info;

	assert_int_equal(folder->ops->read(folder, name, bytes, sizeof(bytes), &info), PSG_OK);
	folk_plant(folk, to, part, new_name, bytes, info.len, folk->now.realtime_ns, false);
	return info.len;
}

static void credential_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	folk_enroll(folk, "alice", &folk->phone);
	(void)copy(folk, "alice", "bob", "authenticators", folk->phone.id, folk->phone.id);
	assert_int_equal(psg_people_credentials(folk->store, "bob", &list), PSG_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.unreadable, 1);
	assert_int_equal(folk_try(folk, "bob", folk_code(folk, &folk->phone, 0), NULL),
			 PSG_ERR_CORRUPT);
	assert_int_equal(folk_count(folk, "bob", "attempts"), 0);
	(void)copy(folk, "alice", "alice", "authenticators", folk->phone.id, folk->tablet.id);
	psg_credentials_clear(&list);
	assert_int_equal(psg_people_credentials(folk->store, "alice", &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.unreadable, 1);
}

/* -- claims -- */

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
	struct asleep rows[] = {{folk, 61, 61, NULL, NULL},
				{folk, 0, 61, NULL, NULL},
				{folk, 0, -61, NULL, NULL},
				{folk, -5, 0, NULL, NULL},
				{folk, 60, 40, NULL, NULL}};
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

/* -- records -- */

static void record_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a;
	char other[64];

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	(void)snprintf(other, sizeof(other), "%s-99", folk->phone.id);
	(void)copy(folk, "alice", "alice", "spent", a.file, other);
	assert_false(folk_activation(folk, "alice", other).valid);
	(void)copy(folk, "alice", "bob", "spent", a.file, a.file);
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
					  "alice/admin-1.ended"};
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

/* -- binding -- */

static const uint8_t ticket[PSG_TICKET_SIZE] = "fifteen bytes..";

static struct psg_activation with_ticket(struct folk *folk)
{
	struct psg_grant grant = folk_grant("A");
	struct psg_activation a;

	grant.scope = PSG_SCOPE_SESSION;
	grant.ticket = ticket;
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &a), PSG_OK);
	return a;
}

static enum psg_err bind(struct folk *folk, const char *file, const struct psg_binding *binding)
{
	return psg_activation_bind(folk->store, "alice", file, binding);
}

static void bind_is_first_come(void **state)
{
	struct folk *folk = *state;
	struct psg_activation before = grant_in(folk, "A", &session_a), a, bound;

	folk_pass(folk, 1);
	a = with_ticket(folk);
	assert_true(a.has_ticket);
	assert_false(a.bound);
	assert_int_equal(bind(folk, a.file, &session_a), PSG_OK);
	assert_int_equal(bind(folk, a.file, &session_b), PSG_ERR_EXISTS);
	bound = folk_activation(folk, "alice", a.file);
	assert_true(bound.bound);
	assert_int_equal(bound.binding.leader.pid, 100);
	assert_int_equal(bound.binding.audit_id, 5);
	assert_true(folk_activation(folk, "alice", before.file).ended);
	assert_int_equal(bind(folk, before.file, &session_b), PSG_ERR_EXISTS);
	assert_int_equal(bind(folk, grant_in(folk, "B", NULL).file, &session_b), PSG_ERR_INVALID);
	assert_int_equal(bind(folk, "admin-77", &session_b), PSG_ERR_NOT_FOUND);
	assert_int_equal(bind(folk, "x", &session_b), PSG_ERR_INVALID);
}

static void bind_too_late(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = with_ticket(folk);

	folk_pass(folk, 121);
	assert_int_equal(bind(folk, a.file, &session_a), PSG_ERR_STALE);
	a = with_ticket(folk);
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	assert_int_equal(bind(folk, a.file, &session_a), PSG_ERR_STALE);
	a = with_ticket(folk);
	folk_pass(folk, 120);
	assert_int_equal(bind(folk, a.file, &session_a), PSG_OK);
}

static void process(struct folk *folk, size_t at, pid_t pid, uint64_t start)
{
	folk->processes[at].pid = pid;
	folk->processes[at].info = (struct psg_proc_info){
	    .parent = 1, .session = pid, .start_ticks = start, .audit_id = 5};
}

static size_t in_session(struct folk *folk, const struct psg_call *call)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	size_t live = 0;

	assert_int_equal(psg_people_activations_in(folk->store, "alice", call, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		live += psg_activation_live(&list.items[i], &folk->now);
	return live;
}

static void binding_in_any_state(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {.has_ticket = true, .audit_id = PSG_AUDIT_NONE};
	struct psg_activation a = with_ticket(folk);
	char name[96];

	memcpy(call.ticket, ticket, sizeof(ticket));
	assert_int_equal(in_session(folk, &call), 1);
	call.ticket[0] ^= 1;
	assert_int_equal(in_session(folk, &call), 0);
	call.ticket[0] ^= 1;
	(void)snprintf(name, sizeof(name), "%s.session", a.file);
	for (int i = 0; i < 3; i++) {
		folk_plant(folk, "alice", "spent", name, "psg-binding 1\n", i == 0 ? 0 : 14,
			   folk->now.realtime_ns, i == 2);
		assert_int_equal(in_session(folk, &call), 0);
		assert_true(folk_activation(folk, "alice", a.file).bound);
		assert_int_equal(bind(folk, a.file, &session_a), PSG_ERR_EXISTS);
	}
}

static void sessions_decide(void **state)
{
	struct folk *folk = *state;
	struct psg_call call;

	process(folk, 0, 100, 7);
	psg_session_imagine(&session_a, 1000, &call);
	(void)grant_in(folk, "A", &session_a);
	(void)grant_in(folk, "A", &session_b);
	assert_int_equal(in_session(folk, &call), 1);
	folk->processes[0].info.start_ticks = 8; /* another process by that number */
	assert_int_equal(in_session(folk, &call), 0);
	folk->proc_error = PSG_ERR_PROC;
	{
		struct psg_activations list = {0};

		assert_int_equal(psg_people_activations_in(folk->store, "alice", &call, &list),
				 PSG_ERR_PROC);
	}
}

/* -- audit sessions -- */

static struct psg_call fresh_call(void)
{
	return (struct psg_call){
	    .pid = 100, .leader = {100, 7}, .audit_id = 5, .parent_audit_id = PSG_AUDIT_NONE};
}

static void session_vouch(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call(), later = fresh_call();

	process(folk, 0, 100, 7);
	assert_int_equal(psg_session_vouch(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
	call.parent_audit_id = 5; /* the daemon's */
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	assert_false(call.audit_own);
	call.parent_audit_id = 4;
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	assert_true(call.audit_own);
	assert_int_equal(psg_session_vouch(folk->store, "bob", &later), PSG_OK);
	assert_false(later.audit_own);
	assert_int_equal(psg_session_vouch(folk->store, "alice", &later), PSG_OK);
	assert_true(later.audit_own);
	later = fresh_call();
	folk->processes[0].pid = 0;
	assert_int_equal(psg_session_vouch(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
	folk->proc_error = PSG_ERR_PROC;
	assert_int_equal(psg_session_vouch(folk->store, "alice", &later), PSG_ERR_PROC);
	assert_false(later.audit_own);
}

static void session_of_another_boot(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call(), later = fresh_call();

	process(folk, 0, 100, 7);
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	folk_reboot(folk, 60);
	assert_int_equal(psg_session_vouch(folk->store, "alice", &later), PSG_OK);
	assert_false(later.audit_own);
}

static enum psg_err count_name(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
	return PSG_OK;
}

static size_t registrations(struct folk *folk)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	size_t count = 0;

	assert_int_equal(folk->store->root->ops->open(folk->store->root, "sessions", true, &folder),
			 PSG_OK);
	assert_int_equal(folder->ops->list(folder, count_name, &count), PSG_OK);
	return count;
}

static void sessions_go(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = fresh_call();

	process(folk, 0, 100, 7);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 1);
	call.pid = 101; /* not the leader's own process */
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(registrations(folk), 1);
	call.pid = 100;
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(registrations(folk), 0);
	assert_int_equal(psg_session_unregister(folk->store, &call), PSG_OK);
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	folk->processes[0].pid = 0;
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
	process(folk, 0, 100, 7);
	assert_int_equal(psg_session_register(folk->store, "alice", &call), PSG_OK);
	folk_reboot(folk, 60);
	assert_int_equal(psg_sessions_tidy(folk->store), PSG_OK);
	assert_int_equal(registrations(folk), 0);
}

/* -- tidying -- */

static void tidy(struct folk *folk)
{
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
}

static void tidy_keeps_the_highest(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a, b;
	struct psg_grant grant = folk_grant("A");
	char code[16];

	tidy(folk);
	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "A");
	folk_pass(folk, 30);
	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
	b = folk_activate(folk, "alice", "B");
	(void)grant_in(folk, "C", NULL);
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	assert_int_equal(psg_activation_end(folk->store, "alice", b.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	folk_pass(folk, 3590);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 5);
	folk_pass(folk, 10);
	tidy(folk);
	/* The older step and its end are gone; the highest, its end and the highest admin-N stay. */
	assert_int_equal(folk_count(folk, "alice", "spent"), 3);
	assert_true(folk_has(folk, "alice", "spent", b.file));
	assert_true(folk_has(folk, "alice", "spent", "admin-1"));
	folk_pass(folk, 400 * 86400);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 3);
	/* The clock set back to when the code was shown. */
	folk->now.realtime_ns = b.created_realtime_ns;
	assert_int_equal(folk_try(folk, "alice", code, &grant), PSG_ERR_REPLAYED);
}

static void tidy_leaves_unlogged_lapses_for_a_day(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "A");
	folk_pass(folk, 30);
	(void)folk_activate(folk, "alice", "B");
	folk_pass(folk, 3 * 3600);
	tidy(folk);
	assert_true(folk_has(folk, "alice", "spent", a.file));
	folk_pass(folk, 86400);
	tidy(folk);
	assert_false(folk_has(folk, "alice", "spent", a.file));
}

static void tidy_never_takes_what_lives(void **state)
{
	struct folk *folk = *state;

	(void)grant_in(folk, "A", &session_a);
	(void)grant_in(folk, "A", &session_b);
	(void)grant_in(folk, "B", NULL);
	folk->now.realtime_ns += YEARS_10_NS;
	tidy(folk);
	folk->now.realtime_ns -= 2 * YEARS_10_NS;
	tidy(folk);
	assert_int_equal(folk_live(folk, "alice"), 3);
}

static void tidy_of_a_gone_device(void **state)
{
	struct folk *folk = *state;
	size_t removed;

	folk_enroll(folk, "alice", &folk->phone);
	(void)folk_activate(folk, "alice", "A");
	assert_int_equal(psg_people_unenroll(folk->store, "alice", NULL, &removed), PSG_OK);
	folk_pass(folk, 86400 + 3599);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 1);
	folk_pass(folk, 1);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 0);
}

static void tidy_of_wrecks(void **state)
{
	struct folk *folk = *state;
	char name[64];

	folk_enroll(folk, "alice", &folk->phone);
	(void)snprintf(name, sizeof(name), "%s-5.ended", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	folk_plant(folk, "alice", "spent", "recovery-3", "", 0, 0, false);
	(void)snprintf(name, sizeof(name), "%s-6", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	(void)snprintf(name, sizeof(name), "%s-7", folk->phone.id);
	folk_plant(folk, "alice", "spent", name, "", 0, folk->now.realtime_ns, false);
	folk_plant(folk, "alice", "spent", ".tmp-1", "", 0, folk->now.realtime_ns, false);
	folk_plant(folk, "alice", "authenticators", ".tmp-1", "", 0, folk->now.realtime_ns, false);
	tidy(folk);
	/* An end without a record is what a killed tidier leaves. */
	assert_int_equal(folk_count(folk, "alice", "spent"), 3);
	assert_true(folk_has(folk, "alice", "spent", ".tmp-1"));
	folk_pass(folk, 3601);
	tidy(folk);
	assert_int_equal(folk_count(folk, "alice", "spent"), 2);
	assert_true(folk_has(folk, "alice", "spent", name));
	assert_true(folk_has(folk, "alice", "spent", "recovery-3"));
	assert_false(folk_has(folk, "alice", "spent", ".tmp-1"));
	assert_false(folk_has(folk, "alice", "authenticators", ".tmp-1"));
}

static enum psg_err collect(void *arg, const char *subject)
{
	return psg_strings_add(arg, subject);
}

static void everybody_is_found(void **state)
{
	struct folk *folk = *state;
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};

	assert_int_equal(psg_people_each(folk->store, collect, &names), PSG_OK);
	assert_int_equal(names.count, 0);
	folk_enroll(folk, "alice", &folk->phone);
	folk_enroll(folk, "b/o b", &folk->phone);
	psg_folder_release(&(struct psg_folder *){folk_part(folk, "%zz", "spent")});
	assert_int_equal(psg_people_each(folk->store, collect, &names), PSG_OK);
	psg_strings_sort(&names);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[1], "b/o b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(credentials_keep),
	    FOLK_BOTH(unsound_credentials_are_refused),
	    FOLK_BOTH(credential_moves_nowhere),
	    FOLK_BOTH(not_enrolled_leaves_nothing),
	    FOLK_BOTH(claim_opens_once),
	    FOLK_BOTH(window_edges),
	    FOLK_BOTH(two_devices),
	    FOLK_BOTH(spending_alone_opens_nothing),
	    FOLK_BOTH(a_clock_once_wrong_says_so),
	    FOLK_BOTH(claim_looks_again),
	    FOLK_BOTH(claim_wakes_to_an_end),
	    FOLK_BOTH(renewal_keeps_the_maximum),
	    FOLK_BOTH(renewal_past_the_maximum_opens_nothing),
	    FOLK_BOTH(wall_clock_and_reboot_end_all),
	    FOLK_BOTH(long_reasons_fit),
	    FOLK_BOTH(record_moves_nowhere),
	    FOLK_BOTH(bad_files_never_shut_the_door),
	    FOLK_BOTH(end_in_any_state),
	    FOLK_BOTH(ends_are_first_come),
	    FOLK_MEMORY(ids_go_there_and_back),
	    FOLK_BOTH(grants_are_numbered),
	    FOLK_BOTH(supersede_touches_nothing_else),
	    FOLK_BOTH(bind_is_first_come),
	    FOLK_BOTH(bind_too_late),
	    FOLK_BOTH(binding_in_any_state),
	    FOLK_BOTH(sessions_decide),
	    FOLK_BOTH(session_vouch),
	    FOLK_BOTH(session_of_another_boot),
	    FOLK_BOTH(sessions_go),
	    FOLK_BOTH(tidy_keeps_the_highest),
	    FOLK_BOTH(tidy_leaves_unlogged_lapses_for_a_day),
	    FOLK_BOTH(tidy_never_takes_what_lives),
	    FOLK_BOTH(tidy_of_a_gone_device),
	    FOLK_BOTH(tidy_of_wrecks),
	    FOLK_BOTH(everybody_is_found),
	};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
