/* The policy is replaced while prompts wait and while gates are passed: every answer is of one policy, the one before
 * or the one after, never of some of both and never an error; and once `deploy` has returned, of the one after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "arena.h"

#define LOGINS 12U
#define CHECKERS 8U
#define CHECKS 40

static struct world world;
static struct arena *arena;

/* -- gates passed -- */

static int account(void)
{
	world.person = (struct person){.conv_code = PAM_CONV_ERR};
	world.pamh = NULL;
	world_start(&world, "account", WORLD_USER);
	int result = pam_acct_mgmt(world.pamh, 0);

	world_end(&world);
	return result;
}

static const struct world_policy *turns[2];
static int wanted;

/* Not one of them may be anything else; returns how many were. */
static int check_gates(struct arena *all, unsigned self)
{
	int others = 0;

	if (self == CHECKERS) {
		arena_wait(all, self);
		for (unsigned i = 0; all->told < CHECKERS; i++)
			world_deploy(&world, turns[i % 2]);
		return 0;
	}
	arena_wait(all, self);
	for (int i = 0; i < CHECKS; i++)
		others += account() != wanted;
	(void)__atomic_add_fetch(&all->told, 1, __ATOMIC_SEQ_CST);
	return others;
}

static void swap_under_gates(const struct world_policy *one, const struct world_policy *other,
			     bool active, int result)
{
	turns[0] = one;
	turns[1] = other;
	wanted = result;
	for (unsigned round = 0; round < soak(2, 15); round++) {
		world_make(&world, one);
		world_stack(&world, "account", "application=gate noprompt");
		if (active)
			world_activate(&world, 0, 600, NULL);
		arena_run(arena, CHECKERS + 1, check_gates);
		for (unsigned i = 0; i < CHECKERS; i++)
			if (arena->racers[i].result != 0)
				fail_msg("round %u: %d of %d answers are of neither policy", round,
					 arena->racers[i].result, CHECKS);
		world_drop(&world);
	}
}

/* In one nobody is assigned what needs no activation, in the other somebody is who has none: who is assigned by one
 * of them and asked for an activation by the other would be in. */
static void never_in_by_a_mixture(void **state)
{
	static const struct world_policy one = {.unassigned = true},
					 other = {.requires_activation = true};

	(void)state;
	swap_under_gates(&one, &other, false, PAM_PERM_DENIED);
}

static void never_out_by_a_mixture(void **state)
{
	static const struct world_policy one = {.requires_activation = true,
						.scope = PSG_SCOPE_HOST},
					 other = {.second_group = true};

	(void)state;
	swap_under_gates(&one, &other, true, PAM_SUCCESS);
}

/* -- prompts that wait -- */

static struct psg_credential devices[LOGINS];
static char codes[LOGINS][PSG_CODE_DIGITS_MAX + 1];
static char packages[2][128];

/* Writes one file of a package. */
static void put(const char *package, const char *folder, const char *name, const char *text)
{
	char path[256];

	(void)mkdir(package, 0755);
	snprintf(path, sizeof(path), "%s/%s", package, folder);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", package, folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_package(const char *package, const char *application, bool required,
			unsigned lifetime_s)
{
	static const char salesforce[] = "http://soap.sforce.com/2006/04/metadata";
	char text[1024];

	snprintf(text, sizeof(text),
		 "<PermissionSet xmlns=\"%s\"><label>Login</label><applicationVisibilities>"
		 "<application>%s</application><visible>true</visible></applicationVisibilities>"
		 "</PermissionSet>\n",
		 salesforce, application);
	put(package, "permissionsets", "Login_PS.permissionset", text);
	snprintf(
	    text, sizeof(text),
	    "<PermissionSetGroup xmlns=\"%s\"><hasActivationRequired>%s</hasActivationRequired>"
	    "<label>Operators</label><permissionSets>Login_PS</permissionSets>"
	    "</PermissionSetGroup>\n",
	    salesforce, required ? "true" : "false");
	put(package, "permissionsetgroups", WORLD_GROUP ".permissionsetgroup", text);
	snprintf(text, sizeof(text),
		 "<ActivationPolicy xmlns=\"urn:pam-psg:metadata\"><lifetime>PT%uS</lifetime>"
		 "<scope>Host</scope></ActivationPolicy>\n",
		 lifetime_s);
	put(package, "activationpolicies", WORLD_GROUP ".activationpolicy", text);
	put(package, "settings", "Gate.settings",
	    "<GateSettings xmlns=\"urn:pam-psg:metadata\"><throttle><attempts>100</attempts>"
	    "</throttle></GateSettings>\n");
}

