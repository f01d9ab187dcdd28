/* The names in spent/, and what stands behind one of them.
 *
 * MUST take an end that is there in any state for an end, and a binding that is there in any state but
 *   whole for a binding to nothing (end_in_any_state, binding_in_any_state in tests/store/). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "people.h"

#define ADMIN "admin-"
#define RECOVERY "recovery-"

static const char *const suffixes[] = {
    [PSG_SPENT_RECORD] = "",
    [PSG_SPENT_SESSION] = ".session",
    [PSG_SPENT_ENDED] = ".ended",
};

void psg_spent_beside(const char *file, enum psg_spent_part part,
		      char out[static PSG_ACTIVATION_FILE_SIZE + 16])
{
	(void)snprintf(out, PSG_ACTIVATION_FILE_SIZE + 16, "%.*s%s", PSG_ACTIVATION_FILE_SIZE - 1,
		       file, suffixes[part]);
}

static bool part_of(const char *suffix, enum psg_spent_part *ret)
{
	for (size_t i = 0; i < PSG_COUNT(suffixes); i++) {
		if (strcmp(suffix, suffixes[i]) == 0) {
			*ret = (enum psg_spent_part)i;
			return true;
		}
	}
	return false;
}

bool psg_spent_name_parse(const char *name, struct psg_spent_name *ret)
{
	struct psg_spent_name parsed = {.kind = PSG_SPENT_CODE};
	size_t len = strcspn(name, ".");
	const char *number;

	if (len >= sizeof(parsed.file) || !part_of(name + len, &parsed.part))
		return false;
	memcpy(parsed.file, name, len);
	parsed.file[len] = '\0';
	number = strrchr(parsed.file, '-');
	if (number == NULL || psg_u64_parse(number + 1, &parsed.number) != PSG_OK)
		return false;
	/* Nothing between the word and its number: a name is somebody's --id, and nobody's path. */
	if (number - parsed.file == sizeof(ADMIN) - 2 &&
	    strncmp(parsed.file, ADMIN, sizeof(ADMIN) - 1) == 0) {
		parsed.kind = PSG_SPENT_ADMIN;
	} else {
		bool recovery = strncmp(parsed.file, RECOVERY, sizeof(RECOVERY) - 1) == 0;
		const char *id = parsed.file + (recovery ? sizeof(RECOVERY) - 1 : 0);

		if (number - id != PSG_CREDENTIAL_ID_SIZE - 1)
			return false;
		memcpy(parsed.id, id, PSG_CREDENTIAL_ID_SIZE - 1);
		if (!psg_credential_id_valid(parsed.id))
			return false;
		parsed.kind = recovery ? PSG_SPENT_RECOVERY : PSG_SPENT_CODE;
	}
	*ret = parsed;
	return true;
}

bool psg_spent_highest(const struct psg_strings *names, enum psg_spent_kind kind, const char *id,
		       uint64_t *ret)
{
	bool any = false;
	uint64_t highest = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct psg_spent_name name;

		if (!psg_spent_name_parse(names->items[i], &name) || name.kind != kind ||
		    (kind == PSG_SPENT_CODE && strcmp(name.id, id) != 0))
			continue;
		if (!any || name.number > highest)
			highest = name.number;
		any = true;
	}
	if (any)
		*ret = highest;
	return any;
}

static enum psg_err read_binding(const struct psg_person *spent, const struct psg_strings *names,
				 struct psg_activation *activation)
{
	char name[PSG_ACTIVATION_FILE_SIZE + 16], text[PSG_FILE_MAX + 1];
	struct psg_binding nothing = {.leader.pid = 0, .audit_id = PSG_AUDIT_NONE};
	struct psg_file_info info;
	enum psg_err err;

	psg_spent_beside(activation->file, PSG_SPENT_SESSION, name);
	if (!activation->has_ticket || !psg_strings_has(names, name))
		return PSG_OK;
	activation->bound = true;
	activation->binding = nothing;
	err = psg_seal_read(spent->store, spent->folder, spent->context, name, text, &info);
	if (err == PSG_OK && psg_binding_parse(text, &activation->binding) != PSG_OK)
		activation->binding = nothing;
	return err == PSG_ERR_CORRUPT || err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err read_end(const struct psg_person *spent, const struct psg_strings *names,
			     struct psg_spent *one)
{
	char name[PSG_ACTIVATION_FILE_SIZE + 16], text[PSG_FILE_MAX + 1];
	struct psg_file_info info;
	enum psg_err err;

	psg_spent_beside(one->activation.file, PSG_SPENT_ENDED, name);
	if (!psg_strings_has(names, name))
		return PSG_OK;
	one->activation.ended = true;
	err = psg_seal_read(spent->store, spent->folder, spent->context, name, text, &info);
	one->end_mtime_ns = info.mtime_realtime_ns;
	if (err == PSG_OK && psg_end_parse(text, &one->end) == PSG_OK) {
		one->activation.end_reason = one->end.reason;
		one->activation.ended_realtime_ns = one->end.realtime_ns;
	}
	return err == PSG_ERR_CORRUPT || err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

enum psg_err psg_spent_read(const struct psg_person *spent, const struct psg_strings *names,
			    const char *file, struct psg_spent *ret)
{
	struct psg_spent one = {.end.reason = PSG_END_NONE};
	char text[PSG_FILE_MAX + 1];
	struct psg_file_info info;
	enum psg_err err;

	err = psg_seal_read(spent->store, spent->folder, spent->context, file, text, &info);
	one.record_mtime_ns = info.mtime_realtime_ns;
	if (err == PSG_OK && psg_activation_parse(text, &one.activation) != PSG_OK)
		one.activation = (struct psg_activation){.valid = false};
	if (err != PSG_OK && err != PSG_ERR_CORRUPT)
		return err;
	(void)snprintf(one.activation.file, sizeof(one.activation.file), "%s", file);
	err = read_binding(spent, names, &one.activation);
	if (err == PSG_OK)
		err = read_end(spent, names, &one);
	if (err == PSG_OK)
		*ret = one;
	return err;
}

enum psg_err psg_people_spend(struct psg_store *store, const char *subject, const char *id,
			      uint64_t step)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_buf nothing = {.data = NULL};
	char name[PSG_ACTIVATION_FILE_SIZE];
	int file;
	enum psg_err err = psg_credential_id_valid(id)
			       ? psg_person_open(store, subject, "spent", true, &spent)
			       : PSG_ERR_INVALID;

	if (err != PSG_OK)
		return err;
	(void)snprintf(name, sizeof(name), "%s-%" PRIu64, id, step);
	err = spent.folder->ops->create(spent.folder, name, &file);
	if (err == PSG_OK)
		return psg_record_store(spent.folder, file, &nothing);
	/* Whoever made it may have been killed before this. */
	return err == PSG_ERR_EXISTS ? spent.folder->ops->sync_names(spent.folder) : err;
}
