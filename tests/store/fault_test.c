/* Every call of the store failing in turn: a failure denies, leaves nothing live, and holds nobody up. */
#include "folk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A folder whose n-th operation fails; all handles share the count. */
struct faults {
	int left; /* operations until one fails; negative: none */
	bool for_ever;
	enum psg_err err;
	bool struck;
};

struct faulty {
	struct psg_folder folder;
	struct psg_folder *inner;
	struct faults *faults;
};

static const struct psg_folder_ops faulty_ops;

static struct faulty *of(struct psg_folder *folder)
{
	return (struct faulty *)(void *)folder;
}

static bool strikes(struct psg_folder *folder)
{
	struct faults *faults = of(folder)->faults;

	if (faults->left < 0 || faults->left-- > 0)
		return false;
	faults->struck = true;
	if (faults->for_ever)
		faults->left = 0;
	return true;
}

static enum psg_err faulty_wrap(struct psg_folder *inner, struct faults *faults,
				struct psg_folder **ret)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	assert_non_null(faulty);
	faulty->folder.ops = &faulty_ops;
	faulty->inner = inner;
	faulty->faults = faults;
	*ret = &faulty->folder;
	return PSG_OK;
}

#define FAIL_OR(call) (strikes(folder) ? of(folder)->faults->err : (call))
#define INNER of(folder)->inner

static enum psg_err faulty_open(struct psg_folder *folder, const char *name, bool make,
				struct psg_folder **ret)
{
	struct psg_folder *inner;
	enum psg_err err = FAIL_OR(INNER->ops->open(INNER, name, make, &inner));

	return err == PSG_OK ? faulty_wrap(inner, of(folder)->faults, ret) : err;
}

static enum psg_err faulty_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	return FAIL_OR(INNER->ops->list(INNER, each, arg));
}

/* Either before the name is made or after. */
static enum psg_err faulty_create(struct psg_folder *folder, const char *name, int *ret_file)
{
	enum psg_err err = FAIL_OR(INNER->ops->create(INNER, name, ret_file));

	if (err == PSG_OK && strikes(folder)) {
		INNER->ops->close(INNER, *ret_file);
		return of(folder)->faults->err;
	}
	return err;
}

/* Either nothing or half of it is written. */
static enum psg_err faulty_write(struct psg_folder *folder, int file, const void *bytes, size_t len)
{
	if (strikes(folder))
		return of(folder)->faults->err;
	if (strikes(folder)) {
		assert_int_equal(INNER->ops->write(INNER, file, bytes, len / 2), PSG_OK);
		return PSG_ERR_NO_ROOM;
	}
	return INNER->ops->write(INNER, file, bytes, len);
}

static enum psg_err faulty_sync(struct psg_folder *folder, int file)
{
	return FAIL_OR(INNER->ops->sync(INNER, file));
}

static void faulty_close(struct psg_folder *folder, int file)
{
	INNER->ops->close(INNER, file);
}

static enum psg_err faulty_sync_names(struct psg_folder *folder)
{
	return FAIL_OR(INNER->ops->sync_names(INNER));
}

static enum psg_err faulty_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
				struct psg_file_info *ret)
{
	return FAIL_OR(INNER->ops->read(INNER, name, buf, size, ret));
}

static enum psg_err faulty_exists(struct psg_folder *folder, const char *name, bool *ret)
{
	return FAIL_OR(INNER->ops->exists(INNER, name, ret));
}

static enum psg_err faulty_replace(struct psg_folder *folder, const char *name, const void *bytes,
				   size_t len)
{
	return FAIL_OR(INNER->ops->replace(INNER, name, bytes, len));
}

static enum psg_err faulty_rename(struct psg_folder *folder, const char *name, const char *to)
{
	return FAIL_OR(INNER->ops->rename(INNER, name, to));
}

static enum psg_err faulty_remove(struct psg_folder *folder, const char *name)
{
	return FAIL_OR(INNER->ops->remove(INNER, name));
}

static enum psg_err faulty_sweep(struct psg_folder *folder, int64_t before_realtime_ns)
{
	return FAIL_OR(INNER->ops->sweep(INNER, before_realtime_ns));
}

