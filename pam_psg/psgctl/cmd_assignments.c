/* psgctl assignments: who is assigned what, and through which Unix group. */
#include "psgctl.h"

#include <string.h>
#include <time.h>

static const char *via(const struct psg_assignment *assignment, bool of_user)
{
	return of_user && assignment->assignee[0] == '%' ? assignment->assignee : NULL;
}

static json_t *json_of(const struct psg_assignment *assignment, bool of_user, int64_t now_s)
{
	json_t *document = json_pack(
	    "{s:o, s:o, s:o, s:o, s:b}", "assignee", ctl_json_text(assignment->assignee),
	    assignment->kind == PSG_TARGET_GROUP ? "permissionSetGroup" : "permissionSet",
	    ctl_json_text(assignment->target), "createdDate", ctl_json_time(assignment->created_s),
	    "expirationDate", ctl_json_time(assignment->until_s), "isActive",
	    !psg_until_over(assignment->until_s, now_s));
	if (of_user && document != NULL &&
	    json_object_set_new(document, "via", ctl_json_text(via(assignment, of_user))) != 0)
		ctl_output_failed();
	return document;
}

static enum ctl_exit print_json(const struct psg_assignments *list, bool of_user, int64_t now_s)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		ctl_json_array_put(&count, json_of(&list->items[i], of_user, now_s));
	return ctl_json_array_end(count);
}

static void print_table(const struct psg_assignments *list, bool of_user, int64_t now_s)
{
	struct ctl_table *table = ctl_table_new(
	    (const char *const[]){"ASSIGNEE", "TYPE", "NAME", "UNTIL", "VIA"}, of_user ? 5 : 4);
	for (size_t i = 0; i < list->count; i++) {
		const struct psg_assignment *assignment = &list->items[i];
		char until[PSG_TIME_SIZE + 8] = "";
		if (assignment->until_s != 0)
			psg_time_format(assignment->until_s, until);
		if (psg_until_over(assignment->until_s, now_s))
			strcat(until, " (over)");
		ctl_table_row(table, (const char *const[]){assignment->assignee,
							   psg_target_kind_name(assignment->kind),
							   assignment->target, until,
							   via(assignment, of_user)});
	}
	ctl_table_print_free(table);
}

/* A user's own, and those of the Unix groups the user is in. */
static enum ctl_exit of_user(struct ctl *ctl, const char *name, struct psg_assignments *list)
{
	struct psg_subject person = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	if (!psg_subject_name_valid(name)) {
		ctl_error(ctl, "\"%s\" cannot be a user's name: write it as `getent passwd` does",
			  ctl_safe(name));
		return CTL_INVALID;
	}
	enum psg_err err = psg_subject_by_name(name, &person);
	if (err != PSG_OK) {
		ctl_warn(
		    ctl,
		    err == PSG_ERR_NOT_FOUND
			? "this host has no user %s: shown is what the name itself is assigned"
			: "the name service knows no user %s now: shown is what the name itself is "
			  "assigned",
		    ctl_safe(name));
		memcpy(person.name, name, strlen(name) + 1);
		person.uid = (uid_t)-1;
	}
	err = psg_gate_assignments(ctl->policy, &person, list);
	return err ? ctl_store_error(ctl, "cannot find the user's assignments", err) : CTL_DONE;
}

enum ctl_exit ctl_assignments(struct ctl *ctl)
{
	const char *user = NULL;
	const struct ctl_option options[] = {{"user", true, &user, NULL},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL))
		return CTL_USAGE;
	if (!ctl_open_policy(ctl))
		return CTL_STORE;
	struct psg_assignments list PSG_CLEANUP(psg_assignments_clear) = {0};
	if (user != NULL) {
		enum ctl_exit status = of_user(ctl, user, &list);
		if (status != CTL_DONE)
			return status;
	} else {
		enum psg_err err = psg_policy_all_assigned(ctl->policy, &list);
		if (err)
			return ctl_store_error(ctl, "cannot read the policy", err);
	}
	int64_t now_s = time(NULL);
	if (ctl->json)
		return print_json(&list, user != NULL, now_s);
	print_table(&list, user != NULL, now_s);
	return CTL_DONE;
}
