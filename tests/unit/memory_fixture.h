/* What the tests share in which each allocation fails in turn: a package of some of everything, and the loop. Each is one
 * program and includes this once. */
#ifndef MEMORY_FIXTURE_H
#define MEMORY_FIXTURE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metadata_fixture.h"

#include "../failing_memory.h"

#define SET_FULL                                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->\n" FIXTURE_SET(                    \
	    "<applicationVisibilities><application>sshd</application><visible>true</visible>"      \
	    "</applicationVisibilities><description>a &amp; <![CDATA[b]]></description>"           \
	    "<objectPermissions><allowCreate>true</allowCreate><allowDelete>0</allowDelete>"       \
	    "<allowEdit>1</allowEdit><allowRead>true</allowRead><modifyAllRecords>false"           \
	    "</modifyAllRecords><object>Account</object><viewAllRecords>false</viewAllRecords>"    \
	    "</objectPermissions>" FIXTURE_PERMISSION("P") FIXTURE_PERMISSION("Q"))
#define POLICY(lent)                                                                               \
	FIXTURE_POLICY("<lifetime>1h</lifetime><reason>Required</reason>"                          \
		       "<reasonPattern>(INC|CHG)[0-9]+</reasonPattern><scope>Host</scope>" lent)
#define GATE                                                                                       \
	FIXTURE_GATE("<exemptUsers>backup</exemptUsers><throttle><attempts>4</attempts></"         \
		     "throttle>")
#define MANIFEST                                                                                   \
	FIXTURE_PACKAGE(                                                                           \
	    "<types><members>*</members><name>PermissionSet</name></types><types><members>G"       \
	    "</members><name>PermissionSetGroup</name></types><types><members>*</members><name>"   \
	    "MutingPermissionSet</name></types><types><members>G</members><name>ActivationPolicy"  \
	    "</name></types><types><members>Gate</members><name>Settings</name></types><types>"    \
	    "<members>*</members><name>Layout</name></types><version>50.0</version>")
#define DESTRUCTIVE                                                                                \
	FIXTURE_PACKAGE("<types><members>Old</members><members>Never</members><name>PermissionSet" \
			"</name></types><version>50.0</version>")

static const char *const files[][2] = {
    {"package.xml", MANIFEST},
    {"destructiveChanges.xml", DESTRUCTIVE},
    {"permissionsets/A.permissionset", SET_FULL},
    {"permissionsets/B.permissionset", FIXTURE_SET("")},
    {"permissionsetgroups/G.permissionsetgroup",
     FIXTURE_GROUP("<hasActivationRequired>true</hasActivationRequired>" FIXTURE_MUTING_MEMBER("M")
		       FIXTURE_MEMBER("A") FIXTURE_MEMBER("B") FIXTURE_MEMBER("ns__Foreign"))},
    {"mutingpermissionsets/M.mutingpermissionset", FIXTURE_MUTING(FIXTURE_PERMISSION("Q"))},
    /* Nothing lent: libc's look at the Unix group would find none when it is out of memory. */
    {"activationpolicies/G.activationpolicy", POLICY("")},
    {"settings/Gate.settings", GATE},
};

/* One thing to do: it says what came of it in words when memory lasted, and has nothing to clear else. */
struct job {
	enum psg_err (*run)(const struct job *job, struct psg_problems *problems,
			    struct psg_buf *ret_text);
	const char *path; /* of the package */
	const char *type, *text;
	struct psg_policy *policy;
	bool defer;
	const struct psg_strings *documents;
};

/* What is described is described with all the memory there is. */
static enum memory_failure happened;
static inline void settle(void)
{
	happened = memory_failed();
}

static void expect_failure(long call, enum psg_err err, const struct psg_problems *problems,
			   const char *text, const char *wanted)
{
	bool same = err == PSG_OK && strcmp(text ? text : "", wanted) == 0;

	if (err == PSG_ERR_NO_MEMORY || same)
		return;
	/* What a library says of it may be another fault, but not none. */
	if (happened == MEMORY_OURS_FAILED || problems->error_count == 0)
		fail_msg("allocation %ld (%d): error %d and\n%s\nfor\n%s", call, (int)happened,
			 (int)err, text ? text : "", wanted);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The job with each allocation failing; at least so many there are. */
static void each_fails(const struct job *job, long least)
{
	struct psg_problems problems = {0};
	struct psg_buf wanted = {0};
	size_t open = open_files();
	long calls = 0;

	/* Twice: what libraries keep for good is there from then on. */
	for (int i = 0; i < 2; i++) {
		psg_problems_clear(&problems);
		psg_buf_clear(&wanted);
		assert_int_equal(job->run(job, &problems, &wanted), PSG_OK);
	}
	fixture_describe(&problems, &wanted);
	for (happened = MEMORY_OURS_FAILED; happened != MEMORY_NONE_FAILED; calls++) {
		struct psg_buf text = {0};
		enum psg_err err;

		psg_problems_clear(&problems);
		memory_fail_after(calls);
		err = job->run(job, &problems, &text);
		settle();
		if (err == PSG_OK)
			fixture_describe(&problems, &text);
		expect_failure(calls, err, &problems, text.data, wanted.data);
		psg_buf_clear(&text);
	}
	assert_true(calls > least);
	assert_int_equal(open_files(), open);
	psg_problems_clear(&problems);
	psg_buf_clear(&wanted);
}

static void put_files(const char *directory)
{
	for (size_t i = 0; i < PSG_COUNT(files); i++)
		fixture_put(directory, files[i][0], files[i][1]);
}

/* What is in force before: an older A, a set to be deleted, and, when deferred, a group that is to be. */
static void put_before(struct fixture_deployment *fixture)
{
	fixture_put(fixture->directory, "permissionsets/A.permissionset",
		    FIXTURE_SET(FIXTURE_PERMISSION("R")));
	fixture_put(fixture->directory, "permissionsets/Old.permissionset", FIXTURE_SET(""));
	fixture_put(fixture->directory, "permissionsetgroups/Other.permissionsetgroup",
		    FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	fixture_put(fixture->directory, "permissionsetgroups/Later.permissionsetgroup",
		    FIXTURE_GROUP(FIXTURE_MEMBER("A")));
	fixture->options.defer = true;
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
}

#define ON_DEPLOYMENT(test)                                                                        \
	cmocka_unit_test_setup_teardown(test, fixture_deployment_set_up,                           \
					fixture_deployment_tear_down)

#endif
