/* Files made to hurt: too large, too deep, too many, cut short, mangled. None may crash, none may pass. */
#include "metadata_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 6000

static void expect(const char *type, const char *bytes, size_t len, const char *problem)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};

	assert_int_equal(fixture_parse(type, "X", "f", bytes, len, &model, &problems), PSG_OK);
	fixture_assert_only(&problems, problem);
	assert_int_equal(model.set_count, 0);
	psg_problems_clear(&problems);
	psg_model_clear(&model);
}

static void size_bomb(void **state)
{
	size_t len = PSG_XML_SIZE_MAX + 1;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, ' ', len);
	expect("PermissionSet", bytes, len,
	       "f:1:1 <> Error: Error parsing file: the file is larger than 16 MiB");
	free(bytes);
}

static void depth_bomb(void **state)
{
	struct psg_buf text = {0};

	(void)state;
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE ">\n");
	for (int i = 0; i < 100000; i++)
		psg_buf_text(&text, "<a>");
	expect("PermissionSet", text.data, text.len,
	       "f:2:46 <> Error: Error parsing file: elements are nested more than 16 deep");
	psg_buf_clear(&text);
}

static void node_bomb(void **state)
{
	struct psg_buf text = {0};

	(void)state;
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE ">\n");
	for (int i = 0; i < 1000000; i++)
		psg_buf_text(&text, "<a/>");
	expect("PermissionSet", text.data, text.len,
	       "f:2:1999997 <> Error: Error parsing file: the file has more than 500000 elements");
	psg_buf_clear(&text);
}

/* One line of two million characters: positions must not be counted from its start for each element. */
static void many_on_one_line(void **state)
{
	struct psg_model model = {0};
	struct psg_problems problems = {0};
	struct psg_buf text = {0};

	(void)state;
	psg_buf_text(&text, "<PermissionSet " FIXTURE_SALESFORCE "><label>x</label>");
	for (int i = 0; i < 50000; i++)
		psg_buf_format(
		    &text,
		    "<userPermissions><enabled>1</enabled><name>P%d</name></userPermissions>", i);
	psg_buf_text(&text, "</PermissionSet>");
	assert_int_equal(
	    fixture_parse("PermissionSet", "X", "f", text.data, text.len, &model, &problems),
	    PSG_OK);
	fixture_assert_none(&problems);
	assert_int_equal(model.sets[0].permissions.count, 50000);
	psg_buf_clear(&text);
	psg_model_clear(&model);
}

static void truncate_everywhere(const char *type, const char *name, const char *path)
{
	size_t len;
	char *bytes = fixture_read(path, &len);
	size_t complete = len;

	while (bytes[complete - 1] != '>')
		complete--;
	for (size_t cut = 0; cut <= len; cut++) {
		struct psg_model model = {0};
		struct psg_problems problems = {0};

		assert_int_equal(fixture_parse(type, name, "f", bytes, cut, &model, &problems),
				 PSG_OK);
		if ((problems.error_count == 0) != (cut >= complete))
			fail_msg("%s cut after %zu of %zu bytes: %zu errors", path, cut, len,
				 problems.error_count);
		psg_problems_clear(&problems);
		psg_model_clear(&model);
	}
	free(bytes);
}

static void truncated_everywhere(void **state)
{
	(void)state;
	truncate_everywhere("PermissionSet", "Billing_PS",
			    FIXTURE_DATA
			    "salesforce-sample/permissionsets/Billing_PS.permissionset");
	truncate_everywhere("PermissionSetGroup", "Finance_Mgmt_PermSetGroup",
			    FIXTURE_DATA "salesforce-sample/permissionsetgroups/"
					 "Finance_Mgmt_PermSetGroup.permissionsetgroup");
	truncate_everywhere("PermissionSet", "X", FIXTURE_DATA "good/bom.permissionset");
	truncate_everywhere("ActivationPolicy", "Server_Operators",
			    "conf/sample-package/activationpolicies/"
			    "Server_Operators.activationpolicy");
	truncate_everywhere("Settings", "Gate", "conf/sample-package/settings/Gate.settings");
}

/* -- random mutation, the same in every run -- */

static uint64_t seed;

static size_t any(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below ? (size_t)(seed % below) : 0;
}

static const char *const tokens[] = {
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&x;",
    "&#0;",
    "<?",
    "?>",
    "\"",
    "'",
    "=",
    "true",
    "false",
    "\xC3",
    "\xFF\xFE",
    "\xE2",
    "\xED\xA0\x80",
    "<a>",
    "</a>",
    "xmlns=\"\"",
    "<!DOCTYPE a [<!ENTITY x \"y\">]>",
    "<label>",
    "</label>",
    "<userPermissions>",
    "<name>",
    "\r",
    "\n",
    "\t",
    " ",
    "PT8H",
    "-1",
};

