/* Activating against ending: logins with codes of their own against psgctl's deactivate, unassign, unenroll and
 * activate, while tidiers remove what is old. What has ended stays ended, whoever comes last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "arena.h"

#define LOGINS 12U
#define HELPERS 8U
#define OLD 4U
#define HOUR_S 3600

static struct world world;
static struct arena *arena;
static struct device {
	struct psg_credential credential;
	char code[PSG_CODE_DIGITS_MAX + 1];
	char file[PSG_ACTIVATION_FILE_SIZE]; /* what it opens */
} devices[LOGINS];
static unsigned round_number;
static const char *const *command; /* of psgctl */
static unsigned enders;            /* how many run it; a second one would tidy up after the first */

/* For the Host a newer one ends an older one too; in sessions that are still to begin nothing but psgctl does. */
static const struct world_policy policies[] = {
    {.requires_activation = true, .scope = PSG_SCOPE_HOST, .attempts = 100},
    {.requires_activation = true, .scope = PSG_SCOPE_SESSION, .attempts = 100}};

/* -- before a race -- */

/* What a tidier finds to remove: activations that ended hours ago and attempts of the day before yesterday. */
static void leave_old_things(void)
{
	struct psg_throttle any = {.attempts = 100};
	struct psg_attempt attempt;
	int64_t wait_ns;

	for (unsigned i = 0; i < OLD; i++) {
		world_activate(&world, 5 * HOUR_S, 600, NULL);
		world_look_back(&world, 4 * HOUR_S);
		struct psg_activation made = world_activation(&world);

		assert_int_equal(psg_activation_end(world.store, WORLD_USER, made.file,
						    PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
		world_look_back(&world, 49 * HOUR_S);
		assert_int_equal(psg_attempt_take(world.store, WORLD_USER, PSG_NOT_APART, &any,
						  &attempt, &wait_ns),
				 PSG_OK);
		world_look_back(&world, 0);
	}
}

static void begin(void)
{
	round_number++;
	world_make(&world, &policies[round_number % 2]);
	world_stack(&world, "account", "application=gate noprompt");
	leave_old_things();
	for (unsigned i = 0; i < LOGINS; i++) {
		struct device *device = &devices[i];

		device->credential = world_device(&world, WORLD_USER, i, NULL);
		uint64_t step = world_code_of(&world, &device->credential, 0, device->code);

		snprintf(device->file, sizeof(device->file), "%.16s-%ju", device->credential.id,
			 (uintmax_t)step);
	}
}

/* -- the racers -- */

/* psgctl takes a while to start: the logins are spread over that time, so that one is always in the middle of it. */
static void some_time(unsigned self)
{
	unsigned seed = round_number * 31 + self * 7;
	struct timespec time = {.tv_nsec = (long)(rand_r(&seed) % 3000) * 10000};

	(void)nanosleep(&time, NULL);
}

static void prompted(void *arg)
{
	unsigned self = *(unsigned *)arg;

	arena_wait(arena, self);
	if (self % 3 && enders > 1)
		some_time(self);
}

static int log_in(unsigned self)
{
	world.person = (struct person){
	    .answers = {devices[self].code}, .before_answer = prompted, .arg = &self};
	world.pamh = NULL;
	world_start(&world, "gate", WORLD_USER);
	return pam_authenticate(world.pamh, 0);
}

static int account(void)
{
	world.person = (struct person){.conv_code = PAM_CONV_ERR};
	world.pamh = NULL;
	world_start(&world, "account", WORLD_USER);
	int result = pam_acct_mgmt(world.pamh, 0);

	world_end(&world);
	return result;
}

static struct psg_store *own_store(void)
{
	struct psg_store *store = NULL;

	if (psg_store_open(world.store_dir, NULL, true, &store) != PSG_OK)
		_exit(92);
	return store;
}

static int tidy(unsigned self)
{
	struct psg_store *store = own_store();

	arena_wait(arena, self);
	while (!arena->stop) {
		if (psg_people_tidy(store, WORLD_USER) != PSG_OK)
			_exit(93);
		(void)usleep(200);
	}
	return -1;
}

/* Which have been seen to be over; one of those that shows itself alive again is the defect. */
static int watch(unsigned self)
{
	struct psg_store *store = own_store();
	bool over[LOGINS] = {false};

	arena_wait(arena, self);
	while (!arena->stop) {
		struct psg_activations list = {0};

		if (psg_people_activations(store, WORLD_USER, &list) != PSG_OK)
			_exit(94);
		for (size_t i = 0; i < list.count; i++)
			for (unsigned k = 0; k < LOGINS; k++) {
				if (strcmp(list.items[i].file, devices[k].file) != 0)
					continue;
				if (over[k] && !list.items[i].ended)
					_exit(95);
				over[k] = list.items[i].ended;
			}
		psg_activations_clear(&list);
		(void)usleep(200);
	}
	return -1;
}

/* Runs the command once: some time after all were let go, or when somebody is in. */
static int end_once(unsigned self)
{
	arena_wait(arena, self);
	if (self >= LOGINS + enders)
		return 0;
	if (self == LOGINS && (enders > 1 || round_number % 2))
		some_time(self);
	else if (self % 2 == 0)
		while (!arena->let_in && arena->told < LOGINS)
			(void)usleep(100);
	arena->racers[self].from_ns = arena_now_ns();
	return arena_psgctl(&world, command);
}

/* The logins, then psgctl, then those who run until the others are done. */
static int anybody(struct arena *all, unsigned self)
{
	int result;

	if (self >= LOGINS + 4)
		return self % 2 ? tidy(self) : watch(self);
	result = self < LOGINS ? log_in(self) : end_once(self);
	if (result == PAM_SUCCESS && self < LOGINS)
		all->let_in = 1;
	if (__atomic_add_fetch(&all->told, 1, __ATOMIC_SEQ_CST) == LOGINS + 4)
		all->stop = 1;
	return result;
}

/* `refusal`: with what a login may be refused that was overtaken. */
static void race(int refusal)
{
	arena_run(arena, LOGINS + HELPERS, anybody);
	for (unsigned i = 0; i < LOGINS; i++) {
		int result = arena->racers[i].result;

		if (result != PAM_SUCCESS && result != PAM_AUTH_ERR && result != refusal)
			fail_msg("round %u: a login came to %d", round_number, result);
	}
}

/* How many of psgctl's came out so. */
static unsigned psgctl_count(int status)
{
	unsigned found = 0;

	for (unsigned i = LOGINS; i < LOGINS + 4; i++)
		found += arena->racers[i].result == status;
	return found;
}

/* -- what came of it -- */

static const struct psg_activation *find(const struct psg_activations *list, const char *file)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].file, file) == 0)
			return &list->items[i];
	return NULL;
}

