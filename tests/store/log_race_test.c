/* Real processes append while another gives the log its next name, some of them stopped in between, and others read: every
 * line is there, once. */
#include "folk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "psg/log.h"

#define WRITERS 4
#define LINES 1500
#define END "end"

/* Shared by all: lines that each writer has appended, and how often the follower found no more. */
static struct progress {
	unsigned lines[WRITERS], ticks;
} * progress;

static unsigned of(const unsigned *count)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static void append(struct psg_folder *root, const char *text)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	if (root->ops->append(root, PSG_LOG_NAME, line, (size_t)len) != PSG_OK)
		_exit(2);
}

static pid_t start_writer(const struct folk *folk, unsigned self)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	struct psg_folder *root = NULL;
	char line[32];

	if (psg_folder_open_files(folk->path, geteuid(), &root) != PSG_OK)
		_exit(1);
	for (unsigned i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "%u %u", self, i);
		append(root, line);
		(void)__atomic_add_fetch(&progress->lines[self], 1, __ATOMIC_SEQ_CST);
	}
	_exit(0);
}

static void expect_done(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool all_done(void)
{
	for (size_t i = 0; i < WRITERS; i++)
		if (of(&progress->lines[i]) < LINES)
			return false;
	return true;
}

/* Counts each line; the count of a line that is nobody's fails. */
struct seen {
	unsigned char times[WRITERS][LINES];
	size_t lines;
};

static bool take(struct seen *seen, const char *text)
{
	unsigned writer, number;
	int end = 0;

	if (sscanf(text, "%u %u%n", &writer, &number, &end) != 2 || text[end] ||
	    writer >= WRITERS || number >= LINES)
		return false;
	seen->times[writer][number]++;
	seen->lines++;
	return true;
}

static bool all_once(const struct seen *seen)
{
	for (size_t i = 0; i < WRITERS; i++)
		for (size_t j = 0; j < LINES; j++)
			if (seen->times[i][j] != 1)
				return false;
	return seen->lines == (size_t)WRITERS * LINES;
}

/* Reads on until the line that comes last. */
static pid_t start_follower(const struct folk *folk)
{
	static struct seen seen;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	struct psg_folder *root = NULL;
	struct psg_log *log = NULL;
	struct psg_log_line line;

	alarm(120);
	if (psg_folder_open_files(folk->path, geteuid(), &root) != PSG_OK ||
	    psg_log_open(root, &log) != PSG_OK)
		_exit(1);
	for (;;) {
		enum psg_err err = psg_log_next(log, &line);

		if (err == PSG_ERR_NOT_FOUND) {
			(void)__atomic_add_fetch(&progress->ticks, 1, __ATOMIC_SEQ_CST);
			usleep(100);
		} else if (err)
			_exit(3);
		else if (strcmp(line.text, END) == 0)
			break;
		else if (!take(&seen, line.text))
			_exit(4);
	}
	_exit(all_once(&seen) && psg_log_damaged(log, true) == 0 ? 0 : 5);
}

static void rotate(struct psg_folder *root)
{
	const struct psg_log_retention keep = {.age_s = 1000000, .size = 8};
	struct psg_log_retained done;

	assert_int_equal(psg_log_retain(root, &keep, INT64_C(1790000000) * PSG_NS_PER_S, &done),
			 PSG_OK);
	assert_int_equal(done.removed, 0);
}

/* Forward and backward, as somebody who looks once. */
static void read_once(struct psg_folder *root, bool backward, struct seen *seen)
{
	struct psg_log *log = NULL;
	struct psg_log_line line;
	enum psg_err err;

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(psg_log_open(root, &log), PSG_OK);
	while ((err = backward ? psg_log_previous(log, &line) : psg_log_next(log, &line)) == PSG_OK)
		assert_true(take(seen, line.text));
	assert_int_equal(err, PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_log_damaged(log, true), 0);
	psg_log_close(&log);
}

static void start_writers(const struct folk *folk, pid_t pids[static WRITERS])
{
	for (unsigned i = 0; i < WRITERS; i++)
		pids[i] = start_writer(folk, i);
}

static void expect_all(struct folk *folk, const pid_t pids[static WRITERS])
{
	static struct seen seen;

	for (size_t i = 0; i < WRITERS; i++)
		expect_done(pids[i]);
	for (int backward = 0; backward < 2; backward++) {
		read_once(folk->store->root, backward, &seen);
		assert_true(all_once(&seen));
	}
}

/* One of them is stopped wherever it is: between looking for the file, making it, opening it, and its write. */
static void renamed_while_written(void **state)
{
	static struct seen seen;
	struct folk *folk = *state;
	pid_t writers[WRITERS];

	memset(progress, 0, sizeof(*progress));
	start_writers(folk, writers);
	for (unsigned round = 0; !all_done(); round++) {
		pid_t one = writers[round % WRITERS];

		(void)kill(one, SIGSTOP);
		rotate(folk->store->root);
		if (round % 16 == 0)
			read_once(folk->store->root, round % 32, &seen);
		(void)kill(one, SIGCONT);
	}
	expect_all(folk, writers);
}

/* Until every append that began before is done, and the follower has looked twice since. */
static void settle(void)
{
	unsigned lines[WRITERS], ticks;

	for (size_t i = 0; i < WRITERS; i++)
		lines[i] = of(&progress->lines[i]);
	for (size_t i = 0; i < WRITERS; i++)
		while (of(&progress->lines[i]) == lines[i] && lines[i] < LINES)
			usleep(20);
	ticks = of(&progress->ticks);
	while (of(&progress->ticks) < ticks + 2)
		usleep(20);
}

static void followed_while_renamed(void **state)
{
	struct folk *folk = *state;
	pid_t writers[WRITERS], follower;

	memset(progress, 0, sizeof(*progress));
	follower = start_follower(folk);
	start_writers(folk, writers);
	for (unsigned round = 0; !all_done(); round++) {
		pid_t one = writers[round % WRITERS];

		(void)kill(one, SIGSTOP);
		rotate(folk->store->root);
		(void)kill(one, SIGCONT);
		settle();
	}
	expect_all(folk, writers);
	append(folk->store->root, END);
	expect_done(follower);
}

int main(void)
{
	const struct CMUnitTest tests[] = {FOLK_FILES(renamed_while_written),
					   FOLK_FILES(followed_while_renamed)};

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (progress == MAP_FAILED)
		return 1;
	alarm(120); /* should one of them have died */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
