/* sshd's settings, as `sshd -T` says they are: whether a login by ssh can reach the code at all. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "doctor.h"

#define CONFIG "/etc/ssh/sshd_config"
#define VALUE_SIZE 1024
#define PATH_SIZE 4096

static const char *const folders[] = {"/usr/sbin", "/usr/local/sbin", "/sbin", NULL};

struct sshd {
	struct doctor *doctor;
	const struct doctor_service *service;
	const char *settings; /* lines "key value" */
	bool after_publickey; /* what the auth line says */
};

/* The value of a key; "" where there is none. */
static void value_of(const struct sshd *sshd, const char *key, char out[static VALUE_SIZE])
{
	size_t len = strlen(key);

	out[0] = '\0';
	for (const char *at = sshd->settings; at && *at;
	     at = strchr(at, '\n'), at = at ? at + 1 : at) {
		if (strncmp(at, key, len) != 0 || at[len] != ' ')
			continue;
		snprintf(out, VALUE_SIZE, "%.*s", (int)strcspn(at + len + 1, "\n"), at + len + 1);
		return;
	}
}

static bool is(const struct sshd *sshd, const char *key, const char *wanted)
{
	char value[VALUE_SIZE];

	value_of(sshd, key, value);
	return strcmp(value, wanted) == 0;
}

/* Where a setting is written: the first line counts, outside Match. */
struct search {
	const char *key, *alias; /* an older name of the same, or NULL */
	char path[PATH_SIZE];
	unsigned int line;
	bool matching;
};

static bool starts(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncasecmp(text, word, len) == 0 && strchr(" \t=\r\n", text[len]);
}

static bool look(void *arg, const char *path, unsigned int line, const char *text)
{
	struct search *search = arg;

	/* A Match ends with its file. */
	if (strcmp(search->path, path) != 0)
		search->matching = false;
	snprintf(search->path, sizeof(search->path), "%s", path);
	search->matching |= starts(text, "Match");
	search->line = line;
	return !search->matching &&
	       (starts(text, search->key) || (search->alias && starts(text, search->alias)));
}

static struct doctor_place written(const struct sshd *sshd, struct search *search)
{
	if (doctor_source(DOCTOR_SSHD_CONFIG, CONFIG, look, search))
		return (struct doctor_place){sshd->service->name, search->path, search->line};
	return (struct doctor_place){sshd->service->name, CONFIG, 0};
}

#define WRITTEN(sshd, name) written(sshd, &(struct search){.key = (name)})

static bool note_match(void *arg, const char *path, unsigned int line, const char *text)
{
	const struct sshd *sshd = arg;
	int len = (int)strcspn(text, "\r\n");

	if (starts(text, "Match"))
		doctor_add(sshd->doctor, DOCTOR_SSHD_MATCH,
			   (struct doctor_place){sshd->service->name, path, line},
			   "what follows `%.*s` is not judged", len, text);
	return false;
}

/* One list of methods, all of which a login needs. */
static void judge_list(const struct sshd *sshd, const char *list)
{
	const char *code = strstr(list, "keyboard-interactive"), *key = strstr(list, "publickey");

	if (code && sshd->after_publickey && (!key || key > code))
		doctor_add(sshd->doctor, DOCTOR_SSHD_AFTER, WRITTEN(sshd, "AuthenticationMethods"),
			   "pam_psg says after=publickey, and `%s` asks for no key before it",
			   list);
	if (code)
		return;
	if (strstr(list, "password"))
		doctor_add(sshd->doctor, DOCTOR_SSHD_PASSWORD,
			   WRITTEN(sshd, "AuthenticationMethods"),
			   "the method password is in `AuthenticationMethods %s`", list);
	else
		doctor_add(sshd->doctor, DOCTOR_SSHD_NO_CODE,
			   WRITTEN(sshd, "AuthenticationMethods"),
			   "`%s` in AuthenticationMethods reaches no code", list);
}

/* Without AuthenticationMethods each method that is on is enough by itself. */
static void judge_any(const struct sshd *sshd)
{
	static const char *const methods[] = {"PubkeyAuthentication", "HostbasedAuthentication",
					      "GSSAPIAuthentication", "KerberosAuthentication"};
	static const char *const keys[] = {"pubkeyauthentication", "hostbasedauthentication",
					   "gssapiauthentication", "kerberosauthentication"};

	if (is(sshd, "passwordauthentication", "yes"))
		doctor_add(sshd->doctor, DOCTOR_SSHD_PASSWORD,
			   WRITTEN(sshd, "PasswordAuthentication"), "PasswordAuthentication is on");
	for (size_t i = 0; i < PSG_COUNT(keys); i++)
		if (is(sshd, keys[i], "yes"))
			doctor_add(sshd->doctor, DOCTOR_SSHD_NO_CODE, WRITTEN(sshd, methods[i]),
				   "%s is on and enough by itself: it reaches no code", methods[i]);
}

