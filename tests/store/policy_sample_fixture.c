#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy_sample.h"

static char directory[] = "/tmp/psg-policy-XXXXXX";

int policy_sample_open_memory(void **state)
{
	struct psg_folder *root;

	if (psg_folder_open_memory(NULL, &root))
		return -1;
	*state = root;
	return 0;
}

int policy_sample_open_files(void **state)
{
	struct psg_folder *root;

	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	if (!mkdtemp(directory) || psg_folder_open_files(directory, geteuid(), &root))
		return -1;
	*state = root;
	return 0;
}

int policy_sample_close_memory(void **state)
{
	struct psg_folder *root = *state;

	psg_folder_release(&root);
	return 0;
}

int policy_sample_close_files(void **state)
{
	struct psg_folder *root = *state;

	(void)root->ops->remove(root, "policy");
	(void)root->ops->remove(root, "lock");
	(void)root->ops->remove(root, "updating");
	psg_folder_release(&root);
	/* A file left beside would be a leak of the writer's. */
	return rmdir(directory);
}

void policy_sample_write(struct psg_folder *root, uint64_t generation)
{
	struct psg_model model PSG_CLEANUP(psg_model_clear);
	struct psg_assignments assigned PSG_CLEANUP(psg_assignments_clear);

	policy_sample_model(&model);
	policy_sample_assignments(&assigned);
	assert_int_equal(psg_policy_write(root, &model, &assigned, generation), PSG_OK);
}

void policy_sample_expect(const struct psg_strings *found, const char *const *wanted, size_t count)
{
	for (size_t i = 0; i < found->count && i < count; i++)
		assert_string_equal(found->items[i], wanted[i]);
	assert_int_equal(found->count, count);
}

char *policy_sample_bytes(struct psg_folder *root, size_t *ret_len)
{
	int fd PSG_CLEANUP(psg_close_fd) = -1;
	struct stat status;

	assert_int_equal(root->ops->open_file(root, "policy", &fd), PSG_OK);
	assert_int_equal(fstat(fd, &status), 0);
	char *bytes = malloc((size_t)status.st_size);

	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, (size_t)status.st_size, 0), status.st_size);
	*ret_len = (size_t)status.st_size;
	return bytes;
}

void policy_sample_put(struct psg_folder *root, const char *bytes, size_t len)
{
	assert_int_equal(root->ops->replace(root, "policy", bytes, len), PSG_OK);
}
