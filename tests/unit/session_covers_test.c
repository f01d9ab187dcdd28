/* Whose activation it is. */
#include "session_table.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

static const struct psg_now now = {.boottime_ns = 500 * PSG_NS_PER_S, .boot_id = BOOT};

static struct psg_activation bound_to(pid_t pid, uint64_t start, uint32_t audit_id)
{
	return (struct psg_activation){
	    .valid = true,
	    .scope = PSG_SCOPE_SESSION,
	    .boot_id = BOOT,
	    .created_boottime_ns = 450 * PSG_NS_PER_S,
	    .bound = true,
	    .binding = {{pid, start}, audit_id},
	};
}

static bool covers(const struct psg_call *call, const struct psg_activation *activation)
{
	bool first = true, second = false;

	/* whatever was in there before */
	assert_int_equal(psg_session_covers(&table_proc, call, activation, &now, &first), PSG_OK);
	assert_int_equal(psg_session_covers(&table_proc, call, activation, &now, &second), PSG_OK);
	assert_int_equal(first, second);
	return first;
}

static void covers_by_leader(void **state)
{
	static const struct {
		pid_t caller, leader;
		uint64_t start;
		bool covers;
	} rows[] = {
	    {63, 60, 100, true},  {63, 62, 102, true},  {64, 60, 100, true}, {60, 60, 100, true},
	    {63, 63, 103, true},  {63, 60, 101, false}, /* the pid, but another process */
	    {63, 50, 10, false},  {63, 1, 1, false},    /* beyond the end */
	    {66, 60, 100, false}, {66, 65, 105, true},  /* root's shell behind sudo's pty */
	    {68, 60, 100, false}, {68, 62, 102, false}, /* the login inside the login */
	    {63, 65, 105, false}, {63, 4711, 1, false}, /* no ancestor; not there */
	    {63, 0, 0, false},    {70, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		struct psg_call call = call_of(rows[i].caller);
		struct psg_activation a = bound_to(rows[i].leader, rows[i].start, NONE);

		if (covers(&call, &a) != rows[i].covers)
			fail_msg("row %zu", i);
	}
}

/* In the lineage that was seen, but no longer among the living. */
static void covers_dead_leader(void **state)
{
	struct psg_call call = call_of(63);
	struct psg_activation a = bound_to(60, 100, NONE);
	struct process others[64];
	const struct process *usual = table.processes;

	(void)state;
	assert_true(covers(&call, &a));
	assert_true(table.count <= PSG_COUNT(others));
	memcpy(others, usual, table.count * sizeof(*others));
	table.processes = others;
	others[2].pid = 4711;
	assert_false(covers(&call, &a));
	others[2].pid = 60;
	others[2].info.start_ticks++;
	assert_false(covers(&call, &a));
	table.processes = usual;
	table.unreadable = 60;
	bool is = true;

	assert_int_equal(psg_session_covers(&table_proc, &call, &a, &now, &is), PSG_ERR_PROC);
	table.unreadable = 0;
}

static void covers_by_audit_id(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		static const uid_t uids[] = {USER, 0, USER + 1, (uid_t)-1};
		bool own = bits & 1, equal = bits & 2, set = bits & 4, lives = bits & 8;
		uid_t real = uids[bits >> 4];
		/* 70 stands outside 60's lineage: the audit id alone decides. */
		struct psg_call call = call_of(70);
		struct psg_activation a = bound_to(60, lives ? 100 : 99, set ? 7 : NONE);

		call.audit_own = own;
		call.audit_id = !set ? NONE : equal ? 7 : 8;
		call.real_uid = real;
		assert_int_equal(covers(&call, &a), own && equal && set && lives && real == USER);
	}
	/* 68 is led by a login of its own, in 60's, and carries its id. */
	struct psg_call call = call_of(68);
	struct psg_activation a = bound_to(60, 100, 7);

	call.audit_own = true;
	call.real_uid = USER;
	assert_false(covers(&call, &a));
	/* A subject without an account is nobody's uid. */
	call = call_of(70);
	call.audit_own = true;
	assert_true(covers(&call, &a));
	call.subject_uid = call.real_uid = (uid_t)-1;
	assert_false(covers(&call, &a));
	/* Nor root by it: an sshd restarted in root's login carries that login's id. */
	call.subject_uid = call.real_uid = 0;
	assert_false(covers(&call, &a));
}

