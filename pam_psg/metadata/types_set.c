/* PermissionSet and MutingPermissionSet, as the Metadata API's WSDL has them up to version 64 (which leaves out
 * userLicense, of version 37 and before). */
#include "metadata.h"

#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define KEY(child)                                                                                 \
	{                                                                                          \
		.name = (child), .kind = PSG_ELEMENT_NAME,                                         \
		.flags = PSG_ELEMENT_REQUIRED | PSG_ELEMENT_KEY                                    \
	}
#define RIGHT(child)                                                                               \
	{                                                                                          \
		.name = (child), .kind = PSG_ELEMENT_BOOLEAN, .flags = PSG_ELEMENT_REQUIRED        \
	}
#define RIGHT_OPTIONAL(child)                                                                      \
	{                                                                                          \
		.name = (child), .kind = PSG_ELEMENT_BOOLEAN                                       \
	}
/* An item with one right. */
#define ACCESS(table, key, right)                                                                  \
	static const struct psg_element_type table[] = {KEY(key), RIGHT(right), END}
#define ITEM(element, type, table, version)                                                        \
	{                                                                                          \
		.name = (element), .kind = PSG_ELEMENT_ITEM, .flags = PSG_ELEMENT_REPEATS,         \
		.type_name = (type), .children = (table), .since = (version)                       \
	}

ACCESS(agent, "agentName", "enabled");
ACCESS(application, "application", "visible");
ACCESS(apex_class, "apexClass", "enabled");
ACCESS(apex_page, "apexPage", "enabled");
ACCESS(flow, "flow", "enabled");
ACCESS(named, "name", "enabled");
ACCESS(principal, "externalCredentialPrincipal", "enabled");
ACCESS(presence, "servicePresenceStatus", "enabled");
ACCESS(record_type, "recordType", "visible");
ACCESS(source, "externalDataSource", "enabled");

/* The WSDL requires these rights but the last of each. Salesforce deploys files that leave some out (seen in its own
 * samples): what is not there is false. */
static const struct psg_element_type field[] = {KEY("field"), RIGHT_OPTIONAL("editable"),
						RIGHT_OPTIONAL("readable"), END};
static const struct psg_element_type object[] = {
    KEY("object"),
    RIGHT_OPTIONAL("allowCreate"),
    RIGHT_OPTIONAL("allowDelete"),
    RIGHT_OPTIONAL("allowEdit"),
    RIGHT_OPTIONAL("allowRead"),
    RIGHT_OPTIONAL("modifyAllRecords"),
    RIGHT_OPTIONAL("viewAllRecords"),
    {.name = "viewAllFields", .kind = PSG_ELEMENT_BOOLEAN, .since = 63},
    END};

static const char *const visibility[] = {"None", "Available", "Visible", NULL};
static const struct psg_element_type tab[] = {KEY("tab"),
					      {.name = "visibility",
					       .kind = PSG_ELEMENT_ENUM,
					       .flags = PSG_ELEMENT_REQUIRED,
					       .type_name = "PermissionSetTabVisibility",
					       .values = visibility},
					      END};

const struct psg_element_type psg_set_elements[] = {
    ITEM("agentAccesses", "PermissionSetAgentAccess", agent, 63),
    ITEM("applicationVisibilities", "PermissionSetApplicationVisibility", application, 29),
    ITEM("classAccesses", "PermissionSetApexClassAccess", apex_class, 23),
    ITEM("customMetadataTypeAccesses", "PermissionSetCustomMetadataTypeAccess", named, 47),
    ITEM("customPermissions", "PermissionSetCustomPermissions", named, 31),
    ITEM("customSettingAccesses", "PermissionSetCustomSettingAccess", named, 47),
    {.name = "description", .kind = PSG_ELEMENT_TEXT, .high = 255},
    ITEM("emailRoutingAddressAccesses", "PermissionSetEmailRoutingAddressAccess", named, 62),
    ITEM("externalCredentialPrincipalAccesses", "PermissionSetExternalCredentialPrincipalAccess",
	 principal, 59),
    ITEM("externalDataSourceAccesses", "PermissionSetExternalDataSourceAccess", source, 27),
    ITEM("fieldPermissions", "PermissionSetFieldPermissions", field, 23),
    ITEM("flowAccesses", "PermissionSetFlowAccess", flow, 47),
    {.name = "fullName", .kind = PSG_ELEMENT_NAME, .flags = PSG_ELEMENT_DERIVED},
    {.name = "hasActivationRequired", .kind = PSG_ELEMENT_BOOLEAN, .since = 37},
    {.name = "label",
     .kind = PSG_ELEMENT_TEXT,
     .flags = PSG_ELEMENT_REQUIRED | PSG_ELEMENT_LINE,
     .high = 80},
    {.name = "license",
     .kind = PSG_ELEMENT_TEXT,
     .flags = PSG_ELEMENT_LINE,
     .high = 255,
     .since = 38},
    ITEM("objectPermissions", "PermissionSetObjectPermissions", object, 23),
    ITEM("pageAccesses", "PermissionSetApexPageAccess", apex_page, 23),
    ITEM("recordTypeVisibilities", "PermissionSetRecordTypeVisibility", record_type, 29),
    ITEM("servicePresenceStatusAccesses", "PermissionSetServicePresenceStatusAccess", presence, 64),
    ITEM("tabSettings", "PermissionSetTabSetting", tab, 26),
    {.name = "userLicense", .kind = PSG_ELEMENT_TEXT, .flags = PSG_ELEMENT_LINE, .high = 255},
    ITEM("userPermissions", "PermissionSetUserPermission", named, 0),
    END,
};
