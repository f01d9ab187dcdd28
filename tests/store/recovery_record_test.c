/* Recovery codes: what stands on the disk, many processes at once, little memory. */
#include "faulty.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../pam_psg/store/people.h"

static const char *const codes[] = {"7K2QXM9T4D", "ABCDEFGH23", "0000000000", "12345678"};

static void put(struct folk *folk, const char *subject)
{
	folk_recovery(folk->store, subject, 'c', codes, PSG_COUNT(codes));
}

static struct psg_recovery look(struct folk *folk, const char *subject)
{
	struct psg_recovery recovery;

	assert_int_equal(psg_recovery_look(folk->store, subject, &recovery), PSG_OK);
	return recovery;
}

/* -- what is on the disk -- */

/* Reads people/NAME/recovery as it lies there. */
static size_t record(struct folk *folk, const char *subject, uint8_t out[static PSG_FILE_MAX])
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};
	struct psg_file_info info;

	assert_int_equal(psg_person_open(folk->store, subject, NULL, true, &whole), PSG_OK);
	assert_int_equal(
	    whole.folder->ops->read(whole.folder, "recovery", out, PSG_FILE_MAX, &info), PSG_OK);
	return info.len;
}

static void plant(struct folk *folk, const char *subject, const void *bytes, size_t len)
{
	struct psg_person whole PSG_CLEANUP(psg_person_close) = {0};

	assert_int_equal(psg_person_open(folk->store, subject, NULL, true, &whole), PSG_OK);
	assert_int_equal(whole.folder->ops->replace(whole.folder, "recovery", bytes, len), PSG_OK);
}

static void recovery_keeps_no_code(void **state)
{
	struct folk *folk = *state;
	uint8_t sealed[PSG_FILE_MAX], plain[PSG_FILE_MAX];
	size_t len;

	assert_int_equal(psg_recovery_put(folk->store, "alice", codes, PSG_COUNT(codes)), PSG_OK);
	len = record(folk, "alice", sealed);
	assert_int_equal(
	    psg_key_open(folk->store->key, "people/alice/recovery", sealed, len, plain), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(codes); i++) {
		assert_null(memmem(sealed, len, codes[i], strlen(codes[i])));
		assert_null(memmem(plain, len - PSG_SEAL_EXTRA, codes[i], strlen(codes[i])));
	}
}

static void recovery_moves_nowhere(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	struct psg_recovery recovery;
	uint8_t sealed[PSG_FILE_MAX];
	size_t len, digits;

	put(folk, "alice");
	len = record(folk, "alice", sealed);
	plant(folk, "bob", sealed, len);
	assert_int_equal(psg_recovery_look(folk->store, "bob", &recovery), PSG_ERR_CORRUPT);
	assert_int_equal(folk_try(folk, "bob", codes[0], &grant), PSG_ERR_CORRUPT);
	assert_int_equal(psg_people_can_answer(folk->store, "bob", &digits), PSG_ERR_CORRUPT);
	/* One changed bit anywhere, or a cut, opens nothing, and shuts no device's owner out. */
	folk_enroll(folk, "alice", &folk->phone);
	for (size_t i = 0; i < len; i += 7) {
		sealed[i] ^= 1;
		plant(folk, "alice", sealed, len);
		assert_int_equal(psg_recovery_look(folk->store, "alice", &recovery),
				 PSG_ERR_CORRUPT);
		sealed[i] ^= 1;
		plant(folk, "alice", sealed, i);
		assert_int_equal(psg_recovery_look(folk->store, "alice", &recovery),
				 PSG_ERR_CORRUPT);
	}
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_ERR_CORRUPT);
	assert_int_equal(folk_try(folk, "alice", folk_code(folk, &folk->phone, 0), &grant), PSG_OK);
	plant(folk, "alice", sealed, len);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
}

/* Well sealed, by whoever has the key, and not as it must be. */
static void recovery_of_another_form(void **state)
{
	struct folk *folk = *state;
	uint8_t sealed[PSG_FILE_MAX], plain[PSG_FILE_MAX], again[PSG_FILE_MAX];
	size_t len, plain_len;

	put(folk, "alice");
	len = record(folk, "alice", sealed);
	plain_len = len - PSG_SEAL_EXTRA;
	assert_int_equal(
	    psg_key_open(folk->store->key, "people/alice/recovery", sealed, len, plain), PSG_OK);
	for (size_t i = 0; i <= plain_len; i++) {
		struct psg_recovery recovery = {.count = 7};
		uint8_t longer[PSG_FILE_MAX] = {0};

		memcpy(longer, plain, plain_len);
		/* Every shorter one, and one that goes on. */
		size_t cut = i < plain_len ? i : plain_len + 1;

		assert_int_equal(
		    psg_key_seal(folk->store->key, "people/alice/recovery", longer, cut, again),
		    PSG_OK);
		plant(folk, "alice", again, cut + PSG_SEAL_EXTRA);
		assert_int_equal(psg_recovery_look(folk->store, "alice", &recovery),
				 PSG_ERR_CORRUPT);
		assert_int_equal(recovery.count, 7);
	}
}

