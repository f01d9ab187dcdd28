#include "metadata_fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../pam_psg/metadata/metadata.h"

char *fixture_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	size_t len = 0, got;

	if (!file)
		fail_msg("cannot read %s (tests start at the top of the source tree)", path);
	do {
		bytes = realloc(bytes, len + 65536 + 1);
		assert_non_null(bytes);
		got = fread(bytes + len, 1, 65536, file);
		len += got;
	} while (got > 0);
	assert_false(ferror(file));
	fclose(file);
	bytes[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return bytes;
}

enum psg_err fixture_parse(const char *type, const char *name, const char *file, const char *bytes,
			   size_t len, struct psg_model *model, struct psg_problems *problems)
{
	return fixture_parse_of(type, name, file, bytes, len, 0, model, problems);
}

enum psg_err fixture_parse_of(const char *type, const char *name, const char *file,
			      const char *bytes, size_t len, unsigned version,
			      struct psg_model *model, struct psg_problems *problems)
{
	struct psg_document document = {.type = strdup(type),
					.name = strdup(name),
					.path = strdup(file),
					.bytes = malloc(len ? len : 1),
					.len = len};
	enum psg_err err;

	assert_non_null(document.bytes);
	memcpy(document.bytes, bytes, len);
	err = psg_metadata_parse(&document, version, model, NULL, problems);
	psg_document_clear(&document);
	return err;
}

static void describe(const struct psg_problem *problem, struct psg_buf *out)
{
	psg_buf_format(out, "%s:%d:%d <%s> %s: %s", problem->file, problem->line, problem->column,
		       problem->element, problem->warning ? "Warning" : "Error", problem->text);
}

void fixture_describe(const struct psg_problems *problems, struct psg_buf *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		describe(&problems->items[i], out);
		psg_buf_format(out, " | %s\n", problems->items[i].remedy);
	}
	assert_false(out->failed);
}

void fixture_assert_only(const struct psg_problems *problems, const char *expected)
{
	struct psg_buf text = {0};

	if (problems->count != 1) {
		fixture_describe(problems, &text);
		fail_msg("expected 1 problem: %s\ngot %zu:\n%s", expected, problems->count,
			 text.data ? text.data : "");
	}
	describe(&problems->items[0], &text);
	assert_string_equal(text.data, expected);
	assert_true(problems->error_count == !problems->items[0].warning);
	assert_true(*problems->items[0].remedy);
	psg_buf_clear(&text);
}

void fixture_assert_none(const struct psg_problems *problems)
{
	struct psg_buf text = {0};

	fixture_describe(problems, &text);
	if (problems->count != 0)
		fail_msg("unexpected:\n%s", text.data);
	psg_buf_clear(&text);
}

char *fixture_directory(void)
{
	const char *where = getenv("TMPDIR");
	char *directory = NULL;

	assert_true(asprintf(&directory, "%s/psg-test-XXXXXX", where ? where : "/tmp") > 0);
	assert_non_null(mkdtemp(directory));
	/* One test reads as nobody. */
	assert_int_equal(chmod(directory, 0755), 0);
	return directory;
}

