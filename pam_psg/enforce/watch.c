/* Sleeping until the store or the clock says otherwise: inotify on what counts, and timers on both clocks.
 *
 * A folder is watched before it is read, by the caller's order of calls: what is made in between is seen. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "psg/enforce.h"

#define STORE_EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)
#define PEOPLE_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
#define PERSON_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
/* A record is made empty and then written, perhaps by a process that is stopped before it closes. */
#define SPENT_EVENTS (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)

/* Which person a watch is of; the kernel's numbers are small and rise. */
struct slot {
	char *subject; /* NULL: none */
	bool spent;    /* the person's spent/, else the person's folder */
};

struct psg_watch {
	char path[PATH_MAX];
	int inotify, boot_timer, wall_timer;
	int parent, store,
	    people;       /* watches; the parent tells of a store put in the place of this one */
	const char *name; /* of the store in its parent */
	struct slot *slots;
	size_t slot_count;
	char buffer[65536] __attribute__((aligned(8)));
	size_t at, filled; /* events not yet handed out */
};

void psg_watch_close(struct psg_watch **watch)
{
	struct psg_watch *old = *watch;

	*watch = NULL;
	if (!old)
		return;
	psg_close_fd(&old->inotify);
	psg_close_fd(&old->boot_timer);
	psg_close_fd(&old->wall_timer);
	for (size_t i = 0; i < old->slot_count; i++)
		free(old->slots[i].subject);
	free(old->slots);
	free(old);
}

/* Fires when somebody sets the clock: its own time is the year 2255, near the end of what the kernel can count. */
static bool arm_wall(int timer)
{
	struct itimerspec never = {.it_value.tv_sec = INT64_C(9000000000)};

	return timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) ==
	       0;
}

static void watch_parent(struct psg_watch *watch)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(watch->path, '/');
	size_t len = slash ? (size_t)(slash - watch->path) : 0;

	watch->name = slash ? slash + 1 : watch->path;
	memcpy(parent, watch->path, len);
	strcpy(parent + len, len ? "" : "/");
	watch->parent = inotify_add_watch(watch->inotify, parent, PARENT_EVENTS);
}

static void watch_people(struct psg_watch *watch)
{
	char people[PATH_MAX + 16];

	(void)snprintf(people, sizeof(people), "%s/people", watch->path);
	watch->people = inotify_add_watch(watch->inotify, people, PEOPLE_EVENTS);
}

enum psg_err psg_watch_open(const char *path, struct psg_watch **ret)
{
	struct psg_watch *watch PSG_CLEANUP(psg_watch_close) = calloc(1, sizeof(*watch));

	if (!watch)
		return PSG_ERR_NO_MEMORY;
	watch->inotify = watch->boot_timer = watch->wall_timer = -1;
	if (strlen(path) >= sizeof(watch->path) - 2 * PSG_FOLDER_NAME_SIZE)
		return PSG_ERR_INVALID;
	strcpy(watch->path, path);
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->boot_timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	watch->wall_timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->inotify < 0 || watch->boot_timer < 0 || watch->wall_timer < 0 ||
	    !arm_wall(watch->wall_timer))
		return psg_err_from_errno(errno);
	while (strlen(watch->path) > 1 && watch->path[strlen(watch->path) - 1] == '/')
		watch->path[strlen(watch->path) - 1] = '\0';
	watch_parent(watch);
	watch->store = inotify_add_watch(watch->inotify, path, STORE_EVENTS);
	if (watch->store >= 0)
		watch_people(watch);
	if (watch->parent < 0 || watch->store < 0 || watch->people < 0)
		return errno == ENOSPC ? PSG_ERR_LIMIT : psg_err_from_errno(errno);
	*ret = watch;
	watch = NULL;
	return PSG_OK;
}

static enum psg_err keep(struct psg_watch *watch, int number, const char *subject, bool spent)
{
	size_t at = (size_t)number;

	if (at >= watch->slot_count) {
		size_t count = 2 * at + 16;
		struct slot *grown = reallocarray(watch->slots, count, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		memset(grown + watch->slot_count, 0, (count - watch->slot_count) * sizeof(*grown));
		watch->slots = grown;
		watch->slot_count = count;
	}
	/* The same folder gives the same number again. */
	if (watch->slots[at].subject)
		return PSG_OK;
	watch->slots[at] = (struct slot){.subject = strdup(subject), .spent = spent};
	return watch->slots[at].subject ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static enum psg_err add(struct psg_watch *watch, const char *subject, bool spent)
{
	char folder[PSG_FOLDER_NAME_SIZE], path[PATH_MAX + PSG_FOLDER_NAME_SIZE + 32];
	enum psg_err err = psg_folder_name(subject, folder);

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/people/%s%s", watch->path, folder,
		       spent ? "/spent" : "");
	int number = inotify_add_watch(watch->inotify, path, spent ? SPENT_EVENTS : PERSON_EVENTS);

	if (number < 0 && errno == ENOENT)
		return PSG_OK;
	if (number < 0)
		return errno == ENOSPC ? PSG_ERR_LIMIT : psg_err_from_errno(errno);
	return keep(watch, number, subject, spent);
}

enum psg_err psg_watch_person(struct psg_watch *watch, const char *subject)
{
	/* The person's folder first: a spent/ made between the two is then seen coming. */
	enum psg_err err = add(watch, subject, false);