static void judge_methods(const struct sshd *sshd)
{
	char methods[VALUE_SIZE];
	char *rest = NULL;

	value_of(sshd, "authenticationmethods", methods);
	if (!*methods || strcmp(methods, "any") == 0) {
		judge_any(sshd);
		return;
	}
	for (char *list = strtok_r(methods, " ", &rest); list; list = strtok_r(NULL, " ", &rest))
		judge_list(sshd, list);
}

static void judge_root(const struct sshd *sshd)
{
	size_t at = 0;
	const struct stack_line *gate = doctor_gate_line(sshd->service, STACK_ACCOUNT, &at);
	struct psg_args args;
	char value[VALUE_SIZE];

	value_of(sshd, "permitrootlogin", value);
	if (!gate || !doctor_args(sshd->service, gate, &args, NULL) || args.even_root ||
	    strcmp(value, "no") == 0)
		return;
	doctor_add(sshd->doctor,
		   strcmp(value, "yes") == 0 ? DOCTOR_ROOT_LOGIN : DOCTOR_ROOT_LOGIN_KEY,
		   WRITTEN(sshd, "PermitRootLogin"),
		   "PermitRootLogin is %s, and no line says even_root", value);
}

/* `sshd -T` writes one line for each pattern. */
static void judge_environment(const struct sshd *sshd)
{
	static const char *const names[] = {"PSG_GROUPS", "PSG_PERMISSIONS", "PSG_EXPIRES",
					    "PSG_TICKET"};
	static const char key[] = "acceptenv ";

	for (const char *at = sshd->settings; at && *at;
	     at = strchr(at, '\n'), at = at ? at + 1 : at) {
		char pattern[VALUE_SIZE];
		bool takes = false;

		if (strncmp(at, key, sizeof(key) - 1) != 0)
			continue;
		at += sizeof(key) - 1;
		snprintf(pattern, sizeof(pattern), "%.*s", (int)strcspn(at, "\n"), at);
		for (size_t i = 0; i < PSG_COUNT(names); i++)
			takes |= fnmatch(pattern, names[i], 0) == 0;
		if (takes)
			doctor_add(sshd->doctor, DOCTOR_SSHD_ACCEPTENV, WRITTEN(sshd, "AcceptEnv"),
				   "AcceptEnv %s takes pam_psg's variables from clients", pattern);
	}
}

static void judge_settings(struct sshd *sshd)
{
	judge_environment(sshd);
	if (is(sshd, "usepam", "no"))
		doctor_add(sshd->doctor, DOCTOR_SSHD_USEPAM, WRITTEN(sshd, "UsePAM"),
			   "UsePAM is no");
	if (is(sshd, "kbdinteractiveauthentication", "no")) {
		struct search search = {.key = "KbdInteractiveAuthentication",
					.alias = "ChallengeResponseAuthentication"};

		doctor_add(sshd->doctor, DOCTOR_SSHD_KBDINTERACTIVE, written(sshd, &search),
			   "KbdInteractiveAuthentication is no");
	}
	judge_methods(sshd);
	judge_root(sshd);
	doctor_source(DOCTOR_SSHD_CONFIG, CONFIG, note_match, sshd);
}

void doctor_judge_sshd(struct doctor *doctor, const struct doctor_service *service)
{
	static const char *const command[] = {"sshd", "-T", NULL};
	struct psg_buf out PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_buf problem PSG_CLEANUP(psg_buf_clear) = {0};
	struct sshd sshd = {.doctor = doctor, .service = service};
	const struct doctor_place place = {service->name, CONFIG, 0};
	int status = 0;
	enum psg_err err = doctor_run(folders, command, &out, &problem, &status);

	if (err == PSG_ERR_NOT_FOUND)
		doctor_add(doctor, DOCTOR_PROGRAM_MISSING, place,
			   "there is no sshd in /usr/sbin: its settings are not judged");
	else if (err || status != 0)
		doctor_add(doctor, DOCTOR_SSHD_UNJUDGED, place, "`sshd -T` does not say: %s",
			   err           ? psg_strerror(err)
			   : status < 0  ? "it had to be ended"
			   : problem.len ? problem.data
					 : "it failed without a word");
	if (err || status != 0)
		return;
	size_t at = 0;
	const struct stack_line *line = doctor_gate_line(service, STACK_AUTH, &at);
	struct psg_args args;

	sshd.after_publickey =
	    line && doctor_args(service, line, &args, NULL) && args.after_publickey;
	sshd.settings = out.data;
	judge_settings(&sshd);
}
