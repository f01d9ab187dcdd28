/* Two threads of one process in PAM at once, each with a handle of its own, as a server with a pool of workers is:
 * neither sees anything of the other's. Run it once with HARDEN=-fsanitize=thread after a change to what is static
 * (SECURITY.md says how). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../soak.h"
#include "world.h"

#define THREADS 2U
#define USERS 16U /* of each thread */

static struct world world;
static pthread_barrier_t barrier;

/* A login and what its person is to see of it. */
struct login {
	const char *user;
	char code[PSG_CODE_DIGITS_MAX + 1];
	int wanted; /* of authenticate */
	int results[5];
	bool met; /* all wait for each other at the prompt, once */
	struct person person;
};
struct worker {
	pthread_t thread;
	struct login logins[USERS];
};

static void meet(void *arg)
{
	struct login *login = arg;

	if (!login->met)
		(void)pthread_barrier_wait(&barrier);
	login->met = true;
}

/* Every phase, and what it came to. */
static void log_in(struct login *login)
{
	login->person =
	    (struct person){.answers = {login->code}, .before_answer = meet, .arg = login};
	pam_handle_t *pamh = world_open(&world, "gate", login->user, &login->person);

	login->results[0] = pam_authenticate(pamh, 0);
	/* No prompt, no meeting: nobody may be left waiting. */
	meet(login);
	login->person.conv_code = PAM_CONV_ERR;
	login->results[1] = pam_acct_mgmt(pamh, 0);
	login->results[2] = pam_setcred(pamh, PAM_ESTABLISH_CRED);
	login->results[3] = pam_open_session(pamh, 0);
	login->results[4] = pam_close_session(pamh, 0);
	pam_end(pamh, PAM_SUCCESS);
}

static bool as_wanted(const struct login *login)
{
	bool in = login->wanted == PAM_SUCCESS;

	return login->results[0] == login->wanted &&
	       login->results[1] == (in ? PAM_SUCCESS : PAM_PERM_DENIED) &&
	       login->results[3] == (in ? PAM_SUCCESS : PAM_PERM_DENIED) &&
	       (!in || (login->results[2] == PAM_SUCCESS && login->results[4] == PAM_SUCCESS));
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (unsigned i = 0; i < USERS; i++)
		log_in(&worker->logins[i]);
	return NULL;
}

static const struct world_policy policy = {
    .requires_activation = true, .scope = PSG_SCOPE_HOST, .users = THREADS * USERS};

static void run(struct worker workers[static THREADS])
{
	assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&barrier), 0);
}

/* One is right and one wrong in turns: an answer of one thread's that reached the other would show. */
static void each_its_own(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(2, 60); round++) {
		static struct worker workers[THREADS];

		world_make(&world, &policy);
		memset(workers, 0, sizeof(workers));
		for (unsigned n = 0; n < THREADS * USERS; n++) {
			struct login *login = &workers[n / USERS].logins[n % USERS];
			bool right = (n / USERS + n % USERS) % 3 != 0;
			struct psg_credential device = world_device(&world, world_user(n), n, NULL);

			login->user = world_user(n);
			login->wanted = right ? PAM_SUCCESS : PAM_AUTH_ERR;
			(void)world_code_of(&world, &device, right ? 0 : 9, login->code);
		}
		run(workers);
		for (unsigned n = 0; n < THREADS * USERS; n++) {
			const struct login *login = &workers[n / USERS].logins[n % USERS];

			if (!as_wanted(login))
				fail_msg("round %u, %s: %d %d %d %d %d", round, login->user,
					 login->results[0], login->results[1], login->results[2],
					 login->results[3], login->results[4]);
			assert_int_equal(world_live(&world, login->user),
					 login->wanted == PAM_SUCCESS);
		}
		world_drop(&world);
	}
}

/* One code in both threads: threads are told apart by nothing that processes are. */
static void one_code_opens_once(void **state)
{
	(void)state;
	for (unsigned round = 0; round < soak(2, 60); round++) {
		static struct worker workers[THREADS];

		world_make(&world, &policy);
		memset(workers, 0, sizeof(workers));
		for (unsigned i = 0; i < USERS; i++) {
			struct psg_credential device = world_device(&world, world_user(i), i, NULL);

			for (unsigned t = 0; t < THREADS; t++) {
				workers[t].logins[i].user = world_user(i);
				(void)world_code_of(&world, &device, 0, workers[t].logins[i].code);
			}
		}
		run(workers);
		for (unsigned i = 0; i < USERS; i++) {
			unsigned in = 0;

			for (unsigned t = 0; t < THREADS; t++)
				in += workers[t].logins[i].results[0] == PAM_SUCCESS;
			assert_int_equal(world_live(&world, world_user(i)), 1);
			/* Who comes a little later finds an activation for the Host, and is not asked. */
			if (in != 1)
				fail_msg("round %u: %u got in with one code", round, in);
		}
		world_drop(&world);
	}
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(each_its_own),
	    cmocka_unit_test(one_code_opens_once),
	};

	return cmocka_run_group_tests_name("threads", list, NULL, NULL);
}

int main(void)
{
	return world_run_in_session(tests);
}
