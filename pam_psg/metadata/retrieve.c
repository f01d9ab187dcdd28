/* The policy's documents back to files: each in its one form, groups with the status they have now. */
#include "retrieve.h"

#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "psg/text.h"

void psg_retrieved_clear(struct psg_retrieved *file)
{
	psg_buf_clear(&file->path);
	psg_buf_clear(&file->bytes);
}

/* "PermissionSet/Billing" to its type and "Billing". */
static const struct psg_file_type *split(const char *document, const char **ret_name)
{
	enum psg_type type;

	*ret_name = "";
	return psg_plan_split(document, &type, ret_name) ? &psg_file_types[type] : NULL;
}

enum psg_err psg_retrieve_path(const char *document, struct psg_buf *ret)
{
	const char *name;
	const struct psg_file_type *type = split(document, &name);

	if (!type)
		return PSG_ERR_VERSION;
	/* It becomes a path, and a policy file may have come from elsewhere. */
	if (psg_api_name_fault(name))
		return PSG_ERR_CORRUPT;
	psg_buf_format(ret, "%s/%s%s", type->folder, name, type->suffix);
	return ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

/* A group that has a document and no record yet was deployed and deferred. */
static enum psg_err find_status(struct psg_policy *policy, const char *name,
				enum psg_group_status *ret)
{
	struct psg_group group PSG_CLEANUP(psg_group_clear) = {0};
	enum psg_err err = psg_policy_group(policy, name, &group);

	if (err == PSG_OK)
		*ret = group.status;
	else if (err == PSG_ERR_NOT_FOUND)
		*ret = PSG_STATUS_OUTDATED;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

/* The tree of a document that this release takes; NULL where it does not: an earlier one took it. */
static enum psg_err read_sound(const struct psg_document *document,
			       const struct psg_file_type *type, struct psg_xml **ret)
{
	struct psg_problems problems PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_report report = {
	    .problems = &problems, .file = "", .type = type->name, .name = document->name};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) =
	    psg_report_read(&report, document->bytes, document->len);
	bool sound = xml && psg_validate(xml->root, type->root, type->ns, type->elements, &report);

	if (report.err != PSG_OK)
		return report.err;
	*ret = sound && problems.error_count == 0 ? xml : NULL;
	if (*ret)
		xml = NULL;
	return PSG_OK;
}

static enum psg_err put_document(struct psg_policy *policy, const struct psg_file_type *type,
				 const char *name, struct psg_buf *ret)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = NULL;
	struct psg_xml_node status = {.name = "status", .ns = type->ns};
	bool is_group = strcmp(type->name, "PermissionSetGroup") == 0;
	enum psg_group_status of_group = PSG_STATUS_FAILED;
	enum psg_err err = psg_policy_document(policy, type->name, name, &document);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_ERR_CORRUPT; /* it was listed */
	if (err == PSG_OK)
		err = read_sound(&document, type, &xml);
	if (err == PSG_OK && is_group)
		err = find_status(policy, name, &of_group);
	if (err != PSG_OK)
		return err;
	if (!xml) {
		psg_buf_put(ret, document.bytes, document.len);
		return ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
	}
	status.text = psg_group_status_name(of_group);
	return psg_canonical_write_derived(xml->root, type, is_group ? &status : NULL, ret);
}

static void put_manifest(const struct psg_strings *documents, struct psg_buf *ret)
{
	const struct psg_file_type *open = NULL;

	psg_buf_format(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Package xmlns=\"%s\">\n",
		       PSG_NS_SALESFORCE);
	for (size_t i = 0; i <= documents->count; i++) {
		const char *name = "";
		const struct psg_file_type *type =
		    i < documents->count ? split(documents->items[i], &name) : NULL;

		if (open && open != type)
			psg_buf_format(ret, "        <name>%s</name>\n    </types>\n", open->name);
		if (type && open != type)
			psg_buf_text(ret, "    <types>\n");
		/* An API name: nothing in it is to be escaped. */
		if (type)
			psg_buf_format(ret, "        <members>%s</members>\n", name);
		open = type;
	}
	psg_buf_format(ret, "    <version>%u.0</version>\n</Package>\n", PSG_API_VERSION);
}

size_t psg_retrieval_count(const struct psg_retrieval *retrieval)
{
	return retrieval->documents->count + 1;
}

enum psg_err psg_retrieval_file(const struct psg_retrieval *retrieval, size_t number,
				struct psg_retrieved *ret)
{
	struct psg_retrieved file PSG_CLEANUP(psg_retrieved_clear) = {0};
	const struct psg_strings *documents = retrieval->documents;
	enum psg_err err = PSG_OK;

	if (number < documents->count) {
		const char *name;
		const struct psg_file_type *type = split(documents->items[number], &name);

		err = psg_retrieve_path(documents->items[number], &file.path);
		if (err == PSG_OK)
			err = put_document(retrieval->policy, type, name, &file.bytes);
	} else {
		psg_buf_text(&file.path, "package.xml");
		put_manifest(documents, &file.bytes);
	}
	if (err == PSG_OK && (file.path.failed || file.bytes.failed))
		err = PSG_ERR_NO_MEMORY;
	if (err != PSG_OK)
		return err;
	psg_retrieved_clear(ret);
	*ret = file;
	file = (struct psg_retrieved){0};
	return PSG_OK;
}

bool psg_retrieve_is_zip(const char *output)
{
	size_t len = strlen(output);
	struct stat info;

	if (stat(output, &info) == 0 && S_ISDIR(info.st_mode))
		return false;
	return len > 4 && strcasecmp(output + len - 4, ".zip") == 0;
}

enum psg_err psg_retrieve_write(struct psg_policy *policy, const struct psg_strings *documents,
				const char *output, bool replace, struct psg_buf *ret_where)
{
	struct psg_retrieval retrieval = {.policy = policy, .documents = documents};

	return psg_retrieve_is_zip(output)
		   ? psg_retrieve_zip(&retrieval, output, replace, ret_where)
		   : psg_retrieve_directory(&retrieval, output, replace, ret_where);
}
