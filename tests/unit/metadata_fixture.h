/* What the metadata tests share. Paths are relative to the top of the source tree, where tests/run starts them. */
#ifndef METADATA_FIXTURE_H
#define METADATA_FIXTURE_H

#include "psg/bytes.h"
#include "psg/metadata.h"

#define FIXTURE_DATA "tests/data/metadata/"
#define FIXTURE_SALESFORCE "xmlns=\"http://soap.sforce.com/2006/04/metadata\""
#define FIXTURE_OWN "xmlns=\"urn:pam-psg:metadata\""
#define FIXTURE_SET(body)                                                                          \
	"<PermissionSet " FIXTURE_SALESFORCE ">" body "<label>x</label></PermissionSet>"
#define FIXTURE_MUTING(body)                                                                       \
	"<MutingPermissionSet " FIXTURE_SALESFORCE ">" body "<label>x</label></"                   \
	"MutingPermissionSet>"
#define FIXTURE_GROUP(body)                                                                        \
	"<PermissionSetGroup " FIXTURE_SALESFORCE ">" body "<label>x</label></PermissionSetGroup>"
#define FIXTURE_POLICY(body) "<ActivationPolicy " FIXTURE_OWN ">" body "</ActivationPolicy>"
#define FIXTURE_GATE(body) "<GateSettings " FIXTURE_OWN ">" body "</GateSettings>"
#define FIXTURE_PACKAGE(body) "<Package " FIXTURE_SALESFORCE ">" body "</Package>"

/* A whole file, NUL-terminated; free() it. Fails the test when it cannot be read. */
char *fixture_read(const char *path, size_t *ret_len);
/* Parses `bytes`, in a block of exactly `len` so that reading beyond shows, as a file named `file` of component `name`. */
enum psg_err fixture_parse(const char *type, const char *name, const char *file, const char *bytes,
			   size_t len, struct psg_model *model, struct psg_problems *problems);
/* With a manifest's API version. */
enum psg_err fixture_parse_of(const char *type, const char *name, const char *file,
			      const char *bytes, size_t len, unsigned version,
			      struct psg_model *model, struct psg_problems *problems);
/* A problem a line: `file:line:column <element> Error: text | remedy`. */
void fixture_describe(const struct psg_problems *problems, struct psg_buf *out);
/* Fails unless there is exactly one problem and it reads so (fixture_describe without the remedy). */
void fixture_assert_only(const struct psg_problems *problems, const char *expected);
/* Fails unless there is none. */
void fixture_assert_none(const struct psg_problems *problems);
/* A fresh directory in TMPDIR, or /tmp; fixture_remove removes all of it and frees the name. */
char *fixture_directory(void);
/* A file in it; folders are made as needed. */
void fixture_put(const char *directory, const char *path, const char *text);
void fixture_remove(char **directory);

/* A directory and what reading it as a package comes to. */
#define FIXTURE_SET_A "permissionsets/A.permissionset"
struct fixture_package {
	char *directory;
	struct psg_model model;
	struct psg_problems problems;
};
/* What a source comes to, each file parsed by itself. Errors: of the source. */
enum psg_err fixture_package_load(const char *path, struct psg_model *ret,
				  struct psg_problems *problems);
int fixture_package_set_up(void **state);
int fixture_package_tear_down(void **state);
void fixture_package_put(struct fixture_package *fixture, const char *path, const char *text);
void fixture_package_read(struct fixture_package *fixture);
void fixture_path(const struct fixture_package *fixture, const char *name, char out[static 512]);
/* The documents as `Type/Name=path`, one a line. */
void fixture_assert_documents(const struct psg_model *model, const char *expected);

/* A directory as a package over what was there. */
#define FIXTURE_ACTIVATION "<hasActivationRequired>true</hasActivationRequired>"
#define FIXTURE_MEMBER(name) "<permissionSets>" name "</permissionSets>"
#define FIXTURE_MUTING_MEMBER(name) "<mutingPermissionSets>" name "</mutingPermissionSets>"
#define FIXTURE_PERMISSION(name)                                                                   \
	"<userPermissions><enabled>true</enabled><name>" name "</name></userPermissions>"
#define FIXTURE_LENT(group, permission)                                                            \
	"<unixGroups><group>" group "</group>\n<permission>" permission "</permission></"          \
	"unixGroups>"
struct fixture_deployment {
	char *directory;
	struct psg_folder *root;
	struct psg_policy *before;
	struct psg_deployment_options options;
	struct psg_deployment now;
};
int fixture_deployment_set_up(void **state);
int fixture_deployment_tear_down(void **state);
void fixture_prepare(struct fixture_deployment *fixture, const char *directory);
/* Everything, or the one group, calculated anew. */
void fixture_recalculate(struct fixture_deployment *fixture, const char *group);
/* Puts what was prepared in force, without an error, and empties the directory. */
void fixture_commit(struct fixture_deployment *fixture);
/* Of the policy in force: clear it. */
void fixture_group_in_force(struct fixture_deployment *fixture, const char *name,
			    struct psg_group *ret);
void fixture_assign(struct fixture_deployment *fixture, const char *assignee,
		    enum psg_target_kind kind, const char *target);
const struct psg_group *fixture_group(const struct fixture_deployment *fixture, const char *name);
/* What one file draws beside a set A (user permissions P and Q) and a muting set M (Q); NULL: nothing. */
void fixture_expect(struct fixture_deployment *fixture, const char *path, const char *text,
		    const char *problem);

#endif
