/* Which lines of the log are wanted.
 *
 * There is no looking for a time by halves: nobody keeps the clock from being set back, and a line that matches must not be
 * missed. What cannot match is passed over by its bytes instead, which reads a gigabyte in about a second. */
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool log_filter_time(const struct ctl *ctl, const char *option, const char *text, bool until,
		     int64_t *ret_s)
{
	char start[PSG_TIME_SIZE];
	int64_t value;
	bool bare = strlen(text) == strlen("2026-01-31") && psg_time_parse(text, &value) == PSG_OK;

	if (bare && !until) {
		snprintf(start, sizeof(start), "%sT00:00", text);
		text = start;
	}
	if (psg_time_parse(text, ret_s) == PSG_OK)
		return true;
	if (psg_duration_parse(text, &value) == PSG_OK) {
		*ret_s = time(NULL) - value;
		return true;
	}
	ctl_error(
	    ctl, "%s %s is no time: write 2026-01-31 or 2026-01-31T12:00Z, or 2h for two hours ago",
	    option, ctl_safe(text));
	return false;
}

static bool is_kind(const char *name)
{
	for (unsigned i = 0; i < PSG_EVENT_COUNT; i++)
		if (strcmp(psg_event_name((enum psg_event_kind)i), name) == 0)
			return true;
	return false;
}

bool log_filter_kinds(const struct ctl *ctl, const char *const *kinds)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf list PSG_CLEANUP(psg_buf_clear) = {0};

	while (*kinds && is_kind(*kinds))
		kinds++;
	if (!*kinds)
		return true;
	for (unsigned i = 0; i < PSG_EVENT_COUNT; i++) {
		const char *name = psg_event_name((enum psg_event_kind)i);

		psg_buf_format(&list, "%s%s", i ? ", " : "", name);
		if (psg_strings_add(&names, name) != PSG_OK)
			break;
	}
	const char *near = ctl_suggest(*kinds, &names);

	if (near)
		ctl_error(ctl, "there is no event %s; did you mean %s?", ctl_safe(*kinds), near);
	else
		ctl_error(ctl, "there is no event %s: name one of these", ctl_safe(*kinds));
	ctl_error(ctl, "events to choose from: %s", list.failed ? "see psgctl(8)" : list.data);
	return false;
}

/* Whether one of the values stands in the line as a JSON string. What is written with an escape may be any. */
static bool may_hold(const char *const *values, const struct psg_log_line *line)
{
	bool plain = true;

	if (!*values)
		return true;
	for (; *values; values++) {
		size_t len = strlen(*values);
		const char *at = line->text, *end = line->text + line->len;

		plain &= psg_text_is_plain(*values, SIZE_MAX) && !strpbrk(*values, "\"\\/");
		/* Past the end nothing is left to search, not even for what is empty. */
		while (at < end && (at = memmem(at, (size_t)(end - at), *values, len)) != NULL) {
			if (at > line->text && at[-1] == '"' && at + len < end && at[len] == '"')
				return true;
			at++;
		}
	}
	return !plain || memchr(line->text, '\\', line->len);
}

bool log_filter_may(const struct log_filter *filter, const struct psg_log_line *line)
{
	int64_t when_s;

	if ((filter->has_since || filter->has_until) && psg_log_line_time(line, &when_s) &&
	    ((filter->has_since && when_s < filter->since_s) ||
	     (filter->has_until && when_s > filter->until_s)))
		return false;
	return may_hold(filter->users, line) && may_hold(filter->kinds, line) &&
	       may_hold(filter->services, line) && may_hold(filter->groups, line);
}

const char *log_text(const json_t *event, const char *name)
{
	return json_string_value(json_object_get(event, name));
}

/* The log's times may carry a fraction of a second, which a filter by seconds does not need. */
bool log_time(const json_t *event, const char *name, int64_t *ret_s)
{
	const char *text = log_text(event, name);
	char whole[PSG_TIME_SIZE];

	if (!text || strlen(text) >= sizeof(whole))
		return false;
	size_t dot = strcspn(text, ".");
	size_t digits = text[dot] == '.' ? 1 + strspn(text + dot + 1, "0123456789") : 0;

	memcpy(whole, text, dot);
	strcpy(whole + dot, text + dot + digits);
	return psg_time_parse(whole, ret_s) == PSG_OK;
}

static bool is_one_of(const char *const *values, const char *text)
{
	if (!*values)
		return true;
	for (; text && *values; values++)
		if (strcmp(*values, text) == 0)
			return true;
	return false;
}

static bool is_about(const struct log_filter *filter, const json_t *event)
{
	static const char *const members[] = {"permissionSetGroup", "permissionSet", "target"};
	bool about = !*filter->groups;

	for (size_t i = 0; i < PSG_COUNT(members) && !about; i++)
		about = is_one_of(filter->groups, log_text(event, members[i]));
	return about;
}

bool log_filter_wants(const struct log_filter *filter, const json_t *event)
{
	int64_t when_s;

	if (!is_one_of(filter->users, log_text(event, "userName")) ||
	    !is_one_of(filter->kinds, log_text(event, "event")) ||
	    !is_one_of(filter->services, log_text(event, "service")) || !is_about(filter, event))
		return false;
	if (!filter->has_since && !filter->has_until)
		return true;
	return log_time(event, "time", &when_s) &&
	       (!filter->has_since || when_s >= filter->since_s) &&
	       (!filter->has_until || when_s <= filter->until_s);
}
