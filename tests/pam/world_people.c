/* The people of a world: their devices, codes, attempts and activations. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/bytes.h"

const char *world_user(unsigned number)
{
	static char names[64][16];

	assert_true(number < 64);
	snprintf(names[number], sizeof(names[number]), "racer%u", number);
	return names[number];
}

struct psg_credential world_device(struct world *world, const char *user, unsigned number,
				   const uint8_t *secret)
{
	struct psg_credential credential = {
	    .algorithm = PSG_SHA1, .digits = 6, .period_s = WORLD_PERIOD_S, .secret_len = 20};

	/* Told in advance: two worlds never share a store. */
	snprintf(credential.id, sizeof(credential.id), "00112233445566%02x", number);
	if (secret)
		memcpy(credential.secret, secret, 20);
	else
		psg_random(credential.secret, 20);
	assert_int_equal(psg_people_enroll(world->store, user, &credential), PSG_OK);
	return credential;
}

void world_enroll(struct world *world)
{
	world->credential = world_device(world, WORLD_USER, 0xaa, NULL);
}

uint64_t world_code_of(struct world *world, const struct psg_credential *credential, int offset,
		       char out[static PSG_CODE_DIGITS_MAX + 1])
{
	struct psg_now now;

	assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	/* Never so near a step's end that the answer could be given in the next. */
	int64_t left_s = WORLD_PERIOD_S - now.realtime_ns / PSG_NS_PER_S % WORLD_PERIOD_S;

	if (left_s <= 3) {
		sleep((unsigned)left_s);
		assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	}
	uint64_t step =
	    psg_totp_step(credential, now.realtime_ns / PSG_NS_PER_S) + (uint64_t)(int64_t)offset;

	assert_int_equal(psg_totp_code(credential, step, out), PSG_OK);
	return step;
}

const char *world_code(struct world *world, int offset)
{
	static char codes[16][PSG_CODE_DIGITS_MAX + 1];
	static unsigned next;
	char *out = codes[next++ % 16];

	(void)world_code_of(world, &world->credential, offset, out);
	return out;
}

static int64_t past_ns;

static enum psg_err past_now(void *self, struct psg_now *ret)
{
	enum psg_err err = psg_clock_now(&psg_clock_system, ret);

	(void)self;
	ret->realtime_ns -= past_ns;
	ret->boottime_ns -= past_ns;
	return err;
}

void world_look_back(struct world *world, int64_t age_s)
{
	past_ns = age_s * PSG_NS_PER_S;
	world->store->clock = age_s ? (struct psg_clock){past_now, NULL} : psg_clock_system;
}

void world_grant(struct world *world, const char *user, const struct psg_grant *grant,
		 int64_t age_s, struct psg_activation *ret)
{
	world_look_back(world, age_s);
	assert_int_equal(psg_people_grant(world->store, user, grant, ret), PSG_OK);
	world_look_back(world, 0);
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

unsigned world_live(struct world *world, const char *user)
{
	struct psg_activations list = {0};
	struct psg_now now;
	unsigned found = 0;

	assert_int_equal(psg_people_activations(world->store, user, &list), PSG_OK);
	assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		list.items[i].in_session = true;
		found += psg_activation_live(&list.items[i], &now);
	}
	psg_activations_clear(&list);
	return found;
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
