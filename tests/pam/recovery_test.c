/* Recovery codes through libpam: at the prompt for a code, counted down, loud, and for a lost device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/recovery.h"
#include "world.h"

static struct world world;
static const struct world_policy host_policy = {.requires_activation = true,
						.scope = PSG_SCOPE_HOST};
static const char *const codes[] = {"7K2QXM9T4D", "ABCDEFGH23", "0000000000", "12345678"};

static int make_world(void **state)
{
	(void)state;
	world_make(&world, &host_policy);
	world_stack(&world, "psg-enroll", "enroll");
	world_enroll(&world);
	assert_int_equal(psg_recovery_put(world.store, WORLD_USER, codes, PSG_COUNT(codes)),
			 PSG_OK);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	world_drop(&world);
	return 0;
}

static int authenticate(const char *answer, int flags)
{
	world.person = (struct person){.answers = {answer}};
	world_start(&world, "gate", WORLD_USER);
	return pam_authenticate(world.pamh, flags);
}

static size_t left(void)
{
	struct psg_recovery recovery;

	assert_int_equal(psg_recovery_look(world.store, WORLD_USER, &recovery), PSG_OK);
	return recovery.left;
}

static bool logged(const char *words)
{
	char path[128], line[4096];
	bool found = false;

	snprintf(path, sizeof(path), "%s/log", world.store_dir);
	FILE *log = fopen(path, "re");

	while (log && fgets(line, sizeof(line), log))
		found |= strstr(line, words) != NULL;
	if (log)
		fclose(log);
	return found;
}

static void lapse(void)
{
	struct psg_activations list = {0};

	assert_int_equal(psg_people_activations(world.store, WORLD_USER, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(psg_activation_end(world.store, WORLD_USER, list.items[i].file,
						    PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
	psg_activations_clear(&list);
}

static void opens_and_counts_down(void **state)
{
	(void)state;
	assert_int_equal(authenticate(" 7k2qx-m9t4d", 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 1);
	assert_string_equal(world.person.asked, "Authenticator code: \n");
	assert_non_null(
	    strstr(world.person.said,
		   "A recovery code was spent: 3 recovery codes are left. Cross it out."));
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_SUCCESS);
	assert_true(psg_recovery_opened(world_activation(&world).file));
	assert_true(logged("\"event\":\"RecoveryUsed\""));
	assert_true(logged("3 recovery codes are left"));
	assert_true(logged("\"event\":\"Activated\""));
	lapse();
	assert_int_equal(authenticate("7K2QX-M9T4D", 0), PAM_AUTH_ERR);
	assert_non_null(strstr(world.person.said, "That recovery code was used before. Try "
						  "the next one."));
	assert_int_equal(authenticate("ABCDE-FGH24", 0), PAM_AUTH_ERR);
	assert_non_null(strstr(world.person.said, "That recovery code is not right."));
	/* When few are left it says what to do. */
	assert_int_equal(authenticate("ABCDE-FGH23", 0), PAM_SUCCESS);
	assert_non_null(strstr(world.person.said, "2 recovery codes are left. Ask your "
						  "administrator for new ones: psgctl recovery "));
	lapse();
	assert_int_equal(authenticate("12345678", 0), PAM_SUCCESS);
	assert_non_null(strstr(world.person.said, "1 recovery code is left."));
	/* The device's codes were never asked for, and are good still. */
	lapse();
	assert_int_equal(authenticate(world_code(&world, 0), 0), PAM_SUCCESS);
	assert_null(strstr(world.person.said, "recovery"));
	assert_int_equal(left(), 1);
}

/* sudo sets PAM_SILENT in every call: who spends a recovery code must see it there too. */
static void is_not_silent(void **state)
{
	(void)state;
	assert_int_equal(authenticate("7K2QX-M9T4D", PAM_SILENT), PAM_SUCCESS);
	assert_non_null(strstr(world.person.said, "A recovery code was spent"));
	assert_null(strstr(world.person.said, "is active"));
	lapse();
	world_stack(&world, "gate", "quiet");
	assert_int_equal(authenticate("ABCDE-FGH23", 0), PAM_SUCCESS);
	assert_string_equal(world.person.said, "");
	assert_true(logged("2 recovery codes are left"));
}

