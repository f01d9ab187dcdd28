/* The gate: gathers the facts about a subject, a demand and a session, and has them decided.
 * The module, explain and check stand on this; it reads the store and never writes it. */
#ifndef PSG_GATE_H
#define PSG_GATE_H

#include "psg/decision.h"
#include "psg/people.h"
#include "psg/policy.h"

enum psg_demand_kind { PSG_DEMAND_APPLICATION = 0, PSG_DEMAND_PERMISSION, PSG_DEMAND_GROUP };

struct psg_demand {
	enum psg_demand_kind kind;
	char name[PSG_SUBJECT_SIZE]; /* of the application, permission (user or custom), or group */
};

struct psg_subject {
	char name[PSG_SUBJECT_SIZE]; /* pw_name where there is an account, else as given */
	uid_t uid;                   /* (uid_t)-1 where there is no account */
	gid_t gid;
};

/* The account by name or by uid, with the reentrant calls. Errors: NOT_FOUND (ret->name is filled
 * by name), NAMES when the name service failed: not the same as "no such user"; INVALID for a name that does not fit. */
PSG_MUST_CHECK
enum psg_err psg_subject_by_name(const char *name, struct psg_subject *ret);
PSG_MUST_CHECK
enum psg_err psg_subject_by_uid(uid_t uid, struct psg_subject *ret);

/* What is assigned to the subject, by name and through each Unix group, the primary one too, expired ones
 * included. The name service is asked only where some %group is assigned anything. Errors: NAMES when it failed, the store's. */
PSG_MUST_CHECK
enum psg_err psg_gate_assignments(struct psg_policy *policy, const struct psg_subject *subject,
				  struct psg_assignments *ret);
/* For where a missing assignment opens (unassigned_ok): libc takes a source that could not be read for one that knows
 * nothing, so a subject without an account and a Unix group without a name are NAMES here. */
PSG_MUST_CHECK
enum psg_err psg_gate_assignments_whole(struct psg_policy *policy,
					const struct psg_subject *subject,
					struct psg_assignments *ret);

/* Holds a subject's activations to the policy as it is now (psg_activation_restrain), those that are not over already.
 * A target that is gone ends its activations and is no error. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_gate_restrain(struct psg_policy *policy, const struct psg_now *now,
			       struct psg_activations *list);

/* Which activations an answer rests on where it is ALLOW; any other answer rests on all there are. */
enum psg_depth {
	PSG_DEPTH_ALL = 0,
	PSG_DEPTH_LIVE,    /* those that are over are left out */
	PSG_DEPTH_VERDICT, /* one that is live is enough */
};

struct psg_ask {
	const struct psg_subject *subject;
	const struct psg_demand *demand;
	struct psg_call *call; /* found, where an answer depends on the session */
	enum psg_depth depth;
	bool even_root, unassigned_ok;
};

/* An answered question with all it rests on; everything in `facts` and `decision` points into it. */
struct psg_gate {
	struct psg_policy *policy;
	struct psg_gate_settings settings;
	struct psg_activations
	    activations; /* the subject's, as deep as was asked; in_session filled, held to the policy */
	bool activations_read; /* false: no path wants one, and nobody's folder was read */
	struct psg_assignments assignments; /* the subject's and the subject's Unix groups' */
	struct psg_group *groups;           /* those assigned, Failed ones too */
	size_t group_count;
	struct psg_path *paths;
	struct psg_facts facts;
	struct psg_decision decision;
};

/* Opens the policy afresh, gathers, decides. An error means DENY; *ret untouched.
 * A root subject without even_root is allowed before anything is read, by the caller: psg_gate_root. */
PSG_MUST_CHECK
enum psg_err psg_gate_ask(struct psg_store *store, const struct psg_ask *ask,
			  struct psg_gate **ret);
void psg_gate_free(struct psg_gate **gate);
/* Whether a live activation of the gate's still gives its subject anything beyond the demand (lent groups,
 * PSG_PERMISSIONS): its target must be assigned still, and the assignment not over. */
bool psg_gate_entitles(const struct psg_gate *gate, const struct psg_activation *activation);

/* What assignments say about enrolling the first authenticator alone (enrollment Self, enrollWithin). */
struct psg_enrolling {
	int64_t since_s; /* of the latest assignment that lets the person now; 0: none does */
	int64_t
	    ends_s; /* when that one's time ends; with since_s 0: when the last ended, 0 for there was none */
};

/* Of those in `list` that are not over; with a gate only of those that open what it was asked for. An assignment of which
 * nobody knows when it was made, or made in the future, lets nobody. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_enrolling_judge(struct psg_policy *policy, const struct psg_assignments *list,
				 const struct psg_gate *gate, int64_t now_s,
				 struct psg_enrolling *ret);

#endif
