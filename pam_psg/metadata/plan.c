/* From what a package changes to what is written. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

void psg_deployment_clear(struct psg_deployment *deployment)
{
	for (size_t i = 0; i < deployment->component_count; i++) {
		free(deployment->components[i].type);
		free(deployment->components[i].name);
		free(deployment->components[i].file);
	}
	free(deployment->components);
	for (size_t type = 0; type < PSG_TYPE_COUNT; type++)
		psg_strings_clear(&deployment->removed[type]);
	psg_strings_clear(&deployment->removed_documents);
	psg_strings_clear(&deployment->pending);
	psg_strings_clear(&deployment->recalculated);
	psg_model_clear(&deployment->model);
	psg_problems_clear(&deployment->problems);
	*deployment = (struct psg_deployment){0};
}

void psg_plan_clear(struct psg_plan *plan)
{
	psg_deployment_clear(&plan->out);
	psg_model_clear(&plan->unchanged);
	for (size_t type = 0; type < PSG_TYPE_COUNT; type++)
		psg_strings_clear(&plan->changed[type]);
	psg_strings_clear(&plan->groups);
	psg_strings_clear(&plan->pending);
}

void psg_plan_progress(const struct psg_plan *plan, const char *doing, size_t done, size_t total)
{
	if (plan->options->progress)
		plan->options->progress(plan->options->progress_arg, doing, done, total);
}

enum psg_err psg_plan_key(const char *type, const char *name, struct psg_strings *list)
{
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&key, "%s/%s", type, name);
	return key.failed ? PSG_ERR_NO_MEMORY : psg_strings_add(list, key.data);
}

bool psg_plan_split(const char *key, enum psg_type *ret_type, const char **ret_name)
{
	const char *slash = strchr(key, '/');
	size_t len = slash ? (size_t)(slash - key) : 0;

	for (size_t type = 0; slash && type < PSG_TYPE_COUNT; type++)
		if (strlen(psg_file_types[type].name) == len &&
		    memcmp(psg_file_types[type].name, key, len) == 0) {
			*ret_type = (enum psg_type)type;
			*ret_name = slash + 1;
			return true;
		}
	return false;
}

#define MOVE(items, count)                                                                         \
	for (size_t i_ = 0; i_ < from->count && err == PSG_OK; i_++) {                             \
		void *added_ = psg_array_add(&to->items, &to->count, sizeof(*to->items));          \
                                                                                                   \
		if (added_) {                                                                      \
			memcpy(added_, &from->items[i_], sizeof(*to->items));                      \
			memset(&from->items[i_], 0, sizeof(*to->items));                           \
		} else {                                                                           \
			err = PSG_ERR_NO_MEMORY;                                                   \
		}                                                                                  \
	}

enum psg_err psg_plan_move(struct psg_model *from, struct psg_model *to)
{
	enum psg_err err = PSG_OK;

	MOVE(sets, set_count)
	MOVE(muting_sets, muting_set_count)
	MOVE(groups, group_count)
	MOVE(policies, policy_count)
	if (from->has_settings) {
		psg_gate_settings_clear(&to->settings);
		to->settings = from->settings;
		to->has_settings = true;
		from->settings = (struct psg_gate_settings){0};
		from->has_settings = false;
	}
	return err;
}

enum psg_err psg_plan_take_stored(struct psg_plan *plan, const char *type, const char *name)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_model one PSG_CLEANUP(psg_model_clear) = {0};
	enum psg_err err = psg_policy_document(plan->before, type, name, &document);

	if (err == PSG_OK)
		err = psg_metadata_parse(&document, 0, &one, NULL, &plan->out.problems);
	return err == PSG_OK ? psg_plan_move(&one, &plan->out.model) : err;
}

bool psg_plan_in_package(const struct psg_plan *plan, const char *type, const char *name)
{
	const struct psg_package_item *item =
	    plan->source ? psg_package_find(plan->package, type, name) : NULL;

	return item && item->listed;
}

/* The bytes of a file of the package, once more: for the line of a problem that only the whole shows. */
static enum psg_err locate(void *arg, const char *path, struct psg_buf *ret)
{
	const struct psg_plan *plan = arg;
	struct psg_problems ignored PSG_CLEANUP(psg_problems_clear) = {0};
	bool good = false;
	size_t file;

	if (!plan->source || !psg_source_find(plan->source, path, &file))
		return PSG_ERR_NOT_FOUND;
	enum psg_err err = psg_source_read(plan->source, file, &ignored, ret, &good);

	return err == PSG_OK && !good ? PSG_ERR_NOT_FOUND : err;
}

static int compare_problems(const void *a, const void *b)
{
	const struct psg_problem *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->text, y->text);
}

