/* The small parsers: durations, times, names, numbers, codes, secrets, reasons and their patterns. The first byte picks
 * one. Whatever a parser takes is written out and taken again, and means the same. */
#include "fuzz.h"

#include <stdio.h>

#include "../../pam_psg/store/people.h"
#include "psg/pattern.h"
#include "psg/reason.h"

static void check_duration(const char *text)
{
	char again[PSG_TIME_SIZE], human[PSG_TIME_SIZE];
	int64_t seconds = -1, same = -1;

	if (psg_duration_parse(text, &seconds) != PSG_OK) {
		expect(seconds == -1);
		return;
	}
	expect(seconds >= 1 && seconds <= PSG_DURATION_MAX_S);
	psg_duration_format(seconds, again);
	expect(psg_duration_parse(again, &same) == PSG_OK && same == seconds);
	psg_duration_format_human(seconds, human);
	expect(*human && strlen(human) < sizeof(human));
}

static void check_time(const char *text)
{
	char again[PSG_TIME_SIZE];
	int64_t seconds = -1, same = -1;

	if (psg_time_parse(text, &seconds) != PSG_OK) {
		expect(seconds == -1);
		return;
	}
	expect(seconds > 0);
	psg_time_format(seconds, again);
	expect(psg_time_parse(again, &same) == PSG_OK && same == seconds);
}

static void check_names(const char *text)
{
	char folder[PSG_FOLDER_NAME_SIZE], subject[PSG_SUBJECT_SIZE];

	expect(psg_api_name_valid(text) == (psg_api_name_fault(text) == NULL));
	expect(!psg_api_name_valid(text) || strlen(text) < PSG_API_NAME_SIZE);
	expect(!psg_subject_name_valid(text) || (!strpbrk(text, "/:\n\x1b") && *text));
	if (psg_folder_name(text, folder) == PSG_OK) {
		expect(*folder && *folder != '.' && !strpbrk(folder, "/\n "));
		if (strlen(text) < sizeof(subject))
			expect(psg_folder_subject(folder, subject) == PSG_OK &&
			       strcmp(subject, text) == 0);
	}
	if (psg_folder_subject(text, subject) == PSG_OK)
		expect(psg_folder_name(subject, folder) == PSG_OK && strcmp(folder, text) == 0);
}

static void check_line(const char *text, const char *line, size_t size, bool quotes)
{
	size_t len = strlen(line);
	bool cut = len >= 3 && strcmp(line + len - 3, "...") == 0;

	expect(len < size && psg_text_is_plain(line, SIZE_MAX));
	expect(!quotes || !strchr(line, '"'));
	expect(cut || psg_text_is_plain(text, SIZE_MAX) == !strstr(line, "\\x") ||
	       strpbrk(text, "\\\""));
}

static void check_escapes(const char *text)
{
	size_t whole = 4 * strlen(text) + 8;
	char small[24], *large = malloc(whole);

	for (size_t size = 8; size <= sizeof(small); size++) {
		psg_escape_line(text, small, size);
		check_line(text, small, size, true);
		psg_show_line(text, small, size);
		check_line(text, small, size, false);
	}
	if (large) {
		psg_escape_line(text, large, whole);
		check_line(text, large, whole, true);
		psg_show_line(text, large, whole);
		check_line(text, large, whole, false);
	}
	free(large);
}

static void check_numbers(const char *text)
{
	uint64_t value = 7;
	uint8_t bytes[8];
	char again[24];
	char *end;

	if (psg_u64_parse(text, &value) == PSG_OK) {
		snprintf(again, sizeof(again), "%ju", (uintmax_t)value);
		expect(strcmp(again, text) == 0 && value == strtoull(text, &end, 10) && !*end);
	} else {
		expect(value == 7);
	}
	if (psg_hex_decode(text, bytes, sizeof(bytes)) == PSG_OK) {
		psg_hex_encode(bytes, sizeof(bytes), again);
		expect(strcmp(again, text) == 0);
	}
}

static void check_code(const char *text)
{
	char code[PSG_CODE_DIGITS_MAX + 1] = "x", digits[PSG_CODE_DIGITS_MAX + 1];
	size_t len = 0;

	if (psg_code_normalize(text, code) != PSG_OK) {
		expect(strcmp(code, "x") == 0);
		return;
	}
	for (const char *at = text; *at; at++)
		if (*at >= '0' && *at <= '9') {
			expect(len < PSG_CODE_DIGITS_MAX);
			digits[len++] = *at;
		}
	digits[len] = '\0';
	expect(len >= PSG_CODE_DIGITS_MIN && strcmp(code, digits) == 0);
}

