#include "session_table.h"

/* -- a process table -- */

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

enum psg_err table_info(void *self, pid_t pid, struct psg_proc_info *ret)
{
	const struct table *mine = self;

	if (pid == mine->unreadable)
		return PSG_ERR_PROC;
	for (size_t i = 0; i < mine->count; i++) {
		if (mine->processes[i].pid == pid) {
			*ret = mine->processes[i].info;
			return PSG_OK;
		}
	}
	return PSG_ERR_NOT_FOUND;
}

struct table table = {usual, PSG_COUNT(usual), 0};
const struct psg_proc table_proc = {table_info, &table};

struct psg_call call_of(pid_t pid)
{
	struct psg_call call;

	assert_int_equal(psg_session_identify(&table_proc, pid, USER, &call), PSG_OK);
	return call;
}
