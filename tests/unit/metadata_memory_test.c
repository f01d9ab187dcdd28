/* Every allocation of reading and compiling packages failing in turn: it is said, nothing leaks, and what
 * was asked for is not there by half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory_fixture.h"
#include "zip_fixture.h"

#include "../../pam_psg/metadata/metadata.h"

/* Wrong in its words, with a name that must be escaped; and wrong in its syntax. */
#define SET_WRONG FIXTURE_SET("<unheardOf>&#xE9;</unheardOf>" FIXTURE_PERMISSION("P") "<label/>")
#define SET_BROKEN "<PermissionSet " FIXTURE_SALESFORCE "><label>x</labelx>"
/* -- what is done -- */

static enum psg_err run_parse(const struct job *job, struct psg_problems *problems,
			      struct psg_buf *ret_text)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	struct psg_buf canonical PSG_CLEANUP(psg_buf_clear) = {0};
	const struct psg_document document = {
	    .type = (char *)(uintptr_t)job->type,
	    .name = (char *)(uintptr_t)(strcmp(job->type, "Settings") == 0 ? "Gate" : "G"),
	    .path = (char *)(uintptr_t) "caf\xE9",
	    .bytes = (char *)(uintptr_t)job->text,
	    .len = strlen(job->text)};
	enum psg_err err = psg_metadata_parse(&document, 50, &model, &canonical, problems);

	settle();
	if (err == PSG_OK)
		psg_buf_format(ret_text, "%zu %zu %zu %zu %d %s\n", model.set_count,
			       model.muting_set_count, model.group_count, model.policy_count,
			       model.has_settings, canonical.data ? canonical.data : "");
	return err;
}

static void describe_package(struct psg_source *source, const struct psg_package *package,
			     const struct psg_buf *bytes, struct psg_buf *ret_text)
{
	psg_buf_format(ret_text, "%s %u\n", psg_source_root(source), package->version);
	for (size_t i = 0; i < package->item_count; i++)
		psg_buf_format(ret_text, "%s %s\n", package->items[i].path, package->items[i].name);
	for (size_t i = 0; i < package->deletion_count; i++)
		psg_buf_format(ret_text, "-%s\n", package->deletions[i].name);
	psg_buf_put(ret_text, bytes->data, bytes->len);
}

static enum psg_err run_package(const struct job *job, struct psg_problems *problems,
				struct psg_buf *ret_text)
{
	struct psg_source *source PSG_CLEANUP(psg_source_close) = NULL;
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	bool good = true;
	enum psg_err err = psg_source_open(job->path, problems, &source);

	if (err != PSG_OK)
		assert_null(source);
	if (err == PSG_OK)
		err = psg_package_open(source, &package, problems);
	for (size_t i = 0; source && i < psg_source_count(source) && err == PSG_OK && good; i++) {
		struct psg_buf one PSG_CLEANUP(psg_buf_clear) = {0};

		err = psg_source_read(source, i, problems, &one, &good);
		psg_buf_put(&bytes, one.data, one.len);
	}
	if (err == PSG_OK && bytes.failed)
		err = PSG_ERR_NO_MEMORY;
	settle();
	if (err == PSG_OK)
		describe_package(source, &package, &bytes, ret_text);
	return err;
}

static void describe_deployment(const struct psg_deployment *now, struct psg_buf *ret_text)
{
	for (size_t i = 0; i < now->component_count; i++)
		psg_buf_format(ret_text, "%s %s %d\n", now->components[i].type,
			       now->components[i].name, (int)now->components[i].change);
	for (size_t i = 0; i < now->put.group_count; i++)
		psg_buf_format(ret_text, "%s %d %u\n", now->put.groups[i].name,
			       (int)now->put.groups[i].status,
			       (unsigned)now->put.groups[i].permission_count);
	for (size_t i = 0; i < now->put.document_count; i++)
		psg_buf_put(ret_text, now->put.documents[i].bytes, now->put.documents[i].len);
	for (size_t i = 0; i < now->removed_documents.count; i++)
		psg_buf_format(ret_text, "-%s\n", now->removed_documents.items[i]);
	for (size_t i = 0; i < now->pending.count; i++)
		psg_buf_format(ret_text, "~%s\n", now->pending.items[i]);
	for (size_t i = 0; i < now->recalculated.count; i++)
		psg_buf_format(ret_text, "=%s\n", now->recalculated.items[i]);
	psg_buf_format(ret_text, "%zu %zu\n", now->put.set_count, now->put.policy_count);
}

