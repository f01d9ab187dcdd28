/* What others do between two steps of one process, each at one certain moment (all moments: interleave_test.c). */
#include "folk.h"

#include <string.h>

static const struct psg_binding session_a = {{100, 7}, 5}, session_b = {{200, 8}, 6};
static const uint8_t ticket[PSG_TICKET_SIZE] = "fifteen bytes..";

/* -- binding: the clock is looked at before the name is made, and after -- */

static struct psg_activation with_ticket(struct folk *folk)
{
	struct psg_grant grant = folk_grant("A");
	struct psg_activation a;

	grant.scope = PSG_SCOPE_SESSION;
	grant.ticket = ticket;
	assert_int_equal(psg_people_grant(folk->store, "alice", &grant, &a), PSG_OK);
	return a;
}

struct between {
	struct folk *folk;
	unsigned int at, looks; /* it happens at the `at`-th look */
	const char *binds;      /* the same for another session; or NULL: 121 s pass */
};

static enum psg_err look_between(void *self, struct psg_now *ret)
{
	struct between *between = self;
	struct folk *folk = between->folk;

	if (++between->looks == between->at) {
		if (between->binds != NULL)
			assert_int_equal(
			    psg_activation_bind(folk->store, "alice", between->binds, &session_b),
			    PSG_OK);
		else
			folk_pass(folk, 121);
	}
	*ret = folk->now;
	return PSG_OK;
}

static enum psg_err bind_with(struct folk *folk, const char *file, const char *binds,
			      unsigned int at)
{
	struct between between = {.folk = folk, .at = at, .binds = binds};
	struct psg_clock clock = folk->store->clock;
	enum psg_err err;

	folk->store->clock = (struct psg_clock){.self = &between, .now = look_between};
	err = psg_activation_bind(folk->store, "alice", file, &session_a);
	folk->store->clock = clock;
	assert_true(between.looks >= at);
	return err;
}

static void of_two_that_bind_one_does(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = with_ticket(folk);

	assert_int_equal(bind_with(folk, a.file, a.file, 1), PSG_ERR_EXISTS);
	assert_int_equal(folk_activation(folk, "alice", a.file).binding.leader.pid, 200);
}

static void asleep_until_the_ticket_is_old(void **state)
{
	struct folk *folk = *state;
	struct psg_activation a = with_ticket(folk);

	assert_int_equal(bind_with(folk, a.file, NULL, 2), PSG_ERR_STALE);
	assert_true(folk_activation(folk, "alice", a.file).ended);
}

/* -- tidying: a listing that is not of one moment shows an end, and not the record made just before it -- */

static struct {
	const struct psg_folder_ops *real;
	struct psg_folder_ops ops;
	const char *name; /* what no listing shows */
} hiding;

struct listing {
	psg_name_fn *each;
	void *arg;
};

static enum psg_err show(void *arg, const char *name)
{
	const struct listing *listing = arg;

	return strcmp(name, hiding.name) == 0 ? PSG_OK : listing->each(listing->arg, name);
}

static enum psg_err hiding_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	struct listing listing = {each, arg};

	return hiding.real->list(folder, show, &listing);
}

static enum psg_err hiding_open(struct psg_folder *folder, const char *name, bool make,
				struct psg_folder **ret)
{
	enum psg_err err = hiding.real->open(folder, name, make, ret);

	if (err == PSG_OK)
		(*ret)->ops = &hiding.ops;
	return err;
}

static void tidying_asks_for_the_record(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root;
	struct psg_activation a;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "A");
	folk_pass(folk, 30);
	(void)folk_activate(folk, "alice", "B");
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	hiding.name = a.file;
	hiding.real = root->ops;
	hiding.ops = *root->ops;
	hiding.ops.open = hiding_open;
	hiding.ops.list = hiding_list;
	root->ops = &hiding.ops;
	assert_int_equal(psg_people_tidy(folk->store, "alice"), PSG_OK);
	root->ops = hiding.real;
	assert_true(folk_activation(folk, "alice", a.file).ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(of_two_that_bind_one_does),
	    FOLK_BOTH(asleep_until_the_ticket_is_old),
	    FOLK_BOTH(tidying_asks_for_the_record),
	};

	return cmocka_run_group_tests_name("between", tests, NULL, NULL);
}
