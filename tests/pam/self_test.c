/* The first login of somebody who has no authenticator, where the policy lets people enrol alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "psg/key.h"

#define WRONG "1234567" /* of another length: never right by chance */

static struct world world;
static char typed[PSG_CODE_DIGITS_MAX + 1];
static struct world_app app = {&world.person, typed};

static struct world_policy self_policy(void)
{
	return (struct world_policy){.requires_activation = true,
				     .scope = PSG_SCOPE_HOST,
				     .enrollment = PSG_ENROLLMENT_SELF,
				     .assigned_s = time(NULL) - 60};
}

static void begin(const struct world_policy *policy)
{
	world_make(&world, policy);
	typed[0] = '\0';
}

static struct person reader(const char *first, const char *second, const char *third)
{
	return (struct person){
	    .answers = {first, second, third}, .before_answer = world_read_key, .arg = &app};
}

static int log_in_as(const char *user, struct person person)
{
	world.person = person;
	world_start(&world, "gate", user);
	return pam_authenticate(world.pamh, 0);
}

static int log_in(struct person person)
{
	return log_in_as(WORLD_USER, person);
}

static size_t enrolled(void)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	assert_int_equal(psg_people_credentials(world.store, WORLD_USER, &list), PSG_OK);
	return list.count + list.unreadable;
}

static void expect_log(const char *text, bool there)
{
	char path[256], bytes[16384] = "";

	snprintf(path, sizeof(path), "%s/log", world.store_dir);
	FILE *file = fopen(path, "r");

	if (file) {
		bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
		fclose(file);
	}
	assert_int_equal(strstr(bytes, text) != NULL, there);
}

/* -- in -- */

static void enrols_and_is_in(void **state)
{
	const struct world_policy policy = self_policy();
	char key[128];

	(void)state;
	begin(&policy);
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 1);
	/* The picture, and the key for those who cannot scan it. */
	assert_non_null(strstr(world.person.said, "\u2588\u2588\u2588\u2588"));
	assert_non_null(strstr(world.person.asked, "6 digits): "));
	assert_int_equal(enrolled(), 1);
	assert_int_equal(world_live(&world, WORLD_USER), 1);
	assert_int_equal(world_attempts(&world), 0);
	expect_log("\"Enrolled\"", true);
	expect_log("by the person alone", true);
	/* Neither the key, in any form, nor the code is anywhere. */
	sscanf(strstr(world.person.asked, "6 digits): "), "6 digits): %127[A-Z2-7]", key);
	expect_log(key, false);
	expect_log(typed, false);
	/* That code opened, and opens nothing more; nobody is asked to enrol again. */
	struct psg_activation made = world_activation(&world);

	assert_int_equal(
	    psg_activation_end(world.store, WORLD_USER, made.file, PSG_END_DEACTIVATED, NULL),
	    PSG_OK);
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_AUTH_ERR);
	assert_null(strstr(world.person.asked, "Key (time"));
	assert_int_equal(enrolled(), 1);
	world_drop(&world);
}

static void a_mistyped_code_is_asked_for_again(void **state)
{
	struct world_policy policy = self_policy();

	(void)state;
	policy.attempts = 2;
	begin(&policy);
	assert_int_equal(log_in(reader(WRONG, typed, NULL)), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 2);
	assert_int_equal(enrolled(), 1);
	world_drop(&world);
}

static void under_silent_the_key_is_there(void **state)
{
	const struct world_policy policy = self_policy();

	(void)state;
	begin(&policy);
	world.person = reader(typed, NULL, NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, PAM_SILENT), PAM_SUCCESS);
	assert_int_equal(world.person.texts, 0);
	assert_int_equal(enrolled(), 1);
	world_drop(&world);
}

/* -- not in -- */

