/* A package directory to documents, parsed and each checked by itself. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

/* What is not carried out is refused, not passed over: somebody's right would live on unnoticed. */
static enum psg_err refuse_destructive(const struct psg_package *package,
				       struct psg_problems *problems)
{
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < package->destructive_count && err == PSG_OK; i++) {
		const char *path = package->destructive[i].path;
		struct psg_report report = {
		    .problems = problems, .file = path, .type = "", .name = path};
		bool any = false;

		err = psg_manifest_names_any(&package->destructive[i], problems, &any);
		if (err == PSG_OK && any)
			psg_report_error(&report, NULL, "Remove the file from the package.",
					 "Deleting by %s is not supported", path);
		if (err == PSG_OK)
			err = report.err;
	}
	return err;
}

/* Two files for one component stand next to each other in the sorted list: the first is kept. */
static enum psg_err refuse_doubles(struct psg_package *package, struct psg_problems *problems)
{
	struct psg_report report = {.problems = problems};
	size_t kept = 0;

	for (size_t i = 1; i < package->document_count; i++) {
		struct psg_document *one = &package->documents[kept];
		struct psg_document *two = &package->documents[i];

		if (strcmp(one->type, two->type) != 0 || strcmp(one->name, two->name) != 0) {
			struct psg_document moved = *two;

			*two = (struct psg_document){0};
			package->documents[++kept] = moved;
			continue;
		}
		report.file = two->path;
		report.type = two->type;
		report.name = two->name;
		psg_report_error(&report, NULL, "Keep one of the two files.",
				 "Two files for one component: the other is %s", one->path);
		psg_document_clear(two);
	}
	if (package->document_count > 0)
		package->document_count = kept + 1;
	return report.err;
}

/* Moves the listed documents into the model and parses them. */
static enum psg_err take_listed(struct psg_package *package, const bool *listed,
				struct psg_model *model, struct psg_problems *problems)
{
	for (size_t i = 0; i < package->document_count; i++) {
		struct psg_document *document;
		enum psg_err err;

		if (!listed[i])
			continue;
		document =
		    psg_array_add(&model->documents, &model->document_count, sizeof(*document));
		if (!document)
			return PSG_ERR_NO_MEMORY;
		*document = package->documents[i];
		package->documents[i] = (struct psg_document){0};
		err = psg_metadata_parse(document, 0, model, NULL, problems);
		if (err != PSG_OK)
			return err;
	}
	return PSG_OK;
}

static enum psg_err choose(struct psg_package *package, bool *listed, struct psg_problems *problems)
{
	struct psg_report report = {.problems = problems, .file = "", .type = "", .name = ""};

	if (package->has_manifest)
		return package->manifest.bytes ? psg_manifest_apply(package, listed, problems)
					       : PSG_OK;
	memset(listed, true, package->document_count);
	if (package->document_count == 0)
		psg_report_error(&report, NULL,
				 "Give a directory with package.xml, or with files such as "
				 "permissionsets/NAME.permissionset.",
				 "No package.xml found");
	return report.err;
}

enum psg_err psg_package_read(const char *directory, struct psg_model *ret,
			      struct psg_problems *problems)
{
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	bool *listed PSG_CLEANUP(psg_free_bytes) = NULL;
	enum psg_err err = psg_package_collect(directory, &package, problems);

	if (err != PSG_OK)
		return err;
	listed = calloc(package.document_count + 1, sizeof(*listed));
	err = listed ? refuse_destructive(&package, problems) : PSG_ERR_NO_MEMORY;
	if (err == PSG_OK)
		err = refuse_doubles(&package, problems);
	if (err == PSG_OK)
		err = choose(&package, listed, problems);
	if (err == PSG_OK)
		err = take_listed(&package, listed, &model, problems);
	if (err != PSG_OK)
		return err;
	psg_problems_sort(problems);
	*ret = model;
	model = (struct psg_model){0};
	return PSG_OK;
}
