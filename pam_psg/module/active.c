/* What is active in the session, whatever the service asked for: what is lent and exported.
 *
 * MUST NOT judge by itself whether an activation counts: that is the gate's (psg/gate.h). */
#include <string.h>

#include "module.h"

static bool set_requires(const struct psg_gate *gate, const char *set)
{
	bool requires = false;

	return psg_policy_set_brief(gate->policy, set, &requires, NULL) == PSG_OK && requires;
}

static bool requires(const struct psg_gate *gate, const struct psg_assignment *assignment)
{
	if (assignment->kind == PSG_TARGET_SET)
		return set_requires(gate, assignment->target);
	for (size_t i = 0; i < gate->group_count; i++) {
		const struct psg_group *group = &gate->groups[i];

		if (strcmp(group->name, assignment->target) != 0)
			continue;
		if (group->status == PSG_STATUS_FAILED)
			return false;
		bool found = group->requires_activation;

		for (size_t j = 0; j < group->sets.count && !found; j++)
			found = set_requires(gate, group->sets.items[j]);
		return found;
	}
	return false;
}

const struct psg_gate *psg_active(struct psg_request *req)
{
	const struct psg_gate *gate = req->gate;

	if (req->active || gate->activations_read)
		return req->active ? req->active : gate;
	for (size_t i = 0; i < gate->assignments.count; i++) {
		const struct psg_assignment *assignment = &gate->assignments.items[i];
		struct psg_demand demand = {.kind = PSG_DEMAND_GROUP};
		struct psg_ask ask = psg_request_ask(req);

		if (strlen(assignment->target) >= sizeof(demand.name) ||
		    !requires(gate, assignment))
			continue;
		strcpy(demand.name, assignment->target);
		ask.demand = &demand;
		enum psg_err err = psg_gate_ask(req->store, &ask, &req->active);

		/* The door was open without: what cannot be read is not lent, and shuts nothing. */
		if (err)
			psg_report(req, PSG_EVENT_ERROR, NULL, psg_strerror(err));
		/* One such question reads them all. */
		return err ? gate : req->active;
	}
	return gate;
}
