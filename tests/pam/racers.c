#include "racers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TIDIERS 4U

struct racer racers[RACERS];
struct world racers_world;
struct arena *racers_arena;

static void prompted(void *self)
{
	arena_wait(racers_arena, *(unsigned *)self);
}

static int log_in(struct arena *all, unsigned self)
{
	const struct racer *racer = &racers[self];

	(void)all;
	if (racer->real_uid && setresuid(racer->real_uid, 0, 0) != 0)
		_exit(91);
	racers_world.person =
	    (struct person){.answers = {racer->code}, .before_answer = prompted, .arg = &self};
	racers_world.pamh = NULL;
	world_start(&racers_world, racer->service, racer->user);
	return pam_authenticate(racers_world.pamh, 0);
}

static int tidy(struct arena *all, unsigned self)
{
	struct psg_store *store = NULL;

	if (psg_store_open(racers_world.store_dir, NULL, true, &store) != PSG_OK)
		_exit(92);
	arena_wait(all, self);
	for (int i = 0; i < 50; i++)
		if (psg_people_tidy(store, racers[0].user) != PSG_OK)
			_exit(93);
	psg_store_close(&store);
	return -1;
}

static int log_in_or_tidy(struct arena *all, unsigned self)
{
	return self < RACERS ? log_in(all, self) : tidy(all, self);
}

void racers_race(void)
{
	arena_run(racers_arena, RACERS + TIDIERS, log_in_or_tidy);
}

void racers_begin(const struct world_policy *policy)
{
	world_make(&racers_world, policy);
	world_stack(&racers_world, "caller", "subject=caller application=gate");
	world_enroll(&racers_world);
	for (unsigned i = 0; i < RACERS; i++)
		racers[i] = (struct racer){.service = "gate", .user = WORLD_USER};
}

int racers_set_up(void **state)
{
	(void)state;
	racers_arena = arena_new();
	return 0;
}

int racers_tear_down(void **state)
{
	(void)state;
	arena_free(&racers_arena);
	return 0;
}
