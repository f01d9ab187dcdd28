/* An event as one line of JSON (RFC 8259).
 *
 * MUST write valid UTF-8 and valid JSON whatever the values hold     (event_test: json_*)
 * MUST NOT let a value end its line or its string                    (event_test: forged_*)
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psg/event.h"
#include "psg/text.h"

/* Bytes of a value that are written: a stranger chooses the user name and the host, and one line
 * should stay one write. A Description is 255 characters of at most four bytes. */
#define VALUE_MAX 1024U

static void put_unit(struct psg_buf *out, uint32_t unit)
{
	psg_buf_format(out, "\\u%04x", (unsigned)unit);
}

static void put_string(struct psg_buf *out, const char *text)
{
	const char *end = text + VALUE_MAX;

	psg_buf_put(out, "\"", 1);
	while (*text) {
		uint32_t point = 0;
		size_t len = psg_utf8_decode(text, &point);

		if (text + (len ? len : 1) > end) {
			psg_buf_text(out, "...");
			break;
		}
		if (len == 0)
			put_unit(out, 0xfffd); /* one for each byte that is not UTF-8 */
		else if (point == '"' || point == '\\')
			psg_buf_put(out, point == '"' ? "\\\"" : "\\\\", 2);
		else if (psg_char_is_unsafe(point))
			put_unit(out, point);
		else
			psg_buf_put(out, text, len);
		text += len ? len : 1;
	}
	psg_buf_put(out, "\"", 1);
}

/* Our keys only, never a value. */
static void put_member(struct psg_buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	psg_buf_format(out, ",\"%s\":", key);
	put_string(out, value);
}

static const char *target_key(const char *type)
{
	static const struct {
		const char *type, *key;
	} keys[] = {
	    {"PermissionSetGroup", "permissionSetGroup"},
	    {"PermissionSet", "permissionSet"},
	};

	for (size_t i = 0; type && i < PSG_COUNT(keys); i++)
		if (strcmp(type, keys[i].type) == 0)
			return keys[i].key;
	return "target";
}

static int64_t realtime_s(const struct psg_event *event)
{
	struct timespec now = {0};

	if (event->realtime_ns != 0)
		return event->realtime_ns / PSG_NS_PER_S;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

void psg_event_json(const struct psg_event *event, struct psg_buf *out)
{
	char when[PSG_TIME_SIZE];
	pid_t pid = event->pid ? event->pid : getpid();

	psg_time_format(realtime_s(event), when);
	psg_buf_format(out, "{\"time\":\"%s\",\"event\":\"%s\"", when, psg_event_name(event->kind));
	put_member(out, "userName", event->user);
	put_member(out, "actor", event->actor);
	put_member(out, "service", event->service);
	put_member(out, "phase", event->phase);
	put_member(out, "rhost", event->rhost);
	put_member(out, "tty", event->tty);
	put_member(out, "authSessionId", event->session_id);
	put_member(out, target_key(event->target_type), event->target);
	put_member(out, "activationId", event->activation_id);
	put_member(out, "expirationDate", event->expires);
	put_member(out, "reason", event->reason);
	psg_buf_format(out, ",\"pid\":%jd}\n", (intmax_t)pid);
}
