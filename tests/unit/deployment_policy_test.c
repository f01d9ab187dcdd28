/* Activation policies against what they govern, and against Gate and the host. */
#include "metadata_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define POLICY_A "activationpolicies/A.activationpolicy"
#define GROUP_G "permissionsetgroups/G.permissionsetgroup"

static void policies(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY(FIXTURE_LENT("adm", "P")), NULL);
	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY(FIXTURE_LENT("adm", "R")),
		       POLICY_A
		       ":2:1 <permission> Warning: 'A' does not give the permission 'R': its Unix "
		       "group 'adm' is never lent");
	fixture_expect(
	    fixture, POLICY_A, FIXTURE_POLICY("\n" FIXTURE_LENT("no-such-group", "P")),
	    POLICY_A ":2:13 <group> Warning: There is no Unix group 'no-such-group' on this host");
	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY("\n" FIXTURE_LENT("root", "P")),
		       POLICY_A ":2:13 <group> Warning: The Unix group 'root' is root's (gid 0): "
				"it is never lent");
	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY("\n<maximumLifetime>1h</maximumLifetime>"),
		       POLICY_A
		       ":2:1 <maximumLifetime> Error: maximumLifetime is shorter than the default "
		       "lifetime, PT8H");
	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY("\n<warnBefore>8h</warnBefore>"),
		       POLICY_A
		       ":2:1 <warnBefore> Error: warnBefore is not shorter than the default "
		       "lifetime, PT8H");
	fixture_put(fixture->directory, "settings/Gate.settings",
		    FIXTURE_GATE("<defaultLifetime>9h</defaultLifetime>"));
	fixture_expect(fixture, POLICY_A, FIXTURE_POLICY("\n<warnBefore>8h</warnBefore>"), NULL);
	fixture_expect(
	    fixture, "activationpolicies/Ghost.activationpolicy", FIXTURE_POLICY(""),
	    "activationpolicies/Ghost.activationpolicy:0:0 <> Error: The activation policy governs "
	    "nothing: there is neither a permission set group nor a permission set named 'Ghost'");
}

static void custom_permission_is_lent(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(
	    fixture->directory, "permissionsets/B.permissionset",
	    FIXTURE_SET(
		"<customPermissions><enabled>true</enabled><name>C</name></customPermissions>"));
	fixture_expect(fixture, "activationpolicies/B.activationpolicy",
		       FIXTURE_POLICY(FIXTURE_LENT("adm", "C")), NULL);
}

static void muted_permission_is_not_lent(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_put(fixture->directory, GROUP_G,
		    FIXTURE_GROUP(FIXTURE_MEMBER("A") FIXTURE_MUTING_MEMBER("M")));
	fixture_expect(
	    fixture, "activationpolicies/G.activationpolicy",
	    FIXTURE_POLICY(FIXTURE_LENT("adm", "P") FIXTURE_LENT("adm", "Q")),
	    "activationpolicies/G.activationpolicy:3:1 <permission> Warning: 'G' does not give "
	    "the "
	    "permission 'Q': its Unix group 'adm' is never lent");
}

/* What it governs came with an earlier package. */
static void deployed_by_itself(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_expect(fixture, GROUP_G, FIXTURE_GROUP(FIXTURE_MEMBER("A")), NULL);
	fixture_commit(fixture);
	fixture_put(fixture->directory, "activationpolicies/G.activationpolicy",
		    FIXTURE_POLICY(FIXTURE_LENT("adm", "P")));
	fixture_put(fixture->directory, POLICY_A, FIXTURE_POLICY(FIXTURE_LENT("adm", "Q")));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_none(&fixture->now.problems);
	fixture_commit(fixture);
	/* What it lends is judged anew when its group gives it no more, though its file is not in the package. */
	fixture_put(fixture->directory, FIXTURE_SET_A, FIXTURE_SET(FIXTURE_PERMISSION("Q")));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_only(&fixture->now.problems,
			    ":0:0 <permission> Warning: 'G' does not give the permission 'P': its "
			    "Unix group 'adm' is never lent");
	/* So are all lifetimes when the default changes. */
	fixture_put(fixture->directory, FIXTURE_SET_A,
		    FIXTURE_SET(FIXTURE_PERMISSION("P") FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, POLICY_A, FIXTURE_POLICY("<warnBefore>2h</warnBefore>"));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	fixture_put(fixture->directory, "settings/Gate.settings",
		    FIXTURE_GATE("<defaultLifetime>1h</defaultLifetime>"));
	fixture_prepare(fixture, fixture->directory);
	fixture_assert_only(&fixture->now.problems,
			    ":0:0 <warnBefore> Error: warnBefore is not shorter than the default "
			    "lifetime, PT1H");
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_deployment_set_up,                       \
					fixture_deployment_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(policies),
	    TEST(custom_permission_is_lent),
	    TEST(muted_permission_is_not_lent),
	    TEST(deployed_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
