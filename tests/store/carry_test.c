/* A person as a backup has them: read in the right order, judged before anything is believed. */
#include "carried.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "psg/bytes.h"

/* Enrolled, and its first code used, while the folder was being read: the authenticator never comes alone. */
struct between {
	struct psg_folder folder;
	struct psg_folder *inner;
	struct folk *folk;
	bool done;
};

static enum psg_err between_open(struct psg_folder *folder, const char *name, bool make,
				 struct psg_folder **ret);
static enum psg_err between_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	struct between *between = (struct between *)(void *)folder;

	return between->inner->ops->list(between->inner, each, arg);
}

static void between_release(struct psg_folder *folder)
{
	struct between *between = (struct between *)(void *)folder;

	psg_folder_release(&between->inner);
}

static const struct psg_folder_ops between_ops = {
    .open = between_open, .list = between_list, .release = between_release};
static struct between whole, people;

/* Between the first part that is opened and the second. */
static enum psg_err between_open(struct psg_folder *folder, const char *name, bool make,
				 struct psg_folder **ret)
{
	struct between *between = (struct between *)(void *)folder;
	struct between *below = between == &people ? &whole : NULL;

	if (below == NULL && between->done) {
		folk_enroll(between->folk, "alice", &between->folk->phone);
		assert_int_equal(carried_try(between->folk, 0), PSG_OK);
		between->done = false;
	} else if (below == NULL) {
		between->done = true;
	}
	struct psg_folder *inner;
	enum psg_err err = between->inner->ops->open(between->inner, name, make, &inner);

	if (err != PSG_OK)
		return err;
	*ret = inner;
	if (strcmp(name, "alice") == 0) {
		whole = (struct between){
		    .folder.ops = &between_ops, .inner = inner, .folk = between->folk};
		*ret = &whole.folder;
	} else if (strcmp(name, "people") == 0) {
		people = (struct between){
		    .folder.ops = &between_ops, .inner = inner, .folk = between->folk};
		*ret = &people.folder;
	}
	return PSG_OK;
}

static void carry_order(void **state)
{
	struct folk *folk = *state;
	struct psg_carry_count count = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	struct psg_store store = *folk->store;
	struct between root = {
	    .folder.ops = &between_ops, .inner = folk->store->root, .folk = folk};

	folk_enroll(folk, "alice", &folk->tablet);
	(void)carried_try(folk, 0); /* her folders are there */
	carried_unthrottle(folk);
	people.done = whole.done = false;
	store.root = &root.folder;
	assert_int_equal(psg_people_carry(&store, "alice", &text, &count), PSG_OK);
	carried_take(folk, text.data, &carried);
	for (size_t i = 0; i < carried.authenticator_count; i++)
		if (strcmp(carried.authenticators[i].id, folk->phone.id) == 0)
			assert_true(carried.spent.count > 0);
	assert_true(folk_has(folk, "alice", "authenticators", folk->phone.id));
}

/* -- hostile texts -- */

static void hostile_names(void **state)
{
	static const char *const bad[] = {
	    "psg-person 1\nname alice\nspent ../../../etc/x\n",
	    "psg-person 1\nname alice\nspent a/b\n",
	    "psg-person 1\nname alice\nspent .hidden\n",
	    "psg-person 1\nname alice\nspent a.ended\n",
	    "psg-person 1\nname alice\nspent -1\n",
	    "psg-person 1\nname alice\nspent \n",
	    "psg-person 1\nname alice\nended x.session\n",
	    "psg-person 1\nname alice\nspent b-1\nspent a-1\n",
	    "psg-person 1\nname alice\nspent a-1\nspent a-1\n",
	    "psg-person 1\nname alice\nattempts ../x\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts-x\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts-4294967295\ncount 1\n",
	    "psg-person 1\nname alice\nattempts attempts\ncount 0\n",
	    "psg-person 1\nname alice\nattempts attempts\ncount 1000001\n",
	    "psg-person 1\nname alice\nauthenticator ../../x\nsealed 00\n",
	    "psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 0\n",
	    "psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 0G\n",
	    ("psg-person 1\nname alice\nauthenticator aaaaaaaaaaaaaaaa\nsealed 00\n"
	     "authenticator aaaaaaaaaaaaaaaa\nsealed 00\n"),
	    "psg-person 1\nname \n",
	    "psg-person 1\n",
	    "psg-person 1\nname alice\nunknown x\n",
	    "psg-person 1\nname alice",
	    "",
	};
	struct psg_carried carried;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++)
		if (psg_carried_parse(bad[i], &carried) != PSG_ERR_CORRUPT)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(psg_carried_parse("psg-person 2\nname alice\n", &carried),
			 PSG_ERR_VERSION);
}

static void carried_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};

	folk_enroll(folk, "alice", &folk->phone);
	char *text PSG_CLEANUP(psg_free_bytes) = carried_text(folk, "alice");

	memcpy(strstr(text, "alice"), "allie", 5);
	assert_int_equal(psg_carried_parse(text, &carried), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, &carried), PSG_ERR_CORRUPT);
	memcpy(strstr(text, "allie"), "alice", 5);
	memcpy(strstr(text, "authenticator aa"), "authenticator ab", 16);
	psg_carried_clear(&carried);
	assert_int_equal(psg_carried_parse(text, &carried), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, &carried), PSG_ERR_CORRUPT);
}

static void what_does_not_open_is_left_out(void **state)
{
	struct folk *folk = *state;
	struct psg_carry_count count = {0};
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	folk_enroll(folk, "alice", &folk->phone);
	folk_plant(folk, "alice", "authenticators", folk->tablet.id, "x", 1, 0, false);
	folk_plant(folk, "alice", "authenticators", "odd", "x", 1, 0, false);
	folk_plant(folk, "alice", "spent", "Odd", "x", 1, 0, false);
	assert_int_equal(psg_people_carry(folk->store, "alice", &text, &count), PSG_OK);
	assert_int_equal(count.authenticators, 1);
	assert_int_equal(count.unreadable, 2);
	assert_int_equal(count.spent, 0);
	assert_null(strstr(text.data, folk->tablet.id));
	/* Who has nothing is not in it. */
	psg_buf_clear(&text);
	assert_int_equal(psg_people_carry(folk->store, "nobody", &text, &count), PSG_OK);
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(carry_order),
	    FOLK_MEMORY(hostile_names),
	    FOLK_BOTH(carried_moves_nowhere),
	    FOLK_FILES(what_does_not_open_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
