/* Around the session: the key before it, the ticket to it, who opens logins, pam_systemd's limit, whose process it is. */
#include <dlfcn.h>
#include <security/pam_modules.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

static struct world world;
static const struct world_policy session_policy = {.requires_activation = true,
						   .scope = PSG_SCOPE_SESSION};

static int make_session_world(void **state)
{
	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	world_drop(&world);
	return 0;
}

static void answer(const char *first)
{
	world.person = (struct person){.answers = {first}};
}

static void after_publickey(void **state)
{
	(void)state;
	world_stack(&world, "gate", "after=publickey");
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_not_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 0);
	assert_int_equal(pam_putenv(world.pamh, "SSH_AUTH_INFO_0=password\nxpublickey k"),
			 PAM_SUCCESS);
	assert_int_not_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_putenv(world.pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"),
			 PAM_SUCCESS);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 1);
	/* Root has passed by key alone, and by nothing less. */
	world_start(&world, "gate", "root");
	assert_int_not_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_putenv(world.pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"),
			 PAM_SUCCESS);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
}

static void a_wrong_code_leaves_no_ticket(void **state)
{
	(void)state;
	answer("000000");
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	assert_null(pam_getenv(world.pamh, "PSG_TICKET"));
}

static int su_that_leads(void)
{
	if (setresuid(65534, 0, 0) != 0)
		return 99;
	answer(world_code(&world, 0));
	world_start(&world, "su", "root");
	if (pam_acct_mgmt(world.pamh, 0) || pam_open_session(world.pamh, 0))
		return 1;
	if (pam_close_session(world.pamh, 0))
		return 2;
	return world_activation(&world).ended ? 3 : 0;
}

/* `exec su` makes it the leader of the session that it is in; that session is still not its own. */
static void su_ends_no_session(void **state)
{
	(void)state;
	world_stack(&world, "su", "application=gate");
	assert_int_equal(world_in_new_session(su_that_leads), 0);
}

static size_t logins(void)
{
	struct psg_logins list = {0};

	assert_int_equal(psg_logins_list(world.store, &list), PSG_OK);
	size_t count = list.count;

	psg_logins_clear(&list);
	return count;
}

static int open_without_answer(void)
{
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	return pam_open_session(world.pamh, 0);
}

static int stranger_opens(void)
{
	return open_without_answer() == PAM_SUCCESS ? (int)logins() : 99;
}

/* Whom no rule means passes, and the store does not grow by it. */
static void strangers_leave_no_login(void **state)
{
	const struct world_policy policy = {.unassigned = true};

	(void)state;
	world_deploy(&world, &policy);
	world_stack(&world, "gate", "unassigned_ok");
	assert_int_equal(world_in_new_session(stranger_opens), 0);
}

/* As root's: an id that the parent has not. As a person's: an orphan's of whatever login. */
static int opens_with_a_new_id(uid_t real)
{
	FILE *loginuid = fopen("/proc/self/loginuid", "w");

	if (!loginuid || fprintf(loginuid, "65534") < 0 || fclose(loginuid))
		return 98;
	if (setresuid(real, 0, 0) != 0)
		return 97;
	return open_without_answer() == PAM_SUCCESS ? (int)logins() : 99;
}

static int root_opens(void)
{
	return opens_with_a_new_id(0);
}

static int person_opens(void)
{
	return opens_with_a_new_id(65534);
}

static void only_root_opens_logins(void **state)
{
	(void)state;
	world_activate(&world, 0, 3600, NULL);
	assert_int_equal(world_in_new_session(person_opens), 0);
	assert_int_equal(world_in_new_session(root_opens), 1);
}

/* What libpam's pam_set_data was called with: pam_systemd's limit, as pam_systemd finds it. */
static char limit[64];

__attribute__((visibility("default"))) int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
	     void (*cleanup)(pam_handle_t *, void *, int))
{
	int (*real)(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int));

	*(void **)&real = dlsym(RTLD_NEXT, "pam_set_data");
	if (strcmp(name, "systemd.runtime_max_sec") == 0)
		snprintf(limit, sizeof(limit), "%s", (const char *)data);
	return real(pamh, name, data, cleanup);
}

static void open_limited(const struct world_policy *policy, int64_t age_s)
{
	limit[0] = '\0';
	world_deploy(&world, policy);
	world_activate(&world, age_s, 600, NULL);
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
}

