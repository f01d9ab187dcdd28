/* What a host's conversation gives back, through libpam and the real module. Two bytes pick the phase, the policy and
 * the module's arguments; then come answers, each ended by FUZZ_END, the first byte of which says how it is given:
 * as it is, as no answer at all (NULL), without a reply array, with an error code, and with the right code in it where
 * it has a 0x01.
 *
 * Nobody gets in without having given the right code, once, in one answer; each return value is one that the module may
 * give; nothing it shows can move a terminal's cursor; and one run leaves at most one activation, live only where it
 * let somebody in. */
#include "fuzz.h"

#include <security/pam_appl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "../pam/world.h"

#define ANSWERS_MAX 8
#define STACKS 8

static const char *const stacks[STACKS] = {"",
					   "choose",
					   "choose echo conceal",
					   "echo [prompt=Code: ]",
					   "noprompt conceal quiet",
					   "debug",
					   "choose noprompt echo",
					   "quiet conceal"};

enum phase { AUTH, ACCOUNT, OPEN, PHASES };

struct talk {
	struct fuzz_input input;
	const char *code;
	unsigned int prompts;
	bool given; /* the right code, whole, without an error */
};

static struct world worlds[2];

static void drop_worlds(void)
{
	char command[256];

	for (size_t i = 0; i < PSG_COUNT(worlds); i++) {
		snprintf(command, sizeof(command), "rm -rf '%.63s'", worlds[i].dir);
		(void)!system(command);
	}
}

/* 0x01 stands for the right code. */
static char *write_answer(struct talk *talk, const char *text, size_t len)
{
	char *answer = malloc(len + strlen(talk->code) + 1), *to = answer;
	bool done = false;

	for (size_t i = 0; answer && i < len; i++) {
		if (text[i] == 0x01 && !done) {
			to = stpcpy(to, talk->code);
			done = true;
		} else {
			*to++ = text[i];
		}
	}
	if (answer)
		*to = '\0';
	return answer;
}

/* A menu is several lines; what people or the store named is in one of them. */
static void check_shown(const struct pam_message *message)
{
	expect(message->msg && strlen(message->msg) < PAM_MAX_MSG_SIZE);
	char *text = fuzz_copy(message->msg, strlen(message->msg));

	for (char *at = text; at && (at = strchr(at, '\n'));)
		*at = ' ';
	expect(!text || psg_text_is_plain(text, SIZE_MAX));
	free(text);
}

static int reply(struct talk *talk, struct pam_response *response)
{
	char normal[PSG_CODE_DIGITS_MAX + 1];
	size_t len;
	char *text = fuzz_part(&talk->input, &len);
	unsigned char how = text && len ? (unsigned char)text[0] : 'n';
	int code = PAM_SUCCESS;

	if (how == 'e')
		code = len > 1 ? (unsigned char)text[1] % 64 : PAM_CONV_ERR;
	response->resp_retcode = how;
	if (text && len && how != 'n')
		response->resp = write_answer(talk, text + 1, len - 1);
	if (code == PAM_SUCCESS && response->resp &&
	    psg_code_normalize(response->resp, normal) == PSG_OK && strcmp(normal, talk->code) == 0)
		talk->given = true;
	free(text);
	return code;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
		    void *arg)
{
	struct talk *talk = arg;
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
	int code = PAM_SUCCESS;

	expect(count == 1 && responses != NULL);
	check_shown(messages[0]);
	if (messages[0]->msg_style == PAM_PROMPT_ECHO_ON ||
	    messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
		expect(++talk->prompts <= ANSWERS_MAX);
		/* 'm': a host that says yes and gives no reply at all. */
		if (talk->input.left > 0 && *talk->input.at == 'm') {
			free(responses);
			responses = NULL;
			free(fuzz_part(&talk->input, &(size_t){0}));
		} else {
			code = reply(talk, responses);
		}
	}
	*ret = responses;
	return code;
}

