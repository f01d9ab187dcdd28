#include "policy_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../pam_psg/store/policy_private.h"
#include "policy_sample.h"
#include "psg/text.h"

static const char *const types[] = {"PermissionSet", "PermissionSetGroup", "Settings"};
static const char *const people[PLAN_PEOPLE] = {"alice", "bob",  "carol", "al",
						"Al",    "%adm", "%wheel"};

unsigned policy_plan_random(unsigned below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 33) % below);
}

static char *text(const char *word, unsigned number)
{
	char out[64];

	snprintf(out, sizeof(out), "%s%u", word, number);
	return strdup(out);
}

static char *name_of(unsigned number)
{
	return text("Name", number);
}

static void add(struct psg_strings *list, const char *word)
{
	assert_int_equal(psg_strings_add(list, word), PSG_OK);
}

/* Some of nine words, by the bits of the seed. */
static struct psg_strings words(const char *prefix, unsigned seed)
{
	struct psg_strings list = {0};

	for (unsigned i = 0; i < 9; i++) {
		char *word PSG_CLEANUP(psg_free_bytes) = text(prefix, i);

		if (seed >> i & 1)
			add(&list, word);
	}
	return list;
}

#define GROW(array, count)                                                                         \
	((array) = reallocarray((array), (count) + 1, sizeof(*(array))), &(array)[(count)++])

static void put_group(struct psg_model *model, unsigned number, unsigned seed)
{
	*GROW(model->groups, model->group_count) = (struct psg_group){
	    .name = name_of(number),
	    .label = text("Label ", seed),
	    .requires_activation = seed & 1,
	    .sets = words("Name", seed),
	    .muting_sets = words("Quiet", seed & 7),
	    .status = seed & 2 ? PSG_STATUS_UPDATED : PSG_STATUS_FAILED,
	    .permission_count = seed,
	};
}

static struct psg_permission_set make_set(char *name, unsigned seed)
{
	return (struct psg_permission_set){
	    .name = name,
	    .description = text("about ", seed),
	    .requires_activation = seed & 1,
	    .permissions = words("userPermissions.P", seed),
	};
}

static void put_policy(struct psg_model *model, unsigned number, unsigned seed)
{
	*GROW(model->policies, model->policy_count) =
	    (struct psg_activation_policy){.name = name_of(number), .lifetime_s = seed};
}

static void put_document(struct psg_model *model, unsigned number, unsigned seed)
{
	char *bytes = calloc(1, seed + 1);

	memset(bytes, (int)('a' + number), seed);
	*GROW(model->documents, model->document_count) = (struct psg_document){
	    strdup(types[number % 3]), name_of(number), text("file", seed), bytes, seed};
}

static void put_settings(struct psg_model *model, unsigned seed)
{
	assert_int_equal(psg_gate_settings_default(&model->settings), PSG_OK);
	model->settings.default_lifetime_s = seed;
	model->has_settings = true;
}

static void point(struct policy_plan_update *to)
{
	to->update = (struct psg_policy_update){
	    .put = &to->put,
	    .removed_groups = &to->removed_groups,
	    .removed_sets = &to->removed_sets,
	    .removed_muting_sets = &to->removed_muting_sets,
	    .removed_policies = &to->removed_policies,
	    .removed_documents = &to->removed_documents,
	    .settings_removed = to->update.settings_removed,
	    .pending = to->update.pending ? &to->pending : NULL,
	    .assign = &to->assign,
	    .unassign = &to->unassign,
	};
}

void policy_plan_whole(const struct policy_plan *plan, struct policy_plan_update *ret)
{
	*ret = (struct policy_plan_update){0};
	for (unsigned i = 0; i < PLAN_NAMES; i++) {
		if (plan->groups[i])
			put_group(&ret->put, i, plan->groups[i]);
		if (plan->sets[i])
			*GROW(ret->put.sets, ret->put.set_count) =
			    make_set(name_of(i), plan->sets[i]);
		if (i < PLAN_MUTING && plan->muting_sets[i])
			*GROW(ret->put.muting_sets, ret->put.muting_set_count) =
			    make_set(text("Quiet", i), plan->muting_sets[i]);
		if (plan->policies[i])
			put_policy(&ret->put, i, plan->policies[i]);
		if (plan->documents[i])
			put_document(&ret->put, i, plan->documents[i]);
		for (unsigned p = 0; p < PLAN_PEOPLE; p++) {
			char *name PSG_CLEANUP(psg_free_bytes) = name_of(i);

			if (plan->group_until[p][i])
				policy_sample_assign(&ret->assign, people[p], PSG_TARGET_GROUP,
						     name, plan->group_until[p][i] - 1);
			if (plan->set_until[p][i])
				policy_sample_assign(&ret->assign, people[p], PSG_TARGET_SET, name,
						     plan->set_until[p][i] - 1);
		}
	}
	if (plan->settings)
		put_settings(&ret->put, plan->settings);
	ret->pending = words("PermissionSet/P", plan->pending);
	ret->update.pending = &ret->pending;
	point(ret);
}

/* -- changes -- */

/* Whether one of the names is removed; now and then it is named twice, or was not there. */
static bool removes(struct psg_strings *removed, const char *name)
{
	if (policy_plan_random(8) > 0)
		return false;
	add(removed, name);
	if (policy_plan_random(4) == 0)
		add(removed, name);
	return true;
}

static unsigned seed_of(void)
{
	return policy_plan_random(6) > 0 ? 0 : 1 + policy_plan_random(511);
}

