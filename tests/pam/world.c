#include "world.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/bytes.h"
#include "psg/metadata.h"

const char *world_place = "/tmp";

const char *world_built(const char *name)
{
	static char path[4096];
	const char *build = getenv("PSG_BUILD");
	char joined[4096];

	snprintf(joined, sizeof(joined), "%s/%s", build ? build : "build", name);
	assert_non_null(realpath(joined, path));
	return path;
}

static char *copy(const char *text)
{
	char *made = strdup(text);

	assert_non_null(made);
	return made;
}

static void add_permission(struct psg_permission_set *set, const char *element, const char *name)
{
	char key[256];

	snprintf(key, sizeof(key), "%s.%s", element, name);
	assert_int_equal(psg_strings_add(&set->permissions, key), PSG_OK);
	psg_strings_sort(&set->permissions);
}

static void fill_set(struct psg_permission_set *set, const char *name, bool requires_activation)
{
	*set = (struct psg_permission_set){.name = copy(name),
					   .label = copy(name),
					   .description = copy(""),
					   .license = copy(""),
					   .requires_activation = requires_activation};
}

static void fill_group(struct psg_group *group, const char *name, const char *set,
		       const struct world_policy *policy)
{
	*group = (struct psg_group){.name = copy(name),
				    .label = copy(name),
				    .description = copy(""),
				    .status_reason = copy(""),
				    .requires_activation = policy->requires_activation};
	assert_int_equal(psg_strings_add(&group->sets, set), PSG_OK);
	if (policy->muted)
		assert_int_equal(psg_strings_add(&group->muting_sets, "Mute"), PSG_OK);
}

static void fill_rules(struct psg_activation_policy *rules, const struct world_policy *policy)
{
	*rules = (struct psg_activation_policy){
	    .name = copy(WORLD_GROUP),
	    .lifetime_s = policy->lifetime_s ? policy->lifetime_s : 3600,
	    .maximum_lifetime_s = policy->maximum_lifetime_s,
	    .warn_before_s = policy->warn_before_s,
	    .end_sessions = policy->end_sessions,
	    .scope = policy->scope,
	    .has_scope = true,
	    .reason = policy->reason,
	    .reason_pattern = copy(policy->reason_pattern ? policy->reason_pattern : ""),
	    .enrollment = policy->enrollment,
	    .enroll_within_s = policy->enroll_within_s};
}

static void fill_model(struct psg_model *model, const struct world_policy *policy)
{
	model->sets = calloc(2, sizeof(*model->sets));
	model->set_count = 2;
	fill_set(&model->sets[0], "Login_PS", false);
	add_permission(&model->sets[0], "applicationVisibilities", "gate");
	for (size_t i = 0; policy->applications[i]; i++)
		add_permission(&model->sets[0], "applicationVisibilities", policy->applications[i]);
	fill_set(&model->sets[1], "Wide_PS", false);
	add_permission(&model->sets[1], "applicationVisibilities", "gate");
	add_permission(&model->sets[1], "userPermissions", "Much");
	add_permission(&model->sets[1], "userPermissions", "More");
	model->muting_sets = calloc(1, sizeof(*model->muting_sets));
	model->muting_set_count = 1;
	fill_set(&model->muting_sets[0], "Mute", false);
	add_permission(&model->muting_sets[0], "applicationVisibilities", "gate");
	model->groups = calloc(2, sizeof(*model->groups));
	model->group_count = 2;
	fill_group(&model->groups[0], WORLD_GROUP, "Login_PS", policy);
	fill_group(&model->groups[1], "Wide", "Wide_PS", policy);
	model->policies = calloc(1, sizeof(*model->policies));
	model->policy_count = 1;
	fill_rules(&model->policies[0], policy);
	assert_int_equal(psg_gate_settings_default(&model->settings), PSG_OK);
	model->has_settings = true;
	if (policy->attempts)
		model->settings.throttle.attempts = policy->attempts;
	if (policy->delay_s)
		model->settings.throttle.delay_s = model->settings.throttle.maximum_delay_s =
		    policy->delay_s;
	assert_int_equal(psg_recalculate(model), PSG_OK);
	if (policy->failed)
		model->groups[0].status = PSG_STATUS_FAILED;
}

void world_deploy(struct world *world, const struct world_policy *policy)
{
	static uint64_t generation = 1;
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	char *user PSG_CLEANUP(psg_free_bytes) =
	    copy(policy->assignee ? policy->assignee : WORLD_USER);
	char group[] = WORLD_GROUP, wide[] = "Wide";
	struct psg_assignment *list = calloc(policy->users + 2, sizeof(*list));
	struct psg_assignments assigned = {.items = list};

	assert_non_null(list);
	if (!policy->unassigned)
		list[assigned.count++] = (struct psg_assignment){
		    user, PSG_TARGET_GROUP, group, policy->until_s,
		    policy->assigned_s < 0 ? time(NULL) + policy->assigned_s : policy->assigned_s};
	if (!policy->unassigned && policy->second_group)
		list[assigned.count++] =
		    (struct psg_assignment){user, PSG_TARGET_GROUP, wide, 0, 0};
	for (unsigned i = 0; i < policy->users; i++)
		list[assigned.count++] =
		    (struct psg_assignment){copy(world_user(i)), PSG_TARGET_GROUP, group, 0, 0};
	fill_model(&model, policy);
	assert_int_equal(psg_policy_write(world->store->root, &model, &assigned, generation++),
			 PSG_OK);
	for (size_t i = assigned.count - policy->users; i < assigned.count; i++)
		free(list[i].assignee);
	free(list);
}

