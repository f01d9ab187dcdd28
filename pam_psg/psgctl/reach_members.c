/* Who is in a Unix group, as far as the name service and the policy tell. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "reach_judge.h"

#define BUFFER_FIRST 4096U
#define BUFFER_MAX (16U << 20) /* a group of a million members */

struct gathering {
	struct ctl_keys gids; /* sorted */
	char *last;           /* the assignee looked at last; owned */
	struct psg_strings *people;
};

static void gathering_clear(struct gathering *gathering)
{
	ctl_keys_clear(&gathering->gids);
	free(gathering->last);
}

/* A Unix group that the host does not have, or that nobody can tell of now, has no members to name. */
enum psg_err ctl_listed_members(const char *group, struct psg_strings *people, bool *ret_found,
				gid_t *ret_gid)
{
	*ret_found = false;
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct group entry, *found = NULL;
		enum psg_err err = PSG_OK;
		if (buffer == NULL)
			return PSG_ERR_NO_MEMORY;
		if (getgrnam_r(group, &entry, buffer, size, &found) == ERANGE)
			continue;
		if (found == NULL)
			return PSG_OK;
		for (size_t i = 0; !err && found->gr_mem[i] != NULL; i++)
			err = psg_strings_add(people, found->gr_mem[i]);
		*ret_found = true;
		*ret_gid = found->gr_gid;
		return err;
	}
	return PSG_OK;
}

static enum psg_err add_listed(struct gathering *gathering, const char *group)
{
	bool found = false;
	gid_t gid = 0;
	enum psg_err err = ctl_listed_members(group, gathering->people, &found, &gid);
	return !err && found ? ctl_keys_add(&gathering->gids, gid) : err;
}

/* No group lists those who have it as their primary one: the assignees are asked for theirs. */
static enum psg_err look_at_assignee(void *arg, const struct psg_assignment *assignment)
{
	struct gathering *gathering = arg;
	struct psg_subject person;
	const char *name = assignment->assignee;
	if (name[0] == '%' || (gathering->last != NULL && strcmp(gathering->last, name) == 0))
		return PSG_OK;
	free(gathering->last);
	gathering->last = strdup(name);
	if (gathering->last == NULL)
		return PSG_ERR_NO_MEMORY;
	if (psg_subject_by_name(name, &person) != PSG_OK ||
	    !ctl_keys_has(&gathering->gids, person.gid))
		return PSG_OK;
	return psg_strings_add(gathering->people, name);
}

enum psg_err ctl_judge_add_members(struct ctl_view *view, struct psg_strings *people)
{
	struct gathering gathering PSG_CLEANUP(gathering_clear) = {.people = people};
	enum psg_err err = PSG_OK;
	for (size_t i = 0, count = people->count; !err && i < count; i++)
		if (people->items[i][0] == '%')
			err = add_listed(&gathering, people->items[i] + 1);
	ctl_keys_sort(&gathering.gids);
	if (!err && gathering.gids.count > 0)
		err = psg_policy_each_assigned(view->side[1].policy, look_at_assignee, &gathering);
	psg_strings_sort(people);
	return err;
}
