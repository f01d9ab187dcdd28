/* When an activation is live, and its text. */
#include "folk.h"

#include <stdlib.h>
#include <string.h>

#include "psg/record.h"

#define HOUR (INT64_C(3600) * FOLK_S)

static struct psg_now now_of(void)
{
	struct psg_now now = {.realtime_ns = 1000 * HOUR, .boottime_ns = 100 * HOUR};

	memcpy(now.boot_id, FOLK_BOOT_A, sizeof(now.boot_id));
	return now;
}

static struct psg_activation sample(void)
{
	struct psg_activation a = {.file = "admin-1",
				   .valid = true,
				   .kind = PSG_TARGET_GROUP,
				   .target = "Closers",
				   .scope = PSG_SCOPE_HOST,
				   .created_realtime_ns = 999 * HOUR,
				   .created_boottime_ns = 99 * HOUR,
				   .first_realtime_ns = 998 * HOUR,
				   .first_boottime_ns = 98 * HOUR,
				   .expires_realtime_ns = 1001 * HOUR,
				   .expires_boottime_ns = 101 * HOUR,
				   .service = "sshd",
				   .description = "INC1 \"because\" 100%\n\xc3\xbc",
				   .binding.audit_id = PSG_AUDIT_NONE};

	memcpy(a.boot_id, FOLK_BOOT_A, sizeof(a.boot_id));
	return a;
}

static void live_needs_all(void **state)
{
	struct psg_activation a = sample();
	struct psg_now now = now_of();

	(void)state;
	assert_true(psg_activation_live(&a, &now));
	assert_int_equal(psg_activation_left_ns(&a, &now), HOUR);
#define NOT_LIVE(change)                                                                           \
	a = sample();                                                                              \
	change;                                                                                    \
	assert_false(psg_activation_live(&a, &now))
	NOT_LIVE(a.valid = false);
	NOT_LIVE(a.ended = true);
	NOT_LIVE(a.kind = PSG_TARGET_NONE);
	NOT_LIVE(memcpy(a.boot_id, FOLK_BOOT_B, sizeof(a.boot_id)));
	NOT_LIVE(a.boot_id[0] = '\0');
	NOT_LIVE(a.expires_boottime_ns = now.boottime_ns);
	NOT_LIVE(a.expires_realtime_ns = now.realtime_ns);
	NOT_LIVE(a.created_boottime_ns = now.boottime_ns + 1);
	NOT_LIVE(a.first_boottime_ns = now.boottime_ns + 1);
	NOT_LIVE(a.scope = PSG_SCOPE_SESSION);
	a.in_session = true;
	assert_true(psg_activation_live(&a, &now));
	a = (struct psg_activation){.valid = false};
	assert_false(psg_activation_live(&a, &now));
	assert_int_equal(psg_activation_left_ns(&a, &now), 0);
}

static void wall_clock_never_lengthens(void **state)
{
	struct psg_activation a = sample();
	struct psg_now now = now_of();

	(void)state;
	for (int64_t hours = -1000; hours <= 1000; hours += 10) {
		now.realtime_ns = (1000 + hours) * HOUR;
		assert_true(psg_activation_left_ns(&a, &now) <= HOUR);
		now.boottime_ns = 101 * HOUR;
		assert_false(psg_activation_live(&a, &now));
		now.boottime_ns = 100 * HOUR;
	}
	a.expires_realtime_ns = INT64_MAX;
	a.expires_boottime_ns = INT64_MAX;
	now.realtime_ns = INT64_MIN;
	now.boottime_ns = INT64_MIN;
	assert_int_equal(psg_activation_left_ns(&a, &now), 0);
}

static char *text_of(const struct psg_activation *a)
{
	struct psg_buf buf = {0};

	psg_activation_encode(a, &buf);
	assert_false(buf.failed);
	return buf.data;
}

static void there_and_back(void **state)
{
	struct psg_activation a = sample(), back;
	char *text;

	(void)state;
	for (int i = 0; i < 4; i++) {
		if (i == 1)
			a.has_ticket = true;
		if (i == 2) {
			a.has_ticket = false;
			a.bound = true;
			a.binding = (struct psg_binding){{1234, UINT64_MAX}, PSG_AUDIT_NONE};
			a.scope = PSG_SCOPE_SESSION;
			a.kind = PSG_TARGET_SET;
		}
		if (i == 3)
			a.binding.audit_id = 0;
		text = text_of(&a);
		memset(&back, 0x5a, sizeof(back));
		assert_int_equal(psg_activation_parse(text, &back), PSG_OK);
		assert_string_equal(back.file, "");
		memcpy(back.file, a.file, sizeof(a.file));
		assert_memory_equal(&a, &back, sizeof(a));
		free(text);
	}
}