	return err ? err : add(watch, subject, true);
}

static struct slot *slot_of(struct psg_watch *watch, int number)
{
	return number >= 0 && (size_t)number < watch->slot_count && watch->slots[number].subject
		   ? &watch->slots[number]
		   : NULL;
}

/* True when the event means something to the caller. */
static bool judge(struct psg_watch *watch, const struct inotify_event *event, enum psg_stir *ret,
		  char ret_subject[static PSG_SUBJECT_SIZE])
{
	struct slot *slot = slot_of(watch, event->wd);

	*ret = PSG_STIR_GONE;
	if (event->wd == watch->parent)
		return event->len > 0 && !strcmp(event->name, watch->name);
	if (event->wd == watch->store &&
	    (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)))
		return true;
	*ret = PSG_STIR_ALL;
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (event->mask & IN_IGNORED) {
		/* The folder went; its number is never given again. */
		if (slot)
			free(slot->subject);
		if (slot)
			slot->subject = NULL;
		return false;
	}
	if (event->wd == watch->store) {
		/* Put back from a backup: the watch is still on the folder that was there before. */
		if (event->len > 0 && !strcmp(event->name, "people")) {
			watch_people(watch);
			return true;
		}
		return (event->mask & IN_MOVED_TO) && event->len > 0 &&
		       !strcmp(event->name, "policy");
	}
	*ret = PSG_STIR_PERSON;
	if (event->wd == watch->people)
		return event->len > 0 && psg_folder_subject(event->name, ret_subject) == PSG_OK;
	if (!slot || (event->len > 0 && event->name[0] == '.'))
		return false;
	strcpy(ret_subject, slot->subject);
	return true;
}

static bool next_event(struct psg_watch *watch, enum psg_stir *ret,
		       char ret_subject[static PSG_SUBJECT_SIZE])
{
	for (;;) {
		if (watch->at >= watch->filled) {
			ssize_t got = read(watch->inotify, watch->buffer, sizeof(watch->buffer));

			if (got <= 0)
				return false;
			watch->at = 0;
			watch->filled = (size_t)got;
		}
		const struct inotify_event *event =
		    (const struct inotify_event *)(const void *)(watch->buffer + watch->at);

		watch->at += sizeof(*event) + event->len;
		if (judge(watch, event, ret, ret_subject))
			return true;
	}
}

static enum psg_err set_deadline(struct psg_watch *watch, int64_t left_ns)
{
	struct itimerspec when = {.it_value.tv_sec = 0};

	if (left_ns != INT64_MAX) {
		left_ns = left_ns > 0 ? left_ns : 1;
		when.it_value.tv_sec = left_ns / PSG_NS_PER_S;
		when.it_value.tv_nsec = left_ns % PSG_NS_PER_S;
	}
	return timerfd_settime(watch->boot_timer, 0, &when, NULL) == 0 ? PSG_OK : PSG_ERR_CLOCK;
}

enum psg_err psg_watch_wait(struct psg_watch *watch, int64_t left_ns, enum psg_stir *ret,
			    char ret_subject[static PSG_SUBJECT_SIZE])
{
	struct pollfd fds[] = {{.fd = watch->inotify, .events = POLLIN},
			       {.fd = watch->boot_timer, .events = POLLIN},
			       {.fd = watch->wall_timer, .events = POLLIN}};
	uint64_t count;
	enum psg_err err = set_deadline(watch, left_ns);

	while (!err) {
		if (next_event(watch, ret, ret_subject))
			return PSG_OK;
		if (poll(fds, PSG_COUNT(fds), -1) < 0 && errno != EINTR)
			return PSG_ERR_IO;
		if (fds[2].revents && read(watch->wall_timer, &count, sizeof(count)) < 0 &&
		    errno == ECANCELED) {
			*ret = PSG_STIR_ALL;
			return arm_wall(watch->wall_timer) ? PSG_OK : PSG_ERR_CLOCK;
		}
		if (fds[1].revents && read(watch->boot_timer, &count, sizeof(count)) > 0) {
			*ret = PSG_STIR_TIME;
			return PSG_OK;
		}
	}
	return err;
}
