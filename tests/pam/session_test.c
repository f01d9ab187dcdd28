/* One login through several entry points: tickets, binding, leaders, root, subject, messages. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

static void whole_login(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_non_null(pam_getenv(world.pamh, "PSG_TICKET"));
	assert_false(world_activation(&world).bound);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_setcred(world.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 1);
	assert_null(pam_getenv(world.pamh, "PSG_TICKET"));
	assert_string_equal(pam_getenv(world.pamh, "PSG_GROUPS"), WORLD_GROUP);
	assert_non_null(pam_getenv(world.pamh, "PSG_EXPIRES"));
	assert_true(world_activation(&world).bound);
	assert_int_equal(pam_close_session(world.pamh, 0), PAM_SUCCESS);
	/* This program does not lead its session (the shell does): nothing ends. */
	assert_false(world_activation(&world).ended);
}

static int login_and_close(void)
{
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	if (pam_authenticate(world.pamh, 0) || pam_acct_mgmt(world.pamh, 0) ||
	    pam_open_session(world.pamh, 0))
		return 1;
	if (world_activation(&world).ended)
		return 2;
	if (pam_close_session(world.pamh, 0))
		return 3;
	return 0;
}

static void leader_close_ends(void **state)
{
	(void)state;
	assert_int_equal(world_in_new_session(login_and_close), 0);
	struct psg_activation made = world_activation(&world);

	assert_true(made.ended);
	assert_int_equal(made.end_reason, PSG_END_CLOSED);
}

static int gate_without_answer(void)
{
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	int code = pam_acct_mgmt(world.pamh, 0);

	return code == PAM_SUCCESS ? 100 : world.person.prompts;
}

static void one_sessions_activation_is_not_anothers(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	/* The same session, another transaction: covered, and not asked. */
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 0);
	/* A root process that leads a session of its own, as sshd's monitor does: asked. */
	assert_int_equal(world_in_new_session(gate_without_answer), 1);
}

static int authenticate_in_session(const char *rhost)
{
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	if (rhost)
		assert_int_equal(pam_set_item(world.pamh, PAM_RHOST, rhost), PAM_SUCCESS);
	int code = pam_authenticate(world.pamh, 0);

	assert_int_equal(world.person.prompts, rhost != NULL);
	return code;
}

static void own_session_authenticates_locally_only(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(authenticate_in_session(NULL), PAM_SUCCESS);
	/* Who comes from afar is in no session yet, whatever process opens one for him. */
	assert_int_equal(authenticate_in_session("192.0.2.7"), PAM_AUTH_ERR);
	assert_int_equal(authenticate_in_session(""), PAM_AUTH_ERR);
}

static void a_ticket_is_good_once(void **state)
{
	char ticket[64];

	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	snprintf(ticket, sizeof(ticket), "PSG_TICKET=%s", pam_getenv(world.pamh, "PSG_TICKET"));
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	/* End it, so that only the ticket could let the second one in. */
	assert_int_equal(psg_activation_end(world.store, WORLD_USER, world_activation(&world).file,
					    PSG_END_DEACTIVATED, NULL),
			 PSG_OK);
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_putenv(world.pamh, ticket), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_PERM_DENIED);
}

static void a_forged_ticket_opens_nothing(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_putenv(world.pamh, "PSG_TICKET=00000000000000000000000000000000"),
			 PAM_SUCCESS);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(world.person.prompts, 1);
}

static pid_t orphan_of_no_session(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		setsid();
		/* The leader is gone before its child asks. */
		pid_t child = fork();

		if (child == 0) {
			while (kill(getsid(0), 0) == 0)
				usleep(1000);
			_exit(login_and_close());
		}
		_exit(0);
	}
	return leader;
}

/* A job that outlived its login: what it activates is its own, and ends with it. */
static void without_a_leader_the_process_leads(void **state)
{
	int status;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t leader = orphan_of_no_session();

	assert_int_equal(waitpid(leader, &status, 0), leader);
	assert_true(wait(&status) > 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	struct psg_activation made = world_activation(&world);

	assert_true(made.ended);
	assert_int_equal(made.end_reason, PSG_END_CLOSED);
}

static void deactivated_takes_effect_at_once(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(psg_activation_end(world.store, WORLD_USER, world_activation(&world).file,
					    PSG_END_DEACTIVATED, NULL),
			 PSG_OK);
	answer(NULL);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	assert_non_null(strstr(world.person.said, "was ended"));
}

static void root_needs_nothing(void **state)
{
	static const char *const stacks[] = {"", "nonsense", "store=/nonexistent/psg",
					     "key=/nonexistent"};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(stacks); i++) {
		world_stack(&world, "gate", stacks[i]);
		answer(NULL);
		world_start(&world, "gate", "root");
		assert_int_equal(pam_authenticate(world.pamh, 0), WORLD_IGNORED);
		assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_SUCCESS);
		assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
		assert_int_equal(pam_close_session(world.pamh, 0), PAM_SUCCESS);
		assert_int_equal(world.person.prompts, 0);
	}
	world_stack(&world, "gate", "even_root");
	world_start(&world, "gate", "root");
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
}