static enum psg_err finish_deployment(enum psg_err err, struct psg_deployment *now,
				      struct psg_problems *problems, struct psg_buf *ret_text)
{
	const struct psg_deployment none = {0};

	settle();
	if (err == PSG_OK) {
		describe_deployment(now, ret_text);
		*problems = now->problems;
		now->problems = (struct psg_problems){0};
	} else {
		assert_memory_equal(now, &none, sizeof(none));
	}
	psg_deployment_clear(now);
	return err;
}

static enum psg_err run_deployment(const struct job *job, struct psg_problems *problems,
				   struct psg_buf *ret_text)
{
	struct psg_source *source PSG_CLEANUP(psg_source_close) = NULL;
	const struct psg_deployment_options options = {.defer = job->defer};
	struct psg_deployment now = {0};
	enum psg_err err = psg_source_open(job->path, problems, &source);

	if (err == PSG_OK && problems->count == 0)
		err = psg_deployment_prepare(source, job->policy, &options, &now);
	return problems->count > 0 ? err : finish_deployment(err, &now, problems, ret_text);
}

static enum psg_err run_recalculation(const struct job *job, struct psg_problems *problems,
				      struct psg_buf *ret_text)
{
	const struct psg_deployment_options options = {0};
	struct psg_deployment now = {0};
	const char *group = "G";

	return finish_deployment(
	    psg_recalculation_prepare(job->policy, &group, job->defer ? 1 : 0, &options, &now),
	    &now, problems, ret_text);
}

/* -- tests -- */

static void documents(void **state)
{
	const char *const texts[][2] = {
	    {"PermissionSet", SET_FULL},
	    {"PermissionSet", SET_WRONG},
	    {"PermissionSet", SET_BROKEN},
	    {"PermissionSetGroup", files[4][1]},
	    {"ActivationPolicy", POLICY(FIXTURE_LENT("adm", "P"))},
	    {"Settings", GATE},
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(texts); i++)
		each_fails(
		    &(struct job){.run = run_parse, .type = texts[i][0], .text = texts[i][1]}, 5);
}

static void packages(void **state)
{
	struct fixture_package *fixture = *state;

	put_files(fixture->directory);
	fixture_put(fixture->directory, "permissionsets/C.permissionset", "");
	fixture_put(fixture->directory, "readme.txt", "");
	each_fails(&(struct job){.run = run_package, .path = fixture->directory}, 50);
}

static void zips(void **state)
{
	struct fixture_package *fixture = *state;
	struct zip_entry entries[PSG_COUNT(files)];
	struct psg_buf bytes = {0};
	char path[512];
	FILE *file;

	for (size_t i = 0; i < PSG_COUNT(files); i++)
		entries[i] = (struct zip_entry){
		    .name = files[i][0], .bytes = files[i][1], .method = i % 2 ? 8 : 0};
	zip_build(entries, PSG_COUNT(entries), &bytes);
	fixture_path(fixture, "p.zip", path);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
	psg_buf_clear(&bytes);
	each_fails(&(struct job){.run = run_package, .path = path}, 50);
}

static void deployments(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_before(fixture);
	put_files(fixture->directory);
	for (int defer = 0; defer <= 1; defer++)
		each_fails(&(struct job){.run = run_deployment,
					 .path = fixture->directory,
					 .policy = fixture->before,
					 .defer = defer},
			   300);
}

static void recalculations(void **state)
{
	struct fixture_deployment *fixture = *state;

	put_before(fixture);
	put_files(fixture->directory);
	fixture_prepare(fixture, fixture->directory);
	fixture_commit(fixture);
	for (int one = 0; one <= 1; one++)
		each_fails(&(struct job){.run = run_recalculation,
					 .policy = fixture->before,
					 .defer = one},
			   100);
}

#define ON_PACKAGE(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, fixture_package_set_up, fixture_package_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents), ON_PACKAGE(packages),          ON_PACKAGE(zips),
	    ON_DEPLOYMENT(deployments),  ON_DEPLOYMENT(recalculations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
