/* Every call of the store failing in turn: a failure denies, leaves nothing live, and holds nobody up. */
#include "faulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct psg_binding here = {{100, 7}, 5};
static const uint8_t ticket[PSG_TICKET_SIZE] = "fifteen bytes..";

static enum psg_err do_claim(struct folk *folk, struct psg_store *store, const char *subject)
{
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim =
	    folk_claim(folk, subject, folk_code(folk, &folk->phone, 0), &grant);
	int64_t wait;

	return psg_people_claim(store, &claim, NULL, &wait);
}

/* Fails the n-th operation for n = 0, 1, … until none is left to fail; each time for a fresh person. */
static void claim_fails(struct folk *folk, bool for_ever, enum psg_err err)
{
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);
	int n;

	for (n = 0; faults.struck; n++) {
		char subject[32];
		enum psg_err got;

		(void)snprintf(subject, sizeof(subject), "p%d-%d-%d", n, for_ever, (int)err);
		folk_enroll(folk, subject, &folk->phone);
		/* Two guesses before, so that there is something to forgive. */
		assert_int_equal(folk_try(folk, subject, "000000", NULL), PSG_ERR_WRONG_CODE);
		faults = (struct faults){.left = n, .for_ever = for_ever, .err = err};
		got = do_claim(folk, &store, subject);
		if (got != PSG_OK)
			assert_int_equal(folk_live(folk, subject), 0);
		else
			assert_int_equal(folk_live(folk, subject), 1);
		if (got == PSG_ERR_NOT_ENROLLED)
			assert_int_equal(err, PSG_ERR_NOT_FOUND);
		/* The next comer is not held up by what was left behind. */
		assert_int_equal(folk_try(folk, subject, folk_code(folk, &folk->phone, 1), NULL),
				 PSG_OK);
	}
	assert_true(n > 20);
}

static void claim_fails_at_every_call(void **state)
{
	claim_fails(*state, false, PSG_ERR_IO);
	claim_fails(*state, false, PSG_ERR_LIMIT);
	claim_fails(*state, false, PSG_ERR_NO_ROOM);
}

/* From the n-th on everything fails, the end that takes a failed activation back too. */
static void claim_fails_from_every_call_on(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);
	size_t outlived = 0;

	for (int n = 0; faults.struck; n++) {
		char subject[32];
		enum psg_err got;

		(void)snprintf(subject, sizeof(subject), "q%d", n);
		folk_enroll(folk, subject, &folk->phone);
		faults = (struct faults){.left = n, .for_ever = true, .err = PSG_ERR_IO};
		got = do_claim(folk, &store, subject);
		outlived += got != PSG_OK && folk_live(folk, subject) > 0;
		assert_int_equal(folk_try(folk, subject, folk_code(folk, &folk->phone, 1), NULL),
				 PSG_OK);
	}
	/* A disk that takes the record and from then on nothing at all, no end, no byte, no rename: there
	 * a whole record of a right code stands, though the caller was refused. It takes a failure of
	 * one of the looks between the write and success; they are these few. */
	assert_true(outlived <= 5);
}

static void ending_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);

	folk_enroll(folk, "alice", &folk->phone);
	for (int n = 0; faults.struck; n++) {
		struct psg_activation a = folk_activate(folk, "alice", "Closers");
		bool first;
		enum psg_err err;

		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_activation_end(&store, "alice", a.file, PSG_END_DEACTIVATED, &first);
		if (err == PSG_OK)
			assert_int_equal(folk_live(folk, "alice"), 0);
		folk_pass(folk, 30);
	}
}

static void binding_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);
	struct psg_grant grant = folk_grant("Closers");

	grant.scope = PSG_SCOPE_SESSION;
	grant.ticket = ticket;
	for (int n = 0; faults.struck; n++) {
		struct psg_activation a, after;
		char subject[16];
		enum psg_err err;

		/* Each time a fresh person: what was made before costs operations too, and the n-th would
		 * never be beyond the last. */
		(void)snprintf(subject, sizeof(subject), "b%d", n);

		assert_int_equal(psg_people_grant(folk->store, subject, &grant, &a), PSG_OK);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_activation_bind(&store, subject, a.file, &here);
		after = folk_activation(folk, subject, a.file);
		if (err == PSG_OK)
			assert_true(after.bound && !after.ended);
		else
			/* Unbound, ended, or bound to nothing. */
			assert_true(!after.bound || after.ended || after.binding.leader.pid == 0);
		folk_pass(folk, 1);
	}
}

