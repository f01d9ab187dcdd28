/* What session a call is in, on a process table of our own. */
#include "session_table.h"

static void check_lineage(pid_t pid, const pid_t *pids, size_t count)
{
	struct psg_call call = call_of(pid);

	assert_int_equal(call.lineage_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(call.lineage[i].pid, pids[i]);
}

/* It ends at the first session leader of real uid 0, that one included. */
static void lineage_ends(void **state)
{
	(void)state;
	check_lineage(63, (const pid_t[]){63, 62, 61, 60}, 4);
	check_lineage(60, (const pid_t[]){60}, 1);
	check_lineage(61, (const pid_t[]){61, 60}, 2);
	check_lineage(66, (const pid_t[]){66, 65}, 2);
	check_lineage(67, (const pid_t[]){67, 66, 65}, 3);
	check_lineage(68, (const pid_t[]){68}, 1);
	check_lineage(70, (const pid_t[]){70, 1}, 2);
	check_lineage(1, (const pid_t[]){1}, 1);
	check_lineage(73, (const pid_t[]){73}, 1);
}

static void reused_parent(void **state)
{
	struct psg_call call = call_of(74);

	(void)state;
	check_lineage(74, (const pid_t[]){74}, 1);
	/* nor is that stranger's audit id taken for the parent's: it would make ours look fresh */
	assert_int_equal(call.parent_audit_id, call.audit_id);
}

static void lineage_too_long(void **state)
{
	static struct process chain[PSG_LINEAGE_MAX + 50];
	struct table long_table = {chain, PSG_COUNT(chain), 0};
	const struct psg_proc long_proc = {table_info, &long_table};
	struct psg_call call;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(chain); i++)
		chain[i] =
		    (struct process){(pid_t)i + 1, {(pid_t)i, 9999, i, USER, NONE, 0, false}};
	assert_int_equal(psg_session_identify(&long_proc, PSG_COUNT(chain), USER, &call), PSG_OK);
	assert_int_equal(call.lineage_count, PSG_LINEAGE_MAX);
	assert_int_equal(call.lineage[0].pid, PSG_COUNT(chain));
	/* one that is its own parent, too */
	chain[0].info = (struct psg_proc_info){1, 9999, 1, USER, NONE, 0, false};
	assert_int_equal(psg_session_identify(&long_proc, 1, USER, &call), PSG_OK);
	assert_int_equal(call.lineage_count, PSG_LINEAGE_MAX);
}

static void identity(void **state)
{
	struct psg_call call = call_of(63);

	(void)state;
	assert_int_equal(call.pid, 63);
	assert_int_equal(call.real_uid, USER);
	assert_int_equal(call.subject_uid, USER);
	assert_int_equal(call.leader.pid, 62);
	assert_int_equal(call.leader.start_ticks, 102);
	assert_int_equal(call.lineage[3].start_ticks, 100);
	assert_int_equal(call.audit_id, 7);
	assert_int_equal(call.parent_audit_id, 7);
	assert_false(call.audit_own);
	assert_false(call.has_ticket);
	/* a fresh id differs from the parent's; a vanished parent's is not known to */
	assert_int_equal(call_of(60).parent_audit_id, NONE);
	assert_int_equal(call_of(73).parent_audit_id, 7);
	assert_int_equal(call_of(1).parent_audit_id, NONE);
	assert_int_equal(call_of(76).parent_audit_id, NONE);
	assert_int_equal(call_of(1).leader.pid, 1);
	/* no leader to speak of: gone, or in another namespace */
	assert_int_equal(call_of(70).leader.pid, 0);
	assert_int_equal(call_of(72).leader.pid, 0);
}

/* Whatever cannot be read is an error, whichever it is. */
static void proc_unreadable(void **state)
{
	static const pid_t needed[] = {63, 62, 61, 60};
	struct psg_call call = {.pid = 5};
	bool alive = true;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(needed); i++) {
		table.unreadable = needed[i];
		assert_int_equal(psg_session_identify(&table_proc, 63, USER, &call), PSG_ERR_PROC);
		assert_int_equal(call.pid, 5);
		assert_int_equal(
		    psg_session_alive(&table_proc, &(struct psg_leader){needed[i], 1}, &alive),
		    PSG_ERR_PROC);
		assert_true(alive);
	}
	table.unreadable = 50;
	assert_int_equal(psg_session_identify(&table_proc, 63, USER, &call), PSG_OK);
	table.unreadable = 0;
	assert_int_equal(psg_session_identify(&table_proc, 4711, USER, &call), PSG_ERR_PROC);
}

static void alive(void **state)
{
	static const struct {
		struct psg_leader leader;
		bool alive;
	} rows[] = {
	    {{60, 100}, true},  {{60, 101}, false}, {{60, 0}, false},
	    {{4711, 1}, false}, {{0, 0}, false},    {{-1, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		bool is = !rows[i].alive;

		assert_int_equal(psg_session_alive(&table_proc, &rows[i].leader, &is), PSG_OK);
		assert_int_equal(is, rows[i].alive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lineage_ends),     cmocka_unit_test(reused_parent),
	    cmocka_unit_test(lineage_too_long), cmocka_unit_test(identity),
	    cmocka_unit_test(proc_unreadable),  cmocka_unit_test(alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
