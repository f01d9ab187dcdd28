/* chauthtok with `enroll`: who may, what is confirmed, what is stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

static struct world world;
static const struct world_policy self_policy = {
    .requires_activation = true, .scope = PSG_SCOPE_HOST, .enrollment = PSG_ENROLLMENT_SELF};
static const struct world_policy admin_policy = {.requires_activation = true};

static size_t enrolled(void)
{
	struct psg_credentials list = {0};

	assert_int_equal(psg_people_credentials(world.store, WORLD_USER, &list), PSG_OK);
	size_t count = list.count;

	psg_credentials_clear(&list);
	return count;
}

static char typed[PSG_CODE_DIGITS_MAX + 1];

static struct world_app app = {&world.person, typed};

static int change(int flags)
{
	world.person.before_answer = world_read_key;
	world.person.arg = &app;
	world_start(&world, "psg-enroll", WORLD_USER);
	return pam_chauthtok(world.pamh, flags);
}

/* As passwd would: the subject's own real uid under effective root. */
static int as_nobody(int (*body)(void))
{
	pid_t child = fork();

	if (child == 0) {
		if (setresuid(65534, 0, 0) != 0)
			_exit(99);
		_exit(body());
	}
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void root_enrolls(void **state)
{
	(void)state;
	world_make(&world, &admin_policy);
	world_stack(&world, "psg-enroll", "enroll");
	world.person = (struct person){.answers = {typed}};
	assert_int_equal(change(0), PAM_SUCCESS);
	assert_int_equal(enrolled(), 1);
	/* The code that confirmed is spent. */
	world.person = (struct person){.answers = {typed}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	world_drop(&world);
}

static void a_wrong_confirmation_stores_nothing(void **state)
{
	static const char *const wrong[] = {"", "12", "abcdef", "000000", NULL};

	(void)state;
	world_make(&world, &admin_policy);
	world_stack(&world, "psg-enroll", "enroll");
	for (size_t i = 0; i < PSG_COUNT(wrong); i++) {
		world.person = (struct person){.answers = {wrong[i]}};
		assert_int_equal(change(0), PAM_AUTHTOK_ERR);
		assert_int_equal(enrolled(), 0);
	}
	world_drop(&world);
}

static void ignored_without_the_argument(void **state)
{
	(void)state;
	world_make(&world, &admin_policy);
	/* A stack of IGNORE alone is an error to libpam; beside pam_permit it must not matter. */
	world_stack_text(&world, "psg-enroll",
			 "password required %s\npassword required pam_permit.so\n");
	world.person = (struct person){.answers = {typed}};
	assert_int_equal(change(0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 0);
	world_stack_text(&world, "psg-enroll",
			 "password required %s enroll\npassword required pam_permit.so\n");
	assert_int_equal(change(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 0);
	assert_int_equal(enrolled(), 0);
	world_drop(&world);
}

static int enroll_self(void)
{
	world.person = (struct person){.answers = {typed}};
	return change(0) == PAM_SUCCESS ? 0 : 10 + world.person.prompts;
}

static int replace_with_old_code(void)
{
	world.person = (struct person){.answers = {world_code(&world, 0), typed}};
	return change(0) == PAM_SUCCESS ? world.person.prompts : 10 + world.person.prompts;
}

static int replace_without_old_code(void)
{
	world.person = (struct person){.answers = {"000000", typed}};
	return change(0) == PAM_SUCCESS ? world.person.prompts : 10 + world.person.prompts;
}

static void oneself_only_where_the_policy_says_so(void **state)
{
	(void)state;
	world_make(&world, &admin_policy);
	world_stack(&world, "psg-enroll", "enroll");
	assert_int_equal(as_nobody(enroll_self), 10);
	assert_int_equal(enrolled(), 0);
	world_drop(&world);
	/* Since nobody knows when, since too long ago, and now. */
	static const int64_t ages_s[] = {-1, PSG_ENROLL_WITHIN_DEFAULT_S, 60};

	for (size_t i = 0; i < PSG_COUNT(ages_s); i++) {
		struct world_policy policy = self_policy;

		policy.assigned_s = ages_s[i] < 0 ? 0 : time(NULL) - ages_s[i];
		world_make(&world, &policy);
		world_stack(&world, "psg-enroll", "enroll");
		assert_int_equal(as_nobody(enroll_self), i == 2 ? 0 : 10);
		assert_int_equal(enrolled(), i == 2);
		world_drop(&world);
	}
}

/* What the policy gave ends with the assignment. */
static void not_by_what_has_ended(void **state)
{
	struct world_policy policy = self_policy;

	(void)state;
	policy.assigned_s = time(NULL) - 60;
	policy.until_s = time(NULL) - 1;
	world_make(&world, &policy);
	world_stack(&world, "psg-enroll", "enroll");
	assert_int_equal(as_nobody(enroll_self), 10);
	world_drop(&world);
}

static void replacing_needs_the_old_one(void **state)
{
	(void)state;
	world_make(&world, &self_policy);
	world_stack(&world, "psg-enroll", "enroll");
	world_enroll(&world);
	assert_int_equal(as_nobody(replace_without_old_code), 11);
	assert_int_equal(as_nobody(replace_with_old_code), 2);
	struct psg_credentials list = {0};

	assert_int_equal(psg_people_credentials(world.store, WORLD_USER, &list), PSG_OK);
	assert_int_equal(list.count, 1);
	assert_string_not_equal(list.items[0].id, world.credential.id);
	psg_credentials_clear(&list);
	world_drop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(root_enrolls),
	    cmocka_unit_test(a_wrong_confirmation_stores_nothing),
	    cmocka_unit_test(ignored_without_the_argument),
	    cmocka_unit_test(oneself_only_where_the_policy_says_so),
	    cmocka_unit_test(not_by_what_has_ended),
	    cmocka_unit_test(replacing_needs_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
