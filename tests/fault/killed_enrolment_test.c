/* A first login that enrols, killed with SIGKILL after every system call that changes anything: nothing half is left, and
 * the person gets in at once, by the authenticator that is there or by enrolling one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../pam/world.h"
#include "tracer.h"

static struct world world;
static char typed[PSG_CODE_DIGITS_MAX + 1];
static struct world_app app = {&world.person, typed};

static int log_in(const char *code)
{
	world.person = (struct person){.answers = {code}};
	if (code == typed) {
		world.person.before_answer = world_read_key;
		world.person.arg = &app;
	}
	world_start(&world, "gate", WORLD_USER);
	return pam_authenticate(world.pamh, 0);
}

static void enrols(void *arg)
{
	(void)arg;
	_exit(log_in(typed));
}

static void forget(void)
{
	char command[256];

	world_end(&world);
	snprintf(command, sizeof(command), "rm -rf %s/people/" WORLD_USER, world.store_dir);
	assert_int_equal(system(command), 0);
}

/* 0 when nobody is enrolled, 1 when somebody is. */
static size_t judge(void)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	char code[PSG_CODE_DIGITS_MAX + 1];

	assert_int_equal(psg_people_credentials(world.store, WORLD_USER, &list), PSG_OK);
	assert_int_equal(list.unreadable, 0);
	assert_true(list.count <= 1);
	if (list.count == 0) {
		assert_int_equal(world_live(&world, WORLD_USER), 0);
		assert_int_equal(log_in(typed), PAM_SUCCESS);
	} else if (world_live(&world, WORLD_USER) > 0) {
		assert_int_equal(log_in(NULL), WORLD_IGNORED);
	} else {
		/* Of the next step: the one that was typed may be spent. */
		assert_int_equal(psg_totp_code(&list.items[0],
					       psg_totp_step(&list.items[0], time(NULL)) + 1, code),
				 PSG_OK);
		assert_int_equal(log_in(code), PAM_SUCCESS);
	}
	assert_int_equal(world_live(&world, WORLD_USER), 1);
	return list.count;
}

static void killed_anywhere(void **state)
{
	const struct world_policy policy = {.requires_activation = true,
					    .scope = PSG_SCOPE_HOST,
					    .enrollment = PSG_ENROLLMENT_SELF,
					    .assigned_s = time(NULL) - 60};
	struct tracer_place place = {.number = 1, .after = true};
	unsigned found[2] = {0};
	struct tracer tracer;

	(void)state;
	world_make(&world, &policy);
	for (;; place.number++) {
		forget();
		if (!tracer_run(&tracer, &place, enrols, NULL))
			break;
		tracer_kill(&tracer);
		found[judge()]++;
	}
	assert_true(WIFEXITED(tracer.status));
	assert_int_equal(WEXITSTATUS(tracer.status), PAM_SUCCESS);
	assert_int_equal(judge(), 1);
	/* Both happened: before the name and after it. */
	assert_true(found[0] > 5 && found[1] > 5);
	print_message("killed at %u calls, enrolled in %u\n", found[0] + found[1], found[1]);
	world_drop(&world);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_anywhere),
	};

	world_place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : world_place;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(run);
}
