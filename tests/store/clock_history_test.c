/* Random histories of a person's folder under clocks that jump, against a model of what is right.
 *
 * The wall clock jumps by seconds or by ten years, between any two acts and in the middle of a claim; the boot clock
 * leaps as after a suspend; the machine reboots. After each act, whatever it was: the activations that live are
 * those of the model and none outlives its time, the throttle says what the model says and never more than its
 * maximum, and no step opened anything twice. A failing history is named by its number. */
#include "history_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../soak.h"

#define SUBJECT "alice"
#define ACTS 60

/* What claims came to, over all histories: a test that never sees an outcome says nothing of it. */
static unsigned outcomes[PSG_ERR_COUNT];

static const char *const targets[] = {"Closers", "Openers"};

/* -- a claim -- */

/* Between the name won and the last look. */
struct sleep {
	struct history *history;
	int64_t boot_s, wall_s;
};

static enum psg_err fall_asleep(void *arg)
{
	const struct sleep *sleep = arg;

	sleep->history->model.boot_s += sleep->boot_s;
	history_jump(sleep->history, sleep->wall_s);
	return PSG_OK;
}

/* Little more than one lifetime, so that a renewal soon meets the end of its chain. */
static struct psg_grant any_grant(const char *target)
{
	struct psg_grant grant = folk_grant(target);

	grant.lifetime_s = HISTORY_LIFETIME_S;
	grant.maximum_lifetime_s = HISTORY_MAXIMUM_S;
	return grant;
}

static const struct history_activation *any_live(struct history *history, const char *target)
{
	for (size_t i = 0; i < history->model.count; i++) {
		const struct history_activation *one = &history->model.activations[i];

		if (history_is_live(&history->model, one) && strcmp(one->target, target) == 0)
			return one;
	}
	return NULL;
}

/* What the claim must come to. The model moves on as the claim does: `then` is it as the attempt saw it. */
static enum psg_err expect(struct history *history, const struct history_model *then, size_t device,
			   uint64_t step, const char *target,
			   const struct history_activation *renews)
{
	struct history_model *model = &history->model, made = *then;
	enum psg_err err = history_match(then, device, step);
	char file[PSG_ACTIVATION_FILE_SIZE];

	if (err != PSG_OK)
		return err;
	/* From here on the step is spent, come what may. */
	assert_true(!model->devices[device].any || step > history->accepted[device]);
	history->accepted[device] = step;
	model->devices[device].any = true;
	model->devices[device].highest = step;
	if (model->boot_s - then->boot_s > 60 ||
	    history_match(&(struct history_model){.wall_s = model->wall_s}, device, step) != PSG_OK)
		return PSG_ERR_STALE;
	(void)snprintf(file, sizeof(file), "%s-%" PRIu64, model->devices[device].credential.id,
		       step);
	struct history_activation *opened = history_open(&made, file, target, renews);

	if (!opened)
		return PSG_ERR_STALE;
	/* Deadlines count from the attempt; what it ends is judged as of now. */
	struct history_activation one = *opened;

	for (size_t i = 0; i < model->count; i++)
		if (history_is_live(model, &model->activations[i]) &&
		    strcmp(model->activations[i].target, target) == 0)
			model->activations[i].ended = true;
	model->activations[model->count++] = one;
	return PSG_OK;
}