static int gate_as_caller(uid_t real)
{
	if (setresuid(real, 0, 0) != 0)
		return 99;
	answer(NULL);
	world_start(&world, "sudo", "root");
	return pam_acct_mgmt(world.pamh, 0) == PAM_SUCCESS ? 0 : 1;
}

static int caller_root(void)
{
	return gate_as_caller(0);
}

static int caller_nobody(void)
{
	return gate_as_caller(65534);
}

/* targetpw makes PAM_USER root: that must exempt nobody but root. */
static void the_caller_is_the_real_uid(void **state)
{
	(void)state;
	world_stack(&world, "sudo", "application=gate");
	assert_int_equal(world_in_new_session(caller_root), 0);
	assert_int_equal(world_in_new_session(caller_nobody), 1);
	world_activate(&world, 0, 3600, NULL);
	assert_int_equal(world_in_new_session(caller_nobody), 0);
}

static int stranger_guesses(void)
{
	if (setresuid(12345, 0, 0) != 0)
		return 99;
	for (int i = 0; i < 7; i++) {
		answer("000000");
		world_start(&world, "gate", WORLD_USER);
		if (pam_authenticate(world.pamh, 0) == PAM_SUCCESS)
			return 1;
	}
	return 0;
}

static void a_stranger_wears_out_nobody(void **state)
{
	(void)state;
	assert_int_equal(world_in_new_session(stranger_guesses), 0);
	assert_int_equal(world_attempts(&world), 0);
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
}

static void unknown_user_is_refused(void **state)
{
	(void)state;
	answer("123456");
	world_start(&world, "gate", "no-such-user");
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	world_start(&world, "gate", "../../etc/passwd");
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	/* A terminal's escapes and a line of its own: shown, and not carried out. */
	answer(NULL);
	world_start(&world, "gate", "x\033[2J\nroot\xc2\x9b");
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(world.person.texts, 1);
	assert_non_null(strstr(world.person.said, "x\\x1b[2J\\x0aroot\\xc2\\x9b"));
	assert_null(strchr(world.person.said, '\033'));
	assert_ptr_equal(strchr(world.person.said, '\n'), strrchr(world.person.said, '\n'));
}

/* open_session's text would stand in front of scp's stream (trap 7). */
static void open_session_says_nothing(void **state)
{
	(void)state;
	answer("000000");
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(world.person.prompts, 1);
	assert_int_equal(world.person.texts, 0);
	/* Nor until when it is active. */
	answer(world_code(&world, 0));
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.texts, 0);
}

static void silence(void **state)
{
	(void)state;
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, PAM_SILENT), PAM_AUTH_ERR);
	assert_int_equal(pam_acct_mgmt(world.pamh, PAM_SILENT), PAM_PERM_DENIED);
	assert_non_null(strstr(world.person.said, "needs an active " WORLD_GROUP));
	/* What refuses nobody is dropped. */
	answer(world_code(&world, 0));
	assert_int_equal(pam_acct_mgmt(world.pamh, PAM_SILENT), PAM_SUCCESS);
	assert_int_equal(world.person.texts, 0);
	world_stack(&world, "gate", "quiet");
	answer(NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(world.person.texts, 0);
}

#define SESSION(test) cmocka_unit_test_setup_teardown(test, make_session_world, drop_world)
static int all_tests(void)
{
	const struct CMUnitTest tests[] = {
	    SESSION(whole_login),
	    SESSION(leader_close_ends),
	    SESSION(one_sessions_activation_is_not_anothers),
	    SESSION(own_session_authenticates_locally_only),
	    SESSION(a_ticket_is_good_once),
	    SESSION(a_forged_ticket_opens_nothing),
	    SESSION(without_a_leader_the_process_leads),
	    SESSION(deactivated_takes_effect_at_once),
	    SESSION(root_needs_nothing),
	    SESSION(the_caller_is_the_real_uid),
	    SESSION(a_stranger_wears_out_nobody),
	    SESSION(unknown_user_is_refused),
	    SESSION(open_session_says_nothing),
	    SESSION(silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(all_tests);
}
