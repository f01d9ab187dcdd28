/* Whatever a broken disk or a hand does to a file of the store, nobody gets in who did not before, and no host crashes.
 *
 * A small store with one person for each reason to be refused, and the real module through the real libpam: every
 * bit of every file flipped, every file cut at every length, every file's content put in the place of every other's.
 * `make check` takes a sample of the bits and lengths, `make soak` all of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../soak.h"
#include "world.h"

#define FILES_MAX 64
#define FILE_MAX 16384
#define WRONG "000000"

static struct world world;
static pid_t elsewhere; /* the leader of another session */

struct file {
	char path[256]; /* below the store */
	char bytes[FILE_MAX];
	size_t len;
};

static struct file files[FILES_MAX];
static size_t file_count;

/* -- the people, one for each reason -- */

static const char *const refused[] = {
    "daemon", /* nothing is assigned */
    "bin",    /* no activation */
    "sys",    /* deactivated */
    "games",  /* lapsed */
    "man",    /* active in another session */
    "lp",     /* unassigned while active */
};

#define THROTTLED "mail" /* too many wrong codes, and one who comes with a right one */

static void grant(const char *user, int64_t age_s, const uint8_t *ticket,
		  struct psg_activation *ret)
{
	struct psg_grant what = {.kind = PSG_TARGET_GROUP,
				 .target = WORLD_GROUP,
				 .scope = ticket ? PSG_SCOPE_SESSION : PSG_SCOPE_HOST,
				 .lifetime_s = 3600,
				 .maximum_lifetime_s = 3600,
				 .service = "test",
				 .ticket = ticket};

	world_grant(&world, user, &what, age_s, ret);
}

static void assign(const char *user)
{
	char name[64], target[] = WORLD_GROUP;
	struct psg_assignment assignment = {name, PSG_TARGET_GROUP, target, 0};
	bool changed;

	snprintf(name, sizeof(name), "%s", user);
	assert_int_equal(psg_policy_assign(world.store->root, &assignment, &changed), PSG_OK);
}

/* A login of man's elsewhere, with an audit id of its own, and what was activated for it. */
static void activate_elsewhere(const char *user)
{
	struct psg_call call = {.lineage_count = 1,
				.audit_id = 4242,
				.parent_audit_id = 1,
				.lineage = {{.pid = elsewhere}}};
	static const uint8_t ticket[PSG_TICKET_SIZE] = "a random ticket";
	struct psg_binding binding = {.audit_id = 4242};
	struct psg_proc_info info;
	struct psg_activation made;

	assert_int_equal(world.store->proc.info(world.store->proc.self, elsewhere, &info), PSG_OK);
	call.lineage[0].start_ticks = info.start_ticks;
	call.leader = binding.leader = call.lineage[0];
	assert_int_equal(psg_session_register(world.store, user, "sshd", true, &call), PSG_OK);
	grant(user, 0, ticket, &made);
	assert_int_equal(psg_activation_bind(world.store, user, made.file, &binding), PSG_OK);
}

static int guess(const char *user, const char *code)
{
	world.person = (struct person){.answers = {code}};
	world_start(&world, "gate", user);
	int ret = pam_authenticate(world.pamh, 0);

	world_end(&world);
	return ret;
}

static void fill_people(void)
{
	struct psg_activation made;
	bool first;

	for (size_t i = 1; i < PSG_COUNT(refused) - 1; i++) {
		assign(refused[i]);
		assert_int_equal(psg_people_enroll(world.store, refused[i], &world.credential),
				 PSG_OK);
	}
	grant("sys", 0, NULL, &made);
	assert_int_equal(
	    psg_activation_end(world.store, "sys", made.file, PSG_END_DEACTIVATED, &first), PSG_OK);
	grant("games", 7200, NULL, &made);
	activate_elsewhere("man");
	grant("lp", 0, NULL, &made);
	assign(THROTTLED);
	assert_int_equal(psg_people_enroll(world.store, THROTTLED, &world.credential), PSG_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(guess(THROTTLED, WRONG), PAM_AUTH_ERR);
}

static void remember(const char *folder)
{
	char path[512];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", world.store_dir, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct file *file = &files[file_count];

		if (entry->d_name[0] == '.')
			continue;
		int len = snprintf(file->path, sizeof(file->path), "%s%s%s", folder,
				   *folder ? "/" : "", entry->d_name);

		assert_true(len > 0 && (size_t)len < sizeof(file->path));
		snprintf(path, sizeof(path), "%s/%s", world.store_dir, file->path);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			char below[256];

			memcpy(below, file->path, sizeof(below));
			remember(below);
			continue;
		}
		/* What was said decides nothing. */
		if (!strcmp(entry->d_name, "log"))
			continue;
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(st.st_size < FILE_MAX && file_count + 1 < FILES_MAX);
		file->len = (size_t)st.st_size;
		assert_int_equal(read(fd, file->bytes, FILE_MAX), st.st_size);
		close(fd);
		file_count++;
	}
	closedir(dir);
}

