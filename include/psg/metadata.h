/* Salesforce metadata: XML files to the model, checked whole. Only psgctl links this. */
#ifndef PSG_METADATA_H
#define PSG_METADATA_H

#include "psg/model.h"

#define PSG_XML_SIZE_MAX (16U * 1024 * 1024)
#define PSG_XML_DEPTH_MAX 16U
#define PSG_PACKAGE_FILES_MAX 10000U

/* One thing that is wrong: where, what, and what to do about it. */
struct psg_problem {
	bool warning; /* else an error: nothing is deployed */
	char *file;   /* relative to the package; of an older deployment's files, to that package */
	int line, column;  /* 0: of the file as a whole */
	char *type, *name; /* componentType, fullName; may be "" */
	char *element;     /* the element at fault; may be "" */
	char *text;        /* what is wrong, in Salesforce's words where it has them */
	char *remedy;      /* what to do */
};

struct psg_problems {
	struct psg_problem *items;
	size_t count, error_count;
};

void psg_problems_clear(struct psg_problems *list);
/* Sorted by file, line, column. */
void psg_problems_sort(struct psg_problems *list);

/* Reads a package directory (package.xml, or the same files without a manifest; source format with -meta.xml
 * and any nesting too) into ret's documents, parsed and each checked by itself. No network, no entity
 * expansion, no symlinks, bounded size, depth and number. Everything wrong is reported, not the first only.
 * Returns PSG_OK also when problems were found (see error_count); NOT_FOUND, ACCESS, … for the directory itself. */
PSG_MUST_CHECK
enum psg_err psg_package_read(const char *directory, struct psg_model *ret,
			      struct psg_problems *problems);
/* Parses one document into the model's arrays (the document itself is not added). */
PSG_MUST_CHECK
enum psg_err psg_metadata_parse(const struct psg_document *document, struct psg_model *model,
				struct psg_problems *problems);
/* What only the whole shows: unknown members, a muting set used as a set, an activation policy that
 * governs nothing, 100 sets a group, a session-based set in an ordinary group (warning), a group and a set of one name (warning), … */
PSG_MUST_CHECK
enum psg_err psg_model_check(const struct psg_model *model, struct psg_problems *problems);
/* Effective permissions: status, status_reason, permission_count, has_activation_policy of every group. Failed when a
 * member is not there, but for a permission set of a namespace (ns__X), which then gives nothing. */
PSG_MUST_CHECK
enum psg_err psg_recalculate(struct psg_model *model);

enum psg_change {
	PSG_CHANGE_CREATED,
	PSG_CHANGE_CHANGED,
	PSG_CHANGE_UNCHANGED,
	PSG_CHANGE_DELETED
};

struct psg_component {
	char *type, *name, *file;
	enum psg_change change;
};

struct psg_deployment {
	struct psg_model
	    model; /* what would be in force: old documents with the package's over them, recalculated */
	struct psg_component *components; /* of the package */
	size_t component_count;
	struct psg_problems problems;
	bool changed; /* anything created, changed or deleted */
};

/* Package over what is there (`before`: its documents are looked at; may be empty). With errors among the
 * problems the model must not be written. Members of managed packages (ns__NAME) that are not there are taken out
 * of their groups, with a warning; the documents keep them. Of files that are not in the package, errors are reported, and the
 * warnings that this package brings about. `directory` NULL: what is there by itself, as for recalculate.
 * Errors: as psg_package_read. */
PSG_MUST_CHECK
enum psg_err psg_deployment_prepare(const char *directory, const struct psg_model *before,
				    struct psg_deployment *ret);
void psg_deployment_clear(struct psg_deployment *deployment);

#endif
