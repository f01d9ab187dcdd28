/* A policy beside the one in force: what is there, record by record, and what an update makes of it. */
#include <string.h>

#include "policy_write.h"

struct staging {
	struct psg_policy_sink *sink;
	struct psg_policy_changes changes;
	struct psg_policy_touched touched;
};

static void staging_clear(struct staging *staging)
{
	psg_policy_sink_free(&staging->sink);
	psg_policy_changes_clear(&staging->changes);
	psg_policy_touched_clear(&staging->touched);
}

/* A group, or a set's brief, whose activation policy came or went: its second byte, and the checksum. */
static enum psg_err copy_governed(struct staging *staging, const struct psg_policy_record *record,
				  const char *name)
{
	struct psg_policy_record changed = {.key_len = record->key_len};
	size_t flag = sizeof(uint32_t) + record->key_len + 1;
	size_t len = record->frame.len - PSG_POLICY_CHECK_SIZE;

	if (len <= flag)
		return PSG_ERR_CORRUPT;
	psg_buf_put(&changed.frame, record->frame.data, len);
	if (!changed.frame.failed)
		changed.frame.data[flag] = (char)psg_strings_has(&staging->changes.governed, name);
	psg_policy_sink_add(staging->sink, &changed);
	return PSG_OK;
}

static enum psg_err copy_untouched(struct staging *staging, const struct psg_policy_record *record,
				   uint64_t hash)
{
	struct psg_policy_changes *changes = &staging->changes;
	bool loses = false;

	if (changes->gone_groups.count + changes->gone_sets.count > 0 &&
	    psg_policy_record_under(record, PSG_KEY_ASSIGNED)) {
		enum psg_err err = psg_policy_loses_target(record, changes, &loses);

		if (err)
			return err;
	}
	if (loses)
		return psg_policy_merge_assigned(staging->sink, record, changes,
						 changes->assigned_count);
	psg_policy_sink_copy(staging->sink, record, hash);
	return PSG_OK;
}

static enum psg_err copy(void *arg, const struct psg_policy_record *record)
{
	struct staging *staging = arg;

	if (psg_policy_sink_derives(record))
		return PSG_OK;
	uint64_t hash = psg_policy_key_hash(psg_policy_record_key(record), record->key_len);
	const struct psg_policy_touched_key *key =
	    psg_policy_touched_find(&staging->touched, record, hash);

	switch (key ? key->touch : PSG_POLICY_UNTOUCHED) {
	case PSG_POLICY_DROPPED:
		return PSG_OK;
	case PSG_POLICY_GIVERS:
		return psg_policy_merge_givers(staging->sink, record, &staging->changes,
					       key->first);
	case PSG_POLICY_ASSIGNED:
		return psg_policy_merge_assigned(staging->sink, record, &staging->changes,
						 key->first);
	case PSG_POLICY_GOVERNED:
		return copy_governed(staging, record, key->name);
	case PSG_POLICY_UNTOUCHED:
		break;
	}
	return copy_untouched(staging, record, hash);
}

static enum psg_err put_pending(struct psg_policy_sink *sink, const struct psg_strings *pending)
{
	struct psg_strings sorted PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_policy_record record;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < pending->count && !err; i++)
		err = psg_strings_add(&sorted, pending->items[i]);
	if (err || sorted.count == 0)
		return err;
	psg_strings_sort(&sorted);
	psg_policy_record_start(&record, PSG_KEY_PENDING, "");
	psg_buf_strings(&record.frame, &sorted);
	psg_policy_sink_add(sink, &record);
	return PSG_OK;
}

static enum psg_err fill(struct staging *staging, struct psg_policy *base,
			 const struct psg_policy_update *update)
{
	const struct psg_model *put = update->put;
	bool has_settings = put && put->has_settings;
	enum psg_err err = PSG_OK;

	if (!base || has_settings || update->settings_removed)
		psg_policy_put_settings(staging->sink, has_settings ? &put->settings : NULL);
	if (put)
		psg_policy_put_model(staging->sink, put, &staging->changes.governed);
	if (update->pending)
		err = put_pending(staging->sink, update->pending);
	if (!err && base)
		err = psg_policy_touched_build(update, &staging->changes, &staging->touched);
	if (!err && base)
		err = psg_policy_walk(base, copy, staging);
	if (err)
		return err;
	/* Last: merging has marked those that a record was there for. */
	psg_policy_put_givers(staging->sink, &staging->changes);
	psg_policy_put_assigned(staging->sink, &staging->changes);
	return PSG_OK;
}

static enum psg_err stage(struct psg_folder *root, struct psg_policy *base,
			  const struct psg_policy_update *update, uint64_t generation,
			  struct psg_policy_staged **ret)
{
	struct staging staging PSG_CLEANUP(staging_clear) = {0};

	if (update->put && !psg_policy_model_writable(update->put))
		return PSG_ERR_INVALID;
	enum psg_err err = psg_policy_changes_build(base, update, &staging.changes);

	if (!err)
		err = psg_policy_sink_start(root, &staging.sink);
	if (!err)
		err = fill(&staging, base, update);
	return err ? err : psg_policy_sink_finish(&staging.sink, generation, ret);
}

enum psg_err psg_policy_stage(struct psg_folder *root, struct psg_policy *base,
			      const struct psg_policy_update *update,
			      struct psg_policy_staged **ret)
{
	uint64_t above = base ? psg_policy_generation(base) : 0;

	if (above < update->generation_above)
		above = update->generation_above;
	if (above == UINT64_MAX)
		return PSG_ERR_INVALID;
	return stage(root, base, update, above + 1, ret);
}

enum psg_err psg_policy_write(struct psg_folder *root, const struct psg_model *model,
			      const struct psg_assignments *assignments, uint64_t generation)
{
	const struct psg_policy_update update = {.put = model, .assign = assignments};
	struct psg_policy_staged *staged = NULL;
	enum psg_err err = stage(root, NULL, &update, generation, &staged);

	return err ? err : psg_policy_commit(&staged);
}
