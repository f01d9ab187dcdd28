/* A group's members: there, of the right kind, not too many.
 *
 * A member of a managed package that is not here gives nothing: a Warning. A muting set that is not here would
 * take nothing away, and so open what it was to close: an error, whoever made it. */
#include "metadata.h"

#include <string.h>

#define GROUP "PermissionSetGroup"
#define LIST_MAX 4000U

/* Names for one message, and where the first stands. */
struct names {
	struct psg_buf list;
	const char *first;
	size_t more; /* that are not in the list */
};

static void add_name(struct names *names, const char *name)
{
	if (!names->first)
		names->first = name;
	if (names->list.len < LIST_MAX)
		psg_buf_format(&names->list, "%s%s", names->list.len ? ", " : "", name);
	else
		names->more++;
}

static void clear_names(struct names *names)
{
	psg_buf_clear(&names->list);
}

/* A group that was deployed earlier has no document here: what it lacks now makes it Failed. */
static bool stored(const struct psg_check *check, const struct psg_group *group)
{
	return !psg_index_document(check->index, GROUP, group->name);
}

static void report_names(struct psg_check *check, const struct psg_group *group, bool warning,
			 const char *element, struct names *names, const char *remedy,
			 const char *text)
{
	if (names->more > 0)
		psg_buf_format(&names->list, " and %zu more", names->more);
	if (names->list.failed)
		check->err = PSG_ERR_NO_MEMORY;
	else if (names->first)
		psg_check_report(check, warning, GROUP, group->name, element, names->first, remedy,
				 "%s: %s", text, names->list.data);
}

/* One warning a group: of a hundred sets in ten thousand groups each would be a million, and each would be looked up
 * in its file. */
static void check_flags(struct psg_check *check, const struct psg_group *group)
{
	static const char *const remedy =
	    "Set hasActivationRequired of the group too, or take the set out of it.";
	struct names names PSG_CLEANUP(clear_names) = {0};
	size_t count = 0;

	for (size_t i = 0; i < group->sets.count && !group->requires_activation; i++) {
		const struct psg_permission_set *set =
		    psg_index_set(check->index, group->sets.items[i]);

		if (!set || !set->requires_activation)
			continue;
		add_name(&names, set->name);
		count++;
	}
	if (count > 1)
		report_names(
		    check, group, true, "permissionSets", &names, remedy,
		    "Permission sets require activation and their group does not: here they go on "
		    "requiring it inside the group (the strictest wins), unlike in Salesforce");
	else if (count > 0)
		psg_check_report(
		    check, true, GROUP, group->name, "permissionSets", names.first, remedy,
		    "Permission set '%s' requires activation and its group does not: here it goes "
		    "on requiring it inside the group (the strictest wins), unlike in Salesforce",
		    names.first);
}

/* Those that a group lacks, by what is to be said of them. */
struct lacking {
	struct names invalid, gone, absent;
};

static void clear_lacking(struct lacking *lacking)
{
	clear_names(&lacking->invalid);
	clear_names(&lacking->gone);
	clear_names(&lacking->absent);
}

static void add_lacking(struct lacking *lacking, const struct psg_strings *deleted,
			const char *name)
{
	add_name(deleted && psg_strings_has(deleted, name) ? &lacking->gone : &lacking->invalid,
		 name);
}

/* `invalid_text` is Salesforce's. What the same package deletes by force is no mistake in it. */
static void report_lacking(struct psg_check *check, const struct psg_group *group,
			   const char *element, struct lacking *lacking, const char *failed_text,
			   const char *invalid_remedy, const char *invalid_text)
{
	static const char *const failed_remedy = "Deploy them, or the group without them.";
	bool older = stored(check, group);

	report_names(check, group, false, element, &lacking->invalid,
		     older ? failed_remedy : invalid_remedy, older ? failed_text : invalid_text);
	if (!check->context.deferred)
		report_names(check, group, true, element, &lacking->gone, failed_remedy,
			     failed_text);
}

static void check_sets(struct psg_check *check, const struct psg_group *group)
{
	struct lacking lacking PSG_CLEANUP(clear_lacking) = {0};

	for (size_t i = 0; i < group->sets.count; i++) {
		const char *name = group->sets.items[i];

		if (psg_index_has(check->index, "PermissionSet", name))
			continue;
		if (psg_index_has(check->index, "MutingPermissionSet", name))
			psg_check_report(check, false, GROUP, group->name, "permissionSets", name,
					 "Name it in mutingPermissionSets.",
					 "'%s' is a MutingPermissionSet, not a PermissionSet",
					 name);
		else if (psg_name_has_namespace(name))
			add_name(&lacking.absent, name);
		else
			add_lacking(&lacking, check->context.deleted_sets, name);
	}
	check_flags(check, group);
	report_lacking(check, group, "permissionSets", &lacking,
		       "The group is Failed and gives nothing, as it lacks the permission sets",
		       "Add the permission set to the package, or remove the line.",
		       "Cannot create permission set group components since the following "
		       "permission set names are invalid");
	report_names(check, group, true, "permissionSets", &lacking.absent,
		     "Nothing need be done, unless their permissions are wanted here.",
		     "These permission sets of managed packages are not here and give nothing");
}

static void check_muting_sets(struct psg_check *check, const struct psg_group *group)
{
	struct lacking lacking PSG_CLEANUP(clear_lacking) = {0};

	for (size_t i = 0; i < group->muting_sets.count; i++) {
		const char *name = group->muting_sets.items[i];

		if (psg_index_has(check->index, "MutingPermissionSet", name))
			continue;
		if (psg_index_has(check->index, "PermissionSet", name))
			psg_check_report(check, false, GROUP, group->name, "mutingPermissionSets",
					 name, "Name it in permissionSets.",
					 "'%s' is a PermissionSet, not a MutingPermissionSet",
					 name);
		else
			add_lacking(&lacking, check->context.deleted_muting_sets, name);
	}
	report_lacking(
	    check, group, "mutingPermissionSets", &lacking,
	    "The group is Failed and gives nothing, as it lacks the muting permission sets",
	    "Add the muting permission set to the package, or remove the line.",
	    "Cannot create permission set group components since the following muting "
	    "permission set names are invalid");
}

void psg_check_members(struct psg_check *check, const struct psg_group *group)
{
	check_muting_sets(check, group);
	if (group->sets.count <= PSG_GROUP_MEMBERS_MAX)
		check_sets(check, group);
	else
		psg_check_report(check, false, GROUP, group->name, "permissionSets", NULL,
				 "Split the group.",
				 "The group has %zu permission sets; at most %u are allowed",
				 group->sets.count, PSG_GROUP_MEMBERS_MAX);
}