void world_make(struct world *world, const struct world_policy *policy)
{
	bool made;

	*world = (struct world){.pamh = NULL};
	snprintf(world->dir, sizeof(world->dir), "%s/psg-pam-XXXXXX", world_place);
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->store_dir, sizeof(world->store_dir), "%s/store", world->dir);
	snprintf(world->conf_dir, sizeof(world->conf_dir), "%s/pam.d", world->dir);
	assert_int_equal(mkdir(world->conf_dir, 0755), 0);
	assert_int_equal(psg_store_make(world->store_dir, NULL, &made), PSG_OK);
	assert_int_equal(psg_store_open(world->store_dir, NULL, true, &world->store), PSG_OK);
	world_deploy(world, policy);
	world_stack(world, "gate", "");
}

void world_drop(struct world *world)
{
	char command[256];

	world_end(world);
	psg_store_close(&world->store);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	assert_int_equal(system(command), 0);
}

void world_stack_text(struct world *world, const char *service, const char *text)
{
	char path[256], module[8192];

	snprintf(path, sizeof(path), "%s/%s", world->conf_dir, service);
	snprintf(module, sizeof(module), "%s store=%s", world_built("pam_psg.so"),
		 world->store_dir);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (const char *at = text; *at; at++)
		if (at[0] == '%' && at[1] == 's') {
			fputs(module, file);
			at++;
		} else {
			fputc(*at, file);
		}
	assert_int_equal(fclose(file), 0);
}

void world_stack(struct world *world, const char *service, const char *arguments)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "auth [success=done ignore=ignore default=die] %%s %s\n"
		 "auth required pam_debug.so auth=acct_expired\naccount required %%s %s\nsession "
		 "required %%s %s\n"
		 "password required %%s %s\n",
		 arguments, arguments, arguments, arguments);
	world_stack_text(world, service, text);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
		    void *arg)
{
	struct person *person = arg;
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

	if (!responses)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style == PAM_TEXT_INFO ||
		    messages[i]->msg_style == PAM_ERROR_MSG) {
			size_t len = strlen(person->said);

			person->texts++;
			snprintf(person->said + len, sizeof(person->said) - len, "%s\n",
				 messages[i]->msg);
			continue;
		}
		size_t asked = strlen(person->asked);

		snprintf(person->asked + asked, sizeof(person->asked) - asked, "%s\n",
			 messages[i]->msg);
		if (person->before_answer)
			person->before_answer(person->arg);
		const char *answer = person->prompts < 8 ? person->answers[person->prompts] : NULL;

		person->prompts++;
		person->echoed += messages[i]->msg_style == PAM_PROMPT_ECHO_ON;
		if (person->conv_code) {
			free(responses);
			return person->conv_code;
		}
		responses[i].resp = answer ? strdup(answer) : NULL;
	}
	*ret = responses;
	return PAM_SUCCESS;
}

pam_handle_t *world_open(const struct world *world, const char *service, const char *user,
			 struct person *person)
{
	struct pam_conv conv = {converse, person};
	pam_handle_t *pamh = NULL;

	assert_int_equal(pam_start_confdir(service, user, &conv, world->conf_dir, &pamh),
			 PAM_SUCCESS);
	return pamh;
}

void world_start(struct world *world, const char *service, const char *user)
{
	world_end(world);
	world->pamh = world_open(world, service, user, &world->person);
}

void world_end(struct world *world)
{
	if (world->pamh)
		pam_end(world->pamh, PAM_SUCCESS);
	world->pamh = NULL;
}

void world_has_been_up(unsigned days)
{
	FILE *offsets;

	if (unshare(CLONE_NEWTIME) == 0 && (offsets = fopen("/proc/self/timens_offsets", "w"))) {
		fprintf(offsets, "boottime %u 0\n", days * 86400);
		if (fclose(offsets) == 0)
			return;
	}
	struct timespec up = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	if (up.tv_sec < (time_t)days * 86400) {
		fprintf(stderr, "this test needs a time namespace, or a machine up for %u days\n",
			days);
		exit(1);
	}
}

static int await(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

int world_run_in_session(int (*tests)(void))
{
	pid_t leader = fork();

	if (leader != 0)
		return leader > 0 ? await(leader) : 99;
	setsid();
	pid_t member = fork();

	if (member != 0)
		_exit(member > 0 ? await(member) : 99);
	exit(tests());
}

int world_in_new_session(int (*body)(void))
{
	pid_t child = fork();

	if (child == 0) {
		setsid();
		_exit(body());
	}
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
