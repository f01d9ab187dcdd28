/* What of the log is kept: renamed, removed by age and size, and never what a writer still holds. */
#include "log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void renamed_when_large_or_old(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	log_retain_at(folk, DAY, 800, NOW, &done);
	assert_false(done.rotated);
	log_put(folk, "log", "");
	log_retain_at(folk, DAY, 0, NOW, &done);
	assert_false(done.rotated); /* empty */
	log_put_of(folk, "log", NOW - 40 * DAY);
	log_retain_at(folk, 366 * DAY, 800, NOW - 10 * DAY, &done);
	assert_false(done.rotated);
	log_retain_at(folk, 366 * DAY, 800, NOW - 10 * DAY + 1, &done);
	assert_true(done.rotated && done.size > 0);
	log_put_of(folk, "log", NOW);
	log_put_of(folk, "log", NOW);
	log_retain_at(folk, 366 * DAY, 800, NOW, &done);
	assert_false(done.rotated);
	log_put_of(folk, "log", NOW);
	log_retain_at(folk, 366 * DAY, 800, NOW, &done);
	assert_true(done.rotated && log_there(folk, "log.0000000002"));
	/* A clock that stood far ahead does not keep it from going by its size. */
	log_put_of(folk, "log", NOW + 1000 * DAY);
	log_retain_at(folk, DAY, 800, NOW, &done);
	assert_false(done.rotated);
}

static void by_age(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	log_put_of(folk, "log.0000000001", NOW - 91 * DAY);
	log_put_of(folk, "log.0000000002", NOW - 90 * DAY);
	log_put_of(folk, "log", NOW);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.removed, 1);
	assert_true(done.removed_size > 0 && done.size > 0 && done.held == 0);
	assert_true(!log_there(folk, "log.0000000001") && log_there(folk, "log.0000000002"));
	log_retain_at(folk, 90 * DAY, 1000000, NOW + 1, &done);
	assert_int_equal(done.removed, 1);
	assert_true(log_there(folk, "log"));
	/* What was just renamed stays, however old. */
	log_retain_at(folk, 90 * DAY, 1000000, NOW + 1000 * DAY, &done);
	assert_true(done.rotated && done.removed == 0);
	log_retain_at(folk, 90 * DAY, 1000000, NOW + 1000 * DAY, &done);
	assert_int_equal(done.removed, 1);
}

static void the_oldest_first(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct stat st;

	log_put_of(folk, "log.0000000001", NOW - 30 * DAY);
	log_put_of(folk, "log.0000000002", NOW - 20 * DAY);
	log_put_of(folk, "log.0000000003", NOW - 7 * DAY);
	log_put_of(folk, "log.0000000004", NOW - 6 * DAY);
	assert_int_equal(stat(log_path(folk, "log.0000000001"), &st), 0);
	log_retain_at(folk, 90 * DAY, 3 * (uint64_t)st.st_size, NOW, &done);
	assert_true(done.removed == 1 && log_there(folk, "log.0000000002"));
	/* For size alone nothing of the last week goes. */
	log_retain_at(folk, 90 * DAY, 1, NOW, &done);
	assert_true(done.removed == 1 && log_there(folk, "log.0000000003"));
	assert_int_equal(done.size, 2 * st.st_size);
	/* Unless the age itself is shorter. */
	log_retain_at(folk, 7 * DAY - 1, 1, NOW, &done);
	assert_true(done.removed == 1 && log_there(folk, "log.0000000004"));
}

/* A file whose clock stood in the past was still written after the one before it. */
static void a_clock_in_the_past(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;

	log_put_of(folk, "log.0000000001", NOW - 10 * DAY);
	log_put_of(folk, "log.0000000002", 1000 * DAY);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.removed, 0);
	log_retain_at(folk, 90 * DAY, 1000000, NOW + 81 * DAY, &done);
	assert_int_equal(done.removed, 2);
}

static void a_writer_is_waited_for(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	int late;

	log_put_of(folk, "log", NOW - 400 * DAY);
	late = open(log_path(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_true(done.rotated);
	log_put_of(folk, "log.0000000002", NOW - 300 * DAY);
	for (int i = 0; i < 2; i++) {
		log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
		/* It holds up no other. */
		assert_true(done.held == 1 && done.removed == (size_t)!i);
		assert_true(log_there(folk, "log.0000000001"));
	}
	/* A reader is no writer. */
	struct psg_log *log = log_opened(folk);
	struct psg_log_line line;

	assert_int_equal(psg_log_next(log, &line), PSG_OK);
	close(late);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_true(done.held == 0 && done.removed == 1);
	psg_log_close(&log);
}

/* What it wrote while it was waited for makes the file young again. */
static void what_was_late_is_kept(void **state)
{
	struct folk *folk = *state;
	struct psg_log_retained done;
	struct psg_log *log;
	int late;

	log_put_of(folk, "log", NOW - 400 * DAY);
	late = open(log_path(folk, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	log_retain_at(folk, 90 * DAY, 1000000, NOW, &done);
	assert_int_equal(done.held, 1);
	assert_int_equal(write(late, "late\n", 5), 5);
	close(late);
	log_retain_at(folk, 90 * DAY, 1000000, time(NULL) + 1, &done);
	assert_int_equal(done.removed, 0);
	log = log_opened(folk);
	log_expect_previous(log, "late");
	psg_log_close(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_FILES(renamed_when_large_or_old), FOLK_FILES(by_age),
	    FOLK_FILES(the_oldest_first),          FOLK_FILES(a_clock_in_the_past),
	    FOLK_FILES(a_writer_is_waited_for),    FOLK_FILES(what_was_late_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
