/* The account that a question is about: "no such user" is not "could not ask". */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/gate.h"

/* -- a name service of our own -- */

static int results[8]; /* one a call: an errno value, or 0 */
static size_t call_count, room_wanted;
static const char *answer; /* NULL: nobody of that name */

static int reply(struct passwd *account, char *buf, size_t size, struct passwd **ret)
{
	int result = call_count < PSG_COUNT(results) ? results[call_count] : 0;

	call_count++;
	*ret = NULL;
	if (result != 0)
		return result;
	if (size < room_wanted)
		return ERANGE;
	if (answer) {
		snprintf(buf, size, "%s", answer);
		*account = (struct passwd){.pw_name = buf, .pw_uid = 1000, .pw_gid = 100};
		*ret = account;
	}
	return 0;
}

int getpwnam_r(const char *name, struct passwd *account, char *buf, size_t size,
	       struct passwd **ret)
{
	assert_non_null(name);
	return reply(account, buf, size, ret);
}

int getpwuid_r(uid_t uid, struct passwd *account, char *buf, size_t size, struct passwd **ret)
{
	(void)uid;
	return reply(account, buf, size, ret);
}

static int setup(void **state)
{
	(void)state;
	memset(results, 0, sizeof(results));
	call_count = room_wanted = 0;
	answer = "alice";
	return 0;
}

static void found(void **state)
{
	struct psg_subject subject;

	(void)state;
	/* the name of the account, not what was typed */
	assert_int_equal(psg_subject_by_name("ALICE", &subject), PSG_OK);
	assert_string_equal(subject.name, "alice");
	assert_int_equal(subject.uid, 1000);
	assert_int_equal(subject.gid, 100);
	memset(&subject, 0, sizeof(subject));
	assert_int_equal(psg_subject_by_uid(1000, &subject), PSG_OK);
	assert_string_equal(subject.name, "alice");
}

static void not_found(void **state)
{
	struct psg_subject subject = {.name = "kept"};

	(void)state;
	answer = NULL;
	assert_int_equal(psg_subject_by_uid(7, &subject), PSG_ERR_NOT_FOUND);
	assert_string_equal(subject.name, "kept");
	assert_int_equal(psg_subject_by_name("bob", &subject), PSG_ERR_NOT_FOUND);
	assert_string_equal(subject.name, "bob");
	/* and not root's */
	assert_int_equal(subject.uid, (uid_t)-1);
	assert_int_equal(subject.gid, (gid_t)-1);
}

static void service_fails(void **state)
{
	static const int errors[] = {EIO,    ENOENT, ESRCH, EAGAIN, ECONNREFUSED,
				     EMFILE, ENOMEM, EPERM, EBADF,  EINVAL};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(errors); i++) {
		struct psg_subject subject = {.name = "kept"};

		call_count = 0;
		results[0] = errors[i];
		enum psg_err wanted = errors[i] == EMFILE   ? PSG_ERR_LIMIT
				      : errors[i] == ENOMEM ? PSG_ERR_NO_MEMORY
							    : PSG_ERR_NAMES;

		assert_int_equal(psg_subject_by_name("alice", &subject), wanted);
		call_count = 0;
		assert_int_equal(psg_subject_by_uid(1000, &subject), wanted);
		assert_string_equal(subject.name, "kept");
	}
}

static void interrupted(void **state)
{
	struct psg_subject subject;

	(void)state;
	results[0] = results[1] = EINTR;
	room_wanted = 5000;
	assert_int_equal(psg_subject_by_name("alice", &subject), PSG_OK);
	assert_string_equal(subject.name, "alice");
	assert_int_equal(call_count, 2 + 4); /* 1024, 2048, 4096, 8192 */
}

static void never_room_enough(void **state)
{
	struct psg_subject subject = {.name = "kept"};

	(void)state;
	room_wanted = SIZE_MAX;
	assert_int_equal(psg_subject_by_name("alice", &subject), PSG_ERR_NAMES);
	assert_string_equal(subject.name, "kept");
	assert_in_range(call_count, 5, 20);
}

static void too_long_a_name(void **state)
{
	struct psg_subject subject = {.name = "kept"};
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	answer = name;
	assert_int_equal(psg_subject_by_name("alice", &subject), PSG_ERR_INVALID);
	answer = NULL;
	assert_int_equal(psg_subject_by_name(name, &subject), PSG_ERR_INVALID);
	assert_string_equal(subject.name, "kept");
	name[255] = '\0';
	assert_int_equal(psg_subject_by_name(name, &subject), PSG_ERR_NOT_FOUND);
	assert_string_equal(subject.name, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(found, setup),
	    cmocka_unit_test_setup(not_found, setup),
	    cmocka_unit_test_setup(service_fails, setup),
	    cmocka_unit_test_setup(interrupted, setup),
	    cmocka_unit_test_setup(never_room_enough, setup),
	    cmocka_unit_test_setup(too_long_a_name, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
