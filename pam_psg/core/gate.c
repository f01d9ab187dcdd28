/* Gathers the facts for one question and has them decided.
 *
 * MUST: any fact that cannot be had is an error, and an error denies (tests/unit/gate_test.c,
 *       tests/pam/attack_test.c).
 * MUST: a set that gives the demand has its requirement read; its absence is an error, never "no
 *       requirement".
 * MUST NOT: write, lock, or keep a verdict. */
#include "psg/gate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define KEYS_MAX 2

/* What is demanded, as permission keys and who gives each. A bare permission name may be a user
 * permission or a custom one. */
struct wanted {
	size_t count;
	char keys[KEYS_MAX][PSG_SUBJECT_SIZE + 32];
	struct psg_strings givers[KEYS_MAX];
};

static void wanted_clear(struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		psg_strings_clear(&wanted->givers[i]);
}

static void want(struct wanted *wanted, const char *element, const char *name)
{
	char *key = wanted->keys[wanted->count++];
	char *end = stpcpy(stpcpy(key, element), ".");

	memcpy(end, name, strlen(name) + 1);
}

static enum psg_err wanted_fill(struct psg_policy *policy, const struct psg_demand *demand,
				struct wanted *wanted)
{
	switch (demand->kind) {
	case PSG_DEMAND_APPLICATION:
		want(wanted, "applicationVisibilities", demand->name);
		break;
	case PSG_DEMAND_PERMISSION:
		want(wanted, "userPermissions", demand->name);
		want(wanted, "customPermissions", demand->name);
		break;
	case PSG_DEMAND_GROUP:
		break;
	}
	for (size_t i = 0; i < wanted->count; i++) {
		enum psg_err err = psg_policy_givers(policy, wanted->keys[i], &wanted->givers[i]);

		if (err)
			return err;
	}
	return PSG_OK;
}

static bool given(const struct wanted *wanted, size_t key, const char *set)
{
	return psg_strings_has(&wanted->givers[key], set);
}

/* Muted is what every key is that the set gives: one that is left still opens. */
static enum psg_err muted(struct psg_policy *policy, const struct wanted *wanted,
			  const struct psg_group *group, const char *set, bool *ret)
{
	for (size_t key = 0; key < wanted->count; key++) {
		bool taken = false;

		if (!given(wanted, key, set))
			continue;
		for (size_t i = 0; i < group->muting_sets.count && !taken; i++) {
			enum psg_err err = psg_policy_mutes(policy, group->muting_sets.items[i],
							    wanted->keys[key], &taken);

			if (err)
				return err;
		}
		if (!taken) {
			*ret = false;
			return PSG_OK;
		}
	}
	*ret = true;
	return PSG_OK;
}

