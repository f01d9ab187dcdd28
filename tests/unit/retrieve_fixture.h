/* A policy in memory, and what is retrieved from it. */
#ifndef RETRIEVE_FIXTURE_H
#define RETRIEVE_FIXTURE_H

#include "metadata_fixture.h"

struct fixture_retrieve {
	struct psg_folder *root;
	struct psg_policy *policy;
	struct psg_model model;
	struct psg_problems problems;
	struct psg_strings documents;
	struct psg_buf where;
	char *directory, output[64]; /* output: out in directory, not there yet */
};

int fixture_retrieve_set_up(void **state);
int fixture_retrieve_tear_down(void **state);
/* A document of the policy to be; `compiled`: with what it comes to. */
void fixture_retrieve_put(struct fixture_retrieve *fixture, const char *type, const char *name,
			  const char *text, bool compiled);
/* Puts the policy in force and selects all of it. */
void fixture_retrieve_decide(struct fixture_retrieve *fixture);
/* The same with a set A and a group G of it. */
void fixture_retrieve_sample(struct fixture_retrieve *fixture);
enum psg_err fixture_retrieve(struct fixture_retrieve *fixture, const char *output, bool replace);

#define TEST_RETRIEVE(test)                                                                        \
	cmocka_unit_test_setup_teardown(test, fixture_retrieve_set_up, fixture_retrieve_tear_down)

#endif
