/* A .google_authenticator file: the secret, options in lines that begin with `" `, scratch codes.
 *
 * MUST: keep the codes of its list from being used again (tests/cli/test_import.py, test_google_reuse_list).
 * MUST NOT: repeat anything of a line but an option's name (test_secrets_are_not_repeated). */
#include <string.h>

#include "import.h"

#define SCRATCH_DIGITS 8
#define STEP_MAX                                                                                   \
	(UINT64_C(1) << 40) /* tens of thousands of years: no step, and never one to compute with */

/* What it has been told, until all is read. */
struct state {
	bool totp, counter;
	bool has_highest;
	uint64_t highest;
	int reuse_line;
};

static void not_carried(struct import *import, int line, const char *what, const char *remedy)
{
	import_problem(import, true, line, remedy, "%s is not carried", what);
}

static void bad_value(struct import *import, int line, const char *name)
{
	import_problem(import, false, line, "correct it, or take the line out",
		       "the value of %s cannot be read", name);
}

/* A list of steps whose codes were used. */
static void take_reuse(struct import *import, struct state *state, char *values, int line)
{
	char *rest = NULL;

	state->reuse_line = line;
	for (char *at = strtok_r(values, " \t", &rest); at != NULL;
	     at = strtok_r(NULL, " \t", &rest)) {
		uint64_t step;

		if (psg_u64_parse(at, &step) != PSG_OK || step > STEP_MAX) {
			bad_value(import, line, "DISALLOW_REUSE");
			return;
		}
		if (!state->has_highest || step > state->highest)
			state->highest = step;
		state->has_highest = true;
	}
}

static void take_step_size(struct import *import, struct import_entry *entry, const char *value,
			   int line)
{
	uint64_t period_s;

	if (psg_u64_parse(value, &period_s) != PSG_OK || period_s > 60)
		bad_value(import, line, "STEP_SIZE");
	else if (period_s < 5)
		import_problem(import, false, line, "give another authenticator: psgctl enroll",
			       "codes that change faster than every 5 seconds cannot be had here");
	else
		entry->credential.period_s = (uint32_t)period_s;
}

static void take_option(struct import *import, struct state *state, struct import_entry *entry,
			char *text, int line)
{
	static const struct {
		const char *name, *remedy;
	} others[] = {
	    {"RATE_LIMIT", "the Gate settings' throttle holds for everybody"},
	    {"WINDOW_SIZE", "the Gate settings' window holds for everybody"},
	    {"TIME_SKEW",
	     "psgctl verify shows how far the device's clock is off: let it set itself"},
	    {"RESETTING_TIME_SKEW",
	     "psgctl verify shows how far the device's clock is off: let it set itself"},
	    {"LAST", "an activation lives as long as its policy says"},
	};
	char *value = text + strcspn(text, " \t");

	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	if (strcmp(text, "TOTP_AUTH") == 0)
		state->totp = true;
	else if (strcmp(text, "HOTP_COUNTER") == 0)
		state->counter = true;
	else if (strcmp(text, "DISALLOW_REUSE") == 0)
		take_reuse(import, state, value, line);
	else if (strcmp(text, "STEP_SIZE") == 0)
		take_step_size(import, entry, value, line);
	else {
		for (size_t i = 0; i < PSG_COUNT(others); i++) {
			size_t len = strlen(others[i].name);

			/* LAST0 to LAST9: hosts that were let in for a while. */
			if (strncmp(text, others[i].name, len) == 0 &&
			    text[len + strspn(text + len, "0123456789")] == '\0') {
				not_carried(import, line, others[i].name, others[i].remedy);
				return;
			}
		}
		not_carried(import, line, "an option that psgctl does not know", NULL);
	}
}

static void take_scratch(struct import *import, const char *text, int line)
{
	if (strlen(text) != SCRATCH_DIGITS || strspn(text, "0123456789") != SCRATCH_DIGITS) {
		import_problem(import, false, line, "take the line out",
			       "that is neither an option nor a scratch code of 8 digits");
		return;
	}
	for (size_t i = 0; i < import->code_count; i++)
		if (strcmp(import->codes[i], text) == 0)
			return;
	if (import->code_count == PSG_RECOVERY_MAX) {
		import_problem(import, false, line, "take some of them out",
			       "there are more than %d scratch codes", PSG_RECOVERY_MAX);
		return;
	}
	strcpy(import->codes[import->code_count++], text);
}

static void take_secret(struct import *import, struct import_entry *entry, const char *text)
{
	struct psg_credential *credential = &entry->credential;
	uint8_t bytes[1024];
	size_t len = 0;

	if (psg_base32_decode(text, bytes, sizeof(bytes), &len) != PSG_OK || len > PSG_SECRET_MAX)
		import_problem(
		    import, false, entry->line, "give the file that google-authenticator made",
		    "the first line is no secret in base32 of at most %d bytes", PSG_SECRET_MAX);
	else
		memcpy(credential->secret, bytes, len);
	credential->secret_len = len <= PSG_SECRET_MAX ? len : 0;
	psg_wipe(bytes, sizeof(bytes));
	if (credential->secret_len > 0)
		(void)import_secret_fits(import, entry);
}

static void conclude(struct import *import, const struct state *state, struct import_entry *entry)
{
	if (state->counter || !state->totp)
		import_problem(import, false, 0, "give another authenticator: psgctl enroll",
			       state->counter ? "the codes of %s count events (HOTP_COUNTER) and "
						"cannot be carried"
					      : "TOTP_AUTH is missing: the codes of %s are not by "
						"time",
			       ctl_safe(entry->user));
	else if (state->has_highest) {
		entry->line = state->reuse_line;
		import_spent(import, entry, state->highest);
		entry->line = 1;
	}
}

void import_parse_google(struct import *import, char *text)
{
	struct import_entry *entry = import_entry_new(import, import->user, 1);
	struct state state = {.reuse_line = 0};
	int number = 0;

	for (char *line = text, *end; entry != NULL && line != NULL;
	     line = end != NULL ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (++number == 1)
			take_secret(import, entry, line);
		else if (strncmp(line, "\" ", 2) == 0)
			take_option(import, &state, entry, line + 2, number);
		else if (*line != '\0')
			take_scratch(import, line, number);
	}
	if (entry != NULL)
		conclude(import, &state, entry);
}
