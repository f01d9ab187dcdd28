/* What a fuzzer's corpus holds, once each, as tests: build/tests/fuzz/NAME_fuzz runs tests/fuzz/corpus/NAME. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INPUTS_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[512];

static void replay(void **state)
{
	char path[1024];
	uint8_t *bytes = NULL;
	size_t len = 0, got;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, (const char *)*state);
	file = fopen(path, "rb");
	assert_non_null(file);
	do {
		bytes = realloc(bytes, len + 65536);
		assert_non_null(bytes);
		got = fread(bytes + len, 1, 65536, file);
		len += got;
	} while (got > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(LLVMFuzzerTestOneInput(bytes, len), 0);
	free(bytes);
}

int main(int count, char **arguments)
{
	static struct CMUnitTest tests[INPUTS_MAX];
	const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
	const char *name = slash ? slash + 1 : "";
	const char *end = strstr(name, "_fuzz");
	struct dirent **files = NULL;
	size_t found = 0;
	int entries, failed;

	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%.*s", end ? (int)(end - name) : 0,
		 name);
	entries = scandir(folder, &files, NULL, alphasort);
	for (int i = 0; i < entries; i++)
		if (files[i]->d_name[0] != '.' && found < INPUTS_MAX)
			tests[found++] = (struct CMUnitTest){.name = files[i]->d_name,
							     .test_func = replay,
							     .initial_state = files[i]->d_name};
	if (found == 0 || found == INPUTS_MAX) {
		fprintf(stderr,
			"%s: nothing there, or more than a test should take (tests start at the "
			"top of the source tree)\n",
			folder);
		return 1;
	}
	failed = _cmocka_run_group_tests(name, tests, found, NULL, NULL);
	while (entries > 0)
		free(files[--entries]);
	free(files);
	return failed;
}
