/* From a policy and a person to the facts: what the gate gathers, and that it denies by error what it
 * cannot gather. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/gate.h"
#include "psg/metadata.h"

static struct psg_store *store;
static struct psg_model model;

static char *copy(const char *text)
{
	char *made = strdup(text);

	assert_non_null(made);
	return made;
}

static void set(struct psg_permission_set *ret, const char *name, bool requires_activation,
		const char *const *keys)
{
	*ret = (struct psg_permission_set){.name = copy(name),
					   .label = copy(""),
					   .description = copy(""),
					   .license = copy(""),
					   .requires_activation = requires_activation};
	for (; *keys; keys++)
		assert_int_equal(psg_strings_add(&ret->permissions, *keys), PSG_OK);
	psg_strings_sort(&ret->permissions);
}

static void group(struct psg_group *ret, const char *name, const char *const *sets,
		  const char *muting_set)
{
	*ret = (struct psg_group){.name = copy(name),
				  .label = copy(""),
				  .description = copy(""),
				  .status_reason = copy("")};
	for (; *sets; sets++)
		assert_int_equal(psg_strings_add(&ret->sets, *sets), PSG_OK);
	if (muting_set)
		assert_int_equal(psg_strings_add(&ret->muting_sets, muting_set), PSG_OK);
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Plain: a set that wants nothing and one that wants activation. Quiet: `sshd` muted, `Deploy` muted
 * as a user permission but not as a custom one. */
static int make(void **state)
{
	struct psg_folder *root;

	(void)state;
	assert_int_equal(psg_folder_open_memory(NULL, &root), PSG_OK);
	assert_int_equal(psg_store_wrap(root, &psg_clock_system, &psg_proc_system, &store), PSG_OK);
	model.sets = calloc(3, sizeof(*model.sets));
	model.set_count = 3;
	set(&model.sets[0], "Open_PS", false, KEYS("applicationVisibilities.sshd"));
	set(&model.sets[1], "Strict_PS", true, KEYS("applicationVisibilities.sudo"));
	set(&model.sets[2], "Both_PS", false,
	    KEYS("applicationVisibilities.sshd", "customPermissions.Deploy",
		 "userPermissions.Deploy"));
	model.muting_sets = calloc(1, sizeof(*model.muting_sets));
	model.muting_set_count = 1;
	set(&model.muting_sets[0], "Mute_PS", false,
	    KEYS("applicationVisibilities.sshd", "userPermissions.Deploy"));
	model.groups = calloc(3, sizeof(*model.groups));
	model.group_count = 3;
	group(&model.groups[0], "Plain", KEYS("Open_PS", "Strict_PS"), NULL);
	group(&model.groups[1], "Quiet", KEYS("Both_PS"), "Mute_PS");
	group(&model.groups[2], "Hollow", KEYS("Open_PS"), NULL);
	assert_int_equal(psg_gate_settings_default(&model.settings), PSG_OK);
	assert_int_equal(psg_strings_add(&model.settings.exempt_users, "backup"), PSG_OK);
	model.has_settings = true;
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	psg_store_close(&store);
	psg_model_clear(&model);
	return 0;
}

static void assign(const char *assignee, enum psg_target_kind kind, const char *target)
{
	struct psg_assignment one = {copy(assignee), kind, copy(target), 0, 0};
	struct psg_assignments list = {&one, 1};

	assert_int_equal(psg_policy_write(store->root, &model, &list, 1), PSG_OK);
	psg_assignment_clear(&one);
}

static struct psg_gate *ask(const char *user, enum psg_demand_kind kind, const char *name)
{
	static struct psg_subject subject;
	static struct psg_demand demand;
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_ask question = {.subject = &subject, .demand = &demand, .call = &call};
	struct psg_gate *gate = NULL;
	enum psg_err err = psg_subject_by_name(user, &subject);

	assert_true(err == PSG_OK || err == PSG_ERR_NOT_FOUND);
	demand = (struct psg_demand){.kind = kind};
	snprintf(demand.name, sizeof(demand.name), "%s", name);
	assert_int_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	return gate;
}

