/* What is deployed and not yet in force. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A group as it is in force, only Outdated; one that is new gives nothing yet. A Failed one stays Failed: else it would give again. */
static enum psg_err outdated(struct psg_policy *before, const char *name, struct psg_group *ret)
{
	enum psg_err err = psg_policy_group(before, name, ret);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = (struct psg_group){.name = strdup(name),
					  .label = strdup(""),
					  .description = strdup(""),
					  .status_reason = strdup(""),
					  .requires_activation = true,
					  .status = PSG_STATUS_OUTDATED};
		return ret->name && ret->label && ret->description && ret->status_reason
			   ? PSG_OK
			   : PSG_ERR_NO_MEMORY;
	}
	if (err == PSG_OK && ret->status != PSG_STATUS_FAILED)
		ret->status = PSG_STATUS_OUTDATED;
	return err;
}

/* Documents are written, nothing else: what is in force stays. */
enum psg_err psg_plan_defer(struct psg_plan *plan)
{
	struct psg_deployment *out = &plan->out;
	struct psg_model deferred = {.documents = out->model.documents,
				     .document_count = out->put.document_count};
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_OK;

	/* Behind them those that are as they were, without their bytes: written, they would be empty. */
	for (size_t i = deferred.document_count; i < out->model.document_count; i++)
		psg_document_clear(&out->model.documents[i]);
	out->model.documents = NULL;
	out->model.document_count = 0;
	for (size_t i = 0; i < out->recalculated.count && err == PSG_OK; i++)
		err = psg_strings_add(&groups, out->recalculated.items[i]);
	for (size_t i = 0; i < out->removed[PSG_TYPE_GROUP].count && err == PSG_OK; i++)
		err = psg_strings_add(&groups, out->removed[PSG_TYPE_GROUP].items[i]);
	psg_strings_sort(&groups);
	psg_model_clear(&out->model);
	out->model = deferred;
	for (size_t i = 0; i < groups.count && err == PSG_OK; i++) {
		struct psg_group *group =
		    psg_array_add(&out->model.groups, &out->model.group_count, sizeof(*group));

		err = group ? outdated(plan->before, groups.items[i], group) : PSG_ERR_NO_MEMORY;
	}
	for (size_t type = 0; type < PSG_TYPE_COUNT; type++)
		psg_strings_clear(&out->removed[type]);
	out->put = out->model;
	return err;
}

void psg_plan_keep_outdated(struct psg_plan *plan)
{
	const struct psg_model *put = &plan->out.put;

	if (!psg_strings_has(&plan->out.pending, "Settings/Gate"))
		return;
	for (size_t i = 0; i < put->group_count; i++)
		if (put->groups[i].has_activation_policy &&
		    put->groups[i].status == PSG_STATUS_UPDATED)
			put->groups[i].status = PSG_STATUS_OUTDATED;
}

/* The list that is to be: when deferred, what was and what is; else what is not taken now. */
enum psg_err psg_plan_list_pending(struct psg_plan *plan)
{
	enum psg_err err = PSG_OK;

	for (size_t type = 0; type < PSG_TYPE_COUNT && err == PSG_OK; type++) {
		const struct psg_strings *names = &plan->changed[type];

		for (size_t i = 0; plan->options->defer && i < names->count && err == PSG_OK; i++)
			err = psg_plan_key(psg_file_types[type].name, names->items[i],
					   &plan->out.pending);
	}
	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++) {
		enum psg_type type;
		const char *name;

		if (psg_plan_split(plan->pending.items[i], &type, &name) &&
		    (plan->options->defer || !psg_strings_has(&plan->changed[type], name)))
			err = psg_strings_add(&plan->out.pending, plan->pending.items[i]);
	}
	psg_strings_sort(&plan->out.pending);
	return err;
}
