/* What is to be retrieved: all, or what a manifest names and the policy has. */
#include "retrieve.h"

#include <string.h>

struct selection {
	const struct psg_strings *there; /* "TYPE/NAME", sorted */
	struct psg_strings chosen;
	struct psg_strings
	    whole; /* types chosen by `*`: a manifest may say so half a million times */
	struct psg_report report;
};

static void selection_clear(struct selection *selection)
{
	psg_strings_clear(&selection->chosen);
	psg_strings_clear(&selection->whole);
}

static enum psg_err choose_all(struct selection *selection, const struct psg_file_type *type)
{
	size_t len = strlen(type->name);
	enum psg_err err;

	for (size_t i = 0; i < selection->whole.count; i++)
		if (strcmp(selection->whole.items[i], type->name) == 0)
			return PSG_OK;
	err = psg_strings_add(&selection->whole, type->name);
	for (size_t i = 0; i < selection->there->count && err == PSG_OK; i++) {
		const char *document = selection->there->items[i];

		if (strncmp(document, type->name, len) == 0 && document[len] == '/')
			err = psg_strings_add(&selection->chosen, document);
	}
	return err;
}

static enum psg_err choose(struct selection *selection, const struct psg_manifest_member *member)
{
	const struct psg_xml_node at = {
	    .name = "members", .line = member->line, .column = member->column};
	struct psg_buf document PSG_CLEANUP(psg_buf_clear) = {0};
	char snippet[PSG_SNIPPET_SIZE];

	if (strcmp(member->name, "*") == 0)
		return choose_all(selection, member->type);
	psg_buf_format(&document, "%s/%s", member->type->name, member->name);
	if (document.failed)
		return PSG_ERR_NO_MEMORY;
	if (psg_strings_has(selection->there, document.data))
		return psg_strings_add(&selection->chosen, document.data);
	psg_utf8_snippet(member->name, snippet);
	psg_report_warning(&selection->report, &at, "Correct the name, or remove the line.",
			   "Entity of type '%s' named '%s' cannot be found", member->type->name,
			   snippet);
	return selection->report.err;
}

static enum psg_err choose_listed(struct selection *selection, const struct psg_document *document)
{
	struct psg_problems *problems = selection->report.problems;
	struct psg_manifest manifest PSG_CLEANUP(psg_manifest_clear) = {0};
	bool good = false;
	enum psg_err err = psg_manifest_read(document->path, document->bytes, document->len,
					     problems, &manifest, &good);

	selection->report.file = document->path;
	for (size_t i = 0;
	     i < manifest.count && err == PSG_OK && good && problems->error_count == 0; i++)
		err = choose(selection, &manifest.members[i]);
	psg_problems_sort(problems);
	return err;
}

enum psg_err psg_retrieve_select(struct psg_policy *policy, const struct psg_document *manifest,
				 struct psg_strings *ret, struct psg_problems *problems)
{
	struct psg_strings there PSG_CLEANUP(psg_strings_clear) = {0};
	struct selection selection PSG_CLEANUP(selection_clear) = {
	    .there = &there, .report = {.problems = problems, .type = "", .name = "package.xml"}};
	enum psg_err err = psg_policy_document_names(policy, &there);

	if (err == PSG_OK && manifest)
		err = choose_listed(&selection, manifest);
	if (err != PSG_OK)
		return err;
	psg_strings_sort(&selection.chosen);
	*ret = manifest ? selection.chosen : there;
	if (manifest)
		selection.chosen = (struct psg_strings){0};
	else
		there = (struct psg_strings){0};
	return PSG_OK;
}
