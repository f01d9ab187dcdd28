/* A policy made elsewhere, put in force whole.
 *
 * MUST be copied record by record, and judged as a copy: what is judged is what comes in force, whoever changes the file
 *      meanwhile, and its index is made here (tests/cli/test_install.py, test_damage).
 * MUST NOT let an activation serve again that an unassignment ended nothing of: what somebody gains begins with a code
 *      (test_what_was_left_is_ended). */
#include "install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "psg/people.h"
#include "unassign.h"

#define OPENINGS_MOST 50U

void ctl_install_clear(struct ctl_install *install)
{
	psg_policy_drop(&install->staged);
	psg_policy_close(&install->before);
	psg_folder_release(&install->memory);
	psg_assignments_clear(&install->gained);
	psg_assignments_clear(&install->lost);
	ctl_changes_clear(&install->changes);
}

/* -- what there is -- */

/* A policy that is damaged, or not there, is what an administrator installs another for: then nobody has anything. */
static enum psg_err open_before(struct ctl *ctl, struct ctl_install *install)
{
	struct psg_model nothing PSG_CLEANUP(psg_model_clear) = {0};
	const struct psg_assignments nobody = {0};
	enum psg_err err = ctl->store != NULL ? psg_policy_open(ctl->store->root, &install->before)
					      : PSG_ERR_NOT_FOUND;
	if (!err)
		err = psg_policy_sound(install->before);
	if (err != PSG_ERR_NOT_FOUND && err != PSG_ERR_CORRUPT && err != PSG_ERR_VERSION &&
	    err != PSG_ERR_OLD)
		return err;
	psg_policy_close(&install->before);
	install->unread = true;
	err = psg_gate_settings_default(&nothing.settings);
	if (!err)
		err = psg_policy_write(install->memory, &nothing, &nobody, 1);
	return err ? err : psg_policy_open(install->memory, &install->before);
}

/* -- what differs -- */

