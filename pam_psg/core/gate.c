/* Gathers the facts for one question and has them decided.
 *
 * MUST: any fact that cannot be had is an error, and an error denies (tests/unit/gate_test.c,
 *       tests/pam/attack_test.c).
 * MUST NOT: write, lock, or keep a verdict. */
#include "psg/gate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "gate_paths.h"
#include "psg/unix_group.h"

/* getgrouplist() does not say when a source of groups failed: it gives those it got. Under a memory limit
 * of the caller's own (su) a %group that was assigned goes missing, and unassigned_ok would take that
 * for "no rule means this person". */
static enum psg_err groups_are_whole(const struct psg_call *call)
{
	struct rlimit memory, data;

	if (call->real_uid == 0)
		return PSG_OK;
	if (getrlimit(RLIMIT_AS, &memory) || getrlimit(RLIMIT_DATA, &data))
		return PSG_ERR_IO;
	return memory.rlim_cur == RLIM_INFINITY && data.rlim_cur == RLIM_INFINITY
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

/* Where nothing wants an activation, nobody's folder need be read. A Failed group opens nothing with or without. */
static bool wants_activation(const struct psg_facts *facts)
{
	for (size_t i = 0; i < facts->path_count; i++)
		if (facts->paths[i].gives && facts->paths[i].requires_activation &&
		    facts->paths[i].status != PSG_STATUS_FAILED)
			return true;
	return false;
}

/* Nor does it say so when a directory is down. No source has a group of this name (the colon ends a name in all of them):
 * whoever cannot answer that could not tell whom the groups mean. */
static enum psg_err groups_can_be_had(void)
{
	struct psg_unix_group none;
	enum psg_err err = psg_unix_group_find("psg:none", &none);

	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err == PSG_OK ? PSG_ERR_NAMES : err;
}

static enum psg_err gather(struct psg_store *store, const struct psg_ask *ask,
			   struct psg_gate *gate)
{
	struct psg_facts *facts = &gate->facts;
	enum psg_err err = psg_policy_open(store->root, &gate->policy);

	if (!err)
		err = psg_policy_settings(gate->policy, &gate->settings);
	bool by_groups = !err && ask->unassigned_ok && psg_policy_has_unix_groups(gate->policy);

	if (by_groups)
		err = groups_are_whole(ask->call);
	if (!err)
		err =
		    ask->unassigned_ok
			? psg_gate_assignments_whole(gate->policy, ask->subject, &gate->assignments)
			: psg_gate_assignments(gate->policy, ask->subject, &gate->assignments);
	if (!err && by_groups)
		err = groups_can_be_had();
	if (!err)
		err = psg_gate_paths(gate, ask->demand);
	if (err)
		return err;
	gate->activations_read = wants_activation(facts);
	facts->subject_is_root = ask->subject->uid == 0;
	facts->even_root = ask->even_root;
	facts->unassigned_ok = ask->unassigned_ok;
	facts->exempt = psg_strings_has(&gate->settings.exempt_users, ask->subject->name);
	return PSG_OK;
}

static enum psg_err restrain(struct psg_policy *policy, const struct psg_now *now,
			     struct psg_activation *activation)
{
	struct psg_activation_policy governs PSG_CLEANUP(psg_activation_policy_clear) = {0};

	if (activation->ended || psg_activation_left_ns(activation, now) <= 0)
		return PSG_OK;
	enum psg_err err =
	    psg_policy_activation_policy(policy, activation->kind, activation->target, &governs);

	if (err && err != PSG_ERR_NOT_FOUND)
		return err;
	psg_activation_restrain(activation, err ? NULL : &governs);
	return PSG_OK;
}

enum psg_err psg_gate_restrain(struct psg_policy *policy, const struct psg_now *now,
			       struct psg_activations *list)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < list->count && !err; i++)
		err = restrain(policy, now, &list->items[i]);
	return err;
}