/* Who was refused has nothing that lives; the old things are gone but for the highest admin-N. */
static void expect_sound(const struct psg_activations *list)
{
	for (unsigned i = 0; i < LOGINS; i++) {
		const struct psg_activation *made = find(list, devices[i].file);

		if (arena->racers[i].result == PAM_SUCCESS)
			assert_true(made && made->valid);
		else if (made && made->valid && !made->ended)
			fail_msg("round %u: a refused login's activation lives", round_number);
	}
	for (unsigned i = 1; i < OLD; i++) {
		char file[PSG_ACTIVATION_FILE_SIZE];

		snprintf(file, sizeof(file), "admin-%u", i);
		assert_null(find(list, file));
	}
}

static unsigned won, lost, ended_later;

/* Whatever began to end after a SUCCESS has ended it. */
static void deactivate_after_success_wins(void **state)
{
	static const char *const words[] = {"deactivate", "--all", "--user", WORLD_USER, NULL};

	(void)state;
	command = words;
	enders = 4;
	for (unsigned round = 0; round < soak(6, 120); round++) {
		struct psg_activations list = {0};

		begin();
		race(PAM_AUTH_ERR);
		assert_int_equal(psgctl_count(0), 4);
		assert_int_equal(psg_people_activations(world.store, WORLD_USER, &list), PSG_OK);
		expect_sound(&list);
		for (unsigned i = 0; i < LOGINS; i++) {
			const struct psg_activation *made = find(&list, devices[i].file);

			won += arena->racers[i].result == PAM_SUCCESS;
			lost += arena->racers[i].result != PAM_SUCCESS;
			for (unsigned k = LOGINS; k < LOGINS + 4; k++) {
				if (arena->racers[i].result != PAM_SUCCESS ||
				    arena->racers[k].from_ns < arena->racers[i].to_ns)
					continue;
				ended_later++;
				if (!made->ended)
					fail_msg("round %u: it outlived a deactivate that came "
						 "after it",
						 round);
			}
		}
		psg_activations_clear(&list);
		assert_int_equal(arena_psgctl(&world, words), 0);
		assert_int_equal(world_live(&world, WORLD_USER), 0);
		assert_int_equal(account(), PAM_PERM_DENIED);
		world_drop(&world);
	}
	print_message("           %u let in, %u ended before, %u ended after\n", won, lost,
		      ended_later);
	assert_true(won > 0 && lost > 0 && ended_later > 0);
}

