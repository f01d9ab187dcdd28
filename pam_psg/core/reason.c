/* The reason for an activation against its policy's rule and pattern. */
#include "psg/reason.h"

#include <string.h>

#include "psg/activation.h"
#include "psg/base.h"
#include "psg/pattern.h"

/* A stored pattern was read before it was stored: one that is none now is damage. */
static enum psg_err match(const char *text, const char *reason, enum psg_reason_verdict *ret)
{
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = NULL;
	char why[PSG_PATTERN_WHY_SIZE];
	enum psg_err err = psg_pattern_parse(text, &pattern, why);

	if (err)
		return err == PSG_ERR_INVALID ? PSG_ERR_CORRUPT : err;
	*ret = psg_pattern_matches(pattern, reason) ? PSG_REASON_GOOD : PSG_REASON_UNMATCHED;
	return PSG_OK;
}

enum psg_err psg_reason_judge(const struct psg_activation_policy *policy, const char *text,
			      enum psg_reason_verdict *ret)
{
	if (!*text)
		*ret = policy->reason == PSG_REASON_REQUIRED ? PSG_REASON_MISSING : PSG_REASON_GOOD;
	else if (strlen(text) >= PSG_DESCRIPTION_SIZE ||
		 !psg_text_is_plain(text, PSG_REASON_CHARACTERS_MAX))
		*ret = PSG_REASON_REFUSED;
	else if (policy->reason == PSG_REASON_NONE || !*policy->reason_pattern)
		*ret = PSG_REASON_GOOD;
	else
		return match(policy->reason_pattern, text, ret);
	return PSG_OK;
}
