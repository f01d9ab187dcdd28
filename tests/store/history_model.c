#include "history_model.h"

#include <string.h>

#define DAY_S 86400

bool history_may_live(const struct history_model *model, const struct history_activation *one)
{
	return !one->ended && one->boot == model->boot && model->boot_s < one->until_s;
}

bool history_is_live(const struct history_model *model, const struct history_activation *one)
{
	return history_may_live(model, one) && model->wall_s < one->wall_until_s;
}

/* Of another boot: no less than this boot has lasted. */
static int64_t age_s(const struct history_model *model)
{
	return model->last_boot == model->boot ? model->boot_s - model->last_s : model->boot_s;
}

uint64_t history_failures(const struct history_model *model)
{
	return age_s(model) >= DAY_S ? 0 : model->failures;
}

int64_t history_wait_s(const struct history_model *model, const struct psg_throttle *throttle)
{
	uint64_t failures = history_failures(model);
	int64_t delay = throttle->delay_s;

	if (failures < throttle->attempts)
		return 0;
	for (uint64_t i = throttle->attempts; i < failures && delay < throttle->maximum_delay_s;
	     i++)
		delay *= 2;
	if (delay > throttle->maximum_delay_s)
		delay = throttle->maximum_delay_s;
	return age_s(model) < delay ? delay - age_s(model) : 0;
}

void history_forgive_old(struct history_model *model)
{
	if (history_failures(model) == 0)
		model->failures = 0;
}

void history_attempt(struct history_model *model)
{
	history_forgive_old(model);
	model->failures++;
	model->last_boot = model->boot;
	model->last_s = model->boot_s;
}

void history_forgive(struct history_model *model)
{
	model->failures = 0;
}

uint64_t history_step(const struct history_model *model)
{
	return (uint64_t)model->wall_s / 30;
}

enum psg_err history_match(const struct history_model *model, size_t device, uint64_t step)
{
	const struct history_device *one = &model->devices[device];
	uint64_t now = history_step(model);

	if (step + HISTORY_WINDOW < now || step > now + HISTORY_WINDOW)
		return PSG_ERR_WRONG_CODE;
	if (one->any && one->highest > now + HISTORY_WINDOW)
		return PSG_ERR_STEP_FUTURE;
	return one->any && step <= one->highest ? PSG_ERR_REPLAYED : PSG_OK;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

struct history_activation *history_open(struct history_model *model, const char *file,
					const char *target, const struct history_activation *renews)
{
	struct history_activation one = {
	    .target = target,
	    .boot = model->boot,
	    .made_s = model->boot_s,
	    .first_s = renews ? renews->first_s : model->boot_s,
	    .first_wall_s = renews ? renews->first_wall_s : model->wall_s,
	};

	memcpy(one.file, file, strlen(file) + 1);
	one.until_s = least(one.made_s + HISTORY_LIFETIME_S, one.first_s + HISTORY_MAXIMUM_S);
	one.wall_until_s =
	    least(model->wall_s + HISTORY_LIFETIME_S, one.first_wall_s + HISTORY_MAXIMUM_S);
	if (!history_is_live(model, &one))
		return NULL;
	/* One that lapsed is left to whoever logs the lapse; it is past its time all the same, unless the
	 * wall clock is wrong and is put right. */
	for (size_t i = 0; i < model->count; i++)
		if (history_is_live(model, &model->activations[i]) &&
		    strcmp(model->activations[i].target, target) == 0)
			model->activations[i].ended = true;
	assert_true(model->count < HISTORY_ACTIVATIONS);
	model->activations[model->count] = one;
	return &model->activations[model->count++];
}
