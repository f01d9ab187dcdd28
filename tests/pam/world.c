#include "world.h"

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
	    .scope = policy->scope,
	    .has_scope = true,
	    .reason = policy->reason,
	    .reason_pattern = copy(policy->reason_pattern ? policy->reason_pattern : ""),
	    .enrollment = policy->enrollment};
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
	struct psg_assignment list[] = {{user, PSG_TARGET_GROUP, group, policy->until_s},
					{user, PSG_TARGET_GROUP, wide, 0}};
	struct psg_assignments assigned = {list, policy->second_group ? 2 : 1};

	if (policy->unassigned)
		assigned.count = 0;
	fill_model(&model, policy);
	assert_int_equal(psg_policy_write(world->store->root, &model, &assigned, generation++),
			 PSG_OK);
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

void world_enroll(struct world *world)
{
	/* A fixed id: two worlds never share a store. */
	world->credential = (struct psg_credential){.id = "00112233445566aa",
						    .algorithm = PSG_SHA1,
						    .digits = 6,
						    .period_s = WORLD_PERIOD_S,
						    .secret_len = 20};
	psg_random(world->credential.secret, 20);
	assert_int_equal(psg_people_enroll(world->store, WORLD_USER, &world->credential), PSG_OK);
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
		if (person->conv_code) {
			free(responses);
			return person->conv_code;
		}
		responses[i].resp = answer ? strdup(answer) : NULL;
	}
	*ret = responses;
	return PAM_SUCCESS;
}

void world_start(struct world *world, const char *service, const char *user)
{
	struct pam_conv conv = {converse, &world->person};

	world_end(world);
	assert_int_equal(pam_start_confdir(service, user, &conv, world->conf_dir, &world->pamh),
			 PAM_SUCCESS);
}

void world_end(struct world *world)
{
	if (world->pamh)
		pam_end(world->pamh, PAM_SUCCESS);
	world->pamh = NULL;
}

const char *world_code(struct world *world, int offset)
{
	static char codes[16][PSG_CODE_DIGITS_MAX + 1];
	static unsigned next;
	char *out = codes[next++ % 16];
	struct psg_now now;

	assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	/* Never so near a step's end that the answer could be given in the next. */
	int64_t left_s = WORLD_PERIOD_S - now.realtime_ns / PSG_NS_PER_S % WORLD_PERIOD_S;

	if (left_s <= 3) {
		sleep((unsigned)left_s);
		assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	}
	uint64_t step = psg_totp_step(&world->credential, now.realtime_ns / PSG_NS_PER_S);

	assert_int_equal(psg_totp_code(&world->credential, step + (uint64_t)(int64_t)offset, out),
			 PSG_OK);
	return out;
}

struct past {
	int64_t age_ns;
};

static enum psg_err past_now(void *self, struct psg_now *ret)
{
	struct past *past = self;
	enum psg_err err = psg_clock_now(&psg_clock_system, ret);

	ret->realtime_ns -= past->age_ns;
	ret->boottime_ns -= past->age_ns;
	return err;
}

void world_grant(struct world *world, const char *user, const struct psg_grant *grant,
		 int64_t age_s, struct psg_activation *ret)
{
	struct past past = {age_s * PSG_NS_PER_S};
	struct psg_clock clock = world->store->clock;

	world->store->clock = (struct psg_clock){past_now, &past};
	assert_int_equal(psg_people_grant(world->store, user, grant, ret), PSG_OK);
	world->store->clock = clock;
}

void world_activate(struct world *world, int64_t age_s, int64_t lifetime_s,
		    const struct psg_binding *binding)
{
	struct psg_activation made;
	struct psg_grant grant = {.kind = PSG_TARGET_GROUP,
				  .target = WORLD_GROUP,
				  .scope = binding ? PSG_SCOPE_SESSION : PSG_SCOPE_HOST,
				  .lifetime_s = lifetime_s,
				  .maximum_lifetime_s = lifetime_s,
				  .service = "test",
				  .binding = binding};

	world_grant(world, WORLD_USER, &grant, age_s, &made);
}

struct psg_activation world_activation(struct world *world)
{
	struct psg_activations list = {0};

	assert_int_equal(psg_people_activations(world->store, WORLD_USER, &list), PSG_OK);
	assert_true(list.count > 0);
	struct psg_activation found = list.items[list.count - 1];

	psg_activations_clear(&list);
	return found;
}

uint64_t world_attempts(struct world *world)
{
	struct psg_throttle throttle = {5, 30, 900};
	uint64_t count;
	int64_t wait_ns;

	assert_int_equal(
	    psg_attempts_look(world->store, WORLD_USER, PSG_NOT_APART, &throttle, &count, &wait_ns),
	    PSG_OK);
	return count;
}

/* The key is the last word of the line of the prompt that shows it. */
void world_read_key(void *arg)
{
	const struct world_app *app = arg;
	struct psg_credential made = {.algorithm = PSG_SHA1, .digits = 6, .period_s = 30};
	const char *line = strstr(app->person->asked, "6 digits): ");
	char key[128];

	if (!line)
		return;
	line += strlen("6 digits): ");
	size_t len = strcspn(line, "\n");

	memcpy(key, line, len);
	key[len] = '\0';
	assert_int_equal(psg_base32_decode(key, made.secret, sizeof(made.secret), &made.secret_len),
			 PSG_OK);
	assert_int_equal(made.secret_len, 20);
	assert_int_equal(psg_totp_code(&made, psg_totp_step(&made, time(NULL)), app->code), PSG_OK);
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
