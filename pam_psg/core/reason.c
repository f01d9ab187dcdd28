/* The reason for an activation against its policy's rule and pattern. */
#include "psg/reason.h"

#include <regex.h>
#include <string.h>

#include "psg/activation.h"

/* The whole text must match, as the administrator who wrote the pattern would expect. POSIX matches
 * are leftmost and longest: one that is not the whole text means that no match is. */
static bool matches(const char *pattern, const char *text)
{
	regex_t compiled;
	regmatch_t match;

	if (regcomp(&compiled, pattern, REG_EXTENDED))
		return false;
	int failed = regexec(&compiled, text, 1, &match, 0);

	regfree(&compiled);
	return !failed && match.rm_so == 0 && (size_t)match.rm_eo == strlen(text);
}

enum psg_reason_verdict psg_reason_judge(const struct psg_activation_policy *policy,
					 const char *text)
{
	if (!*text)
		return policy->reason == PSG_REASON_REQUIRED ? PSG_REASON_MISSING : PSG_REASON_GOOD;
	if (strlen(text) >= PSG_DESCRIPTION_SIZE ||
	    !psg_text_is_plain(text, PSG_REASON_CHARACTERS_MAX))
		return PSG_REASON_REFUSED;
	if (policy->reason == PSG_REASON_NONE || !*policy->reason_pattern ||
	    matches(policy->reason_pattern, text))
		return PSG_REASON_GOOD;
	return PSG_REASON_UNMATCHED;
}