/* No other text is taken for it: no cut, no doubled line, no changed byte reads as another activation. */
static void only_what_was_written_is_read(void **state)
{
	struct psg_activation a = sample(), back;
	char *text = text_of(&a), *again;
	size_t len = strlen(text);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		char byte = text[cut];

		text[cut] = '\0';
		assert_int_not_equal(psg_activation_parse(text, &back), PSG_OK);
		text[cut] = byte;
	}
	for (size_t at = 0; at < len; at++) {
		for (int flip = 1; flip < 256; flip <<= 1) {
			text[at] = (char)(text[at] ^ flip);
			if (psg_activation_parse(text, &back) == PSG_OK) {
				again = text_of(&back);
				assert_string_equal(again, text);
				free(again);
			}
			text[at] = (char)(text[at] ^ flip);
		}
	}
	free(text);
}

static void versions_and_forms(void **state)
{
	struct psg_activation a = sample(), untouched;
	struct psg_binding binding = {{7, 7}, 7};
	struct psg_end end = {.reason = PSG_END_CLOSED};

	(void)state;
	untouched = a;
	assert_int_equal(psg_activation_parse("psg-activation 2\nwhat ever\n", &a),
			 PSG_ERR_VERSION);
	assert_int_equal(psg_activation_parse("psg-activation 0\n", &a), PSG_ERR_CORRUPT);
	assert_int_equal(psg_activation_parse("psg-activation 01\n", &a), PSG_ERR_CORRUPT);
	assert_int_equal(psg_activation_parse("psg-binding 1\n", &a), PSG_ERR_CORRUPT);
	assert_int_equal(psg_activation_parse("", &a), PSG_ERR_CORRUPT);
	assert_memory_equal(&a, &untouched, sizeof(a));
	assert_int_equal(psg_binding_parse("psg-binding 3\n", &binding), PSG_ERR_VERSION);
	assert_int_equal(psg_binding_parse("psg-binding 1\nleader-pid 9\n", &binding),
			 PSG_ERR_CORRUPT);
	assert_int_equal(binding.leader.pid, 7);
	assert_int_equal(
	    psg_binding_parse("psg-binding 1\nleader-pid 9\nleader-start 10\n", &binding), PSG_OK);
	assert_int_equal(binding.leader.pid, 9);
	assert_int_equal(binding.audit_id, PSG_AUDIT_NONE);
	assert_int_equal(
	    psg_binding_parse("psg-binding 1\nleader-pid 9\nleader-start 10\naudit-session "
			      "4294967295\n",
			      &binding),
	    PSG_ERR_CORRUPT);
	assert_int_equal(psg_end_parse("psg-end 9\n", &end), PSG_ERR_VERSION);
	assert_int_equal(psg_end_parse("psg-end 1\nreason None\nboot x\nended-realtime "
				       "1\nended-boottime 1\n",
				       &end),
			 PSG_ERR_CORRUPT);
	assert_int_equal(psg_end_parse("psg-end 1\nreason Lapsed\nboot x\nended-realtime "
				       "1\nended-boottime 2\n",
				       &end),
			 PSG_OK);
	assert_int_equal(end.reason, PSG_END_LAPSED);
	assert_int_equal(end.boottime_ns, 2);
}

static void names_are_never_null(void **state)
{
	(void)state;
	for (int i = -1; i < 20; i++)
		assert_true(strlen(psg_end_reason_name((enum psg_end_reason)i)) > 0);
	assert_string_equal(psg_end_reason_name(PSG_END_LAPSED), "Lapsed");
}

static void record_text_is_canonical(void **state)
{
	static const char *const bad[] = {"%41", "%2f", "%0A%",     "%00",
					  "%4",  "\t",  "\xc3\xbc", "%zz"};
	struct psg_buf buf PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_record record;
	char out[8], text[64];

	(void)state;
	psg_record_begin(&buf, "x");
	psg_record_put_text(&buf, "k", "a%\n\xff z");
	assert_string_equal(buf.data, "psg-x 1\nk a%25%0A%FF z\n");
	psg_record_open(&record, buf.data, "x");
	psg_record_get_text(&record, "k", out, sizeof(out));
	assert_int_equal(psg_record_end(&record), PSG_OK);
	assert_string_equal(out, "a%\n\xff z");
	psg_record_open(&record, buf.data, "x");
	psg_record_get_text(&record, "k", out, 6);
	assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		strcpy(text, "psg-x 1\nk ");
		strcat(text, bad[i]);
		strcat(text, "\n");
		psg_record_open(&record, text, "x");
		psg_record_get_text(&record, "k", out, sizeof(out));
		assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
	}
	psg_record_open(&record, "psg-x 1\nn 07\n", "x");
	assert_int_equal(psg_record_get_u64(&record, "n", 100), 0);
	assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
	psg_record_open(&record, "psg-x 1\nn 101\n", "x");
	assert_int_equal(psg_record_get_u64(&record, "n", 100), 0);
	assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
	psg_record_open(&record, "psg-x 1\nh AB\n", "x");
	psg_record_get_hex(&record, "h", out, 1);
	assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
	psg_record_open(&record, "psg-x 1\nh ab\nmore 1\n", "x");
	psg_record_get_hex(&record, "h", out, 1);
	assert_int_equal((unsigned char)out[0], 0xab);
	assert_int_equal(psg_record_end(&record), PSG_ERR_CORRUPT);
}

