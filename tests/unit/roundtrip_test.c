/* Round trips of a thousand random packages: deployed, retrieved, deployed again and into another store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"
#include "metadata_fixture.h"

#define PACKAGES 1000U

static void drop(struct value *parent, size_t at)
{
	free(parent->children[at].text);
	memmove(&parent->children[at], &parent->children[at + 1],
		(--parent->count - at) * sizeof(*parent->children));
}

static void rename_to(struct value *value, const char *prefix, const char *name)
{
	struct psg_buf text = {0};

	psg_buf_format(&text, "%s%s", prefix, name);
	free(value->text);
	value->text = text.data;
}

/* Members that are there, or of a managed package: S0, M0, and acme__ANYTHING. */
static void make_members_known(struct documents *documents)
{
	bool muted = false;

	for (size_t i = 0; i < documents->root.count;) {
		struct value *value = &documents->root.children[i];
		const char *name = value->type->name;

		if (strcmp(name, "permissionSets") == 0) {
			rename_to(value, strchr(value->text, '_') ? "" : "acme__", value->text);
		} else if (strcmp(name, "mutingPermissionSets") == 0) {
			if (muted) {
				drop(&documents->root, i);
				continue;
			}
			muted = true;
			rename_to(value, "", "M0");
		}
		i++;
	}
}

static void put(const char *directory, const struct psg_file_type *type, const char *name,
		const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s%s", type->folder, name, type->suffix);
	fixture_put(directory, path, text);
}

/* One of each type at most but for sets and groups, beside a set and a muting set to refer to. */
static void put_package(struct documents *documents, const char *directory)
{
	size_t count = 1 + documents_random(documents, 6);
	char name[32];

	put(directory, psg_file_type_find("PermissionSet"), "S0",
	    FIXTURE_SET(FIXTURE_PERMISSION("P")));
	put(directory, psg_file_type_find("MutingPermissionSet"), "M0",
	    FIXTURE_MUTING(FIXTURE_PERMISSION("P")));
	for (size_t i = 0; i < count; i++) {
		struct psg_buf text = {0};

		documents_next(documents);
		make_members_known(documents);
		snprintf(name, sizeof(name), "X%zu", i);
		documents->name =
		    strcmp(documents->type->name, "ActivationPolicy") == 0 ? "S0" : name;
		documents_write(documents, &text);
		put(directory, documents->type, documents_name(documents), text.data);
		psg_buf_clear(&text);
	}
}

/* Deploys the package at `path`; it must pass, and change something or not. */
static void deploy(struct fixture_deployment *fixture, const char *path, bool changes)
{
	struct psg_buf said = {0};

	fixture_prepare(fixture, path);
	if (fixture->now.problems.error_count > 0 || fixture->now.changed != changes) {
		fixture_describe(&fixture->now.problems, &said);
		fail_msg("%s: changed %d\n%s", path, fixture->now.changed, said.data);
	}
	if (changes)
		fixture_commit(fixture);
}

static void retrieve(struct fixture_deployment *fixture, char out[static 512])
{
	struct psg_strings documents = {0};
	struct psg_problems problems = {0};
	struct psg_buf where = {0};

	snprintf(out, 512, "%s.zip", fixture->directory);
	assert_int_equal(psg_retrieve_select(fixture->before, NULL, &documents, &problems), PSG_OK);
	assert_int_equal(psg_retrieve_write(fixture->before, &documents, out, true, &where),
			 PSG_OK);
	psg_strings_clear(&documents);
}

static void assert_same(const char *one, const char *two)
{
	size_t len, other_len;
	char *bytes = fixture_read(one, &len), *other = fixture_read(two, &other_len);

	assert_int_equal(len, other_len);
	assert_memory_equal(bytes, other, len);
	free(bytes);
	free(other);
}

static void retrieved_is_what_was_deployed(void **state)
{
	struct documents documents = {.state = 4242};

	(void)state;
	for (unsigned i = 0; i < PACKAGES; i++) {
		struct fixture_deployment *first, *second;
		char zip[512], again[512], *directory = fixture_directory();

		assert_int_equal(fixture_deployment_set_up((void **)&first), 0);
		assert_int_equal(fixture_deployment_set_up((void **)&second), 0);
		put_package(&documents, directory);
		deploy(first, directory, true);
		retrieve(first, zip);
		deploy(first, zip, false);
		deploy(first, directory, false);
		deploy(second, zip, true);
		retrieve(second, again);
		assert_same(zip, again);
		fixture_remove(&directory);
		assert_int_equal(remove(zip), 0);
		assert_int_equal(remove(again), 0);
		assert_int_equal(fixture_deployment_tear_down((void **)&first), 0);
		assert_int_equal(fixture_deployment_tear_down((void **)&second), 0);
	}
	documents_clear(&documents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(retrieved_is_what_was_deployed)};

	/* Without a disk: a zip is synced, two thousand times here, and many files come and go. */
	assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
