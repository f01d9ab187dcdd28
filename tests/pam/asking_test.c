/* What a person is asked on the way to an activation: reason, target, renewal; and what is logged of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static struct world world;

static int make_world(void **state)
{
	world_make(&world, *state);
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

static const struct world_policy reason_policy = {.requires_activation = true,
						  .reason = PSG_REASON_REQUIRED,
						  .reason_pattern = "(INC|CHG)[0-9]+"};

static void a_reason_is_asked_and_kept(void **state)
{
	(void)state;
	world.person = (struct person){.answers = {"because", NULL}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	assert_int_equal(world.person.prompts, 1);
	assert_int_equal(world_attempts(&world), 0);
	world.person = (struct person){.answers = {"INC42 and more", NULL}};
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	world.person = (struct person){.answers = {"INC42", world_code(&world, 0)}};
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world.person.prompts, 2);
	/* What is typed is shown of the reason alone. */
	assert_int_equal(world.person.echoed, 1);
	assert_string_equal(world_activation(&world).description, "INC42");
}

static const struct world_policy optional_policy = {.requires_activation = true,
						    .reason = PSG_REASON_OPTIONAL};

/* Enter gives no reason; a host that has nobody to ask answers NULL, and that is not Enter. */
static void no_answer_is_no_empty_answer(void **state)
{
	(void)state;
	world.person = (struct person){.answers = {NULL, world_code(&world, 0)}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	assert_int_equal(world.person.prompts, 1);
	world.person = (struct person){.answers = {"", world_code(&world, 0)}};
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
}

static void unassign(void *arg)
{
	const struct world_policy without = {.unassigned = true};

	world_deploy(arg, &without);
}

/* Whoever was assigned when the prompt came up, and is not when the code is typed, is not let in by it. */
static void unassigned_while_asked(void **state)
{
	(void)state;
	world.person = (struct person){
	    .answers = {world_code(&world, 0)}, .before_answer = unassign, .arg = &world};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	assert_int_equal(world.person.prompts, 1);
	assert_non_null(strstr(world.person.said, "Something changed meanwhile"));
	assert_int_equal(world_live(&world, WORLD_USER), 0);
}

static const struct world_policy concealed_policy = {
    .requires_activation = true, .users = 1, .attempts = 2};

/* No such user, not assigned, not enrolled, throttled, no code, a wrong code: one text, and one question before it. */
static void concealed_refusals_read_alike(void **state)
{
	const char *const users[] = {WORLD_USER, "daemon", "no-such-user", world_user(0)};

	(void)state;
	world_stack(&world, "gate", "conceal");
	for (size_t i = 0; i < 4 * PSG_COUNT(users); i++) {
		answer(i < PSG_COUNT(users) ? "12345" : "000000");
		world_start(&world, "gate", users[i % PSG_COUNT(users)]);
		assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
		assert_int_equal(world.person.prompts, 1);
		assert_string_equal(world.person.asked, "Authenticator code: \n");
		assert_string_equal(world.person.said,
				    "Refused. If you should be let in, ask your administrator.\n");
	}
	assert_int_equal(world_attempts(&world), 2); /* the last of them was throttled */
}

static const struct world_policy two_policy = {.requires_activation = true, .second_group = true};

static void the_narrowest_target_is_activated(void **state)
{
	(void)state;
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_string_equal(world_activation(&world).target, WORLD_GROUP);
}

static void choose_lets_the_person_pick(void **state)
{
	(void)state;
	world_stack(&world, "gate", "choose");
	world.person = (struct person){.answers = {"2", world_code(&world, 0)}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_non_null(strstr(world.person.asked, "1) " WORLD_GROUP));
	assert_non_null(strstr(world.person.asked, "2) Wide"));
	assert_string_equal(world_activation(&world).target, "Wide");
	world.person = (struct person){.answers = {"3"}};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(psg_activation_end(world.store, WORLD_USER, world_activation(&world).file,
					    PSG_END_DEACTIVATED, NULL),
			 PSG_OK);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
}

static const struct world_policy renew_policy = {.requires_activation = true,
						 .scope = PSG_SCOPE_HOST,
						 .lifetime_s = 600,
						 .maximum_lifetime_s = 1000,
						 .warn_before_s = 300};

static void renewal(void **state)
{
	(void)state;
	/* Plenty left: nothing is offered. */
	world_activate(&world, 100, 600, NULL);
	answer(world_code(&world, 0));
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), WORLD_IGNORED);
	assert_int_equal(world.person.prompts, 0);
	/* Inside warnBefore: Enter skips, a code extends. */
	struct psg_activation first = world_activation(&world);

	assert_int_equal(
	    psg_activation_end(world.store, WORLD_USER, first.file, PSG_END_DEACTIVATED, NULL),
	    PSG_OK);
	world_activate(&world, 500, 600, NULL);
	answer("");
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), WORLD_IGNORED);
	assert_int_equal(world.person.prompts, 1);
	answer(world_code(&world, 0));
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	struct psg_activations list = {0};
	struct psg_now now;

	assert_int_equal(psg_clock_now(&world.store->clock, &now), PSG_OK);
	assert_int_equal(psg_people_activations(world.store, WORLD_USER, &list), PSG_OK);
	size_t live = 0;

	for (size_t i = 0; i < list.count; i++) {
		if (!psg_activation_live(&list.items[i], &now))
			continue;
		live++;
		/* 500 s of 1000 are gone: the whole lifetime does not fit any more. */
		int64_t left_s = psg_activation_left_ns(&list.items[i], &now) / PSG_NS_PER_S;

		assert_in_range(left_s, 480, 500);
	}
	assert_int_equal(live, 1);
	psg_activations_clear(&list);
}

