/* A package over what is in force: which of its documents are new, and what it deletes. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static enum psg_err add_component(struct psg_plan *plan, const char *type, const char *name,
				  const char *file, enum psg_change change)
{
	struct psg_component *component =
	    psg_array_add(&plan->out.components, &plan->out.component_count, sizeof(*component));

	if (!component)
		return PSG_ERR_NO_MEMORY;
	*component = (struct psg_component){
	    .type = strdup(type), .name = strdup(name), .file = strdup(file), .change = change};
	plan->out.changed |= change != PSG_CHANGE_UNCHANGED;
	return component->type && component->name && component->file ? PSG_OK : PSG_ERR_NO_MEMORY;
}

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
static enum psg_err add_document(struct psg_plan *plan, const struct psg_package_item *item,
				 struct psg_buf *canonical)
{
	struct psg_model *model = &plan->out.model;
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
		err = add_component(plan, item->type->name, item->name, item->path, change);
	if (err == PSG_OK && change == PSG_CHANGE_UNCHANGED)
		err = stale(plan, item, &anew);
	if (err != PSG_OK || !anew)
		return err;
	plan->out.changed |= !plan->options->defer;
	err = add_document(plan, item, &canonical);
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

/* -- deletions -- */

/* Takes what the package deploys and then deletes (Post) out of what is put. */
static void withdraw(struct psg_plan *plan, enum psg_type type, const char *name)
{
	struct psg_model *model = &plan->out.model;

#define DROP(items, count, clear)                                                                  \
	for (size_t i = 0; i < model->count; i++)                                                  \
		if (strcmp(model->items[i].name, name) == 0) {                                     \
			clear(&model->items[i]);                                                   \
			memmove(&model->items[i], &model->items[i + 1],                            \
				(model->count - i - 1) * sizeof(*model->items));                   \
			model->count--;                                                            \
			break;                                                                     \
		}
	if (type == PSG_TYPE_SET)
		DROP(sets, set_count, psg_permission_set_clear)
	if (type == PSG_TYPE_MUTING_SET)
		DROP(muting_sets, muting_set_count, psg_permission_set_clear)
	if (type == PSG_TYPE_GROUP)
		DROP(groups, group_count, psg_group_clear)
	if (type == PSG_TYPE_POLICY)
		DROP(policies, policy_count, psg_activation_policy_clear)
	if (type == PSG_TYPE_SETTINGS)
		model->has_settings = false;
#undef DROP
	for (size_t i = 0; i < model->document_count; i++)
		if (strcmp(model->documents[i].type, psg_file_types[type].name) == 0 &&
		    strcmp(model->documents[i].name, name) == 0) {
			psg_document_clear(&model->documents[i]);
			memmove(&model->documents[i], &model->documents[i + 1],
				(model->document_count - i - 1) * sizeof(*model->documents));
			model->document_count--;
			break;
		}
}

static enum psg_err report_deletion(struct psg_plan *plan,
				    const struct psg_package_deletion *deletion, const char *remedy,
				    const char *format)
{
	struct psg_xml_node at = {
	    .name = "members", .line = deletion->line, .column = deletion->column};
	struct psg_report report = {.problems = &plan->out.problems,
				    .file = deletion->file,
				    .type = deletion->type,
				    .name = deletion->name};

	psg_report_warning(&report, &at, remedy, "%s", format);
	return report.err;
}

static enum psg_err miss(struct psg_plan *plan, const struct psg_package_deletion *deletion)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	psg_buf_format(&text, "No %s named: %s found", deletion->type, deletion->name);
	return text.failed ? PSG_ERR_NO_MEMORY
			   : report_deletion(plan, deletion, "Nothing need be done.", text.data);
}

static int compare_components(const void *a, const void *b)
{
	const struct psg_component *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	return order ? order : strcmp(x->name, y->name);
}

static void sort_components(struct psg_deployment *out)
{
	if (out->component_count > 1)
		qsort(out->components, out->component_count, sizeof(*out->components),
		      compare_components);
}

/* Among the first `count`, which are sorted. */
static struct psg_component *find_component(struct psg_plan *plan, size_t count, const char *type,
					    const char *name)
{
	const struct psg_component key = {.type = (char *)(uintptr_t)type,
					  .name = (char *)(uintptr_t)name};

	return count > 0
		   ? bsearch(&key, plan->out.components, count, sizeof(key), compare_components)
		   : NULL;
}

static enum psg_err remove_one(struct psg_plan *plan, size_t deployed,
			       const struct psg_package_deletion *deletion)
{
	struct psg_component *component =
	    find_component(plan, deployed, deletion->type, deletion->name);
	size_t type = (size_t)(psg_file_type_find(deletion->type) - psg_file_types);
	enum psg_err err = PSG_OK;

	if (component) {
		withdraw(plan, (enum psg_type)type, deletion->name);
		component->change = PSG_CHANGE_DELETED;
		plan->out.changed = true;
	} else {
		err = add_component(plan, deletion->type, deletion->name, deletion->file,
				    PSG_CHANGE_DELETED);
	}
	if (err == PSG_OK)
		err = psg_strings_add(&plan->out.removed[type], deletion->name);
	return err ? err
		   : psg_plan_key(deletion->type, deletion->name, &plan->out.removed_documents);
}

static enum psg_err take_deletion(struct psg_plan *plan, size_t deployed,
				  const struct psg_package_deletion *deletion)
{
	struct psg_document old PSG_CLEANUP(psg_document_clear) = {0};
	const struct psg_package_item *item =
	    psg_package_find(plan->package, deletion->type, deletion->name);
	bool listed = item && item->listed;
	enum psg_err err;

	if (listed && !deletion->after)
		return report_deletion(
		    plan, deletion, "Name it in destructiveChangesPost.xml if it is to go.",
		    "It is to be deleted first and deployed then: it is deployed");
	err = psg_policy_document(plan->before, deletion->type, deletion->name, &old);
	if (err == PSG_ERR_NOT_FOUND && !listed)
		return miss(plan, deletion);
	return err && err != PSG_ERR_NOT_FOUND ? err : remove_one(plan, deployed, deletion);
}

static enum psg_err take_deletions(struct psg_plan *plan)
{
	size_t deployed = plan->out.component_count;
	enum psg_err err = PSG_OK;

	sort_components(&plan->out);
	for (size_t i = 0; i < plan->package->deletion_count && err == PSG_OK; i++)
		err = take_deletion(plan, deployed, &plan->package->deletions[i]);
	sort_components(&plan->out);
	return err;
}

/* -- what an earlier deployment deferred -- */

static enum psg_err take_pending_one(struct psg_plan *plan, enum psg_type type, const char *name)
{
	const char *type_name = psg_file_types[type].name;
	enum psg_err err;

	if (find_component(plan, plan->out.component_count, type_name, name))
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
		err = take_deletions(plan);
	if (err == PSG_OK)
		err = take_pending(plan);
	if (err == PSG_OK)
		err = psg_plan_finish(plan, ret);
	if (err == PSG_OK)
		sort_components(ret); /* policies went with what they governed */
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