static void claim(struct history *history, size_t device, uint64_t step, bool sleeps)
{
	struct history_model *model = &history->model;
	const char *target = targets[history_chance(history, PSG_COUNT(targets))];
	const struct history_activation *live = any_live(history, target);
	const struct history_activation *renews = live && history_chance(history, 2) ? live : NULL;
	struct psg_activation old, made;
	struct psg_grant grant = any_grant(target);
	char code[PSG_CODE_DIGITS_MAX + 1];
	struct psg_claim what = folk_claim(history->folk, SUBJECT, code, &grant);
	struct sleep sleep = {.history = history};
	int64_t wait_ns = -1, wait_s = history_wait_s(model, &history->folk->throttle);
	enum psg_err err;

	if (renews) {
		old = folk_activation(history->folk, SUBJECT, renews->file);
		grant.renews = &old;
	}
	if (sleeps) {
		sleep.boot_s = (int64_t)history_chance(history, 90);
		sleep.wall_s = history_any_jump(history);
		what.recheck = fall_asleep;
		what.recheck_arg = &sleep;
	}
	assert_int_equal(psg_totp_code(&model->devices[device].credential, step, code), PSG_OK);
	if (wait_s > 0) {
		err = psg_people_claim(history->folk->store, &what, &made, &wait_ns);
		assert_int_equal(err, PSG_ERR_THROTTLED);
		outcomes[err]++;
		assert_int_equal(wait_ns, wait_s * FOLK_S);
		return;
	}
	history_attempt(model);
	struct history_model then = *model;
	struct history_activation renewed = renews ? *renews : (struct history_activation){0};

	err = psg_people_claim(history->folk->store, &what, &made, &wait_ns);
	assert_int_equal(err,
			 expect(history, &then, device, step, target, renews ? &renewed : NULL));
	outcomes[err]++;
	if (err == PSG_OK)
		history_forgive(model);
}

static void claim_any(struct history *history, bool sleeps)
{
	size_t device = history_chance(history, 2);
	int64_t offset = (int64_t)history_chance(history, 5) - 2;

	claim(history, device, (uint64_t)((int64_t)history_step(&history->model) + offset), sleeps);
}

/* A code from before, whatever the clock says now: the highest, or somewhat older. */
static void replay(struct history *history)
{
	size_t device = history_chance(history, 2);
	uint64_t back = history_chance(history, 3);

	if (history->model.devices[device].any)
		claim(history, device, history->accepted[device] - back, false);
}

/* The clock is put to where an old code would be right again, and the code is tried. */
static void turn_back_and_replay(struct history *history)
{
	size_t device = history_chance(history, 2);

	if (!history->model.devices[device].any)
		return;
	history->model.wall_s = (int64_t)history->accepted[device] * 30 + 7;
	history_set_clock(history);
	claim(history, device, history->accepted[device], false);
}

/* -- the rest -- */

static void deactivate(struct history *history)
{
	struct history_model *model = &history->model;
	bool first = false;

	if (model->count == 0)
		return;
	struct history_activation *one = &model->activations[history_chance(history, model->count)];
	/* What was tidied away is over already. */
	enum psg_err err = psg_activation_end(history->folk->store, SUBJECT, one->file,
					      PSG_END_DEACTIVATED, &first);

	assert_true(err == PSG_OK || (err == PSG_ERR_NOT_FOUND && !history_may_live(model, one)));
	one->ended = true;
}

static void grant_by_hand(struct history *history)
{
	const char *target = targets[history_chance(history, PSG_COUNT(targets))];
	struct psg_grant grant = any_grant(target);
	struct psg_activation made;

	assert_int_equal(psg_people_grant(history->folk->store, SUBJECT, &grant, &made), PSG_OK);
	assert_non_null(history_open(&history->model, made.file, target, NULL));
}

static void tidy(struct history *history)
{
	assert_int_equal(psg_people_tidy(history->folk->store, SUBJECT), PSG_OK);
	history_forgive_old(&history->model);
}

static void unlock(struct history *history)
{
	assert_int_equal(psg_attempts_forgive_all(history->folk->store, SUBJECT), PSG_OK);
	history_forgive(&history->model);
}

/* -- what must hold after each act -- */

static bool is_there(const struct psg_activations *list, const char *file,
		     const struct psg_now *now, bool *ret_live)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].file, file) == 0) {
			*ret_live = psg_activation_live(&list->items[i], now);
			return true;
		}
	}
	*ret_live = false;
	return false;
}