/* -- held to the policy as it is now -- */

static struct psg_activation restrained(struct psg_activation a,
					const struct psg_activation_policy *policy)
{
	psg_activation_restrain(&a, policy);
	return a;
}

static void restrained_never_longer(void **state)
{
	struct psg_activation_policy policy = {
	    .lifetime_s = 1000 * 3600, .maximum_lifetime_s = 2000 * 3600, .scope = PSG_SCOPE_HOST};
	struct psg_activation a = sample(), b;

	(void)state;
	strcpy(a.file, "abc-1");
	b = restrained(a, &policy);
	assert_int_equal(b.expires_boottime_ns, a.expires_boottime_ns);
	assert_int_equal(b.expires_realtime_ns, a.expires_realtime_ns);
	policy.lifetime_s = policy.maximum_lifetime_s = INT64_MAX;
	b = restrained(a, &policy);
	assert_int_equal(b.expires_boottime_ns, a.expires_boottime_ns);
}

/* Made at 99 h, its chain begun at 98 h, to lapse at 101 h. */
static void restrained_by_what_is_stricter(void **state)
{
	struct psg_activation_policy policy = {
	    .lifetime_s = 3600 + 60, .maximum_lifetime_s = 24 * 3600, .scope = PSG_SCOPE_HOST};
	struct psg_activation a = sample(), b;

	(void)state;
	strcpy(a.file, "abc-1");
	b = restrained(a, &policy); /* lifetime, from its own start */
	assert_int_equal(b.expires_boottime_ns, 100 * HOUR + 60 * FOLK_S);
	assert_int_equal(b.expires_realtime_ns, 1000 * HOUR + 60 * FOLK_S);
	policy.lifetime_s = 24 * 3600;
	policy.maximum_lifetime_s = 2 * 3600 + 30; /* from the chain's */
	b = restrained(a, &policy);
	assert_int_equal(b.expires_boottime_ns, 100 * HOUR + 30 * FOLK_S);
	assert_int_equal(b.expires_realtime_ns, 1000 * HOUR + 30 * FOLK_S);
	/* The administrator's own choice of length and scope stands, up to the maximum. */
	policy.lifetime_s = 60;
	policy.scope = PSG_SCOPE_SESSION;
	b = restrained(sample(), &policy);
	assert_int_equal(b.expires_boottime_ns, 100 * HOUR + 30 * FOLK_S);
}

static void restrained_to_nothing(void **state)
{
	struct psg_activation_policy policy = {
	    .lifetime_s = 24 * 3600, .maximum_lifetime_s = 24 * 3600, .scope = PSG_SCOPE_SESSION};
	struct psg_activation a = sample(), b;
	struct psg_now now = now_of();

	(void)state;
	strcpy(a.file, "abc-1");
	a.in_session = true;
	b = restrained(a, &policy); /* for the Host, where it is now the session's */
	assert_false(psg_activation_live(&b, &now));
	a.scope = PSG_SCOPE_SESSION;
	b = restrained(a, &policy);
	assert_true(psg_activation_live(&b, &now));
	b = restrained(a, NULL); /* the target is gone */
	assert_false(psg_activation_live(&b, &now));
	policy.reason = PSG_REASON_REQUIRED;
	b = restrained(a, &policy);
	assert_true(psg_activation_live(&b, &now));
	a.description[0] = '\0';
	b = restrained(a, &policy);
	assert_false(psg_activation_live(&b, &now));
	policy.reason = PSG_REASON_OPTIONAL;
	b = restrained(a, &policy);
	assert_true(psg_activation_live(&b, &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(live_needs_all),
	    cmocka_unit_test(wall_clock_never_lengthens),
	    cmocka_unit_test(restrained_never_longer),
	    cmocka_unit_test(restrained_by_what_is_stricter),
	    cmocka_unit_test(restrained_to_nothing),
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(only_what_was_written_is_read),
	    cmocka_unit_test(versions_and_forms),
	    cmocka_unit_test(names_are_never_null),
	    cmocka_unit_test(record_text_is_canonical),
	};

	return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
