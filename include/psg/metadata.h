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
	bool warning; /* else an error: nothing is deployed */
	char *file; /* relative to the package; "" for the whole of it, and for what is not in it */
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
 * damaged entries. Names that begin with a dot, and macOS' __MACOSX, are passed over. The problems
 * name files as they are in the directory or zip. Paths are relative and begin where the
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

/* The types, in the order of their names: of what a name is. */
enum psg_type {
	PSG_TYPE_POLICY, /* ActivationPolicy */
	PSG_TYPE_MUTING_SET,
	PSG_TYPE_SET,
	PSG_TYPE_GROUP,
	PSG_TYPE_SETTINGS,
	PSG_TYPE_COUNT
};

struct psg_deployment_options {
	bool
	    force; /* deletes what is still used or assigned: groups that lose a member are Failed */
	bool defer; /* stores the documents; what is in force stays until it is recalculated */
	/* Called now and then; may be NULL. `total` 0: unknown. */
	void (*progress)(void *arg, const char *doing, size_t done, size_t total);
	void *progress_arg;
};

/* A package over what is in force: nothing is written yet. */
struct psg_deployment {
	struct psg_policy_update update;  /* what psg_policy_stage takes; borrows from the rest */
	struct psg_component *components; /* of the package, sorted by type and name */
	size_t component_count;
	struct psg_strings recalculated; /* the groups that were */
	struct psg_problems problems;
	bool changed; /* anything to write */

	/* What the update borrows. `model` also has what was needed to judge it; `put` is the part of it that is put. */
	struct psg_model model, put;
	struct psg_strings removed[PSG_TYPE_COUNT], removed_documents, pending;
};

/* The package `source` over `before`. With errors among the problems nothing must be staged. Only what the package
 * changes, and the groups that contain it, is compiled and checked: of components that are not in the package, errors are
 * reported, and the warnings that this package brings about. Members of managed packages (ns__NAME) that are not there are taken out
 * of their groups, with a warning; the documents keep them. What an earlier deployment deferred comes into force with this one, unless it is
 * deferred too. Errors: NO_MEMORY, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_deployment_prepare(struct psg_source *source, struct psg_policy *before,
				    const struct psg_deployment_options *options,
				    struct psg_deployment *ret);
/* What was deployed compiled anew: everything, or (`count` > 0) the groups of these names, and with a deferred
 * member all groups that share it. Errors: NOT_FOUND when a group is not there, and as above. */
PSG_MUST_CHECK
enum psg_err psg_recalculation_prepare(struct psg_policy *before, const char *const *groups,
				       size_t count, const struct psg_deployment_options *options,
				       struct psg_deployment *ret);
void psg_deployment_clear(struct psg_deployment *deployment);

/* -- retrieving (retrieve*.c) -- */

/* Selects documents of the policy: by a manifest's bytes (explicit members and `*`; what is not there is a Warning), or all
 * (`manifest` NULL). *ret: "TYPE/NAME", sorted. Errors: NO_MEMORY, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_select(struct psg_policy *policy, const struct psg_document *manifest,
				 struct psg_strings *ret, struct psg_problems *problems);
/* The path in a package of a document "TYPE/NAME", appended. Errors: VERSION for a type of a newer release,
 * CORRUPT for what is no name, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_path(const char *document, struct psg_buf *ret);
/* Whether psg_retrieve_write makes a zip of it: its name ends in .zip, and it is no directory. */
bool psg_retrieve_is_zip(const char *output);
/* Writes them with a package.xml into a directory (made where missing; must be empty but for names with a dot, or `replace`)
 * or a zip, each file in Salesforce's formatting, groups with their present status. The same policy gives the same bytes.
 * Modes are those of the umask. Durable before it returns; on an error a zip is not there, or is the one that was. An error of
 * the output (EXISTS, NOT_FOUND, ACCESS, UNSAFE, NO_ROOM, IO, LIMIT) fills *ret_where with the file or folder it is about;
 * it stays empty for NO_MEMORY, VERSION and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_write(struct psg_policy *policy, const struct psg_strings *documents,
				const char *output, bool replace, struct psg_buf *ret_where);
/* What a directory holds besides: files, in the metadata format's folders, of components that the policy does not have, and
 * destructiveChanges: paths, sorted. Errors: as for opening it, NO_MEMORY, and the policy's. */
PSG_MUST_CHECK
enum psg_err psg_retrieve_strangers(struct psg_policy *policy, const char *directory,
				    struct psg_strings *ret);

#endif