static void after(const char *const *words, const char *const *back, int refusal)
{
	begin();
	command = words;
	enders = 1;
	race(refusal);
	assert_int_equal(psgctl_count(0), 4);
	assert_int_equal(account(), PAM_PERM_DENIED);
	/* Given back, nothing opens without a code. */
	if (back)
		assert_int_equal(arena_psgctl(&world, back), 0);
	if (world_live(&world, WORLD_USER) || account() != PAM_PERM_DENIED)
		fail_msg("round %u: %s, and an activation lives", round_number, words[0]);
	world_drop(&world);
}

/* Assigned once more, the person starts with a code: also one whose login was on its way meanwhile. */
static void unassigned_needs_a_new_code(void **state)
{
	static const char *const words[] = {"unassign", WORLD_USER, WORLD_GROUP, NULL};
	static const char *const back[] = {"assign", WORLD_USER, WORLD_GROUP, NULL};

	(void)state;
	for (unsigned round = 0; round < soak(10, 150); round++)
		after(words, back, PAM_AUTH_ERR);
}

/* A device that is taken away opens nothing more, and what it was just opening is shut. */
static void unenrolled_is_shut(void **state)
{
	static const char *const words[] = {"unenroll", WORLD_USER, NULL};

	(void)state;
	for (unsigned round = 0; round < soak(6, 80); round++)
		after(words, NULL, PAM_AUTHINFO_UNAVAIL);
}

/* The administrator's activations beside the logins': each has a name of its own, and one deactivate ends them all. One
 * that a newer one ended before it could be reported is refused (1), not reported. */
static void psgctl_activates_too(void **state)
{
	static const char *const words[] = {"activate", WORLD_GROUP, "--user", WORLD_USER,
					    "--scope",  "Host",      NULL};
	static const char *const end[] = {"deactivate", "--all", NULL};

	(void)state;
	command = words;
	enders = 4;
	for (unsigned round = 0; round < soak(4, 60); round++) {
		struct psg_activations list = {0};
		unsigned granted = 0;

		begin();
		race(PAM_AUTH_ERR);
		assert_true(psgctl_count(0) > 0);
		assert_int_equal(psgctl_count(0) + psgctl_count(1), 4);
		assert_int_equal(psg_people_activations(world.store, WORLD_USER, &list), PSG_OK);
		expect_sound(&list);
		/* One that lost a name to another takes the next: numbers may be missing. */
		for (size_t i = 0; i < list.count; i++) {
			unsigned number = 0;

			if (sscanf(list.items[i].file, "admin-%u", &number) == 1 && number > OLD)
				granted += list.items[i].valid;
		}
		assert_int_equal(granted, 4);
		psg_activations_clear(&list);
		assert_true(world_live(&world, WORLD_USER) > 0);
		assert_int_equal(account(), PAM_SUCCESS);
		assert_int_equal(arena_psgctl(&world, end), 0);
		assert_int_equal(world_live(&world, WORLD_USER), 0);
		assert_int_equal(account(), PAM_PERM_DENIED);
		world_drop(&world);
	}
}

static int tests(void)
{
	const struct CMUnitTest list[] = {
	    cmocka_unit_test(deactivate_after_success_wins),
	    cmocka_unit_test(unassigned_needs_a_new_code),
	    cmocka_unit_test(unenrolled_is_shut),
	    cmocka_unit_test(psgctl_activates_too),
	};

	arena = arena_new();
	return cmocka_run_group_tests_name("race_end", list, NULL, NULL);
}

int main(void)
{
	world_has_been_up(30);
	return world_run_in_session(tests);
}
