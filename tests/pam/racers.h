/* Logins that race for one gate, and tidiers among them. */
#ifndef PSG_TESTS_RACERS_H
#define PSG_TESTS_RACERS_H

#include "arena.h"

#define RACERS 32U
#define STRANGER ((uid_t)1)
#define OTHER_STRANGER ((uid_t)2)

/* What each does, told before it is born. */
struct racer {
	const char *service, *user;
	uid_t real_uid; /* su's: the effective one stays root's */
	char code[PSG_CODE_DIGITS_MAX + 1];
};
extern struct racer racers[RACERS];
extern struct world racers_world;
extern struct arena *racers_arena;

/* A world with the services gate and caller (subject=caller); all racers are WORLD_USER at gate. */
void racers_begin(const struct world_policy *policy);
/* All are asked, then all answer; four tidy up meanwhile. */
void racers_race(void);
/* For cmocka's groups. */
int racers_set_up(void **state);
int racers_tear_down(void **state);

#endif
