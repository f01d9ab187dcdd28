/* The person's own activation that follows one still live: a renewal, within the maximum lifetime.
 *
 * MUST: continue the first start of what is live, or `activate` would be a way around maximumLifetime
 *       (tests/hosts/test_self_service.py, test_activate_is_no_way_around_the_maximum). */
#include <stdio.h>
#include <string.h>

#include "activate.h"
#include "live.h"

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* As psg_people_claim counts it: both clocks, from the chain's first start. */
static int64_t room_ns(const struct activate *activate, const struct psg_now *now)
{
	int64_t maximum_ns = activate->policy.maximum_lifetime_s * PSG_NS_PER_S;
	const struct psg_activation *first = &activate->renewed;

	return smaller(first->first_boottime_ns + maximum_ns - now->boottime_ns,
		       first->first_realtime_ns + maximum_ns - now->realtime_ns);
}

/* For the Host every live one counts, for a session those that reach it. The leader that the new
 * one names stands in the session; psgctl itself may be below a root shell of sudo's. */
static enum psg_err list_live(struct activate *activate, struct psg_activations *ret)
{
	struct psg_store *store = activate->ctl->store;
	struct psg_call call;

	if (activate->scope == PSG_SCOPE_HOST)
		return psg_people_activations(store, activate->subject.name, ret);
	enum psg_err err = psg_session_identify(&store->proc, activate->binding.leader.pid,
						activate->subject.uid, &call);

	if (!err)
		err = psg_session_place(store, activate->subject.name, &call);
	return err ? err : psg_people_activations_in(store, activate->subject.name, &call, ret);
}

static enum psg_err counts(const struct activate *activate, const struct psg_activation *one,
			   const struct psg_now *now, bool *ret)
{
	*ret = one->valid && one->kind == activate->kind &&
	       !strcmp(one->target, activate->target) &&
	       (activate->scope == PSG_SCOPE_HOST || one->in_session);
	return *ret ? ctl_live(activate->ctl->store, one, now, ret) : PSG_OK;
}

/* Of several the one that began first: its maximum is the nearest. */
static enum psg_err find(struct activate *activate, const struct psg_now *now, int64_t *ret_left_ns)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = list_live(activate, &list);

	if (!err)
		err = psg_gate_restrain(activate->ctl->policy, now, &list);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_activation *one = &list.items[i];
		int64_t left_ns = psg_activation_left_ns(one, now);
		bool live = false;

		err = counts(activate, one, now, &live);
		if (err || !live)
			continue;
		if (!activate->renews ||
		    one->first_boottime_ns < activate->renewed.first_boottime_ns)
			activate->renewed = *one;
		activate->renews = true;
		if (left_ns > *ret_left_ns) {
			activate->longest = *one;
			*ret_left_ns = left_ns;
		}
	}
	return err;
}

static enum ctl_exit refuse_more(const struct activate *activate, int64_t room)
{
	char maximum[PSG_TIME_SIZE], since[PSG_TIME_SIZE], left[PSG_TIME_SIZE];

	psg_duration_format(activate->policy.maximum_lifetime_s, maximum);
	psg_time_format(activate->renewed.first_realtime_ns / PSG_NS_PER_S, since);
	psg_duration_format_human(room > 0 ? room / PSG_NS_PER_S : 0, left);
	ctl_error(
	    activate->ctl,
	    "--for is above what is left of the maximum lifetime of %s: it is active since "
	    "%s, for %s at most, and %s are left: ask for no more than that, or leave --for out",
	    activate->target, since, maximum, left);
	return CTL_INVALID;
}

enum psg_err activate_follow(struct activate *activate)
{
	struct psg_now now;
	int64_t left_ns = 0;
	enum psg_err err = psg_clock_now(&activate->ctl->store->clock, &now);

	if (!err)
		err = find(activate, &now, &left_ns);
	if (!err && activate->renews)
		activate->grant.renews = &activate->renewed;
	return err;
}

enum ctl_exit activate_stands(const struct activate *activate)
{
	const struct ctl *ctl = activate->ctl;
	char maximum[PSG_TIME_SIZE], since[PSG_TIME_SIZE], until[PSG_TIME_SIZE];

	if (ctl->json)
		return ctl_print_json(ctl_live_json(activate->subject.name, &activate->longest));
	psg_duration_format(activate->policy.maximum_lifetime_s, maximum);
	psg_time_format(activate->renewed.first_realtime_ns / PSG_NS_PER_S, since);
	psg_time_format(activate->longest.expires_realtime_ns / PSG_NS_PER_S, until);
	printf("%s is active for %s until %s already, and a new code would win no time (since %s, "
	       "%s at most). Activate it again when it is over, or shorten it with --for.\n",
	       activate->target, ctl_safe(activate->subject.name), until, since, maximum);
	return CTL_DONE;
}

enum ctl_exit activate_renewal(struct activate *activate, const struct activate_words *words)
{
	struct psg_now now;
	int64_t left_ns = 0;

	if (!activate->self)
		return CTL_DONE;
	enum psg_err err = psg_clock_now(&activate->ctl->store->clock, &now);

	if (!err)
		err = find(activate, &now, &left_ns);
	if (err)
		return ctl_store_error(activate->ctl, "reading your activations", err);
	if (!activate->renews)
		return CTL_DONE;
	int64_t room = room_ns(activate, &now), wanted = activate->lifetime_s * PSG_NS_PER_S;

	if (words->lifetime && wanted > room)
		return refuse_more(activate, room);
	activate->stands = !words->lifetime && smaller(wanted, room) <= left_ns;
	/* In the same binding, so that it takes the other's place and lives as long as that would. */
	if (activate->scope == PSG_SCOPE_SESSION && activate->renewed.scope == PSG_SCOPE_SESSION &&
	    activate->renewed.bound)
		activate->binding = activate->renewed.binding;
	return CTL_DONE;
}