static void a_guess_costs_an_attempt(void **state)
{
	static const char *const malformed[] = {"ABCDE-FGH2", "ABCDE-FGH23X", "ABCDE_FGH23", ""};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(malformed); i++)
		assert_int_equal(authenticate(malformed[i], 0), PAM_AUTH_ERR);
	assert_int_equal(world_attempts(&world), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(authenticate("ZZZZZ-ZZZZZ", 0), PAM_AUTH_ERR);
	assert_true(logged("\"event\":\"WrongCode\""));
	assert_int_equal(authenticate("7K2QX-M9T4D", 0), PAM_MAXTRIES);
	assert_int_equal(left(), 4);
}

static void alone_they_open(void **state)
{
	size_t removed;

	(void)state;
	assert_int_equal(psg_people_unenroll(world.store, WORLD_USER, NULL, &removed), PSG_OK);
	assert_int_equal(authenticate("12345", 0), PAM_AUTH_ERR);
	assert_non_null(strstr(world.person.said, "That cannot be a recovery code"));
	for (size_t i = 0; i < PSG_COUNT(codes); i++) {
		assert_int_equal(authenticate(codes[i], 0), PAM_SUCCESS);
		lapse();
	}
	assert_non_null(strstr(world.person.said, "0 recovery codes are left"));
	/* The last one is gone, and there is no device: nobody is asked for what cannot be. */
	assert_int_equal(authenticate(codes[0], 0), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world.person.prompts, 0);
}

/* -- a lost device -- */

static char typed[PSG_CODE_DIGITS_MAX + 1];
static struct world_app app = {&world.person, typed};
static const char *old_answer;

static int replace(void)
{
	if (setresuid(65534, 0, 0) != 0)
		return 99;
	world.person = (struct person){
	    .answers = {old_answer, typed}, .before_answer = world_read_key, .arg = &app};
	world_start(&world, "psg-enroll", WORLD_USER);
	int code = pam_chauthtok(world.pamh, 0);

	if (!strstr(world.person.said, "A recovery code was spent") != (code != PAM_SUCCESS))
		return 98;
	return code == PAM_SUCCESS ? world.person.prompts : 10 + world.person.prompts;
}

static int as_nobody(const char *answer)
{
	int status;

	old_answer = answer;
	pid_t child = fork();

	if (child == 0)
		_exit(replace());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void replaces_a_lost_device(void **state)
{
	struct psg_credentials list = {0};

	(void)state;
	assert_int_equal(as_nobody("ZZZZZ-ZZZZZ"), 11);
	assert_int_equal(as_nobody("7K2QX-M9T4D"), 2);
	assert_int_equal(psg_people_credentials(world.store, WORLD_USER, &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_string_not_equal(list.items[0].id, world.credential.id);
	psg_credentials_clear(&list);
	assert_int_equal(left(), 3);
	assert_int_equal(as_nobody("7K2QX-M9T4D"), 11);
	/* Where no device is enrolled at all, and the policy lets nobody enrol by himself. */
	size_t removed;

	assert_int_equal(psg_people_unenroll(world.store, WORLD_USER, NULL, &removed), PSG_OK);
	assert_int_equal(as_nobody("ABCDE-FGH23"), 2);
	assert_int_equal(left(), 2);
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test_setup_teardown(opens_and_counts_down, make_world, drop_world),
	    cmocka_unit_test_setup_teardown(is_not_silent, make_world, drop_world),
	    cmocka_unit_test_setup_teardown(a_guess_costs_an_attempt, make_world, drop_world),
	    cmocka_unit_test_setup_teardown(alone_they_open, make_world, drop_world),
	    cmocka_unit_test_setup_teardown(replaces_a_lost_device, make_world, drop_world),
	};

	return cmocka_run_group_tests_name("recovery codes", list, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(tests);
}
