/* Every entry point through real libpam: for each situation, the return code and the number of
 * prompts of authenticate, acct_mgmt and open_session, each in a fresh transaction; and psgctl
 * explain must say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "world.h"

enum answer {
	NOTHING, /* NULL, as pamtester at end of input */
	RIGHT,
	WRONG,
	REPLAYED,
	OLDER,
	FIRST_EDGE,
	LAST_EDGE,
	BEFORE_WINDOW,
	AFTER_WINDOW,
	EMPTY,
	LONG,
	CONTROL,
	LETTERS,
	SPACED,
	CONV_ERROR,
};

struct row {
	const char *name;
	struct world_policy policy;
	bool enrolled;
	int64_t live_host_s; /* an activation of scope Host, made 5 s ago, for so long */
	enum answer answer;
	int throttle; /* wrong codes given before */
	int flags;
	const char *arguments;
	int auth, account, open;
	int auth_prompts, gate_prompts; /* gate: account and open_session each */
	int attempts;                   /* that count after authenticate; -1: not looked at */
	bool explain;                   /* compare psgctl explain with account and open_session */
};

#define NEEDS                                                                                      \
	{                                                                                          \
		.requires_activation = true, .scope = PSG_SCOPE_HOST                               \
	}
#define DENIED PAM_PERM_DENIED

