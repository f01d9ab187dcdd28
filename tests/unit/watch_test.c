/* Sleeping until the store says otherwise, on a real folder. What must not wake is followed by what must, so that no
 * test waits for nothing to happen but for a few milliseconds. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/enforce.h"

#define SOON_NS (INT64_C(20) * 1000000)
#define LONG_NS (INT64_C(20) * PSG_NS_PER_S)

static char store[64];
static struct psg_watch *watch;
static char subject[PSG_SUBJECT_SIZE];

static const char *in(const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", store, name);
	return path;
}

static void make(const char *name)
{
	assert_int_equal(mkdir(in(name), 0700), 0);
}

static int opened(const char *name)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void touch(const char *name)
{
	close(opened(name));
}

static void move(const char *from, const char *to)
{
	assert_int_equal(rename(in(from), in(to)), 0);
}

static void drop(const char *name)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", in(name));
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(store, sizeof(store), "%.40s/psg-XXXXXX",
		 base && strlen(base) <= 40 ? base : "/tmp");
	assert_non_null(mkdtemp(store));
	make("people");
	make("people/alice");
	make("people/alice/spent");
	assert_int_equal(psg_watch_open(store, &watch), PSG_OK);
	assert_int_equal(psg_watch_person(watch, "alice"), PSG_OK);
	/* Whoever waits for ever is a failure, not a hang. */
	alarm(60);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	alarm(0);
	psg_watch_close(&watch);
	assert_null(watch);
	psg_watch_close(&watch);
	drop("");
	return 0;
}

static enum psg_stir stir(int64_t left_ns)
{
	enum psg_stir ret = (enum psg_stir)77;

	memset(subject, 0, sizeof(subject));
	assert_int_equal(psg_watch_wait(watch, left_ns, &ret, subject), PSG_OK);
	return ret;
}

static void expect_quiet(void)
{
	assert_int_equal(stir(SOON_NS), PSG_STIR_TIME);
}

/* That person stirs, perhaps more than once, and nothing else does. */
static void expect_person(const char *name)
{
	enum psg_stir got = stir(LONG_NS);

	assert_int_equal(got, PSG_STIR_PERSON);
	for (; got == PSG_STIR_PERSON; got = stir(SOON_NS))
		assert_string_equal(subject, name);
	assert_int_equal(got, PSG_STIR_TIME);
}

static void expect_all(void)
{
	enum psg_stir got = stir(LONG_NS);

	assert_int_equal(got, PSG_STIR_ALL);
	while (got == PSG_STIR_ALL)
		got = stir(SOON_NS);
	assert_int_equal(got, PSG_STIR_TIME);
}

static void the_deadline(void **state)
{
	static const int64_t left_ns[] = {SOON_NS, 1, 0, -1, INT64_MIN, SOON_NS};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(left_ns); i++)
		assert_int_equal(stir(left_ns[i]), PSG_STIR_TIME);
}

static void a_record_made_written_and_ended(void **state)
{
	(void)state;
	int fd = opened("people/alice/spent/id-1");

	expect_person("alice");
	/* By a process that is stopped before it closes. */
	assert_int_equal(write(fd, "x", 1), 1);
	expect_person("alice");
	close(fd);
	expect_person("alice");
	touch("people/alice/spent/id-1.session");
	expect_person("alice");
	touch("people/alice/spent/id-1.ended");
	expect_person("alice");
	/* A record that is spoiled by a replacement. */
	touch("people/alice/spent/.new");
	expect_quiet();
	move("people/alice/spent/.new", "people/alice/spent/id-1");
	expect_person("alice");
}

static void what_came_before_the_deadline_is_not_lost(void **state)
{
	(void)state;
	touch("people/alice/spent/id-1");
	assert_int_equal(stir(1), PSG_STIR_PERSON);
	assert_string_equal(subject, "alice");
}

static void the_policy_stirs_all(void **state)
{
	(void)state;
	touch(".policy.new");
	touch("log");
	touch("other");
	move("other", "policy-of-yesterday");
	make("sessions");
	touch("sessions/x");
	expect_quiet();
	move(".policy.new", "policy");
	expect_all();
}

static void a_new_person(void **state)
{
	(void)state;
	/* Without a folder there is nothing to watch, and it is no error. */
	assert_int_equal(psg_watch_person(watch, "bob"), PSG_OK);
	make("people/.bob");
	make("people/%zz");
	expect_quiet();
	make("people/bob");
	expect_person("bob");
	assert_int_equal(psg_watch_person(watch, "bob"), PSG_OK);
	make("people/bob/spent");
	expect_person("bob");
	assert_int_equal(psg_watch_person(watch, "bob"), PSG_OK);
	touch("people/bob/spent/id-1");
	expect_person("bob");
	touch("people/alice/spent/id-1");
	expect_person("alice");
}

/* The folder's name is the person's escaped; what is handed out is the person's. */
static void an_escaped_name(void **state)
{
	char folder[PSG_FOLDER_NAME_SIZE], path[PSG_FOLDER_NAME_SIZE + 32];

	(void)state;
	assert_int_equal(psg_folder_name("eve@example.com", folder), PSG_OK);
	assert_string_not_equal(folder, "eve@example.com");
	snprintf(path, sizeof(path), "people/%s", folder);
	make(path);
	expect_person("eve@example.com");
	assert_int_equal(psg_watch_person(watch, "eve@example.com"), PSG_OK);
	strcat(path, "/spent");
	make(path);
	expect_person("eve@example.com");
}

