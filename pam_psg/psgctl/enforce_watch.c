/* `psgctl enforce --watch`: sleeps until an activation lapses or the store changes.
 *
 * MUST watch a person's folder before reading it: what changes in between stirs again.
 * MUST NOT end because something failed once: the store may be full, the name service away. It tries again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforce.h"

#define HOUR_NS                                                                                    \
	(INT64_C(3600) * PSG_NS_PER_S)      /* nobody is overlooked for longer, whatever got lost */
#define SOON_NS (INT64_C(5) * PSG_NS_PER_S) /* after a failure */
#define BLIND_NS (INT64_C(30) * PSG_NS_PER_S) /* where the kernel gives no watch */

struct person {
	char *subject;
	int64_t next_ns; /* boot time to look again at; INT64_MAX: only when stirred */
};

struct watching {
	struct enforce *enforce;
	struct psg_watch *watch;
	struct person *people;
	size_t count, room;
	bool blind;     /* not everybody could be watched */
	int64_t all_ns; /* boot time of the next look at everybody */
};

static void watching_clear(struct watching *watching)
{
	psg_watch_close(&watching->watch);
	for (size_t i = 0; i < watching->count; i++)
		free(watching->people[i].subject);
	free(watching->people);
}

static int64_t now_ns(const struct watching *watching)
{
	struct psg_now now = {.boottime_ns = 0};

	(void)!psg_clock_now(&watching->enforce->ctl->store->clock, &now);
	return now.boottime_ns;
}

static int64_t later(int64_t now, int64_t by_ns)
{
	return by_ns > INT64_MAX - now ? INT64_MAX : now + by_ns;
}

static struct person *find(struct watching *watching, const char *subject)
{
	for (size_t i = 0; i < watching->count; i++)
		if (!strcmp(watching->people[i].subject, subject))
			return &watching->people[i];
	return NULL;
}

static void set_next(struct watching *watching, const char *subject, int64_t next_ns)
{
	struct person *person = find(watching, subject);

	if (person) {
		person->next_ns = next_ns;
		return;
	}
	/* Who has nothing to wait for is not kept: the watch knows everybody. */
	if (next_ns == INT64_MAX)
		return;
	if (watching->count == watching->room) {
		size_t room = watching->room ? 2 * watching->room : 32;
		struct person *grown = reallocarray(watching->people, room, sizeof(*grown));

		if (grown) {
			watching->people = grown;
			watching->room = room;
		}
	}
	char *copy = watching->count < watching->room ? strdup(subject) : NULL;

	if (copy)
		watching->people[watching->count++] = (struct person){copy, next_ns};
	else
		watching->all_ns = later(now_ns(watching), SOON_NS);
}

static enum psg_err look_at(struct watching *watching, const char *subject)
{
	struct psg_logins logins PSG_CLEANUP(psg_logins_clear) = {0};
	struct psg_dues dues PSG_CLEANUP(psg_dues_clear) = {0};
	struct enforce *enforce = watching->enforce;
	int64_t left_ns = INT64_MAX;
	enum psg_err err = psg_watch_person(watching->watch, subject);

	watching->blind |= err == PSG_ERR_LIMIT;
	if (err == PSG_ERR_LIMIT)
		err = PSG_OK;
	if (!err)
		err = psg_logins_list(enforce->ctl->store, &logins);
	if (!err)
		err = psg_dues_read(enforce->ctl->store, subject, &logins, enforce_service, NULL,
				    &dues);
	if (!err && dues.count)
		err = enforce_act(enforce, &dues, &logins, &left_ns);
	if (err) {
		ctl_error(enforce->ctl, "judging %s: %s; trying again", ctl_safe(subject),
			  psg_strerror(err));
		left_ns = SOON_NS;
	}
	set_next(watching, subject, later(now_ns(watching), left_ns));
	return PSG_OK;
}

static enum psg_err look_at_one(void *arg, const char *subject)
{
	return look_at(arg, subject);
}

