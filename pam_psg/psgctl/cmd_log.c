/* psgctl log: what happened, read from the store's log as it stands, or as it grows.
 *
 * A line may be torn (a full disk, a killed writer) and everything in it came from strangers: what is no
 * JSON object is skipped and counted, what is shown is made harmless first. */
#include "psgctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_FILE "log"
#define FOLLOW_MS 250

struct tail {
	struct ctl *ctl;
	const char *user;
	bool has_since, follow;
	int64_t since_s;
	int fd; /* -1: there is no log yet */
	size_t len, shown, damaged;
	bool skipping; /* inside a line longer than the buffer */
	char buffer[65536];
};

static const char *text_of(const json_t *event, const char *name)
{
	return json_string_value(json_object_get(event, name));
}

/* The log's times may carry a fraction of a second, which a filter by seconds does not need. */
static bool time_of(const json_t *event, int64_t *ret_s)
{
	const char *text = text_of(event, "time");
	char whole[PSG_TIME_SIZE];
	if (text == NULL || strlen(text) >= sizeof(whole))
		return false;
	size_t dot = strcspn(text, ".");
	size_t digits = text[dot] == '.' ? 1 + strspn(text + dot + 1, "0123456789") : 0;
	memcpy(whole, text, dot);
	strcpy(whole + dot, text + dot + digits);
	return psg_time_parse(whole, ret_s) == PSG_OK;
}

static bool is_wanted(const struct tail *tail, const json_t *event)
{
	const char *user = text_of(event, "userName");
	int64_t when_s;
	if (tail->user != NULL && (user == NULL || strcmp(user, tail->user) != 0))
		return false;
	return !tail->has_since || (time_of(event, &when_s) && when_s >= tail->since_s);
}

static const char *shown(const char *text)
{
	return text != NULL && text[0] != '\0' ? ctl_safe(text) : "-";
}

static void print_event(const json_t *event)
{
	const char *target = text_of(event, "permissionSetGroup");
	const char *reason = text_of(event, "reason"), *actor = text_of(event, "actor");
	if (target == NULL)
		target = text_of(event, "permissionSet");
	if (target == NULL)
		target = text_of(event, "target");
	printf("%-20s  %-12s  %-12s  %-8s  %-20s  %s%s%s\n", shown(text_of(event, "time")),
	       shown(text_of(event, "event")), shown(text_of(event, "userName")),
	       shown(text_of(event, "service")), shown(target), shown(reason),
	       actor != NULL ? "  by " : "", actor != NULL ? ctl_safe(actor) : "");
}

/* An empty line is no damage: see store/files_append.c. */
static void take_line(struct tail *tail, const char *line, size_t len)
{
	if (len == 0)
		return;
	json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(event)) {
		tail->damaged++;
	} else if (is_wanted(tail, event)) {
		if (!tail->ctl->json)
			print_event(event);
		else if (tail->follow)
			ctl_json_line(json_incref(event));
		else
			ctl_json_array_put(&tail->shown, json_incref(event));
	}
	json_decref(event);
}

static void take_lines(struct tail *tail)
{
	char *line = tail->buffer, *end;
	size_t left = tail->len;
	while ((end = memchr(line, '\n', left)) != NULL) {
		if (!tail->skipping)
			take_line(tail, line, (size_t)(end - line));
		tail->skipping = false;
		left -= (size_t)(end - line) + 1;
		line = end + 1;
	}
	memmove(tail->buffer, line, left);
	tail->len = left;
	if (left == sizeof(tail->buffer)) {
		tail->damaged += !tail->skipping;
		tail->skipping = true;
		tail->len = 0;
	}
}

