/* What is read of a file: authenticators, and what is wrong or not carried. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

void import_clear(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		psg_credential_clear(&import->entries[i].credential);
	free(import->entries);
	psg_wipe(import->codes, sizeof(import->codes));
	psg_problems_clear(&import->problems);
}

void import_problem(struct import *import, bool warning, int line, const char *remedy,
		    const char *format, ...)
{
	char text[1536];
	va_list arguments;

	import->error_count += !warning;
	if (import->problem_count++ >= IMPORT_REPORTED)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	import->no_memory |=
	    ctl_problem_add(&import->problems, &(struct ctl_problem){.warning = warning,
								     .file = import->file,
								     .line = line,
								     .text = text,
								     .remedy = remedy}) != PSG_OK;
}

struct import_entry *import_entry_new(struct import *import, const char *user, int line)
{
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];

	if (import->count == import->room) {
		/* calloc, and not a block that grows: what it leaves behind would hold secrets. */
		size_t room = import->room ? 2 * import->room : 16;
		struct import_entry *grown = calloc(room, sizeof(*grown));

		import->no_memory |= grown == NULL;
		if (grown == NULL)
			return NULL;
		if (import->count) {
			memcpy(grown, import->entries, import->count * sizeof(*grown));
			psg_wipe(import->entries, import->count * sizeof(*grown));
		}
		free(import->entries);
		import->entries = grown;
		import->room = room;
	}
	struct import_entry *entry = &import->entries[import->count++];

	entry->line = line;
	snprintf(entry->user, sizeof(entry->user), "%s", user);
	entry->credential.algorithm = PSG_SHA1;
	entry->credential.digits = PSG_CODE_DIGITS_MIN;
	entry->credential.period_s = 30;
	entry->credential.created_realtime_s = import->now_s;
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), entry->credential.id);
	return entry;
}

bool import_secret_fits(struct import *import, const struct import_entry *entry)
{
	size_t len = entry->credential.secret_len;

	if (len < IMPORT_SECRET_MIN) {
		import_problem(import, false, entry->line,
			       "take the line out, and give another authenticator: psgctl enroll",
			       "the secret of %s has %zu bytes: fewer than %d can be guessed",
			       ctl_safe(entry->user), len, IMPORT_SECRET_MIN);
		return false;
	}
	if (len < PSG_SECRET_MIN)
		import_problem(import, true, entry->line, "better give another one: psgctl enroll",
			       "the secret of %s has %zu bytes, and RFC 4226 asks for %d",
			       ctl_safe(entry->user), len, PSG_SECRET_MIN);
	return true;
}

void import_spent(struct import *import, struct import_entry *entry, uint64_t step)
{
	uint64_t now = psg_totp_step(&entry->credential, import->now_s);

	if (step > now + import->window_steps) {
		import_problem(
		    import, false, entry->line,
		    "set the clock right, or take the used codes off the line",
		    "%s used a code of the future: every code until then would be refused",
		    ctl_safe(entry->user));
		return;
	}
	entry->spent = true;
	entry->step = step;
}
