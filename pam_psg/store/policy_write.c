/* A whole policy into force. Sets are written one by one and never multiplied by the groups they are in. */
#include <string.h>
#include <time.h>

#include "policy_private.h"

static void put_targets(struct psg_policy_sink *sink, const struct psg_model *model,
			const struct psg_policy_index *index)
{
	struct psg_policy_record record;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct psg_group *group = &model->groups[i];

		psg_policy_record_start(&record, PSG_KEY_GROUP, group->name);
		psg_policy_encode_group(&record.frame, group,
					psg_policy_index_governs(index, group->name));
		psg_policy_sink_add(sink, &record);
	}
	for (size_t i = 0; i < model->set_count; i++) {
		const struct psg_permission_set *set = &model->sets[i];

		psg_policy_record_start(&record, PSG_KEY_BRIEF, set->name);
		psg_policy_encode_brief(&record.frame, set,
					psg_policy_index_governs(index, set->name));
		psg_policy_sink_add(sink, &record);
		psg_policy_record_start(&record, PSG_KEY_SET, set->name);
		psg_policy_encode_set(&record.frame, set);
		psg_policy_sink_add(sink, &record);
	}
	for (size_t i = 0; i < model->muting_set_count; i++) {
		psg_policy_record_start(&record, PSG_KEY_MUTING, model->muting_sets[i].name);
		psg_policy_encode_set(&record.frame, &model->muting_sets[i]);
		psg_policy_sink_add(sink, &record);
	}
	for (size_t i = 0; i < model->policy_count; i++) {
		psg_policy_record_start(&record, PSG_KEY_POLICY, model->policies[i].name);
		psg_policy_encode_policy(&record.frame, &model->policies[i]);
		psg_policy_sink_add(sink, &record);
	}
}

static void put_givers(struct psg_policy_sink *sink, const struct psg_policy_index *index)
{
	struct psg_policy_record record;

	for (size_t first = 0, end; first < index->giver_count; first = end) {
		const char *permission = index->givers[first].permission;

		for (end = first + 1; end < index->giver_count; end++)
			if (strcmp(index->givers[end].permission, permission) != 0)
				break;
		psg_policy_record_start(&record, PSG_KEY_GIVERS, permission);
		psg_buf_u32(&record.frame, (uint32_t)(end - first));
		for (size_t i = first; i < end; i++)
			psg_buf_string(&record.frame, index->givers[i].set);
		psg_policy_sink_add(sink, &record);
	}
}

static void put_assigned(struct psg_policy_sink *sink, const struct psg_policy_index *index)
{
	struct psg_policy_record record;

	for (size_t first = 0, end; first < index->assigned_count; first = end) {
		const char *assignee = index->assigned[first]->assignee;

		for (end = first + 1; end < index->assigned_count; end++)
			if (strcmp(index->assigned[end]->assignee, assignee) != 0)
				break;
		psg_policy_record_start(&record, PSG_KEY_ASSIGNED, assignee);
		psg_policy_encode_assigned(&record.frame, &index->assigned[first], end - first);
		psg_policy_sink_add(sink, &record);
	}
}

static void put_documents(struct psg_policy_sink *sink, const struct psg_model *model)
{
	for (size_t i = 0; i < model->document_count; i++) {
		const struct psg_document *document = &model->documents[i];
		struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
		struct psg_buf name PSG_CLEANUP(psg_buf_clear) = {0};

		psg_buf_format(&name, "%s/%s", document->type, document->name);
		if (name.failed) {
			psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
			return;
		}
		psg_policy_record_start(&record, PSG_KEY_DOCUMENT, name.data);
		psg_policy_encode_document(&record.frame, document);
		psg_policy_sink_add(sink, &record);
	}
}

static enum psg_err put_settings(struct psg_policy_sink *sink, const struct psg_model *model)
{
	struct psg_gate_settings defaults PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_policy_record record;
	enum psg_err err = psg_gate_settings_default(&defaults);

	if (err)
		return err;
	psg_policy_record_start(&record, PSG_KEY_SETTINGS, "");
	psg_policy_encode_settings(&record.frame,
				   model->has_settings ? &model->settings : &defaults);
	psg_policy_sink_add(sink, &record);
	return PSG_OK;
}

/* What could not be read back, or would have no key, is refused before anything is written. */
static bool writable(const struct psg_model *model)
{
	const struct psg_gate_settings *gate = &model->settings;
	bool good = gate->default_lifetime_s >= 0 && gate->throttle.delay_s >= 0 &&
		    gate->throttle.maximum_delay_s >= 0;

	for (size_t i = 0; i < model->set_count; i++)
		good = good && model->sets[i].name;
	for (size_t i = 0; i < model->muting_set_count; i++)
		good = good && model->muting_sets[i].name;
	for (size_t i = 0; i < model->group_count; i++)
		good = good && model->groups[i].name;
	for (size_t i = 0; i < model->policy_count; i++) {
		const struct psg_activation_policy *policy = &model->policies[i];

		good = good && policy->name && policy->lifetime_s >= 0 &&
		       policy->maximum_lifetime_s >= 0 && policy->warn_before_s >= 0;
	}
	for (size_t i = 0; i < model->document_count; i++) {
		const struct psg_document *document = &model->documents[i];

		good = good && document->type && document->name &&
		       document->len <= PSG_POLICY_RECORD_MAX;
	}
	return good;
}

static enum psg_err count(const struct psg_model *model, const struct psg_policy_index *index,
			  uint64_t generation, struct psg_policy_format *ret)
{
	/* format, settings, keys/00 to keys/3f; two to a set. */
	size_t records = 2 + PSG_POLICY_BUCKETS + model->group_count + 2 * model->set_count +
			 model->muting_set_count + model->policy_count + index->permission_count +
			 index->assignee_count + model->document_count;
	time_t now = time(NULL);

	if (records > UINT32_MAX || index->assigned_count > UINT32_MAX)
		return PSG_ERR_INVALID;
	*ret = (struct psg_policy_format){
	    .generation = generation,
	    .created_s = now > 0 ? (uint64_t)now : 0,
	    .records = (uint32_t)records,
	    .groups = (uint32_t)model->group_count,
	    .sets = (uint32_t)model->set_count,
	    .assignments = (uint32_t)index->assigned_count,
	    .unix_group_assignments = (uint32_t)index->unix_group_count,
	};
	return PSG_OK;
}

enum psg_err psg_policy_write(struct psg_folder *root, const struct psg_model *model,
			      const struct psg_assignments *assignments, uint64_t generation)
{
	struct psg_policy_index index PSG_CLEANUP(psg_policy_index_clear) = {0};
	struct psg_policy_format format;
	struct psg_policy_sink *sink = NULL;

	if (!writable(model))
		return PSG_ERR_INVALID;
	enum psg_err err = psg_policy_index_build(model, assignments, &index);

	if (!err)
		err = count(model, &index, generation, &format);
	if (!err)
		err = psg_policy_sink_start(root, &format, &sink);
	if (err)
		return err;
	err = put_settings(sink, model);
	if (err)
		psg_policy_sink_fail(sink, err);
	put_targets(sink, model, &index);
	put_givers(sink, &index);
	put_assigned(sink, &index);
	put_documents(sink, model);
	return psg_policy_sink_finish(&sink);
}