static void make_worlds(void)
{
	static const struct world_policy policies[2] = {
	    {.requires_activation = true, .second_group = true, .attempts = 100},
	    {.requires_activation = true,
	     .reason = PSG_REASON_REQUIRED,
	     .reason_pattern = "(INC|CHG)[0-9]+.*",
	     .scope = PSG_SCOPE_HOST,
	     .attempts = 100}};
	char name[16], words[64];

	for (size_t i = 0; i < PSG_COUNT(worlds); i++) {
		world_make(&worlds[i], &policies[i]);
		world_enroll(&worlds[i]);
		for (int stack = 0; stack < STACKS; stack++) {
			snprintf(name, sizeof(name), "gate%d", stack);
			snprintf(words, sizeof(words), "application=gate %s", stacks[stack]);
			world_stack(&worlds[i], name, words);
		}
	}
	(void)atexit(drop_worlds);
}

/* As if nothing had happened: no code spent, no attempt taken. */
static void forget(const struct world *world)
{
	char path[320];
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	expect(psg_people_activations(world->store, WORLD_USER, &list) == PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		static const char *const suffixes[] = {"", ".session", ".ended"};

		for (size_t k = 0; k < PSG_COUNT(suffixes); k++) {
			snprintf(path, sizeof(path), "%.79s/people/" WORLD_USER "/spent/%.63s%s",
				 world->store_dir, list.items[i].file, suffixes[k]);
			(void)unlink(path);
		}
	}
	expect(psg_attempts_forgive_all(world->store, WORLD_USER) == PSG_OK);
	snprintf(path, sizeof(path), "%.79s/log", world->store_dir);
	(void)unlink(path);
}

static void no_delay(int code, unsigned int usec, void *arg)
{
	(void)code;
	(void)usec;
	(void)arg;
}

static int run(struct world *world, enum phase phase, struct talk *talk, const char *service)
{
	const struct pam_conv conv = {converse, talk};
	pam_handle_t *pamh = NULL;
	int code;

	expect(pam_start_confdir(service, WORLD_USER, &conv, world->conf_dir, &pamh) ==
	       PAM_SUCCESS);
	/* libpam pauses after a refusal. */
	expect(pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)(uintptr_t)no_delay) ==
	       PAM_SUCCESS);
	code = phase == AUTH      ? pam_authenticate(pamh, 0)
	       : phase == ACCOUNT ? pam_acct_mgmt(pamh, 0)
				  : pam_open_session(pamh, 0);
	expect(pam_end(pamh, code) == PAM_SUCCESS);
	return code;
}

static void check_outcome(struct world *world, enum phase phase, const struct talk *talk, int code)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	size_t valid = 0;

	if (phase == AUTH)
		expect(code == PAM_SUCCESS || code == PAM_AUTH_ERR ||
		       code == PAM_AUTHINFO_UNAVAIL || code == PAM_MAXTRIES ||
		       code == PAM_PERM_DENIED);
	else
		expect(code == PAM_SUCCESS || code == PAM_PERM_DENIED);
	expect(psg_people_activations(world->store, WORLD_USER, &list) == PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		valid += list.items[i].valid && !list.items[i].ended;
	expect(valid == (code == PAM_SUCCESS ? 1 : 0));
	expect(code != PAM_SUCCESS || talk->given);
}

static int talk_once(const uint8_t *data, size_t size)
{
	struct talk talk = {.input = {data, size}};
	unsigned char first = fuzz_byte(&talk.input), second = fuzz_byte(&talk.input);
	enum phase phase = (enum phase)(first % PHASES);
	struct world *world = &worlds[first / PHASES % 2];
	char service[16];
	int code;

	talk.code = world_code(world, 0);
	snprintf(service, sizeof(service), "gate%d", second % STACKS);
	code = run(world, phase, &talk, service);
	check_outcome(world, phase, &talk, code);
	forget(world);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t right[] = {0, 0, 'a', 0x01};

	if (!worlds[0].store) {
		/* Whatever this was started from may have ended: what is activated here needs a leader that lives. */
		(void)setsid();
		make_worlds();
		/* The door does open: else all that follows would prove nothing. */
		expect(talk_once(right, sizeof(right)) == PAM_SUCCESS);
	}
	(void)talk_once(data, size);
	return 0;
}
