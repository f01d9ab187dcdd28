/* What an account check reads of a person: those activations that may be live, and the session only where one is
 * bound to it. */
#include "folk.h"

#include <stdio.h>
#include <string.h>

#define SEEN 8

struct seen {
	char files[SEEN][PSG_ACTIVATION_FILE_SIZE];
	size_t count, enough; /* enough: after so many */
	enum psg_err err;
};

static enum psg_err see(void *arg, struct psg_activation *activation, bool *ret_enough)
{
	struct seen *seen = arg;

	assert_true(activation->valid && !activation->ended && seen->count < SEEN);
	memcpy(seen->files[seen->count++], activation->file, sizeof(activation->file));
	*ret_enough = seen->count == seen->enough;
	return seen->err;
}

/* How many were kept. */
static size_t live(struct folk *folk, struct psg_call *call, struct seen *seen)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	assert_int_equal(psg_people_live(folk->store, "alice", call, see, seen, &list), PSG_OK);
	assert_int_equal(list.count, seen->count);
	return list.count;
}

static struct psg_activation grant(struct folk *folk, const char *target,
				   const struct psg_binding *binding)
{
	struct psg_grant wanted = folk_grant(target);
	struct psg_activation made;

	if (binding) {
		wanted.scope = PSG_SCOPE_SESSION;
		wanted.binding = binding;
	}
	folk_pass(folk, 1);
	assert_int_equal(psg_people_grant(folk->store, "alice", &wanted, &made), PSG_OK);
	return made;
}

static void administrators_then_newest(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct seen all = {.count = 0}, first = {.enough = 1};
	struct psg_activation older, newer, admin;

	folk_enroll(folk, "alice", &folk->phone);
	older = folk_activate(folk, "alice", "A");
	folk_pass(folk, 120);
	newer = folk_activate(folk, "alice", "B");
	admin = grant(folk, "C", NULL);
	assert_int_equal(live(folk, &call, &all), 3);
	assert_string_equal(all.files[0], admin.file);
	assert_string_equal(all.files[1], newer.file);
	assert_string_equal(all.files[2], older.file);
	assert_int_equal(live(folk, &call, &first), 1);
	assert_string_equal(first.files[0], admin.file);
}

/* Ended, lapsed, spent in vain, and of an earlier boot. */
static void what_is_over_is_left_out(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct seen seen = {.count = 0}, none = {.count = 0}, lapsed = {.count = 0};
	struct psg_activation ended = grant(folk, "A", NULL), stays = grant(folk, "B", NULL);

	assert_int_equal(
	    psg_activation_end(folk->store, "alice", ended.file, PSG_END_DEACTIVATED, NULL),
	    PSG_OK);
	folk_plant(folk, "alice", "spent", "admin-70", "", 0, folk->now.realtime_ns, false);
	assert_int_equal(live(folk, &call, &seen), 1);
	assert_string_equal(seen.files[0], stays.file);
	folk_pass(folk, 3600);
	assert_int_equal(live(folk, &call, &lapsed), 0);
	(void)grant(folk, "C", NULL);
	folk_reboot(folk, 5);
	assert_int_equal(live(folk, &call, &none), 0);
}

/* Whatever such a file says, its being there ends: it is not opened, so nothing wrong with it matters. */
static void an_end_of_any_kind_ends(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct seen seen = {.count = 0};
	char end[PSG_ACTIVATION_FILE_SIZE + 16];

	(void)snprintf(end, sizeof(end), "%s.ended", grant(folk, "A", NULL).file);
	folk_plant(folk, "alice", "spent", end, "", 0, folk->now.realtime_ns, true);
	assert_int_equal(live(folk, &call, &seen), 0);
}

static void the_session_is_found_when_needed(void **state)
{
	static const struct psg_binding session = {{100, 7}, PSG_AUDIT_NONE};
	struct folk *folk = *state;
	struct psg_call call = {.pid = 101, .subject_uid = 1000, .unknown = true};
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct seen host = {.count = 0}, bound = {.count = 0};

	(void)grant(folk, "A", NULL);
	folk->proc_error = PSG_ERR_PROC;
	assert_int_equal(live(folk, &call, &host), 1);
	assert_true(call.unknown);
	folk->proc_error = PSG_OK;
	folk->processes[0].pid = 100;
	folk->processes[0].info =
	    (struct psg_proc_info){.session = 100, .start_ticks = 7, .audit_id = PSG_AUDIT_NONE};
	folk->processes[1].pid = 101;
	folk->processes[1].info = (struct psg_proc_info){
	    .parent = 100, .session = 100, .start_ticks = 9, .audit_id = PSG_AUDIT_NONE};
	(void)grant(folk, "B", &session);
	folk->proc_error = PSG_ERR_PROC;
	assert_int_equal(psg_people_live(folk->store, "alice", &call, NULL, NULL, &list),
			 PSG_ERR_PROC);
	assert_true(call.unknown && list.count == 0);
	folk->proc_error = PSG_OK;
	assert_int_equal(live(folk, &call, &bound), 2);
	assert_false(call.unknown);
	assert_int_equal(call.lineage_count, 2);
	assert_int_equal(call.leader.pid, 100);
	assert_int_equal(psg_people_live(folk->store, "alice", &call, NULL, NULL, &list), PSG_OK);
	assert_true(list.count == 2 && list.items[0].in_session && list.items[1].in_session);
}

/* One that begins a login is in none, whoever started the daemon. */
static void who_begins_a_login_is_alone(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {
	    .pid = 101, .subject_uid = 1000, .unknown = true, .begins = true, .has_ticket = true};

	folk->processes[0].pid = 100;
	folk->processes[0].info =
	    (struct psg_proc_info){.session = 100, .start_ticks = 7, .audit_id = PSG_AUDIT_NONE};
	folk->processes[1].pid = 101;
	folk->processes[1].info = (struct psg_proc_info){
	    .parent = 100, .session = 100, .start_ticks = 9, .audit_id = PSG_AUDIT_NONE};
	call.ticket[3] = 5;
	assert_int_equal(psg_session_find(folk->store, "alice", &call), PSG_OK);
	assert_int_equal(call.lineage_count, 1);
	assert_int_equal(call.lineage[0].pid, 101);
	assert_true(call.has_ticket && call.ticket[3] == 5);
}

static void an_error_is_one(void **state)
{
	struct folk *folk = *state;
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_activations list = {0};
	struct seen seen = {.err = PSG_ERR_IO};

	(void)grant(folk, "A", NULL);
	assert_int_equal(psg_people_live(folk->store, "alice", &call, see, &seen, &list),
			 PSG_ERR_IO);
	assert_int_equal(list.count, 0);
	assert_int_equal(psg_people_live(folk->store, "nobody-there", &call, see, &seen, &list),
			 PSG_OK);
	assert_int_equal(list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(administrators_then_newest),  FOLK_BOTH(what_is_over_is_left_out),
	    FOLK_BOTH(an_end_of_any_kind_ends),     FOLK_BOTH(the_session_is_found_when_needed),
	    FOLK_BOTH(who_begins_a_login_is_alone), FOLK_BOTH(an_error_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
