/* Private files outside the store: what an administrator carries away and brings back. */
#ifndef PSG_OUTPUT_H
#define PSG_OUTPUT_H

#include "psg/base.h"

/* A file written beside its name, 0600, and put in its place whole. */
struct psg_output {
	int folder, fd; /* -1: none */
	char beside[40];
	char name[256];
};

/* Whether what stands at `fd` is of the kind that is about to be written: only then may it be replaced. */
typedef bool psg_output_ours_fn(int fd);

/* `path`: its folder must be there. Errors: EXISTS (something stands there that `ours` does not know), UNSAFE (a
 * link, or no plain file), NOT_FOUND (no such folder), and what opening and making it says. */
PSG_MUST_CHECK
enum psg_err psg_output_begin(const char *path, psg_output_ours_fn *ours, struct psg_output *ret);
/* Synced, renamed over `path`, the folder synced; or, keep false, dropped. Empties *output. */
PSG_MUST_CHECK
enum psg_err psg_output_end(struct psg_output *output, bool keep);
/* Cleanup form: drops what was not ended. */
void psg_output_drop(struct psg_output *output);

/* All of it, however many writes that takes. Errors: as psg_err_from_errno, FILE_LIMIT. */
PSG_MUST_CHECK
enum psg_err psg_write_all(int fd, const void *bytes, size_t len);

/* Opens a plain file for reading, never through a link in its last place, judged on the handle: of this process's
 * owner, and none of the `forbidden` mode bits. Errors: UNSAFE, NOT_FOUND, ACCESS, LIMIT, IO. */
PSG_MUST_CHECK
enum psg_err psg_input_open(const char *path, mode_t forbidden, int *ret_fd);

#endif