static enum psg_err look(struct folk *folk, struct psg_store *store, size_t *ret_count)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	enum psg_err err = psg_people_activations_in(store, "alice", &call, &list);

	(void)folk;
	if (err == PSG_OK)
		*ret_count = list.count;
	return err;
}

/* A failing store is an error, never an empty list. */
static void store_errors_deny(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);
	struct psg_activation a;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	for (int n = 0; faults.struck; n++) {
		struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
		size_t count = 0;
		enum psg_err err;

		faults = (struct faults){.left = n, .err = PSG_ERR_LIMIT};
		err = look(folk, &store, &count);
		assert_int_equal(err, faults.struck ? PSG_ERR_LIMIT : PSG_OK);
		assert_int_equal(count, err == PSG_OK ? 1 : 0);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_people_credentials(&store, "alice", &list);
		assert_int_equal(err, faults.struck ? PSG_ERR_IO : PSG_OK);
		faults.struck = n < 12;
	}
}

static void tidying_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);

	for (int n = 0; faults.struck; n++) {
		struct psg_activation a;
		char code[16];

		folk_enroll(folk, "alice", &folk->phone);
		(void)folk_try(folk, "alice", "000000", NULL);
		a = folk_activate(folk, "alice", "A");
		assert_int_equal(
		    psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL), PSG_OK);
		folk_pass(folk, 30);
		(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
		a = folk_activate(folk, "alice", "B");
		folk_pass(folk, 90000);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		if (psg_people_tidy(&store, "alice") == PSG_OK)
			assert_false(faults.struck);
		assert_true(folk_has(folk, "alice", "spent", a.file));
		assert_int_equal(folk_live(folk, "alice"), 0);
	}
}

/* A login of alice's that begins with an audit id, fresh or one that the process above it has already. */
static struct psg_call arrival(uint32_t parent_audit_id, uid_t real_uid)
{
	struct psg_leader self = {100, 7};

	return (struct psg_call){.pid = 100,
				 .real_uid = real_uid,
				 .subject_uid = 1000,
				 .audit_id = 5,
				 .parent_audit_id = parent_audit_id,
				 .leader = self,
				 .lineage = {self},
				 .lineage_count = 1};
}

static enum psg_err arrive(struct psg_store *store, struct psg_call *call, int fail_at,
			   struct faults *faults, enum psg_err err)
{
	*faults = (struct faults){.left = fail_at, .for_ever = true, .err = err};
	return psg_session_register(store, "alice", "sshd", true, call);
}

/* Whoever needs no registration goes on without; where the audit id is an older login's it must be written down. */
static void no_room_for_a_registration(void **state)
{
	static const enum psg_err rooms[] = {PSG_ERR_NO_ROOM, PSG_ERR_NO_INODES, PSG_ERR_QUOTA,
					     PSG_ERR_READ_ONLY};
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = faulty_store(folk, &root, &faults);

	for (size_t i = 0; i < PSG_COUNT(rooms); i++) {
		struct psg_call call = arrival(4, 0), shared = arrival(5, 0), led = arrival(4, 0);

		assert_int_equal(arrive(&store, &call, 0, &faults, rooms[i]), PSG_OK);
		assert_false(call.audit_own);
		assert_int_equal(call.login.pid, 0);
		assert_int_equal(arrive(&store, &shared, 0, &faults, rooms[i]), rooms[i]);
		led.leader = (struct psg_leader){90, 6};
		assert_int_equal(arrive(&store, &led, 0, &faults, rooms[i]), rooms[i]);
	}
	for (int n = 0; n < 4; n++) {
		struct psg_call call = arrival(4, 0), shared = arrival(5, 0);

		assert_int_equal(arrive(&store, &call, n, &faults, PSG_ERR_IO), PSG_ERR_IO);
		assert_int_not_equal(arrive(&store, &shared, n, &faults, PSG_ERR_NO_ROOM), PSG_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_MEMORY(claim_fails_at_every_call),  FOLK_MEMORY(claim_fails_from_every_call_on),
	    FOLK_MEMORY(ending_fails_at_every_call), FOLK_MEMORY(binding_fails_at_every_call),
	    FOLK_MEMORY(store_errors_deny),          FOLK_MEMORY(tidying_fails_at_every_call),
	    FOLK_MEMORY(no_room_for_a_registration),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
