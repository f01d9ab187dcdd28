/* What session a call is in, on a process table of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "psg/session.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define NONE PSG_AUDIT_NONE
#define USER 1000

/* -- a process table -- */

struct process {
	pid_t pid;
	struct psg_proc_info
	    info; /* parent, session, start, real uid, audit id, terminal, stopped */
};

/* One login by ssh, a shell, su in it; a sudo with a pty; an sshd run inside the login. */
static const struct process usual[] = {
    {1, {0, 1, 1, 0, NONE, 0, false}},
    {50, {1, 50, 10, 0, NONE, 0, false}},   /* sshd */
    {60, {50, 60, 100, 0, 7, 0, false}},    /* its monitor: the session's leader */
    {61, {60, 60, 101, USER, 7, 0, false}}, /* the user's sshd */
    {62, {61, 62, 102, USER, 7, 0, false}}, /* the shell */
    {63, {62, 62, 103, USER, 7, 0, false}}, /* su */
    {64, {62, 62, 104, USER, 7, 0, false}}, /* sudo */
    {65, {64, 65, 105, 0, 7, 0, false}},    /* its monitor on a pty */
    {66, {65, 65, 106, 0, 7, 0, false}},    /* a root shell */
    {67, {66, 66, 107, 0, 7, 0, false}},    /* an sshd started there */
    {68, {67, 68, 108, 0, 7, 0, false}},    /* its monitor: another login */
    {70, {1, 71, 200, USER, 7, 0, false}},  /* an orphan whose leader is gone */
    {72, {1, 0, 201, USER, 8, 0, false}},   /* a leader in another pid namespace */
    {73, {99, 73, 202, USER, 7, 0, false}}, /* the parent vanished */
    {74, {75, 74, 203, USER, 7, 0, false}}, /* the parent's pid is another's by now */
    {75, {1, 75, 204, 0, 7, 0, false}},
    {76, {0, 76, 205, 0, 9, 0, false}}, /* entered from another pid namespace */
};

struct table {
	const struct process *processes;
	size_t count;
	pid_t unreadable; /* this one cannot be read */
};

static enum psg_err table_info(void *self, pid_t pid, struct psg_proc_info *ret)
{
	const struct table *table = self;

	if (pid == table->unreadable)
		return PSG_ERR_PROC;
	for (size_t i = 0; i < table->count; i++) {
		if (table->processes[i].pid == pid) {
			*ret = table->processes[i].info;
			return PSG_OK;
		}
	}
	return PSG_ERR_NOT_FOUND;
}

static struct table table = {usual, PSG_COUNT(usual), 0};
static const struct psg_proc proc = {table_info, &table};

static struct psg_call call_of(pid_t pid)
{
	struct psg_call call;

	assert_int_equal(psg_session_identify(&proc, pid, USER, &call), PSG_OK);
	return call;
}

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
		assert_int_equal(psg_session_identify(&proc, 63, USER, &call), PSG_ERR_PROC);
		assert_int_equal(call.pid, 5);
		assert_int_equal(
		    psg_session_alive(&proc, &(struct psg_leader){needed[i], 1}, &alive),
		    PSG_ERR_PROC);
		assert_true(alive);
	}
	table.unreadable = 50;
	assert_int_equal(psg_session_identify(&proc, 63, USER, &call), PSG_OK);
	table.unreadable = 0;
	assert_int_equal(psg_session_identify(&proc, 4711, USER, &call), PSG_ERR_PROC);
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

		assert_int_equal(psg_session_alive(&proc, &rows[i].leader, &is), PSG_OK);
		assert_int_equal(is, rows[i].alive);
	}
}

/* -- whose activation it is -- */

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
	assert_int_equal(psg_session_covers(&proc, call, activation, &now, &first), PSG_OK);
	assert_int_equal(psg_session_covers(&proc, call, activation, &now, &second), PSG_OK);
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
	struct process others[PSG_COUNT(usual)];

	(void)state;
	assert_true(covers(&call, &a));
	memcpy(others, usual, sizeof(usual));
	table.processes = others;
	others[2].pid = 4711;
	assert_false(covers(&call, &a));
	others[2].pid = 60;
	others[2].info.start_ticks++;
	assert_false(covers(&call, &a));
	table.processes = usual;
	table.unreadable = 60;
	bool is = true;

	assert_int_equal(psg_session_covers(&proc, &call, &a, &now, &is), PSG_ERR_PROC);
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
		assert_int_equal(psg_session_covers(&proc, &call, &a, &at, &is), PSG_OK);
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
	    cmocka_unit_test(imagined),
	    cmocka_unit_test(lineage_ends),
	    cmocka_unit_test(reused_parent),
	    cmocka_unit_test(lineage_too_long),
	    cmocka_unit_test(identity),
	    cmocka_unit_test(proc_unreadable),
	    cmocka_unit_test(alive),
	    cmocka_unit_test(covers_by_leader),
	    cmocka_unit_test(covers_dead_leader),
	    cmocka_unit_test(covers_by_audit_id),
	    cmocka_unit_test(covers_one_boot),
	    cmocka_unit_test(covers_by_ticket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
