/* `psgctl activate NAME`: for somebody, as the administrator's act; or by sudo for oneself, with a code.
 *
 * MUST: open nothing for the person behind sudo without that person's code
 *       (tests/cli/test_activate.py, test_self_needs_a_code).
 * MUST: spend the code it was opened with (test_self_code_is_spent).
 * MUST NOT: take more than the policy gives: --for is refused above it, never clipped (test_for_limits). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activate.h"
#include "live.h"

void activate_clear(struct activate *activate)
{
	psg_activation_policy_clear(&activate->policy);
	psg_gate_settings_clear(&activate->settings);
}

static enum ctl_exit usage(const struct ctl *ctl, const char *wrong)
{
	ctl_error(ctl, "%s", wrong);
	ctl_print_usage(ctl->command);
	return CTL_USAGE;
}

static enum ctl_exit find_person(struct activate *activate, const struct activate_words *words)
{
	struct ctl *ctl = activate->ctl;

	if (words->user)
		return ctl_person(ctl, words->user, &activate->subject);
	enum ctl_exit status = ctl_person_sudo(ctl, &activate->subject, &activate->self);

	if (status || activate->self)
		return status;
	return usage(ctl, "for whom? --user USER; run by sudo it is for yourself");
}

static struct psg_grant grant_of(const struct activate *activate)
{
	return (struct psg_grant){
	    .kind = activate->kind,
	    .target = activate->target,
	    .scope = activate->scope,
	    .lifetime_s = activate->lifetime_s,
	    .maximum_lifetime_s = activate->policy.maximum_lifetime_s,
	    .renews = activate->renews ? &activate->renewed : NULL,
	    .service = "psgctl",
	    .description = activate->description,
	    .binding = activate->scope == PSG_SCOPE_SESSION ? &activate->binding : NULL,
	};
}

/* What the person at the keyboard can do about it. */
static const char *next_step(enum psg_err err)
{
	switch ((int)err) {
	case PSG_ERR_WRONG_CODE:
		return "; try again with the next one";
	case PSG_ERR_REPLAYED:
		return "; wait for the next one";
	case PSG_ERR_MALFORMED:
	case PSG_ERR_CANCELLED:
		return "; run it again and type the digits your device shows";
	case PSG_ERR_NOT_ENROLLED:
		return "; ask your administrator to run: psgctl enroll";
	case PSG_ERR_STEP_FUTURE:
		return "; ask your administrator for one";
	default:
		return "; try again with the next code";
	}
}

static enum ctl_exit refuse(struct activate *activate, enum psg_err err, int64_t wait_ns)
{
	struct ctl *ctl = activate->ctl;
	struct psg_event event = {.user = activate->subject.name,
				  .reason = psg_strerror(err),
				  .target_type = psg_target_kind_name(activate->kind),
				  .target = activate->target};
	char wait[PSG_TIME_SIZE];

	switch ((int)err) {
	case PSG_ERR_WRONG_CODE:
	case PSG_ERR_STEP_FUTURE:
		event.kind = PSG_EVENT_WRONG_CODE;
		break;
	case PSG_ERR_REPLAYED:
		event.kind = PSG_EVENT_REPLAYED;
		break;
	case PSG_ERR_THROTTLED:
		event.kind = PSG_EVENT_THROTTLED;
		event.quiet_store = true;
		break;
	case PSG_ERR_MALFORMED:
	case PSG_ERR_CANCELLED:
		event.kind = PSG_EVENT_MALFORMED;
		event.quiet_store = true;
		break;
	case PSG_ERR_NOT_ENROLLED:
	case PSG_ERR_STALE:
		event.kind = PSG_EVENT_REFUSED;
		event.quiet_store = true;
		break;
	default:
		event.kind = PSG_EVENT_ERROR;
		ctl_event(ctl, &event);
		return ctl_store_error(ctl, "activating", err);
	}
	ctl_event(ctl, &event);
	psg_duration_format_human((wait_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, wait);
	if (err == PSG_ERR_THROTTLED)
		ctl_error(ctl, "too many wrong codes; try again in %s", wait);
	else
		ctl_error(ctl, "not activated: %s%s", psg_strerror(err), next_step(err));
	return CTL_REFUSED;
}

static enum psg_err claim(struct activate *activate, struct psg_activation *ret, int64_t *ret_wait)
{
	char answer[CTL_ANSWER_SIZE] PSG_CLEANUP(ctl_answer_wipe) = "";
	char code[PSG_ANSWER_SIZE] = "";
	struct psg_claim claim = {
	    .subject = activate->subject.name,
	    .code = code,
	    .apart = PSG_NOT_APART,
	    .throttle = &activate->settings.throttle,
	    .window_steps = activate->settings.window_steps,
	    .grant = &activate->grant,
	    .recheck = activate_recheck,
	    .recheck_arg = activate,
	};
	size_t digits;
	activate->grant = grant_of(activate);
	enum psg_err err = psg_people_can_answer(activate->ctl->store, claim.subject, &digits);

