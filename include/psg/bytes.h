/* A growable buffer and a bounded reader, for records and for text built piece by piece. */
#ifndef PSG_BYTES_H
#define PSG_BYTES_H

#include "psg/base.h"

/* Zeroed is empty. An append that fails sets `failed` and keeps it: test once, at the end. */
struct psg_buf {
	char *data; /* owned; NUL-terminated beyond len once anything was appended */
	size_t len, size;
	bool failed;
};

void psg_buf_put(struct psg_buf *buf, const void *bytes, size_t len);
void psg_buf_text(struct psg_buf *buf, const char *text);
void psg_buf_format(struct psg_buf *buf, const char *format, ...) PSG_PRINTF(2, 3);
void psg_buf_u8(struct psg_buf *buf, uint8_t value);
void psg_buf_u32(struct psg_buf *buf, uint32_t value); /* little-endian */
void psg_buf_u64(struct psg_buf *buf, uint64_t value); /* little-endian */
/* u32 length and the bytes; NULL is written as the empty string. */
void psg_buf_string(struct psg_buf *buf, const char *text);
void psg_buf_strings(struct psg_buf *buf, const struct psg_strings *list);
/* Wipes, frees, empties. */
void psg_buf_clear(struct psg_buf *buf);

/* Reads what psg_buf_* wrote. A read past the end sets `failed`, gives zero or "" and stays failed. */
struct psg_reader {
	const unsigned char *at;
	size_t left;
	bool failed;
	bool no_memory; /* why it failed: the bytes may be well */
};

uint8_t psg_read_u8(struct psg_reader *reader);
uint32_t psg_read_u32(struct psg_reader *reader);
uint64_t psg_read_u64(struct psg_reader *reader);
/* A fresh NUL-terminated copy, NULL when failed (also on a NUL inside, and out of memory). */
char *psg_read_string(struct psg_reader *reader);
/* Replaces *ret by a fresh list. */
void psg_read_strings(struct psg_reader *reader, struct psg_strings *ret);
/* Whether all of it was read, and nothing failed. Errors: CORRUPT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_read_end(const struct psg_reader *reader);

#endif
