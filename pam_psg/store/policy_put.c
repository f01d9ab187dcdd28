/* A model's records. Sets are written one by one and never multiplied by the groups they are in. */
#include <string.h>

#include "policy_write.h"
#include "psg/text.h"

/* As psg/model.h has them: what a set gives now and gave before is compared as sorted lists. */
static bool sorted(const struct psg_strings *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->items[i - 1], list->items[i]) >= 0)
			return false;
	return true;
}

static bool is_duration(int64_t seconds, int64_t least)
{
	return seconds >= least && seconds <= PSG_DURATION_MAX_S;
}

static bool settings_writable(const struct psg_gate_settings *settings)
{
	const struct psg_throttle *throttle = &settings->throttle;

	return is_duration(settings->default_lifetime_s, 1) && throttle->attempts >= 1 &&
	       throttle->attempts <= PSG_THROTTLE_ATTEMPTS_MAX &&
	       is_duration(throttle->delay_s, 1) &&
	       is_duration(throttle->maximum_delay_s, throttle->delay_s) &&
	       settings->window_steps <= PSG_WINDOW_MAX;
}

bool psg_policy_model_writable(const struct psg_model *model)
{
	bool good = !model->has_settings || settings_writable(&model->settings);

	for (size_t i = 0; i < model->set_count; i++)
		good = good && model->sets[i].name && sorted(&model->sets[i].permissions);
	for (size_t i = 0; i < model->muting_set_count; i++)
		good = good && model->muting_sets[i].name;
	for (size_t i = 0; i < model->group_count; i++)
		good = good && model->groups[i].name;
	for (size_t i = 0; i < model->policy_count; i++) {
		const struct psg_activation_policy *policy = &model->policies[i];

		good = good && policy->name && is_duration(policy->lifetime_s, 0) &&
		       is_duration(policy->maximum_lifetime_s, 0) &&
		       is_duration(policy->warn_before_s, 0) &&
		       is_duration(policy->enroll_within_s, 0);
	}
	for (size_t i = 0; i < model->document_count; i++) {
		const struct psg_document *document = &model->documents[i];

		good = good && document->type && document->name &&
		       document->len <= PSG_POLICY_DOCUMENT_MAX;
	}
	return good;
}

static void put_set(struct psg_policy_sink *sink, const struct psg_permission_set *set,
		    bool governed)
{
	struct psg_policy_record record;

	psg_policy_record_start(&record, PSG_KEY_BRIEF, set->name);
	psg_policy_encode_brief(&record.frame, set, governed);
	psg_policy_sink_add(sink, &record);
	psg_policy_record_start(&record, PSG_KEY_SET, set->name);
	psg_policy_encode_set(&record.frame, set);
	psg_policy_sink_add(sink, &record);
}

static void put_document(struct psg_policy_sink *sink, const struct psg_document *document)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct psg_buf name PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&name, "%s/%s", document->type, document->name);
	if (name.failed) {
		psg_policy_sink_fail(sink, PSG_ERR_NO_MEMORY);
		return;
	}
	psg_policy_record_start(&record, PSG_KEY_DOCUMENT, name.data);
	enum psg_err err = psg_policy_encode_document(&record.frame, document);

	if (err)
		psg_policy_sink_fail(sink, err);
	psg_policy_sink_add(sink, &record);
}

void psg_policy_put_model(struct psg_policy_sink *sink, const struct psg_model *model,
			  const struct psg_strings *governed)
{
	struct psg_policy_record record;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct psg_group *group = &model->groups[i];

		psg_policy_record_start(&record, PSG_KEY_GROUP, group->name);
		psg_policy_encode_group(&record.frame, group,
					psg_strings_has(governed, group->name));
		psg_policy_sink_add(sink, &record);
	}
	for (size_t i = 0; i < model->set_count; i++)
		put_set(sink, &model->sets[i], psg_strings_has(governed, model->sets[i].name));
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
	for (size_t i = 0; i < model->document_count; i++)
		put_document(sink, &model->documents[i]);
}

void psg_policy_put_settings(struct psg_policy_sink *sink, const struct psg_gate_settings *settings)
{
	struct psg_gate_settings defaults PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_policy_record record;
	enum psg_err err = settings ? PSG_OK : psg_gate_settings_default(&defaults);

	if (err) {
		psg_policy_sink_fail(sink, err);
		return;
	}
	psg_policy_record_start(&record, PSG_KEY_SETTINGS, "");
	psg_policy_encode_settings(&record.frame, settings ? settings : &defaults);
	psg_policy_sink_add(sink, &record);
}
