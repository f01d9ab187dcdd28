/* Private to enforce/: what the judges of a person's sessions share. */
#ifndef PSG_ENFORCE_DUES_H
#define PSG_ENFORCE_DUES_H

#include "psg/enforce.h"

struct psg_judge {
	struct psg_store *store;
	const struct psg_logins *logins;
	psg_service_fn *service;
	void *service_arg;
	struct psg_subject subject;
	struct psg_now now;
	struct psg_policy *policy;
	struct psg_activations activations; /* held to the policy */
	struct psg_assignments assignments;
	bool assignments_known;
	struct psg_dues dues;
};

/* -- dues_left.c: how long one activation has -- */

/* Whether it says anything about open sessions: a whole record of this boot that was in force once and whose place no
 * newer one took. */
bool psg_due_counts(const struct psg_judge *judge, const struct psg_activation *activation);
/* Time until it is over, 0 when it is. */
int64_t psg_due_left_ns(const struct psg_judge *judge, const struct psg_activation *activation);
/* Whether it is live for somebody: not over, and its leader lives. Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_due_serves(const struct psg_judge *judge, const struct psg_activation *activation,
			    bool *ret);
enum psg_end_reason psg_due_why(const struct psg_judge *judge,
				const struct psg_activation *activation);

/* -- dues.c -- */

/* Whether another activation of the target is live in that session. Errors: PROC. */
PSG_MUST_CHECK
enum psg_err psg_due_carried_on(const struct psg_judge *judge,
				const struct psg_activation *activation,
				const struct psg_binding *session, bool *ret);
/* Adds a due. Errors: PROC, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_due_add(struct psg_judge *judge, const struct psg_activation *activation,
			 const struct psg_activation_policy *policy,
			 const struct psg_binding *session, bool live);

/* -- dues_host.c -- */

/* An activation for the whole Host: the logins whose service it opens, or opened. */
PSG_MUST_CHECK
enum psg_err psg_due_judge_host(struct psg_judge *judge, const struct psg_activation *activation,
				const struct psg_activation_policy *policy);

#endif