static void wrong_codes_count(void **state)
{
	struct world_policy policy = self_policy();

	(void)state;
	policy.attempts = 4;
	begin(&policy);
	assert_int_equal(log_in(reader(WRONG, WRONG, WRONG)), PAM_AUTH_ERR);
	assert_int_equal(world.person.prompts, 3);
	assert_int_equal(world_attempts(&world), 3);
	expect_log("\"WrongCode\"", true);
	assert_int_equal(log_in(reader(WRONG, typed, NULL)), PAM_MAXTRIES);
	assert_int_equal(world.person.prompts, 2);
	/* Nobody is shown a key whose code would not be looked at. */
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_MAXTRIES);
	assert_int_equal(world.person.prompts, 0);
	assert_int_equal(enrolled(), 0);
	assert_int_equal(world_live(&world, WORLD_USER), 0);
	world_drop(&world);
}

static void no_code_is_no_attempt(void **state)
{
	static const char *const answers[][3] = {
	    {NULL, NULL, NULL}, {"", NULL, NULL}, {"12", "abcdef", "1 2 3 4"}, {"12", NULL, NULL}};
	const struct world_policy policy = self_policy();

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(answers); i++) {
		begin(&policy);
		assert_int_equal(log_in(reader(answers[i][0], answers[i][1], answers[i][2])),
				 PAM_AUTH_ERR);
		assert_int_equal(world.person.prompts, i == 2 ? 3 : i == 3 ? 2 : 1);
		assert_int_equal(enrolled(), 0);
		assert_int_equal(world_attempts(&world), 0);
		world_drop(&world);
	}
}

/* Refused without a prompt, and told whom to ask. */
static void expect_refused(const struct world_policy *policy, const char *text)
{
	begin(policy);
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world.person.prompts, 0);
	assert_non_null(strstr(world.person.said, text));
	assert_non_null(strstr(world.person.said, "psgctl enroll " WORLD_USER));
	assert_int_equal(enrolled(), 0);
	world_drop(&world);
}

static void only_within_the_time(void **state)
{
	struct world_policy policy = self_policy();

	(void)state;
	policy.enroll_within_s = 30;
	expect_refused(&policy, "the time to enrol one yourself ended at");
	policy.assigned_s = time(NULL) + 3600;
	expect_refused(&policy, "You have no authenticator");
	policy.assigned_s = 0;
	expect_refused(&policy, "You have no authenticator. Ask");
	policy = self_policy();
	policy.enrollment = PSG_ENROLLMENT_ADMIN;
	expect_refused(&policy, "You have no authenticator. Ask");
}

static void what_was_taken_away_is_for_an_administrator(void **state)
{
	const struct world_policy policy = self_policy();
	size_t removed;

	(void)state;
	begin(&policy);
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_SUCCESS);
	assert_int_equal(psg_people_unenroll(world.store, WORLD_USER, NULL, &removed), PSG_OK);
	struct psg_activation made = world_activation(&world);

	assert_int_equal(
	    psg_activation_end(world.store, WORLD_USER, made.file, PSG_END_UNENROLLED, NULL),
	    PSG_OK);
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world.person.prompts, 0);
	assert_non_null(strstr(world.person.said, "was taken away"));
	assert_int_equal(enrolled(), 0);
	world_drop(&world);
}

