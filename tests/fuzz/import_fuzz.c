/* The files that `psgctl import` reads. The first byte picks which module's, and whether one user is asked for; the
 * rest is the file. Whatever it holds, an authenticator that comes of it without an error can be stored and is of
 * somebody who can have one, nothing is spent that lies in the future, and no message says anything but what may be
 * printed. */
#include "fuzz.h"

#include <stdio.h>

#include "../../pam_psg/psgctl/import.h"

#define NOW_S INT64_C(1700000000)
#define WINDOW 10U

static void check_entry(const struct import *import, const struct import_entry *entry)
{
	const struct psg_credential *credential = &entry->credential;
	char folder[PSG_FOLDER_NAME_SIZE];

	expect(psg_subject_name_valid(entry->user) &&
	       psg_folder_name(entry->user, folder) == PSG_OK);
	expect(import->user == NULL || strcmp(import->user, entry->user) == 0);
	if (import->error_count > 0)
		return;
	expect(credential->secret_len >= IMPORT_SECRET_MIN &&
	       credential->secret_len <= PSG_SECRET_MAX);
	expect(credential->digits >= PSG_CODE_DIGITS_MIN &&
	       credential->digits <= PSG_CODE_DIGITS_MAX);
	expect(credential->period_s >= 5 && credential->period_s <= 60);
	expect(!entry->spent || entry->step <= psg_totp_step(credential, NOW_S) + WINDOW);
}

static void check_codes(const struct import *import)
{
	expect(import->code_count <= PSG_RECOVERY_MAX);
	for (size_t i = 0; i < import->code_count; i++) {
		char code[PSG_ANSWER_SIZE];

		expect(psg_answer_normalize(import->codes[i], code) == PSG_OK &&
		       strcmp(code, import->codes[i]) == 0 && strlen(code) == 8);
	}
}

static void check_problems(const struct import *import)
{
	size_t errors = 0;

	expect(import->problems.count <= import->problem_count);
	for (size_t i = 0; i < import->problems.count; i++) {
		const struct psg_problem *problem = &import->problems.items[i];

		expect(psg_text_is_plain(problem->text, SIZE_MAX) && *problem->text);
		errors += !problem->warning;
	}
	expect(errors <= import->error_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import import = {.file = "file", .now_s = NOW_S, .window_steps = WINDOW};
	char *text;

	if (size == 0)
		return 0;
	import.format = data[0] & 1 ? IMPORT_GOOGLE : IMPORT_OATH;
	import.user = data[0] & 2 || import.format == IMPORT_GOOGLE ? "alice" : NULL;
	text = fuzz_copy(data + 1, size - 1);
	if (text == NULL)
		return 0;
	if (import.format == IMPORT_OATH)
		import_parse_oath(&import, text);
	else
		import_parse_google(&import, text);
	for (size_t i = 0; i < import.count; i++)
		check_entry(&import, &import.entries[i]);
	check_codes(&import);
	check_problems(&import);
	import_clear(&import);
	free(text);
	return 0;
}
