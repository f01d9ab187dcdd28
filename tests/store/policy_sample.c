#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_sample.h"

/* "a b c" into a sorted list. */
struct psg_strings policy_sample_words(const char *text)
{
	struct psg_strings list = {0};
	char *copy = strdup(text), *rest = copy;

	assert_non_null(copy);
	for (char *word; (word = strsep(&rest, " "));)
		if (*word)
			assert_int_equal(psg_strings_add(&list, word), PSG_OK);
	free(copy);
	psg_strings_sort(&list);
	return list;
}

static struct psg_permission_set set(const char *name, bool requires_activation,
				     const char *permissions)
{
	return (struct psg_permission_set){.name = strdup(name),
					   .label = strdup("A \"label\" \xc3\xa9"),
					   .requires_activation = requires_activation,
					   .permissions = policy_sample_words(permissions)};
}

static struct psg_group group(const char *name, bool requires_activation, const char *sets,
			      const char *muting_sets)
{
	return (struct psg_group){.name = strdup(name),
				  .description = strdup("Über alles, was hier ist."),
				  .requires_activation = requires_activation,
				  .sets = policy_sample_words(sets),
				  .muting_sets = policy_sample_words(muting_sets),
				  .status = PSG_STATUS_UPDATED,
				  .permission_count = 4};
}

static struct psg_document document(const char *type, const char *name, const char *bytes,
				    size_t len)
{
	struct psg_document made = {.type = strdup(type),
				    .name = strdup(name),
				    .path = strdup("some/where.xml"),
				    .bytes = calloc(1, len + 1),
				    .len = len};

	assert_non_null(made.bytes);
	memcpy(made.bytes, bytes, len);
	return made;
}

static void fill_policies(struct psg_model *model)
{
	model->policies = calloc(2, sizeof(*model->policies));
	model->policy_count = 2;
	model->policies[0] = (struct psg_activation_policy){
	    .name = strdup("Ops"),
	    .lifetime_s = 3600,
	    .maximum_lifetime_s = 7200,
	    .warn_before_s = 300,
	    .scope = PSG_SCOPE_SESSION,
	    .has_scope = true,
	    .reason = PSG_REASON_REQUIRED,
	    .reason_pattern = strdup("(INC|CHG)[0-9]+.*"),
	    .enrollment = PSG_ENROLLMENT_SELF,
	    .enroll_within_s = 86400,
	    .end_sessions = true,
	    .unix_groups = calloc(1, sizeof(struct psg_unix_group_grant)),
	    .unix_group_count = 1,
	};
	model->policies[0].unix_groups[0].group = strdup("finance");
	model->policies[0].unix_groups[0].permission = strdup("EditBillingInfo");
	model->policies[1] =
	    (struct psg_activation_policy){.name = strdup("Plain"), .maximum_lifetime_s = 600};
}

void policy_sample_model(struct psg_model *ret)
{
	*ret = (struct psg_model){
	    .sets = calloc(3, sizeof(*ret->sets)),
	    .set_count = 3,
	    .muting_sets = calloc(1, sizeof(*ret->muting_sets)),
	    .muting_set_count = 1,
	    .groups = calloc(3, sizeof(*ret->groups)),
	    .group_count = 3,
	    .has_settings = true,
	    .settings = {.default_lifetime_s = 1800,
			 .default_scope = PSG_SCOPE_HOST,
			 .exempt_users = policy_sample_words("backup monitor"),
			 .issuer = strdup("example.com"),
			 .throttle = {.attempts = 3, .delay_s = 10, .maximum_delay_s = 60},
			 .window_steps = 2},
	    .documents = calloc(3, sizeof(*ret->documents)),
	    .document_count = 3,
	};
	ret->sets[0] =
	    set("Reader", false, "applicationVisibilities.sshd userPermissions.ViewSetup");
	ret->sets[1] =
	    set("Operator", true, "applicationVisibilities.sshd applicationVisibilities.sudo");
	ret->sets[2] = set("Plain", false, "customPermissions.Deploy");
	ret->muting_sets[0] =
	    set("Quiet", false, "applicationVisibilities.sshd customPermissions.Deploy");
	ret->groups[0] = group("Ops", true, "Operator Reader", "Quiet");
	ret->groups[1] = group("Open", false, "Reader", "");
	ret->groups[2] = group("Broken", false, "Gone", "");
	ret->groups[2].status = PSG_STATUS_FAILED;
	ret->groups[2].status_reason = strdup("The permission set Gone does not exist.");
	fill_policies(ret);
	ret->documents[0] = document("Settings", "Gate", "<a>\0\xff</a>", 9);
	ret->documents[1] = document("PermissionSetGroup", "Ops", "<b/>", 4);
	ret->documents[2] = document("PermissionSetGroup", "Open", "", 0);
}

void policy_sample_assign(struct psg_assignments *list, const char *assignee,
			  enum psg_target_kind kind, const char *target, int64_t until_s)
{
	list->items = reallocarray(list->items, list->count + 1, sizeof(*list->items));
	assert_non_null(list->items);
	list->items[list->count++] = (struct psg_assignment){.assignee = strdup(assignee),
							     .kind = kind,
							     .target = strdup(target),
							     .until_s = until_s,
							     .created_s = POLICY_SAMPLE_SINCE_S};
}

void policy_sample_assignments(struct psg_assignments *ret)
{
	*ret = (struct psg_assignments){0};
	policy_sample_assign(ret, "bob", PSG_TARGET_GROUP, "Open", 0);
	policy_sample_assign(ret, "alice", PSG_TARGET_SET, "Plain", 0);
	policy_sample_assign(ret, "%wheel", PSG_TARGET_GROUP, "Ops", 1000);
	policy_sample_assign(ret, "alice", PSG_TARGET_GROUP, "Ops", INT64_C(4000000000));
}
