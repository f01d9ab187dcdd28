/* The administrator's decisions as C structures: what metadata says and who is assigned.
 *
 * All strings are owned by their structure and never NULL after a successful fill, "" when absent.
 * Zeroed structures are empty and safe to clear. Names and defaults: DESIGN "Words". */
#ifndef PSG_MODEL_H
#define PSG_MODEL_H

#include "psg/base.h"

enum psg_target_kind {
	PSG_TARGET_NONE = 0,
	PSG_TARGET_GROUP, /* PermissionSetGroup */
	PSG_TARGET_SET,   /* PermissionSet */
};

/* Failed is zero: a group whose status was never set gives nothing. */
enum psg_group_status {
	PSG_STATUS_FAILED = 0,
	PSG_STATUS_UPDATED,
	PSG_STATUS_OUTDATED,
	PSG_STATUS_UPDATING,
};

enum psg_scope { PSG_SCOPE_SESSION = 0, PSG_SCOPE_HOST };
enum psg_reason_rule { PSG_REASON_NONE = 0, PSG_REASON_OPTIONAL, PSG_REASON_REQUIRED };
enum psg_enrollment { PSG_ENROLLMENT_ADMIN = 0, PSG_ENROLLMENT_SELF };

/* A permission is one text, its key: ELEMENT.NAME or, where an item has several rights,
 * ELEMENT.NAME.RIGHT, with the metadata's own element names:
 *   applicationVisibilities.sshd        userPermissions.ViewSetup
 *   customPermissions.Deploy            objectPermissions.Account.allowRead
 *   fieldPermissions.Account.Name.editable     tabSettings.standard-Account.Visible
 * Only what is switched on has a key. In a muting set the same keys are what is taken away. */
struct psg_permission_set {
	char *name, *label, *description, *license;
	bool requires_activation;
	struct psg_strings permissions; /* sorted keys */
};

struct psg_group {
	char *name, *label, *description;
	bool requires_activation;
	struct psg_strings sets, muting_sets; /* API names, sorted */
	enum psg_group_status status;
	char *status_reason; /* why Failed */
	bool has_activation_policy;
	uint32_t permission_count; /* effective: union of the sets minus the muting sets */
};

struct psg_unix_group_grant {
	char *group,
	    *permission; /* lend Unix group `group` while `permission` (a bare name) is active */
};

struct psg_activation_policy {
	char *name;                             /* of the group or set it governs */
	int64_t lifetime_s, maximum_lifetime_s; /* 0 while parsing: not given */
	int64_t warn_before_s;                  /* 0: never offers renewal */
	enum psg_scope scope;
	bool has_scope; /* false: Gate's defaultScope */
	enum psg_reason_rule reason;
	char *reason_pattern; /* POSIX ERE, anchored to the whole text; "" for any */
	enum psg_enrollment enrollment;
	int64_t
	    enroll_within_s; /* of the assignment, with enrollment Self; 0 while parsing: not given */
	bool end_sessions;
	struct psg_unix_group_grant *unix_groups;
	size_t unix_group_count;
};

#define PSG_ENROLL_WITHIN_DEFAULT_S (INT64_C(7) * 86400)
#define PSG_THROTTLE_ATTEMPTS_MAX 100U
#define PSG_WINDOW_MAX 10U

struct psg_throttle {
	uint32_t attempts; /* at once, 1 to PSG_THROTTLE_ATTEMPTS_MAX */
	int64_t delay_s, maximum_delay_s;
};

struct psg_gate_settings {
	int64_t default_lifetime_s;
	enum psg_scope default_scope;
	struct psg_strings exempt_users; /* sorted */
	char *issuer;                    /* "" for the host name */
	struct psg_throttle throttle;
	uint32_t window_steps; /* to each side, 0 to PSG_WINDOW_MAX */
};

struct psg_assignment {
	char *assignee; /* "alice" or "%wheel" */
	enum psg_target_kind kind;
	char *target;
	int64_t until_s;   /* since 1970; 0: no end */
	int64_t created_s; /* since 1970; 0: not known (made before this was kept) */
};

/* Whether what was assigned until then is over: at its very second. 0: never. */
bool psg_until_over(int64_t until_s, int64_t now_s);

struct psg_assignments {
	struct psg_assignment *items;
	size_t count;
};

/* A metadata file as it was deployed. */
struct psg_document {
	char *type; /* "PermissionSetGroup", "ActivationPolicy", "Settings", … */
	char *name; /* API name; "Gate" for Settings */
	char *path; /* relative to the package, for messages */
	char *bytes;
	size_t len;
};

struct psg_model {
	struct psg_permission_set *sets;
	size_t set_count;
	struct psg_permission_set *muting_sets;
	size_t muting_set_count;
	struct psg_group *groups;
	size_t group_count;
	struct psg_activation_policy *policies;
	size_t policy_count;
	struct psg_gate_settings settings;
	bool has_settings; /* false: the defaults of DESIGN section 1 */
	struct psg_document *documents;
	size_t document_count;
};

/* The settings as DESIGN section 1 shows them. Errors: PSG_ERR_NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_gate_settings_default(struct psg_gate_settings *ret);

void psg_permission_set_clear(struct psg_permission_set *set);
void psg_group_clear(struct psg_group *group);
void psg_activation_policy_clear(struct psg_activation_policy *policy);
void psg_gate_settings_clear(struct psg_gate_settings *settings);
void psg_assignment_clear(struct psg_assignment *assignment);
void psg_assignments_clear(struct psg_assignments *list);
void psg_document_clear(struct psg_document *document);
void psg_model_clear(struct psg_model *model);

/* The API's spelling: "PermissionSetGroup", "Updated", "Session", "Required", "Admin". Never NULL. */
const char *psg_target_kind_name(enum psg_target_kind kind);
const char *psg_group_status_name(enum psg_group_status status);
const char *psg_scope_name(enum psg_scope scope);
const char *psg_reason_rule_name(enum psg_reason_rule rule);
const char *psg_enrollment_name(enum psg_enrollment enrollment);

#endif
