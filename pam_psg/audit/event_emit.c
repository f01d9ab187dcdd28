/* Sends an event: to syslog, and to the store's log where it is worth keeping.
 *
 * MUST NOT fail, nor decide anything                                          (event_emit_test: emit_*)
 * MUST NOT touch the host's openlog and closelog                              (event_emit_test: openlog)
 * MUST NOT let a refusal in a loop fill the disk or a stranger's name leave a file of its own
 *                                                                             (event_emit_test: flood_*)
 */
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "psg/event.h"
#include "psg/text.h"
#include "syslog.h"

#define FOLDER "refusals"
#define BUCKETS 256U
#define PER_MINUTE 10U
#define MINUTE_NS (INT64_C(60) * PSG_NS_PER_S)

enum pass { PASS_LOG, PASS_LAST, PASS_DROP };

/* FNV-1a. Whoever fills another's bucket on purpose silences repeated refusals for a minute, and a
 * line says so; nothing that was attempted or opened is ever counted here. */
static unsigned bucket_of(const char *user, uid_t uid)
{
	uint32_t hash = 2166136261U;

	for (const char *at = user ? user : ""; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619U;
	for (unsigned i = 0; i < sizeof(uid_t); i++)
		hash = (hash ^ ((uint32_t)uid >> (8 * i) & 0xff)) * 16777619U;
	return (hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24) % BUCKETS;
}

/* How many lines a bucket has beyond its first, when that is of this minute; false otherwise.
 * The first line is "BOOT-ID NANOSECONDS", the others are empty. */
static bool count_lines(char *text, const struct psg_now *now, unsigned *ret)
{
	char *space = strchr(text, ' '), *end = strchr(text, '\n');
	uint64_t since = 0;

	if (!space || !end || space > end)
		return false;
	*space = '\0';
	*end = '\0';
	if (!psg_boot_same(text, now->boot_id) || psg_u64_parse(space + 1, &since) != PSG_OK ||
	    since > (uint64_t)now->boottime_ns || (uint64_t)now->boottime_ns - since >= MINUTE_NS)
		return false;
	*ret = 1;
	for (end++; *end; end++)
		*ret += *end == '\n';
	return true;
}

/* Counts this refusal in its bucket. No lock: two at the same instant may both be the last one
 * logged, or none. When counting fails the event is logged: whoever can make it fail would
 * otherwise be silent. */
static enum pass count(struct psg_folder *folder, const char *name, const struct psg_now *now)
{
	char text[PSG_FILE_MAX + 1];
	struct psg_file_info info = {0};
	enum psg_err err = folder->ops->read(folder, name, text, PSG_FILE_MAX, &info);
	unsigned counted = 0;

	text[err == PSG_OK && info.len <= PSG_FILE_MAX ? info.len : 0] = '\0';
	if (err == PSG_OK && count_lines(text, now, &counted)) {
		if (counted > PER_MINUTE)
			return PASS_DROP;
		(void)folder->ops->append(folder, name, "\n", 1);
		return counted == PER_MINUTE ? PASS_LAST : PASS_LOG;
	}
	struct psg_buf first = {0};

	if (err != PSG_ERR_NOT_FOUND)
		(void)folder->ops->remove(folder, name);
	psg_buf_format(&first, "%s %ju\n", now->boot_id, (uintmax_t)now->boottime_ns);
	if (!first.failed)
		(void)folder->ops->append(folder, name, first.data, first.len);
	psg_buf_clear(&first);
	return PASS_LOG;
}

static enum pass limit(struct psg_store *store, const struct psg_event *event)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_now now;
	char name[3];
	unsigned char bucket = (unsigned char)bucket_of(event->user, getuid());

	if (psg_clock_now(&store->clock, &now) != PSG_OK ||
	    store->root->ops->open(store->root, FOLDER, true, &folder) != PSG_OK)
		return PASS_LOG;
	psg_hex_encode(&bucket, 1, name);
	return count(folder, name, &now);
}

static void to_syslog(const struct psg_event *event)
{
	struct psg_buf line = {0}, said = {0};
	int priority = LOG_AUTHPRIV | psg_event_priority(event->kind);

	psg_event_line(event, &line);
	psg_buf_format(&said, "pam_psg: %s", line.data ? line.data : "");
	/* Out of memory: what happened at least, without what else there is to say. */
	psg_syslog_send(priority, line.failed || said.failed || !line.data
				      ? psg_event_name(event->kind)
				      : said.data);
	psg_buf_clear(&said);
	psg_buf_clear(&line);
}

void psg_event_debug(const char *text)
{
	psg_syslog_send(LOG_AUTHPRIV | LOG_DEBUG, text);
}

static void to_store(struct psg_store *store, const struct psg_event *event)
{
	struct psg_buf line = {0};

	psg_event_json(event, &line);
	if (!line.failed)
		(void)store->root->ops->append(store->root, "log", line.data, line.len);
	psg_buf_clear(&line);
}

void psg_event_emit(struct psg_store *store, const struct psg_event *event)
{
	struct psg_event timed = *event;
	struct psg_now now;

	if (timed.realtime_ns == 0 && store && psg_clock_now(&store->clock, &now) == PSG_OK)
		timed.realtime_ns = now.realtime_ns;
	if (store && (timed.quiet_store || timed.limited)) {
		enum pass pass = limit(store, &timed);

		if (pass == PASS_DROP)
			return;
		if (pass == PASS_LAST)
			timed.reason = PSG_EVENT_MORE;
	}
	to_syslog(&timed);
	if (store && !timed.quiet_store)
		to_store(store, &timed);
}
