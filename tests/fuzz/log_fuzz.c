/* The store's log as `psgctl log` reads it, torn lines and strangers' words and all. The first byte picks what is asked
 * for; the rest is the log. Every line is shown, left out by what was asked, or counted as damaged; what is shown can
 * move no cursor; the JSON is one document; and read from the end it is the same. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

/* The reader is the command's own. */
#include "../../pam_psg/psgctl/cmd_log.c"

/* Lines that are not empty. */
static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t lines = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] != '\n' && (i + 1 == size || data[i + 1] == '\n');
	return lines;
}

static void check_shown(const struct viewer *viewer, char *said, size_t len, size_t lines)
{
	const struct log_filter *filter = &viewer->filter;
	size_t shown = 0;

	expect(memchr(said, '\0', len) == NULL);
	if (viewer->ctl->json) {
		json_t *array = json_loadb(said, len, 0, NULL);

		expect(json_is_array(array) && json_array_size(array) == viewer->shown);
		shown = viewer->shown;
		json_decref(array);
	} else {
		for (char *at = said, *end; (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			expect(psg_text_is_plain(at, SIZE_MAX));
			shown++;
		}
	}
	expect(shown + viewer->damaged <= lines);
	expect(*filter->users || *filter->kinds || filter->has_since ||
	       shown + viewer->damaged == lines);
}

/* What is printed goes into memory. */
static void read_log(struct viewer *viewer, size_t lines)
{
	FILE *out = stdout, *caught;
	char *said = NULL;
	size_t len = 0;

	caught = open_memstream(&said, &len);
	expect(caught != NULL);
	stdout = caught;
	expect(psg_log_open(viewer->ctl->store->root, &viewer->log) == PSG_OK);
	expect((viewer->limited ? show_newest(viewer) : read_on(viewer)) == PSG_OK);
	viewer->damaged += psg_log_damaged(viewer->log, true);
	if (viewer->ctl->json)
		expect(ctl_json_array_end(viewer->shown) == CTL_DONE);
	stdout = out;
	expect(fclose(caught) == 0);
	check_shown(viewer, said, len, lines);
	free(said);
}

static struct psg_folder *folder;
static char path[] = "/dev/shm/log-fuzz-XXXXXX", file[sizeof(path) + 4];

static void remove_folder(void)
{
	(void)unlink(file);
	(void)rmdir(path);
}

static void write_log(const uint8_t *data, size_t size)
{
	if (!folder) {
		expect(mkdtemp(path) != NULL);
		(void)snprintf(file, sizeof(file), "%s/log", path);
		(void)atexit(remove_folder);
		expect(psg_folder_open_files(path, geteuid(), &folder) == PSG_OK);
	}
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t shown[2];

	if (size == 0)
		return 0;
	write_log(data + 1, size - 1);
	for (int backward = 0; backward < 2; backward++) {
		struct psg_store store = {.root = folder};
		struct ctl ctl = {.quiet = true, .json = data[0] & 1, .store = &store};
		struct viewer viewer = {.ctl = &ctl, .limited = backward, .limit = UINT64_MAX};

		viewer.filter.users[0] = data[0] & 2 ? "alice" : NULL;
		viewer.filter.has_since = data[0] & 4;
		viewer.filter.since_s = 1700000000;
		viewer.filter.kinds[0] = data[0] & 8 ? "Refused" : NULL;
		read_log(&viewer, count_lines(data + 1, size - 1));
		shown[backward] = viewer.shown + viewer.damaged;
		viewer_clear(&viewer);
	}
	expect(shown[0] == shown[1]);
	return 0;
}