static void look_at_all(struct watching *watching)
{
	struct ctl *ctl = watching->enforce->ctl;
	bool was_blind = watching->blind;

	watching->blind = false;
	enum psg_err err = psg_people_each(ctl->store, look_at_one, watching);

	if (err)
		ctl_error(ctl, "looking at everybody: %s; trying again", psg_strerror(err));
	if (watching->blind && !was_blind)
		ctl_warn(ctl, "the kernel gives no more watches (fs.inotify.max_user_watches): "
			      "looking at everybody twice a minute instead");
	watching->all_ns = later(now_ns(watching), err               ? SOON_NS
						   : watching->blind ? BLIND_NS
								     : HOUR_NS);
}

static void look_at_due(struct watching *watching)
{
	int64_t now = now_ns(watching);

	if (now >= watching->all_ns) {
		enforce_forget(watching->enforce);
		look_at_all(watching);
		return;
	}
	/* The list may grow at its end meanwhile. */
	for (size_t i = 0; i < watching->count; i++)
		if (now >= watching->people[i].next_ns)
			(void)!look_at(watching, watching->people[i].subject);
}

static int64_t left(const struct watching *watching)
{
	int64_t first = watching->all_ns, now = now_ns(watching);

	for (size_t i = 0; i < watching->count; i++)
		if (watching->people[i].next_ns < first)
			first = watching->people[i].next_ns;
	return first > now ? first - now : 0;
}

/* The store and its watch, as they are at that path now. */
static enum psg_err reopen(struct watching *watching)
{
	struct ctl *ctl = watching->enforce->ctl;
	struct psg_store *store PSG_CLEANUP(psg_store_close) = NULL;
	struct psg_watch *watch PSG_CLEANUP(psg_watch_close) = NULL;
	enum psg_err err = psg_store_open(ctl->store_path, ctl->key_path, true, &store);

	/* Watched before it is read. */
	if (!err)
		err = psg_watch_open(ctl->store_path, &watch);
	if (err)
		return err;
	psg_watch_close(&watching->watch);
	psg_store_close(&ctl->store);
	psg_policy_close(&ctl->policy);
	watching->watch = watch;
	ctl->store = store;
	watch = NULL;
	store = NULL;
	return PSG_OK;
}

/* Somebody restores a backup, or mounts the store anew: what takes its place is watched as soon as it is there. */
static void begin_anew(struct watching *watching)
{
	const struct timespec pause = {.tv_sec = 1};
	struct ctl *ctl = watching->enforce->ctl;
	bool said = false;
	enum psg_err err;

	while ((err = reopen(watching)) != PSG_OK) {
		if (!said)
			ctl_error(ctl, "%s: %s; trying again every second", ctl->store_path,
				  psg_strerror(err));
		said = true;
		(void)nanosleep(&pause, NULL);
	}
	look_at_all(watching);
}

enum ctl_exit enforce_watch(struct enforce *enforce)
{
	struct watching watching PSG_CLEANUP(watching_clear) = {.enforce = enforce};
	struct ctl *ctl = enforce->ctl;
	enum psg_err err = psg_watch_open(ctl->store_path, &watching.watch);

	if (!err)
		look_at_all(&watching);
	ctl_note(ctl, "watching %s", ctl->store_path);
	while (!err) {
		char subject[PSG_SUBJECT_SIZE];
		enum psg_stir stir;

		err = psg_watch_wait(watching.watch, left(&watching), &stir, subject);
		if (!err && stir == PSG_STIR_PERSON)
			(void)!look_at(&watching, subject);
		else if (!err && stir == PSG_STIR_GONE)
			begin_anew(&watching);
		else if (!err && stir == PSG_STIR_ALL)
			look_at_all(&watching);
		else if (!err)
			look_at_due(&watching);
	}
	return ctl_store_error(ctl, "watching the store", err);
}
