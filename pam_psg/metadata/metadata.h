/* What the files of this room share: reports, the XML tree, the tables of types, package files. */
#ifndef PSG_METADATA_PRIVATE_H
#define PSG_METADATA_PRIVATE_H

#include "psg/bytes.h"
#include "psg/metadata.h"

#define PSG_NS_SALESFORCE "http://soap.sforce.com/2006/04/metadata"
#define PSG_NS_OWN "urn:pam-psg:metadata"
/* A fieldPermissions item takes 4 elements and some 130 bytes: as many as PSG_XML_SIZE_MAX holds. */
#define PSG_XML_NODES_MAX 500000U
#define PSG_XML_TAG_MAX (64U * 1024) /* bytes of a start tag */
#define PSG_XML_ATTRIBUTES_MAX 16
#define PSG_XML_NAME_MAX 255U      /* bytes of an element's name */
#define PSG_NAME_MAX 255U          /* characters of a permission's name */
#define PSG_GROUP_MEMBERS_MAX 100U /* permission sets in a group */
#define PSG_KEYS_MAX 2U            /* children that are the key of an item */
#define PSG_SNIPPET_SIZE 64
/* The end of a remedy. */
#define PSG_API_NAME_RULE                                                                          \
	"letters, digits and single underscores, beginning with a letter, not ending with an "     \
	"underscore, at most 80; a namespace goes before as ns__NAME."
#define PSG_PACKAGE_DEPTH_MAX 16U
/* Of each kind, inside of a file: half a million wrong elements must not become as many lines. */
#define PSG_REPORT_MAX 100U
#define PSG_NEWER_ELEMENTS_MAX 32U /* the elements that have a `since` */

/* -- utf8.c -- */

/* Length of the valid UTF-8 sequence at `text` (RFC 3629: no overlong form, no surrogate), 0 when there is
 * none; `left` > 0. *ret_code may be NULL. */
size_t psg_utf8_next(const char *text, size_t left, uint32_t *ret_code);
/* Bytes of `text` that are valid UTF-8, from the start. */
size_t psg_utf8_valid(const char *text, size_t len);
/* Characters of valid UTF-8. */
size_t psg_utf8_count(const char *text);
/* Whether a control character is in it (C0, DEL, C1); `breaks` lets tab, LF and CR pass. */
bool psg_utf8_has_control(const char *text, bool breaks);
/* Enough of a value to recognise it in a message, cut between characters. */
void psg_utf8_snippet(const char *text, char out[static PSG_SNIPPET_SIZE]);

/* -- xml.c, tree.c -- */

/* One element. Strings live as long as the tree. */
struct psg_xml_node {
	const char *name, *ns; /* local name; namespace, "" for none */
	const char *attribute; /* the first one's name that means anything, or NULL */
	const char *text;      /* its own characters, without white space at both ends */
	int line, column;      /* of its '<', from 1; columns count characters, a tab is one */
	bool repeated;         /* says once more what an item before it says */
	size_t child_count;
	struct psg_xml_node *parent, *children, *next;
	const struct psg_xml_node
	    *after_text; /* the first child with text, not white space, before it */
};

struct psg_xml {
	struct psg_xml_node *root;
	void *chunks; /* all memory of the tree */
};

/* Why a file is no XML we read. */
struct psg_xml_fault {
	int line, column;
	char text[256];
	const char *remedy;
};

/* Errors: INVALID (*ret_fault filled), NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_xml_read(const char *bytes, size_t len, struct psg_xml **ret,
			  struct psg_xml_fault *ret_fault);
void psg_xml_free(struct psg_xml **xml);
/* Memory that lives as long as the tree; NULL when there is none. */
void *psg_xml_allocate(struct psg_xml *xml, size_t size);
const char *psg_xml_keep(struct psg_xml *xml, const char *text, size_t len);
/* The first child of that name, or NULL. */
const struct psg_xml_node *psg_xml_child(const struct psg_xml_node *node, const char *name);

/* -- encoding.c, tags.c -- */

/* Before the parser sees a byte: UTF-8 throughout, and no declaration that says otherwise. */
PSG_MUST_CHECK
enum psg_err psg_xml_check_encoding(const char *bytes, size_t len, struct psg_xml_fault *ret_fault);
/* Neither does a tag longer than PSG_XML_TAG_MAX get there (tags.c). */
PSG_MUST_CHECK
enum psg_err psg_xml_check_tags(const char *bytes, size_t len, struct psg_xml_fault *ret_fault);
/* xml:lang and its like, and where a schema is, say nothing that we or Salesforce would follow. xsi:nil and xsi:type do.
 * `uri` NULL: of no namespace. */
