/* The store's log as `psgctl log` reads it, torn lines and strangers' words and all. The first byte picks what is asked
 * for; the rest is the log. Every line is shown, left out by what was asked, or counted as damaged; what is shown can
 * move no cursor; and the JSON is one document. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>

/* The reader is the command's own. */
#include "../../pam_psg/psgctl/cmd_log.c"

static void check_shown(struct tail *tail, char *said, size_t len, size_t lines)
{
	size_t shown = 0;

	expect(memchr(said, '\0', len) == NULL);
	if (tail->ctl->json) {
		json_t *array = json_loadb(said, len, 0, NULL);

		expect(json_is_array(array) && json_array_size(array) == tail->shown);
		shown = tail->shown;
		json_decref(array);
	} else {
		for (char *at = said, *end; (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			expect(psg_text_is_plain(at, SIZE_MAX));
			shown++;
		}
	}
	expect(shown + tail->damaged <= lines);
	expect(tail->user || tail->has_since || shown + tail->damaged == lines);
}

/* Read in one piece from a file of this process in memory; what is printed goes to another. */
static void read_log(struct tail *tail, const uint8_t *data, size_t size)
{
	FILE *out = stdout, *caught;
	char *said = NULL;
	size_t len = 0, lines = 0;
	bool torn = size > 0 && data[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	tail->fd = memfd_create("log", MFD_CLOEXEC);
	expect(tail->fd >= 0 && write(tail->fd, data, size) == (ssize_t)size);
	expect(lseek(tail->fd, 0, SEEK_SET) == 0);
	caught = open_memstream(&said, &len);
	expect(caught != NULL);
	stdout = caught;
	expect(read_on(tail) == PSG_OK);
	tail->damaged += tail->len > 0 && !tail->skipping;
	if (tail->ctl->json)
		expect(ctl_json_array_end(tail->shown) == CTL_DONE);
	stdout = out;
	expect(fclose(caught) == 0);
	check_shown(tail, said, len, lines + torn);
	free(said);
	psg_close_fd(&tail->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tail tail; /* large */
	struct ctl ctl = {.quiet = true};

	if (size == 0)
		return 0;
	ctl.json = data[0] & 1;
	tail.ctl = &ctl;
	tail.user = data[0] & 2 ? "alice" : NULL;
	tail.has_since = data[0] & 4;
	tail.since_s = 1700000000;
	tail.len = tail.shown = tail.damaged = 0;
	tail.skipping = false;
	read_log(&tail, data + 1, size - 1);
	return 0;
}
