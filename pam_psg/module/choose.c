/* What to activate, and why: the two things a person may be asked before the code. */
#include <stdio.h>
#include <string.h>

#include "module.h"
#include "psg/reason.h"

#define MENU_MAX 20
#define PATTERN_SHOWN 128

/* The menu is part of the prompt: a text of its own would be lost under PAM_SILENT, which sudo sets in
 * every call, and must not be sent in open_session. */
static enum psg_err ask_number(struct psg_request *req, const struct psg_path *const *paths,
			       size_t count, size_t total, uint64_t *ret)
{
	struct psg_buf prompt PSG_CLEANUP(psg_buf_clear) = {0};
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	uint64_t number = 1;

	for (size_t i = 0; i < count; i++)
		psg_buf_format(&prompt, "%zu) %s\n", i + 1, paths[i]->target);
	if (count < total)
		psg_buf_format(&prompt, "(and %zu more, not listed)\n", total - count);
	psg_buf_text(&prompt, "Activate which one [1]: ");
	if (prompt.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = psg_prompt(req, true, prompt.data, &answer);

	if (err)
		return err;
	if (*answer && (psg_u64_parse(answer, &number) || number < 1 || number > count)) {
		req->malformed = "not a number of the list";
		snprintf(
		    req->complaint, sizeof(req->complaint),
		    "That is none of the list. Try again with a number from 1 to %zu, or Enter "
		    "for the first.",
		    count);
		return PSG_ERR_MALFORMED;
	}
	*ret = number;
	return PSG_OK;
}

enum psg_err psg_choose(struct psg_request *req, const struct psg_path **ret)
{
	const struct psg_path *paths[MENU_MAX];
	size_t total = psg_decide_candidates(&req->gate->facts, paths, MENU_MAX), count = total;
	uint64_t number = 1;
	enum psg_err err = PSG_OK;

	if (count == 0)
		return PSG_ERR_STALE;
	if (count > MENU_MAX)
		count = MENU_MAX;
	if (count > 1 && req->args.choose)
		err = ask_number(req, paths, count, total, &number);
	if (!err)
		*ret = paths[number - 1];
	return err;
}

static enum psg_err ask_text(struct psg_request *req, const struct psg_activation_policy *policy,
			     const char *pattern, char **ret)
{
	struct psg_buf prompt PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_text(&prompt, "Reason");
	if (*pattern)
		psg_buf_format(&prompt, " matching %s", pattern);
	psg_buf_text(&prompt, policy->reason == PSG_REASON_OPTIONAL ? " (Enter for none): " : ": ");
	return prompt.failed ? PSG_ERR_NO_MEMORY : psg_prompt(req, true, prompt.data, ret);
}

static enum psg_err refuse_reason(struct psg_request *req, const char *pattern,
				  enum psg_reason_verdict verdict)
{
	req->malformed = "no reason that the policy accepts";
	if (verdict == PSG_REASON_UNMATCHED)
		snprintf(req->complaint, sizeof(req->complaint),
			 "That reason does not match %s. Try again with one that does.", pattern);
	else if (verdict == PSG_REASON_MISSING)
		snprintf(req->complaint, sizeof(req->complaint),
			 "A reason is required. Try again and give one%s%s.",
			 *pattern ? " that matches " : "", pattern);
	else
		snprintf(req->complaint, sizeof(req->complaint),
			 "That reason is not accepted. Try again with 1 to %d characters of plain "
			 "text.",
			 PSG_REASON_CHARACTERS_MAX);
	return PSG_ERR_MALFORMED;
}

enum psg_err psg_ask_reason(struct psg_request *req, const struct psg_activation_policy *policy,
			    char out[static PSG_DESCRIPTION_SIZE])
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	char pattern[PATTERN_SHOWN];

	out[0] = '\0';
	if (policy->reason == PSG_REASON_NONE)
		return PSG_OK;
	psg_show_line(policy->reason_pattern, pattern, sizeof(pattern));
	enum psg_reason_verdict verdict;
	enum psg_err err = ask_text(req, policy, pattern, &answer);

	if (!err)
		err = psg_reason_judge(policy, answer, &verdict);
	if (err)
		return err;
	if (verdict != PSG_REASON_GOOD)
		return refuse_reason(req, pattern, verdict);
	memcpy(out, answer, strlen(answer) + 1);
	return PSG_OK;
}
