/* Ways in that were tried against the gate, each as an attacker would go it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

static struct world world;
static const struct world_policy session_policy = {.requires_activation = true,
						   .scope = PSG_SCOPE_SESSION};

static int run(int (*body)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void start(const char *code)
{
	world.person = (struct person){.answers = {code}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_set_item(world.pamh, PAM_RHOST, "192.0.2.6"), PAM_SUCCESS);
}

static int no_code(void)
{
	start(NULL);
	return pam_acct_mgmt(world.pamh, 0) == PAM_PERM_DENIED &&
		       pam_open_session(world.pamh, 0) == PAM_PERM_DENIED
		   ? 0
		   : 1;
}

static int with_code(const char *code)
{
	start(code);
	return pam_authenticate(world.pamh, 0) || pam_acct_mgmt(world.pamh, 0) ||
	       pam_open_session(world.pamh, 0);
}

/* -- an sshd restarted inside the person's own login: its audit id is that login's -- */

static int monitor_of_restarted_sshd(void)
{
	setsid();
	return no_code();
}

static int restarted_sshd(void)
{
	setsid();
	return run(monitor_of_restarted_sshd);
}

static int login_then_restart(void)
{
	FILE *loginuid;

	setsid();
	loginuid = fopen("/proc/self/loginuid", "w");
	if (!loginuid || fprintf(loginuid, "65534") < 0 || fclose(loginuid))
		return 90;
	if (with_code(world_code(&world, 0)))
		return 91;
	return run(restarted_sshd);
}

static void an_sshd_restarted_in_a_login_is_not_that_login(void **state)
{
	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	assert_int_equal(run(login_then_restart), 0);
	world_drop(&world);
}

/* -- two logins under one leader, as two `sshd -i` under one inetd -- */

static int first_login(void)
{
	return with_code(world_code(&world, 0));
}

static int inetd(void)
{
	setsid();
	int first = run(first_login);

	return first ? 80 + first : run(no_code);
}

static void two_logins_under_one_leader(void **state)
{
	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	assert_int_equal(run(inetd), 0);
	world_drop(&world);
}

/* -- what is no longer assigned lends and tells nothing, live or not -- */

static void an_unassigned_activation_is_not_exported(void **state)
{
	struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_HOST, .second_group = true};
	struct psg_activation made;
	struct psg_grant grant = {.kind = PSG_TARGET_GROUP,
				  .target = "Wide",
				  .scope = PSG_SCOPE_HOST,
				  .lifetime_s = 600,
				  .maximum_lifetime_s = 600};

	(void)state;
	world_make(&world, &policy);
	world_activate(&world, 0, 600, NULL);
	assert_int_equal(psg_people_grant(world.store, WORLD_USER, &grant, &made), PSG_OK);
	start(NULL);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	assert_string_equal(pam_getenv(world.pamh, "PSG_GROUPS"), "Operators,Wide");
	assert_string_equal(pam_getenv(world.pamh, "PSG_PERMISSIONS"), "More,Much");
	policy.second_group = false;
	world_deploy(&world, &policy);
	start(NULL);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	assert_string_equal(pam_getenv(world.pamh, "PSG_GROUPS"), "Operators");
	assert_string_equal(pam_getenv(world.pamh, "PSG_PERMISSIONS"), "");
	world_drop(&world);
}

/* -- one secret under two ids -- */

static void one_secret_twice_is_one_code(void **state)
{
	struct psg_credential twin;

	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	twin = world.credential;
	memcpy(twin.id, "ffeeddccbbaa9988", sizeof(twin.id));
	assert_int_equal(psg_people_enroll(world.store, WORLD_USER, &twin), PSG_OK);
	const char *code = world_code(&world, 0);

	start(code);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	start(code);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	world_drop(&world);
}

/* -- a throttled caller in a loop must not fill the disk -- */

static off_t log_size(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/log", world.store_dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void throttled_calls_write_nothing(void **state)
{
	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	for (int i = 0; i < 5; i++) {
		start("000000");
		assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	}
	off_t before = log_size();

	for (int i = 0; i < 20; i++) {
		start("000000");
		assert_int_equal(pam_authenticate(world.pamh, 0), PAM_MAXTRIES);
	}
	assert_int_equal(log_size(), before);
	assert_int_equal(world_attempts(&world), 5);
	world_drop(&world);
}

/* -- a log line cut short by the caller's file size limit swallows nobody else's -- */

static void a_cut_line_swallows_none(void **state)
{
	static const char cut[] = "{\"time\":\"2026";
	char path[256], line[4096], last[4096] = "";

	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	snprintf(path, sizeof(path), "%s/log", world.store_dir);
	assert_int_equal(world.store->root->ops->append(world.store->root, "log", cut, strlen(cut)),
			 PSG_OK);
	start("000000");
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		memcpy(last, line, sizeof(last));
	fclose(file);
	assert_int_equal(strncmp(last, "{\"time\"", 7), 0);
	assert_non_null(strstr(last, "WrongCode"));
	world_drop(&world);
}

/* -- a store that is damaged, odd or not there opens nothing, live activation or not -- */

static void broken_stores_deny(void **state)
{
	static const char *const damage[] = {"rm $S/policy",
					     "truncate -s 100 $S/policy",
					     "chmod 0666 $S/policy",
					     "rm $S/key",
					     "chmod 0644 $S/key",
					     "echo x > $S/key",
					     "chmod 0755 $S",
					     "chown 65534 $S/policy",
					     "rm $S/policy; mkdir $S/policy",
					     "rm $S/policy; mkfifo $S/policy",
					     "rm $S/policy; ln -s /etc/passwd $S/policy"};

	(void)state;
	world_make(&world, &session_policy);
	world_enroll(&world);
	for (size_t i = 0; i < PSG_COUNT(damage); i++) {
		char command[512];

		world_activate(&world, 0, 3600, NULL);
		snprintf(command, sizeof(command), "S=%s; %s", world.store_dir, damage[i]);
		assert_int_equal(system(command), 0);
		start(world_code(&world, 0));
		if (pam_authenticate(world.pamh, 0) != PAM_AUTHINFO_UNAVAIL)
			fail_msg("authenticate with: %s", damage[i]);
		if (pam_acct_mgmt(world.pamh, 0) != PAM_PERM_DENIED)
			fail_msg("acct_mgmt with: %s", damage[i]);
		assert_int_equal(world.person.prompts, 0);
		world_drop(&world);
		world_make(&world, &session_policy);
		world_enroll(&world);
	}
	world_drop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_sshd_restarted_in_a_login_is_not_that_login),
	    cmocka_unit_test(two_logins_under_one_leader),
	    cmocka_unit_test(an_unassigned_activation_is_not_exported),
	    cmocka_unit_test(one_secret_twice_is_one_code),
	    cmocka_unit_test(throttled_calls_write_nothing),
	    cmocka_unit_test(a_cut_line_swallows_none),
	    cmocka_unit_test(broken_stores_deny),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
