/* The parsers of /proc's texts, apart so that tests can feed them. Both change `text`. */
#ifndef PSG_CORE_PROC_H
#define PSG_CORE_PROC_H

#include "psg/session.h"

/* /proc/PID/stat; real_uid and audit_id are set to "unknown". Errors: NOT_FOUND for a zombie, PROC
 * for anything that is not the stat line of `pid`. */
PSG_MUST_CHECK
enum psg_err psg_proc_parse_stat(char *text, pid_t pid, struct psg_proc_info *ret);
/* The real uid out of /proc/PID/status. Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_proc_parse_uid(char *text, uid_t *ret);

/* As psg_proc_system does, the start alone. `self`: as its. */
PSG_MUST_CHECK
enum psg_err psg_proc_start(void *self, pid_t pid, uint64_t *ret_ticks);
/* As psg_proc_system does, and the real uid of any process. */
PSG_MUST_CHECK
enum psg_err psg_proc_look_whole(pid_t pid, struct psg_proc_info *ret);

#endif
