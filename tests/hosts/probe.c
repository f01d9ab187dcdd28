/* Calls libpam's functions in turn and prints what each returned, as a number: what no host shows.
 *
 *   probe SERVICE USER [item=VALUE]... [answer=TEXT]... OPERATION...
 *
 * item: rhost, tty, ruser, env. Prompts are answered in order; when answers run out the conversation fails.
 * conv=none: there is no conversation function; conv=fails: it fails, for texts too; conv=nothing: it succeeds and
 * gives no answers; conv=answers: as said.
 * After an operation that failed the next is called all the same: a host may do that. */
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *answers[16];
static size_t answer_count, answer_next, prompt_count;

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
		    void *data)
{
	const char *kind = data;
	struct pam_response *out = calloc((size_t)count, sizeof(*out));
	if (out == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		bool text = messages[i]->msg_style == PAM_TEXT_INFO ||
			    messages[i]->msg_style == PAM_ERROR_MSG;
		if (text && kind != NULL && strcmp(kind, "fails") == 0) {
			free(out);
			return PAM_CONV_ERR;
		}
		if (text) {
			printf("text=%s\n", messages[i]->msg);
			continue;
		}
		prompt_count++;
		printf("prompt=%s\n", messages[i]->msg);
		if (kind != NULL && strcmp(kind, "nothing") == 0) {
			free(out);
			return PAM_SUCCESS;
		}
		if (answer_next == answer_count) {
			free(out);
			return PAM_CONV_ERR;
		}
		out[i].resp = strdup(answers[answer_next++]);
	}
	*responses = out;
	return PAM_SUCCESS;
}

static int set_item(pam_handle_t *pam, const char *argument)
{
	static const struct {
		const char *name;
		int item;
	} items[] = {{"rhost=", PAM_RHOST}, {"tty=", PAM_TTY}, {"ruser=", PAM_RUSER}};
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		size_t len = strlen(items[i].name);
		if (strncmp(argument, items[i].name, len) == 0)
			return pam_set_item(pam, items[i].item, argument + len);
	}
	if (strncmp(argument, "env=", 4) == 0)
		return pam_putenv(pam, argument + 4);
	if (strncmp(argument, "conv=", 5) == 0) {
		static char kind[16];
		struct pam_conv conv = {converse, kind};
		snprintf(kind, sizeof(kind), "%s", argument + 5);
		if (strcmp(kind, "none") == 0)
			conv.conv = NULL;
		return pam_set_item(pam, PAM_CONV, &conv);
	}
	if (strncmp(argument, "answer=", 7) == 0 && answer_count < 16) {
		answers[answer_count++] = argument + 7;
		return PAM_SUCCESS;
	}
	return PAM_BAD_ITEM;
}

static int call(pam_handle_t *pam, const char *operation)
{
	if (strcmp(operation, "authenticate") == 0)
		return pam_authenticate(pam, 0);
	if (strcmp(operation, "acct_mgmt") == 0)
		return pam_acct_mgmt(pam, 0);
	if (strcmp(operation, "setcred") == 0)
		return pam_setcred(pam, PAM_ESTABLISH_CRED);
	if (strcmp(operation, "open_session") == 0)
		return pam_open_session(pam, 0);
	if (strcmp(operation, "close_session") == 0)
		return pam_close_session(pam, 0);
	return -1;
}

int main(int argc, char **argv)
{
	const struct pam_conv conv = {converse, NULL};
	pam_handle_t *pam = NULL;
	int last = PAM_SUCCESS;

	/* Said as it returns, for who traces us. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4 || pam_start(argv[1], argv[2], &conv, &pam) != PAM_SUCCESS)
		return 2;
	for (int i = 3; i < argc; i++) {
		if (strchr(argv[i], '=') != NULL) {
			if (set_item(pam, argv[i]) != PAM_SUCCESS)
				return 2;
			continue;
		}
		last = call(pam, argv[i]);
		printf("%s=%d\n", argv[i], last);
	}
	printf("prompts=%zu\n", prompt_count);
	pam_end(pam, last);
	return 0;
}
