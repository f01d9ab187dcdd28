/* Which keys of the policy an update touches: asked of every record that is copied, so one look into a table. */
#include <stdlib.h>

#include "policy_write.h"

void psg_policy_touched_clear(struct psg_policy_touched *touched)
{
	free(touched->keys);
	free(touched->slots);
	psg_strings_clear(&touched->owned);
	*touched = (struct psg_policy_touched){0};
}

static enum psg_err add(struct psg_policy_touched *touched, const char *prefix, const char *name,
			enum psg_policy_touch touch, size_t first)
{
	if (touched->count == touched->room) {
		size_t room = touched->room ? 2 * touched->room : 64;
		struct psg_policy_touched_key *grown =
		    reallocarray(touched->keys, room, sizeof(*grown));

		if (!grown)
			return PSG_ERR_NO_MEMORY;
		touched->keys = grown;
		touched->room = room;
	}
	if (touched->count == UINT32_MAX)
		return PSG_ERR_INVALID;
	touched->keys[touched->count++] =
	    (struct psg_policy_touched_key){prefix, name, (uint32_t)first, touch};
	return PSG_OK;
}

static enum psg_err add_all(struct psg_policy_touched *touched, const char *prefix,
			    const struct psg_strings *names, enum psg_policy_touch touch)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; names && i < names->count && !err; i++)
		err = add(touched, prefix, names->items[i], touch, 0);
	return err;
}

static enum psg_err add_removed(struct psg_policy_touched *touched,
				const struct psg_policy_update *update)
{
	const struct {
		const char *prefix;
		const struct psg_strings *names;
	} lists[] = {{PSG_KEY_GROUP, update->removed_groups},
		     {PSG_KEY_SET, update->removed_sets},
		     {PSG_KEY_BRIEF, update->removed_sets},
		     {PSG_KEY_MUTING, update->removed_muting_sets},
		     {PSG_KEY_POLICY, update->removed_policies},
		     {PSG_KEY_DOCUMENT, update->removed_documents}};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < PSG_COUNT(lists) && !err; i++)
		err = add_all(touched, lists[i].prefix, lists[i].names, PSG_POLICY_DROPPED);
	if (!err && update->pending)
		err = add(touched, PSG_KEY_PENDING, "", PSG_POLICY_DROPPED, 0);
	if (!err && (update->settings_removed || (update->put && update->put->has_settings)))
		err = add(touched, PSG_KEY_SETTINGS, "", PSG_POLICY_DROPPED, 0);
	return err;
}

static enum psg_err add_documents(struct psg_policy_touched *touched, const struct psg_model *put)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < put->document_count && !err; i++) {
		struct psg_buf name PSG_CLEANUP(psg_buf_clear) = {0};

		psg_buf_format(&name, "%s/%s", put->documents[i].type, put->documents[i].name);
		err = name.failed ? PSG_ERR_NO_MEMORY : psg_strings_add(&touched->owned, name.data);
	}
	return err ? err : add_all(touched, PSG_KEY_DOCUMENT, &touched->owned, PSG_POLICY_DROPPED);
}

static enum psg_err add_put(struct psg_policy_touched *touched, const struct psg_model *put)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < put->group_count && !err; i++)
		err = add(touched, PSG_KEY_GROUP, put->groups[i].name, PSG_POLICY_DROPPED, 0);
	for (size_t i = 0; i < put->set_count && !err; i++) {
		err = add(touched, PSG_KEY_SET, put->sets[i].name, PSG_POLICY_DROPPED, 0);
		if (!err)
			err = add(touched, PSG_KEY_BRIEF, put->sets[i].name, PSG_POLICY_DROPPED, 0);
	}
	for (size_t i = 0; i < put->muting_set_count && !err; i++)
		err = add(touched, PSG_KEY_MUTING, put->muting_sets[i].name, PSG_POLICY_DROPPED, 0);
	for (size_t i = 0; i < put->policy_count && !err; i++)
		err = add(touched, PSG_KEY_POLICY, put->policies[i].name, PSG_POLICY_DROPPED, 0);
	return err ? err : add_documents(touched, put);
}

