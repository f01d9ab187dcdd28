/* Compares two policies: who needed an activation for a service before and does not after. */
#include "reach.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
	struct ctl_reach before, after;
	int64_t now_s;
	struct psg_strings told; /* "%group/KEY": what its members need not be told again */
	ctl_opening_fn *each;
	void *arg;
};

static void comparison_clear(struct comparison *comparison)
{
	ctl_reach_clear(&comparison->before);
	ctl_reach_clear(&comparison->after);
	psg_strings_clear(&comparison->told);
}

static const struct ctl_reach_target *serves(const struct ctl_reach *reach,
					     const struct psg_assignment *assignment, int64_t now_s)
{
	if (assignment->until_s != 0 && assignment->until_s <= now_s)
		return NULL;
	return ctl_reach_find(reach, assignment->kind, assignment->target);
}

static bool exempt(const struct ctl_reach *reach, const char *name)
{
	return psg_strings_has(&reach->settings.exempt_users, name);
}

/* The same assignment as it was before, judged; NULL when it served nobody then. */
static enum psg_err served_before(struct comparison *c, const struct psg_assignment *now,
				  const struct ctl_reach_target **ret)
{
	struct psg_assignments old PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = psg_policy_assigned(c->before.policy, now->assignee, &old);
	*ret = NULL;
	for (size_t i = 0; !err && i < old.count; i++)
		if (old.items[i].kind == now->kind && strcmp(old.items[i].target, now->target) == 0)
			*ret = serves(&c->before, &old.items[i], c->now_s);
	return err;
}

/* Whether anything is open that was not: if not, nobody need be looked at. */
static enum psg_err opens_anything(struct comparison *c, bool *ret)
{
	const struct psg_strings *exempt_now = &c->after.settings.exempt_users;
	bool opens = false;
	for (size_t i = 0; i < exempt_now->count; i++)
		opens |= !exempt(&c->before, exempt_now->items[i]);
	for (size_t i = 0; !opens && i < c->after.assignments.count; i++) {
		const struct psg_assignment *now = &c->after.assignments.items[i];
		const struct ctl_reach_target *old, *target = serves(&c->after, now, c->now_s);
		if (target == NULL || target->open.count == 0)
			continue;
		enum psg_err err = served_before(c, now, &old);
		if (err)
			return err;
		for (size_t k = 0; !opens && k < target->open.count; k++)
			opens = old == NULL || !psg_strings_has(&old->open, target->open.items[k]);
	}
	*ret = opens;
	return PSG_OK;
}

static enum psg_err tell(struct comparison *c, const char *person, const char *key,
			 const struct psg_assignment *through)
{
	struct psg_buf note PSG_CLEANUP(psg_buf_clear) = {0};
	if (through != NULL && through->assignee[0] == '%') {
		psg_buf_format(&note, "%s/%s", through->assignee, key);
		if (note.failed)
			return PSG_ERR_NO_MEMORY;
		if (person[0] != '%' && psg_strings_has(&c->told, note.data))
			return PSG_OK;
		enum psg_err err = person[0] == '%' ? psg_strings_add(&c->told, note.data) : PSG_OK;
		if (err)
			return err;
	}
	const struct ctl_opening opening = {
	    .person = person,
	    .application = key + strlen(CTL_APPLICATION_PREFIX),
	    .through = through,
	};
	return c->each(c->arg, &opening);
}

/* The keys that a person needed an activation for. */
static enum psg_err needed(struct comparison *c, const struct psg_subject *person,
			   struct psg_strings *ret)
{
	struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_strings open PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings gated PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_gate_assignments(c->before.policy, person, &has);
	for (size_t i = 0; !err && i < has.count; i++) {
		const struct ctl_reach_target *target = serves(&c->before, &has.items[i], c->now_s);
		for (size_t k = 0; target != NULL && !err && k < target->open.count; k++)
			err = psg_strings_add(&open, target->open.items[k]);
		for (size_t k = 0; target != NULL && !err && k < target->gated.count; k++)
			err = psg_strings_add(&gated, target->gated.items[k]);
	}
	psg_strings_sort(&open);
	psg_strings_sort(&gated);
	for (size_t k = 0; !err && k < gated.count; k++)
		if (!psg_strings_has(&open, gated.items[k]))
			err = psg_strings_add(ret, gated.items[k]);
	return err;
}

