/* psgctl log: what happened, read from the store's log as it stands, or as it grows.
 *
 * A line may be torn (a full disk, a killed writer) and everything in it came from strangers: what is no
 * JSON object is skipped and counted, what is shown is made harmless first. */
#include "log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_MS 250

struct words {
	const char *since, *until, *limit;
	bool users, groups, services, kinds; /* whether any was given */
	bool prune;
};

struct viewer {
	struct ctl *ctl;
	struct psg_log *log;
	struct log_filter filter;
	struct log_deny *deny;
	bool follow, lines, would_deny, limited;
	uint64_t limit;
	size_t shown, damaged;
	json_t **newest; /* the newest first */
	size_t newest_count, newest_room;
};

static void viewer_clear(struct viewer *viewer)
{
	psg_log_close(&viewer->log);
	log_deny_free(&viewer->deny);
	for (size_t i = 0; i < viewer->newest_count; i++)
		json_decref(viewer->newest[i]);
	free(viewer->newest);
}

/* An event that is wanted, to be freed; NULL for any other line. */
static json_t *wanted(struct viewer *viewer, const struct psg_log_line *line)
{
	if (!log_filter_may(&viewer->filter, line))
		return NULL;
	json_t *event = json_loadb(line->text, line->len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(event) && log_filter_wants(&viewer->filter, event))
		return event;
	viewer->damaged += !json_is_object(event);
	json_decref(event);
	return NULL;
}

/* Takes over the event. */
static enum psg_err show(struct viewer *viewer, json_t *event)
{
	enum psg_err err = PSG_OK;

	if (viewer->would_deny)
		err = log_deny_add(viewer->deny, event);
	else if (!viewer->ctl->json)
		log_print(event);
	else if (viewer->lines)
		ctl_json_line(json_incref(event));
	else
		ctl_json_array_put(&viewer->shown, json_incref(event));
	json_decref(event);
	return err;
}

/* Up to the end as it is now. */
static enum psg_err read_on(struct viewer *viewer)
{
	struct psg_log_line line;
	enum psg_err err = PSG_OK;

	while (!err && !ferror(stdout)) {
		err = psg_log_next(viewer->log, &line);
		json_t *event = err ? NULL : wanted(viewer, &line);

		if (event)
			err = show(viewer, event);
	}
	viewer->damaged += psg_log_damaged(viewer->log, false);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err keep(struct viewer *viewer, json_t *event)
{
	if (viewer->newest_count == viewer->newest_room) {
		size_t room = viewer->newest_room ? 2 * viewer->newest_room : 64;
		json_t **grown = reallocarray(viewer->newest, room, sizeof(json_t *));

		if (!grown) {
			json_decref(event);
			return PSG_ERR_NO_MEMORY;
		}
		viewer->newest = grown;
		viewer->newest_room = room;
	}
	viewer->newest[viewer->newest_count++] = event;
	return PSG_OK;
}

/* The newest that are wanted, read from the end, shown in their order. */
static enum psg_err show_newest(struct viewer *viewer)
{
	struct psg_log_line line;
	enum psg_err err = PSG_OK;

	/* One look at least: what is followed begins behind it. */
	do {
		err = psg_log_previous(viewer->log, &line);
		if (err || viewer->newest_count >= viewer->limit)
			break;
		json_t *event = wanted(viewer, &line);

		if (event)
			err = keep(viewer, event);
	} while (!err && viewer->newest_count < viewer->limit);
	if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK;
	viewer->damaged += psg_log_damaged(viewer->log, false);
	while (!err && viewer->newest_count > 0)
		err = show(viewer, viewer->newest[--viewer->newest_count]);
	return err;
}

static void say_damaged(struct viewer *viewer)
{
	if (viewer->damaged > 0)
		ctl_note(viewer->ctl, "%zu damaged line%s skipped", viewer->damaged,
			 viewer->damaged == 1 ? " was" : "s were");
	viewer->damaged = 0;
}

/* Until the reader of our output is gone, or an error. */
static enum psg_err follow(struct viewer *viewer)
{
	enum psg_err err = PSG_OK;

	while (!err) {
		say_damaged(viewer);
		if (fflush(stdout) != 0)
			break;
		struct pollfd reader = {.fd = STDOUT_FILENO, .events = 0};

		if (poll(&reader, 1, FOLLOW_MS) > 0)
			break;
		err = read_on(viewer);
	}
	return err;
}

static enum ctl_exit view(struct viewer *viewer)
{
	struct ctl *ctl = viewer->ctl;
	enum psg_err err = psg_log_open(ctl->store->root, &viewer->log);

