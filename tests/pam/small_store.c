#include "small_store.h"

#include <dirent.h>
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

#define WRONG "000000"

struct world small_world;
static pid_t elsewhere; /* the leader of another session */

struct small_file small_files[SMALL_FILES_MAX];
size_t small_file_count;

/* -- the people, one for each reason -- */

const char *const small_people[SMALL_PEOPLE] = {
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

	world_grant(&small_world, user, &what, age_s, ret);
}

static void assign(const char *user)
{
	char name[64], target[] = WORLD_GROUP;
	struct psg_assignment assignment = {name, PSG_TARGET_GROUP, target, 0, 0};
	bool changed;

	snprintf(name, sizeof(name), "%s", user);
	assert_int_equal(psg_policy_assign(small_world.store->root, &assignment, &changed), PSG_OK);
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

	assert_int_equal(
	    small_world.store->proc.info(small_world.store->proc.self, elsewhere, &info), PSG_OK);
	call.lineage[0].start_ticks = info.start_ticks;
	call.leader = binding.leader = call.lineage[0];
	assert_int_equal(psg_session_register(small_world.store, user, "sshd", true, &call),
			 PSG_OK);
	grant(user, 0, ticket, &made);
	assert_int_equal(psg_activation_bind(small_world.store, user, made.file, &binding), PSG_OK);
}

static int guess(const char *user, const char *code)
{
	small_world.person = (struct person){.answers = {code}};
	world_start(&small_world, "gate", user);
	int ret = pam_authenticate(small_world.pamh, 0);

	world_end(&small_world);
	return ret;
}

static void fill_people(void)
{
	struct psg_activation made;
	bool first;

	for (size_t i = 1; i < SMALL_PEOPLE - 1; i++) {
		assign(small_people[i]);
		assert_int_equal(
		    psg_people_enroll(small_world.store, small_people[i], &small_world.credential),
		    PSG_OK);
	}
	grant("sys", 0, NULL, &made);
	assert_int_equal(
	    psg_activation_end(small_world.store, "sys", made.file, PSG_END_DEACTIVATED, &first),
	    PSG_OK);
	grant("games", 7200, NULL, &made);
	activate_elsewhere("man");
	grant("lp", 0, NULL, &made);
	assign(THROTTLED);
	assert_int_equal(psg_people_enroll(small_world.store, THROTTLED, &small_world.credential),
			 PSG_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(guess(THROTTLED, WRONG), PAM_AUTH_ERR);
}

static void remember(const char *folder)
{
	char path[512];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", small_world.store_dir, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct small_file *file = &small_files[small_file_count];

		if (entry->d_name[0] == '.')
			continue;
		int len = snprintf(file->path, sizeof(file->path), "%s%s%s", folder,
				   *folder ? "/" : "", entry->d_name);

		assert_true(len > 0 && (size_t)len < sizeof(file->path));
		snprintf(path, sizeof(path), "%s/%s", small_world.store_dir, file->path);
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

		assert_true(st.st_size < SMALL_FILE_MAX && small_file_count + 1 < SMALL_FILES_MAX);
		file->len = (size_t)st.st_size;
		assert_int_equal(read(fd, file->bytes, SMALL_FILE_MAX), st.st_size);
		close(fd);
		small_file_count++;
	}
	closedir(dir);
}

/* -- what must hold -- */

int small_account(const char *user)
{
	small_world.person = (struct person){.conv_code = PAM_CONV_ERR};
	world_start(&small_world, "gate", user);
	return pam_acct_mgmt(small_world.pamh, 0);
}

/* A guess at somebody's code that leaves no attempt. */
int small_authenticate(const char *user, const char *code)
{
	char path[256];
	int ret = guess(user, code);

	snprintf(path, sizeof(path), "%s/people/%s/attempts/1", small_world.store_dir, user);
	(void)unlink(path);
	return ret;
}

static bool is_of(const struct small_file *file, const char *user)
{
	char folder[64];

	if (strncmp(file->path, "people/", 7) != 0)
		return true;
	snprintf(folder, sizeof(folder), "people/%s/", user);
	return strncmp(file->path, folder, strlen(folder)) == 0;
}

bool small_is_large(const struct small_file *file)
{
	return file->len > 4096;
}

void small_refused_as_before(size_t i, const struct small_file *file, const char *what,
			     size_t where)
{
	if (is_of(file, small_people[i]) && small_account(small_people[i]) != PAM_PERM_DENIED)
		fail_msg("%s got in: %s %s at %zu", small_people[i], file->path, what, where);
}

/* Whoever `file` could concern is refused as before. */
void small_all_refused(const struct small_file *file, const char *what, size_t where)
{
	for (size_t i = 0; i < SMALL_PEOPLE; i++)
		small_refused_as_before(i, file, what, where);
	if (strstr(file->path, "authenticators") || !strcmp(file->path, "key"))
		if (small_authenticate("bin", WRONG) == PAM_SUCCESS)
			fail_msg("bin got in by no code: %s %s at %zu", file->path, what, where);
	if (is_of(file, THROTTLED) && guess(THROTTLED, world_code(&small_world, 0)) == PAM_SUCCESS)
		fail_msg(THROTTLED " was let try: %s %s at %zu", file->path, what, where);
	/* Whoever was in may be refused now, or not. */
	if (is_of(file, WORLD_USER))
		(void)small_account(WORLD_USER);
	world_end(&small_world);
}

int small_setup(void **state)
{
	static const struct world_policy policy = {
	    .requires_activation = true, .scope = PSG_SCOPE_HOST, .delay_s = 3600};

	(void)state;
	world_make(&small_world, &policy);
	world_enroll(&small_world);
	elsewhere = fork();
	if (elsewhere == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		pause();
		_exit(0);
	}
	fill_people();
	world_activate(&small_world, 0, 3600, NULL);
	remember("");
	assert_true(small_file_count > 12);
	return 0;
}

int small_teardown(void **state)
{
	(void)state;
	kill(elsewhere, SIGKILL);
	waitpid(elsewhere, NULL, 0);
	world_drop(&small_world);
	return 0;
}