bool psg_xml_attribute_idle(const char *name, const char *uri);
/* Line and column of an offset. */
void psg_xml_locate(const char *bytes, size_t offset, int *ret_line, int *ret_column);

/* -- problems.c -- */

/* Where reports go and what they are about. The first failure stays in `err`. */
struct psg_report {
	struct psg_problems *problems;
	const char *file, *type, *name;
	unsigned version; /* of the manifest: what is newer gets a Warning; 0 for none */
	enum psg_err err;
	size_t counts[2];                          /* errors and warnings so far */
	const char *newer[PSG_NEWER_ELEMENTS_MAX]; /* that were warned of */
};

/* Copies the problem into the list. */
PSG_MUST_CHECK
enum psg_err psg_problems_add(struct psg_problems *list, const struct psg_problem *problem);
/* Room for one more item of `size` bytes: the array, whose address is given, may move. Zeroes the item and
 * returns it; NULL when out of memory. */
void *psg_array_add(void *items_pointer, size_t *count, size_t size);
/* Adds a problem at `node` (NULL: the file as a whole). */
void psg_report_error(struct psg_report *report, const struct psg_xml_node *node,
		      const char *remedy, const char *format, ...) PSG_PRINTF(4, 5);
void psg_report_warning(struct psg_report *report, const struct psg_xml_node *node,
			const char *remedy, const char *format, ...) PSG_PRINTF(4, 5);
/* psg_xml_read, its fault reported: NULL then, or out of memory (report->err). */
struct psg_xml *psg_report_read(struct psg_report *report, const char *bytes, size_t len);

/* -- types.c, types_set.c -- */

enum psg_element_kind {
	PSG_ELEMENT_ANY = 0, /* whatever it holds */
	PSG_ELEMENT_TEXT,    /* at most `high` characters */
	PSG_ELEMENT_NAME,    /* one line, not empty, at most PSG_NAME_MAX characters */
	PSG_ELEMENT_BOOLEAN,
	PSG_ELEMENT_ENUM,
	PSG_ELEMENT_NUMBER, /* low to high */
	PSG_ELEMENT_DURATION,
	PSG_ELEMENT_ITEM /* with children */
};

#define PSG_ELEMENT_REQUIRED (1U << 0)
#define PSG_ELEMENT_REPEATS (1U << 1)
#define PSG_ELEMENT_KEY (1U << 2)   /* of an item: what no two items share */
#define PSG_ELEMENT_LINE (1U << 3)  /* TEXT without line breaks */
#define PSG_ELEMENT_TWICE (1U << 4) /* REPEATS, and the same value may come again */
#define PSG_ELEMENT_DERIVED                                                                        \
	(1U << 5) /* accepted, never kept: the file's name or the policy says it */
#define PSG_ELEMENT_HOLLOW (1U << 6) /* of an ITEM: may hold nothing at all */

struct psg_element_type {
	const char *name;
	enum psg_element_kind kind;
	unsigned flags;
	uint32_t low, high;
	const char *type_name;                   /* of an ITEM or ENUM, for messages */
	const char *const *values;               /* of an ENUM, NULL at the end */
	const struct psg_element_type *children; /* of an ITEM, ended by a NULL name */
	unsigned
	    since; /* the Metadata API's version that brought it; 0 when it came with its type */
};

typedef enum psg_err psg_build_fn(const struct psg_xml_node *root, const char *name,
				  struct psg_report *report, struct psg_model *model);

/* A kind of file. */
struct psg_file_type {
	const char *name;   /* "PermissionSet" */
	const char *folder; /* "permissionsets" */
	const char *suffix; /* ".permissionset" */
	const char *root, *ns;
	const struct psg_element_type *elements;
	psg_build_fn *build;
	unsigned since; /* as in psg_element_type; 0 for ours */
};

/* Ended by a NULL name. */
extern const struct psg_file_type psg_file_types[];
extern const struct psg_element_type psg_set_elements[], psg_group_elements[],
    psg_policy_elements[], psg_gate_elements[], psg_manifest_elements[];

/* NULL when there is none. */
const struct psg_file_type *psg_file_type_find(const char *name);
const struct psg_element_type *psg_element_type_find(const struct psg_element_type *table,
						     const char *name);

/* -- validate.c, repeats.c, values.c -- */

/* Holds a tree against its table: root, namespace, every element. All that is wrong is reported.
 * False when the root is another type's: nothing in it is looked at then. */