static void lose(unsigned until[PLAN_PEOPLE][PLAN_NAMES], unsigned number)
{
	for (unsigned p = 0; p < PLAN_PEOPLE; p++)
		until[p][number] = 0;
}

static void change_name(struct policy_plan *plan, unsigned i, struct policy_plan_update *to)
{
	char *name PSG_CLEANUP(psg_free_bytes) = name_of(i);
	unsigned seed;

	if (removes(&to->removed_groups, name)) {
		plan->groups[i] = 0;
		lose(plan->group_until, i);
	}
	if ((seed = seed_of())) {
		plan->groups[i] = seed;
		put_group(&to->put, i, seed);
	}
	if (removes(&to->removed_sets, name)) {
		plan->sets[i] = 0;
		lose(plan->set_until, i);
	}
	if ((seed = seed_of())) {
		plan->sets[i] = seed;
		*GROW(to->put.sets, to->put.set_count) = make_set(name_of(i), seed);
	}
	if (removes(&to->removed_policies, name))
		plan->policies[i] = 0;
	if ((seed = seed_of())) {
		plan->policies[i] = seed;
		put_policy(&to->put, i, seed);
	}
}

static void change_rest(struct policy_plan *plan, unsigned i, struct policy_plan_update *to)
{
	char *quiet PSG_CLEANUP(psg_free_bytes) = text("Quiet", i);
	char *name PSG_CLEANUP(psg_free_bytes) = name_of(i);
	char path[64];
	unsigned seed;

	snprintf(path, sizeof(path), "%s/%s", types[i % 3], name);
	if (removes(&to->removed_documents, path))
		plan->documents[i] = 0;
	if ((seed = seed_of())) {
		plan->documents[i] = seed;
		put_document(&to->put, i, seed);
	}
	if (i >= PLAN_MUTING)
		return;
	if (removes(&to->removed_muting_sets, quiet))
		plan->muting_sets[i] = 0;
	if ((seed = seed_of())) {
		plan->muting_sets[i] = seed;
		*GROW(to->put.muting_sets, to->put.muting_set_count) =
		    make_set(text("Quiet", i), seed);
	}
}

static void change_assigned(unsigned *until, unsigned person, enum psg_target_kind kind,
			    unsigned number, struct policy_plan_update *to)
{
	char *name PSG_CLEANUP(psg_free_bytes) = name_of(number);
	unsigned which = policy_plan_random(40);

	if (which < 3) {
		*until = 0;
		policy_sample_assign(&to->unassign, people[person], kind, name, which);
	}
	if (which < 1 || which > 37) {
		*until = 1 + policy_plan_random(3);
		policy_sample_assign(&to->assign, people[person], kind, name, *until - 1);
	}
}

void policy_plan_change(struct policy_plan *plan, struct policy_plan_update *ret)
{
	*ret = (struct policy_plan_update){0};
	for (unsigned i = 0; i < PLAN_NAMES; i++) {
		change_name(plan, i, ret);
		change_rest(plan, i, ret);
	}
	for (unsigned i = 0; i < PLAN_NAMES; i++)
		for (unsigned p = 0; p < PLAN_PEOPLE; p++) {
			change_assigned(&plan->group_until[p][i], p, PSG_TARGET_GROUP, i, ret);
			change_assigned(&plan->set_until[p][i], p, PSG_TARGET_SET, i, ret);
		}
	if (policy_plan_random(8) == 0) {
		plan->settings = 0;
		ret->update.settings_removed = true;
	}
	if (policy_plan_random(8) == 0) {
		plan->settings = 1 + policy_plan_random(99);
		put_settings(&ret->put, plan->settings);
	}
	if (policy_plan_random(4) == 0) {
		plan->pending = policy_plan_random(512) & policy_plan_random(512);
		ret->pending = words("PermissionSet/P", plan->pending);
		ret->update.pending = &ret->pending;
	}
	point(ret);
}

void policy_plan_clear(struct policy_plan_update *update)
{
	psg_model_clear(&update->put);
	psg_strings_clear(&update->removed_groups);
	psg_strings_clear(&update->removed_sets);
	psg_strings_clear(&update->removed_muting_sets);
	psg_strings_clear(&update->removed_policies);
	psg_strings_clear(&update->removed_documents);
	psg_strings_clear(&update->pending);
	psg_assignments_clear(&update->assign);
	psg_assignments_clear(&update->unassign);
}

/* -- comparing -- */

static enum psg_err add_record(void *arg, const struct psg_policy_record *record)
{
	struct psg_reader value = psg_policy_record_value(record);
	struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&line, "%.*s ", (int)record->key_len, psg_policy_record_key(record));
	if (psg_policy_record_is(record, "format", "")) {
		struct psg_policy_format format;

		assert_int_equal(psg_policy_decode_format(value, &format), PSG_OK);
		psg_buf_format(&line, "%u %u %u %u %u %u", format.records, format.buckets,
			       format.groups, format.sets, format.assignments,
			       format.unix_group_assignments);
	} else {
		char *hex PSG_CLEANUP(psg_free_bytes) = malloc(2 * value.left + 1);

		assert_non_null(hex);
		psg_hex_encode(value.at, value.left, hex);
		psg_buf_text(&line, hex);
	}
	assert_false(line.failed);
	add(arg, line.data);
	return PSG_OK;
}

void policy_plan_records(struct psg_policy *policy, struct psg_strings *ret)
{
	*ret = (struct psg_strings){0};
	assert_int_equal(psg_policy_walk(policy, add_record, ret), PSG_OK);
	assert_int_equal(ret->count, policy->format.records);
	psg_strings_sort(ret);
	assert_int_equal(ret->count, policy->format.records);
}