static void check_secret(const char *text)
{
	uint8_t secret[PSG_SECRET_MAX], again[PSG_SECRET_MAX];
	char encoded[2 * PSG_SECRET_MAX];
	size_t len = 0, same = 0;

	if (psg_base32_decode(text, secret, sizeof(secret), &len) != PSG_OK)
		return;
	expect(len <= sizeof(secret));
	expect(psg_base32_encode(secret, len, encoded, sizeof(encoded)) == PSG_OK);
	expect(len == 0 || (psg_base32_decode(encoded, again, sizeof(again), &same) == PSG_OK &&
			    same == len && memcmp(again, secret, len) == 0));
}

static void check_ids(const char *text)
{
	char again[PSG_ACTIVATION_ID_SIZE], session[PSG_SESSION_ID_SIZE];
	char subject[PSG_SUBJECT_SIZE], file[PSG_ACTIVATION_FILE_SIZE], name[PSG_NUMBER_SIZE];
	struct psg_spent_name spent;
	struct psg_binding binding;
	uint64_t number;
	bool marker;

	if (psg_activation_id_parse(text, subject, file) == PSG_OK) {
		psg_activation_id_format(subject, file, again);
		expect(strcmp(again, text) == 0 && !strchr(file, '/'));
	}
	if (psg_session_id_parse(text, &binding) == PSG_OK) {
		psg_session_id_format(&binding, session);
		expect(strcmp(session, text) == 0 && binding.leader.pid > 0);
	}
	if (psg_spent_name_parse(text, &spent)) {
		char beside[PSG_ACTIVATION_FILE_SIZE + 16];

		psg_spent_beside(spent.file, spent.part, beside);
		expect(strcmp(beside, text) == 0 && !strchr(spent.file, '/'));
	}
	if (psg_attempt_name_parse(text, &number, &marker)) {
		(marker ? psg_attempt_marker_name : psg_attempt_name)(number, name);
		expect(strcmp(name, text) == 0);
	}
}

static enum psg_reason_verdict judge(const struct psg_activation_policy *policy, const char *answer)
{
	enum psg_reason_verdict verdict = PSG_REASON_REFUSED;

	expect(psg_reason_judge(policy, answer, &verdict) == PSG_OK);
	return verdict;
}

/* The pattern up to the first newline, then what somebody typed. What deploy takes as a pattern must be safe to run. */
static void check_reason(char *text)
{
	char why[PSG_PATTERN_WHY_SIZE] = "", *answer = strchr(text, '\n');
	struct psg_activation_policy policy = {.reason = PSG_REASON_REQUIRED,
					       .reason_pattern = text};
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = NULL;
	enum psg_reason_verdict verdict, open;

	if (answer)
		*answer++ = '\0';
	else
		answer = text + strlen(text);
	if (psg_pattern_parse(text, &pattern, why) != PSG_OK) {
		expect(*why != '\0' && !pattern);
		return;
	}
	(void)psg_pattern_matches(pattern, answer);
	verdict = judge(&policy, answer);
	expect(*answer ? verdict != PSG_REASON_MISSING : verdict == PSG_REASON_MISSING);
	policy.reason_pattern = answer + strlen(answer);
	open = judge(&policy, answer);
	expect(open != PSG_REASON_UNMATCHED &&
	       (verdict == open || verdict == PSG_REASON_UNMATCHED));
	expect(open != PSG_REASON_GOOD || psg_text_is_plain(answer, PSG_REASON_CHARACTERS_MAX));
}

static void check_plain(char *text)
{
	static void (*const checks[])(const char *text) = {
	    check_duration, check_time, check_names,  check_escapes,
	    check_numbers,  check_code, check_secret, check_ids};
	size_t pick = (unsigned char)*text % (PSG_COUNT(checks) + 1);

	if (pick == PSG_COUNT(checks))
		check_reason(text + 1);
	else
		checks[pick](text + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size ? fuzz_copy(data, size) : NULL;

	if (text)
		check_plain(text);
	free(text);
	return 0;
}
