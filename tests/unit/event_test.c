/* Events as text: nothing untrusted forges a line or a field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "psg/event.h"
#include "psg/text.h"

/* -- both forms of one event -- */

static json_t *json_of(const struct psg_event *event)
{
	struct psg_buf out = {0};
	json_error_t error;
	json_t *json;

	psg_event_json(event, &out);
	assert_false(out.failed);
	/* one line, its newline, and no other control character */
	for (size_t i = 0; i + 1 < out.len; i++)
		assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	assert_int_equal(out.data[out.len - 1], '\n');
	json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		fail_msg("%s: %s", error.text, out.data);
	psg_buf_clear(&out);
	return json;
}

static const char *member(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "(none)";
}

static const struct psg_event whole = {
    .kind = PSG_EVENT_ACTIVATED,
    .realtime_ns = INT64_C(1769860800) * PSG_NS_PER_S + 5,
    .user = "alice",
    .actor = "uid 1000 (bob)",
    .service = "sshd",
    .phase = "auth",
    .rhost = "2001:db8::1",
    .tty = "ssh",
    .session_id = "60-100-7",
    .target_type = "PermissionSetGroup",
    .target = "Billing",
    .activation_id = "alice/ab-1",
    .expires = "2026-01-31T20:00:00Z",
    .reason = "INC1 \"now\"",
    .pid = 4711,
};

static void json_whole(void **state)
{
	struct psg_buf out = {0};

	(void)state;
	psg_event_json(&whole, &out);
	assert_string_equal(
	    out.data,
	    "{\"time\":\"2026-01-31T12:00:00Z\",\"event\":\"Activated\",\"userName\":\"alice\","
	    "\"actor\":\"uid 1000 (bob)\",\"service\":\"sshd\",\"phase\":\"auth\","
	    "\"rhost\":\"2001:db8::1\",\"tty\":\"ssh\",\"authSessionId\":\"60-100-7\","
	    "\"permissionSetGroup\":\"Billing\",\"activationId\":\"alice/ab-1\","
	    "\"expirationDate\":\"2026-01-31T20:00:00Z\",\"reason\":\"INC1 \\\"now\\\"\","
	    "\"pid\":4711}\n");
	psg_buf_clear(&out);
}

static void json_of_little(void **state)
{
	struct psg_event event = {.kind = PSG_EVENT_ERROR};
	json_t *json = json_of(&event);

	(void)state;
	assert_int_equal(json_object_size(json), 3);
	assert_string_equal(member(json, "event"), "Error");
	assert_int_equal(json_integer_value(json_object_get(json, "pid")), getpid());
	assert_true(strcmp(member(json, "time"), "2020") > 0);
	json_decref(json);
	event.target = "Set";
	event.target_type = "PermissionSet";
	json = json_of(&event);
	assert_string_equal(member(json, "permissionSet"), "Set");
	json_decref(json);
	/* what is not one of the two is no key */
	event.target_type = "a\":1,\"event";
	json = json_of(&event);
	assert_string_equal(member(json, "target"), "Set");
	json_decref(json);
}

static void line_whole(void **state)
{
	struct psg_buf out = {0};

	(void)state;
	psg_event_line(&whole, &out);
	assert_string_equal(
	    out.data, "Activated: user=alice actor=\"uid 1000 (bob)\" service=sshd phase=auth "
		      "rhost=2001:db8::1 tty=ssh session=60-100-7 group=Billing "
		      "activation=alice/ab-1 expires=2026-01-31T20:00:00Z "
		      "reason=\"INC1 \\x22now\\x22\"");
	psg_buf_clear(&out);
	psg_event_line(&(struct psg_event){.kind = PSG_EVENT_REFUSED, .user = "", .target = "x"},
		       &out);
	assert_string_equal(out.data, "Refused: user=\"\" target=x");
	psg_buf_clear(&out);
	psg_event_line(&(struct psg_event){.kind = PSG_EVENT_ENDED,
					   .target_type = "PermissionSet",
					   .target = "x"},
		       &out);
	assert_string_equal(out.data, "Ended: set=x");
	psg_buf_clear(&out);
	psg_event_line(&(struct psg_event){.kind = PSG_EVENT_DEPLOYED,
					   .target_type = "Package",
					   .target = "x"},
		       &out);
	assert_string_equal(out.data, "Deployed: target=x");
	psg_buf_clear(&out);
}

/* -- forgeries -- */

static const char *const hostile[] = {
    "",
    "root\n",
    "x\nRefused: user=root",
    "x service=sudo",
    "x\" service=\"sudo",
    "x\\\" service=\\\"sudo",
    "\",\"event\":\"Activated\",\"x\":\"",
    "\\",
    "\\u0000\\n",
    "a\r\n\t\b\f\v\x01\x1b[2K\x7f",
    "\xc2\x85\xc2\x9b"
    "31m",
    "\xe2\x80\xae"
    "toor\xe2\x80\xac\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\xa9",
    "\xff\xfe\x80\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82",
    "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80",
    "%s%n%d",
    "=",
    "user=root",
};

/* The fields of a line, read as somebody's parser would: KEY=BARE or KEY="…" after single spaces. */
static size_t read_fields(const char *line, char keys[][16], char values[][2048])
{
	size_t count = 0;

	line = strchr(line, ':');
	assert_non_null(line);
	for (line++; *line; count++) {
		const char *equals = strchr(line, '='), *end;
		bool quoted = equals && equals[1] == '"';

		assert_true(*line == ' ' && equals && equals - line < 16);
		snprintf(keys[count], 16, "%.*s", (int)(equals - line - 1), line + 1);
		equals += quoted ? 2 : 1;
		end = quoted ? strchr(equals, '"') : equals + strcspn(equals, " ");
		assert_non_null(end);
		snprintf(values[count], 2048, "%.*s", (int)(end - equals), equals);
		line = end + quoted;
	}
	return count;
}

