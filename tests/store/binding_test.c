/* What an activation is bound to: on files and in memory. */
#include "folk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct psg_binding session_a = {{100, 7}, 5}, session_b = {{200, 8}, 6};

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

static size_t in_session(struct folk *folk, struct psg_call *call)
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

	folk_process(folk, 0, 100, 7);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(bind_is_first_come),
	    FOLK_BOTH(bind_too_late),
	    FOLK_BOTH(binding_in_any_state),
	    FOLK_BOTH(sessions_decide),
	};

	return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
