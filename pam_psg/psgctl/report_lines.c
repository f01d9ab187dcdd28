/* The log's lines as events. Everything in them came from strangers: a member of another type is one that is not there. */
#include "report.h"

#include <string.h>

#include "log.h"

struct reading {
	report_event_fn *each;
	void *arg;
	size_t damaged;
};

/* 0: there is none. */
static int64_t time_of(const json_t *object, const char *name)
{
	int64_t time_s;
	return log_time(object, name, &time_s) ? time_s : 0;
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
	const char *group = log_text(object, "permissionSetGroup");
	const char *set = log_text(object, "permissionSet");
	struct psg_ledger_event event = {
	    .time_s = time_of(object, "time"),
	    .expires_s = time_of(object, "expirationDate"),
	    .user = log_text(object, "userName"),
	    .actor = log_text(object, "actor"),
	    .service = log_text(object, "service"),
	    .rhost = log_text(object, "rhost"),
	    .tty = log_text(object, "tty"),
	    .session_id = log_text(object, "authSessionId"),
	    .target = group != NULL ? group : set,
	    .target_kind = group != NULL ? PSG_TARGET_GROUP
			   : set != NULL ? PSG_TARGET_SET
					 : PSG_TARGET_NONE,
	    .activation_id = log_text(object, "activationId"),
	    .reason = log_text(object, "reason"),
	};
	/* A kind of a later release, or a line without a time, has no place here, and is no damage. */
	if (event.time_s != 0 && kind_of(log_text(object, "event"), &event.kind))
		reading->each(reading->arg, &event);
}

static void take_line(struct reading *reading, const struct psg_log_line *line)
{
	json_t *object = json_loadb(line->text, line->len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		take_event(reading, object);
	else
		reading->damaged++;
	json_decref(object);
}

enum psg_err report_lines(struct ctl *ctl, report_event_fn *each, void *arg, size_t *ret_damaged)
{
	struct psg_log *log PSG_CLEANUP(psg_log_close) = NULL;
	struct reading reading = {.each = each, .arg = arg};
	struct psg_log_line line;
	enum psg_err err = psg_log_open(ctl->store->root, &log);
	while (!err) {
		err = psg_log_next(log, &line);
		if (!err)
			take_line(&reading, &line);
	}
	if (err != PSG_ERR_NOT_FOUND)
		return err;
	*ret_damaged = reading.damaged + psg_log_damaged(log, true);
	return PSG_OK;
}