static void mutate(struct psg_buf *text)
{
	size_t at = any(text->len), len = any(40);
	struct psg_buf out = {0};
	const char *token = tokens[any(PSG_COUNT(tokens))];

	if (len > text->len - at)
		len = text->len - at;
	psg_buf_put(&out, text->data, at);
	switch (any(5)) {
	case 0: /* cut */
		break;
	case 1: /* double */
		psg_buf_put(&out, text->data + at, len);
		psg_buf_put(&out, text->data + at, len);
		break;
	case 2: /* replace */
		psg_buf_text(&out, token);
		break;
	case 3: /* insert */
		psg_buf_text(&out, token);
		psg_buf_put(&out, text->data + at, len);
		break;
	default: /* flip a bit */
		psg_buf_put(&out, text->data + at, len);
		if (len > 0)
			out.data[at] = (char)(out.data[at] ^ (1 << any(8)));
	}
	psg_buf_put(&out, text->data + at + len, text->len - at - len);
	psg_buf_clear(text);
	*text = out;
}

/* What passed without an error must be fit for the store; what is said must be fit to be shown. */
static void check_result(const struct psg_model *model, const struct psg_problems *problems)
{
	for (size_t i = 0; i < model->set_count && problems->error_count == 0; i++)
		for (size_t k = 0; k < model->sets[i].permissions.count; k++)
			for (const char *c = model->sets[i].permissions.items[k]; *c; c++)
				assert_true((unsigned char)*c >= 0x20 && *c != 0x7F);
	for (size_t i = 0; i < problems->count; i++) {
		const struct psg_problem *problem = &problems->items[i];

		assert_true(problem->line >= 0 && problem->column >= 0);
		assert_true(*problem->text && *problem->remedy);
	}
}

static void fuzz_file(const char *type, const char *path, int rounds)
{
	size_t len;
	char *bytes = fixture_read(path, &len);

	for (int round = 0; round < rounds; round++) {
		struct psg_model model = {0};
		struct psg_problems problems = {0};
		struct psg_buf text = {0};

		psg_buf_put(&text, bytes, len);
		for (size_t i = any(8) + 1; i > 0; i--)
			mutate(&text);
		assert_int_equal(fixture_parse(type, "Sample", "f", text.data ? text.data : "",
					       text.len, &model, &problems),
				 PSG_OK);
		check_result(&model, &problems);
		psg_buf_clear(&text);
		psg_problems_clear(&problems);
		psg_model_clear(&model);
	}
	free(bytes);
}

static void mutated(void **state)
{
	static const char *const files[][2] = {
	    {"PermissionSet", FIXTURE_DATA "good/Everything.permissionset"},
	    {"PermissionSet", FIXTURE_DATA "good/comments.permissionset"},
	    {"PermissionSet", FIXTURE_DATA "bad/billion_laughs.permissionset"},
	    {"PermissionSetGroup",
	     "conf/sample-package/permissionsetgroups/Server_Operators.permissionsetgroup"},
	    {"ActivationPolicy",
	     "conf/sample-package/activationpolicies/Server_Operators.activationpolicy"},
	    {"Settings", "conf/sample-package/settings/Gate.settings"},
	};

	(void)state;
	seed = UINT64_C(0x9E3779B97F4A7C15);
	for (size_t i = 0; i < PSG_COUNT(files); i++)
		fuzz_file(files[i][0], files[i][1], ROUNDS / (int)PSG_COUNT(files));
}

static void mutated_manifest(void **state)
{
	char *directory = fixture_directory();
	size_t len;
	char *bytes = fixture_read("conf/sample-package/package.xml", &len);

	(void)state;
	seed = UINT64_C(0xD1B54A32D192ED03);
	fixture_put(directory, "permissionsets/Billing_PS.permissionset", FIXTURE_SET(""));
	for (int round = 0; round < 500; round++) {
		struct psg_model model = {0};
		struct psg_problems problems = {0};
		struct psg_buf text = {0};

		psg_buf_put(&text, bytes, len);
		for (size_t i = any(8) + 1; i > 0; i--)
			mutate(&text);
		fixture_put(directory, "package.xml", text.data ? text.data : "");
		assert_int_equal(fixture_package_load(directory, &model, &problems), PSG_OK);
		check_result(&model, &problems);
		psg_buf_clear(&text);
		psg_problems_clear(&problems);
		psg_model_clear(&model);
	}
	free(bytes);
	fixture_remove(&directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(size_bomb),
	    cmocka_unit_test(depth_bomb),
	    cmocka_unit_test(node_bomb),
	    cmocka_unit_test(many_on_one_line),
	    cmocka_unit_test(truncated_everywhere),
	    cmocka_unit_test(mutated),
	    cmocka_unit_test(mutated_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
