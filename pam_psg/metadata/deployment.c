/* A package over what is in force: which of its documents are new, and what it deletes. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* What the canonical text is against the one deployed before. */
static enum psg_err compare(struct psg_plan *plan, const struct psg_package_item *item,
			    const struct psg_buf *canonical, enum psg_change *ret)
{
	struct psg_document old PSG_CLEANUP(psg_document_clear) = {0};
	enum psg_err err = psg_policy_document(plan->before, item->type->name, item->name, &old);

	if (err == PSG_ERR_NOT_FOUND) {
		*ret = PSG_CHANGE_CREATED;
		return PSG_OK;
	}
	if (err != PSG_OK)
		return err;
	*ret = old.len == canonical->len && memcmp(old.bytes, canonical->data, old.len) == 0
		   ? PSG_CHANGE_UNCHANGED
		   : PSG_CHANGE_CHANGED;
	return PSG_OK;
}

/* Whether an unchanged one is to be compiled all the same: it was deferred, or its group is not Updated. */
static enum psg_err stale(struct psg_plan *plan, const struct psg_package_item *item, bool *ret)
{
	struct psg_strings key PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_plan_key(item->type->name, item->name, &key);

	if (err != PSG_OK)
		return err;
	*ret = psg_strings_has(&plan->pending, key.items[0]);
	if (*ret || item->type != &psg_file_types[PSG_TYPE_GROUP])
		return PSG_OK;
	err = psg_policy_group(plan->before, item->name, &group);
	*ret = err == PSG_OK && group.status != PSG_STATUS_UPDATED;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* The document, its bytes the canonical ones, stands in the model also where it is wrong: so that nobody
 * calls its component unknown. Takes the buffer over. */
static enum psg_err add_document(struct psg_model *model, const struct psg_package_item *item,
				 struct psg_buf *canonical)
{
	struct psg_document *document =
	    psg_array_add(&model->documents, &model->document_count, sizeof(*document));

	if (!document)
		return PSG_ERR_NO_MEMORY;
	document->type = strdup(item->type->name);
	document->name = strdup(item->name);
	document->path = strdup(item->path);
	document->len = canonical->len;
	document->bytes = canonical->data ? canonical->data : strdup("");
	*canonical = (struct psg_buf){0};
	return document->type && document->name && document->path && document->bytes
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

/* Indented and escaped it may be longer than it came: retrieved, it must be fit to be deployed again. */
static enum psg_err check_length(struct psg_plan *plan, const struct psg_package_item *item,
				 const struct psg_buf *canonical)
{
	struct psg_report report = {.problems = &plan->out.problems,
				    .file = item->path,
				    .type = item->type->name,
				    .name = item->name};

	if (canonical->len > PSG_XML_SIZE_MAX)
		psg_report_error(&report, NULL, "Split the permission set into several.",
				 "The file is larger than 16 MiB in the form it is kept in");
	return report.err;
}

/* Sets are judged by themselves, and were; of the others the whole has something to say. */
static enum psg_err keep_unchanged(struct psg_plan *plan, const struct psg_package_item *item,
				   struct psg_model *one)
{
	struct psg_buf none = {0};
	enum psg_err err;

	if (item->type != &psg_file_types[PSG_TYPE_GROUP] &&
	    item->type != &psg_file_types[PSG_TYPE_POLICY])
		return PSG_OK;
	err = add_document(&plan->unchanged, item, &none);
	return err ? err : psg_plan_move(one, &plan->unchanged);
}

static enum psg_err take(struct psg_plan *plan, const struct psg_package_item *item,
			 struct psg_buf *bytes)
{
	struct psg_model one PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_buf canonical PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_change change = PSG_CHANGE_CHANGED;
	bool anew = true;
	const struct psg_document document = {
	    .type = (char *)(uintptr_t)item->type->name, /* borrowed, and only read */
	    .name = item->name,
	    .path = (char *)(uintptr_t)item->path,
	    .bytes = bytes->data ? bytes->data : (char *)(uintptr_t) "",
	    .len = bytes->len};
	enum psg_err err = psg_metadata_parse(&document, plan->package->version, &one, &canonical,
					      &plan->out.problems);

	if (err == PSG_OK)
		err = check_length(plan, item, &canonical);
	if (err == PSG_OK && canonical.len > 0)
		err = compare(plan, item, &canonical, &change);
	if (err == PSG_OK)
		err =
		    psg_plan_add_component(plan, item->type->name, item->name, item->path, change);
	if (err == PSG_OK && change == PSG_CHANGE_UNCHANGED)
		err = stale(plan, item, &anew);
	if (err != PSG_OK)
		return err;
	if (!anew)
		return keep_unchanged(plan, item, &one);
	plan->out.changed |= !plan->options->defer;
	err = add_document(&plan->out.model, item, &canonical);
	return err ? err : psg_plan_move(&one, &plan->out.model);
}

static enum psg_err take_items(struct psg_plan *plan)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < plan->package->item_count && err == PSG_OK; i++) {
		const struct psg_package_item *item = &plan->package->items[i];
		struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
		bool good = false;

		if (!item->listed)
			continue;
		psg_plan_progress(plan, "Reading", i, plan->package->item_count);
		err = psg_source_read(plan->source, item->file, &plan->out.problems, &bytes, &good);
		if (err == PSG_OK && good)
			err = take(plan, item, &bytes);
	}
	return err;
}

/* -- what an earlier deployment deferred -- */

static enum psg_err take_pending_one(struct psg_plan *plan, enum psg_type type, const char *name)
{
	const char *type_name = psg_file_types[type].name;
	enum psg_err err;

	if (psg_plan_find_component(plan, plan->out.component_count, type_name, name))
		return PSG_OK;
	err = psg_plan_take_stored(plan, type_name, name);
	if (err == PSG_ERR_NOT_FOUND)
		err = psg_strings_add(&plan->out.removed[type], name);
	plan->out.changed |= !plan->options->defer;
	return err;
}

static enum psg_err take_pending(struct psg_plan *plan)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < plan->pending.count && err == PSG_OK; i++) {
		enum psg_type type;
		const char *name;

		if (psg_plan_split(plan->pending.items[i], &type, &name))
			err = take_pending_one(plan, type, name);
	}
	return err;
}

static enum psg_err prepare(struct psg_plan *plan, struct psg_deployment *ret)
{
	enum psg_err err = psg_policy_pending(plan->before, &plan->pending);

	if (err == PSG_OK)
		err = take_items(plan);
	if (err == PSG_OK)
		err = psg_plan_take_deletions(plan);
	if (err == PSG_OK)
		err = take_pending(plan);
	if (err == PSG_OK)
		err = psg_plan_finish(plan, ret);
	if (err == PSG_OK)
		psg_plan_sort_components(ret); /* policies went with what they governed */
	return err;
}

enum psg_err psg_deployment_prepare(struct psg_source *source, struct psg_policy *before,
				    const struct psg_deployment_options *options,
				    struct psg_deployment *ret)
{
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	struct psg_plan plan PSG_CLEANUP(psg_plan_clear) = {
	    .before = before, .options = options, .source = source, .package = &package};
	enum psg_err err = psg_package_open(source, &package, &plan.out.problems);

	return err ? err : prepare(&plan, ret);
}
