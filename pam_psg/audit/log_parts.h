/* Private: the files that the log consists of. */
#ifndef PSG_AUDIT_LOG_PARTS_H
#define PSG_AUDIT_LOG_PARTS_H

#include "psg/log.h"

#define PSG_LOG_PART_SIZE 15 /* "log.", ten digits, NUL */

/* The numbers of renamed files, rising. */
struct psg_log_numbers {
	uint64_t *items;
	size_t count;
};

void psg_log_numbers_clear(struct psg_log_numbers *numbers);
/* Those above `after`. */
PSG_MUST_CHECK
enum psg_err psg_log_numbers_list(struct psg_folder *root, uint64_t after,
				  struct psg_log_numbers *ret);
void psg_log_part_name(uint64_t number, char out[static PSG_LOG_PART_SIZE]);

/* One of the files, read forward or, once begun so, backward. */
struct psg_log_part {
	int fd;            /* -1: none */
	char *buffer;      /* for the longest line, made when first needed */
	size_t start, end; /* what of it is not yet given */
	int64_t at;        /* backward: where in the file the buffer begins; -1: not begun */
	int64_t ended;     /* backward: where the last line ends */
	bool skipping;     /* inside a line that is too long */
};

void psg_log_part_close(struct psg_log_part *part);
/* NOT_FOUND at the end. `damaged` counts lines that are too long. */
PSG_MUST_CHECK
enum psg_err psg_log_part_next(struct psg_log_part *part, size_t *damaged,
			       struct psg_log_line *ret);
/* NOT_FOUND at the beginning; a line at the end that is not ended counts as damaged. */
PSG_MUST_CHECK
enum psg_err psg_log_part_previous(struct psg_log_part *part, size_t *damaged,
				   struct psg_log_line *ret);

#endif
