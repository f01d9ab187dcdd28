/* What the log cannot say: what is live now, and who could activate and does not. */
#include "report.h"

#include <string.h>

#include "live.h"
#include "reach_judge.h"

struct looking {
	struct report *report;
	struct psg_strings enrolled; /* people with an authenticator; sorted */
	struct psg_gate_settings settings;
	struct psg_strings groups, sets; /* what needs an activation; sorted */
	char *unix_group;                /* whose members these are */
	struct psg_strings members;
};

static void looking_clear(struct looking *looking)
{
	psg_strings_clear(&looking->enrolled);
	psg_gate_settings_clear(&looking->settings);
	psg_strings_clear(&looking->groups);
	psg_strings_clear(&looking->sets);
	psg_strings_clear(&looking->members);
	free(looking->unix_group);
}

static enum psg_err look_at_live(struct report *report, const char *subject)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = ctl_live_list(report->ctl, subject, &report->now, &list);
	for (size_t i = 0; !err && i < list.count; i++) {
		const struct psg_activation *one = &list.items[i];
		char id[PSG_ACTIVATION_ID_SIZE], session[PSG_SESSION_ID_SIZE];
		bool live = false;
		err = ctl_live(report->ctl->store, one, &report->now, &live);
		if (err || !live)
			continue;
		psg_activation_id_format(subject, one->file, id);
		ctl_live_session(one, session);
		struct psg_ledger_event event = {
		    .kind = PSG_EVENT_ACTIVATED,
		    .time_s = one->first_realtime_ns / PSG_NS_PER_S,
		    .expires_s = one->expires_realtime_ns / PSG_NS_PER_S,
		    .user = subject,
		    .service = one->service,
		    .session_id = *session != '\0' ? session : NULL,
		    .target = one->target,
		    .target_kind = one->kind,
		    .activation_id = id,
		    .reason = one->description[0] != '\0' ? one->description : NULL,
		};
		if ((report->scope.user == NULL || strcmp(report->scope.user, subject) == 0) &&
		    (report->scope.target == NULL ||
		     strcmp(report->scope.target, one->target) == 0))
			psg_ledger_live(report->ledger, &event);
	}
	return err;
}

static enum psg_err look_at_person(void *arg, const char *subject)
{
	struct looking *looking = arg;
	struct psg_credentials credentials PSG_CLEANUP(psg_credentials_clear) = {0};
	enum psg_err err =
	    psg_people_credentials(looking->report->ctl->store, subject, &credentials);
	if (!err && credentials.count + credentials.unreadable > 0)
		err = psg_strings_add(&looking->enrolled, subject);
	return err ? err : look_at_live(looking->report, subject);
}

/* The strictest wins: a group whose flag is off needs an activation for a set whose flag is on. */
static enum psg_err find_groups(struct psg_policy *policy, struct looking *looking)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_group_names(policy, &names);
	for (size_t i = 0; !err && i < names.count; i++) {
		struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
		err = psg_policy_group(policy, names.items[i], &group);
		bool requires = !err && group.requires_activation;
		for (size_t j = 0; !err && !requires && j < group.sets.count; j++)
		requires = psg_strings_has(&looking->sets, group.sets.items[j]);
		if (!err && requires)
			err = psg_strings_add(&looking->groups, names.items[i]);
	}
	return err;
}

static enum psg_err find_targets(struct psg_policy *policy, struct looking *looking)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_set_names(policy, &names);
	for (size_t i = 0; !err && i < names.count; i++) {
		bool requires = false;
		err = psg_policy_set_brief(policy, names.items[i], &requires, NULL);
		if (!err && requires)
			err = psg_strings_add(&looking->sets, names.items[i]);
	}
	psg_strings_sort(&looking->sets);
	if (!err)
		err = find_groups(policy, looking);
	psg_strings_sort(&looking->groups);
	return err;
}

/* Root and exempt users are asked for nothing. */
static void put_eligible(struct looking *looking, const struct psg_assignment *assignment,
			 const char *user)
{
	if (strcmp(user, "root") == 0 || psg_strings_has(&looking->settings.exempt_users, user))
		return;
	struct psg_eligible eligible = {
	    .user = user,
	    .via = assignment->assignee[0] == '%' ? assignment->assignee : NULL,
	    .target = assignment->target,
	    .kind = assignment->kind,
	    .until_s = assignment->until_s,
	    .enrolled = psg_strings_has(&looking->enrolled, user),
	};
	psg_ledger_eligible(looking->report->ledger, &eligible);
}

/* A group's assignments stand together more often than not: its members are asked for once then. */
static enum psg_err find_members(struct looking *looking, const char *group)
{
	bool found = false;
	gid_t gid = 0;
	if (looking->unix_group != NULL && strcmp(looking->unix_group, group) == 0)
		return PSG_OK;
	psg_strings_clear(&looking->members);
	free(looking->unix_group);
	looking->unix_group = strdup(group);
	if (looking->unix_group == NULL)
		return PSG_ERR_NO_MEMORY;
	return ctl_listed_members(group, &looking->members, &found, &gid);
}

static enum psg_err look_at_assignment(void *arg, const struct psg_assignment *assignment)
{
	struct looking *looking = arg;
	const struct psg_strings *needing =
	    assignment->kind == PSG_TARGET_GROUP ? &looking->groups : &looking->sets;
	enum psg_err err = PSG_OK;
	if (psg_until_over(assignment->until_s, looking->report->scope.now_s) ||
	    !psg_strings_has(needing, assignment->target))
		return PSG_OK;
	if (assignment->assignee[0] != '%') {
		put_eligible(looking, assignment, assignment->assignee);
		return PSG_OK;
	}
	err = find_members(looking, assignment->assignee + 1);
	for (size_t i = 0; !err && i < looking->members.count; i++)
		put_eligible(looking, assignment, looking->members.items[i]);
	return err;
}

enum psg_err report_facts(struct report *report)
{
	struct looking looking PSG_CLEANUP(looking_clear) = {.report = report};
	struct ctl *ctl = report->ctl;
	enum psg_err err = psg_people_each(ctl->store, look_at_person, &looking);
	psg_strings_sort(&looking.enrolled);
	if (!err)
		err = psg_policy_settings(ctl->policy, &looking.settings);
	if (!err)
		err = find_targets(ctl->policy, &looking);
	return err ? err : psg_policy_each_assigned(ctl->policy, look_at_assignment, &looking);
}
