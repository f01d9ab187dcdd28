/* A process that forks and exits every millisecond is gone before its pid was read. Nothing forks while kill(2) goes
 * over all processes of a user: after that they stand still, are found as they are, and the others go on.
 *
 * MUST NOT reach anybody but that user: the signal is sent as that user, by a child that has become it.
 * MUST NOT leave anybody stopped who was not: what is frozen is thawed on every return (PSG_CLEANUP). */
#include "freeze.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void signal_all(uid_t uid, int signal)
{
	pid_t child = fork();

	if (child == 0) {
		/* Of that user from here on: nothing to find in it, and no reason to trust it. */
		(void)close_range(0, ~0U, 0);
		if (prctl(PR_SET_DUMPABLE, 0) == 0 && setresuid(uid, uid, uid) == 0)
			(void)kill(-1, signal);
		_exit(0);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
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
	uid_t *grown = reallocarray(frozen->uids, frozen->count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	frozen->uids = grown;
	for (size_t i = 0; i < frozen->count; i++)
		if (grown[i] == uid)
			return PSG_OK;
	enum psg_err err = remember_stopped(uid, frozen);

	if (err)
		return err;
	grown[frozen->count++] = uid;
	signal_all(uid, SIGSTOP);
	return PSG_OK;
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
		signal_all(frozen->uids[i], SIGCONT);
	for (size_t i = 0; i < frozen->before_count; i++)
		stop_again(&frozen->before[i]);
	free(frozen->uids);
	free(frozen->before);
	*frozen = (struct psg_frozen){.count = 0};
}
