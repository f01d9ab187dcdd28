/* Activations for the whole Host: which logins rest on them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dues.h"

/* What the login's service would say to it now. UNASSIGNED with Unix groups in the policy is what a name service that
 * is away looks like, and ends nobody. */
static enum psg_err would_be_let_in(const struct psg_judge *judge, const struct psg_login *login,
				    bool *ret, char ret_by[static PSG_ACTIVATION_FILE_SIZE])
{
	struct psg_service service = {.gated = false};
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = NULL;
	struct psg_call call;

	*ret = true;
	ret_by[0] = '\0';
	if (judge->service(judge->service_arg, login->service, &service) != PSG_OK ||
	    !service.gated || service.permissive)
		return PSG_OK;
	psg_session_imagine(&login->binding, judge->subject.uid, &call);
	struct psg_ask ask = {.subject = &judge->subject,
			      .demand = &service.demand,
			      .call = &call,
			      .even_root = service.even_root,
			      .unassigned_ok = service.unassigned_ok};
	enum psg_err err = psg_gate_ask(judge->store, &ask, &gate);

	if (err)
		return err;
	*ret = gate->decision.verdict == PSG_ALLOW || (gate->decision.why == PSG_WHY_UNASSIGNED &&
						       psg_policy_has_unix_groups(judge->policy));
	if (gate->decision.verdict == PSG_ALLOW && gate->decision.why == PSG_WHY_ACTIVE)
		memcpy(ret_by, gate->decision.activation->file, PSG_ACTIVATION_FILE_SIZE);
	return PSG_OK;
}

/* Whether the target gives what the login's service asks for, whoever is assigned what by now. */
static enum psg_err opens_it(const struct psg_judge *judge, const struct psg_activation *activation,
			     const struct psg_login *login, bool *ret)
{
	static const char *const elements[][2] = {
	    [PSG_DEMAND_APPLICATION] = {"applicationVisibilities", NULL},
	    [PSG_DEMAND_PERMISSION] = {"userPermissions", "customPermissions"},
	    [PSG_DEMAND_GROUP] = {NULL, NULL},
	};
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_service service = {.gated = false};

	if (judge->service(judge->service_arg, login->service, &service) != PSG_OK)
		return PSG_OK;
	if (service.demand.kind == PSG_DEMAND_GROUP) {
		*ret = !strcmp(service.demand.name, activation->target);
		return PSG_OK;
	}
	enum psg_err err =
	    psg_policy_effective(judge->policy, activation->kind, activation->target, &keys);

	for (size_t i = 0; i < 2 && !err; i++) {
		const char *element = elements[service.demand.kind][i];
		char key[PSG_SUBJECT_SIZE + 32];

		if (element) {
			(void)snprintf(key, sizeof(key), "%s.%s", element, service.demand.name);
			*ret |= psg_strings_has(&keys, key);
		}
	}
	return err;
}

/* Whether the login began when the activation was over already: then something else let it in. */
static bool began_after(const struct psg_judge *judge, const struct psg_login *login,
			const struct psg_activation *activation)
{
	int64_t tick_ns = PSG_NS_PER_S / sysconf(_SC_CLK_TCK);
	int64_t began_ns = (int64_t)login->binding.leader.start_ticks * tick_ns;
	int64_t over_ns = activation->expires_boottime_ns;

	if (activation->ended && activation->ended_realtime_ns > 0) {
		int64_t ended_ns = judge->now.boottime_ns -
				   (judge->now.realtime_ns - activation->ended_realtime_ns);

		over_ns = ended_ns < over_ns ? ended_ns : over_ns;
	}
	return began_ns > over_ns;
}

/* For the whole Host: it concerns the logins whose service opens by it, or would open no more. */
enum psg_err psg_due_judge_host(struct psg_judge *judge, const struct psg_activation *activation,
				const struct psg_activation_policy *policy)
{
	bool live = false;
	enum psg_err err = psg_due_serves(judge, activation, &live);

	for (size_t i = 0; i < judge->logins->count && !err; i++) {
		const struct psg_login *login = &judge->logins->items[i];
		char by[PSG_ACTIVATION_FILE_SIZE];
		bool open = true, spared = false, opens = false;

		if (!login->alive || strcmp(login->subject, judge->subject.name) != 0 ||
		    (!live && began_after(judge, login, activation)))
			continue;
		err = would_be_let_in(judge, login, &open, by);
		if (!err && !live && !open)
			err = psg_due_carried_on(judge, activation, &login->binding, &spared);
		if (!err && !live && !open && !spared)
			err = opens_it(judge, activation, login, &opens);
		if (!err && (live ? !strcmp(by, activation->file) : opens))
			err = psg_due_add(judge, activation, policy, &login->binding, live);
	}
	return err;
}