	if (!err && viewer->would_deny && !(viewer->deny = log_deny_new()))
		err = PSG_ERR_NO_MEMORY;
	if (!err)
		err = viewer->limited ? show_newest(viewer) : read_on(viewer);
	if (!err && viewer->follow)
		err = follow(viewer);
	if (err)
		return ctl_store_error(ctl, "cannot read the log", err);
	viewer->damaged += psg_log_damaged(viewer->log, true);
	say_damaged(viewer);
	if (viewer->would_deny)
		return log_deny_print(ctl, viewer->deny);
	return ctl->json && !viewer->lines ? ctl_json_array_end(viewer->shown) : CTL_DONE;
}

static bool usage(const struct ctl *ctl, const char *problem)
{
	ctl_error(ctl, "%s", problem);
	ctl_print_usage(ctl->command);
	return false;
}

/* "$USER" that is not set, say: not everybody's lines, and not nobody's without a word. */
static bool has_empty(const char *const *values)
{
	while (*values && **values)
		values++;
	return *values != NULL;
}

/* What does not go together, and what is no name or number. */
static bool is_sound(struct viewer *viewer, const struct words *words)
{
	const struct ctl *ctl = viewer->ctl;
	bool filtered = words->users || words->groups || words->services || words->kinds ||
			words->since || words->until || words->limit;

	if (words->prune && (filtered || viewer->follow || viewer->would_deny || viewer->lines))
		return usage(ctl,
			     "--prune takes no other option: the Gate settings say what is kept");
	if (viewer->would_deny && (viewer->follow || viewer->lines || words->limit || words->kinds))
		return usage(ctl,
			     "--would-deny sums up all lines of one kind: it goes with no --kind, "
			     "--limit, --follow or --json-lines");
	if (viewer->follow && words->until)
		return usage(ctl, "--follow goes on without end: leave --until out");
	if (words->limit && psg_u64_parse(words->limit, &viewer->limit) != PSG_OK)
		return usage(ctl, "--limit takes a number of lines");
	if (has_empty(viewer->filter.users) || has_empty(viewer->filter.groups) ||
	    has_empty(viewer->filter.services))
		return usage(ctl, "--user, --group and --service take a name, not an empty one");
	viewer->limited = words->limit != NULL;
	return log_filter_kinds(ctl, viewer->filter.kinds);
}

static bool read_times(struct viewer *viewer, const struct words *words)
{
	struct log_filter *filter = &viewer->filter;

	filter->has_since = words->since != NULL;
	filter->has_until = words->until != NULL;
	return (!words->since ||
		log_filter_time(viewer->ctl, "--since", words->since, false, &filter->since_s)) &&
	       (!words->until ||
		log_filter_time(viewer->ctl, "--until", words->until, true, &filter->until_s));
}

static enum ctl_exit prune(struct ctl *ctl)
{
	struct psg_log_retained done;
	enum ctl_exit status = ctl_log_retain(ctl, &done);

	return status || !ctl->json ? status : ctl_print_json(log_retained_json(&done));
}

enum ctl_exit ctl_log(struct ctl *ctl)
{
	struct viewer viewer PSG_CLEANUP(viewer_clear) = {.ctl = ctl};
	struct log_filter *filter = &viewer.filter;
	struct words words = {0};
	const struct ctl_option options[] = {
	    {"user", true, &filter->users[0], &words.users},
	    {"group", true, &filter->groups[0], &words.groups},
	    {"service", true, &filter->services[0], &words.services},
	    {"kind", true, &filter->kinds[0], &words.kinds},
	    {"since", true, &words.since, NULL},
	    {"until", true, &words.until, NULL},
	    {"limit", true, &words.limit, NULL},
	    {"follow", false, NULL, &viewer.follow},
	    {"json-lines", false, NULL, &viewer.lines},
	    {"would-deny", false, NULL, &viewer.would_deny},
	    {"prune", false, NULL, &words.prune},
	    {NULL, false, NULL, NULL}};

	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL) || !is_sound(&viewer, &words))
		return CTL_USAGE;
	if (!read_times(&viewer, &words))
		return CTL_INVALID;
	ctl->json |= viewer.lines;
	viewer.lines |= viewer.follow;
	if (viewer.would_deny)
		filter->kinds[0] = psg_event_name(PSG_EVENT_WOULD_REFUSE);
	if (!ctl_open_store(ctl, viewer.would_deny))
		return CTL_STORE;
	return words.prune ? prune(ctl) : view(&viewer);
}
