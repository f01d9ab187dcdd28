/* One random history: its clocks, which jump, and its chance. */
#ifndef HISTORY_CLOCK_H
#define HISTORY_CLOCK_H

#include "history_model.h"

#define YEAR_S (INT64_C(31557600))

struct history {
	struct folk *folk;
	struct history_model model;
	uint64_t random;
	unsigned number;
	uint64_t accepted[2]; /* the last step that was accepted, each device */
};

uint64_t history_chance(struct history *history, uint64_t below);
/* Tells the store what the model's clocks say. */
void history_set_clock(struct history *history);
void history_pass(struct history *history, int64_t seconds);
void history_jump(struct history *history, int64_t seconds);
/* How far: by seconds, by an hour or so, by up to ten years. */
int64_t history_any_jump(struct history *history);
void history_reboot(struct history *history);

#endif
