/* Any bytes as a zip: listed, read and opened as a package. No name may lead out of it, nothing may be read that was
 * not bounded, and what is refused must say why. */
#include "../../pam_psg/metadata/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An input of a few bytes may be 600 MiB, honestly said: enough of it is read. */
#define READ_MAX (32U * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void check_path(const char *path)
{
	expect(*path && *path != '/' && !strchr(path, '\\'));
	expect(!strstr(path, "//") && path[strlen(path) - 1] != '/');
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		expect(*part != '.');
	}
	expect(psg_utf8_valid(path, strlen(path)) == strlen(path));
	expect(!psg_utf8_has_control(path, false));
}

static void read_files(struct psg_source *source, struct psg_problems *problems)
{
	size_t sum = 0;

	for (size_t i = 0; i < psg_source_count(source) && sum < READ_MAX; i++) {
		struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
		size_t errors = problems->error_count;
		bool good = false;

		check_path(psg_source_path(source, i));
		expect(i == 0 ||
		       strcmp(psg_source_path(source, i - 1), psg_source_path(source, i)) <= 0);
		expect(psg_source_read(source, i, problems, &bytes, &good) == PSG_OK);
		expect(good ? bytes.data && bytes.len <= PSG_XML_SIZE_MAX
			    : !bytes.data && problems->error_count > 0);
		expect(!good || problems->error_count == errors);
		sum += bytes.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct psg_problems problems PSG_CLEANUP(psg_problems_clear) = {0};
	struct psg_source *source PSG_CLEANUP(psg_source_close) = NULL;
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	int fd PSG_CLEANUP(psg_close_fd) = memfd_create("zip", MFD_CLOEXEC);
	char path[32];
	enum psg_err err;

	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = psg_source_open(path, &problems, &source);
	expect(err == PSG_OK || err == PSG_ERR_INVALID);
	if (err != PSG_OK)
		return 0;
	read_files(source, &problems);
	expect(psg_package_open(source, &package, &problems) == PSG_OK);
	expect(psg_source_count(source) > 0 || problems.error_count > 0);
	for (size_t i = 0; i < problems.count; i++)
		expect(*problems.items[i].text && *problems.items[i].remedy);
	return 0;
}
