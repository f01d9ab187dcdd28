/* The kinds of file we keep, and the elements of all but the permission sets. */
#include "metadata.h"

#include "psg/log.h"

#include <string.h>

#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define FULL_NAME                                                                                  \
	{                                                                                          \
		.name = "fullName", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_DERIVED         \
	}

const struct psg_element_type psg_group_elements[] = {
    {.name = "description", .kind = PSG_ELEMENT_TEXT, .high = 255},
    FULL_NAME,
    {.name = "hasActivationRequired", .kind = PSG_ELEMENT_BOOLEAN, .since = 53},
    {.name = "label",
     .kind = PSG_ELEMENT_TEXT,
     .flags = PSG_ELEMENT_REQUIRED | PSG_ELEMENT_LINE,
     .high = 80},
    {.name = "mutingPermissionSets",
     .kind = PSG_ELEMENT_NAME,
     .flags = PSG_ELEMENT_REPEATS,
     .since = 46},
    {.name = "permissionSets", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_REPEATS},
    /* Read-only: recalculation sets it, whatever a retrieved file says. */
    {.name = "status",
     .kind = PSG_ELEMENT_TEXT,
     .flags = PSG_ELEMENT_DERIVED,
     .high = PSG_XML_SIZE_MAX},
    END,
};

static const char *const scopes[] = {"Session", "Host", NULL};
static const char *const reasons[] = {"None", "Optional", "Required", NULL};
static const char *const enrollments[] = {"Admin", "Self", NULL};

static const struct psg_element_type unix_group[] = {
    {.name = "group", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_REQUIRED | PSG_ELEMENT_KEY},
    {.name = "permission",
     .kind = PSG_ELEMENT_NAME,
     .flags = PSG_ELEMENT_REQUIRED | PSG_ELEMENT_KEY},
    END,
};

const struct psg_element_type psg_policy_elements[] = {
    {.name = "endSessions", .kind = PSG_ELEMENT_BOOLEAN},
    {.name = "enrollWithin", .kind = PSG_ELEMENT_DURATION},
    {.name = "enrollment",
     .kind = PSG_ELEMENT_ENUM,
     .type_name = "Enrollment",
     .values = enrollments},
    FULL_NAME,
    {.name = "lifetime", .kind = PSG_ELEMENT_DURATION},
    {.name = "maximumLifetime", .kind = PSG_ELEMENT_DURATION},
    {.name = "reason", .kind = PSG_ELEMENT_ENUM, .type_name = "Reason", .values = reasons},
    {.name = "reasonPattern", .kind = PSG_ELEMENT_TEXT, .flags = PSG_ELEMENT_LINE, .high = 255},
    {.name = "scope", .kind = PSG_ELEMENT_ENUM, .type_name = "Scope", .values = scopes},
    {.name = "unixGroups",
     .kind = PSG_ELEMENT_ITEM,
     .flags = PSG_ELEMENT_REPEATS,
     .type_name = "UnixGroup",
     .children = unix_group},
    {.name = "warnBefore", .kind = PSG_ELEMENT_DURATION},
    END,
};

static const struct psg_element_type throttle[] = {
    {.name = "attempts", .kind = PSG_ELEMENT_NUMBER, .low = 1, .high = PSG_THROTTLE_ATTEMPTS_MAX},
    {.name = "delay", .kind = PSG_ELEMENT_DURATION},
    {.name = "maximumDelay", .kind = PSG_ELEMENT_DURATION},
    END,
};

const struct psg_element_type psg_gate_elements[] = {
    {.name = "defaultLifetime", .kind = PSG_ELEMENT_DURATION},
    {.name = "defaultScope", .kind = PSG_ELEMENT_ENUM, .type_name = "Scope", .values = scopes},
    {.name = "exemptUsers", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_REPEATS},
    FULL_NAME,
    {.name = "issuer", .kind = PSG_ELEMENT_TEXT, .flags = PSG_ELEMENT_LINE, .high = 80},
    {.name = "logMaximumSize", .kind = PSG_ELEMENT_NUMBER, .low = 1, .high = PSG_LOG_MIB_MAX},
    {.name = "logRetention", .kind = PSG_ELEMENT_DURATION},
    {.name = "throttle", .kind = PSG_ELEMENT_ITEM, .type_name = "Throttle", .children = throttle},
    {.name = "window", .kind = PSG_ELEMENT_NUMBER, .low = 0, .high = PSG_WINDOW_MAX},
    END,
};

static const struct psg_element_type package_types[] = {
    {.name = "members", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_REPEATS | PSG_ELEMENT_TWICE},
    {.name = "name", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_REQUIRED},
    END,
};

const struct psg_element_type psg_manifest_elements[] = {
    {.name = "apiAccessLevel"},
    {.name = "description"},
    {.name = "fullName"},
    {.name = "modules"}, /* of connected applications, as retrieved; in no WSDL */
    {.name = "namespacePrefix"},
    {.name = "objectPermissions", .flags = PSG_ELEMENT_REPEATS},
    {.name = "packageType"},
    {.name = "postInstallClass"},
    {.name = "setupWeblink"},
    {.name = "types",
     .kind = PSG_ELEMENT_ITEM,
     .flags = PSG_ELEMENT_REPEATS | PSG_ELEMENT_TWICE | PSG_ELEMENT_HOLLOW,
     .type_name = "PackageTypeMembers",
     .children = package_types},
    {.name = "uninstallClass"},
    {.name = "version", .kind = PSG_ELEMENT_NAME},
    END,
};

const struct psg_file_type psg_file_types[] = {
    {"ActivationPolicy", "activationpolicies", ".activationpolicy", "ActivationPolicy", PSG_NS_OWN,
     psg_policy_elements, psg_build_policy, 0},
    {"MutingPermissionSet", "mutingpermissionsets", ".mutingpermissionset", "MutingPermissionSet",
     PSG_NS_SALESFORCE, psg_set_elements, psg_build_muting_set, 46},
    {"PermissionSet", "permissionsets", ".permissionset", "PermissionSet", PSG_NS_SALESFORCE,
     psg_set_elements, psg_build_set, 22},
    {"PermissionSetGroup", "permissionsetgroups", ".permissionsetgroup", "PermissionSetGroup",
     PSG_NS_SALESFORCE, psg_group_elements, psg_build_group, 45},
    {"Settings", "settings", ".settings", "GateSettings", PSG_NS_OWN, psg_gate_elements,
     psg_build_gate, 0},
    {.name = NULL},
};

const struct psg_file_type *psg_file_type_find(const char *name)
{
	const struct psg_file_type *type = psg_file_types;

	while (type->name && strcmp(type->name, name) != 0)
		type++;
	return type->name ? type : NULL;
}

const struct psg_element_type *psg_element_type_find(const struct psg_element_type *table,
						     const char *name)
{
	/* Half a million lookups a file: the first letter tells most apart. */
	while (table->name && (table->name[0] != name[0] || strcmp(table->name, name) != 0))
		table++;
	return table->name ? table : NULL;
}