/* What was to be said before this package came is no news of it. */
static enum psg_err known_problems(const struct psg_plan *plan, struct psg_problems *ret)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	enum psg_err err = psg_closure_before(plan->before, &plan->out.model, &model);

	if (err == PSG_OK)
		err = psg_model_check(&model, ret);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_problems);
	return err;
}

/* Of a component that is not in the package. A group that was deployed long ago and now lacks a member is Failed, which is
 * no reason to refuse what was not its fault: whether the member may go is judged where it is deleted. */
static enum psg_err take_older(struct psg_plan *plan, struct psg_problem problem)
{
	struct psg_buf remedy PSG_CLEANUP(psg_buf_clear) = {0};
	char none[] = "";

	/* It is not among the files that the administrator has before him. */
	problem.file = none;
	problem.line = problem.column = 0;
	if (!problem.warning && strcmp(problem.type, psg_file_types[PSG_TYPE_GROUP].name) == 0) {
		/* A deferred deletion is warned of as such: nothing is Failed yet. */
		if (plan->refused || plan->options->defer)
			return PSG_OK;
		problem.warning = true;
	}
	psg_buf_format(&remedy, "%s%s", problem.remedy,
		       plan->source ? " It was deployed earlier and is not in this package." : "");
	if (remedy.failed)
		return PSG_ERR_NO_MEMORY;
	problem.remedy = remedy.data;
	return psg_problems_add(&plan->out.problems, &problem);
}

static enum psg_err take_problems(struct psg_plan *plan, const struct psg_problems *found)
{
	struct psg_problems known PSG_CLEANUP(psg_problems_clear) = {0};
	bool asked = !plan->source;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < found->count && err == PSG_OK; i++) {
		const struct psg_problem *problem = &found->items[i];

		if (psg_plan_in_package(plan, problem->type, problem->name)) {
			err = psg_problems_add(&plan->out.problems, problem);
			continue;
		}
		if (!asked)
			err = known_problems(plan, &known);
		asked = true;
		if (err != PSG_OK ||
		    (known.count > 0 && bsearch(problem, known.items, known.count,
						sizeof(*known.items), compare_problems)))
			continue;
		err = take_older(plan, *problem);
	}
	return err;
}

static enum psg_err judge(struct psg_plan *plan)
{
	struct psg_problems found PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_model *model = &plan->out.model;
	const struct psg_strings *removed = plan->options->force ? plan->out.removed : NULL;
	const struct psg_check_context context = {
	    .locate = locate,
	    .locate_arg = plan,
	    .deleted_sets = removed ? &removed[PSG_TYPE_SET] : NULL,
	    .deleted_muting_sets = removed ? &removed[PSG_TYPE_MUTING_SET] : NULL,
	    .deferred = plan->options->defer};
	enum psg_err err = psg_model_check_in(model, &context, &found);

	if (err == PSG_OK)
		err = take_problems(plan, &found);
	if (err == PSG_OK)
		err = psg_recalculate(model);
	for (size_t i = 0; i < plan->out.put.group_count && err == PSG_OK; i++)
		err = psg_strings_add(&plan->out.recalculated, model->groups[i].name);
	psg_strings_sort(&plan->out.recalculated);
	return err;
}

/* -- what is written -- */

/* Once the deployment lies where it stays. */
static void point(struct psg_deployment *out)
{
	out->update = (struct psg_policy_update){
	    .put = &out->put,
	    .removed_groups = &out->removed[PSG_TYPE_GROUP],
	    .removed_sets = &out->removed[PSG_TYPE_SET],
	    .removed_muting_sets = &out->removed[PSG_TYPE_MUTING_SET],
	    .removed_policies = &out->removed[PSG_TYPE_POLICY],
	    .removed_documents = &out->removed_documents,
	    .settings_removed = out->removed[PSG_TYPE_SETTINGS].count > 0,
	    .pending = &out->pending,
	};
}

enum psg_err psg_plan_finish(struct psg_plan *plan, struct psg_deployment *ret)
{
	struct psg_deployment *out = &plan->out;
	enum psg_err err = psg_closure_load(plan);

	if (err == PSG_OK)
		err = psg_deletion_check(plan);
	if (err == PSG_OK)
		err = judge(plan);
	if (err == PSG_OK)
		err = psg_plan_list_pending(plan);
	if (err == PSG_OK && plan->options->defer)
		err = psg_plan_defer(plan);
	else if (err == PSG_OK)
		psg_plan_keep_outdated(plan);
	if (err != PSG_OK)
		return err;
	psg_problems_sort(&out->problems);
	*ret = *out;
	*out = (struct psg_deployment){0};
	point(ret);
	return PSG_OK;
}