bool psg_validate(struct psg_xml_node *root, const char *root_name, const char *ns,
		  const struct psg_element_type *table, struct psg_report *report);
/* Warns of an element, or a type, that is newer than the manifest: once a name. */
void psg_validate_version(const struct psg_xml_node *node, unsigned since,
			  struct psg_report *report);
/* Single elements twice, runs that are broken, values twice. An item that an earlier one says already is taken
 * out of the tree, with a Warning. */
void psg_validate_repeats(struct psg_xml_node *node, const struct psg_element_type *table,
			  const char *type_name, struct psg_report *report);
/* A leaf's text. */
void psg_validate_value(const struct psg_xml_node *node, const struct psg_element_type *element,
			struct psg_report *report);
/* The value of a child; "" or the fallback when it is absent or not what its type says (then it was reported). */
const char *psg_value_text(const struct psg_xml_node *node, const char *child);
bool psg_value_boolean(const struct psg_xml_node *node, const char *child, bool fallback);
int64_t psg_value_duration(const struct psg_xml_node *node, const char *child, int64_t fallback);
uint32_t psg_value_number(const struct psg_xml_node *node, const char *child, uint32_t fallback);
/* Index among the values that `table` gives for the child. */
unsigned psg_value_enum(const struct psg_xml_node *node, const struct psg_element_type *table,
			const char *child, unsigned fallback);
bool psg_boolean_parse(const char *text, bool *ret);
/* What tells an element from the others of its name: its text, or an item's KEY children; "" where there are fewer. Borrowed. */
void psg_value_keys(const struct psg_xml_node *node, const struct psg_element_type *element,
		    const char *ret[static PSG_KEYS_MAX]);

/* -- canonical.c -- */

/* The one form of a tree that psg_validate found nothing wrong with (psg_metadata_parse): its own canonical form is
 * itself, and it compiles to the same. Errors: NO_MEMORY; *ret may hold a part then. */
PSG_MUST_CHECK
enum psg_err psg_canonical_write(const struct psg_xml_node *root, const struct psg_file_type *type,
				 struct psg_buf *ret);

/* The same with what is derived as it is now: a list of siblings, each put where its name belongs; may be NULL. */
PSG_MUST_CHECK
enum psg_err psg_canonical_write_derived(const struct psg_xml_node *root,
					 const struct psg_file_type *type,
					 const struct psg_xml_node *derived, struct psg_buf *ret);

/* -- build_*.c: a validated tree to the model -- */

psg_build_fn psg_build_set, psg_build_muting_set, psg_build_group, psg_build_policy, psg_build_gate;

/* -- package.c, package_files.c, destructive.c -- */

/* A component of the package: what its file is called, not yet what is in it. */
struct psg_package_item {
	const struct psg_file_type *type;
	char *name;
	const char *path; /* the source's */
	size_t file;      /* in the source */
	bool listed;      /* to be deployed: named in package.xml, or there is none */
};

/* What a destructive manifest names. */
struct psg_package_deletion {
	char *type, *name;
	bool after; /* of destructiveChangesPost.xml */
	char *file; /* the manifest, with the member's line and column */
	int line, column;
};

struct psg_package {
	struct psg_package_item *items; /* sorted by type and name, none twice */
	size_t item_count;
	unsigned version;                       /* of package.xml; 0 for none */
	struct psg_package_deletion *deletions; /* sorted by type and name, none twice */
	size_t deletion_count;
};

/* Reads the manifests of a source, and sorts its files by their names. All that is wrong is reported: what is left
 * then is of no use but to find more. `ret` ends before `source`. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_package_open(struct psg_source *source, struct psg_package *ret,
			      struct psg_problems *problems);
void psg_package_clear(struct psg_package *package);
void psg_package_deletion_clear(struct psg_package_deletion *deletion);
/* The item of a component, or NULL. */
struct psg_package_item *psg_package_find(const struct psg_package *package, const char *type,
					  const char *name);
/* Whether a file of the package is a component by its suffix, or a manifest by its name. */
bool psg_package_is_component(const char *path);
bool psg_package_is_manifest(const char *path);
/* The length of the folder that the component would have to be deployed from, 0 when it lies well or in no folder
 * of its type. */
size_t psg_package_misplaced(const char *path);
/* Sorts the components among the source's files into package->items. */
PSG_MUST_CHECK
enum psg_err psg_package_take_files(struct psg_source *source, struct psg_package *package,
				    struct psg_problems *problems);
