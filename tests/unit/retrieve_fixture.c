#include "retrieve_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int fixture_retrieve_set_up(void **state)
{
	struct fixture_retrieve *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (!fixture || psg_folder_open_memory(NULL, &fixture->root) != PSG_OK)
		return -1;
	fixture->directory = fixture_directory();
	snprintf(fixture->output, sizeof(fixture->output), "%s/out", fixture->directory);
	return 0;
}

int fixture_retrieve_tear_down(void **state)
{
	struct fixture_retrieve *fixture = *state;

	psg_policy_close(&fixture->policy);
	psg_folder_release(&fixture->root);
	psg_model_clear(&fixture->model);
	psg_problems_clear(&fixture->problems);
	psg_strings_clear(&fixture->documents);
	psg_buf_clear(&fixture->where);
	fixture_remove(&fixture->directory);
	free(fixture);
	return 0;
}

void fixture_retrieve_put(struct fixture_retrieve *fixture, const char *type, const char *name,
			  const char *text, bool compiled)
{
	struct psg_model *model = &fixture->model;
	struct psg_document *document;

	if (compiled)
		assert_int_equal(
		    fixture_parse(type, name, name, text, strlen(text), model, &fixture->problems),
		    PSG_OK);
	fixture_assert_none(&fixture->problems);
	model->documents =
	    reallocarray(model->documents, model->document_count + 1, sizeof(*document));
	assert_non_null(model->documents);
	document = &model->documents[model->document_count++];
	*document = (struct psg_document){.type = strdup(type),
					  .name = strdup(name),
					  .path = strdup(name),
					  .bytes = strdup(text),
					  .len = strlen(text)};
}

void fixture_retrieve_decide(struct fixture_retrieve *fixture)
{
	const struct psg_assignments none = {0};

	assert_int_equal(psg_recalculate(&fixture->model), PSG_OK);
	assert_int_equal(psg_policy_write(fixture->root, &fixture->model, &none, 1), PSG_OK);
	assert_int_equal(psg_policy_open(fixture->root, &fixture->policy), PSG_OK);
	assert_int_equal(
	    psg_retrieve_select(fixture->policy, NULL, &fixture->documents, &fixture->problems),
	    PSG_OK);
}

void fixture_retrieve_sample(struct fixture_retrieve *fixture)
{
	fixture_retrieve_put(fixture, "PermissionSet", "A", FIXTURE_SET(""), true);
	fixture_retrieve_put(fixture, "PermissionSetGroup", "G", FIXTURE_GROUP(FIXTURE_MEMBER("A")),
			     true);
	fixture_retrieve_decide(fixture);
}

enum psg_err fixture_retrieve(struct fixture_retrieve *fixture, const char *output, bool replace)
{
	psg_buf_clear(&fixture->where);
	return psg_retrieve_write(fixture->policy, &fixture->documents, output, replace,
				  &fixture->where);
}