/* Reads up to the end as it is now. */
static enum psg_err read_on(struct tail *tail)
{
	while (tail->fd >= 0 && !ferror(stdout)) {
		ssize_t got =
		    read(tail->fd, tail->buffer + tail->len, sizeof(tail->buffer) - tail->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return psg_err_from_errno(errno);
		if (got == 0)
			return PSG_OK;
		tail->len += (size_t)got;
		take_lines(tail);
	}
	return PSG_OK;
}

static void say_damaged(struct tail *tail)
{
	if (tail->damaged > 0)
		ctl_note(tail->ctl, "%zu damaged line%s skipped", tail->damaged,
			 tail->damaged == 1 ? " was" : "s were");
	tail->damaged = 0;
}

/* The log may have been rotated (another file under its name) or cut short. */
static enum psg_err reopen(struct tail *tail)
{
	struct psg_folder *root = tail->ctl->store->root;
	int fd = -1;
	enum psg_err err = root->ops->open_file(root, LOG_FILE, &fd);
	if (err)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	struct stat now, before;
	bool same = tail->fd >= 0 && fstat(fd, &now) == 0 && fstat(tail->fd, &before) == 0 &&
		    now.st_dev == before.st_dev && now.st_ino == before.st_ino;
	if (same) {
		psg_close_fd(&fd);
		if (now.st_size >= lseek(tail->fd, 0, SEEK_CUR))
			return PSG_OK;
		(void)lseek(tail->fd, 0, SEEK_SET);
	} else {
		psg_close_fd(&tail->fd);
		tail->fd = fd;
	}
	tail->damaged += tail->len > 0 && !tail->skipping;
	tail->len = 0;
	tail->skipping = false;
	return PSG_OK;
}

/* Until the reader of our output is gone, or an error. */
static enum psg_err follow(struct tail *tail)
{
	enum psg_err err = PSG_OK;
	while (!err) {
		say_damaged(tail);
		if (fflush(stdout) != 0)
			break;
		struct pollfd reader = {.fd = STDOUT_FILENO, .events = 0};
		if (poll(&reader, 1, FOLLOW_MS) > 0)
			break;
		err = reopen(tail);
		if (!err)
			err = read_on(tail);
	}
	return err;
}

static enum ctl_exit run(struct tail *tail)
{
	struct psg_folder *root = tail->ctl->store->root;
	enum psg_err err = root->ops->open_file(root, LOG_FILE, &tail->fd);
	if (err == PSG_ERR_NOT_FOUND)
		err = PSG_OK; /* nothing happened yet */
	if (!err)
		err = read_on(tail);
	if (!err && tail->follow)
		err = follow(tail);
	if (err)
		return ctl_store_error(tail->ctl, "cannot read the log", err);
	tail->damaged += tail->len > 0 && !tail->skipping;
	say_damaged(tail);
	return tail->ctl->json && !tail->follow ? ctl_json_array_end(tail->shown) : CTL_DONE;
}

/* A bare date means its beginning here: since when, and not until when. */
static bool parse_since(struct tail *tail, const char *text)
{
	char start[PSG_TIME_SIZE];
	int64_t ignored;
	bool bare =
	    strlen(text) == strlen("2026-01-31") && psg_time_parse(text, &ignored) == PSG_OK;
	if (bare)
		snprintf(start, sizeof(start), "%sT00:00", text);
	tail->has_since = true;
	if (psg_time_parse(bare ? start : text, &tail->since_s) == PSG_OK)
		return true;
	ctl_error(tail->ctl, "--since %s is no time: write 2026-01-31 or 2026-01-31T12:00Z",
		  ctl_safe(text));
	return false;
}

enum ctl_exit ctl_log(struct ctl *ctl)
{
	static struct tail tail = {.fd = -1};
	const char *since = NULL;
	const struct ctl_option options[] = {{"user", true, &tail.user, NULL},
					     {"since", true, &since, NULL},
					     {"follow", false, NULL, &tail.follow},
					     {NULL, false, NULL, NULL}};
	tail.ctl = ctl;
	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL))
		return CTL_USAGE;
	if (since != NULL && !parse_since(&tail, since))
		return CTL_INVALID;
	if (!ctl_open_store(ctl, false))
		return CTL_STORE;
	enum ctl_exit status = run(&tail);
	psg_close_fd(&tail.fd);
	return status;
}