static void expect(const char *user, enum psg_demand_kind kind, const char *name,
		   enum psg_verdict verdict, enum psg_why why)
{
	struct psg_gate *gate = ask(user, kind, name);

	assert_int_equal(gate->decision.verdict, verdict);
	assert_int_equal(gate->decision.why, why);
	psg_gate_free(&gate);
}

static void by_application(void **state)
{
	(void)state;
	assign("nobody", PSG_TARGET_GROUP, "Plain");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
	expect("nobody", PSG_DEMAND_APPLICATION, "login", PSG_DENY, PSG_WHY_NOT_SERVED);
	expect("daemon", PSG_DEMAND_APPLICATION, "sshd", PSG_DENY, PSG_WHY_UNASSIGNED);
	expect("no-such-user", PSG_DEMAND_APPLICATION, "sshd", PSG_DENY, PSG_WHY_UNASSIGNED);
	expect("root", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_ROOT);
	expect("backup", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_EXEMPT);
}

/* Salesforce drops a set's flag inside an ordinary group; here the strictest wins. */
static void the_sets_flag_counts_inside_a_group(void **state)
{
	(void)state;
	assign("nobody", PSG_TARGET_GROUP, "Plain");
	expect("nobody", PSG_DEMAND_APPLICATION, "sudo", PSG_ACTIVATE, PSG_WHY_NEEDS_ACTIVATION);
	assign("nobody", PSG_TARGET_SET, "Strict_PS");
	expect("nobody", PSG_DEMAND_APPLICATION, "sudo", PSG_ACTIVATE, PSG_WHY_NEEDS_ACTIVATION);
	assign("nobody", PSG_TARGET_SET, "Open_PS");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
}

static void muting(void **state)
{
	(void)state;
	assign("nobody", PSG_TARGET_GROUP, "Quiet");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_DENY, PSG_WHY_MUTED);
	/* Muted as a user permission, left as a custom one: what is left opens. */
	expect("nobody", PSG_DEMAND_PERMISSION, "Deploy", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
	/* The set by itself is not muted: muting is the group's. */
	assign("nobody", PSG_TARGET_SET, "Both_PS");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
}

static void by_group(void **state)
{
	(void)state;
	assign("nobody", PSG_TARGET_GROUP, "Plain");
	/* No one set is meant: any that requires activation makes the group require it. */
	expect("nobody", PSG_DEMAND_GROUP, "Plain", PSG_ACTIVATE, PSG_WHY_NEEDS_ACTIVATION);
	expect("nobody", PSG_DEMAND_GROUP, "Quiet", PSG_DENY, PSG_WHY_NOT_SERVED);
}

static void by_unix_group(void **state)
{
	(void)state;
	/* nobody's primary group in Debian. */
	assign("%nogroup", PSG_TARGET_GROUP, "Plain");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
	expect("daemon", PSG_DEMAND_APPLICATION, "sshd", PSG_DENY, PSG_WHY_UNASSIGNED);
	/* A user of that very name is nobody's group. */
	assign("nogroup", PSG_TARGET_GROUP, "Plain");
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_DENY, PSG_WHY_UNASSIGNED);
}

static void a_missing_muting_set_is_an_error(void **state)
{
	struct psg_subject subject = {.name = "nobody", .uid = 65534, .gid = 65534};
	struct psg_demand demand = {.kind = PSG_DEMAND_APPLICATION, .name = "sshd"};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_ask question = {.subject = &subject, .demand = &demand, .call = &call};
	struct psg_gate *gate = NULL;

	(void)state;
	model.muting_set_count = 0;
	model.groups[1].status = PSG_STATUS_UPDATED;
	assign("nobody", PSG_TARGET_GROUP, "Quiet");
	model.muting_set_count = 1;
	assert_int_not_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	assert_null(gate);
}

