/* What only the whole model shows. */
#include "metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool psg_name_has_namespace(const char *name)
{
	const char *end = strstr(name, "__");

	return end && end > name && end[2] != '\0';
}

static bool holds(const struct psg_xml_node *node, const char *text)
{
	for (node = node->children; node; node = node->next)
		if (strcmp(node->text, text) == 0)
			return true;
	return false;
}

/* The element below `node`, `beside` in the same item where that is not NULL. */
static const struct psg_xml_node *search(const struct psg_xml_node *node, const char *element,
					 const char *text, const char *beside)
{
	const struct psg_xml_node *found = NULL;
	bool here = !beside || holds(node, beside);

	for (node = node->children; node && !found; node = node->next)
		if (here && strcmp(node->name, element) == 0 &&
		    (!text || strcmp(node->text, text) == 0))
			found = node;
		else
			found = search(node, element, text, beside);
	return found;
}

/* Read again, and kept for the next problem: a group's come one after the other. */
static enum psg_err read_file(struct psg_check *check, const struct psg_document *document)
{
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_xml_fault fault;

	if (check->located == document)
		return PSG_OK;
	psg_xml_free(&check->tree);
	check->located = document;
	enum psg_err err = check->context.locate(check->context.locate_arg, document->path, &bytes);

	if (err == PSG_OK)
		err = psg_xml_read(bytes.data, bytes.len, &check->tree, &fault);
	return err == PSG_ERR_NO_MEMORY ? err : PSG_OK;
}

/* Where in its file the element stands: the model has no lines. *ret stays as it is when that cannot be said. */
static enum psg_err find(struct psg_check *check, const struct psg_document *document,
			 const char *element, const char *text, struct psg_xml_node *ret)
{
	const struct psg_xml_node *node = NULL;
	enum psg_err err;

	if (!document || !element || !check->context.locate)
		return PSG_OK;
	err = read_file(check, document);
	if (err == PSG_OK && check->tree)
		node = search(check->tree->root, element, text, check->beside);
	if (node)
		*ret = (struct psg_xml_node){
		    .name = element, .line = node->line, .column = node->column};
	return err;
}

void psg_check_report(struct psg_check *check, bool warning, const char *type, const char *name,
		      const char *element, const char *text, const char *remedy, const char *format,
		      ...)
{
	const struct psg_document *document = psg_index_document(check->index, type, name);
	struct psg_xml_node at = {.name = element ? element : ""};
	struct psg_report report = {.problems = check->problems,
				    .file = document ? document->path : "",
				    .type = type,
				    .name = name,
				    .err = check->err};
	char *message PSG_CLEANUP(psg_free_bytes) = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	if (!message || find(check, document, element, text, &at) != PSG_OK) {
		check->err = PSG_ERR_NO_MEMORY;
		return;
	}
	if (warning)
		psg_report_warning(&report, &at, remedy, "%s", message);
	else
		psg_report_error(&report, &at, remedy, "%s", message);
	check->err = report.err;
}

static void check_names(struct psg_check *check, const struct psg_group *group)
{
	if (psg_index_has(check->index, "PermissionSet", group->name))
		psg_check_report(check, true, "PermissionSetGroup", group->name, NULL, NULL,
				 "Rename one of them.",
				 "There is a permission set of the same name: assign and activate "
				 "take '%s' for the group",
				 group->name);
}

enum psg_err psg_model_check(const struct psg_model *model, struct psg_problems *problems)
{
	const struct psg_check_context nothing = {0};

	return psg_model_check_in(model, &nothing, problems);
}

enum psg_err psg_model_check_in(const struct psg_model *model,
				const struct psg_check_context *context,
				struct psg_problems *problems)
{
	struct psg_index index PSG_CLEANUP(psg_index_clear) = {0};
	struct psg_check check = {.index = &index, .problems = problems, .context = *context};
	enum psg_err err = psg_index_init(model, &index);

	if (err != PSG_OK)
		return err;
	for (size_t i = 0; i < model->group_count && check.err == PSG_OK; i++) {
		check_names(&check, &model->groups[i]);
		psg_check_members(&check, &model->groups[i]);
	}
	for (size_t i = 0; i < model->policy_count && check.err == PSG_OK; i++)
		psg_check_policy(&check, &model->policies[i]);
	psg_xml_free(&check.tree);
	return check.err;
}
