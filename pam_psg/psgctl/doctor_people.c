/* Who gets through: each demand of the stacks is put to the gate for each assignee, as the module would. */
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "psg/codes.h"
#include "psg/recovery.h"

/* What one line demands; the same of several lines is one. */
struct demand {
	const struct doctor_service *service;
	const struct stack_line *line;
	struct psg_args args;
	bool served; /* somebody can meet it */
};

struct people {
	struct doctor *doctor;
	const struct doctor_asked *asked;
	struct psg_assignments assignments;
	struct psg_gate_settings settings;
	struct demand *demands;
	size_t demand_count;
	struct psg_now now;
};

static void people_clear(struct people *people)
{
	psg_assignments_clear(&people->assignments);
	psg_gate_settings_clear(&people->settings);
	free(people->demands);
}

static bool is_listed(const struct people *people, const struct psg_args *args)
{
	for (size_t i = 0; i < people->demand_count; i++)
		if (people->demands[i].args.demand.kind == args->demand.kind &&
		    !strcmp(people->demands[i].args.demand.name, args->demand.name))
			return true;
	return false;
}

static enum psg_err list_demand(struct people *people, const struct doctor_service *service,
				const struct stack_line *line)
{
	struct psg_args args;

	if (line->type == STACK_PASSWORD || !stack_calls_psg(line) || stack_is_shared(line->file) ||
	    !doctor_args(service, line, &args, NULL) ||
	    strcmp(doctor_store_of(people->doctor, &args), people->asked->path) != 0 ||
	    is_listed(people, &args))
		return PSG_OK;
	struct demand *grown =
	    reallocarray(people->demands, people->demand_count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	people->demands = grown;
	grown[people->demand_count++] = (struct demand){service, line, args, false};
	return PSG_OK;
}

static enum psg_err load(struct people *people)
{
	const struct doctor *doctor = people->doctor;
	enum psg_err err = psg_policy_all_assigned(people->asked->policy, &people->assignments);

	if (!err)
		err = psg_policy_settings(people->asked->policy, &people->settings);
	if (!err)
		err = psg_clock_now(&people->asked->store->clock, &people->now);
	for (size_t i = 0; i < doctor->service_count && !err; i++) {
		const struct doctor_service *service = &doctor->services[i];

		for (size_t j = 0; j < service->stack.count && !err; j++)
			err = list_demand(people, service, &service->stack.items[j]);
	}
	return err;
}

/* What one demand comes to for one assignee, outside every session. */
static enum psg_err ask(struct people *people, struct demand *demand,
			const struct psg_subject *subject, enum psg_why *ret)
{
	struct psg_binding binding = {.audit_id = PSG_AUDIT_NONE};
	struct psg_call call;
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = NULL;
	struct psg_ask question = {
	    .subject = subject,
	    .demand = &demand->args.demand,
	    .call = &call,
	    .even_root = demand->args.even_root,
	};

	psg_session_imagine(&binding, subject->uid, &call);
	enum psg_err err = psg_gate_ask(people->asked->store, &question, &gate);

	if (err)
		return err;
	/* Who is exempt needs nobody to serve it. */
	demand->served |=
	    gate->decision.verdict != PSG_DENY && gate->decision.why != PSG_WHY_EXEMPT;
	*ret = gate->decision.why;
	return PSG_OK;
}

/* Whoever never had any is not told to: that is the administrator's choice. */
static void judge_recovery(struct people *people, const char *name)
{
	struct psg_recovery recovery = {.count = 0};
	const struct doctor_place place = {.file = people->asked->path};
	enum psg_err err = psg_recovery_look(people->asked->store, name, &recovery);

	if (err)
		doctor_add(people->doctor, DOCTOR_AUTHENTICATOR_UNREADABLE, place,
			   "%s has recovery codes that cannot be opened: %s", name,
			   psg_strerror(err));
	else if (recovery.count > 0 && recovery.left <= PSG_RECOVERY_FEW)
		doctor_add(people->doctor, DOCTOR_RECOVERY_FEW, place,
			   "%s has %zu of %zu recovery codes left", name, recovery.left,
			   recovery.count);
}

static void judge_enrolled(struct people *people, const char *name, const char *through)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	enum psg_err err = psg_people_credentials(people->asked->store, name, &list);
	const struct doctor_place place = {.file = people->asked->path};

	judge_recovery(people, name);
	if (!err && list.count > 0)
		return;
	if (err || list.unreadable > 0)
		doctor_add(people->doctor, DOCTOR_AUTHENTICATOR_UNREADABLE, place,
			   "%s has an authenticator that cannot be opened: %s", name,
			   psg_strerror(err ? err : PSG_ERR_CORRUPT));
	else
		doctor_add_not_enrolled(people->doctor, people->asked, &people->assignments, name,
					*through ? through : name);
}

/* Those whom the group lists; who has it as primary group only is not searched for. */
static void judge_members(struct people *people, const char *assignee)
{
	const struct group *group = getgrnam(assignee + 1);

	for (char **member = group ? group->gr_mem : NULL; member && *member; member++)
		if (strcmp(*member, "root") != 0 &&
		    !psg_strings_has(&people->settings.exempt_users, *member))
			judge_enrolled(people, *member, assignee);
}