static void faulty_release(struct psg_folder *folder)
{
	psg_folder_release(&of(folder)->inner);
	free(of(folder));
}

static const struct psg_folder_ops faulty_ops = {
    .open = faulty_open,
    .list = faulty_list,
    .create = faulty_create,
    .write = faulty_write,
    .sync = faulty_sync,
    .close = faulty_close,
    .sync_names = faulty_sync_names,
    .read = faulty_read,
    .exists = faulty_exists,
    .replace = faulty_replace,
    .rename = faulty_rename,
    .remove = faulty_remove,
    .release = faulty_release,
    .sweep = faulty_sweep,
};

/* The folk's store with faults laid over its folder. */
static struct psg_store with_faults(struct folk *folk, struct faulty *root, struct faults *faults)
{
	struct psg_store store = *folk->store;

	*root = (struct faulty){
	    .folder.ops = &faulty_ops, .inner = folk->store->root, .faults = faults};
	store.root = &root->folder;
	return store;
}

static const struct psg_binding here = {{100, 7}, 5};
static const uint8_t ticket[PSG_TICKET_SIZE] = "fifteen bytes..";

static enum psg_err do_claim(struct folk *folk, struct psg_store *store, const char *subject)
{
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim =
	    folk_claim(folk, subject, folk_code(folk, &folk->phone, 0), &grant);
	int64_t wait;

	return psg_people_claim(store, &claim, NULL, &wait);
}

/* Fails the n-th operation for n = 0, 1, … until none is left to fail; each time for a fresh person. */
static void claim_fails(struct folk *folk, bool for_ever, enum psg_err err)
{
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);
	int n;

	for (n = 0; faults.struck; n++) {
		char subject[32];
		enum psg_err got;

		(void)snprintf(subject, sizeof(subject), "p%d-%d-%d", n, for_ever, (int)err);
		folk_enroll(folk, subject, &folk->phone);
		/* Two guesses before, so that there is something to forgive. */
		assert_int_equal(folk_try(folk, subject, "000000", NULL), PSG_ERR_WRONG_CODE);
		faults = (struct faults){.left = n, .for_ever = for_ever, .err = err};
		got = do_claim(folk, &store, subject);
		if (got != PSG_OK)
			assert_int_equal(folk_live(folk, subject), 0);
		else
			assert_int_equal(folk_live(folk, subject), 1);
		if (got == PSG_ERR_NOT_ENROLLED)
			assert_int_equal(err, PSG_ERR_NOT_FOUND);
		/* The next comer is not held up by what was left behind. */
		assert_int_equal(folk_try(folk, subject, folk_code(folk, &folk->phone, 1), NULL),
				 PSG_OK);
	}
	assert_true(n > 20);
}

static void claim_fails_at_every_call(void **state)
{
	claim_fails(*state, false, PSG_ERR_IO);
	claim_fails(*state, false, PSG_ERR_LIMIT);
	claim_fails(*state, false, PSG_ERR_NO_ROOM);
}

/* From the n-th on everything fails, the end that takes a failed activation back too. */
static void claim_fails_from_every_call_on(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);
	size_t outlived = 0;

	for (int n = 0; faults.struck; n++) {
		char subject[32];
		enum psg_err got;

		(void)snprintf(subject, sizeof(subject), "q%d", n);
		folk_enroll(folk, subject, &folk->phone);
		faults = (struct faults){.left = n, .for_ever = true, .err = PSG_ERR_IO};
		got = do_claim(folk, &store, subject);
		outlived += got != PSG_OK && folk_live(folk, subject) > 0;
		assert_int_equal(folk_try(folk, subject, folk_code(folk, &folk->phone, 1), NULL),
				 PSG_OK);
	}
	/* A disk that takes the record and from then on nothing at all, no end, no byte, no rename: there
	 * a whole record of a right code stands, though the caller was refused. It takes a failure of
	 * one of the looks between the write and success; they are these few. */
	assert_true(outlived <= 5);
}