void fixture_put(const char *directory, const char *path, const char *text)
{
	char whole[4096];
	FILE *file;

	assert_true(snprintf(whole, sizeof(whole), "%s/%s", directory, path) < (int)sizeof(whole));
	for (char *slash = strchr(whole + strlen(directory) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(whole, 0755);
		*slash = '/';
	}
	file = fopen(whole, "wb");
	if (!file)
		fail_msg("cannot write %s", whole);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info, (void)kind, (void)walk;
	return remove(path);
}

void fixture_remove(char **directory)
{
	assert_int_equal(nftw(*directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(*directory);
	*directory = NULL;
}

static enum psg_err add_item(struct psg_source *source, const struct psg_package *package,
			     const struct psg_package_item *item, struct psg_model *model,
			     struct psg_problems *problems)
{
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_document *document;
	bool good = false;
	enum psg_err err = psg_source_read(source, item->file, problems, &bytes, &good);

	if (err != PSG_OK || !good)
		return err;
	document = psg_array_add(&model->documents, &model->document_count, sizeof(*document));
	if (!document)
		return PSG_ERR_NO_MEMORY;
	document->type = strdup(item->type->name);
	document->name = strdup(item->name);
	document->path = strdup(item->path);
	document->bytes = bytes.data;
	document->len = bytes.len;
	bytes = (struct psg_buf){0};
	if (!document->type || !document->name || !document->path)
		return PSG_ERR_NO_MEMORY;
	return psg_metadata_parse(document, package->version, model, NULL, problems);
}

enum psg_err fixture_package_load(const char *path, struct psg_model *ret,
				  struct psg_problems *problems)
{
	struct psg_source *source PSG_CLEANUP(psg_source_close) = NULL;
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	enum psg_err err = psg_source_open(path, problems, &source);

	if (err == PSG_OK)
		err = psg_package_open(source, &package, problems);
	for (size_t i = 0; i < package.item_count && err == PSG_OK; i++)
		if (package.items[i].listed)
			err = add_item(source, &package, &package.items[i], &model, problems);
	if (err != PSG_OK)
		return err;
	psg_problems_sort(problems);
	*ret = model;
	model = (struct psg_model){0};
	return PSG_OK;
}

int fixture_package_set_up(void **state)
{
	struct fixture_package *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (fixture)
		fixture->directory = fixture_directory();
	return fixture ? 0 : -1;
}

int fixture_package_tear_down(void **state)
{
	struct fixture_package *fixture = *state;

	fixture_remove(&fixture->directory);
	psg_model_clear(&fixture->model);
	psg_problems_clear(&fixture->problems);
	free(fixture);
	return 0;
}

void fixture_package_put(struct fixture_package *fixture, const char *path, const char *text)
{
	fixture_put(fixture->directory, path, text);
}

void fixture_package_read(struct fixture_package *fixture)
{
	assert_int_equal(
	    fixture_package_load(fixture->directory, &fixture->model, &fixture->problems), PSG_OK);
}

void fixture_assert_documents(const struct psg_model *model, const char *expected)
{
	struct psg_buf text = {0};

	psg_buf_text(&text, "");
	for (size_t i = 0; i < model->document_count; i++)
		psg_buf_format(&text, "%s/%s=%s\n", model->documents[i].type,
			       model->documents[i].name, model->documents[i].path);
	assert_string_equal(text.data, expected);
	psg_buf_clear(&text);
}

void fixture_path(const struct fixture_package *fixture, const char *name, char out[static 512])
{
	assert_true(snprintf(out, 512, "%s/%s", fixture->directory, name) < 512);
}

int fixture_deployment_set_up(void **state)
{
	struct fixture_deployment *fixture = calloc(1, sizeof(*fixture));
	const struct psg_model nothing = {0};
	const struct psg_assignments nobody = {0};

	*state = fixture;
	if (!fixture)
		return -1;
	fixture->directory = fixture_directory();
	assert_int_equal(psg_folder_open_memory(NULL, &fixture->root), PSG_OK);
	assert_int_equal(psg_policy_write(fixture->root, &nothing, &nobody, 1), PSG_OK);
	assert_int_equal(psg_policy_open(fixture->root, &fixture->before), PSG_OK);
	return 0;
}

int fixture_deployment_tear_down(void **state)
{
	struct fixture_deployment *fixture = *state;

	fixture_remove(&fixture->directory);
	psg_deployment_clear(&fixture->now);
	psg_policy_close(&fixture->before);
	psg_folder_release(&fixture->root);
	free(fixture);
	return 0;
}

void fixture_prepare(struct fixture_deployment *fixture, const char *directory)
{
	struct psg_problems problems = {0};
	struct psg_source *source = NULL;

	psg_deployment_clear(&fixture->now);
	assert_int_equal(psg_source_open(directory, &problems, &source), PSG_OK);
	fixture_assert_none(&problems);
	assert_int_equal(
	    psg_deployment_prepare(source, fixture->before, &fixture->options, &fixture->now),
	    PSG_OK);
	psg_source_close(&source);
}

void fixture_recalculate(struct fixture_deployment *fixture, const char *group)
{
	psg_deployment_clear(&fixture->now);
	assert_int_equal(psg_recalculation_prepare(fixture->before, &group, group ? 1 : 0,
						   &fixture->options, &fixture->now),
			 PSG_OK);
}

static void reopen(struct fixture_deployment *fixture)
{
	psg_policy_close(&fixture->before);
	assert_int_equal(psg_policy_open(fixture->root, &fixture->before), PSG_OK);
}

void fixture_commit(struct fixture_deployment *fixture)
{
	struct psg_policy_staged *staged = NULL;

	assert_int_equal(fixture->now.problems.error_count, 0);
	assert_int_equal(
	    psg_policy_stage(fixture->root, fixture->before, &fixture->now.update, &staged),
	    PSG_OK);
	assert_int_equal(psg_policy_commit(&staged), PSG_OK);
	reopen(fixture);
	fixture_remove(&fixture->directory);
	fixture->directory = fixture_directory();
}

void fixture_group_in_force(struct fixture_deployment *fixture, const char *name,
			    struct psg_group *ret)
{
	assert_int_equal(psg_policy_group(fixture->before, name, ret), PSG_OK);
}

void fixture_assign(struct fixture_deployment *fixture, const char *assignee,
		    enum psg_target_kind kind, const char *target)
{
	const struct psg_assignment assignment = {.assignee = (char *)(uintptr_t)assignee,
						  .kind = kind,
						  .target = (char *)(uintptr_t)target};
	bool changed = false;

	assert_int_equal(psg_policy_assign(fixture->root, &assignment, &changed), PSG_OK);
	assert_true(changed);
	reopen(fixture);
}

const struct psg_group *fixture_group(const struct fixture_deployment *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->now.model.group_count; i++)
		if (strcmp(fixture->now.model.groups[i].name, name) == 0)
			return &fixture->now.model.groups[i];
	fail_msg("no group %s", name);
	return NULL;
}

void fixture_expect(struct fixture_deployment *fixture, const char *path, const char *text,
		    const char *problem)
{
	fixture_put(fixture->directory, FIXTURE_SET_A,
		    FIXTURE_SET(FIXTURE_PERMISSION("P") FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, "mutingpermissionsets/M.mutingpermissionset",
		    FIXTURE_MUTING(FIXTURE_PERMISSION("Q")));
	fixture_put(fixture->directory, path, text);
	fixture_prepare(fixture, fixture->directory);
	if (problem)
		fixture_assert_only(&fixture->now.problems, problem);
	else
		fixture_assert_none(&fixture->now.problems);
}