static enum psg_err judge_assignee(struct people *people, const char *name)
{
	struct psg_subject subject = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	bool needs = false;

	if (strlen(name) >= sizeof(subject.name))
		return PSG_OK;
	strcpy(subject.name, name);
	if (*name != '%' && psg_subject_by_name(name, &subject) != PSG_OK)
		subject.uid = (uid_t)-1;
	for (size_t i = 0; i < people->demand_count && subject.uid != 0; i++) {
		struct demand *demand = &people->demands[i];
		enum psg_why why = PSG_WHY_ERROR;
		enum psg_err err = ask(people, demand, &subject, &why);

		if (err)
			return err;
		/* A live activation says that one was needed. */
		needs |= why == PSG_WHY_NEEDS_ACTIVATION || why == PSG_WHY_LAPSED ||
			 why == PSG_WHY_ACTIVE;
		if (why == PSG_WHY_NOT_REQUIRED)
			doctor_add(people->doctor, DOCTOR_REACH_OPEN,
				   doctor_at(demand->service, demand->line),
				   "%s gets through without an activation", name);
	}
	if (needs && *name == '%')
		judge_members(people, name);
	else if (needs)
		judge_enrolled(people, name, "");
	return PSG_OK;
}

static enum psg_err judge_assignees(struct people *people)
{
	const struct psg_assignment *items = people->assignments.items;
	enum psg_err err = PSG_OK;

	/* Sorted by assignee. */
	for (size_t i = 0; i < people->assignments.count && !err; i++)
		if (i == 0 || strcmp(items[i].assignee, items[i - 1].assignee) != 0)
			err = judge_assignee(people, items[i].assignee);
	return err;
}

static enum psg_err judge_demand(struct people *people, const struct demand *demand)
{
	static const char *const kinds[] = {
	    [PSG_DEMAND_APPLICATION] = "the application",
	    [PSG_DEMAND_PERMISSION] = "the permission",
	    [PSG_DEMAND_GROUP] = "the group",
	};
	const struct psg_demand *wanted = &demand->args.demand;
	bool given = false;
	enum psg_err err = doctor_is_given(people->asked->policy, wanted, &given);

	if (!err)
		doctor_add(people->doctor,
			   given ? DOCTOR_DEMAND_UNASSIGNED : DOCTOR_DEMAND_UNSERVED,
			   doctor_at(demand->service, demand->line), "%s %s %s",
			   given ? "nobody is assigned what gives" : "nothing gives",
			   kinds[wanted->kind], wanted->name);
	return err;
}

static enum psg_err judge_demands(struct people *people)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < people->demand_count && !err; i++)
		if (!people->demands[i].served && !people->demands[i].args.unassigned_ok)
			err = judge_demand(people, &people->demands[i]);
	for (size_t i = 0; i < people->settings.exempt_users.count; i++)
		doctor_add(people->doctor, DOCTOR_EXEMPT_USER,
			   (struct doctor_place){.file = people->asked->path},
			   "%s is exempt from every gate", people->settings.exempt_users.items[i]);
	return err;
}

static void judge_group(struct people *people, const char *name)
{
	bool assigned = false;

	for (size_t i = 0; i < people->assignments.count; i++) {
		const struct psg_assignment *item = &people->assignments.items[i];

		if (item->kind != PSG_TARGET_GROUP || strcmp(item->target, name) != 0)
			continue;
		if (!psg_until_over(item->until_s, people->now.realtime_ns / PSG_NS_PER_S))
			return;
		assigned = true;
	}
	doctor_add(people->doctor, DOCTOR_GROUP_UNREACHABLE,
		   (struct doctor_place){.file = people->asked->path},
		   assigned ? "every assignment of the group %s is over"
			    : "the group %s is assigned to nobody",
		   name);
}

static enum psg_err judge_all(struct people *people)
{
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = load(people);

	if (!err)
		err = judge_assignees(people);
	if (!err)
		err = psg_policy_group_names(people->asked->policy, &groups);
	if (!err)
		err = judge_demands(people);
	for (size_t i = 0; i < groups.count && !err; i++)
		judge_group(people, groups.items[i]);
	if (!err)
		doctor_judge_enforce(people->doctor, people->asked, &people->assignments);
	if (!err)
		doctor_judge_enrolment(people->doctor, people->asked, &people->assignments);
	return err;
}

void doctor_judge_people(struct doctor *doctor, const struct doctor_asked *asked)
{
	struct people people PSG_CLEANUP(people_clear) = {.doctor = doctor, .asked = asked};
	enum psg_err err = judge_all(&people);

	if (err == PSG_ERR_NO_MEMORY)
		doctor->failed = true;
	else if (err)
		doctor_add(doctor, DOCTOR_STORE_UNREADABLE,
			   (struct doctor_place){.file = asked->path},
			   "who gets through cannot be read: %s", psg_strerror(err));
}
