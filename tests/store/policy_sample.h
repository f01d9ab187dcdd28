/* A small policy with one of everything, and its answers as text, so that two states can be compared. */
#ifndef POLICY_SAMPLE_H
#define POLICY_SAMPLE_H

#include "psg/policy.h"

#define POLICY_SAMPLE_ERROR "!" /* the answer is an error other than NOT_FOUND */

/* Exits by a cmocka assertion when memory runs out. */
void policy_sample_model(struct psg_model *ret);
void policy_sample_assignments(struct psg_assignments *ret);
struct psg_strings policy_sample_words(const char *text);
#define POLICY_SAMPLE_SINCE_S 500 /* since when all is assigned in these samples */
void policy_sample_assign(struct psg_assignments *list, const char *assignee,
			  enum psg_target_kind kind, const char *target, int64_t until_s);

/* What the policy in `root` answers to a fixed list of questions, one text an answer; not one when it
 * cannot be opened. */
void policy_sample_answers(struct psg_folder *root, struct psg_strings *ret);
/* The same for what is read by walking: names, assignments, documents. */
void policy_sample_lists(struct psg_folder *root, struct psg_strings *ret);

/* The bytes of the policy file, and their putting in place of what is there. */
char *policy_sample_bytes(struct psg_folder *root, size_t *ret_len);
void policy_sample_put(struct psg_folder *root, const char *bytes, size_t len);

/* The sample in force, of this generation. */
void policy_sample_write(struct psg_folder *root, uint64_t generation);
/* Exactly these texts. */
void policy_sample_expect(const struct psg_strings *found, const char *const *wanted, size_t count);

/* Fixtures: *state is an empty root. */
int policy_sample_open_memory(void **state);
int policy_sample_close_memory(void **state);
int policy_sample_open_files(void **state);
int policy_sample_close_files(void **state);

#define POLICY_SAMPLE_IN_MEMORY(test)                                                              \
	cmocka_unit_test_setup_teardown(test, policy_sample_open_memory, policy_sample_close_memory)
#define POLICY_SAMPLE_ON_FILES(test)                                                               \
	cmocka_unit_test_setup_teardown(test, policy_sample_open_files, policy_sample_close_files)
#define POLICY_SAMPLE_ON_BOTH(test) POLICY_SAMPLE_IN_MEMORY(test), POLICY_SAMPLE_ON_FILES(test)

/* The sample, its bytes and what it answers: the fixture of those who damage it. */
struct policy_sample_sound {
	struct psg_folder *root;
	char *bytes;
	size_t len;
	struct psg_strings answers, lists;
};

int policy_sample_make_sound(void **state);
int policy_sample_free_sound(void **state);
/* Every answer is the sound one or an error. Returns how many are errors. */
size_t policy_sample_sound_or_error(const struct psg_strings *found,
				    const struct psg_strings *sound, size_t where);
/* Where in the bytes the first record of this key has its value. */
char *policy_sample_find(struct policy_sample_sound *sound, const char *key);

#endif
