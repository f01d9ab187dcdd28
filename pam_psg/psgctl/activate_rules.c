/* The activation policy's rules for one activation: how long, why, how far. */
#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "activate.h"

#define REASON_CHARACTERS_MAX 255

static enum ctl_exit lifetime(struct activate *activate, const char *text)
{
	const struct psg_activation_policy *policy = &activate->policy;
	/* Who activates for himself gets what a login would give him, at most. */
	int64_t most = activate->self ? policy->lifetime_s : policy->maximum_lifetime_s;
	char limit[PSG_TIME_SIZE];

	activate->lifetime_s = policy->lifetime_s;
	if (!text)
		return CTL_DONE;
	if (psg_duration_parse(text, &activate->lifetime_s)) {
		ctl_error(activate->ctl,
			  "--for takes a duration such as 90s, 30m, 8h, 2d or PT8H, "
			  "not \"%s\"",
			  ctl_safe(text));
		return CTL_INVALID;
	}
	if (activate->lifetime_s <= most)
		return CTL_DONE;
	psg_duration_format(most, limit);
	ctl_error(activate->ctl, "--for is above what the policy of %s allows: %s",
		  activate->target, limit);
	return CTL_INVALID;
}

/* The whole text must match. POSIX matches are leftmost and longest: one that is not the whole text means that no
 * match is. */
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

static enum ctl_exit reason(struct activate *activate, const char *given)
{
	const struct psg_activation_policy *policy = &activate->policy;
	char *text = activate->description;

	/* Where somebody can be asked, the person is asked, as at a login. */
	if (!given && activate->self && policy->reason == PSG_REASON_REQUIRED &&
	    isatty(STDIN_FILENO)) {
		if (ctl_ask("Reason (not shown): ", text, sizeof(activate->description)))
			text[0] = '\0';
		given = text;
	}
	if (!given || !*given) {
		if (policy->reason != PSG_REASON_REQUIRED)
			return CTL_DONE;
		ctl_error(activate->ctl, "%s asks for a reason: --reason TEXT", activate->target);
		return CTL_INVALID;
	}
	if (strlen(given) >= sizeof(activate->description) ||
	    !ctl_text_valid(given, REASON_CHARACTERS_MAX)) {
		ctl_error(activate->ctl, "a reason has at most %d characters of plain text",
			  REASON_CHARACTERS_MAX);
		return CTL_INVALID;
	}
	if (policy->reason != PSG_REASON_NONE && *policy->reason_pattern &&
	    !matches(policy->reason_pattern, given)) {
		ctl_error(activate->ctl, "the reason must match %s",
			  ctl_safe(policy->reason_pattern));
		return CTL_INVALID;
	}
	if (given != text)
		strcpy(text, given);
	return CTL_DONE;
}

static enum ctl_exit scope(struct activate *activate, const struct activate_words *words)
{
	struct ctl *ctl = activate->ctl;

	activate->scope = words->session ? PSG_SCOPE_SESSION : activate->policy.scope;
	if (words->scope) {
		if (!strcmp(words->scope, psg_scope_name(PSG_SCOPE_HOST))) {
			activate->scope = PSG_SCOPE_HOST;
		} else if (!strcmp(words->scope, psg_scope_name(PSG_SCOPE_SESSION))) {
			activate->scope = PSG_SCOPE_SESSION;
		} else {
			ctl_error(ctl, "--scope takes Session or Host, not \"%s\"",
				  ctl_safe(words->scope));
			return CTL_INVALID;
		}
	}
	if (activate->self && activate->scope == PSG_SCOPE_HOST &&
	    activate->policy.scope != PSG_SCOPE_HOST) {
		ctl_error(ctl,
			  "%s is activated for one session; only an administrator may widen it "
			  "to the host",
			  activate->target);
		return CTL_INVALID;
	}
	return CTL_DONE;
}

enum ctl_exit activate_rules(struct activate *activate, const struct activate_words *words)
{
	enum psg_err err = psg_policy_activation_policy(activate->ctl->policy, activate->kind,
							activate->target, &activate->policy);

	if (err)
		return ctl_store_error(activate->ctl, "reading the activation policy", err);
	enum ctl_exit status = lifetime(activate, words->lifetime);

	if (!status)
		status = scope(activate, words);
	return status ? status : reason(activate, words->reason);
}