static void check_line(const struct psg_event *event)
{
	static const char *const expected[] = {"user", "actor", "rhost", "group", "reason"};
	static char keys[16][16], values[16][2048];
	struct psg_buf out = {0};
	char escaped[2048];
	uint32_t point;

	psg_event_line(event, &out);
	assert_false(out.failed);
	for (size_t at = 0; at < out.len;) {
		size_t len = psg_utf8_decode(out.data + at, &point);

		assert_true(len > 0 && !psg_char_is_unsafe(point));
		at += len;
	}
	assert_int_equal(read_fields(out.data, keys, values), PSG_COUNT(expected));
	for (size_t i = 0; i < PSG_COUNT(expected); i++)
		assert_string_equal(keys[i], expected[i]);
	psg_escape_line(event->user, escaped, sizeof(escaped));
	if (strlen(escaped) < 300)
		assert_string_equal(values[0], escaped);
	psg_buf_clear(&out);
}

static void check_json(const struct psg_event *event)
{
	static const char *const expected[] = {
	    "time", "event", "userName", "actor", "rhost", "permissionSetGroup", "reason", "pid"};
	json_t *json = json_of(event);

	assert_int_equal(json_object_size(json), PSG_COUNT(expected));
	for (size_t i = 0; i < PSG_COUNT(expected); i++)
		assert_non_null(json_object_get(json, expected[i]));
	assert_string_equal(member(json, "event"), "Refused");
	json_decref(json);
}

static void check_forms(const char *a, const char *b)
{
	struct psg_event event = {
	    .kind = PSG_EVENT_REFUSED,
	    .user = a,
	    .actor = b,
	    .rhost = a,
	    .target_type = "PermissionSetGroup",
	    .target = b,
	    .reason = a,
	};

	check_line(&event);
	check_json(&event);
}

static void forged_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < PSG_COUNT(hostile); i++)
		for (size_t j = 0; j < PSG_COUNT(hostile); j++)
			check_forms(hostile[i], hostile[j]);
}

static void forged_at_random(void **state)
{
	/* The bytes that matter more often than the others. */
	static const char special[] =
	    "\"\\\n\r =:,{}[]\x1b\x7f\xc2\x85\xe2\x80\xa8\xae\xf0\xed\xffu0x";
	char texts[2][64];

	(void)state;
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		for (size_t t = 0; t < 2; t++) {
			size_t len = (size_t)random() % (sizeof(texts[0]) - 1);

			for (size_t i = 0; i < len; i++) {
				long die = random();

				if (die % 2)
					texts[t][i] =
					    special[(size_t)(die / 2) % (sizeof(special) - 1)];
				else
					texts[t][i] = (char)(die / 2 % 255 + 1);
			}
			texts[t][len] = '\0';
		}
		check_forms(texts[0], texts[1]);
	}
}

/* What JSON keeps of a name: valid text to the letter, and a mark for each byte that is none. */
static void json_values(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
	    {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"},
	    {"a\n\t\x1b\x7f", "a\n\t\x1b\x7f"},
	    {"\xe2\x80\xae\xe2\x80\xa8", "\xe2\x80\xae\xe2\x80\xa8"},
	    {"\"\\/", "\"\\/"},
	    {"x\xff\xc3y", "x\xef\xbf\xbd\xef\xbf\xbdy"},
	    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		struct psg_event event = {.kind = PSG_EVENT_REFUSED, .user = rows[i].text};
		json_t *json = json_of(&event);

		assert_string_equal(member(json, "userName"), rows[i].value);
		json_decref(json);
	}
}

/* A stranger's name of a megabyte is a short line, cut between two characters. */
static void forged_by_length(void **state)
{
	size_t size = 1 << 20;
	char *text = malloc(size + 1);
	struct psg_buf out = {0};
	struct psg_event event = {.kind = PSG_EVENT_REFUSED, .user = text, .reason = text};

	(void)state;
	assert_non_null(text);
	for (unsigned lead = 0; lead < 4; lead++) {
		json_t *json;

		memset(text, 'a', lead);
		for (size_t i = lead; i < size; i++)
			text[i] = "\xf0\x9f\x98\x80"[(i - lead) % 4];
		text[size] = '\0';
		check_forms(text, text);
		json = json_of(&event);
		assert_true(strlen(member(json, "userName")) <= 1024 + 3);
		assert_string_equal(member(json, "userName") + strlen(member(json, "userName")) - 3,
				    "...");
		json_decref(json);
		psg_event_line(&event, &out);
		assert_true(out.len < 4096);
		psg_buf_clear(&out);
	}
	free(text);
}

static void kinds(void **state)
{
	(void)state;
	for (int kind = 0; kind < PSG_EVENT_COUNT; kind++) {
		assert_non_null(psg_event_name((enum psg_event_kind)kind));
		assert_in_range(psg_event_priority((enum psg_event_kind)kind), LOG_ERR, LOG_INFO);
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(psg_event_name((enum psg_event_kind)kind),
						psg_event_name((enum psg_event_kind)other));
	}
	assert_string_equal(psg_event_name((enum psg_event_kind)99), "Error");
	assert_int_equal(psg_event_priority((enum psg_event_kind)99), LOG_ERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_whole),       cmocka_unit_test(json_of_little),
	    cmocka_unit_test(json_values),      cmocka_unit_test(line_whole),
	    cmocka_unit_test(forged_by_hand),   cmocka_unit_test(forged_at_random),
	    cmocka_unit_test(forged_by_length), cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