static void ending_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);

	folk_enroll(folk, "alice", &folk->phone);
	for (int n = 0; faults.struck; n++) {
		struct psg_activation a = folk_activate(folk, "alice", "Closers");
		bool first;
		enum psg_err err;

		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_activation_end(&store, "alice", a.file, PSG_END_DEACTIVATED, &first);
		if (err == PSG_OK)
			assert_int_equal(folk_live(folk, "alice"), 0);
		folk_pass(folk, 30);
	}
}

static void binding_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);
	struct psg_grant grant = folk_grant("Closers");

	grant.scope = PSG_SCOPE_SESSION;
	grant.ticket = ticket;
	for (int n = 0; faults.struck; n++) {
		struct psg_activation a, after;
		char subject[16];
		enum psg_err err;

		/* Each time a fresh person: what was made before costs operations too, and the n-th would
		 * never be beyond the last. */
		(void)snprintf(subject, sizeof(subject), "b%d", n);

		assert_int_equal(psg_people_grant(folk->store, subject, &grant, &a), PSG_OK);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_activation_bind(&store, subject, a.file, &here);
		after = folk_activation(folk, subject, a.file);
		if (err == PSG_OK)
			assert_true(after.bound && !after.ended);
		else
			/* Unbound, ended, or bound to nothing. */
			assert_true(!after.bound || after.ended || after.binding.leader.pid == 0);
		folk_pass(folk, 1);
	}
}

static enum psg_err look(struct folk *folk, struct psg_store *store, size_t *ret_count)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_call call = {.audit_id = PSG_AUDIT_NONE};
	enum psg_err err = psg_people_activations_in(store, "alice", &call, &list);

	(void)folk;
	if (err == PSG_OK)
		*ret_count = list.count;
	return err;
}

/* A failing store is an error, never an empty list. */
static void store_errors_deny(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);
	struct psg_activation a;

	folk_enroll(folk, "alice", &folk->phone);
	a = folk_activate(folk, "alice", "Closers");
	assert_int_equal(psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL),
			 PSG_OK);
	for (int n = 0; faults.struck; n++) {
		struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
		size_t count = 0;
		enum psg_err err;

		faults = (struct faults){.left = n, .err = PSG_ERR_LIMIT};
		err = look(folk, &store, &count);
		assert_int_equal(err, faults.struck ? PSG_ERR_LIMIT : PSG_OK);
		assert_int_equal(count, err == PSG_OK ? 1 : 0);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		err = psg_people_credentials(&store, "alice", &list);
		assert_int_equal(err, faults.struck ? PSG_ERR_IO : PSG_OK);
		faults.struck = n < 12;
	}
}

static void tidying_fails_at_every_call(void **state)
{
	struct folk *folk = *state;
	struct faults faults = {.struck = true};
	struct faulty root;
	struct psg_store store = with_faults(folk, &root, &faults);

	for (int n = 0; faults.struck; n++) {
		struct psg_activation a;
		char code[16];

		folk_enroll(folk, "alice", &folk->phone);
		(void)folk_try(folk, "alice", "000000", NULL);
		a = folk_activate(folk, "alice", "A");
		assert_int_equal(
		    psg_activation_end(folk->store, "alice", a.file, PSG_END_CLOSED, NULL), PSG_OK);
		folk_pass(folk, 30);
		(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
		a = folk_activate(folk, "alice", "B");
		folk_pass(folk, 90000);
		faults = (struct faults){.left = n, .err = PSG_ERR_IO};
		if (psg_people_tidy(&store, "alice") == PSG_OK)
			assert_false(faults.struck);
		assert_true(folk_has(folk, "alice", "spent", a.file));
		assert_int_equal(folk_live(folk, "alice"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_MEMORY(claim_fails_at_every_call),  FOLK_MEMORY(claim_fails_from_every_call_on),
	    FOLK_MEMORY(ending_fails_at_every_call), FOLK_MEMORY(binding_fails_at_every_call),
	    FOLK_MEMORY(store_errors_deny),          FOLK_MEMORY(tidying_fails_at_every_call),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
