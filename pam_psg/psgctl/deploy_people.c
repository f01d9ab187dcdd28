/* What a deployment means for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy.h"

#define OPENINGS_MOST 1000U /* each is a warning of its own; who wants all asks with --check-only */

static const char *file_of(const struct psg_deployment *deployment, const char *type,
			   const char *name)
{
	for (size_t i = 0; i < deployment->component_count; i++)
		if (strcmp(deployment->components[i].type, type) == 0 &&
		    strcmp(deployment->components[i].name, name) == 0)
			return deployment->components[i].file;
	return "";
}

static enum psg_err warn(struct psg_deployment *deployment, const char *type, const char *name,
			 const char *text, const char *remedy)
{
	return ctl_problem_add(&deployment->problems,
			       &(struct ctl_problem){.warning = true,
						     .file = file_of(deployment, type, name),
						     .type = type,
						     .name = name,
						     .text = text,
						     .remedy = remedy});
}

static enum psg_err warn_opening(struct psg_deployment *deployment, const struct ctl_change *change)
{
	const struct psg_assignment *through = change->through;
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	psg_buf_format(&text, "%s needed an activation for %s and no longer does", change->person,
		       change->application);
	if (through != NULL)
		psg_buf_format(&text, ": %s %s, assigned to %s, gives it without",
			       psg_target_kind_name(through->kind), through->target,
			       through->assignee);
	else
		psg_buf_text(&text, ": an exempt user from now on");
	if (text.failed)
		return PSG_ERR_NO_MEMORY;
	return warn(deployment, through != NULL ? psg_target_kind_name(through->kind) : "Settings",
		    through != NULL ? through->target : "Gate", text.data,
		    through != NULL ? "Set hasActivationRequired if that is not meant."
				    : "Remove it from exemptUsers if that is not meant.");
}

static enum psg_err warn_more(struct psg_deployment *deployment, size_t more)
{
	char text[160];
	snprintf(text, sizeof(text), "%zu more need%s no activation any more for a service", more,
		 more == 1 ? "s" : "");
	return warn(deployment, "", "", text, "deploy --check-only lists all.");
}

static enum psg_err add_all(struct psg_strings *to, const struct psg_strings *from)
{
	enum psg_err err = PSG_OK;
	for (size_t i = 0; i < from->count && !err; i++)
		err = psg_strings_add(to, from->items[i]);
	return err;
}

/* The groups and sets that are put or removed, and the groups that were compiled anew. */
static enum psg_err find_differences(const struct psg_deployment *deployment,
				     struct psg_strings *groups, struct psg_strings *sets)
{
	const struct psg_model *put = &deployment->put;
	enum psg_err err = add_all(groups, &deployment->removed[PSG_TYPE_GROUP]);
	if (!err)
		err = add_all(groups, &deployment->recalculated);
	for (size_t i = 0; i < put->group_count && !err; i++)
		err = psg_strings_add(groups, put->groups[i].name);
	if (!err)
		err = add_all(sets, &deployment->removed[PSG_TYPE_SET]);
	for (size_t i = 0; i < put->set_count && !err; i++)
		err = psg_strings_add(sets, put->sets[i].name);
	psg_strings_sort(groups);
	psg_strings_sort(sets);
	return err;
}

static enum psg_err warn_openings(struct ctl_deploy_run *run)
{
	enum psg_err err = PSG_OK;
	size_t openings = 0;
	for (size_t i = 0; i < run->changes.count && !err; i++) {
		struct psg_assignment through;
		struct ctl_change change;
		ctl_changes_get(&run->changes, i, &change, &through);
		if (ctl_change_opens(&change) && openings++ < OPENINGS_MOST)
			err = warn_opening(&run->deployment, &change);
	}
	if (!err && openings > OPENINGS_MOST)
		err = warn_more(&run->deployment, openings - OPENINGS_MOST);
	psg_problems_sort(&run->deployment.problems);
	return err;
}

enum psg_err ctl_deploy_compare(struct ctl_deploy_run *run, struct psg_policy *before)
{
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	const struct ctl_differences differences = {
	    .groups = &groups, .sets = &sets, .openings_only = !run->check_only};
	enum psg_err err = find_differences(&run->deployment, &groups, &sets);
	if (!err)
		err = ctl_reach_compare(before, psg_policy_staged_policy(run->staged), &differences,
					run->started_s, ctl_changes_add, &run->changes);
	return err ? err : warn_openings(run);
}
