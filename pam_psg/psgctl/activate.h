/* The steps of `psgctl activate`. */
#ifndef PSGCTL_ACTIVATE_H
#define PSGCTL_ACTIVATE_H

#include "person.h"

struct activate {
	struct ctl *ctl;
	struct psg_subject subject;
	bool self; /* by sudo, for oneself: a code proves it */
	enum psg_target_kind kind;
	char target[PSG_API_NAME_SIZE];
	struct psg_activation_policy policy;
	struct psg_gate_settings settings;
	int64_t lifetime_s;
	enum psg_scope scope;
	struct psg_binding binding; /* under scope Session */
	char description[PSG_DESCRIPTION_SIZE];
	bool renews;                   /* the person's own, while `renewed` is live */
	struct psg_activation renewed; /* whose first start it continues */
	struct psg_grant grant;        /* of the claim under way */
	bool stands;                   /* a new one would win no time over `longest` */
	struct psg_activation longest; /* of those live, the one with the most time left */
};

/* The words of the command line, unread. */
struct activate_words {
	const char *name, *user, *lifetime, *reason, *session, *scope;
};

void activate_clear(struct activate *activate);

/* Each says what is wrong. */

/* The target, and whether the person is eligible for it now: CTL_REFUSED when not. */
PSG_MUST_CHECK
enum ctl_exit activate_target(struct activate *activate, const char *name);
/* The same question to the policy as it is now, for psg_people_claim. */
enum psg_err activate_recheck(void *activate);
/* --for, --reason and --scope against the activation policy: CTL_INVALID. */
PSG_MUST_CHECK
enum ctl_exit activate_rules(struct activate *activate, const struct activate_words *words);
/* What a Session activation is tied to: --session, or the session of the person behind sudo. */
PSG_MUST_CHECK
enum ctl_exit activate_session(struct activate *activate, const struct activate_words *words);

/* What is live of the person's own: to be continued, or to stand as it is. CTL_INVALID for --for beyond the maximum. */
PSG_MUST_CHECK
enum ctl_exit activate_renewal(struct activate *activate, const struct activate_words *words);
/* The same once a code is spent: what came to live while it was typed is continued too. */
PSG_MUST_CHECK
enum psg_err activate_follow(struct activate *activate);
/* Where it stands: says so, and asks for nothing. */
PSG_MUST_CHECK
enum ctl_exit activate_stands(const struct activate *activate);

#endif