static void activate_meanwhile(void *arg)
{
	world_activate(arg, 500, 600, NULL);
}

/* A prompt left open while another one activates is no way around the maximum lifetime. */
static void activated_while_asked(void **state)
{
	struct psg_activations list = {0};
	struct psg_now now;

	(void)state;
	world.person = (struct person){
	    .answers = {world_code(&world, 0)}, .before_answer = activate_meanwhile, .arg = &world};
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(psg_clock_now(&world.store->clock, &now), PSG_OK);
	assert_int_equal(psg_people_activations(world.store, WORLD_USER, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		assert_true(psg_activation_left_ns(&list.items[i], &now) / PSG_NS_PER_S <= 500);
	psg_activations_clear(&list);
	assert_int_equal(world_live(&world, WORLD_USER), 1);
}

static size_t count_in_log(const char *text)
{
	char path[256], line[4096];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/log", world.store_dir);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, text) != NULL;
	fclose(file);
	return count;
}

/* It costs an attempt and a line in the log, and nothing of what is there. */
static void a_wrong_code_renews_nothing(void **state)
{
	(void)state;
	world_activate(&world, 500, 600, NULL);
	answer("000000");
	world_start(&world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world.pamh, 0), WORLD_IGNORED);
	assert_int_equal(world.person.prompts, 1);
	assert_int_equal(world_attempts(&world), 1);
	assert_int_equal(count_in_log("\"WrongCode\""), 1);
	assert_int_equal(pam_acct_mgmt(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(world_live(&world, WORLD_USER), 1);
}

static void each_event_once(void **state)
{
	(void)state;
	world_activate(&world, 10, 5, NULL);
	for (int i = 0; i < 3; i++) {
		answer("000000");
		world_start(&world, "gate", WORLD_USER);
		assert_int_equal(pam_authenticate(world.pamh, 0), PAM_AUTH_ERR);
	}
	answer(world_code(&world, 0));
	assert_int_equal(pam_authenticate(world.pamh, 0), PAM_SUCCESS);
	assert_int_equal(count_in_log("\"Lapsed\""), 1);
	assert_int_equal(count_in_log("\"WrongCode\""), 3);
	assert_int_equal(count_in_log("\"Activated\""), 1);
	assert_int_equal(count_in_log("000000"), 0);
}

static const struct world_policy session_policy = {.requires_activation = true,
						   .scope = PSG_SCOPE_SESSION};

#define TEST(test, policy)                                                                         \
	{                                                                                          \
#test, test, make_world, drop_world, (void *)(uintptr_t)(policy)                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_reason_is_asked_and_kept, &reason_policy),
	    TEST(no_answer_is_no_empty_answer, &optional_policy),
	    TEST(unassigned_while_asked, &session_policy),
	    TEST(concealed_refusals_read_alike, &concealed_policy),
	    TEST(the_narrowest_target_is_activated, &two_policy),
	    TEST(choose_lets_the_person_pick, &two_policy),
	    TEST(renewal, &renew_policy),
	    TEST(activated_while_asked, &renew_policy),
	    TEST(a_wrong_code_renews_nothing, &renew_policy),
	    TEST(each_event_once, &session_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