/* -- what must hold -- */

static int account(const char *user)
{
	world.person = (struct person){.conv_code = PAM_CONV_ERR};
	world_start(&world, "gate", user);
	return pam_acct_mgmt(world.pamh, 0);
}

/* A guess at somebody's code that leaves no attempt. */
static int authenticate(const char *user, const char *code)
{
	char path[256];
	int ret = guess(user, code);

	snprintf(path, sizeof(path), "%s/people/%s/attempts/1", world.store_dir, user);
	(void)unlink(path);
	return ret;
}

static bool is_of(const struct file *file, const char *user)
{
	char folder[64];

	if (strncmp(file->path, "people/", 7) != 0)
		return true;
	snprintf(folder, sizeof(folder), "people/%s/", user);
	return strncmp(file->path, folder, strlen(folder)) == 0;
}

static bool is_large(const struct file *file)
{
	return file->len > 4096;
}

static void is_refused(size_t i, const struct file *file, const char *what, size_t where)
{
	if (is_of(file, refused[i]) && account(refused[i]) != PAM_PERM_DENIED)
		fail_msg("%s got in: %s %s at %zu", refused[i], file->path, what, where);
}

/* Whoever `file` could concern is refused as before. */
static void all_are_refused(const struct file *file, const char *what, size_t where)
{
	for (size_t i = 0; i < PSG_COUNT(refused); i++)
		is_refused(i, file, what, where);
	if (strstr(file->path, "authenticators") || !strcmp(file->path, "key"))
		if (authenticate("bin", WRONG) == PAM_SUCCESS)
			fail_msg("bin got in by no code: %s %s at %zu", file->path, what, where);
	if (is_of(file, THROTTLED) && guess(THROTTLED, world_code(&world, 0)) == PAM_SUCCESS)
		fail_msg(THROTTLED " was let try: %s %s at %zu", file->path, what, where);
	/* Whoever was in may be refused now, or not. */
	if (is_of(file, WORLD_USER))
		(void)account(WORLD_USER);
	world_end(&world);
}

static int open_of(const struct file *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", world.store_dir, file->path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void put(int fd, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
}

static void flip(const struct file *file, int fd, size_t bit, size_t whole)
{
	char byte = (char)(file->bytes[bit / 8] ^ (1 << bit % 8));

	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	if (!is_large(file) || bit % whole == 0) {
		all_are_refused(file, "bit flipped", bit);
	} else {
		is_refused(0, file, "bit flipped", bit);
		is_refused(1, file, "bit flipped", bit);
		world_end(&world);
	}
	assert_int_equal(pwrite(fd, &file->bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
}

/* A step that is prime to 8 shows each byte another bit. Of the policy every bit is seen by two people and one of each
 * byte by all: everybody's every bit would take an hour. */
static void every_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		size_t step = is_large(&files[i]) ? soak(397, 1) : soak(97, 1);
		int fd = open_of(&files[i]);

		for (size_t bit = 0; bit < files[i].len * 8; bit += step)
			flip(&files[i], fd, bit, soak(397, 9));
		close(fd);
	}
}

static void every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		size_t step = is_large(&files[i]) ? soak(211, 1) : soak(43, 1);
		int fd = open_of(&files[i]);

		for (size_t len = 0; len < files[i].len; len += step) {
			assert_int_equal(ftruncate(fd, (off_t)len), 0);
			all_are_refused(&files[i], "cut", len);
			put(fd, files[i].bytes, files[i].len);
		}
		close(fd);
	}
}

static void every_swap(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		int fd = open_of(&files[i]);

		for (size_t j = i % soak(3, 1); j < file_count; j += soak(3, 1)) {
			put(fd, files[j].bytes, files[j].len);
			if (i != j)
				all_are_refused(&files[i], files[j].path, j);
		}
		put(fd, files[i].bytes, files[i].len);
		close(fd);
	}
}

/* Nothing of the above was so because everybody was refused anyhow. */
static void as_it_is(void **state)
{
	(void)state;
	assert_int_equal(account(WORLD_USER), PAM_SUCCESS);
	for (size_t i = 0; i < PSG_COUNT(refused); i++)
		assert_int_equal(account(refused[i]), PAM_PERM_DENIED);
	assert_int_equal(authenticate("bin", world_code(&world, 0)), PAM_SUCCESS);
}

static int setup(void **state)
{
	static const struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_HOST, .delay_s = 86400 / 2};

	(void)state;
	world_make(&world, &policy);
	world_enroll(&world);
	elsewhere = fork();
	if (elsewhere == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		pause();
		_exit(0);
	}
	fill_people();
	world_activate(&world, 0, 3600, NULL);
	remember("");
	assert_true(file_count > 12);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kill(elsewhere, SIGKILL);
	waitpid(elsewhere, NULL, 0);
	world_drop(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bit),
	    cmocka_unit_test(every_length),
	    cmocka_unit_test(every_swap),
	    cmocka_unit_test(as_it_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
