/* What is right, said as simply as it can be: who is active until when, which codes are spent, how long one must wait.
 * The model knows no file; clock_history_test.c holds the store to it through random histories. */
#ifndef HISTORY_MODEL_H
#define HISTORY_MODEL_H

#include "folk.h"

#define HISTORY_ACTIVATIONS 128
#define HISTORY_LIFETIME_S 3600
#define HISTORY_MAXIMUM_S 4500
#define HISTORY_WINDOW 1

struct history_activation {
	char file[PSG_ACTIVATION_FILE_SIZE];
	const char *target;
	unsigned boot;           /* how many boots there were before */
	int64_t made_s, first_s; /* boot clock */
	int64_t until_s, wall_until_s;
	int64_t first_wall_s;
	bool ended;
};

struct history_device {
	struct psg_credential credential;
	bool any;
	uint64_t highest; /* step spent */
};

struct history_model {
	int64_t boot_s, wall_s; /* what the clocks say */
	unsigned boot;
	struct history_device devices[2];
	struct history_activation activations[HISTORY_ACTIVATIONS];
	size_t count;
	uint64_t failures; /* attempts that nothing forgave */
	unsigned last_boot;
	int64_t last_s; /* of the last of them */
};

/* Until when, at most, whatever the wall clock says. */
bool history_may_live(const struct history_model *model, const struct history_activation *one);
bool history_is_live(const struct history_model *model, const struct history_activation *one);
/* How many attempts count, and how long until the next. */
uint64_t history_failures(const struct history_model *model);
int64_t history_wait_s(const struct history_model *model, const struct psg_throttle *throttle);
/* A day has passed since the last: whoever writes forgives them. */
void history_forgive_old(struct history_model *model);
void history_attempt(struct history_model *model);
void history_forgive(struct history_model *model);
/* What a code of `step` of that device comes to: OK, WRONG_CODE, REPLAYED or STEP_FUTURE. */
enum psg_err history_match(const struct history_model *model, size_t device, uint64_t step);
uint64_t history_step(const struct history_model *model);
/* Opens one, which ends the others of its target. `renews` may be NULL. NULL when nothing of its time would be left. */
struct history_activation *history_open(struct history_model *model, const char *file,
					const char *target,
					const struct history_activation *renews);

#endif