/* A value that pam_systemd cannot parse means no limit to it: digits, and never zero (trap 9). */
static void pam_systemd_is_handed_the_limit(void **state)
{
	struct world_policy policy = {.requires_activation = true,
				      .scope = PSG_SCOPE_HOST,
				      .lifetime_s = 600,
				      .maximum_lifetime_s = 1000};

	(void)state;
	open_limited(&policy, 100);
	assert_string_equal(limit, "");
	policy.end_sessions = true;
	open_limited(&policy, 100);
	assert_int_equal(strspn(limit, "0123456789"), strlen(limit));
	/* From its first start to the end of its maximum, whatever the lifetime of this one. */
	assert_in_range(atol(limit), 880, 900);
}

static int stranger_under_a_limit(void)
{
	const struct rlimit memory = {1U << 30, 1U << 30};

	if (setrlimit(RLIMIT_AS, &memory) != 0 || setresuid(65534, 0, 0) != 0)
		return 99;
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	return pam_acct_mgmt(world.pamh, 0);
}

static int stranger_without_a_limit(void)
{
	if (setresuid(65534, 0, 0) != 0)
		return 99;
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	return pam_acct_mgmt(world.pamh, 0);
}

/* getgrouplist() does not say which group it had no memory to look for: under a limit of the caller's nobody can say
 * that no rule means this person. */
static void unassigned_ok_under_a_limit(void **state)
{
	const struct world_policy policy = {.assignee = "%daemon", .requires_activation = true};

	(void)state;
	world_deploy(&world, &policy);
	world_stack(&world, "gate", "unassigned_ok noprompt");
	assert_int_equal(world_in_new_session(stranger_without_a_limit), PAM_SUCCESS);
	assert_int_equal(world_in_new_session(stranger_under_a_limit), PAM_PERM_DENIED);
}

/* Why what was active a moment ago opens nothing now. */
static void how_it_ended_is_said(void **state)
{
	static const struct {
		enum psg_end_reason reason;
		const char *text;
	} ends[] = {
	    {PSG_END_DEACTIVATED, "was ended (deactivated) at"},
	    {PSG_END_CLOSED, "was ended with its session at"},
	    {PSG_END_SUPERSEDED, "was ended by a newer one at"},
	    {PSG_END_UNASSIGNED, "was ended when it was unassigned from you, at"},
	    {PSG_END_UNENROLLED, "was ended when your authenticator was removed, at"},
	    {PSG_END_FAILED, "was ended at"},
	};

	(void)state;
	world_stack(&world, "gate", "noprompt");
	for (size_t i = 0; i < PSG_COUNT(ends); i++) {
		world_activate(&world, 0, 3600, NULL);
		assert_int_equal(psg_activation_end(world.store, WORLD_USER,
						    world_activation(&world).file, ends[i].reason,
						    NULL),
				 PSG_OK);
		answer(NULL);
		world_start(&world, "gate", WORLD_USER);
		assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
		assert_int_equal(world.person.prompts, 0);
		assert_non_null(strstr(world.person.said, ends[i].text));
	}
}

/* pam_env reads a file of the person's own into the PAM environment. */
static void what_others_put_in_the_environment_is_taken_out(void **state)
{
	static const char *const names[] = {"PSG_GROUPS", "PSG_PERMISSIONS", "PSG_EXPIRES"};
	char forged[64];

	(void)state;
	for (unsigned root = 0; root < 2; root++) {
		answer(NULL);
		world_start(&world, "gate", root ? "root" : WORLD_USER);
		for (size_t i = 0; i < PSG_COUNT(names); i++) {
			snprintf(forged, sizeof(forged), "%s=forged", names[i]);
			assert_int_equal(pam_putenv(world.pamh, forged), PAM_SUCCESS);
		}
		assert_int_equal(pam_open_session(world.pamh, 0),
				 root ? PAM_SUCCESS : PAM_PERM_DENIED);
		for (size_t i = 0; i < PSG_COUNT(names); i++)
			assert_null(pam_getenv(world.pamh, names[i]));
	}
}

#define LOGIN(test) cmocka_unit_test_setup_teardown(test, make_session_world, drop_world)
static int all_tests(void)
{
	const struct CMUnitTest tests[] = {
	    LOGIN(how_it_ended_is_said),
	    LOGIN(what_others_put_in_the_environment_is_taken_out),
	    LOGIN(after_publickey),
	    LOGIN(a_wrong_code_leaves_no_ticket),
	    LOGIN(su_ends_no_session),
	    LOGIN(strangers_leave_no_login),
	    LOGIN(only_root_opens_logins),
	    LOGIN(pam_systemd_is_handed_the_limit),
	    LOGIN(unassigned_ok_under_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(all_tests);
}
