/* Where events go: syslog, the store's log, and nowhere once there are too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../pam_psg/audit/syslog.h"
#include "psg/event.h"

/* -- a syslogd of our own -- */

static char logged[100][8192];
static int priorities[100];
static size_t log_count;

void psg_syslog_send(int priority, const char *text)
{
	assert_true(log_count < PSG_COUNT(logged));
	snprintf(logged[log_count], sizeof(logged[0]), "%s", text);
	priorities[log_count++] = priority;
}

void openlog(const char *ident, int option, int facility)
{
	(void)ident;
	(void)option;
	(void)facility;
	fail_msg("the host's syslog was opened anew");
}

void closelog(void)
{
	fail_msg("the host's syslog was closed");
}

/* -- the caller -- */

static uid_t caller;

uid_t getuid(void)
{
	return caller;
}

/* -- a store -- */

static struct psg_now time_now;
static enum psg_err time_err;

static enum psg_err tell(void *self, struct psg_now *ret)
{
	(void)self;
	if (time_err == PSG_OK)
		*ret = time_now;
	return time_err;
}

static struct psg_store store = {.clock = {.now = tell}};

static int setup(void **state)
{
	(void)state;
	time_now = (struct psg_now){
	    .realtime_ns = INT64_C(1769860800) * PSG_NS_PER_S,
	    .boottime_ns = 1000 * PSG_NS_PER_S,
	    .boot_id = "11111111-2222-3333-4444-555555555555",
	};
	time_err = PSG_OK;
	log_count = 0;
	caller = 0;
	return psg_folder_open_memory(NULL, &store.root) == PSG_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	psg_folder_release(&store.root);
	return 0;
}

static void read_log(char out[static PSG_FILE_MAX + 1])
{
	struct psg_file_info info = {0};

	out[0] = '\0';
	if (store.root->ops->read(store.root, "log", out, PSG_FILE_MAX, &info) == PSG_OK)
		out[info.len] = '\0';
}

static void emit_to_both(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_WRONG_CODE, .user = "alice\n", .pid = 5};
	char text[PSG_FILE_MAX + 1];

	(void)state;
	psg_event_emit(&store, &event);
	event.kind = PSG_EVENT_ACTIVATED;
	psg_event_emit(&store, &event);
	assert_int_equal(log_count, 2);
	assert_string_equal(logged[0], "pam_psg: WrongCode: user=\"alice\\x0a\"");
	assert_int_equal(priorities[0], LOG_AUTHPRIV | LOG_WARNING);
	assert_int_equal(priorities[1], LOG_AUTHPRIV | LOG_NOTICE);
	read_log(text);
	assert_string_equal(text, "{\"time\":\"2026-01-31T12:00:00Z\",\"event\":\"WrongCode\","
				  "\"userName\":\"alice\\u000a\",\"pid\":5}\n"
				  "{\"time\":\"2026-01-31T12:00:00Z\",\"event\":\"Activated\","
				  "\"userName\":\"alice\\u000a\",\"pid\":5}\n");
}

static void emit_without_store(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_REFUSED, .user = "alice", .quiet_store = true};

	(void)state;
	for (int i = 0; i < 20; i++)
		psg_event_emit(NULL, &event);
	assert_int_equal(log_count, 20);
	event.quiet_store = false;
	psg_event_emit(NULL, &event);
	assert_int_equal(log_count, 21);
}

static void emit_without_clock(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_REFUSED, .user = "alice", .quiet_store = true};
	char text[PSG_FILE_MAX + 1];

	(void)state;
	time_err = PSG_ERR_CLOCK;
	psg_event_emit(&store, &event);
	event.quiet_store = false;
	psg_event_emit(&store, &event);
	assert_int_equal(log_count, 2);
	read_log(text);
	assert_non_null(strstr(text, "\"userName\":\"alice\""));
}

static enum psg_err count_name(void *arg, const char *name)
{
	size_t *count = arg;

	(*count)++;
	assert_true(strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2);
	return PSG_OK;
}

static size_t buckets(void)
{
	struct psg_folder *folder = NULL;
	size_t count = 0;

	if (store.root->ops->open(store.root, "refusals", false, &folder) == PSG_OK)
		assert_int_equal(folder->ops->list(folder, count_name, &count), PSG_OK);
	psg_folder_release(&folder);
	return count;
}

