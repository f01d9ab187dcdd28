/* The log's lines as events. Everything in them came from strangers: a member of another type is one that is not there. */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct reading {
	report_event_fn *each;
	void *arg;
	size_t damaged, len;
	bool skipping; /* inside a line longer than the buffer */
	char buffer[65536];
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The log's times may carry a fraction of a second. */
static int64_t time_of(const json_t *object, const char *name)
{
	const char *text = text_of(object, name);
	char whole[PSG_TIME_SIZE];
	int64_t time_s = 0;
	if (text == NULL || strlen(text) >= sizeof(whole))
		return 0;
	size_t dot = strcspn(text, ".");
	size_t digits = text[dot] == '.' ? 1 + strspn(text + dot + 1, "0123456789") : 0;
	memcpy(whole, text, dot);
	strcpy(whole + dot, text + dot + digits);
	return psg_time_parse(whole, &time_s) == PSG_OK ? time_s : 0;
}

static bool kind_of(const char *name, enum psg_event_kind *ret)
{
	for (int kind = 0; name != NULL && kind < PSG_EVENT_COUNT; kind++) {
		if (strcmp(psg_event_name((enum psg_event_kind)kind), name) != 0)
			continue;
		*ret = (enum psg_event_kind)kind;
		return true;
	}
	return false;
}

static void take_event(struct reading *reading, const json_t *object)
{
	const char *group = text_of(object, "permissionSetGroup");
	const char *set = text_of(object, "permissionSet");
	struct psg_ledger_event event = {
	    .time_s = time_of(object, "time"),
	    .expires_s = time_of(object, "expirationDate"),
	    .user = text_of(object, "userName"),
	    .actor = text_of(object, "actor"),
	    .service = text_of(object, "service"),
	    .rhost = text_of(object, "rhost"),
	    .tty = text_of(object, "tty"),
	    .session_id = text_of(object, "authSessionId"),
	    .target = group != NULL ? group : set,
	    .target_kind = group != NULL ? PSG_TARGET_GROUP
			   : set != NULL ? PSG_TARGET_SET
					 : PSG_TARGET_NONE,
	    .activation_id = text_of(object, "activationId"),
	    .reason = text_of(object, "reason"),
	};
	/* A kind of a later release, or a line without a time, has no place here, and is no damage. */
	if (event.time_s != 0 && kind_of(text_of(object, "event"), &event.kind))
		reading->each(reading->arg, &event);
}

static void take_line(struct reading *reading, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		take_event(reading, object);
	else
		reading->damaged++;
	json_decref(object);
}

static void take_lines(struct reading *reading)
{
	char *line = reading->buffer, *end;
	size_t left = reading->len;
	while ((end = memchr(line, '\n', left)) != NULL) {
		if (!reading->skipping)
			take_line(reading, line, (size_t)(end - line));
		reading->skipping = false;
		left -= (size_t)(end - line) + 1;
		line = end + 1;
	}
	memmove(reading->buffer, line, left);
	reading->len = left;
	if (left == sizeof(reading->buffer)) {
		reading->damaged += !reading->skipping;
		reading->skipping = true;
		reading->len = 0;
	}
}

enum psg_err report_lines(struct ctl *ctl, report_event_fn *each, void *arg, size_t *ret_damaged)
{
	static struct reading reading; /* large */
	struct psg_folder *root = ctl->store->root;
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	ssize_t got = 1;
	reading = (struct reading){.each = each, .arg = arg};
	enum psg_err err = root->ops->open_file(root, "log", &fd);
	if (err == PSG_ERR_NOT_FOUND)
		got = 0; /* nothing happened yet */
	else if (err)
		return err;
	while (got != 0) {
		got = read(fd, reading.buffer + reading.len, sizeof(reading.buffer) - reading.len);
		if (got < 0 && errno != EINTR)
			return psg_err_from_errno(errno);
		if (got > 0) {
			reading.len += (size_t)got;
			take_lines(&reading);
		}
	}
	*ret_damaged = reading.damaged + (reading.len > 0 && !reading.skipping);
	return PSG_OK;
}