static void hidden_names_are_quiet(void **state)
{
	(void)state;
	touch("people/alice/spent/.x");
	move("people/alice/spent/.x", "people/alice/spent/.y");
	make("people/alice/.z");
	make("people/.w");
	expect_quiet();
	touch("people/alice/spent/x");
	expect_person("alice");
}

static void attempts_and_registrations_are_quiet(void **state)
{
	(void)state;
	make("people/alice/attempts");
	expect_person("alice");
	touch("people/alice/attempts/1");
	expect_quiet();
}

static void a_person_made_anew(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		drop("people/alice");
		while (stir(SOON_NS) != PSG_STIR_TIME)
			;
		make("people/alice");
		expect_person("alice");
		assert_int_equal(psg_watch_person(watch, "alice"), PSG_OK);
		make("people/alice/spent");
		expect_person("alice");
		assert_int_equal(psg_watch_person(watch, "alice"), PSG_OK);
		touch("people/alice/spent/id-1");
		expect_person("alice");
	}
}

/* Between `make` and the watch everything may be there already: who watches reads afterwards, and hears of what is next. */
static void watched_again_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(psg_watch_person(watch, "alice"), PSG_OK);
	touch("people/alice/spent/id-1");
	expect_person("alice");
}

/* Each step of it: whoever hears opens everything anew. */
static void a_store_that_went_is_to_be_opened_anew(void **state)
{
	char elsewhere[80];

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s.old", store);
	assert_int_equal(rename(store, elsewhere), 0);
	assert_int_equal(stir(LONG_NS), PSG_STIR_GONE);
	while (stir(SOON_NS) == PSG_STIR_GONE)
		;
	assert_int_equal(rename(elsewhere, store), 0);
	assert_int_equal(stir(LONG_NS), PSG_STIR_GONE);
	while (stir(SOON_NS) == PSG_STIR_GONE)
		;
	drop("");
	assert_int_equal(stir(LONG_NS), PSG_STIR_GONE);
}

static void people_put_back_stir_all(void **state)
{
	(void)state;
	move("people", "people.old");
	make("people.new");
	make("people.new/alice");
	make("people.new/alice/spent");
	move("people.new", "people");
	expect_all();
	assert_int_equal(psg_watch_person(watch, "alice"), PSG_OK);
	touch("people/alice/spent/id-1");
	expect_person("alice");
	drop("people");
	make("people");
	while (stir(SOON_NS) != PSG_STIR_TIME)
		;
	make("people/bob");
	expect_person("bob");
}

static void too_much_at_once_stirs_all(void **state)
{
	int fds[2] = {opened("people/alice/spent/a"), opened("people/alice/spent/b")};
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	long most = 0, seen = 0;

	(void)state;
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &most), 1);
	fclose(file);
	/* The kernel counts two in a row of one file as one. */
	for (long i = 0; i < most + 10; i++)
		assert_int_equal(write(fds[i % 2], "x", 1), 1);
	close(fds[0]);
	close(fds[1]);
	enum psg_stir got = stir(LONG_NS);

	for (; got == PSG_STIR_PERSON && seen <= most; got = stir(LONG_NS))
		seen++;
	assert_int_equal(got, PSG_STIR_ALL);
	expect_quiet();
}

static void without_a_deadline(void **state)
{
	int ready[2];
	char byte = 0;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	/* A deadline that was set before does not stay. */
	expect_quiet();
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		usleep(4 * SOON_NS / 1000);
		touch("people/alice/spent/id-1");
		_exit(write(ready[1], &byte, 1) != 1);
	}
	assert_int_equal(stir(INT64_MAX), PSG_STIR_PERSON);
	assert_string_equal(subject, "alice");
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
}

static void what_cannot_be_watched(void **state)
{
	struct psg_watch *none = NULL;
	char name[PSG_SUBJECT_SIZE + 8];

	(void)state;
	assert_int_equal(psg_watch_open(in("nowhere"), &none), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_watch_open(in("people"), &none), PSG_ERR_NOT_FOUND);
	assert_null(none);
	assert_int_equal(psg_watch_person(watch, ""), PSG_ERR_INVALID);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(psg_watch_person(watch, name), PSG_ERR_INVALID);
	/* Not a folder: an error, not a person without one. */
	touch("people/carol");
	assert_int_not_equal(psg_watch_person(watch, "carol"), PSG_OK);
}

#define WATCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WATCH(the_deadline),
	    WATCH(a_record_made_written_and_ended),
	    WATCH(what_came_before_the_deadline_is_not_lost),
	    WATCH(the_policy_stirs_all),
	    WATCH(a_new_person),
	    WATCH(an_escaped_name),
	    WATCH(hidden_names_are_quiet),
	    WATCH(attempts_and_registrations_are_quiet),
	    WATCH(a_person_made_anew),
	    WATCH(watched_again_and_again),
	    WATCH(a_store_that_went_is_to_be_opened_anew),
	    WATCH(people_put_back_stir_all),
	    WATCH(too_much_at_once_stirs_all),
	    WATCH(without_a_deadline),
	    WATCH(what_cannot_be_watched),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
