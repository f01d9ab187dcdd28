/* What was deployed compiled anew, from the documents themselves. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Everything: a document that is there is compiled, and what is pending without one was deleted. */
static enum psg_err take_all(struct psg_plan *plan)
{
	struct psg_strings documents PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_document_names(plan->before, &documents);
	enum psg_type type;
	const char *name;

	for (size_t i = 0; i < documents.count && err == PSG_OK; i++) {
		psg_plan_progress(plan, "Compiling", i, documents.count);
		if (psg_plan_split(documents.items[i], &type, &name))
			err = psg_plan_take_stored(plan, psg_file_types[type].name, name);
	}
	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++)
		if (!psg_strings_has(&documents, plan->pending.items[i]) &&
		    psg_plan_split(plan->pending.items[i], &type, &name))
			err = psg_strings_add(&plan->out.removed[type], name);
	return err;
}

enum psg_err psg_recalculation_prepare(struct psg_policy *before, const char *const *groups,
				       size_t count, const struct psg_deployment_options *options,
				       struct psg_deployment *ret)
{
	struct psg_plan plan PSG_CLEANUP(psg_plan_clear) = {.before = before, .options = options};
	enum psg_err err = psg_policy_pending(before, &plan.pending);

	if (err == PSG_OK)
		err = count == 0 ? take_all(&plan) : psg_reach_groups(&plan, groups, count);
	plan.out.changed = true;
	return err ? err : psg_plan_finish(&plan, ret);
}
