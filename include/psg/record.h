/* Text records: a first line `psg-KIND 1`, then `key value` lines in a fixed order.
 *
 * A value is the rest of its line. Bytes outside 0x20 to 0x7e, and '%', are written %XX with upper-case
 * digits, nothing else is; numbers are decimal without sign or leading zero. So each content has exactly
 * one text, and the reader accepts that text alone. */
#ifndef PSG_RECORD_H
#define PSG_RECORD_H

#include "psg/bytes.h"

void psg_record_begin(struct psg_buf *out, const char *kind);
void psg_record_put_text(struct psg_buf *out, const char *key, const char *value);
void psg_record_put_u64(struct psg_buf *out, const char *key, uint64_t value);
void psg_record_put_hex(struct psg_buf *out, const char *key, const void *bytes, size_t len);

/* A reader over a NUL-terminated text. The first thing amiss sets `err` and stays; every get then gives
 * zero or "". Look at psg_record_end once, after the last get. */
struct psg_record {
	const char *at;
	enum psg_err err;
};

/* err is PSG_ERR_VERSION for a later number after the kind, PSG_ERR_CORRUPT for another first line. */
void psg_record_open(struct psg_record *record, const char *text, const char *kind);
/* Whether the next line has this key: for lines that may be left out. */
bool psg_record_next_is(const struct psg_record *record, const char *key);
/* `out` holds `size` bytes; a longer value, or one with a NUL in it, is CORRUPT. */
void psg_record_get_text(struct psg_record *record, const char *key, char *out, size_t size);
/* At most `max`. */
uint64_t psg_record_get_u64(struct psg_record *record, const char *key, uint64_t max);
void psg_record_get_hex(struct psg_record *record, const char *key, void *ret_bytes, size_t len);
/* PSG_OK when every line was read and nothing is left. */
PSG_MUST_CHECK
enum psg_err psg_record_end(const struct psg_record *record);

#endif
