#include "town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "psg/bytes.h"

static void read_policy(struct town *town)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/policy", town->world.store_dir);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	town->policy = malloc(1 << 20);
	assert_non_null(town->policy);
	town->policy_len = fread(town->policy, 1, 1 << 20, file);
	assert_int_equal(fclose(file), 0);
}

void town_policy_put(const struct town *town)
{
	const struct psg_folder_ops *ops = town->world.store->root->ops;

	assert_int_equal(
	    ops->replace(town->world.store->root, "policy", town->policy, town->policy_len),
	    PSG_OK);
}

static void write_file(const struct town *town, const char *package, const char *name,
		       const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s", town->world.dir, package, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define XMLNS "xmlns=\"http://soap.sforce.com/2006/04/metadata\""

static void write_package(const struct town *town, const char *package, const char *adds)
{
	static const char *const folders[] = {"", "permissionsets", "permissionsetgroups"};
	char path[256], text[1024];

	for (size_t i = 0; i < PSG_COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", town->world.dir, package, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	snprintf(text, sizeof(text),
		 "<Package " XMLNS "><types><members>%s_PS</members><name>PermissionSet</name>"
		 "</types><types><members>%s</members><name>PermissionSetGroup</name></types>"
		 "<version>63.0</version></Package>\n",
		 adds, adds);
	write_file(town, package, "package.xml", text);
	snprintf(path, sizeof(path), "permissionsets/%s_PS.permissionset", adds);
	write_file(town, package, path,
		   "<PermissionSet " XMLNS "><label>a set</label></PermissionSet>\n");
	snprintf(path, sizeof(path), "permissionsetgroups/%s.permissionsetgroup", adds);
	snprintf(text, sizeof(text),
		 "<PermissionSetGroup " XMLNS "><label>a group</label><permissionSets>%s_PS"
		 "</permissionSets></PermissionSetGroup>\n",
		 adds);
	write_file(town, package, path, text);
}

void town_policy_keep(struct town *town)
{
	read_policy(town);
	write_package(town, "package", "Extra");
	write_package(town, "later", "Later");
}

static void add(struct psg_buf *text, const struct psg_strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		psg_buf_put(text, names->items[i], strlen(names->items[i]));
		psg_buf_put(text, "\n", 1);
	}
}

char *town_policy(const struct town *town)
{
	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear) = {0};
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings documents PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings pending PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf text = {0};

	assert_int_equal(psg_policy_open(town->world.store->root, &policy), PSG_OK);
	assert_int_equal(psg_policy_group_names(policy, &groups), PSG_OK);
	assert_int_equal(psg_policy_document_names(policy, &documents), PSG_OK);
	assert_int_equal(psg_policy_all_assigned(policy, &assigned), PSG_OK);
	assert_int_equal(psg_policy_pending(policy, &pending), PSG_OK);
	add(&text, &pending);
	add(&text, &groups);
	add(&text, &documents);
	for (size_t i = 0; i < assigned.count; i++) {
		char line[256];
		int len = snprintf(line, sizeof(line), "%s has %s\n", assigned.items[i].assignee,
				   assigned.items[i].target);

		psg_buf_put(&text, line, (size_t)len);
	}
	psg_buf_put(&text, "", 1);
	assert_false(text.failed);
	return (char *)text.data;
}
