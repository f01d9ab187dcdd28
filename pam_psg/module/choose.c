/* What to activate, and why: the two things a person may be asked before the code. */
#include <regex.h>
#include <string.h>

#include "module.h"

#define MENU_MAX 20
#define PATTERN_SHOWN 128
#define DESCRIPTION_CHARACTERS_MAX 255

/* The menu is part of the prompt: a text of its own would be lost under PAM_SILENT, which sudo sets in
 * every call, and must not be sent in open_session. */
static enum psg_err ask_number(struct psg_request *req, const struct psg_path *const *paths,
			       size_t count, uint64_t *ret)
{
	struct psg_buf prompt PSG_CLEANUP(psg_buf_clear) = {0};
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	uint64_t number = 1;

	for (size_t i = 0; i < count; i++)
		psg_buf_format(&prompt, "%zu) %s\n", i + 1, paths[i]->target);
	psg_buf_text(&prompt, "Activate which one [1]: ");
	if (prompt.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = psg_prompt(req, true, prompt.data, &answer);

	if (err)
		return err;
	if (*answer && (psg_u64_parse(answer, &number) || number < 1 || number > count))
		return PSG_ERR_MALFORMED;
	*ret = number;
	return PSG_OK;
}

enum psg_err psg_choose(struct psg_request *req, const struct psg_path **ret)
{
	const struct psg_path *paths[MENU_MAX];
	size_t count = psg_decide_candidates(&req->gate->facts, paths, MENU_MAX);
	uint64_t number = 1;
	enum psg_err err = PSG_OK;

	if (count == 0)
		return PSG_ERR_STALE;
	if (count > MENU_MAX)
		count = MENU_MAX;
	if (count > 1 && req->args.choose)
		err = ask_number(req, paths, count, &number);
	if (!err)
		*ret = paths[number - 1];
	return err;
}

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

/* The whole text must match, as the administrator who wrote the pattern would expect. */
static enum psg_err matches(const char *pattern, const char *text)
{
	regex_t compiled;
	regmatch_t match;

	if (!*pattern)
		return PSG_OK;
	if (regcomp(&compiled, pattern, REG_EXTENDED))
		return PSG_ERR_INVALID;
	int failed = regexec(&compiled, text, 1, &match, 0);

	regfree(&compiled);
	return !failed && match.rm_so == 0 && (size_t)match.rm_eo == strlen(text)
		   ? PSG_OK
		   : PSG_ERR_MALFORMED;
}

static enum psg_err ask_text(struct psg_request *req, const struct psg_activation_policy *policy,
			     char **ret)
{
	struct psg_buf prompt PSG_CLEANUP(psg_buf_clear) = {0};
	char pattern[PATTERN_SHOWN];

	psg_escape_line(policy->reason_pattern, pattern, sizeof(pattern));
	psg_buf_text(&prompt, "Reason");
	if (*pattern)
		psg_buf_format(&prompt, " matching %s", pattern);
	psg_buf_text(&prompt, policy->reason == PSG_REASON_OPTIONAL ? " (Enter for none): " : ": ");
	return prompt.failed ? PSG_ERR_NO_MEMORY : psg_prompt(req, true, prompt.data, ret);
}

enum psg_err psg_ask_reason(struct psg_request *req, const struct psg_activation_policy *policy,
			    char out[static PSG_DESCRIPTION_SIZE])
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;

	out[0] = '\0';
	if (policy->reason == PSG_REASON_NONE)
		return PSG_OK;
	enum psg_err err = ask_text(req, policy, &answer);

	if (err || (policy->reason == PSG_REASON_OPTIONAL && !*answer))
		return err;
	if (!*answer || strlen(answer) >= PSG_DESCRIPTION_SIZE ||
	    characters(answer) > DESCRIPTION_CHARACTERS_MAX)
		err = PSG_ERR_MALFORMED;
	else
		err = matches(policy->reason_pattern, answer);
	req->bad_reason = err == PSG_ERR_MALFORMED;
	if (!err)
		memcpy(out, answer, strlen(answer) + 1);
	return err;
}
