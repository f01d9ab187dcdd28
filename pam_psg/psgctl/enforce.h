/* What `psgctl enforce` is made of: judging (psg/enforce.h), acting, watching. */
#ifndef PSGCTL_ENFORCE_H
#define PSGCTL_ENFORCE_H

#include "psg/enforce.h"
#include "psgctl.h"

struct enforce {
	struct ctl *ctl;
	bool dry_run;
	bool watch;   /* each act is one line of JSON, not one document */
	json_t *acts; /* --json without --watch */
	/* Sorted marks of what was ended, warned or left alone; `before` those of the hour before, so that what
	 * nobody asks for any more is forgotten. */
	struct psg_strings done, before;
	size_t left; /* sessions of which something could not be ended */
};
void enforce_clear(struct enforce *enforce);
/* Forgets what was not asked for since the last time. */
void enforce_forget(struct enforce *enforce);

/* -- enforce_service.c: a psg_service_fn that reads the stack; `arg` is not used -- */
PSG_MUST_CHECK
enum psg_err enforce_service(void *arg, const char *service, struct psg_service *ret);

/* -- enforce_act.c -- */

/* Ends what is over, warns of what soon is, each once; *ret_next_ns: how long until somebody should look again
 * (INT64_MAX: not for these). Errors: what failed; what could be done is done. */
PSG_MUST_CHECK
enum psg_err enforce_act(struct enforce *enforce, const struct psg_dues *dues,
			 const struct psg_logins *logins, int64_t *ret_next_ns);

/* -- enforce_say.c -- */

enum enforce_act_kind { ENFORCE_ENDED, ENFORCE_WARNED, ENFORCE_WOULD_END, ENFORCE_LEFT_ALONE };

/* Prints the act, and logs it where it ended something. `ending` may be NULL. */
void enforce_say(struct enforce *enforce, enum enforce_act_kind kind, const struct psg_due *due,
		 const struct psg_ending *ending);
/* The line for the session's terminals. */
void enforce_warning(const struct psg_due *due, int64_t realtime_ns, struct psg_buf *out);

/* -- enforce_watch.c: `--watch`; returns only when something fails for good -- */
enum ctl_exit enforce_watch(struct enforce *enforce);

#endif