static enum psg_err add_path(struct psg_gate *gate, const struct psg_path *path)
{
	struct psg_path *grown =
	    reallocarray(gate->paths, gate->facts.path_count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	gate->paths = grown;
	gate->facts.paths = grown;
	grown[gate->facts.path_count++] = *path;
	return PSG_OK;
}

/* A set assigned by itself. */
static enum psg_err add_set(struct psg_gate *gate, const struct wanted *wanted,
			    const struct psg_demand *demand,
			    const struct psg_assignment *assignment)
{
	struct psg_path path = {
	    .kind = PSG_TARGET_SET,
	    .target = assignment->target,
	    .set = assignment->target,
	    .assignee = assignment->assignee,
	    .assigned_until_s = assignment->until_s,
	    .status = PSG_STATUS_UPDATED,
	    .requires_activation = true,
	};

	path.gives = demand->kind == PSG_DEMAND_GROUP && !strcmp(demand->name, assignment->target);
	for (size_t key = 0; key < wanted->count; key++)
		path.gives |= given(wanted, key, assignment->target);
	enum psg_err err = psg_policy_set_brief(gate->policy, assignment->target,
						&path.requires_activation, &path.permission_count);

	return err ? err : add_path(gate, &path);
}

/* Whether any set of a group requires activation, for group= demands where no one set is meant. */
static enum psg_err any_requires(struct psg_policy *policy, const struct psg_group *group,
				 bool *ret)
{
	bool found = group->requires_activation;

	for (size_t i = 0; i < group->sets.count && !found; i++) {
		enum psg_err err = psg_policy_set_brief(policy, group->sets.items[i], &found, NULL);

		/* Members of a namespace that was never deployed give nothing and ask for nothing. */
		if (err == PSG_ERR_NOT_FOUND && strstr(group->sets.items[i], "__"))
			continue;
		if (err)
			return err;
	}
	*ret = found;
	return PSG_OK;
}

static enum psg_err add_member(struct psg_gate *gate, const struct wanted *wanted,
			       const struct psg_group *group, const char *set, struct psg_path path)
{
	enum psg_err err = PSG_OK;

	path.set = set;
	for (size_t key = 0; key < wanted->count; key++)
		path.gives |= given(wanted, key, set);
	if (path.gives) {
		bool set_requires;

		err = psg_policy_set_brief(gate->policy, set, &set_requires, NULL);
		if (err)
			return err;
		path.requires_activation |= set_requires;
		err = muted(gate->policy, wanted, group, set, &path.muted);
		if (err)
			return err;
	}
	return add_path(gate, &path);
}

static enum psg_err add_group(struct psg_gate *gate, const struct wanted *wanted,
			      const struct psg_demand *demand,
			      const struct psg_assignment *assignment)
{
	struct psg_group *group = &gate->groups[gate->group_count];
	enum psg_err err = psg_policy_group(gate->policy, assignment->target, group);

	if (err)
		return err;
	gate->group_count++;
	struct psg_path path = {
	    .kind = PSG_TARGET_GROUP,
	    .target = assignment->target,
	    .assignee = assignment->assignee,
	    .assigned_until_s = assignment->until_s,
	    .status = group->status,
	    .requires_activation = group->requires_activation,
	    .permission_count = group->permission_count,
	};
	/* A Failed group gives nothing, and what it lacks must not shut the doors of others: its members are not asked for. It may
	 * have been what opened this one: that it is Failed is the reason to be told. */
	if (group->status == PSG_STATUS_FAILED) {
		path.gives = demand->kind != PSG_DEMAND_GROUP || !strcmp(demand->name, group->name);
		return add_path(gate, &path);
	}
	if (demand->kind == PSG_DEMAND_GROUP) {
		path.gives = !strcmp(demand->name, group->name);
		err = any_requires(gate->policy, group, &path.requires_activation);
		return err ? err : add_path(gate, &path);
	}
	if (group->sets.count == 0)
		return add_path(gate, &path);
	for (size_t i = 0; i < group->sets.count && !err; i++)
		err = add_member(gate, wanted, group, group->sets.items[i], path);
	return err;
}

static enum psg_err gather_paths(struct psg_gate *gate, const struct psg_demand *demand)
{
	struct wanted wanted PSG_CLEANUP(wanted_clear) = {.count = 0};
	enum psg_err err = wanted_fill(gate->policy, demand, &wanted);

	if (err || gate->assignments.count == 0)
		return err;
	gate->groups = calloc(gate->assignments.count, sizeof(*gate->groups));
	if (!gate->groups)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < gate->assignments.count && !err; i++) {
		const struct psg_assignment *assignment = &gate->assignments.items[i];

		err = assignment->kind == PSG_TARGET_GROUP
			  ? add_group(gate, &wanted, demand, assignment)
			  : add_set(gate, &wanted, demand, assignment);
	}
	return err;
}

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
	return memory.rlim_cur == RLIM_INFINITY && data.rlim_cur == RLIM_INFINITY ? PSG_OK
										  : PSG_ERR_LIMIT;
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

static enum psg_err gather(struct psg_store *store, const struct psg_ask *ask,
			   struct psg_gate *gate)
{
	struct psg_facts *facts = &gate->facts;
	enum psg_err err = psg_policy_open(store->root, &gate->policy);

	if (!err)
		err = psg_policy_settings(gate->policy, &gate->settings);
	if (!err && ask->unassigned_ok && psg_policy_has_unix_groups(gate->policy))
		err = groups_are_whole(ask->call);
	if (!err)
		err = psg_gate_assignments(gate->policy, ask->subject, &gate->assignments);
	if (!err)
		err = gather_paths(gate, ask->demand);
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
		    (assignment->until_s == 0 || now_s < assignment->until_s))
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