/* What conceals shows nobody's state; what refuses nobody asks nobody; no other phase has seen a first factor. */
static void only_where_a_first_factor_was(void **state)
{
	const struct world_policy policy = self_policy();

	(void)state;
	begin(&policy);
	world_stack(&world, "gate", "conceal");
	assert_int_equal(log_in(reader(typed, NULL, NULL)), PAM_AUTH_ERR);
	assert_string_equal(world.person.asked, "Authenticator code: \n");
	world_stack(&world, "gate", "permissive");
	assert_int_equal(log_in(reader(typed, NULL, NULL)), WORLD_IGNORED);
	assert_int_equal(world.person.prompts, 0);
	world_stack(&world, "gate", "");
	world.person = reader(typed, NULL, NULL);
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(pam_open_session(world.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(world.person.prompts, 0);
	assert_int_equal(enrolled(), 0);
	world_drop(&world);
}

static void nobody_enrols_root(void **state)
{
	struct world_policy policy = self_policy();

	(void)state;
	policy.assignee = "root";
	begin(&policy);
	world_stack(&world, "gate", "even_root");
	assert_int_equal(log_in_as("root", reader(typed, NULL, NULL)), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world.person.prompts, 0);
	world_drop(&world);
}

/* su with subject=user: the victim's name, and the caller's real uid. */
static void nobody_enrols_another(void **state)
{
	static const struct {
		uid_t real_uid;
		int code;
	} rows[] = {{1, PAM_AUTHINFO_UNAVAIL}, {65534, PAM_SUCCESS}};
	const struct world_policy policy = self_policy();

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		int status;

		begin(&policy);
		pid_t child = fork();

		if (child == 0) {
			if (setresuid(rows[i].real_uid, 0, 0) != 0)
				_exit(99);
			_exit(log_in(reader(typed, NULL, NULL)));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), rows[i].code);
		assert_int_equal(enrolled(), rows[i].code == PAM_SUCCESS);
		world_drop(&world);
	}
}

/* -- while the prompt stands -- */

static struct world_policy meanwhile;

static void change_the_policy(void *arg)
{
	world_read_key(arg);
	world_deploy(&world, &meanwhile);
}

static void too_late_while_the_prompt_stood(void **state)
{
	const struct world_policy policy = self_policy();

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct person person = reader(typed, NULL, NULL);

		meanwhile = policy;
		meanwhile.unassigned = i == 0;
		if (i == 1)
			meanwhile.enrollment = PSG_ENROLLMENT_ADMIN;
		if (i == 2)
			meanwhile.enroll_within_s = 1;
		if (i == 3)
			meanwhile.assigned_s = time(NULL);
		person.before_answer = change_the_policy;
		begin(&policy);
		assert_int_equal(log_in(person), PAM_AUTH_ERR);
		assert_int_equal(enrolled(), 0);
		assert_int_equal(world_live(&world, WORLD_USER), 0);
		world_drop(&world);
	}
}

/* -- at once -- */

static struct arena *all;

static void read_and_wait(void *self)
{
	world_read_key(&app);
	arena_wait(all, *(unsigned *)self);
}

static int race(struct arena *arena, unsigned self)
{
	struct person person = reader(typed, NULL, NULL);

	(void)arena;
	person.before_answer = read_and_wait;
	person.arg = &self;
	world.pamh = NULL;
	return log_in(person);
}

/* Each has a key and a right code of its own. */
static void one_of_many_enrols(void **state)
{
	enum { MANY = 8 };
	struct world_policy policy = self_policy();

	(void)state;
	policy.attempts = 100;
	for (unsigned round = 0; round < 5; round++) {
		all = arena_new();
		begin(&policy);
		arena_run(all, MANY, race);
		assert_int_equal(arena_count(all, PAM_SUCCESS), 1);
		assert_int_equal(arena_count(all, PAM_AUTHINFO_UNAVAIL), MANY - 1);
		assert_int_equal(enrolled(), 1);
		assert_int_equal(world_live(&world, WORLD_USER), 1);
		world_drop(&world);
		arena_free(&all);
	}
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(enrols_and_is_in),
	    cmocka_unit_test(a_mistyped_code_is_asked_for_again),
	    cmocka_unit_test(under_silent_the_key_is_there),
	    cmocka_unit_test(wrong_codes_count),
	    cmocka_unit_test(no_code_is_no_attempt),
	    cmocka_unit_test(only_within_the_time),
	    cmocka_unit_test(what_was_taken_away_is_for_an_administrator),
	    cmocka_unit_test(only_where_a_first_factor_was),
	    cmocka_unit_test(nobody_enrols_root),
	    cmocka_unit_test(nobody_enrols_another),
	    cmocka_unit_test(too_late_while_the_prompt_stood),
	    cmocka_unit_test(one_of_many_enrols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(run);
}
