/* pam_oath's users.oath: TYPE USER PIN SECRET [MOVING-FACTOR [LAST-OTP TIME]] a line, as liboath reads and writes it.
 *
 * MUST: keep the last code from being used again (tests/cli/test_import.py, test_the_last_code_stays_spent).
 * MUST NOT: repeat anything of a line but the user's name, since the rest may be a secret
 *           (test_secrets_are_not_repeated). */
#include <string.h>
#include <time.h>

#include "import.h"

#define FIELDS_MOST 7
#define BLANKS " \t\r"
/* How far from its time a last code is looked for; pam_oath's window is 5 to 50. */
#define SEARCH_STEPS 100

enum field { TYPE = 0, USER, PIN, SECRET, FACTOR, OTP, WHEN };

static size_t split(char *line, char *fields[FIELDS_MOST + 1])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *at = strtok_r(line, BLANKS, &rest); at != NULL && count <= FIELDS_MOST;
	     at = strtok_r(NULL, BLANKS, &rest))
		fields[count++] = at;
	return count;
}

/* False: no type of pam_oath's. Period 0: it counts events. */
static bool take_type(const char *type, uint32_t *ret_period_s, uint32_t *ret_digits)
{
	static const struct {
		const char *name;
		uint32_t period_s;
	} types[] = {{"HOTP/T30", 30}, {"HOTP/T60", 60}, {"HOTP/E", 0}, {"HOTP", 0}};

	for (size_t i = 0; i < PSG_COUNT(types); i++) {
		size_t len = strlen(types[i].name);
		const char *rest = type + len;

		if (strncmp(type, types[i].name, len) != 0)
			continue;
		if (*rest != '\0' && (rest[0] != '/' || rest[1] < '6' || rest[1] > '8' ||
				      rest[2] != '\0' || strcmp(types[i].name, "HOTP") == 0))
			continue;
		*ret_period_s = types[i].period_s;
		*ret_digits = *rest != '\0' ? (uint32_t)(rest[1] - '0') : 6;
		return true;
	}
	return false;
}

static bool take_secret(struct import *import, struct import_entry *entry, const char *hex)
{
	struct psg_credential *credential = &entry->credential;
	size_t digits = strlen(hex);
	char lower[2 * PSG_SECRET_MAX + 1];
	bool well = digits % 2 == 0 && digits < sizeof(lower);

	for (size_t i = 0; well && i <= digits; i++)
		lower[i] = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] - 'A' + 'a') : hex[i];
	well = well && psg_hex_decode(lower, credential->secret, digits / 2) == PSG_OK;
	psg_wipe(lower, sizeof(lower));
	if (!well) {
		import_problem(import, false, entry->line,
			       "give an even number of hexadecimal digits, at most 256",
			       "the secret of %s is not hexadecimal", ctl_safe(entry->user));
		return false;
	}
	credential->secret_len = digits / 2;
	return import_secret_fits(import, entry);
}

/* "2026-01-31T12:00:00L", local time. */
static bool take_time(const char *text, int64_t *ret_s)
{
	struct tm when = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SL", &when);
	time_t seconds = end != NULL && *end == '\0' ? mktime(&when) : -1;

	*ret_s = (int64_t)seconds;
	return seconds > 0;
}

/* The step whose code this is, the nearest to the step that its time fell into. */
static bool find_step(const struct psg_credential *credential, uint64_t around, const char *otp,
		      uint64_t *ret)
{
	for (int i = 0; i <= 2 * SEARCH_STEPS; i++) {
		int64_t offset = i % 2 ? (i + 1) / 2 : -(i / 2);
		char code[PSG_CODE_DIGITS_MAX + 1] = "";
		bool same;

		if (offset < 0 && around < (uint64_t)-offset)
			continue;
		same = psg_totp_code(credential, around + (uint64_t)offset, code) == PSG_OK &&
		       strcmp(code, otp) == 0;
		psg_wipe(code, sizeof(code));
		if (same) {
			*ret = around + (uint64_t)offset;
			return true;
		}
	}
	return false;
}

static void take_state(struct import *import, struct import_entry *entry, char *const *fields,
		       size_t count)
{
	static const char remedy[] = "take what stands after the secret off the line, if every "
				     "code of it may be used again";
	uint64_t factor, step;
	int64_t when_s;

	if (count == SECRET + 1)
		return;
	if (psg_u64_parse(fields[FACTOR], &factor) != PSG_OK || count == OTP + 1 ||
	    (count > WHEN && !take_time(fields[WHEN], &when_s))) {
		import_problem(import, false, entry->line, remedy,
			       "when %s used which code cannot be read: a number, a code, and a "
			       "time such as 2026-01-31T12:00:00L",
			       ctl_safe(entry->user));
		return;
	}
	if (count <= WHEN)
		return;
	step = psg_totp_step(&entry->credential, when_s);
	if (!find_step(&entry->credential, step, fields[OTP], &step))
		import_problem(import, true, entry->line,
			       "all codes up to that time count as spent",
			       "the last code of %s is none of this secret around its time",
			       ctl_safe(entry->user));
	import_spent(import, entry, step);
}

static void take_pin(struct import *import, const struct import_entry *entry, const char *pin)
{
	if (strcmp(pin, "-") == 0)
		return;
	import_problem(import, true, entry->line,
		       "the code alone counts here: let pam_unix ask for a password before it",
		       strcmp(pin, "+") == 0 ? "the password that %s types before the code is not "
					       "carried"
					     : "the PIN of %s is not carried",
		       ctl_safe(entry->user));
}

static void take_entry(struct import *import, char *const *fields, size_t count, int line)
{
	uint32_t period_s, digits;
	struct import_entry *entry;

	if (!take_type(fields[TYPE], &period_s, &digits)) {
		import_problem(import, false, line,
			       "write HOTP/T30 or HOTP/T60, /7 or /8 after it for more digits; a "
			       "comment begins with #",
			       "that is no type of pam_oath's");
		return;
	}
	if (period_s == 0) {
		import_problem(import, true, line, "give another authenticator: psgctl enroll",
			       "the token of %s counts events (HOTP) and is not carried",
			       ctl_safe(fields[USER]));
		return;
	}
	entry = import_entry_new(import, fields[USER], line);
	if (entry == NULL)
		return;
	entry->credential.period_s = period_s;
	entry->credential.digits = digits;
	take_pin(import, entry, fields[PIN]);
	if (take_secret(import, entry, fields[SECRET]))
		take_state(import, entry, fields, count);
}

static void take_line(struct import *import, char *text, int line)
{
	char *fields[FIELDS_MOST + 1], folder[PSG_FOLDER_NAME_SIZE];
	size_t count = split(text, fields);

	if (count == 0 || fields[TYPE][0] == '#')
		return;
	if (import->user != NULL && (count <= USER || strcmp(fields[USER], import->user) != 0))
		return;
	if (count <= SECRET || count > FIELDS_MOST)
		import_problem(import, false, line,
			       "write TYPE USER PIN SECRET, a PIN of - for none", "the line has %s",
			       count <= SECRET ? "less than four fields"
					       : "more than seven fields");
	else if (!psg_subject_name_valid(fields[USER]) ||
		 psg_folder_name(fields[USER], folder) != PSG_OK)
		import_problem(import, false, line, "correct the second field",
			       "\"%s\" cannot be a user name", ctl_safe(fields[USER]));
	else
		take_entry(import, fields, count, line);
}

void import_parse_oath(struct import *import, char *text)
{
	int number = 0;

	for (char *line = text, *end; line != NULL; line = end != NULL ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		take_line(import, line, ++number);
	}
}
