#include "history_clock.h"

#include <stdio.h>

#define WALL_FIRST_S (INT64_C(20) * YEAR_S)
#define WALL_LAST_S (INT64_C(200) * YEAR_S)

/* xorshift64*: each history is its number's, on every machine. */
uint64_t history_chance(struct history *history, uint64_t below)
{
	history->random ^= history->random >> 12;
	history->random ^= history->random << 25;
	history->random ^= history->random >> 27;
	return (history->random * UINT64_C(2685821657736338717) >> 33) % below;
}

void history_set_clock(struct history *history)
{
	struct folk *folk = history->folk;

	folk->now.realtime_ns = history->model.wall_s * FOLK_S;
	folk->now.boottime_ns = history->model.boot_s * FOLK_S;
	(void)snprintf(folk->now.boot_id, sizeof(folk->now.boot_id),
		       "%08x-0000-4000-8000-000000000000", history->model.boot);
}

void history_pass(struct history *history, int64_t seconds)
{
	history->model.boot_s += seconds;
	history->model.wall_s += seconds;
	if (history->model.wall_s > WALL_LAST_S)
		history->model.wall_s = WALL_LAST_S;
	history_set_clock(history);
}

void history_jump(struct history *history, int64_t seconds)
{
	history->model.wall_s += seconds;
	if (history->model.wall_s < WALL_FIRST_S || history->model.wall_s > WALL_LAST_S)
		history->model.wall_s -= 2 * seconds;
	history_set_clock(history);
}

/* By seconds, by an hour or so, by up to ten years. */
int64_t history_any_jump(struct history *history)
{
	static const int64_t sizes[] = {90, 2 * HISTORY_MAXIMUM_S, 10 * YEAR_S};
	int64_t size = sizes[history_chance(history, PSG_COUNT(sizes))];

	return (int64_t)history_chance(history, (uint64_t)(2 * size)) - size;
}

void history_reboot(struct history *history)
{
	int64_t uptime = (int64_t)history_chance(history, 200);

	history->model.boot++;
	history->model.boot_s = uptime;
	history->model.wall_s += uptime;
	history_set_clock(history);
}
