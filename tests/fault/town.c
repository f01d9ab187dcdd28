#include "town.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 30

const char *const town_names[TOWN_PEOPLE] = {WORLD_USER, "daemon", "bin"};

/* -- the people -- */

static void enroll(struct town *town, enum town_who who)
{
	struct psg_credential *device = &town->device[who];
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];
	size_t removed;

	assert_int_equal(psg_people_unenroll(town->world.store, town_names[who], NULL, &removed),
			 PSG_OK);
	*device = (struct psg_credential){
	    .algorithm = PSG_SHA1, .digits = 6, .period_s = WORLD_PERIOD_S, .secret_len = 20};
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), device->id);
	psg_random(device->secret, 20);
	assert_int_equal(psg_people_enroll(town->world.store, town_names[who], device), PSG_OK);
}

void town_deactivate(struct town *town, enum town_who who)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	assert_int_equal(psg_people_activations(town->world.store, town_names[who], &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(psg_activation_end(town->world.store, town_names[who],
						    list.items[i].file, PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
}

bool town_has_live(struct town *town, enum town_who who)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	bool live = false;

	assert_int_equal(psg_clock_now(&psg_clock_system, &now), PSG_OK);
	assert_int_equal(psg_people_activations(town->world.store, town_names[who], &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		live |= list.items[i].valid && !list.items[i].ended &&
			psg_activation_left_ns(&list.items[i], &now) > 0;
	return live;
}

/* The names of codes spent stay for an hour, and every round reads them all: held at each call in turn, a command would
 * make more calls each time and never come to its end. */
static void forget_spent(struct town *town, enum town_who who)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -f %s/people/%s/spent/*", town->world.store_dir,
		 town_names[who]);
	assert_int_equal(system(command), 0);
}

void town_fresh(struct town *town)
{
	town->other.secret_len = 0;
	for (enum town_who who = 0; who < TOWN_PEOPLE; who++) {
		if (who != TOWN_LIVE)
			forget_spent(town, who);
		enroll(town, who);
		assert_int_equal(psg_attempts_forgive_all(town->world.store, town_names[who]),
				 PSG_OK);
	}
}

void town_make(struct town *town, const struct world_policy *policy)
{
	struct psg_activation made;
	struct psg_grant grant = {.kind = PSG_TARGET_GROUP,
				  .target = WORLD_GROUP,
				  .scope = PSG_SCOPE_HOST,
				  .lifetime_s = 366 * 86400,
				  .maximum_lifetime_s = 366 * 86400};
	bool changed;

	*town = (struct town){.listing = NULL};
	world_place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	world_make(&town->world, policy);
	for (enum town_who who = TOWN_BYSTANDER; who < TOWN_PEOPLE; who++) {
		char name[16] = "", group[] = WORLD_GROUP;
		struct psg_assignment assignment = {name, PSG_TARGET_GROUP, group, 0, 0};

		strcpy(name, town_names[who]);
		assert_int_equal(psg_policy_assign(town->world.store->root, &assignment, &changed),
				 PSG_OK);
	}
	assert_int_equal(psg_people_grant(town->world.store, town_names[TOWN_LIVE], &grant, &made),
			 PSG_OK);
	town_fresh(town);
	town_policy_keep(town);
	/* The module is loaded once, here, and not at every login. */
	assert_true(town_lets_in(town, TOWN_LIVE, NULL));
	world_start(&town->world, "gate", WORLD_USER);
	assert_int_not_equal(pam_acct_mgmt(town->world.pamh, 0), PAM_SUCCESS);
	world_end(&town->world);
}

void town_drop(struct town *town)
{
	free(town->listing);
	free(town->doctor);
	free(town->policy);
	world_drop(&town->world);
}

const char *town_code(struct town *town, const struct psg_credential *device, int offset)
{
	town->world.credential = *device;
	return world_code(&town->world, offset);
}

bool town_spent(struct town *town, const struct psg_credential *device, int offset)
{
	struct psg_now now;
	char path[256];

	assert_int_equal(psg_clock_now(&psg_clock_system, &now), PSG_OK);
	uint64_t step = psg_totp_step(device, now.realtime_ns / PSG_NS_PER_S);

	snprintf(path, sizeof(path), "%s/people/%s/spent/%s-%llu", town->world.store_dir,
		 town_names[TOWN_VICTIM], device->id,
		 (unsigned long long)(step + (uint64_t)(int64_t)offset));
	return access(path, F_OK) == 0;
}

/* -- logins -- */

struct town_seen *town_seen_new(void)
{
	struct town_seen *seen =
	    mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(seen != MAP_FAILED);
	for (int phase = 0; phase < TOWN_DONE; phase++)
		seen->result[phase] = -1;
	return seen;
}

void town_visit(void *arg)
{
	static int (*const calls[])(pam_handle_t *, int) = {
	    [TOWN_AUTH] = pam_authenticate,
	    [TOWN_ACCT] = pam_acct_mgmt,
	    [TOWN_OPEN] = pam_open_session,
	    [TOWN_CLOSE] = pam_close_session,
	};
	struct town_visit *visit = arg;
	struct world *world = &visit->town->world;

	if (getpid() != getsid(0))
		setsid();
	world->person = (struct person){.answers = {visit->code}};
	world->pamh = NULL;
	world_start(world, "gate", town_names[visit->who]);
	for (int phase = TOWN_AUTH; phase < TOWN_DONE; phase++) {
		visit->seen->phase = phase;
		visit->seen->result[phase] = calls[phase](world->pamh, 0);
	}
	visit->seen->phase = TOWN_DONE;
	world_end(world);
}

/* In this process, which leads a session: thousands of these are wanted. */
void town_login(struct town *town, enum town_who who, const char *code, struct town_seen *ret)
{
	struct town_visit visit = {town, who, code, ret};

	*ret = (struct town_seen){.phase = TOWN_BEFORE};
	alarm(PATIENCE_S);
	town_visit(&visit);
	alarm(0);
}

static void kept_waiting(int signal)
{
	static const char text[] = "a login is kept waiting\n";

	(void)signal;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(97);
}

int town_run(int (*tests)(void))
{
	pid_t pid = fork();
	int status;

	if (pid != 0)
		return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)
			   ? WEXITSTATUS(status)
			   : 99;
	setsid();
	signal(SIGALRM, kept_waiting);
	exit(tests());
}

bool town_lets_in(struct town *town, enum town_who who, const char *code)
{
	struct town_seen seen;

	town_login(town, who, code, &seen);
	bool in = seen.result[TOWN_ACCT] == PAM_SUCCESS;

	assert_int_equal(seen.result[TOWN_OPEN] == PAM_SUCCESS, in);
	/* Who is live already is asked for nothing. */
	if (seen.result[TOWN_AUTH] == PAM_SUCCESS && !in)
		fail_msg("%s was let in by authenticate and then refused", town_names[who]);
	return in;
}

/* -- psgctl -- */

/* What looks for leaks at the end of a program stops its threads with ptrace: it gives up under another tracer, and killed
 * meanwhile it leaves a thread that spins for ever. */
static void look_for_no_leaks(void)
{
	const char *set = getenv("ASAN_OPTIONS");
	char options[512];

	snprintf(options, sizeof(options), "%s:detect_leaks=0", set ? set : "");
	if (setenv("ASAN_OPTIONS", options, 1) != 0)
		_exit(98);
}

void town_command(void *arg)
{
	const struct town_command *command = arg;
	const struct world *world = &command->town->world;
	const char *line[16] = {"psgctl", "--store", world->store_dir};
	char path[256];

	for (size_t i = 0; command->words[i] != NULL; i++)
		line[3 + i] = command->words[i];
	FILE *input = tmpfile();

	if (input == NULL || chdir(world->dir) != 0)
		_exit(98);

	if (command->input != NULL)
		fputs(command->input, input);
	rewind(input);
	dup2(fileno(input), STDIN_FILENO);
	snprintf(path, sizeof(path), "%s/%s", world->dir, command->said ? command->said : "");
	if (freopen(command->said ? path : "/dev/null", "w", stdout) == NULL ||
	    dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(98);
	look_for_no_leaks();
	execv(world_built("psgctl"), (char *const *)(uintptr_t)line);
	_exit(98);
}

int town_psgctl(const struct town_command *command)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		town_command((void *)(uintptr_t)command);
	return tracer_await(pid, command->words[0]);
}

char *town_said(const struct town *town, const char *name)
{
	char path[256], *text = NULL;
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/%s", town->world.dir, name);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	if (getdelim(&text, &len, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}
