/* A package over what is there: the model that would be in force, and what is new in it. */
#include "metadata.h"

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
	psg_model_clear(&deployment->model);
	psg_problems_clear(&deployment->problems);
	*deployment = (struct psg_deployment){0};
}

static enum psg_err copy_document(const struct psg_document *document, struct psg_model *model)
{
	struct psg_document *copy =
	    psg_array_add(&model->documents, &model->document_count, sizeof(*copy));

	if (!copy)
		return PSG_ERR_NO_MEMORY;
	copy->type = strdup(document->type);
	copy->name = strdup(document->name);
	copy->path = strdup(document->path);
	copy->bytes = malloc(document->len + 1);
	if (!copy->type || !copy->name || !copy->path || !copy->bytes)
		return PSG_ERR_NO_MEMORY;
	memcpy(copy->bytes, document->bytes, document->len);
	copy->bytes[document->len] = '\0';
	copy->len = document->len;
	return PSG_OK;
}

static void sort_documents(struct psg_model *model)
{
	if (model->document_count > 1)
		qsort(model->documents, model->document_count, sizeof(*model->documents),
		      psg_document_compare);
}

static enum psg_err add_component(struct psg_deployment *deployment,
				  const struct psg_document *document,
				  const struct psg_document *old)
{
	struct psg_component *component = psg_array_add(
	    &deployment->components, &deployment->component_count, sizeof(*component));

	if (!component)
		return PSG_ERR_NO_MEMORY;
	component->type = strdup(document->type);
	component->name = strdup(document->name);
	component->file = strdup(document->path);
	if (!component->type || !component->name || !component->file)
		return PSG_ERR_NO_MEMORY;
	if (!old)
		component->change = PSG_CHANGE_CREATED;
	else if (old->len == document->len && memcmp(old->bytes, document->bytes, old->len) == 0)
		component->change = PSG_CHANGE_UNCHANGED;
	else
		component->change = PSG_CHANGE_CHANGED;
	deployment->changed = deployment->changed || component->change != PSG_CHANGE_UNCHANGED;
	return PSG_OK;
}

/* The package's documents stand first in the model, `count` of them, sorted; `old` holds what is there, sorted. */
static enum psg_err merge(struct psg_deployment *deployment, const struct psg_model *old,
			  struct psg_problems *problems)
{
	struct psg_model *model = &deployment->model;
	size_t count = model->document_count;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < count && err == PSG_OK; i++)
		err = add_component(deployment, &model->documents[i],
				    psg_document_find(old->documents, old->document_count,
						      model->documents[i].type,
						      model->documents[i].name));
	for (size_t i = 0; i < old->document_count && err == PSG_OK; i++) {
		const struct psg_document *document = &old->documents[i];

		if (psg_document_find(model->documents, count, document->type, document->name))
			continue;
		err = copy_document(document, model);
		if (err == PSG_OK)
			err = psg_metadata_parse(document, 0, model, NULL, problems);
	}
	if (err == PSG_OK)
		sort_documents(model);
	return err;
}

static int compare_components(const void *key, const void *item)
{
	const struct psg_problem *problem = key;
	const struct psg_component *component = item;
	int order = strcmp(problem->type, component->type);

	return order ? order : strcmp(problem->name, component->name);
}

static int compare_problems(const void *a, const void *b)
{
	const struct psg_problem *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->text, y->text);
}

static bool has_same(const struct psg_problems *sorted, const struct psg_problem *problem)
{
	return sorted->count > 0 && bsearch(problem, sorted->items, sorted->count,
					    sizeof(*sorted->items), compare_problems);
}

/* What was to be warned of before this package came is no news of it. */
static enum psg_err known_warnings(const struct psg_model *old, struct psg_problems *ret)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < old->document_count && err == PSG_OK; i++) {
		err = copy_document(&old->documents[i], &model);
		if (err == PSG_OK)
			err = psg_metadata_parse(&old->documents[i], 0, &model, NULL, ret);
	}
	if (err == PSG_OK)
		err = psg_model_check(&model, ret);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_problems);
	return err;
}

/* Takes over what was found about the whole: all that concerns the package; of older files the errors, and the
 * warnings that are new. */
static enum psg_err take_problems(struct psg_deployment *deployment, const struct psg_model *old,
				  struct psg_problems *found)
{
	struct psg_problems known PSG_CLEANUP(psg_problems_clear) = {0};
	bool asked = false;
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < found->count && err == PSG_OK; i++) {
		struct psg_problem problem = found->items[i];
		struct psg_buf remedy PSG_CLEANUP(psg_buf_clear) = {0};

		if (deployment->component_count == 0 ||
		    !bsearch(&problem, deployment->components, deployment->component_count,
			     sizeof(*deployment->components), compare_components)) {
			if (problem.warning && !asked) {
				err = known_warnings(old, &known);
				asked = true;
			}
			if (err != PSG_OK || (problem.warning && has_same(&known, &problem)))
				continue;
			psg_buf_format(&remedy,
				       "%s The file was deployed earlier and is not in this "
				       "package: put a corrected one into it.",
				       problem.remedy);
			if (remedy.failed)
				return PSG_ERR_NO_MEMORY;
			problem.remedy = remedy.data;
		}
		err = psg_problems_add(&deployment->problems, &problem);
	}
	return err;
}

/* Members of managed packages that are not here (warned of) give nothing: they stay in the document alone. */
static enum psg_err drop_absent(struct psg_model *model)
{
	struct psg_index index PSG_CLEANUP(psg_index_clear) = {0};
	enum psg_err err = psg_index_init(model, &index);

	for (size_t i = 0; err == PSG_OK && i < model->group_count; i++) {
		struct psg_strings *sets = &model->groups[i].sets;
		struct psg_strings kept PSG_CLEANUP(psg_strings_clear) = {0};
		struct psg_strings all;

		for (size_t j = 0; err == PSG_OK && j < sets->count; j++)
			if (!psg_name_has_namespace(sets->items[j]) ||
			    psg_index_set(&index, sets->items[j]))
				err = psg_strings_add(&kept, sets->items[j]);
		if (err == PSG_OK) {
			all = *sets;
			*sets = kept;
			kept = all;
		}
	}
	return err;
}

static enum psg_err sorted_copy(const struct psg_model *before, struct psg_model *ret)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < before->document_count && err == PSG_OK; i++)
		err = copy_document(&before->documents[i], ret);
	if (err == PSG_OK)
		sort_documents(ret);
	return err;
}

enum psg_err psg_deployment_prepare(const char *directory, const struct psg_model *before,
				    struct psg_deployment *ret)
{
	struct psg_deployment deployment PSG_CLEANUP(psg_deployment_clear) = {0};
	struct psg_model old PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_problems found PSG_CLEANUP(psg_problems_clear) = {0};
	enum psg_err err = PSG_OK;

	if (directory)
		err = psg_package_read(directory, &deployment.model, &deployment.problems);
	if (err == PSG_OK)
		err = sorted_copy(before, &old);
	if (err == PSG_OK)
		err = merge(&deployment, &old, &found);
	if (err == PSG_OK)
		err = psg_model_check(&deployment.model, &found);
	if (err == PSG_OK)
		err = take_problems(&deployment, &old, &found);
	if (err == PSG_OK)
		err = drop_absent(&deployment.model);
	if (err == PSG_OK)
		err = psg_recalculate(&deployment.model);
	if (err != PSG_OK)
		return err;
	psg_problems_sort(&deployment.problems);
	*ret = deployment;
	deployment = (struct psg_deployment){0};
	return PSG_OK;
}
