/* Talking to the person through the host's conversation. */
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

#define LINE_SIZE 512

/* As pam_prompt(3) does, which logs an error for every host that refuses to converse: one line for each `sudo -n`
 * and each login by key, beside our own and beyond its limit. */
static int converse(pam_handle_t *pamh, int style, const char *text, char **ret)
{
	const struct pam_message message = {.msg_style = style, .msg = text};
	const struct pam_message *messages = &message;
	struct pam_response *responses = NULL;
	const void *item = NULL;

	*ret = NULL;
	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || !item)
		return PAM_CONV_ERR;
	const struct pam_conv *conv = item;

	if (!conv->conv)
		return PAM_CONV_ERR;
	int code = conv->conv(1, &messages, &responses, conv->appdata_ptr);

	if (responses) {
		*ret = responses->resp;
		free(responses);
	}
	return code;
}

enum psg_err psg_prompt(struct psg_request *req, bool echo, const char *text, char **ret)
{
	char *answer = NULL;
	int code =
	    converse(req->pamh, echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF, text, &answer);

	/* pamtester at end of input answers SUCCESS with NULL: nobody is there (trap 7). */
	if (code != PAM_SUCCESS || !answer) {
		psg_answer_free(&answer);
		return PSG_ERR_CANCELLED;
	}
	*ret = answer;
	return PSG_OK;
}

void psg_answer_free(char **answer)
{
	if (!*answer)
		return;
	psg_wipe(*answer, strlen(*answer));
	free(*answer);
	*answer = NULL;
}

/* Text in open_session ends up in front of scp's and sftp's stream when the session is refused. */
static bool may_tell(const struct psg_request *req)
{
	return !req->args.quiet &&
	       (req->phase == PSG_PHASE_AUTH || req->phase == PSG_PHASE_ACCOUNT ||
		req->phase == PSG_PHASE_CHAUTHTOK);
}

PSG_PRINTF(3, 0)
static void tell(struct psg_request *req, int style, const char *format, va_list arguments)
{
	char line[LINE_SIZE], safe[LINE_SIZE];
	char *ignored = NULL;

	vsnprintf(line, sizeof(line), format, arguments);
	psg_show_line(line, safe, sizeof(safe));
	/* A host that shows no text is no reason to decide otherwise. */
	(void)converse(req->pamh, style, safe, &ignored);
	psg_answer_free(&ignored);
}

void psg_tell(struct psg_request *req, const char *format, ...)
{
	va_list arguments;

	if (req->silent || !may_tell(req))
		return;
	va_start(arguments, format);
	tell(req, PAM_TEXT_INFO, format, arguments);
	va_end(arguments);
}

void psg_tell_refusal(struct psg_request *req, const char *format, ...)
{
	va_list arguments;

	if (!may_tell(req))
		return;
	va_start(arguments, format);
	tell(req, PAM_ERROR_MSG, format, arguments);
	va_end(arguments);
}
