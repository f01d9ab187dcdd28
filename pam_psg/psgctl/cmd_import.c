/* `psgctl import FILE`: the authenticators of pam_oath or google-authenticator, with what was spent of them.
 *
 * MUST: change nothing when anything in the file is wrong (tests/cli/test_import.py, test_all_or_nothing). */
#include <stdio.h>
#include <string.h>

#include "import.h"

/* Prints what is wrong and what is not carried. True when anything is wrong. */
static bool failed(struct import *import)
{
	if (import->no_memory) {
		ctl_error(import->ctl, "out of memory: run it again; nothing was changed");
		return true;
	}
	if (import->count == 0 && import->error_count == 0)
		import_problem(import, false, 0,
			       import->user ? "is it the right file, and the right name?"
					    : "is it the right file?",
			       "there is no authenticator in it that can be carried");
	ctl_print_problems(import->ctl, NULL, &import->problems);
	if (import->problem_count > IMPORT_REPORTED)
		ctl_error(import->ctl, "and %zu more like these",
			  import->problem_count - IMPORT_REPORTED);
	if (import->error_count)
		ctl_error(import->ctl, "%zu error%s in %s: nothing was changed",
			  import->error_count, import->error_count == 1 ? "" : "s",
			  ctl_safe(import->file));
	return import->error_count > 0;
}

static json_t *entry_json(const struct import *import, const struct import_entry *entry)
{
	const struct psg_credential *credential = &entry->credential;
	int64_t until_s = (int64_t)((entry->step + 1) * credential->period_s);

	return json_pack(
	    "{so so sI so sI sI so sb sI}", "userName", ctl_json_text(entry->user), "id",
	    import->check_only && !entry->there ? json_null() : ctl_json_text(credential->id),
	    "line", (json_int_t)entry->line, "algorithm",
	    ctl_json_text(psg_algorithm_name(credential->algorithm)), "digits",
	    (json_int_t)credential->digits, "period", (json_int_t)credential->period_s,
	    "spentUntil", entry->spent ? ctl_json_time(until_s) : json_null(), "unchanged",
	    entry->there, "recoveryCodes", (json_int_t)import->code_count);
}

static enum ctl_exit print_json(const struct import *import)
{
	json_t *imported = json_array(), *left = json_array();

	for (size_t i = 0; i < import->count; i++)
		json_array_append_new(imported, entry_json(import, &import->entries[i]));
	for (size_t i = 0; i < import->problems.count; i++) {
		const struct psg_problem *problem = &import->problems.items[i];

		json_array_append_new(
		    left, json_pack("{so so so}", "line",
				    problem->line ? json_integer(problem->line) : json_null(),
				    "message", ctl_json_text(problem->text), "remedy",
				    ctl_json_text(problem->remedy)));
	}
	return ctl_print_json(json_pack("{so sb so so}", "file", ctl_json_text(import->file),
					"checkOnly", import->check_only, "imported", imported,
					"notCarried", left));
}

static void print_text(const struct import *import)
{
	static const char *const header[] = {"USER", "ID", "TYPE", "SPENT UNTIL", "LINE", "NOTE"};
	struct ctl_table *table = ctl_table_new(header, PSG_COUNT(header));

	for (size_t i = 0; i < import->count; i++) {
		const struct import_entry *entry = &import->entries[i];
		const struct psg_credential *credential = &entry->credential;
		char type[64], line[16], until[PSG_TIME_SIZE] = "";

		snprintf(type, sizeof(type), "%s %u digits %u s",
			 psg_algorithm_name(credential->algorithm), credential->digits,
			 credential->period_s);
		snprintf(line, sizeof(line), "%d", entry->line);
		if (entry->spent)
			psg_time_format((int64_t)((entry->step + 1) * credential->period_s), until);
		const char *cells[] = {
		    entry->user, import->check_only && !entry->there ? "" : credential->id,
		    type,        until,
		    line,        entry->there ? "there already" : ""};

		ctl_table_row(table, cells);
	}
	ctl_table_print_free(table);
	if (import->code_count)
		printf("%zu scratch codes are recovery codes now.\n", import->code_count);
	if (import->check_only)
		printf("Nothing was changed (--check-only).\n");
}

static bool load(struct import *import)
{
	struct import_text text PSG_CLEANUP(import_text_wipe) = {.data = NULL};

	if (!import_read(import, &text))
		return false;
	if (import->format == IMPORT_OATH)
		import_parse_oath(import, text.data);
	else
		import_parse_google(import, text.data);
	return true;
}

static enum ctl_exit run(struct import *import)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct ctl *ctl = import->ctl;
	struct psg_now now;

	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	enum ctl_exit status = ctl_gate_settings(ctl, &settings);

	if (status)
		return status;
	enum psg_err err = psg_clock_now(&ctl->store->clock, &now);

	if (err)
		return ctl_store_error(ctl, "reading the clock", err);
	import->now_s = now.realtime_ns / PSG_NS_PER_S;
	import->window_steps = settings.window_steps;
	if (!load(import))
		return CTL_INVALID;
	if (!import->error_count && !import_resolve(import))
		return CTL_STORE;
	if (failed(import))
		return CTL_INVALID;
	if (!import->check_only && !import_store(import))
		return CTL_STORE;
	if (ctl->json)
		return print_json(import);
	print_text(import);
	return CTL_DONE;
}

enum ctl_exit ctl_import(struct ctl *ctl)
{
	struct import import PSG_CLEANUP(import_clear) = {.ctl = ctl};
	const char *format = NULL, *wrong = NULL;
	const struct ctl_option options[] = {{"format", true, &format, NULL},
					     {"user", true, &import.user, NULL},
					     {"check-only", false, NULL, &import.check_only},
					     {"replace", false, NULL, &import.replace},
					     {"add", false, NULL, &import.add},
					     {NULL, false, NULL, NULL}};
	struct psg_subject subject;

	if (!ctl_parse(ctl, options, &import.file, 1, 1, NULL))
		return CTL_USAGE;
	import.format =
	    format && !strcmp(format, "google-authenticator") ? IMPORT_GOOGLE : IMPORT_OATH;
	if (import.replace && import.add)
		wrong = "--replace and --add exclude each other";
	if (!format || (import.format == IMPORT_OATH && strcmp(format, "oath") != 0))
		wrong = "of what? --format oath or --format google-authenticator";
	else if (import.format == IMPORT_GOOGLE && !import.user)
		wrong = "whose is it? The file does not say: --user USER";
	if (wrong) {
		ctl_error(ctl, "%s", wrong);
		ctl_print_usage(ctl->command);
		return CTL_USAGE;
	}
	enum ctl_exit status = import.user ? ctl_person(ctl, import.user, &subject) : CTL_DONE;

	return status ? status : run(&import);
}
