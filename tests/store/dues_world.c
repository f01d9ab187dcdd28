#include "dues_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psg/metadata.h"

struct dues_world dues;
const struct psg_binding dues_login = {{100, 7}, 5}, dues_second = {{200, 8}, 6},
			 dues_shell = {{300, 9}, PSG_AUDIT_NONE},
			 dues_roots = {{400, 4}, PSG_AUDIT_NONE};

static void process(struct folk *folk, size_t at, const struct psg_leader *leader, uid_t uid)
{
	folk->processes[at].pid = leader->pid;
	folk->processes[at].info = (struct psg_proc_info){.parent = 1,
							  .session = leader->pid,
							  .start_ticks = leader->start_ticks,
							  .real_uid = uid,
							  .audit_id = PSG_AUDIT_NONE};
}

static void login(const struct psg_binding *binding, const char *service)
{
	struct psg_login *one = &dues.login_items[dues.logins.count++];

	*one = (struct psg_login){.binding = *binding, .subject = "nobody-here", .alive = true};
	strcpy(one->service, service);
}

int dues_setup(void **state)
{
	if (folk_setup(state))
		return 1;
	struct folk *folk = *state;

	dues = (struct dues_world){.who = "nobody-here"};
	dues.rules = (struct psg_activation_policy){.lifetime_s = DUES_LIFETIME_S,
						    .maximum_lifetime_s = DUES_MAXIMUM_S,
						    .scope = PSG_SCOPE_SESSION,
						    .has_scope = true,
						    .end_sessions = true};
	dues.logins.items = dues.login_items;
	login(&dues_login, "sshd");
	login(&dues_second, "su");
	dues.stack = (struct psg_service){.gated = true};
	strcpy(dues.stack.demand.name, "sshd");
	process(folk, 0, &dues_login.leader, 0);
	process(folk, 1, &dues_second.leader, 0);
	process(folk, 2, &dues_shell.leader, 1000);
	process(folk, 3, &dues_roots.leader, 0);
	dues_assign("nobody-here", "Ops", 0);
	dues_assign("nobody-here", "Other", 0);
	dues_assign("nobody-here", "Plain", 0);
	folk_enroll(folk, "nobody-here", &folk->phone);
	dues_deploy(folk);
	return 0;
}

void dues_assign(const char *assignee, const char *target, int64_t until_s)
{
	assert_true(dues.assigned_count < DUES_ASSIGNED_MAX);
	dues.assigned[dues.assigned_count++] = (struct psg_assignment){
	    (char *)(uintptr_t)assignee, PSG_TARGET_GROUP, (char *)(uintptr_t)target, until_s, 0};
}

static char *copy(const char *text)
{
	char *made = strdup(text);

	assert_non_null(made);
	return made;
}

static void add_target(struct psg_model *model, const char *name, const char *application,
		       bool requires)
{
	struct psg_permission_set *set = &model->sets[model->set_count++];
	struct psg_group *group = &model->groups[model->group_count++];
	char key[96];

	*set = (struct psg_permission_set){.name = copy(application),
					   .label = copy(""),
					   .description = copy(""),
					   .license = copy("")};
	snprintf(key, sizeof(key), "applicationVisibilities.%s", application);
	assert_int_equal(psg_strings_add(&set->permissions, key), PSG_OK);
	*group = (struct psg_group){.name = copy(name),
				    .label = copy(""),
				    .description = copy(""),
				    .status_reason = copy(""),
				    .requires_activation = requires};
	assert_int_equal(psg_strings_add(&group->sets, application), PSG_OK);
	if (!requires)
		return;
	struct psg_activation_policy *policy = &model->policies[model->policy_count++];

	*policy = dues.rules;
	policy->name = copy(name);
	policy->reason_pattern = copy("");
}

void dues_deploy(struct folk *folk)
{
	static uint64_t generation;
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_assignments list = {dues.assigned, dues.assigned_count};

	model.sets = calloc(3, sizeof(*model.sets));
	model.groups = calloc(3, sizeof(*model.groups));
	model.policies = calloc(3, sizeof(*model.policies));
	assert_true(model.sets && model.groups && model.policies);
	if (!dues.ops_gone)
		add_target(&model, "Ops", "sshd", true);
	add_target(&model, "Other", "sudo", true);
	add_target(&model, "Plain", "su", false);
	assert_int_equal(psg_gate_settings_default(&model.settings), PSG_OK);
	if (dues.exempt)
		assert_int_equal(psg_strings_add(&model.settings.exempt_users, dues.exempt),
				 PSG_OK);
	model.has_settings = true;
	assert_int_equal(psg_recalculate(&model), PSG_OK);
	assert_int_equal(psg_policy_write(folk->store->root, &model, &list, ++generation), PSG_OK);
}

static enum psg_err service_of(void *arg, const char *service, struct psg_service *ret)
{
	const struct dues_world *world = arg;

	if (world->stack_error)
		return world->stack_error;
	*ret = world->stack;
	if (!strcmp(service, "su"))
		strcpy(ret->demand.name, "su");
	return PSG_OK;
}

enum psg_err dues_ask(struct folk *folk, struct psg_dues *ret)
{
	return psg_dues_read(folk->store, dues.who, &dues.logins, service_of, &dues, ret);
}

struct psg_activation dues_activate(struct folk *folk, const char *target,
				    const struct psg_binding *session)
{
	struct psg_grant grant = folk_grant(target);
	struct psg_activation activation;
	int64_t wait;

	/* The next step: each code opens once. */
	folk_pass(folk, 30);
	grant.scope = session ? PSG_SCOPE_SESSION : PSG_SCOPE_HOST;
	grant.binding = session;
	struct psg_claim claim =
	    folk_claim(folk, dues.who, folk_code(folk, &folk->phone, 0), &grant);

	assert_int_equal(psg_people_claim(folk->store, &claim, &activation, &wait), PSG_OK);
	return activation;
}

void dues_end(struct folk *folk, const struct psg_activation *activation,
	      enum psg_end_reason reason)
{
	assert_int_equal(psg_activation_end(folk->store, dues.who, activation->file, reason, NULL),
			 PSG_OK);
}

enum dues_fate dues_fate(struct folk *folk, const struct psg_activation *activation,
			 struct psg_due *ret)
{
	struct psg_dues list PSG_CLEANUP(psg_dues_clear) = {0};
	enum dues_fate fate = DUES_LEFT;

	assert_int_equal(dues_ask(folk, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		const struct psg_due *due = &list.items[i];

		assert_string_equal(due->subject, dues.who);
		if (strcmp(due->activation.file, activation->file) != 0)
			continue;
		assert_int_equal(fate, DUES_LEFT);
		fate = due->left_ns > 0 ? DUES_LATER : DUES_OVER;
		if (ret)
			*ret = *due;
	}
	return fate;
}

size_t dues_count(struct folk *folk)
{
	struct psg_dues list PSG_CLEANUP(psg_dues_clear) = {0};

	assert_int_equal(dues_ask(folk, &list), PSG_OK);
	return list.count;
}
