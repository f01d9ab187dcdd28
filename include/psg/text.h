/* Text forms: durations, times, names, escapes. No I/O, no locale. */
#ifndef PSG_TEXT_H
#define PSG_TEXT_H

#include "psg/base.h"

#define PSG_DURATION_MAX_S INT64_C(31622400) /* 366 days */
#define PSG_TIME_SIZE 32                     /* "2026-01-31T12:00:00Z" and room */
#define PSG_API_NAME_SIZE 100                /* ns__ (15 + 2) and 80 characters, NUL */
#define PSG_SUBJECT_SIZE 256                 /* a user name, NUL */
#define PSG_FOLDER_NAME_SIZE 256             /* an escaped user name, NUL */

/* Durations `90s`, `30m`, `8h`, `2d`, or ISO 8601 `PT8H`, `P1DT30M` (days, hours, minutes, whole
 * seconds; no months, no years), 1 s to 366 days. A bare number is refused: no unit, no guess.
 * Errors: PSG_ERR_INVALID. */
PSG_MUST_CHECK
enum psg_err psg_duration_parse(const char *text, int64_t *ret_s);
/* "PT8H" and the like into `out`. seconds >= 0. */
void psg_duration_format(int64_t seconds, char out[static PSG_TIME_SIZE]);
/* For people: "7h 59m", "42s". seconds >= 0. */
void psg_duration_format_human(int64_t seconds, char out[static PSG_TIME_SIZE]);
/* ISO 8601: `2026-01-31` (its end, local time: 23:59:59), `2026-01-31T12:00[:00]` local,
 * with `Z` or `+hh:mm`. Also a space for the T. Seconds since 1970, above 0 (0 stands for "no end").
 * Errors: PSG_ERR_INVALID. */
PSG_MUST_CHECK
enum psg_err psg_time_parse(const char *text, int64_t *ret_s);
/* ISO 8601 UTC, whole seconds, with Z. */
void psg_time_format(int64_t realtime_s, char out[static PSG_TIME_SIZE]);

/* A Salesforce API name: letters, digits, single underscores, begins with a letter, no trailing
 * underscore, at most 80, optional `ns__` prefix. */
bool psg_api_name_valid(const char *name);
/* What makes it invalid, as a clause (`it ends with an underscore`); NULL when it is valid. */
const char *psg_api_name_fault(const char *name);
/* A user or Unix group name that may be assigned: 1 to 255 bytes, no control byte, no '/', no ':',
 * does not begin with '-' or '%'. */
bool psg_subject_name_valid(const char *name);
/* The folder name of a subject: [A-Za-z0-9_-] and '.' (not first) as they are, all else %XX.
 * Injective. Errors: PSG_ERR_INVALID when empty or when it would not fit. */
PSG_MUST_CHECK
enum psg_err psg_folder_name(const char *subject, char out[static PSG_FOLDER_NAME_SIZE]);
/* The way back. Errors: PSG_ERR_INVALID for a name psg_folder_name would not have made. */
PSG_MUST_CHECK
enum psg_err psg_folder_subject(const char *folder, char out[static PSG_SUBJECT_SIZE]);
/* Untrusted text into one printable ASCII-safe line: valid UTF-8 stays except control characters (C0, DEL, C1),
 * bidi controls and line separators (U+2028, U+2029); those, backslash and double quote and every byte that is not valid UTF-8 become \xHH (per byte).
 * Cuts with "..." to fit `size` (at least 8). Always NUL-terminated. */
void psg_escape_line(const char *text, char *out, size_t size);

/* As psg_escape_line, but quotes and backslashes stay as they are: for a line that only people read. */
void psg_show_line(const char *text, char *out, size_t size);
/* Valid UTF-8 of at most `most` characters, none of them a control character or one that reorders text. */
bool psg_text_is_plain(const char *text, size_t most);

/* The character at `text`, its length 1 to 4 returned; 0 when no valid UTF-8 begins there (RFC 3629: no
 * overlong forms, no surrogates). *ret is untouched then. Gives U+0000 at the end. */
PSG_MUST_CHECK
size_t psg_utf8_decode(const char *text, uint32_t *ret);
/* Control characters (C0, DEL, C1), bidi controls, U+2028 and U+2029. */
bool psg_char_is_unsafe(uint32_t point);

/* RFC 4648 base32 for secrets is liboath's; lower-case hexadecimal: */
void psg_hex_encode(const void *bytes, size_t len, char *out /* 2 * len + 1 */);
/* Exactly `len` bytes from exactly 2 * len digits. Errors: PSG_ERR_INVALID. */
PSG_MUST_CHECK
enum psg_err psg_hex_decode(const char *text, void *ret_bytes, size_t len);
/* A decimal uint64 without sign, spaces or leading zeros. Errors: PSG_ERR_INVALID. */
PSG_MUST_CHECK
enum psg_err psg_u64_parse(const char *text, uint64_t *ret);

#endif
