/* Ending sessions without systemd (DESIGN trap 10).
 *
 * MUST signal by pidfd alone, after the start time was checked behind it: a pid that was given to another
 *   process meanwhile is another process      (end_test: recycled_pid_is_not_signalled)
 * MUST judge each session just before its own first signal   (end_test: judged_just_before_its_signal)
 * MUST send TERM to the leader before anything else: sshd's monitor then closes its session; killed, it
 *   leaves the client working                 (tests/hosts/test_enforce.py)
 * MUST look again until nobody is left: what forks while it is being ended is ended too. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "freeze.h"
#include "roster.h"

#define GRACE_MS 700
#define KILL_WAIT_MS 100
#define KILL_ROUNDS 20
#define FREEZE_ROUND                                                                               \
	2 /* from here on those who were not caught by looking are made to stand still */
#define SPARED_NAMES 8

struct victim {
	struct psg_leader who;
	size_t ending; /* which session's */
	int pidfd;     /* -1: gone */
};

struct work {
	struct psg_ending *list;
	size_t count;
	const struct psg_logins *logins;
	struct victim *victims;
	struct psg_leader *known; /* the same, as the roster wants them */
	size_t victim_count, room;
};

static void work_clear(struct work *work)
{
	for (size_t i = 0; i < work->victim_count; i++)
		psg_close_fd(&work->victims[i].pidfd);
	free(work->victims);
	free(work->known);
}

/* -1 where that very process is gone. */
static enum psg_err open_victim(const struct psg_leader *who, int *ret_pidfd)
{
	struct psg_proc_info info;
	int pidfd PSG_CLEANUP(psg_close_fd) = pidfd_open(who->pid, 0);

	*ret_pidfd = -1;
	if (pidfd < 0)
		return errno == ESRCH ? PSG_OK : psg_err_from_errno(errno);
	/* Behind the open descriptor the pid cannot change hands any more. */
	enum psg_err err = psg_proc_system.info(NULL, who->pid, &info);

	if (err == PSG_ERR_NOT_FOUND || (!err && info.start_ticks != who->start_ticks))
		return PSG_OK;
	if (err)
		return err;
	*ret_pidfd = pidfd;
	pidfd = -1;
	return PSG_OK;
}

static enum psg_err make_room(struct work *work)
{
	size_t room = work->room ? 2 * work->room : 64;

	if (work->victim_count < work->room)
		return PSG_OK;
	struct victim *victims = reallocarray(work->victims, room, sizeof(*victims));

	if (victims)
		work->victims = victims;
	struct psg_leader *known = reallocarray(work->known, room, sizeof(*known));

	if (known)
		work->known = known;
	if (!victims || !known)
		return PSG_ERR_NO_MEMORY;
	work->room = room;
	return PSG_OK;
}

static bool is_known(const struct work *work, const struct psg_leader *who)
{
	for (size_t i = 0; i < work->victim_count; i++)
		if (psg_leader_same(&work->victims[i].who, who))
			return true;
	return false;
}

static enum psg_err add_victim(struct work *work, size_t ending, const struct psg_leader *who,
			       size_t *ret_new)
{
	struct victim victim = {.who = *who, .ending = ending};
	enum psg_err err = is_known(work, who) ? PSG_ERR_EXISTS : make_room(work);

	if (err)
		return err == PSG_ERR_EXISTS ? PSG_OK : err;
	err = open_victim(who, &victim.pidfd);
	/* Listed, and gone by now: perhaps only to have left a child. */
	if (!err)
		++*ret_new;
	if (err || victim.pidfd < 0)
		return err;
	work->known[work->victim_count] = *who;
	work->victims[work->victim_count++] = victim;
	return PSG_OK;
}

static void name_spared(struct psg_ending *ending, pid_t pid, size_t *names)
{
	char path[40], name[64] = "?", safe[128];

	if (++*names > SPARED_NAMES)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%jd/comm", (intmax_t)pid);
	int fd PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);

	if (got > 0)
		name[got] = '\0';
	name[strcspn(name, "\n")] = '\0';
	psg_escape_line(name, safe, sizeof(safe));
	psg_buf_format(&ending->spared, "%s%s (%jd)", ending->spared.len ? ", " : "", safe,
		       (intmax_t)pid);
}

/* Adds everybody who is found in the sessions now. */
static enum psg_err look_around(struct work *work, bool name_the_spared, size_t *ret_new)
{
	struct psg_roster roster PSG_CLEANUP(psg_roster_clear) = {.marks = NULL};
	enum psg_err err = psg_roster_read(&roster);

	*ret_new = 0;
	for (size_t e = 0; e < work->count && !err; e++) {
		struct psg_ending *ending = &work->list[e];
		size_t names = 0;

		if (ending->dropped)
			continue;
		err = psg_roster_mark(&roster, &ending->session, ending->subject_uid, work->logins,
				      work->known, work->victim_count);
		for (size_t i = 0; i < roster.processes.count && !err; i++) {
			const struct psg_process *process = &roster.processes.items[i];
			struct psg_leader who = {process->pid, process->info.start_ticks};

			if (roster.marks[i] == PSG_MEMBER_YES)
				err = add_victim(work, e, &who, ret_new);
			else if (roster.marks[i] == PSG_MEMBER_SPARED && name_the_spared)
				name_spared(ending, process->pid, &names);
		}
	}
	return err;
}

