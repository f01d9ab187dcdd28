/* sudo's settings, parsed by sudo's own cvtsudoers: what takes pam_psg's phases away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define SUDOERS "/etc/sudoers"
#define PATH_SIZE 4096
#define TIMEOUT_MAX_MINUTES 60.0

static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin",
				      NULL};

/* The n-th Defaults line that names an option. */
struct search {
	const char *option;
	bool negated;
	size_t wanted, seen;
	char path[PATH_SIZE];
	unsigned int line;
};

static bool names(const char *text, const char *option, bool negated)
{
	size_t len = strlen(option);

	for (const char *at = text; (at = strstr(at, option)); at += len) {
		const char *before = at;

		while (before > text && strchr(" \t", before[-1]))
			before--;
		/* pam_session is not a part of another word, and `!` may stand apart. */
		bool negation = before > text && before[-1] == '!';
		bool begins = at == text || strchr(" \t,!", at[-1]);

		if (begins && strchr(" \t,=+-\r\n\\", at[len]) && negation == negated)
			return true;
	}
	return false;
}

static bool look(void *arg, const char *path, unsigned int line, const char *text)
{
	struct search *search = arg;

	if (*text == '#' || !names(text, search->option, search->negated))
		return false;
	snprintf(search->path, sizeof(search->path), "%s", path);
	search->line = line;
	return search->seen++ == search->wanted;
}

static void written(struct search *search, struct doctor_place *out)
{
	doctor_source(DOCTOR_SUDOERS, SUDOERS, look, search);
	*out = search->seen ? (struct doctor_place){"sudo", search->path, search->line}
			    : (struct doctor_place){"sudo", SUDOERS, 0};
}

/* One setting of one Defaults entry. */
struct setting {
	struct doctor *doctor;
	const char *option;
	const json_t *value;
	const json_t *entry;    /* with its "Binding": for whom */
	const json_t *defaults; /* all entries */
	size_t entry_index;
};

/* How often the option was set so before: the lines come in the same order. */
static size_t nth(const struct setting *setting)
{
	size_t count = 0, i, j;
	const json_t *entry, *option;

	json_array_foreach(setting->defaults, i, entry)
	{
		if (i >= setting->entry_index)
			break;
		json_array_foreach(json_object_get(entry, "Options"), j, option)
		{
			const json_t *value = json_object_get(option, setting->option);

			count += value && json_is_false(value) == json_is_false(setting->value);
		}
	}
	return count;
}

/* The last unbound Defaults wins over those before it. */
static bool is_replaced(const struct setting *setting)
{
	size_t i, j;
	const json_t *entry, *option;

	if (json_object_get(setting->entry, "Binding"))
		return false;
	json_array_foreach(setting->defaults, i, entry)
	{
		if (i <= setting->entry_index || json_object_get(entry, "Binding"))
			continue;
		json_array_foreach(
		    json_object_get(entry, "Options"), j,
		    option) if (json_object_get(option, setting->option)) return true;
	}
	return false;
}

/* "user alice", "command /bin/ls": for whom it holds. */
static void bound_to(const struct setting *setting, char *out, size_t size)
{
	const json_t *member = json_array_get(json_object_get(setting->entry, "Binding"), 0);
	const char *kind = NULL;
	json_t *value = NULL;

	snprintf(out, size, "for everybody");
	json_object_foreach((json_t *)(uintptr_t)member, kind, value) if (json_is_string(value))
	    snprintf(out, size, "for %s %s", kind, json_string_value(value));
}

static void judge_flag(const struct setting *setting, enum doctor_code code)
{
	struct search search = {.option = setting->option, .negated = true, .wanted = nth(setting)};
	struct doctor_place place;
	char whom[256];

	if (!json_is_false(setting->value) || is_replaced(setting))
		return;
	bound_to(setting, whom, sizeof(whom));
	written(&search, &place);
	doctor_add(setting->doctor, code, place, "Defaults says !%s %s", setting->option, whom);
}

static void judge_service(const struct setting *setting)
{
	struct search search = {.option = setting->option, .wanted = nth(setting)};
	const char *service = json_string_value(setting->value);
	struct doctor_place place;
	char whom[256];

	if (!service || is_replaced(setting) || doctor_find(setting->doctor, service))
		return;
	bound_to(setting, whom, sizeof(whom));
	written(&search, &place);
	doctor_add(setting->doctor, DOCTOR_SUDO_SERVICE, place,
		   "%s is %s %s, and its stack does not call pam_psg", setting->option, service,
		   whom);
}

static void judge_timestamp(const struct setting *setting)
{
	struct search search = {.option = setting->option, .wanted = nth(setting)};
	const char *text = json_string_value(setting->value);
	double minutes = text ? strtod(text, NULL) : 0;
	struct doctor_place place;
	char whom[256];

	if (is_replaced(setting) || (minutes >= 0 && minutes <= TIMEOUT_MAX_MINUTES))
		return;
	bound_to(setting, whom, sizeof(whom));
	written(&search, &place);
	doctor_add(setting->doctor, DOCTOR_SUDO_TIMESTAMP, place, "timestamp_timeout is %s%s %s",
		   minutes < 0 ? "without end: " : "", text, whom);
}

static void judge_setting(const struct setting *setting)
{
	if (!strcmp(setting->option, "pam_session"))
		judge_flag(setting, DOCTOR_SUDO_NO_SESSION);
	else if (!strcmp(setting->option, "pam_acct_mgmt"))
		judge_flag(setting, DOCTOR_SUDO_NO_ACCOUNT);
	else if (!strcmp(setting->option, "pam_service") ||
		 !strcmp(setting->option, "pam_login_service"))
		judge_service(setting);
	else if (!strcmp(setting->option, "timestamp_timeout"))
		judge_timestamp(setting);
}

static void judge_defaults(struct doctor *doctor, const json_t *defaults)
{
	size_t i, j;
	const json_t *entry;
	json_t *option, *value;
	const char *name;

	json_array_foreach(defaults, i, entry)
	    json_array_foreach(json_object_get(entry, "Options"), j, option)
		json_object_foreach(option, name, value)
		    judge_setting(&(struct setting){doctor, name, value, entry, defaults, i});
}

static void release(json_t **document)
{
	json_decref(*document);
}

void doctor_judge_sudo(struct doctor *doctor)
{
	static const char *const command[] = {"cvtsudoers", "-f", "json", SUDOERS, NULL};
	struct psg_buf out PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_buf problem PSG_CLEANUP(psg_buf_clear) = {0};
	const struct doctor_place place = {"sudo", SUDOERS, 0};
	int status = 0;
	enum psg_err err = doctor_run(folders, command, &out, &problem, &status);

	if (err == PSG_ERR_NOT_FOUND) {
		doctor_add(doctor, DOCTOR_PROGRAM_MISSING, place,
			   "there is no cvtsudoers in /usr/bin: the settings of sudo are not "
			   "judged");
		return;
	}
	json_t *document PSG_CLEANUP(release) =
	    err || status != 0 ? NULL : json_loadb(out.data, out.len, 0, NULL);

	if (!document) {
		doctor_add(doctor, DOCTOR_SUDO_UNJUDGED, place, "cvtsudoers does not say: %s",
			   err           ? psg_strerror(err)
			   : status < 0  ? "it had to be ended"
			   : problem.len ? problem.data
					 : "what it says is no JSON");
		return;
	}
	judge_defaults(doctor, json_object_get(document, "Defaults"));
}