static void covers_one_boot(void **state)
{
	struct psg_call call = call_of(63);
	struct psg_activation a = bound_to(60, 100, NONE);

	(void)state;
	a.boot_id[0] = '2';
	assert_false(covers(&call, &a));
	a.boot_id[0] = '\0';
	assert_false(covers(&call, &a));
	a.scope = PSG_SCOPE_HOST;
	assert_true(covers(&call, &a)); /* that its boot is over, others see */
	a.valid = false;
	assert_false(covers(&call, &a));
	a = bound_to(60, 100, NONE);
	a.valid = false;
	assert_false(covers(&call, &a));
}

static void covers_by_ticket(void **state)
{
	const int64_t made = 450 * PSG_NS_PER_S;
	struct psg_call call = call_of(63);
	struct psg_activation a = bound_to(0, 0, NONE);
	struct psg_now at = now;
	bool is;

	(void)state;
	a.bound = false;
	a.has_ticket = call.has_ticket = true;
	memset(a.ticket, 0x5a, sizeof(a.ticket));
	memset(call.ticket, 0x5a, sizeof(call.ticket));
	assert_true(covers(&call, &a));
	for (size_t i = 0; i < sizeof(call.ticket); i++) {
		call.ticket[i] ^= 1;
		assert_false(covers(&call, &a));
		call.ticket[i] ^= 1;
	}
	call.has_ticket = false;
	assert_false(covers(&call, &a));
	call.has_ticket = true;
	a.has_ticket = false;
	assert_false(covers(&call, &a));
	a.has_ticket = true;
	/* bound elsewhere by now: the ticket is used up */
	a.bound = true;
	a.binding.leader = (struct psg_leader){68, 108};
	assert_false(covers(&call, &a));
	a.bound = false;
	a.boot_id[0] = '2';
	assert_false(covers(&call, &a));
	a.boot_id[0] = '1';
	static const struct {
		int64_t age;
		bool covers;
	} ages[] = {
	    {0, true}, {PSG_TICKET_LIFE_NS, true}, {PSG_TICKET_LIFE_NS + 1, false}, {-1, false}};

	for (size_t i = 0; i < PSG_COUNT(ages); i++) {
		at.boottime_ns = made + ages[i].age;
		is = !ages[i].covers;
		assert_int_equal(psg_session_covers(&table_proc, &call, &a, &at, &is), PSG_OK);
		assert_int_equal(is, ages[i].covers);
	}
}

static void imagined(void **state)
{
	struct psg_binding binding = {{60, 100}, 7};
	struct psg_activation a = bound_to(60, 100, NONE), other = bound_to(65, 105, 8);
	struct psg_activation by_audit = bound_to(62, 102, 7);
	struct psg_call call;

	(void)state;
	psg_session_imagine(&binding, USER, &call);
	assert_true(covers(&call, &a));
	assert_true(covers(&call, &by_audit));
	assert_false(covers(&call, &other));
	binding.leader.start_ticks++;
	psg_session_imagine(&binding, USER, &call);
	assert_false(covers(&call, &a));
	psg_session_imagine(&(struct psg_binding){{0, 0}, NONE}, USER, &call);
	assert_int_equal(call.lineage_count, 0);
	assert_false(covers(&call, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(imagined),           cmocka_unit_test(covers_by_leader),
	    cmocka_unit_test(covers_dead_leader), cmocka_unit_test(covers_by_audit_id),
	    cmocka_unit_test(covers_one_boot),    cmocka_unit_test(covers_by_ticket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