static const struct row rows[] = {
    {"not assigned",
     {.unassigned = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "",
     DENIED,
     DENIED,
     DENIED,
     0,
     0,
     0,
     true},
    {"not assigned, conceal",
     {.unassigned = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "conceal",
     PAM_AUTH_ERR,
     DENIED,
     DENIED,
     1,
     0,
     0,
     true},
    {"not assigned, unassigned_ok",
     {.unassigned = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "unassigned_ok",
     WORLD_IGNORED,
     PAM_SUCCESS,
     PAM_SUCCESS,
     0,
     0,
     0,
     true},
    {"not assigned, permissive",
     {.unassigned = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "permissive",
     WORLD_IGNORED,
     PAM_SUCCESS,
     PAM_SUCCESS,
     0,
     0,
     0,
     true},
    {"assignment over",
     {.until_s = 1000, .requires_activation = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "",
     DENIED,
     DENIED,
     DENIED,
     0,
     0,
     0,
     true},
    {"muted", {.muted = true}, true, 0, RIGHT, 0, 0, "", DENIED, DENIED, DENIED, 0, 0, 0, true},
    {"group Failed",
     {.failed = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "",
     DENIED,
     DENIED,
     DENIED,
     0,
     0,
     0,
     true},
    {"group Failed, unassigned_ok",
     {.failed = true},
     true,
     0,
     RIGHT,
     0,
     0,
     "unassigned_ok",
     DENIED,
     DENIED,
     DENIED,
     0,
     0,
     0,
     true},
    {"assigned, nothing required",
     {0},
     false,
     0,
     RIGHT,
     0,
     0,
     "",
     WORLD_IGNORED,
     PAM_SUCCESS,
     PAM_SUCCESS,
     0,
     0,
     0,
     true},
    {"requires, right code", NEEDS, true, 0, RIGHT, 0, 0, "", PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
     1, 1, 0, false},
    {"requires, none, noprompt", NEEDS, true, 0, RIGHT, 0, 0, "noprompt", PAM_SUCCESS, DENIED,
     DENIED, 1, 0, 0, true},
    {"active", NEEDS, true, 3600, NOTHING, 0, 0, "", WORLD_IGNORED, PAM_SUCCESS, PAM_SUCCESS, 0, 0,
     0, true},
    {"lapsed", NEEDS, true, 1, NOTHING, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0, true},
    {"lapsed, right code", NEEDS, true, 1, RIGHT, 0, 0, "", PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
     1, 1, 0, false},
    {"not enrolled", NEEDS, false, 0, RIGHT, 0, 0, "", PAM_AUTHINFO_UNAVAIL, DENIED, DENIED, 0, 0,
     0, true},
    {"not enrolled, conceal", NEEDS, false, 0, WRONG, 0, 0, "conceal", PAM_AUTH_ERR, DENIED, DENIED,
     1, 0, 0, true},
    {"not enrolled, permissive", NEEDS, false, 0, WRONG, 0, 0, "permissive", WORLD_IGNORED,
     PAM_SUCCESS, PAM_SUCCESS, 0, 0, 0, true},
    {"throttled", NEEDS, true, 0, RIGHT, 5, 0, "", PAM_MAXTRIES, DENIED, DENIED, 1, 1, 5, true},
    {"one more before the throttle", NEEDS, true, 0, RIGHT, 4, 0, "", PAM_SUCCESS, PAM_SUCCESS,
     PAM_SUCCESS, 1, 1, 0, false},
    {"wrong code", NEEDS, true, 0, WRONG, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 1, true},
    {"wrong code, permissive", NEEDS, true, 0, WRONG, 0, 0, "permissive", WORLD_IGNORED,
     PAM_SUCCESS, PAM_SUCCESS, 1, 1, 1, true},
    {"replayed code", NEEDS, true, 0, REPLAYED, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 1,
     true},
    {"older code after a newer one", NEEDS, true, 0, OLDER, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED,
     1, 1, 1, true},
    {"first edge of the window", NEEDS, true, 0, FIRST_EDGE, 0, 0, "", PAM_SUCCESS, PAM_SUCCESS,
     PAM_SUCCESS, 1, 1, 0, false},
    {"last edge of the window", NEEDS, true, 0, LAST_EDGE, 0, 0, "", PAM_SUCCESS, PAM_SUCCESS,
     PAM_SUCCESS, 1, 1, 0, false},
    {"before the window", NEEDS, true, 0, BEFORE_WINDOW, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1,
     1, 1, true},
    {"after the window", NEEDS, true, 0, AFTER_WINDOW, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1,
     1, true},
    {"empty answer", NEEDS, true, 0, EMPTY, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0, true},
    {"100 characters", NEEDS, true, 0, LONG, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0, true},
    {"control characters", NEEDS, true, 0, CONTROL, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0,
     true},
    {"letters", NEEDS, true, 0, LETTERS, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0, true},
    {"right code with a space inside", NEEDS, true, 0, SPACED, 0, 0, "", PAM_SUCCESS, PAM_SUCCESS,
     PAM_SUCCESS, 1, 1, 0, false},
    {"NULL answer", NEEDS, true, 0, NOTHING, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1, 0, true},
    {"conversation error", NEEDS, true, 0, CONV_ERROR, 0, 0, "", PAM_AUTH_ERR, DENIED, DENIED, 1, 1,
     0, true},
    {"PAM_SILENT", NEEDS, true, 0, RIGHT, 0, PAM_SILENT, "", PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
     1, 1, 0, false},
    {"unknown argument", NEEDS, true, 3600, RIGHT, 0, 0, "nullok", PAM_AUTHINFO_UNAVAIL, DENIED,
     DENIED, 0, 0, 0, false},
    {"another application", NEEDS, true, 3600, RIGHT, 0, 0, "application=other", DENIED, DENIED,
     DENIED, 0, 0, 0, true},
    {"group=", NEEDS, true, 3600, RIGHT, 0, 0, "group=Operators", WORLD_IGNORED, PAM_SUCCESS,
     PAM_SUCCESS, 0, 0, 0, true},
    {"permission= nobody gives", NEEDS, true, 3600, RIGHT, 0, 0, "permission=Much", DENIED, DENIED,
     DENIED, 0, 0, 0, true},
};

static const char *spend_now(struct world *world, int offset)
{
	const char *code = world_code(world, offset);

	world->person = (struct person){.answers = {code}};
	world_start(world, "gate", WORLD_USER);
	assert_int_equal(pam_authenticate(world->pamh, 0), PAM_SUCCESS);
	world_end(world);
	/* The activation it opened must not help what follows. */
	struct psg_activations list = {0};

	assert_int_equal(psg_people_activations(world->store, WORLD_USER, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(psg_activation_end(world->store, WORLD_USER, list.items[i].file,
						    PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
	psg_activations_clear(&list);
	return code;
}

static const char *answer_of(struct world *world, enum answer answer)
{
	static char made[128];
	const char *now;

	switch (answer) {
	case RIGHT:
	case CONV_ERROR:
		return world_code(world, 0);
	case WRONG:
		now = world_code(world, 5);
		return now;
	case REPLAYED:
		return spend_now(world, 0);
	case OLDER:
		spend_now(world, 1);
		return world_code(world, 0);
	case FIRST_EDGE:
		return world_code(world, -1);
	case LAST_EDGE:
		return world_code(world, 1);
	case BEFORE_WINDOW:
		return world_code(world, -2);
	case AFTER_WINDOW:
		return world_code(world, 2);
	case EMPTY:
		return "";
	case LONG:
		memset(made, '1', 100);
		made[100] = '\0';
		return made;
	case CONTROL:
		return "12\033[2J34";
	case LETTERS:
		return "12345O";
	case SPACED:
		now = world_code(world, 0);
		snprintf(made, sizeof(made), " %.3s %s ", now, now + 3);
		return made;
	case NOTHING:
	default:
		return NULL;
	}
}

static void guess_wrong(struct world *world, int times)
{
	for (int i = 0; i < times; i++) {
		world->person = (struct person){.answers = {world_code(world, 5 + i)}};
		world_start(world, "gate", WORLD_USER);
		assert_int_equal(pam_authenticate(world->pamh, 0), PAM_AUTH_ERR);
		world_end(world);
	}
}

static void check(int got, int wanted, const char *row, const char *what)
{
	if (got != wanted)
		fail_msg("%s: %s is %d, not %d", row, what, got, wanted);
}

/* One world a call: what one entry point does must not colour the next. */
static void one(const struct row *row, int (*enter)(pam_handle_t *, int), int wanted, int prompts,
		int attempts, const char *what)
{
	struct world world;

	world_make(&world, &row->policy);
	if (row->enrolled)
		world_enroll(&world);
	if (row->live_host_s)
		world_activate(&world, 5, row->live_host_s, NULL);
	guess_wrong(&world, row->throttle);
	const char *answer = row->enrolled ? answer_of(&world, row->answer) : "123456";

	world_stack(&world, "gate", row->arguments);
	world.person = (struct person){.answers = {answer}};
	if (row->answer == CONV_ERROR)
		world.person.conv_code = PAM_CONV_ERR;
	world_start(&world, "gate", WORLD_USER);
	check(enter(world.pamh, row->flags), wanted, row->name, what);
	check(world.person.prompts, prompts, row->name, "number of prompts");
	if (attempts >= 0)
		check((int)world_attempts(&world), attempts, row->name, "attempts");
	world_drop(&world);
}

static void explain(const struct row *row)
{
	struct world world;
	char command[9000];

	world_make(&world, &row->policy);
	if (row->enrolled)
		world_enroll(&world);
	if (row->live_host_s)
		world_activate(&world, 5, row->live_host_s, NULL);
	guess_wrong(&world, row->throttle);
	world_stack(&world, "gate", row->arguments);
	snprintf(command, sizeof(command),
		 "%s --json explain " WORLD_USER " gate --pam-dir %s 2>/dev/null",
		 world_built("psgctl"), world.conf_dir);
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	json_error_t error;
	json_t *answer = json_loadf(pipe, 0, &error);

	pclose(pipe);
	if (!answer)
		fail_msg("%s: explain printed no JSON: %s", row->name, error.text);
	const json_t *pam = json_object_get(answer, "pam");
	static const char *const names[] = {"PAM_SUCCESS", "PAM_PERM_DENIED"};

	assert_string_equal(json_string_value(json_object_get(pam, "acct_mgmt")),
			    names[row->account == PAM_PERM_DENIED]);
	assert_string_equal(json_string_value(json_object_get(pam, "open_session")),
			    names[row->open == PAM_PERM_DENIED]);
	json_decref(answer);
	world_drop(&world);
}

static void row_test(void **state)
{
	const struct row *row = *state;

	one(row, pam_authenticate, row->auth, row->auth_prompts, row->attempts, "authenticate");
	one(row, pam_acct_mgmt, row->account, row->gate_prompts, -1, "acct_mgmt");
	one(row, pam_open_session, row->open, row->gate_prompts, -1, "open_session");
	if (row->explain)
		explain(row);
}

int main(void)
{
	struct CMUnitTest tests[PSG_COUNT(rows)];
	struct row copies[PSG_COUNT(rows)];

	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		copies[i] = rows[i];
		tests[i] = (struct CMUnitTest){
		    .name = rows[i].name, .test_func = row_test, .initial_state = &copies[i]};
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