struct weighing {
	struct psg_store *store;
	struct psg_gate *gate;
	bool one_is_enough;
};

/* Holds it to the policy; enough when it opens the door by itself. */
static enum psg_err weigh(void *arg, struct psg_activation *activation, bool *ret_enough)
{
	const struct weighing *weighing = arg;
	struct psg_facts facts = weighing->gate->facts;
	enum psg_err err = psg_clock_now(&weighing->store->clock, &facts.now);

	if (!err)
		err = restrain(weighing->gate->policy, &facts.now, activation);
	if (err || !weighing->one_is_enough)
		return err;
	facts.activations = activation;
	facts.activation_count = 1;
	*ret_enough = psg_decide(&facts).verdict == PSG_ALLOW;
	return PSG_OK;
}

static enum psg_err read_activations(struct psg_store *store, const struct psg_ask *ask,
				     enum psg_depth depth, struct psg_gate *gate)
{
	struct weighing weighing = {store, gate, depth == PSG_DEPTH_VERDICT};
	enum psg_err err;

	psg_activations_clear(&gate->activations);
	if (depth != PSG_DEPTH_ALL)
		return psg_people_live(store, ask->subject->name, ask->call, weigh, &weighing,
				       &gate->activations);
	err = psg_people_activations_in(store, ask->subject->name, ask->call, &gate->activations);
	if (!err)
		err = psg_clock_now(&store->clock, &gate->facts.now);
	return err ? err : psg_gate_restrain(gate->policy, &gate->facts.now, &gate->activations);
}

/* The clock is read last: however long the reading took, or whoever stopped us, what lapsed by then is over. */
static enum psg_err answer(struct psg_store *store, const struct psg_ask *ask, enum psg_depth depth,
			   struct psg_gate *gate)
{
	struct psg_facts *facts = &gate->facts;
	enum psg_err err = PSG_OK;

	if (gate->activations_read)
		err = read_activations(store, ask, depth, gate);
	facts->activations = gate->activations.items;
	facts->activation_count = gate->activations.count;
	if (!err)
		err = psg_clock_now(&store->clock, &facts->now);
	if (!err)
		gate->decision = psg_decide(facts);
	return err;
}

bool psg_gate_entitles(const struct psg_gate *gate, const struct psg_activation *activation)
{
	int64_t now_s = gate->facts.now.realtime_ns / PSG_NS_PER_S;

	if (!psg_activation_live(activation, &gate->facts.now))
		return false;
	for (size_t i = 0; i < gate->assignments.count; i++) {
		const struct psg_assignment *assignment = &gate->assignments.items[i];

		if (assignment->kind == activation->kind &&
		    !strcmp(assignment->target, activation->target) &&
		    !psg_until_over(assignment->until_s, now_s))
			return true;
	}
	return false;
}

void psg_gate_free(struct psg_gate **gate)
{
	struct psg_gate *old = *gate;

	*gate = NULL;
	if (!old)
		return;
	psg_policy_close(&old->policy);
	psg_gate_settings_clear(&old->settings);
	psg_activations_clear(&old->activations);
	psg_assignments_clear(&old->assignments);
	for (size_t i = 0; i < old->group_count; i++)
		psg_group_clear(&old->groups[i]);
	free(old->groups);
	free(old->paths);
	free(old);
}

enum psg_err psg_gate_ask(struct psg_store *store, const struct psg_ask *ask, struct psg_gate **ret)
{
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = calloc(1, sizeof(*gate));

	if (!gate)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = gather(store, ask, gate);

	if (!err)
		err = answer(store, ask, ask->depth, gate);
	/* What is over tells why the door is shut. */
	if (!err && ask->depth != PSG_DEPTH_ALL && gate->activations_read &&
	    gate->decision.verdict != PSG_ALLOW)
		err = answer(store, ask, PSG_DEPTH_ALL, gate);
	if (err)
		return err;
	*ret = gate;
	gate = NULL;
	return PSG_OK;
}