	/* Asking somebody who has nothing to answer with teaches people to type codes anywhere. */
	if (!err)
		err = ctl_ask("Authenticator code: ", answer, sizeof(answer));
	if (!err)
		err = psg_answer_normalize(answer, code);
	if (!err)
		err = psg_people_claim(activate->ctl->store, &claim, ret, ret_wait);
	psg_wipe(code, sizeof(code));
	return err;
}

static enum psg_event_kind event_kind(const struct activate *activate)
{
	if (!activate->self)
		return PSG_EVENT_GRANTED;
	return activate->renews ? PSG_EVENT_RENEWED : PSG_EVENT_ACTIVATED;
}

static enum ctl_exit report(struct activate *activate, const struct psg_activation *made)
{
	struct ctl *ctl = activate->ctl;
	char id[PSG_ACTIVATION_ID_SIZE], end[PSG_TIME_SIZE], length[PSG_TIME_SIZE];
	int64_t life_ns = made->expires_boottime_ns - made->created_boottime_ns;
	int64_t most_ns = activate->policy.maximum_lifetime_s * PSG_NS_PER_S;
	bool last =
	    activate->renews && made->expires_boottime_ns >= made->first_boottime_ns + most_ns;

	ctl_live_event(ctl, event_kind(activate), activate->subject.name, made,
		       *activate->description ? activate->description : NULL);
	ctl_recovery_used(ctl, activate->subject.name, made);
	/* Whoever passes sweeps; that it could not changes nothing. */
	(void)!psg_people_tidy(ctl->store, activate->subject.name);
	if (ctl->json)
		return ctl_print_json(ctl_live_json(activate->subject.name, made));
	psg_activation_id_format(activate->subject.name, made->file, id);
	psg_time_format(made->expires_realtime_ns / PSG_NS_PER_S, end);
	psg_duration_format_human(life_ns / PSG_NS_PER_S, length);
	printf("%s is active%s for %s until %s (%s%s), id %s\n", activate->target,
	       activate->renews ? " again" : "", ctl_safe(activate->subject.name), end, length,
	       last ? ", the end of its maximum lifetime" : "", id);
	return CTL_DONE;
}

static enum ctl_exit perform(struct activate *activate)
{
	struct psg_grant grant = grant_of(activate);
	struct psg_activation made = {.valid = false};
	int64_t wait_ns = 0;
	enum psg_err err = activate->self ? claim(activate, &made, &wait_ns)
					  : psg_people_grant(activate->ctl->store,
							     activate->subject.name, &grant, &made);

	return err ? refuse(activate, err, wait_ns) : report(activate, &made);
}

enum ctl_exit ctl_activate(struct ctl *ctl)
{
	struct activate activate PSG_CLEANUP(activate_clear) = {.ctl = ctl};
	struct activate_words words = {0};
	const struct ctl_option options[] = {
	    {"user", true, &words.user, NULL},     {"for", true, &words.lifetime, NULL},
	    {"reason", true, &words.reason, NULL}, {"session", true, &words.session, NULL},
	    {"scope", true, &words.scope, NULL},   {NULL, false, NULL, NULL}};

	if (!ctl_parse(ctl, options, &words.name, 1, 1, NULL))
		return CTL_USAGE;
	if (words.session && words.scope && !strcmp(words.scope, psg_scope_name(PSG_SCOPE_HOST)))
		return usage(ctl, "--session and --scope Host exclude each other");
	enum ctl_exit status = find_person(&activate, &words);

	if (!status && !ctl_open_store(ctl, true))
		status = CTL_STORE;
	if (!status)
		status = ctl_gate_settings(ctl, &activate.settings);
	if (!status)
		status = activate_target(&activate, words.name);
	if (!status)
		status = activate_rules(&activate, &words);
	if (!status)
		status = activate_session(&activate, &words);
	if (!status)
		status = activate_renewal(&activate, &words);
	if (!status && activate.stands)
		return activate_stands(&activate);
	return status ? status : perform(&activate);
}