static enum psg_err judge(struct comparison *c, const char *name)
{
	struct psg_subject person = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	if (strlen(name) >= sizeof(person.name))
		return PSG_OK;
	memcpy(person.name, name, strlen(name) + 1);
	/* Where the name service has no answer, the assignments by name still count. */
	if (name[0] != '%' && psg_subject_by_name(name, &person) != PSG_OK)
		person.uid = (uid_t)-1;
	if (person.uid == 0 || exempt(&c->before, name))
		return PSG_OK;

	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_assignments has PSG_CLEANUP(psg_assignments_clear) = {0};
	enum psg_err err = needed(c, &person, &keys);
	if (err || keys.count == 0)
		return err;
	err = psg_gate_assignments(c->after.policy, &person, &has);
	for (size_t k = 0; !err && k < keys.count; k++) {
		const struct psg_assignment *through = NULL;
		for (size_t i = 0; i < has.count && through == NULL; i++) {
			const struct ctl_reach_target *target =
			    serves(&c->after, &has.items[i], c->now_s);
			if (target != NULL && psg_strings_has(&target->open, keys.items[k]))
				through = &has.items[i];
		}
		if (through != NULL || exempt(&c->after, name))
			err = tell(c, name, keys.items[k], through);
	}
	return err;
}

static enum psg_err add_members(const char *group, struct psg_strings *names)
{
	for (size_t size = 4096; size <= 16U << 20; size *= 4) {
		char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(size);
		struct group entry, *found = NULL;
		if (buffer == NULL)
			return PSG_ERR_NO_MEMORY;
		int failed = getgrnam_r(group, &entry, buffer, size, &found);
		if (failed == ERANGE)
			continue;
		enum psg_err err = PSG_OK;
		for (size_t i = 0; found != NULL && !err && found->gr_mem[i] != NULL; i++)
			err = psg_strings_add(names, found->gr_mem[i]);
		return err;
	}
	return PSG_OK;
}

/* Everybody whom the policy after concerns, and the Unix groups themselves. */
static enum psg_err principals(const struct comparison *c, struct psg_strings *ret)
{
	enum psg_err err = PSG_OK;
	for (size_t i = 0; !err && i < c->after.assignments.count; i++)
		err = psg_strings_add(ret, c->after.assignments.items[i].assignee);
	psg_strings_sort(ret);
	for (size_t i = 0, count = ret->count; !err && i < count; i++)
		if (ret->items[i][0] == '%')
			err = add_members(ret->items[i] + 1, ret);
	psg_strings_sort(ret);
	return err;
}

enum psg_err ctl_reach_compare(struct psg_policy *before, struct psg_policy *after, int64_t now_s,
			       ctl_opening_fn *each, void *arg)
{
	struct comparison c PSG_CLEANUP(comparison_clear) = {
	    .now_s = now_s, .each = each, .arg = arg};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = ctl_reach_load(before, &c.before);
	if (!err)
		err = ctl_reach_load(after, &c.after);
	bool opens = false;
	if (!err)
		err = opens_anything(&c, &opens);
	if (err || !opens)
		return err;
	err = principals(&c, &names);
	for (size_t i = 0; !err && i < names.count; i++)
		if (names.items[i][0] == '%')
			err = judge(&c, names.items[i]);
	psg_strings_sort(&c.told);
	for (size_t i = 0; !err && i < names.count; i++)
		if (names.items[i][0] != '%')
			err = judge(&c, names.items[i]);
	return err;
}
