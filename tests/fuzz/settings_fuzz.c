/* What other programs say of themselves and doctor judges: `sshd -T`, cvtsudoers' JSON, and the configuration files it
 * looks up a line in. The first byte picks. Whatever they say, a finding is one line of a known kind. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Their readers are their own: no other part of psgctl calls them. */
#include "../../pam_psg/psgctl/doctor_sshd.c"
#undef PATH_SIZE
#define look sudo_look
#define search sudo_search
#define written sudo_written
#define folders sudo_folders
#include "../../pam_psg/psgctl/doctor_sudo.c"

static char path[64];

static void check_findings(const struct doctor *doctor)
{
	expect(!doctor->failed);
	for (size_t i = 0; i < doctor->count; i++)
		expect(doctor->items[i].code < DOCTOR_CODES && *doctor->items[i].message);
}

static void check_sshd(const char *text)
{
	struct ctl ctl = {.quiet = true};
	char name[] = "sshd";
	struct doctor doctor PSG_CLEANUP(doctor_clear) = {.ctl = &ctl};
	struct doctor_service service = {.name = name};
	struct sshd sshd = {.doctor = &doctor, .service = &service, .settings = text};
	char value[VALUE_SIZE];

	for (int after = 0; after < 2; after++) {
		sshd.after_publickey = after;
		judge_settings(&sshd);
	}
	value_of(&sshd, "usepam", value);
	expect(!strchr(value, '\n') && strlen(value) < sizeof(value));
	check_findings(&doctor);
}

static void check_sudo(const char *text)
{
	struct ctl ctl = {.quiet = true};
	struct doctor doctor PSG_CLEANUP(doctor_clear) = {.ctl = &ctl};
	json_t *document PSG_CLEANUP(release) = json_loads(text, 0, NULL);

	if (document)
		judge_defaults(&doctor, json_object_get(document, "Defaults"));
	check_findings(&doctor);
}

struct seen {
	unsigned int lines;
};

static bool see(void *arg, const char *where, unsigned int line, const char *text)
{
	struct seen *seen = arg;

	expect(strcmp(where, path) == 0 && line == ++seen->lines);
	expect(!*text || !strchr(" \t", *text));
	return false;
}

/* Every line is told once, whatever it includes; what leads out of the file is left out here. */
static void check_source(const char *text, enum doctor_syntax syntax)
{
	int fd PSG_CLEANUP(psg_close_fd) = memfd_create("settings", MFD_CLOEXEC);
	struct seen seen = {0};
	struct sudo_search found = {.option = "pam_session", .negated = true};

	if (strcasestr(text, "include"))
		return;
	expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect(!doctor_source(syntax, path, see, &seen));
	(void)doctor_source(DOCTOR_SUDOERS, path, sudo_look, &found);
	expect(found.seen == 0 || strstr(text, "pam_session"));
}

static void check_sshd_config(const char *text)
{
	check_source(text, DOCTOR_SSHD_CONFIG);
}

static void check_sudoers(const char *text)
{
	check_source(text, DOCTOR_SUDOERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const char *text) = {check_sshd, check_sudo,
							   check_sshd_config, check_sudoers};
	char *text = size ? fuzz_copy(data + 1, size - 1) : NULL;

	if (text)
		checks[data[0] % PSG_COUNT(checks)](text);
	free(text);
	return 0;
}