static int psgctl(const char *verb, const char *word, const char *more)
{
	const char *words[] = {verb, word, more, NULL};

	return arena_psgctl(&world, words);
}

static void prompted(void *arg)
{
	unsigned self = *(unsigned *)arg;

	arena_wait(arena, self);
	/* Every other one answers when deploy has returned. */
	while (self % 2 && !arena->stop)
		(void)usleep(200);
}

/* The logins, one deploy of the second package, two recalculations. */
static int log_in_or_deploy(struct arena *all, unsigned self)
{
	if (self < LOGINS) {
		world.person = (struct person){
		    .answers = {codes[self]}, .before_answer = prompted, .arg = &self};
		world.pamh = NULL;
		world_start(&world, "gate", WORLD_USER);
		return pam_authenticate(world.pamh, 0);
	}
	arena_wait(all, self);
	if (self > LOGINS)
		return psgctl("recalculate", NULL, NULL);
	int result = psgctl("deploy", packages[1], NULL);

	all->stop = 1;
	return result;
}

static void begin(void)
{
	static const struct world_policy nothing = {.unassigned = true};
	char policy[128];

	world_make(&world, &nothing);
	world_stack(&world, "account", "application=gate noprompt");
	/* What psgctl is to derive again it must have been given itself. */
	snprintf(policy, sizeof(policy), "%s/policy", world.store_dir);
	assert_int_equal(unlink(policy), 0);
	assert_int_equal(psgctl("init", NULL, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		snprintf(packages[i], sizeof(packages[i]), "%s/package%u", world.dir, i);
	put_package(packages[0], "gate", true, 3600);
	assert_int_equal(psgctl("deploy", packages[0], NULL), 0);
	assert_int_equal(psgctl("assign", WORLD_USER, WORLD_GROUP), 0);
	for (unsigned i = 0; i < LOGINS; i++) {
		devices[i] = world_device(&world, WORLD_USER, i, NULL);
		(void)world_code_of(&world, &devices[i], 0, codes[i]);
	}
}

struct change {
	const char *application;
	bool required;
	unsigned lifetime_s;
	int answered_after; /* what a login comes to that was answered when deploy had returned */
	int account;        /* what a gate says that nobody activated for since */
};

static unsigned before_won, before_lost;

static void expect_change(const struct change *change, unsigned round)
{
	for (unsigned i = 0; i < LOGINS; i++) {
		int result = arena->racers[i].result;

		/* For the Host a newer activation may end an older one first. */
		if (i % 2 && result != change->answered_after && result != PAM_AUTH_ERR)
			fail_msg("round %u: answered after deploy, it came to %d", round, result);
		if (result != PAM_SUCCESS && result != PAM_AUTH_ERR)
			fail_msg("round %u: answered during deploy, it came to %d", round, result);
		before_won += i % 2 == 0 && result == PAM_SUCCESS;
		before_lost += i % 2 == 0 && result != PAM_SUCCESS;
	}
	for (unsigned i = LOGINS; i < LOGINS + 3; i++)
		assert_int_equal(arena->racers[i].result, 0);
	if (change->account != PAM_SUCCESS)
		assert_int_equal(account(), change->account);
}

static void the_new_policy_decides(void **state)
{
	static const struct change changes[] = {
	    {"gate", true, 60, PAM_AUTH_ERR, PAM_SUCCESS},
	    {"other", true, 3600, PAM_AUTH_ERR, PAM_PERM_DENIED},
	    {"gate", false, 3600, PAM_SUCCESS, PAM_SUCCESS},
	    {"gate", true, 7200, PAM_SUCCESS, PAM_SUCCESS},
	};

	(void)state;
	for (unsigned round = 0; round < soak(8, 160); round++) {
		const struct change *change = &changes[round % PSG_COUNT(changes)];

		begin();
		put_package(packages[1], change->application, change->required, change->lifetime_s);
		arena_run(arena, LOGINS + 3, log_in_or_deploy);
		expect_change(change, round);
		/* Where nothing is demanded any more everybody is let in. */
		if (!change->required)
			assert_int_equal(account(), PAM_SUCCESS);
		world_drop(&world);
	}
	print_message("           answered during deploy: %u let in, %u refused\n", before_won,
		      before_lost);
	assert_true(before_won > 0 && before_lost > 0);
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(never_in_by_a_mixture),
	    cmocka_unit_test(never_out_by_a_mixture),
	    cmocka_unit_test(the_new_policy_decides),
	};

	arena = arena_new();
	return cmocka_run_group_tests_name("race_policy", list, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(tests);
}
