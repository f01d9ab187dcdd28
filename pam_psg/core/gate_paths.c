/* The paths from what a subject is assigned to what is demanded: a look-up or two for each of the subject's own groups
 * and sets, whatever else the policy holds.
 *
 * MUST: a set's requirement is read with what it gives, from one record; its absence is an error, never
 *       "no requirement" (tests/unit/gate_test.c, tests/store/policy_damage_test.c). */
#include "gate_paths.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 2

/* What is demanded, as permission keys. A bare permission name may be a user permission or a custom one. */
struct wanted {
	size_t count;
	const char *keys[KEYS_MAX];
	char room[KEYS_MAX][PSG_SUBJECT_SIZE + 32];
};

/* What one set has to say to that. */
struct given {
	bool keys[KEYS_MAX];
	bool any, requires_activation;
	uint32_t permission_count;
};

static void want(struct wanted *wanted, const char *element, const char *name)
{
	char *key = wanted->room[wanted->count];
	char *end = stpcpy(stpcpy(key, element), ".");

	memcpy(end, name, strlen(name) + 1);
	wanted->keys[wanted->count++] = key;
}

static void wanted_fill(const struct psg_demand *demand, struct wanted *wanted)
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
}

static enum psg_err ask_set(struct psg_policy *policy, const struct wanted *wanted, const char *set,
			    struct given *ret)
{
	struct given given = {.any = false};
	enum psg_err err =
	    psg_policy_set_gives(policy, set, wanted->keys, wanted->count, given.keys,
				 &given.requires_activation, &given.permission_count);

	if (err)
		return err;
	for (size_t key = 0; key < wanted->count; key++)
		given.any |= given.keys[key];
	*ret = given;
	return PSG_OK;
}

/* Muted is what every key is that the set gives: one that is left still opens. */
static enum psg_err muted(struct psg_policy *policy, const struct wanted *wanted,
			  const struct psg_group *group, const struct given *given, bool *ret)
{
	for (size_t key = 0; key < wanted->count; key++) {
		bool taken = false;

		if (!given->keys[key])
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
	struct given given;
	enum psg_err err = ask_set(gate->policy, wanted, assignment->target, &given);

	if (err)
		return err;
	struct psg_path path = {
	    .kind = PSG_TARGET_SET,
	    .target = assignment->target,
	    .set = assignment->target,
	    .assignee = assignment->assignee,
	    .assigned_until_s = assignment->until_s,
	    .status = PSG_STATUS_UPDATED,
	    .gives = given.any || (demand->kind == PSG_DEMAND_GROUP &&
				   !strcmp(demand->name, assignment->target)),
	    .requires_activation = given.requires_activation,
	    .permission_count = given.permission_count,
	};

	return add_path(gate, &path);
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
	struct given given = {.any = false};
	enum psg_err err = ask_set(gate->policy, wanted, set, &given);

	/* Of a namespace that was never deployed: it gives nothing. */
	if (err && (err != PSG_ERR_NOT_FOUND || !strstr(set, "__")))
		return err;
	path.set = set;
	path.gives = given.any;
	if (path.gives) {
		path.requires_activation |= given.requires_activation;
		err = muted(gate->policy, wanted, group, &given, &path.muted);
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

enum psg_err psg_gate_paths(struct psg_gate *gate, const struct psg_demand *demand)
{
	struct wanted wanted = {.count = 0};
	enum psg_err err = PSG_OK;

	if (gate->assignments.count == 0)
		return PSG_OK;
	wanted_fill(demand, &wanted);
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
