/* A process that forks and exits every millisecond is gone before its pid was read. Nothing forks while kill(2) goes
 * over all processes of a user: after that they stand still, are found as they are, and the others go on.
 *
 * MUST NOT reach anybody but that user: the signals are sent as that user, by a child that has become it.
 * MUST NOT leave anybody stopped who was not, even when this process is killed in the middle of it: the child lets them
 *   go on when it hears no more of us (members_test: frozen_by_somebody_who_died). */
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLD_MS 2000

/* Of that user from here on: nothing is left in it to find, and there is no reason to trust it. */
static void become(uid_t uid)
{
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(1);
}

/* The child: says when they stand still, and waits until the other end of both pipes is let go of. */
static void hold(uid_t uid, int rope, int ready)
{
	struct pollfd end = {.fd = 0, .events = POLLIN};

	if (dup2(rope, 0) != 0 || dup2(ready, 1) != 1)
		_exit(1);
	(void)close_range(2, ~0U, 0);
	become(uid);
	(void)kill(-1, SIGSTOP);
	(void)!write(1, "", 1);
	(void)close(1);
	(void)poll(&end, 1, HOLD_MS);
	(void)kill(-1, SIGCONT);
	_exit(0);
}

static void wait_for(pid_t child, int *status)
{
	while (waitpid(child, status, 0) < 0 && errno == EINTR)
		continue;
}

static enum psg_err start_holder(uid_t uid, struct psg_freeze *ret)
{
	int rope[2], ready[2];
	char byte;

	if (pipe2(rope, O_CLOEXEC) != 0)
		return psg_err_from_errno(errno);
	int rope_end PSG_CLEANUP(psg_close_fd) = rope[0],
		     rope_ours PSG_CLEANUP(psg_close_fd) = rope[1];

	if (pipe2(ready, O_CLOEXEC) != 0)
		return psg_err_from_errno(errno);
	int ready_ours PSG_CLEANUP(psg_close_fd) = ready[0],
		       ready_end PSG_CLEANUP(psg_close_fd) = ready[1];
	pid_t child = fork();

	if (child < 0)
		return psg_err_from_errno(errno);
	if (child == 0) {
		(void)close(rope_ours);
		hold(uid, rope_end, ready_end);
	}
	psg_close_fd(&ready_end);
	ready_end = -1;
	/* Until they stand still, or the child is gone. */
	while (read(ready_ours, &byte, 1) < 0 && errno == EINTR)
		continue;
	*ret = (struct psg_freeze){uid, child, rope_ours};
	rope_ours = -1;
	return PSG_OK;
}

static enum psg_err remember_stopped(uid_t uid, struct psg_frozen *frozen)
{
	struct psg_processes all PSG_CLEANUP(psg_processes_clear) = {0};
	enum psg_err err = psg_processes_read(&all);

	for (size_t i = 0; i < all.count && !err; i++) {
		const struct psg_process *process = &all.items[i];

		if (!process->info.stopped || process->info.real_uid != uid)
			continue;
		struct psg_leader *grown =
		    reallocarray(frozen->before, frozen->before_count + 1, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		frozen->before = grown;
		grown[frozen->before_count++] =
		    (struct psg_leader){process->pid, process->info.start_ticks};
	}
	return err;
}

enum psg_err psg_freeze(uid_t uid, struct psg_frozen *frozen)
{
	if (uid == 0 || uid == (uid_t)-1)
		return PSG_OK;
	for (size_t i = 0; i < frozen->count; i++)
		if (frozen->users[i].uid == uid)
			return PSG_OK;
	struct psg_freeze *grown = reallocarray(frozen->users, frozen->count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	frozen->users = grown;
	enum psg_err err = remember_stopped(uid, frozen);

	if (!err)
		err = start_holder(uid, &grown[frozen->count]);
	frozen->count += !err;
	return err;
}

static void let_go(struct psg_freeze *user)
{
	int status = 0;

	psg_close_fd(&user->rope);
	wait_for(user->holder, &status);
	if (WIFEXITED(status))
		return;
	/* Somebody of that user's killed it before it could. */
	pid_t child = fork();

	if (child == 0) {
		become(user->uid);
		(void)kill(-1, SIGCONT);
		_exit(0);
	}
	if (child > 0)
		wait_for(child, &status);
}

static void stop_again(const struct psg_leader *who)
{
	int pidfd PSG_CLEANUP(psg_close_fd) = pidfd_open(who->pid, 0);
	bool alive = false;

	if (pidfd >= 0 && psg_session_alive(&psg_proc_system, who, &alive) == PSG_OK && alive)
		(void)pidfd_send_signal(pidfd, SIGSTOP, NULL, 0);
}

void psg_thaw(struct psg_frozen *frozen)
{
	for (size_t i = 0; i < frozen->count; i++)
		let_go(&frozen->users[i]);
	for (size_t i = 0; i < frozen->before_count; i++)
		stop_again(&frozen->before[i]);
	free(frozen->users);
	free(frozen->before);
	*frozen = (struct psg_frozen){.count = 0};
}
