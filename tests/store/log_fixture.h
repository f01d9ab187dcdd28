/* A log of a few files whose lines and times the test chooses. */
#ifndef PSG_TESTS_LOG_FIXTURE_H
#define PSG_TESTS_LOG_FIXTURE_H

#include "folk.h"
#include "psg/log.h"

#define DAY (INT64_C(24) * 3600)
#define NOW INT64_C(1790000000)

const char *log_path(const struct folk *folk, const char *name);
bool log_there(const struct folk *folk, const char *name);
void log_put(const struct folk *folk, const char *name, const char *text);
/* A file of one line of that time, last written then, too. */
void log_put_of(const struct folk *folk, const char *name, int64_t when_s);
struct psg_log *log_opened(struct folk *folk);
void log_expect_next(struct psg_log *log, const char *text);
void log_expect_previous(struct psg_log *log, const char *text);
void log_expect_no_more(struct psg_log *log);
void log_retain_at(struct folk *folk, int64_t age_s, uint64_t size, int64_t now_s,
		   struct psg_log_retained *ret);

#endif