static void send_to(const struct victim *victim, int signal)
{
	if (victim->pidfd >= 0)
		(void)pidfd_send_signal(victim->pidfd, signal, NULL, 0);
}

static void ask_to_end(const struct work *work, size_t ending)
{
	static const int signals[] = {SIGHUP, SIGCONT, SIGTERM};
	const struct psg_leader *leader = &work->list[ending].session.leader;

	for (size_t i = 0; i < work->victim_count; i++) {
		const struct victim *victim = &work->victims[i];

		if (victim->ending == ending && psg_leader_same(&victim->who, leader)) {
			send_to(victim, SIGCONT);
			send_to(victim, SIGTERM);
		}
	}
	for (size_t i = 0; i < work->victim_count; i++) {
		const struct victim *victim = &work->victims[i];

		if (victim->ending != ending || psg_leader_same(&victim->who, leader))
			continue;
		for (size_t s = 0; s < PSG_COUNT(signals); s++)
			send_to(victim, signals[s]);
	}
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until all are gone, at most `limit_ms`. Returns how many are not. */
static size_t wait_for(struct work *work, int64_t limit_ms)
{
	int64_t end_ms = now_ms() + limit_ms;

	for (size_t i = 0; i < work->victim_count; i++) {
		struct victim *victim = &work->victims[i];
		struct pollfd poll_one = {.fd = victim->pidfd, .events = POLLIN};
		int64_t left_ms = end_ms - now_ms();

		if (victim->pidfd < 0)
			continue;
		/* One after the other: the last of them has had the whole time as well. */
		if (poll(&poll_one, 1, left_ms > 0 ? (int)left_ms : 0) == 1) {
			psg_close_fd(&victim->pidfd);
			victim->pidfd = -1;
			work->list[victim->ending].ended++;
		}
	}
	size_t alive = 0;

	for (size_t i = 0; i < work->victim_count; i++)
		alive += work->victims[i].pidfd >= 0;
	return alive;
}

static void let_off(struct work *work, size_t ending)
{
	work->list[ending].dropped = true;
	for (size_t i = 0; i < work->victim_count; i++)
		if (work->victims[i].ending == ending) {
			psg_close_fd(&work->victims[i].pidfd);
			work->victims[i].pidfd = -1;
		}
}

/* What came to live again while this looked around is let off. Judged and asked session by session: judged all
 * together, a session late in a long list would be ended on a judgement that a renewal has overtaken. */
static void judge_and_ask(struct work *work, psg_still_fn *still, void *arg)
{
	for (size_t e = 0; e < work->count; e++)
		if (still && !still(arg, &work->list[e]))
			let_off(work, e);
		else
			ask_to_end(work, e);
}

static void kill_all(const struct work *work)
{
	for (size_t i = 0; i < work->victim_count; i++)
		send_to(&work->victims[i], SIGKILL);
}

static enum psg_err freeze_all(const struct work *work, struct psg_frozen *frozen)
{
	enum psg_err err = PSG_OK;

	for (size_t e = 0; e < work->count && !err; e++)
		if (!work->list[e].dropped)
			err = psg_freeze(work->list[e].subject_uid, frozen);
	return err;
}

/* One look and one blow; *ret_found counts those who were there. Where everybody stands still nobody is overlooked. */
static enum psg_err kill_round(struct work *work, bool still, size_t *ret_found)
{
	struct psg_frozen frozen PSG_CLEANUP(psg_thaw) = {.count = 0};
	enum psg_err err = still ? freeze_all(work, &frozen) : PSG_OK, failed;

	failed = look_around(work, false, ret_found);
	kill_all(work);
	return err ? err : failed;
}

enum psg_err psg_sessions_end(struct psg_ending *list, size_t count,
			      const struct psg_logins *logins, psg_still_fn *still, void *arg)
{
	struct work work PSG_CLEANUP(work_clear) = {.list = list, .count = count, .logins = logins};
	size_t found = 0, alive;
	enum psg_err err = look_around(&work, true, &found), failed;

	/* What could be opened is ended, whatever could not. */
	judge_and_ask(&work, still, arg);
	alive = wait_for(&work, GRACE_MS);
	/* The first round finds who forked meanwhile; from the second on nobody does. */
	for (int round = 0; round < KILL_ROUNDS; round++) {
		failed = kill_round(&work, round > 0, &found);
		err = failed ? failed : round > 0 ? PSG_OK : err;
		alive = wait_for(&work, found || alive ? KILL_WAIT_MS : 0);
		if (round > 0 && !failed && found == 0 && alive == 0)
			break;
	}
	for (size_t i = 0; i < work.victim_count; i++)
		list[work.victims[i].ending].left += work.victims[i].pidfd >= 0;
	/* Somebody new was there each time: that many at least are left. */
	for (size_t e = 0; e < count && found; e++)
		if (!list[e].dropped && list[e].left == 0)
			list[e].left = 1;
	return err;
}
