/* Every allocation of retrieving failing in turn: it is said, nothing leaks, and a zip is there whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory_fixture.h"

static enum psg_err run_select(const struct job *job, struct psg_problems *problems,
			       struct psg_buf *ret_text)
{
	const struct psg_document manifest = {.path = (char *)(uintptr_t) "package.xml",
					      .bytes = (char *)(uintptr_t)job->text,
					      .len = job->text ? strlen(job->text) : 0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err =
	    psg_retrieve_select(job->policy, job->text ? &manifest : NULL, &names, problems);

	settle();
	for (size_t i = 0; i < names.count; i++)
		psg_buf_format(ret_text, "%s\n", names.items[i]);
	return err;
}

static enum psg_err run_strangers(const struct job *job, struct psg_problems *problems,
				  struct psg_buf *ret_text)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_retrieve_strangers(job->policy, job->path, &names);

	(void)problems;
	settle();
	for (size_t i = 0; i < names.count; i++)
		psg_buf_format(ret_text, "%s\n", names.items[i]);
	return err;
}

static void append_file(const char *path, struct psg_buf *ret_text)
{
	size_t len;
	char *bytes = fixture_read(path, &len);

	psg_buf_put(ret_text, bytes, len);
	free(bytes);
}

/* The zip is there whole, or not at all, and nothing stands beside it. */
static enum psg_err run_zip(const struct job *job, struct psg_problems *problems,
			    struct psg_buf *ret_text)
{
	char path[256];
	struct psg_buf where PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	(void)problems;
	snprintf(path, sizeof(path), "%s/out.zip", job->path);
	err = psg_retrieve_write(job->policy, job->documents, path, false, &where);
	settle();
	if (err == PSG_OK) {
		append_file(path, ret_text);
		assert_int_equal(unlink(path), 0);
	}
	/* Neither the zip nor another file. */
	assert_int_equal(rmdir(job->path), 0);
	assert_int_equal(mkdir(job->path, 0755), 0);
	return err;
}

/* What is there of a directory is whole. */
static enum psg_err run_directory(const struct job *job, struct psg_problems *problems,
				  struct psg_buf *ret_text)
{
	struct psg_buf where PSG_CLEANUP(psg_buf_clear) = {0};
	char path[256], *out;
	enum psg_err err =
	    psg_retrieve_write(job->policy, job->documents, job->path, false, &where);

	(void)problems;
	settle();
	snprintf(path, sizeof(path), "%s/permissionsetgroups/G.permissionsetgroup", job->path);
	if (err == PSG_OK)
		append_file(path, ret_text);
	snprintf(path, sizeof(path), "%s/.psgctl-%ld", job->path, (long)getpid());
	assert_int_not_equal(access(path, F_OK), 0);
	out = strdup(job->path);
	fixture_remove(&out);
	assert_int_equal(mkdir(job->path, 0755), 0);
	return err;
}

static void retrievals(void **state)
{
	struct fixture_deployment *fixture = *state;
	struct psg_strings names = {0};
	struct job job = {.path = fixture->directory, .documents = &names};

	put_files(fixture->directory);
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	put_before(fixture);
	job.policy = fixture->before;
	job.path = fixture->directory;
	put_files(fixture->directory);
	fixture_put(fixture->directory, "permissionsets/Stranger.permissionset", "");
	job.run = run_strangers;
	each_fails(&job, 20);
	job.run = run_select;
	each_fails(&job, 5);
	job.text = MANIFEST;
	each_fails(&job, 20);

	fixture_remove(&fixture->directory);
	fixture->directory = fixture_directory();
	job.path = fixture->directory;
	assert_int_equal(psg_retrieve_select(job.policy, NULL, &names, &(struct psg_problems){0}),
			 PSG_OK);
	job.run = run_zip;
	each_fails(&job, 100);
	job.run = run_directory;
	each_fails(&job, 100);
	psg_strings_clear(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_DEPLOYMENT(retrievals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