/* Reads the destructive manifests among the source's files into package->deletions. */
PSG_MUST_CHECK
enum psg_err psg_package_take_deletions(struct psg_source *source, struct psg_package *package,
					struct psg_problems *problems);
/* The file of that path; false when there is none. */
bool psg_source_find(const struct psg_source *source, const char *path, size_t *ret_file);
/* Whether what was listed is of no use: an error says why. */
bool psg_source_is_broken(const struct psg_source *source);
/* Whether a file of it, or all of it, was refused: an error says why. */
bool psg_source_is_refused(const struct psg_source *source);

/* -- manifest.c -- */

struct psg_manifest_member {
	const struct psg_file_type *type;
	char *name; /* `*` for all of the type */
	int line, column;
};

/* package.xml or a destructive manifest: what it names of the types, and of Settings, that are kept here. */
struct psg_manifest {
	struct psg_manifest_member *members; /* in the order they stand in */
	size_t count;
	unsigned version; /* 64 for 64.0; 0 for none */
};

/* One Warning names all that is not kept; a version newer than PSG_API_VERSION is one too. Where the bytes are no
 * manifest *ret is empty and *ret_good false. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_manifest_read(const char *file, const char *bytes, size_t len,
			       struct psg_problems *problems, struct psg_manifest *ret,
			       bool *ret_good);
void psg_manifest_clear(struct psg_manifest *manifest);

/* -- index.c -- */

/* Documents in the order of type and name. */
int psg_document_compare(const void *a, const void *b);
/* In a list so sorted; NULL when it is not there. */
const struct psg_document *psg_document_find(const struct psg_document *sorted, size_t count,
					     const char *type, const char *name);

/* The model by name. Borrows; ends with the model. */
struct psg_index {
	const struct psg_model *model;
	const struct psg_document **documents;
	const struct psg_permission_set **sets, **muting_sets;
	const struct psg_group **groups;
};

PSG_MUST_CHECK
enum psg_err psg_index_init(const struct psg_model *model, struct psg_index *ret);
void psg_index_clear(struct psg_index *index);
const struct psg_document *psg_index_document(const struct psg_index *index, const char *type,
					      const char *name);
const struct psg_permission_set *psg_index_set(const struct psg_index *index, const char *name);
const struct psg_permission_set *psg_index_muting_set(const struct psg_index *index,
						      const char *name);
const struct psg_group *psg_index_group(const struct psg_index *index, const char *name);
/* In the model, or a document that did not parse: that was reported already. */
bool psg_index_has(const struct psg_index *index, const char *type, const char *name);

/* -- check.c, check_members.c, check_policy.c -- */

/* The bytes of a file of the package, for the line of a problem. Errors: NOT_FOUND when they are not to be had, NO_MEMORY. */
typedef enum psg_err psg_locate_fn(void *arg, const char *path, struct psg_buf *ret);

/* What is known beside the model. Zeroed: nothing. */
struct psg_check_context {
	psg_locate_fn *locate; /* may be NULL */
	void *locate_arg;
	/* Names whose deletion was forced, sorted; may be NULL. A group that lacks them is Failed and no error; `deferred`: later. */
	const struct psg_strings *deleted_sets, *deleted_muting_sets;
	bool deferred;
};

struct psg_check {
	const struct psg_index *index;
	struct psg_problems *problems;
	struct psg_check_context context;
	const struct psg_document *located; /* the last one that was */
	struct psg_xml *tree;               /* of it; NULL when there is none */
	const char *beside; /* a value of the item that the next problems are in, or NULL */
	enum psg_err err;
};

/* psg_model_check with what is known beside: lines and columns where the file is the package's. */
PSG_MUST_CHECK
enum psg_err psg_model_check_in(const struct psg_model *model,
				const struct psg_check_context *context,
				struct psg_problems *problems);

void psg_check_members(struct psg_check *check, const struct psg_group *group);
void psg_check_policy(struct psg_check *check, const struct psg_activation_policy *policy);
/* A problem of a component, at its element `element` of text `text` (both may be NULL: at the first such, the
 * file), which is looked up in its document: the model has no lines. */
void psg_check_report(struct psg_check *check, bool warning, const char *type, const char *name,
		      const char *element, const char *text, const char *remedy, const char *format,
		      ...) PSG_PRINTF(8, 9);
/* ns__NAME: of a managed package. */
bool psg_name_has_namespace(const char *name);

/* -- log_settings.c -- */

struct psg_log_retention;
struct psg_policy;
/* How long the log is kept, as the settings say it. From their document, for nothing else needs to know. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_log_settings(struct psg_policy *policy, struct psg_log_retention *ret);

#endif