/* Every call of the store failing in turn, as for a device's code (fault_test.c). */
static void recovery_fails_at_every_call(void **state)
{
	static const enum psg_err errors[] = {PSG_ERR_IO, PSG_ERR_LIMIT, PSG_ERR_NO_ROOM};
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	int opened = 0, n = 0;

	for (size_t i = 0; i < PSG_COUNT(errors); i++) {
		struct faults faults = {.struck = true};
		struct faulty root;
		struct psg_store store = faulty_store(folk, &root, &faults);

		for (n = 0; faults.struck; n++) {
			char subject[32];
			struct psg_claim claim = folk_claim(folk, subject, codes[0], &grant);
			int64_t wait;

			(void)snprintf(subject, sizeof(subject), "p%zu-%d", i, n);
			folk_enroll(folk, subject, &folk->phone);
			folk_recovery(folk->store, subject, 'a', codes, 1);
			faults = (struct faults){.left = n, .err = errors[i]};
			enum psg_err got = psg_people_claim(&store, &claim, NULL, &wait);

			assert_int_equal(folk_live(folk, subject), got == PSG_OK);
			opened += got == PSG_OK;
			/* Good still or spent, and never twice. */
			if (got == PSG_OK)
				assert_int_equal(folk_try(folk, subject, codes[0], &grant),
						 PSG_ERR_REPLAYED);
			assert_int_equal(
			    folk_try(folk, subject, folk_code(folk, &folk->phone, 0), NULL),
			    PSG_OK);
		}
		assert_true(n > 20);
	}
	assert_true(opened > 3);
}

/* -- many at once, and little room -- */

#define PROCESSES 32
#define ROUNDS 4

struct arena {
	int ready, go;
	int results[PROCESSES];
};

static void contend(const struct folk *folk, struct arena *arena, int self, const char *subject)
{
	struct psg_grant grant = folk_grant("Closers");
	struct psg_claim claim = {.subject = subject,
				  .code = codes[0],
				  .apart = PSG_NOT_APART,
				  .throttle = &folk->throttle,
				  .grant = &grant};
	struct psg_store store = *folk->store;
	int64_t wait;

	if (psg_folder_open_files(folk->path, geteuid(), &store.root) != PSG_OK)
		_exit(1);
	(void)__atomic_add_fetch(&arena->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arena->go, __ATOMIC_SEQ_CST) == 0)
		usleep(50);
	arena->results[self] = (int)psg_people_claim(&store, &claim, NULL, &wait);
	_exit(0);
}

static void one_recovery_code_one_door(void **state)
{
	struct folk *folk = *state;
	struct arena *arena =
	    mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(arena != MAP_FAILED);
	for (int round = 0; round < ROUNDS; round++) {
		char subject[32];
		int in = 0, status;

		(void)snprintf(subject, sizeof(subject), "alice%d", round);
		put(folk, subject);
		memset(arena, 0, sizeof(*arena));
		/* All may try at once, so that all reach the name. */
		folk->throttle.attempts = PROCESSES;
		for (int i = 0; i < PROCESSES; i++) {
			pid_t pid = fork();

			assert_true(pid >= 0);
			if (pid == 0)
				contend(folk, arena, i, subject);
		}
		while (__atomic_load_n(&arena->ready, __ATOMIC_SEQ_CST) < PROCESSES)
			usleep(100);
		__atomic_store_n(&arena->go, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < PROCESSES; i++) {
			assert_true(wait(&status) > 0);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		}
		for (int i = 0; i < PROCESSES; i++) {
			assert_true(arena->results[i] == PSG_OK ||
				    arena->results[i] == PSG_ERR_REPLAYED);
			in += arena->results[i] == PSG_OK;
		}
		assert_int_equal(in, 1);
		assert_int_equal(folk_live(folk, subject), 1);
		assert_int_equal(look(folk, subject).left, 3);
	}
	assert_int_equal(munmap(arena, sizeof(*arena)), 0);
}

/* The caller of su chose our RLIMIT_AS: what cannot be hashed is refused by its name, and the code stays good. */
static void recovery_without_memory(void **state)
{
	struct folk *folk = *state;
	struct psg_grant grant = folk_grant("Closers");
	int status;
	pid_t pid;

	assert_int_equal(psg_recovery_put(folk->store, "alice", codes, PSG_COUNT(codes)), PSG_OK);
	pid = fork();
	if (pid == 0) {
		struct rlimit limit = {0, 0};
		FILE *statm = fopen("/proc/self/statm", "re");
		unsigned long pages = 0;

		if (statm == NULL || fscanf(statm, "%lu", &pages) != 1)
			_exit(1);
		limit.rlim_cur = limit.rlim_max = pages * 4096 + (4UL << 20);
		if (setrlimit(RLIMIT_AS, &limit) != 0)
			_exit(2);
		_exit(folk_try(folk, "alice", codes[0], &grant) == PSG_ERR_NO_MEMORY ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(look(folk, "alice").left, 4);
	assert_int_equal(folk_try(folk, "alice", codes[0], &grant), PSG_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_MEMORY(recovery_keeps_no_code),    FOLK_MEMORY(recovery_moves_nowhere),
	    FOLK_MEMORY(recovery_of_another_form),  FOLK_MEMORY(recovery_fails_at_every_call),
	    FOLK_FILES(one_recovery_code_one_door), FOLK_FILES(recovery_without_memory),
	};

	return cmocka_run_group_tests_name("recovery records", tests, NULL, NULL);
}