/* Whether activation is required is the set's to say: where it is not there, by group= or as a member, nobody passes. */
static void a_missing_set_is_an_error(void **state)
{
	struct psg_subject subject = {.name = "nobody", .uid = 65534, .gid = 65534};
	struct psg_demand demand = {.kind = PSG_DEMAND_GROUP, .name = "Strict_PS"};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_ask question = {.subject = &subject, .demand = &demand, .call = &call};
	struct psg_gate *gate = NULL;

	(void)state;
	model.set_count = 1;
	assign("nobody", PSG_TARGET_SET, "Strict_PS");
	assert_int_not_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	assign("nobody", PSG_TARGET_GROUP, "Plain");
	model.set_count = 3;
	demand = (struct psg_demand){.kind = PSG_DEMAND_GROUP, .name = "Plain"};
	assert_int_not_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	assert_null(gate);
}

/* A gid that no source has a name for may be that of a group which is assigned: a rule that might mean this person. */
static void a_group_without_a_name_may_mean_them(void **state)
{
	struct psg_subject subject = {.name = "nobody", .uid = 65534, .gid = 4242424};
	struct psg_demand demand = {.kind = PSG_DEMAND_APPLICATION, .name = "sshd"};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_ask question = {.subject = &subject, .demand = &demand, .call = &call};
	struct psg_gate *gate = NULL;

	(void)state;
	assign("%daemon", PSG_TARGET_GROUP, "Plain");
	assert_int_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	assert_int_equal(gate->decision.verdict, PSG_DENY);
	psg_gate_free(&gate);
	question.unassigned_ok = true;
	assert_int_equal(psg_gate_ask(store, &question, &gate), PSG_ERR_NAMES);
	subject.gid = 65534;
	assert_int_equal(psg_gate_ask(store, &question, &gate), PSG_OK);
	assert_int_equal(gate->decision.verdict, PSG_ALLOW);
	assert_int_equal(gate->decision.why, PSG_WHY_UNASSIGNED_OK);
	psg_gate_free(&gate);
}

/* A member deleted by force: the group gives nothing, and is nobody else's obstacle. */
static void a_failed_group_shuts_no_other_door(void **state)
{
	struct psg_assignment both[] = {{copy("nobody"), PSG_TARGET_GROUP, copy("Plain"), 0, 0},
					{copy("nobody"), PSG_TARGET_GROUP, copy("Quiet"), 0, 0}};
	struct psg_assignments list = {both, 2};

	(void)state;
	model.muting_set_count = 0;
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(model.groups[1].status, PSG_STATUS_FAILED);
	assert_int_equal(psg_policy_write(store->root, &model, &list, 1), PSG_OK);
	expect("nobody", PSG_DEMAND_APPLICATION, "sshd", PSG_ALLOW, PSG_WHY_NOT_REQUIRED);
	expect("nobody", PSG_DEMAND_PERMISSION, "Deploy", PSG_DENY, PSG_WHY_FAILED);
	expect("nobody", PSG_DEMAND_GROUP, "Quiet", PSG_DENY, PSG_WHY_FAILED);
	model.muting_set_count = 1;
	psg_assignment_clear(&both[0]);
	psg_assignment_clear(&both[1]);
}

static void no_policy_is_an_error(void **state)
{
	struct psg_subject subject = {.name = "nobody", .uid = 65534, .gid = 65534};
	struct psg_demand demand = {.kind = PSG_DEMAND_APPLICATION, .name = "sshd"};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	struct psg_ask question = {.subject = &subject, .demand = &demand, .call = &call};
	struct psg_gate *gate = NULL;

	(void)state;
	assert_int_equal(psg_gate_ask(store, &question, &gate), PSG_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(by_application, make, drop),
	    cmocka_unit_test_setup_teardown(the_sets_flag_counts_inside_a_group, make, drop),
	    cmocka_unit_test_setup_teardown(muting, make, drop),
	    cmocka_unit_test_setup_teardown(by_group, make, drop),
	    cmocka_unit_test_setup_teardown(by_unix_group, make, drop),
	    cmocka_unit_test_setup_teardown(a_missing_muting_set_is_an_error, make, drop),
	    cmocka_unit_test_setup_teardown(a_missing_set_is_an_error, make, drop),
	    cmocka_unit_test_setup_teardown(a_group_without_a_name_may_mean_them, make, drop),
	    cmocka_unit_test_setup_teardown(a_failed_group_shuts_no_other_door, make, drop),
	    cmocka_unit_test_setup_teardown(no_policy_is_an_error, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
