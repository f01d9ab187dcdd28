/* Salesforce metadata: packages of XML files read, checked whole, compiled, and written back. Only psgctl links this. */
#ifndef PSG_METADATA_H
#define PSG_METADATA_H

#include "psg/bytes.h"
#include "psg/model.h"
#include "psg/policy.h"

#define PSG_XML_SIZE_MAX (16U * 1024 * 1024)
#define PSG_XML_DEPTH_MAX 16U
/* The Metadata API's limits: files in a package, bytes of a zip, bytes unpacked. */
#define PSG_PACKAGE_FILES_MAX 10000U
#define PSG_PACKAGE_ZIP_MAX (39U * 1024 * 1024)
#define PSG_PACKAGE_BYTES_MAX (600U * 1024 * 1024)
#define PSG_API_VERSION 64U /* the newest we know: what retrieve writes */

/* One thing that is wrong: where, what, and what to do about it. */
struct psg_problem {
	bool warning;      /* else an error: nothing is deployed */
	char *file;        /* relative to the package; "" for the package as a whole */
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

/* -- where packages come from (source*.c) -- */

struct psg_source; /* a directory or a zip: its files listed, each read when asked for */

/* Opens a directory or a zip file. Nothing that is wrong inside is an error here but a problem: symbolic links,
 * what is no regular file, too many files or too much, names with `..`, absolute names, a name twice, encrypted or
 * damaged entries. Names that begin with a dot, and macOS' __MACOSX, are passed over. Paths are relative and begin where the
 * package does: its root, its one folder, or `unpackaged/`. Neither symbolic links (below `path` itself) nor devices are
 * ever opened.
 * Errors: NOT_FOUND, ACCESS, IO, NO_MEMORY for `path` itself; INVALID when it is neither directory nor zip. */
PSG_MUST_CHECK
enum psg_err psg_source_open(const char *path, struct psg_problems *problems,
			     struct psg_source **ret);
void psg_source_close(struct psg_source **source);
size_t psg_source_count(const struct psg_source *source);
/* Sorted bytewise. Borrowed. */
const char *psg_source_path(const struct psg_source *source, size_t file);
/* What stands before those paths in the directory or zip: "", or ends in '/'. Borrowed. */
const char *psg_source_root(const struct psg_source *source);
/* The file whole, at most PSG_XML_SIZE_MAX bytes; bounded by what it was said to be, so that no archive unpacks to more.
 * What is wrong is a problem at that file, *ret_good false. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_source_read(struct psg_source *source, size_t file, struct psg_problems *problems,
			     struct psg_buf *ret, bool *ret_good);

/* -- one document -- */

/* Reads a package directory (package.xml, or the same files without a manifest; source format with -meta.xml
 * and any nesting too) into ret's documents, parsed and each checked by itself. No network, no entity
 * expansion, no symlinks, bounded size, depth and number. Everything wrong is reported, not the first only.
 * Returns PSG_OK also when problems were found (see error_count); NOT_FOUND, ACCESS, … for the directory itself. */
PSG_MUST_CHECK
enum psg_err psg_package_read(const char *directory, struct psg_model *ret,
			      struct psg_problems *problems);
/* Parses and checks one document by itself into the model's arrays (the document itself is not added). `version`: of
 * the manifest, a newer element gets a Warning; 0 for none. Where nothing was wrong *ret_canonical (empty
 * before, may be NULL) is the same in our one form: alphabetical, items sorted by key, defaults kept as
 * given, no status, no fullName, no comments; equal in meaning is equal in bytes. */
PSG_MUST_CHECK
enum psg_err psg_metadata_parse(const struct psg_document *document, unsigned version,
				struct psg_model *model, struct psg_buf *ret_canonical,
				struct psg_problems *problems);
/* What only the whole shows: unknown members, a muting set used as a set, an activation policy that
 * governs nothing, 100 sets a group, a session-based set in an ordinary group (warning), a group and a set of one name (warning), … */
PSG_MUST_CHECK
enum psg_err psg_model_check(const struct psg_model *model, struct psg_problems *problems);
/* Effective permissions: status, status_reason, permission_count, has_activation_policy of every group. Failed when a
 * member is not there, but for a permission set of a namespace (ns__X), which then gives nothing. */
PSG_MUST_CHECK
enum psg_err psg_recalculate(struct psg_model *model);

/* -- a deployment -- */

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

/* -- retrieving (retrieve*.c) -- */

/* Selects documents of the policy: by a manifest's bytes (explicit members and `*`; what is not there is a Warning), or all
 * (`manifest` NULL). *ret: "TYPE/NAME", sorted. Errors: NO_MEMORY, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_select(struct psg_policy *policy, const struct psg_document *manifest,
				 struct psg_strings *ret, struct psg_problems *problems);
/* Writes them with a package.xml into a directory (made where missing; must be empty or `replace`) or a zip, each file in
 * Salesforce's formatting, groups with their present status. The same policy gives the same bytes. Durable before it returns; on
 * an error a zip is not there, or is the one that was. Errors: EXISTS, ACCESS, NO_ROOM, IO, NO_MEMORY, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_write(struct psg_policy *policy, const struct psg_strings *documents,
				const char *output, bool replace);

#endif