static void check(struct history *history)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	const struct history_model *model = &history->model;
	struct folk *folk = history->folk;
	size_t live = 0;
	uint64_t failures;
	int64_t wait_ns;

	assert_int_equal(psg_people_activations(folk->store, SUBJECT, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		bool lives = psg_activation_live(&list.items[i], &folk->now);

		live += lives;
		assert_true(!lives || psg_activation_left_ns(&list.items[i], &folk->now) <=
					  HISTORY_LIFETIME_S * FOLK_S);
	}
	for (size_t i = 0; i < model->count; i++) {
		const struct history_activation *one = &model->activations[i];
		bool lives;

		(void)is_there(&list, one->file, &folk->now, &lives);
		assert_true(!lives || history_may_live(model, one));
		assert_int_equal(lives, history_is_live(model, one));
		live -= lives;
	}
	/* And none that the model knows nothing of. */
	assert_int_equal(live, 0);
	assert_int_equal(psg_attempts_look(folk->store, SUBJECT, PSG_NOT_APART, &folk->throttle,
					   &failures, &wait_ns),
			 PSG_OK);
	assert_int_equal(failures, history_failures(model));
	assert_int_equal(wait_ns, history_wait_s(model, &folk->throttle) * FOLK_S);
	assert_true(wait_ns <= folk->throttle.maximum_delay_s * FOLK_S);
}

static void act(struct history *history)
{
	switch (history_chance(history, 16)) {
	case 0:
	case 1:
		history_pass(history, (int64_t)history_chance(history, 120));
		break;
	case 2:
		history_pass(history, (int64_t)history_chance(history, 3600));
		break;
	case 3: /* suspended: the monotonic clock stands still, these two do not */
		history_pass(history, (int64_t)history_chance(history, 3 * 86400));
		break;
	case 4:
	case 5:
		history_jump(history, history_any_jump(history));
		break;
	case 6:
		if (history_chance(history, 3) == 0)
			history_reboot(history);
		break;
	case 7:
	case 8:
	case 9:
		claim_any(history, false);
		break;
	case 10:
		claim_any(history, true);
		break;
	case 11:
		replay(history);
		break;
	case 12:
		turn_back_and_replay(history);
		break;
	case 13:
		deactivate(history);
		break;
	case 14:
		tidy(history);
		break;
	default:
		if (history_chance(history, 2))
			grant_by_hand(history);
		else if (history_chance(history, 4) == 0)
			unlock(history);
		break;
	}
}

static void live_through(struct history *history)
{
	struct folk *folk = history->folk;

	history->random = UINT64_C(88172645463325252) + history->number * UINT64_C(2654435761);
	history->model = (struct history_model){.boot_s = 1000, .wall_s = 56 * YEAR_S};
	history->model.devices[0].credential = folk->phone;
	history->model.devices[1].credential = folk->tablet;
	history_set_clock(history);
	for (size_t i = 0; i < 2; i++) {
		/* So long that no code is two steps' by chance. */
		history->model.devices[i].credential.digits = 8;
		folk_enroll(folk, SUBJECT, &history->model.devices[i].credential);
	}
	for (unsigned i = 0; i < ACTS; i++) {
		/* No two acts in one instant: of two activations made then the name would say which is the older. */
		history_pass(history, 1);
		act(history);
		check(history);
	}
}

/* What a failing test leaves for its teardown. */
static struct history history;

static int finish(void **state)
{
	void *folk = history.folk;

	(void)state;
	if (!folk)
		return 0;
	print_error("in history %u\n", history.number);
	history.folk = NULL;
	return folk_teardown(&folk);
}

static void each_history(bool *kind, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		void *folk = kind;

		assert_int_equal(folk_setup(&folk), 0);
		history = (struct history){.number = i, .folk = folk};
		live_through(&history);
		assert_int_equal(folk_teardown(&folk), 0);
		history.folk = NULL;
	}
}

static void histories_in_memory(void **state)
{
	(void)state;
	static const enum psg_err seen[] = {PSG_OK,           PSG_ERR_WRONG_CODE,
					    PSG_ERR_REPLAYED, PSG_ERR_STEP_FUTURE,
					    PSG_ERR_STALE,    PSG_ERR_THROTTLED};

	each_history(&folk_in_memory, soak(2000, 60000));
	for (size_t i = 0; i < PSG_COUNT(seen); i++)
		assert_true(outcomes[seen[i]] > 100);
}

static void histories_on_files(void **state)
{
	(void)state;
	each_history(&folk_on_files, soak(30, 1500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(histories_in_memory, finish),
	    cmocka_unit_test_teardown(histories_on_files, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
