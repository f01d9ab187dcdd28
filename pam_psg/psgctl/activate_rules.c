/* The activation policy's rules for one activation: how long, why, how far. */
#include <string.h>
#include <unistd.h>

#include "activate.h"
#include "psg/reason.h"

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
	ctl_error(activate->ctl, "--for is above what the policy of %s allows: %s; ask for no more",
		  activate->target, limit);
	return CTL_INVALID;
}

/* Where somebody can be asked, the person is asked, as at a login. */
static void ask_reason(struct activate *activate, char out[static PSG_DESCRIPTION_SIZE])
{
	const struct psg_activation_policy *policy = &activate->policy;
	struct psg_buf prompt PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_text(&prompt, "Reason");
	if (*policy->reason_pattern)
		psg_buf_format(&prompt, " matching %s", ctl_safe(policy->reason_pattern));
	psg_buf_text(&prompt, " (not shown): ");
	if (prompt.failed || ctl_ask(prompt.data, out, PSG_DESCRIPTION_SIZE))
		out[0] = '\0';
}

/* What is wrong with a reason, and what would do. */
static enum ctl_exit judge_reason(const struct activate *activate, const char *text)
{
	const struct psg_activation_policy *policy = &activate->policy;
	struct ctl *ctl = activate->ctl;
	enum psg_reason_verdict verdict;
	enum psg_err err = psg_reason_judge(policy, text, &verdict);

	if (err)
		return ctl_store_error(ctl, "judging the reason", err);
	switch (verdict) {
	case PSG_REASON_MISSING:
		ctl_error(ctl, "%s asks for a reason: --reason TEXT%s%s", activate->target,
			  *policy->reason_pattern ? ", which must match " : "",
			  ctl_safe(policy->reason_pattern));
		return CTL_INVALID;
	case PSG_REASON_REFUSED:
		ctl_error(
		    ctl,
		    "that reason is not accepted: give one of at most %d characters of plain text",
		    PSG_REASON_CHARACTERS_MAX);
		return CTL_INVALID;
	case PSG_REASON_UNMATCHED:
		ctl_error(ctl, "the reason must match %s", ctl_safe(policy->reason_pattern));
		return CTL_INVALID;
	case PSG_REASON_GOOD:
		break;
	}
	return CTL_DONE;
}

static enum ctl_exit reason(struct activate *activate, const char *given)
{
	char *text = activate->description;

	if (!given && activate->self && activate->policy.reason == PSG_REASON_REQUIRED &&
	    isatty(STDIN_FILENO)) {
		ask_reason(activate, text);
		given = text;
	}
	enum ctl_exit status = judge_reason(activate, given ? given : "");

	if (!status && given && given != text)
		strcpy(text, given);
	return status;
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
			  "%s is activated for one session: leave --scope out, or ask an "
			  "administrator, who may widen it to the host",
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