/* Ten a minute, one that says so, then silence until the minute is over. */
static void flood_of_one(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_REFUSED,
				  .user = "alice",
				  .reason = "no assignment",
				  .quiet_store = true};
	bool in_log = true;

	(void)state;
	for (int minute = 1; minute <= 3; minute++) {
		log_count = 0;
		for (int i = 0; i < 1000; i++)
			psg_event_emit(&store, &event);
		assert_int_equal(log_count, 11);
		assert_string_equal(logged[9],
				    "pam_psg: Refused: user=alice reason=\"no assignment\"");
		assert_string_equal(logged[10], "pam_psg: Refused: user=alice reason=\"more like "
						"this are not logged until the minute ends\"");
		time_now.boottime_ns += 60 * PSG_NS_PER_S - 1;
		psg_event_emit(&store, &event);
		assert_int_equal(log_count, 11);
		time_now.boottime_ns += 1;
	}
	/* The wall clock has no say in it, and another boot begins anew. */
	log_count = 0;
	psg_event_emit(&store, &event);
	time_now.realtime_ns += 3600 * PSG_NS_PER_S;
	for (int i = 0; i < 20; i++)
		psg_event_emit(&store, &event);
	assert_int_equal(log_count, 11);
	time_now.boot_id[0] = '2';
	psg_event_emit(&store, &event);
	assert_int_equal(log_count, 12);
	time_now.boottime_ns = 1;
	psg_event_emit(&store, &event);
	assert_int_equal(log_count, 13);
	/* The store's log has none of it. */
	assert_int_equal(store.root->ops->exists(store.root, "log", &in_log), PSG_OK);
	assert_false(in_log);
}

/* What was attempted is never held back, and nobody silences another for good. */
static void flood_does_not_hide(void **state)
{
	struct psg_event refused = {
	    .kind = PSG_EVENT_REFUSED, .user = "alice", .quiet_store = true};
	struct psg_event wrong = {.kind = PSG_EVENT_WRONG_CODE, .user = "alice"};

	(void)state;
	for (int i = 0; i < 50; i++)
		psg_event_emit(&store, &refused);
	log_count = 0;
	for (int i = 0; i < 50; i++)
		psg_event_emit(&store, &wrong);
	assert_int_equal(log_count, 50);
	refused.user = "bob";
	psg_event_emit(&store, &refused);
	assert_int_equal(log_count, 51);
	/* nor one caller another, who asks about the same person */
	refused.user = "alice";
	for (size_t byte = 0; byte < sizeof(uid_t); byte++) {
		caller = (uid_t)1 << (8 * byte);
		psg_event_emit(&store, &refused);
		assert_int_equal(log_count, 52 + byte);
	}
	caller = 0;
	psg_event_emit(&store, &refused);
	assert_int_equal(log_count, 51 + sizeof(uid_t));
}

/* However many names a stranger tries: a fixed table, and no name in it. */
static void flood_of_names(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_REFUSED, .quiet_store = true};
	char name[32];
	size_t most = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "../stranger-%d", i);
		event.user = i ? name : NULL;
		log_count = 0;
		psg_event_emit(&store, &event);
		most += log_count;
	}
	assert_true(buckets() > 250 && buckets() <= 256);
	assert_true(most <= 256 * 11);
}

/* A damaged table is begun anew; it never silences. */
static void flood_table_damaged(void **state)
{
	static const char *const contents[] = {
	    "",
	    "x",
	    "\n",
	    " \n",
	    "11111111-2222-3333-4444-555555555555",
	    "a b c\n\n\n",
	    "11111111-2222-3333-4444-555555555555 99999999999999999999\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
	    "11111111-2222-3333-4444-555555555555 1000000000001\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
	    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n11111111 1\n"};
	struct psg_event event = {.kind = PSG_EVENT_REFUSED, .user = "alice", .quiet_store = true};
	struct psg_folder *folder = NULL;
	static char huge[PSG_FILE_MAX * 2];
	char name[3];

	(void)state;
	assert_int_equal(store.root->ops->open(store.root, "refusals", true, &folder), PSG_OK);
	memset(huge, '\n', sizeof(huge));
	for (size_t i = 0; i <= 2 * PSG_COUNT(contents) + 1; i++) {
		size_t row = i / 2;
		const char *content = row < PSG_COUNT(contents) ? contents[row] : huge;
		size_t len = row < PSG_COUNT(contents) ? strlen(content) : sizeof(huge);

		for (unsigned bucket = 0; bucket < 256; bucket++) {
			snprintf(name, sizeof(name), "%02x", bucket);
			assert_int_equal(folder->ops->replace(folder, name, content, len), PSG_OK);
		}
		log_count = 0;
		/* in the first minute of a boot too, when 0 would be a moment ago */
		time_now.boottime_ns = i % 2 ? 30 * PSG_NS_PER_S : 1000 * PSG_NS_PER_S;
		for (int n = 0; n < 30; n++)
			psg_event_emit(&store, &event);
		assert_int_equal(log_count, 11);
	}
	psg_folder_release(&folder);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_STORE(emit_to_both),        WITH_STORE(emit_without_store),
	    WITH_STORE(emit_without_clock),  WITH_STORE(flood_of_one),
	    WITH_STORE(flood_does_not_hide), WITH_STORE(flood_of_names),
	    WITH_STORE(flood_table_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