static enum psg_err keep(struct psg_assignments *list, const struct psg_assignment *one)
{
	struct psg_assignment *grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	list->items = grown;
	struct psg_assignment copy = *one;
	copy.assignee = strdup(one->assignee);
	copy.target = strdup(one->target);
	list->items[list->count++] = copy; /* owned from here on, whole or not */
	return copy.assignee != NULL && copy.target != NULL ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static int order(const struct psg_assignments *a, size_t i, const struct psg_assignments *b,
		 size_t k)
{
	if (i == a->count || k == b->count)
		return i == a->count ? 1 : -1;
	const struct psg_assignment *left = &a->items[i], *right = &b->items[k];
	int by = strcmp(left->assignee, right->assignee);
	if (by == 0)
		by = strcmp(left->target, right->target);
	return by != 0 ? by : (int)left->kind - (int)right->kind;
}

/* Both lists are sorted. What was over already, or is from now on, counts as not assigned. */
static enum psg_err compare_assigned(struct ctl_install *install, struct psg_policy *after,
				     struct psg_assignments *changed)
{
	struct psg_assignments old PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_assignments new PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_all_assigned(install->before, &old);
	if (!err)
		err = psg_policy_all_assigned(after, &new);
	for (size_t i = 0, k = 0; !err && (i < old.count || k < new.count);) {
		int by = order(&old, i, &new, k);
		bool had = by <= 0 && !psg_until_over(old.items[i].until_s, install->now_s);
		bool has = by >= 0 && !psg_until_over(new.items[k].until_s, install->now_s);
		if (had && !has)
			err = keep(&install->lost, &old.items[i]);
		else if (has && !had)
			err = keep(&install->gained, &new.items[k]);
		if (!err && (by != 0 || old.items[i].until_s != new.items[k].until_s))
			err = keep(changed, by <= 0 ? &old.items[i] : &new.items[k]);
		i += by <= 0;
		k += by >= 0;
	}
	return err;
}

static enum psg_err add_names(struct psg_policy *policy, struct psg_strings *groups,
			      struct psg_strings *sets)
{
	struct psg_strings some PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings others PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_group_names(policy, &some);
	if (!err)
		err = psg_policy_set_names(policy, &others);
	for (size_t i = 0; !err && i < some.count; i++)
		err = psg_strings_add(groups, some.items[i]);
	for (size_t i = 0; !err && i < others.count; i++)
		err = psg_strings_add(sets, others.items[i]);
	return err;
}

static enum psg_err add_change(void *arg, const struct ctl_change *change)
{
	struct ctl_install *install = arg;
	install->opened += ctl_change_opens(change);
	return ctl_changes_add(&install->changes, change);
}

static enum psg_err compare(struct ctl_install *install)
{
	struct psg_policy *after = psg_policy_staged_policy(install->staged);
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_assignments changed PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = compare_assigned(install, after, &changed);
	if (!err)
		err = add_names(install->before, &groups, &sets);
	if (!err)
		err = add_names(after, &groups, &sets);
	psg_strings_sort(&groups);
	psg_strings_sort(&sets);
	const struct ctl_differences differences = {.groups = &groups,
						    .sets = &sets,
						    .assigned = &changed,
						    .openings_only = !install->check_only};
	return err ? err
		   : ctl_reach_compare(install->before, after, &differences, install->now_s,
				       add_change, install);
}

enum psg_err ctl_install_stage(struct ctl *ctl, struct ctl_install *install,
			       struct psg_policy *from, bool *ret_bad)
{
	*ret_bad = false;
	enum psg_err err = psg_folder_open_memory(NULL, &install->memory);
	if (!err)
		err = open_before(ctl, install);
	if (err)
		return err;
	const struct psg_policy_update nothing = {.generation_above =
						      psg_policy_generation(install->before)};
	err = psg_policy_stage(install->check_only ? install->memory : ctl->store->root, from,
			       &nothing, &install->staged);
	if (!err)
		err = psg_policy_sound(psg_policy_staged_policy(install->staged));
	*ret_bad = err == PSG_ERR_CORRUPT || err == PSG_ERR_VERSION || err == PSG_ERR_OLD ||
		   err == PSG_ERR_INVALID;
	return err ? err : compare(install);
}

/* -- in force -- */

static enum psg_err end_all_of(void *arg, const char *subject)
{
	struct psg_store *store = arg;
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_people_activations(store, subject, &list);
	for (size_t i = 0; !err && i < list.count; i++)
		if (!list.items[i].ended)
			err = psg_activation_end(store, subject, list.items[i].file,
						 PSG_END_UNASSIGNED, NULL);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* Where the policy before cannot be read, what was left active cannot be told from what served: all of it ends. */
static enum psg_err end_before(struct ctl *ctl, const struct ctl_install *install)
{
	struct psg_store *store PSG_CLEANUP(psg_store_close) = NULL;
	if (!install->unread)
		return install->gained.count > 0
			   ? ctl_end_left(ctl, install->gained.items, install->gained.count)
			   : PSG_OK;
	enum psg_err err = psg_store_open(ctl->store_path, ctl->key_path, true, &store);
	/* Without the key nothing that it sealed opens anything. */
	if (err == PSG_ERR_KEY)
		return PSG_OK;
	return err ? err : psg_people_each(store, end_all_of, store);
}

enum psg_err ctl_install_commit(struct ctl *ctl, struct ctl_install *install)
{
	enum psg_err err = end_before(ctl, install);
	if (!err)
		err = psg_policy_commit(&install->staged);
	if (!err && install->lost.count > 0)
		ctl_end_unassigned(ctl, install->lost.items, install->lost.count);
	return err;
}

enum ctl_exit ctl_install_failed(struct ctl *ctl, struct ctl_install *install, enum psg_err err)
{
	if (install->unread || install->before == NULL)
		return ctl_store_error(ctl, "cannot put the policy in force", err);
	psg_policy_close(&ctl->policy);
	ctl->policy = install->before;
	install->before = NULL;
	return ctl_policy_failed(ctl, err);
}

void ctl_install_warn(const struct ctl *ctl, const struct ctl_install *install)
{
	size_t said = 0;
	for (size_t i = 0; i < install->changes.count; i++) {
		struct psg_assignment through;
		struct ctl_change change;
		ctl_changes_get(&install->changes, i, &change, &through);
		if (!ctl_change_opens(&change) || said++ >= OPENINGS_MOST)
			continue;
		if (change.through != NULL)
			ctl_warn_opening(ctl, &change);
		else
			ctl_warn(ctl,
				 "%s needed an activation and no longer does: an exempt user; if "
				 "that is not meant, remove it from exemptUsers",
				 ctl_safe(change.person));
	}
	if (said > OPENINGS_MOST)
		ctl_warn(ctl, "and %zu more need no activation any more: --check-only lists all",
			 said - OPENINGS_MOST);
}

void ctl_install_print(const struct ctl_install *install)
{
	const struct ctl_changes *changes = &install->changes;
	if (changes->count == 0)
		puts("Nothing would change for people.");
	else
		printf("%zu change%s for people:\n", changes->count,
		       changes->count == 1 ? "" : "s");
	ctl_changes_print(changes);
}