static enum psg_err add_governed(struct psg_policy_touched *touched, const char *name)
{
	enum psg_err err = add(touched, PSG_KEY_GROUP, name, PSG_POLICY_GOVERNED, 0);

	return err ? err : add(touched, PSG_KEY_BRIEF, name, PSG_POLICY_GOVERNED, 0);
}

static enum psg_err add_changes(struct psg_policy_touched *touched,
				const struct psg_policy_update *update,
				const struct psg_policy_changes *changes)
{
	const struct psg_strings *removed = update->removed_policies;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; removed && i < removed->count && !err; i++)
		err = add_governed(touched, removed->items[i]);
	for (size_t i = 0; update->put && i < update->put->policy_count && !err; i++)
		err = add_governed(touched, update->put->policies[i].name);
	for (size_t i = 0; i < changes->giver_count && !err; i = psg_policy_givers_end(changes, i))
		err = add(touched, PSG_KEY_GIVERS, changes->givers[i].permission, PSG_POLICY_GIVERS,
			  i);
	for (size_t i = 0; i < changes->assigned_count && !err;
	     i = psg_policy_assigned_end(changes, i))
		err = add(touched, PSG_KEY_ASSIGNED, changes->assigned[i].assignment->assignee,
			  PSG_POLICY_ASSIGNED, i);
	return err;
}

/* A slot's upper half is the hash's, its lower half says which key. */
#define UPPER(slot) ((slot) & ~(uint64_t)UINT32_MAX)

/* Fills the table. Of one key twice the first is found: what is dropped before what is changed. */
static enum psg_err place(struct psg_policy_touched *touched)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

	touched->slot_count = 64;
	while (touched->slot_count < 2 * touched->count)
		touched->slot_count *= 2;
	touched->slots = calloc(touched->slot_count, sizeof(*touched->slots));
	if (!touched->slots)
		return PSG_ERR_NO_MEMORY;
	for (size_t i = 0; i < touched->count; i++) {
		key.len = 0;
		psg_buf_text(&key, touched->keys[i].prefix);
		psg_buf_text(&key, touched->keys[i].name);
		if (key.failed)
			return PSG_ERR_NO_MEMORY;
		uint64_t hash = psg_policy_key_hash(key.data, key.len);
		size_t at = hash % touched->slot_count;

		while (touched->slots[at])
			at = (at + 1) % touched->slot_count;
		touched->slots[at] = UPPER(hash) | (i + 1);
	}
	return PSG_OK;
}

enum psg_err psg_policy_touched_build(const struct psg_policy_update *update,
				      const struct psg_policy_changes *changes,
				      struct psg_policy_touched *ret)
{
	struct psg_policy_touched touched PSG_CLEANUP(psg_policy_touched_clear) = {0};
	enum psg_err err = add_removed(&touched, update);

	if (!err && update->put)
		err = add_put(&touched, update->put);
	if (!err)
		err = add_changes(&touched, update, changes);
	if (!err)
		err = place(&touched);
	if (err)
		return err;
	*ret = touched;
	touched = (struct psg_policy_touched){0};
	return PSG_OK;
}

const struct psg_policy_touched_key *
psg_policy_touched_find(const struct psg_policy_touched *touched,
			const struct psg_policy_record *record, uint64_t hash)
{
	for (size_t at = hash % touched->slot_count; touched->slots[at];
	     at = (at + 1) % touched->slot_count) {
		if (UPPER(touched->slots[at]) != UPPER(hash))
			continue;
		const struct psg_policy_touched_key *key =
		    &touched->keys[(touched->slots[at] & UINT32_MAX) - 1];

		if (psg_policy_record_is(record, key->prefix, key->name))
			return key;
	}
	return NULL;
}
