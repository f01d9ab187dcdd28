/* An event as one line for syslog: `Refused: user=alice service=sshd reason="no assignment"`.
 *
 * MUST quote a value that could be read as more than one       (event_test: forged_*)
 */
#include <string.h>

#include "psg/event.h"
#include "psg/text.h"

/* Beyond this a value ends in "...": syslogd cuts lines, and what stands last must not be pushed out. */
#define VALUE_SIZE 384
#define REASON_SIZE 1536

/* Every byte one that neither ends a field nor begins another. */
static bool is_bare(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-:/@%+";

	return *text && text[strspn(text, plain)] == '\0';
}

static void put_field(struct psg_buf *out, const char *key, const char *value, size_t size)
{
	char escaped[REASON_SIZE];
	const char *quote;

	if (!value)
		return;
	psg_escape_line(value, escaped, size < sizeof(escaped) ? size : sizeof(escaped));
	quote = is_bare(value) ? "" : "\"";
	psg_buf_format(out, " %s=%s%s%s", key, quote, escaped, quote);
}

void psg_event_line(const struct psg_event *event, struct psg_buf *out)
{
	bool group = event->target_type && strcmp(event->target_type, "PermissionSetGroup") == 0;
	bool set = event->target_type && strcmp(event->target_type, "PermissionSet") == 0;

	psg_buf_format(out, "%s:", psg_event_name(event->kind));
	put_field(out, "user", event->user, VALUE_SIZE);
	put_field(out, "actor", event->actor, VALUE_SIZE);
	put_field(out, "service", event->service, VALUE_SIZE);
	put_field(out, "phase", event->phase, VALUE_SIZE);
	put_field(out, "rhost", event->rhost, VALUE_SIZE);
	put_field(out, "tty", event->tty, VALUE_SIZE);
	put_field(out, "session", event->session_id, VALUE_SIZE);
	put_field(out, group ? "group" : set ? "set" : "target", event->target, VALUE_SIZE);
	put_field(out, "activation", event->activation_id, VALUE_SIZE);
	put_field(out, "expires", event->expires, VALUE_SIZE);
	put_field(out, "reason", event->reason, REASON_SIZE);
}
